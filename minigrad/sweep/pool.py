"""Worker processes on this machine, each replaced when it dies."""

import multiprocessing
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.reduction import ForkingPickler
from typing import Any, ParamSpec, Self, TypeVar

from minigrad.threads import usable_cores as usable_cores
from minigrad.threads import use_one_thread

P = ParamSpec("P")
T = TypeVar("T")


class Workers(Executor):
    """`count` processes: one that dies loses only its own work, and is replaced. `submit` waits for
    a worker that is free.

    The processes end with this one, however it ends: they watch a pipe that only it keeps open. On
    Linux the system ends them also where a member hangs in C code that never lets another thread
    run; elsewhere such a process outlives an owner that is killed outright.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        methods = multiprocessing.get_all_start_methods()
        # a fork of this process would lack its threads, a spawned process would import all again
        method = "forkserver" if "forkserver" in methods else "spawn"
        self._context: Any = multiprocessing.get_context(method)
        if method == "forkserver":
            self._context.set_forkserver_preload(["minigrad.sweep.member"])
        self._theirs, self._ours = self._context.Pipe(duplex=False)
        self._workers: list[_Worker | None] = [None] * count
        self._free: queue.SimpleQueue[int] = queue.SimpleQueue()
        for number in range(count):
            self._free.put(number)

    def submit(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """As that of any executor; the future raises BrokenExecutor if its worker dies."""
        number = self._free.get()
        worker = self._workers[number]
        if worker is None or not worker.is_alive():
            worker = self._workers[number] = _Worker(self._context, self._theirs)
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()
        future.add_done_callback(lambda _: self._free.put(number))
        worker.begin(future, (work, args, kwargs))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers, after their current work unless `cancel_futures` is true.

        They end by the pipe, whatever threads a member has left in them.
        """
        if wait and not cancel_futures:
            for _ in range(self.count):
                self._free.get()
        self._ours.close()
        for worker in self._workers:
            if wait and worker is not None:
                worker.join()
        self._theirs.close()

    def kill(self) -> None:
        """End all workers at once: one in which a plugin hangs in C does not see its owner end."""
        for worker in self._workers:
            if worker is not None:
                worker.kill()

    def __enter__(self) -> Self:
        """Raises RuntimeError if processes cannot start, as in a script that has no guard."""
        try:
            self.submit(os.getpid).result()
        except BrokenExecutor:
            self.shutdown()
            raise RuntimeError(
                "no worker process can start: a script that makes some is run by each of them, "
                "so what it does belongs below `if __name__ == '__main__':`"
            ) from None
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown(cancel_futures=self._free.qsize() < self.count)


class _Worker:
    """A process that does one work after the other.

    This side keeps no copy of the process's end of the connection, so that the death of the process
    is the end of what can be read, also in the middle of a result. (A ProcessPoolExecutor holds the
    pipe of its results open, and waits for ever for the rest of one.)
    """

    def __init__(self, context: Any, owner: Connection) -> None:
        _need_descriptors(owner)
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, owner, _prepare))
        self._process.start()
        theirs.close()
        self._thread: threading.Thread | None = None

    def is_alive(self) -> bool:
        return not self._connection.closed and self._process.is_alive()

    def kill(self) -> None:
        self._process.kill()

    def begin(self, future: Future[Any], work: Any) -> None:
        """Let the process do the work, and a thread wait for its result."""
        self._thread = threading.Thread(target=self._await, args=(future, work), daemon=True)
        self._thread.start()

    def join(self) -> None:
        if self._thread is not None:
            self._thread.join()
        self._process.join()
        self._connection.close()

    def _await(self, future: Future[Any], work: Any) -> None:
        try:
            raw = ForkingPickler.dumps(work)
            try:
                self._connection.send_bytes(raw)
                wait([self._connection, self._process.sentinel])
                if not self._connection.poll():  # a process of its own holds its end open
                    raise EOFError
                answer = self._connection.recv_bytes()
            except (EOFError, OSError):
                self._connection.close()  # before anyone may take this worker for a free one
                raise BrokenExecutor("the worker process died") from None
            result, error = ForkingPickler.loads(answer)
        except Exception as failure:  # also of what cannot be pickled, or read again
            result, error = None, failure
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)


def _need_descriptors(one: Connection, count: int = 16) -> None:
    """Raise OSError where there are too few file descriptors left for one more process: the server
    that makes it would print a traceback of its own.
    """
    copies: list[int] = []
    try:
        for _ in range(count):
            copies.append(os.dup(one.fileno()))
    except OSError as error:
        hint = "a worker process needs 16 more (ulimit -n tells and sets how many there may be)"
        raise OSError(error.errno, f"{error.strerror}: {hint}") from None
    finally:
        for copy in copies:
            os.close(copy)


def _serve(
    connection: Connection, owner: Connection, prepare: Callable[[Connection], None]
) -> None:
    """The life of a worker process: each work's answer is its result, or the error it raised."""
    prepare(owner)
    with suppress(EOFError, OSError):  # its owner is gone
        while True:
            connection.send_bytes(_answer(connection.recv_bytes()))
    os._exit(0)  # whatever threads a member has left


def _answer(raw: bytes) -> Any:
    try:
        work, args, kwargs = ForkingPickler.loads(raw)
        return ForkingPickler.dumps((work(*args, **kwargs), None))
    except BaseException as error:  # whoever asked is told
        try:
            return ForkingPickler.dumps((None, error))
        except Exception:
            return ForkingPickler.dumps((None, RuntimeError(repr(error))))


def _prepare(owner: Connection) -> None:
    """Prepare a worker process. Ctrl-C reaches it too, but is handled by its owner."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    use_one_thread()  # there is a worker a core already
    _be_killed_with(owner)
    threading.Thread(target=_end_with, args=(owner,), daemon=True).start()


def _be_killed_with(owner: Connection) -> None:
    """Have Linux kill this process at the pipe's end, by signal-driven input (fcntl(2)): a thread
    that waits for it never runs beside C code that keeps the interpreter's lock.
    """
    if sys.platform != "linux":
        return
    import fcntl  # which Windows lacks

    with suppress(OSError):  # /proc may be hidden
        # opened again, since signals go to one process an open file, and all workers share this one
        end = os.open(f"/proc/self/fd/{owner.fileno()}", os.O_RDONLY | os.O_NONBLOCK)
        fcntl.fcntl(end, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(end, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(end, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
        if owner.poll():  # it ended before
            os._exit(0)


def _end_with(owner: Connection) -> None:
    owner.poll(None)  # nothing is ever sent, so this is its end
    os._exit(0)
