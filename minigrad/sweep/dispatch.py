"""Trains configs on any executor and yields results in the order in which they finish."""

import queue
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from typing import Any

from minigrad.sweep.member import Result, failed, train
from minigrad.terminal.text import excerpt

_TRIES = 2  # a worker may have died for a reason other than its member
_SUBMITTED = 1000  # at once, if an executor does not state its number of workers
_POLL_SECONDS = 0.25


class Lost(Exception):
    """The executor has ended, or has cancelled its work."""


def results(
    indices: Iterable[int],
    config: Callable[[int], Mapping[str, Any]],
    executor: Executor,
    stop: Callable[[], bool] = lambda: False,
    watch: Callable[[Collection[int]], None] = lambda _: None,
) -> Iterator[tuple[int, Result]]:
    """Train `config(index)` for each index and yield (index, result) in the order of finishing.

    A config whose worker dies is trained a second time; if that fails too, its result says so. Once
    `stop()` is true nothing more is submitted, and results that are still missing are not awaited.
    `watch` is told the indices that are being trained, a few times a second. Raises Lost.
    """
    waiting, tries = deque(indices), Counter[int]()
    running: dict[Future[Result], int] = {}
    done: queue.SimpleQueue[Future[Result]] = queue.SimpleQueue()
    at_most = getattr(executor, "count", _SUBMITTED)

    def submit() -> None:
        while waiting and len(running) < at_most and not stop():
            index = waiting.popleft()
            tries[index] += 1
            try:
                future = executor.submit(train, config(index))
            except BrokenExecutor:
                raise Lost from None
            running[future] = index
            future.add_done_callback(done.put)

    submit()
    while running:
        watch(running.values())
        try:
            future = done.get(timeout=_POLL_SECONDS)
        except queue.Empty:
            if stop():
                return
            continue
        index = running.pop(future)
        result = _result(future, config(index), last_try=tries[index] == _TRIES)
        if result is None:
            waiting.appendleft(index)
        submit()  # before the caller handles the result, so that no worker waits for the caller
        if result is not None:
            yield index, result


def _result(future: Future[Result], config: Mapping[str, Any], last_try: bool) -> Result | None:
    """The result of the future; None if its config is to be tried again."""
    try:
        return future.result()
    except CancelledError:
        raise Lost from None
    except BrokenExecutor:
        died = f"the worker process died, {_TRIES} times: was it out of memory?"
        return failed(config, died) if last_try else None
    except Exception as error:  # the executor's: `train` raises none
        message = str(error).partition("\n")[0]
        return failed(config, excerpt(f"{type(error).__name__}: {message}", limit=250))
