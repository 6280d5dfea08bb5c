"""Workers: one that dies takes nothing along, and none outlives its owner or holds it up."""

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import BrokenExecutor
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

import pytest

from minigrad.sweep import pool
from minigrad.sweep.pool import Workers, usable_cores
from minigrad.tracking.environment import process_start
from tests.waiting import HANG, until


def test_a_worker_that_dies_loses_its_own_work_alone_and_is_replaced() -> None:
    with Workers(2) as workers:
        dying, other = workers.submit(os._exit, 3), workers.submit(pow, 2, 10)
        with pytest.raises(BrokenExecutor):
            dying.result()
        assert other.result() == 1024
        assert [workers.submit(pow, 2, n).result() for n in range(6)] == [1, 2, 4, 8, 16, 32]


DIES_IN_A_RESULT = """
import os
from multiprocessing.connection import Connection

def send_half(self, content, *_):
    os.write(self.fileno(), bytes(content[:2]))
    os._exit(1)

Connection._send = send_half
"""


def test_a_worker_that_dies_while_it_sends_its_result_holds_nothing_up() -> None:
    with Workers(1) as workers:
        with pytest.raises(BrokenExecutor):
            workers.submit(exec, DIES_IN_A_RESULT).result(HANG)
        assert workers.submit(pow, 2, 3).result(HANG) == 8


def test_errors_of_work_and_of_pickling_are_those_of_the_future_alone() -> None:
    with Workers(1) as workers:
        process = workers.submit(os.getpid).result()
        with pytest.raises(EOFError, match="mine"):
            workers.submit(exec, "raise EOFError('mine')").result()
        with pytest.raises(SystemExit):
            workers.submit(sys.exit, 3).result()
        with pytest.raises(Exception, match="pickle"):
            workers.submit(lambda: None).result()
        with pytest.raises(Exception, match="pickle"):
            workers.submit(eval, "lambda: None").result()
        with pytest.raises(RuntimeError, match="KeyError"):
            workers.submit(exec, "raise KeyError(lambda: None)").result()
        assert workers.submit(os.getpid).result() == process


def test_submit_waits_for_a_free_worker_so_one_has_one_task_at_a_time() -> None:
    with Workers(1) as workers:
        futures = [workers.submit(os.getpid) for _ in range(3)]
        assert all(future.done() for future in futures[:2])
        assert len({future.result() for future in futures}) == 1


def test_a_worker_ignores_ctrl_c_and_has_one_thread() -> None:
    with Workers(1) as workers:
        assert workers.submit(signal.getsignal, signal.SIGINT).result() == signal.SIG_IGN
        assert workers.submit(os.getenv, "OPENBLAS_NUM_THREADS").result() == "1"


def test_the_end_waits_for_work_unless_it_is_cancelled(tmp_path: Path) -> None:
    workers, mark = Workers(2), tmp_path / "enough"
    future = workers.submit(until, mark.exists)
    ending = threading.Thread(target=workers.shutdown)
    ending.start()
    until(lambda: workers._free.empty() or not ending.is_alive())  # it waits for the busy one
    mark.touch()
    ending.join()
    assert future.result() is None
    with Workers(1) as workers:  # it is busy at the end: then its work is given up
        future = workers.submit(time.sleep, 10_000)
    with pytest.raises(BrokenExecutor):
        future.result()


LEAVES_A_THREAD = """
import threading, time
from minigrad.sweep.pool import Workers

if __name__ == "__main__":
    with Workers(2) as workers:
        code = "import threading, time; threading.Thread(target=time.sleep, args=[10000]).start()"
        futures = [workers.submit(exec, code) for _ in range(4)]
        assert [future.result() for future in futures] == [None] * 4
    print("ended")
"""


def test_threads_that_work_leaves_behind_do_not_hold_up_the_end() -> None:
    command = [sys.executable, "-c", LEAVES_A_THREAD]
    result = subprocess.run(command, capture_output=True, text=True)
    assert (result.returncode, result.stdout, result.stderr) == (0, "ended\n", "")


def test_a_worker_ends_when_its_owner_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    codes: list[int] = []
    monkeypatch.setattr(os, "_exit", codes.append)
    theirs, ours = Pipe(duplex=False)
    ours.close()
    pool._end_with(theirs)
    assert codes == [0]


HANGS = """
import sys
from minigrad.sweep.pool import Workers

if __name__ == "__main__":
    with Workers(2) as workers:
        futures = [workers.submit(exec, sys.argv[1]) for _ in range(2)]
        futures[0].result()
"""


def _pids(path: Path) -> list[int]:
    return [int(line) for line in path.read_text().splitlines()]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends such a process")
@pytest.mark.parametrize(
    "hang",
    [
        "collections.deque(itertools.count(), 0)",  # no other thread ever runs
        "sum(itertools.repeat(0))",
        "threading.Event().wait()",
        "time.sleep(10**6)",
    ],
)
def test_a_worker_that_hangs_ends_when_its_owner_is_killed(hang: str, tmp_path: Path) -> None:
    names = tmp_path / "pids"
    names.touch()
    work = (
        "import collections, itertools, os, threading, time\n"
        f"with open({str(names)!r}, 'a') as file: print(os.getpid(), file=file)\n"
        f"{hang}\n"
    )
    owner = subprocess.Popen([sys.executable, "-c", HANGS, work], text=True)
    try:
        until(lambda: len(_pids(names)) == 2, owner)
    finally:
        owner.kill()
        owner.wait()
    try:
        until(lambda: not any(map(process_start, _pids(names))))
    finally:
        for pid in filter(process_start, _pids(names)):
            os.kill(pid, signal.SIGKILL)


def test_a_worker_is_prepared_before_anything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    handlers: list[Any] = []
    monkeypatch.setattr(signal, "signal", lambda *both: handlers.append(both))
    monkeypatch.setattr(pool, "_end_with", lambda _: None)
    monkeypatch.setattr(pool, "_be_killed_with", lambda _: None)  # this process is no worker
    monkeypatch.setenv("MKL_NUM_THREADS", "7")
    for library in ("OPENBLAS", "OMP"):
        monkeypatch.setenv(f"{library}_NUM_THREADS", "1")  # so that it is undone
        monkeypatch.delenv(f"{library}_NUM_THREADS")
    theirs, _ours = Pipe(duplex=False)
    pool._prepare(theirs)
    assert handlers == [(signal.SIGINT, signal.SIG_IGN)]
    assert (os.environ["OMP_NUM_THREADS"], os.environ["MKL_NUM_THREADS"]) == ("1", "7")


def test_cores_are_counted_where_a_process_cannot_be_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 5)
    assert usable_cores() == 5
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_cores() == 1


def test_processes_that_cannot_start_are_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_prepare", os._exit)  # a worker dies of it
    with pytest.raises(RuntimeError, match="below `if __name__ == '__main__':`"), Workers(1):
        pass


FEW_DESCRIPTORS = """
import os, resource, sys
from minigrad.sweep.pool import Workers
if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with Workers(2) as workers:
        used = len(os.listdir("/proc/self/fd"))
        resource.setrlimit(resource.RLIMIT_NOFILE, (used + int(sys.argv[1]), most))
        try:
            [workers.submit(abs, -3).result() for _ in range(2)]
        except OSError as error:
            print(error.strerror)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="it counts descriptors by /proc")
@pytest.mark.parametrize("free", [2, 4, 8])
def test_too_few_file_descriptors_for_a_worker_are_told_without_a_traceback(
    free: int, tmp_path: Path
) -> None:
    script = tmp_path / "script.py"
    script.write_text(FEW_DESCRIPTORS)
    result = subprocess.run(
        [sys.executable, str(script), str(free)], capture_output=True, text=True, timeout=HANG
    )
    assert result.stderr == ""
    assert result.stdout.startswith("Too many open files: a worker process needs 16 more")
