"""Worker processes on this machine, each replaced when it dies."""

import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from multiprocessing.connection import Connection
from typing import ParamSpec, Self, TypeVar

from minigrad.threads import usable_cores as usable_cores
from minigrad.threads import use_one_thread

P = ParamSpec("P")
T = TypeVar("T")


class Workers(Executor):
    """`count` pools of one process each: a worker that dies loses only its own work, and its pool
    is replaced. `submit` waits for a worker that is free.

    The processes end with this one, however it ends: they watch a pipe that only it keeps open.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        methods = multiprocessing.get_all_start_methods()
        # a fork of this process would lack its threads, a spawned process would import all again
        method = "forkserver" if "forkserver" in methods else "spawn"
        self._context = multiprocessing.get_context(method)
        if method == "forkserver":
            self._context.set_forkserver_preload(["minigrad.sweep.member"])
        self._theirs, self._ours = self._context.Pipe(duplex=False)
        self._pools = [self._pool() for _ in range(count)]
        self._free: queue.SimpleQueue[int] = queue.SimpleQueue()
        for number in range(count):
            self._free.put(number)

    def submit(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """As that of any executor; the future raises BrokenExecutor if its worker dies."""
        number = self._free.get()
        try:
            future = self._pools[number].submit(work, *args, **kwargs)
        except BrokenExecutor:
            self._pools[number] = self._pool()
            future = self._pools[number].submit(work, *args, **kwargs)
        future.add_done_callback(lambda _: self._free.put(number))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers, after their current work unless `cancel_futures` is true.

        They end by the pipe, whatever threads a member has left in them.
        """
        if wait and not cancel_futures:
            for _ in range(self.count):
                self._free.get()
        self._ours.close()
        for pool in self._pools:
            pool.shutdown(wait)
        self._theirs.close()

    def __enter__(self) -> Self:
        """Raises RuntimeError if processes cannot start, as in a script that has no guard."""
        try:
            self._pools[0].submit(os.getpid).result()
        except BrokenExecutor:
            self.shutdown()
            raise RuntimeError(
                "no worker process can start: a script that makes some is run by each of them, "
                "so what it does belongs below `if __name__ == '__main__':`"
            ) from None
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown(cancel_futures=self._free.qsize() < self.count)

    def _pool(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(1, self._context, _prepare, (self._theirs,))


def _prepare(owner: Connection) -> None:
    """Prepare a worker process. Ctrl-C reaches it too, but is handled by its owner."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    use_one_thread()  # there is a worker a core already
    threading.Thread(target=_end_with, args=(owner,), daemon=True).start()


def _end_with(owner: Connection) -> None:
    owner.poll(None)  # nothing is ever sent, so this is its end
    os._exit(0)
