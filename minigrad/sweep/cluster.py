"""A Dask cluster as one more executor."""

import asyncio
import logging
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from importlib import import_module

from minigrad.terminal.text import excerpt

_CONNECT_SECONDS = 5.0


@contextmanager
def dask(address: str) -> Iterator[Executor]:
    """The executor of a Dask cluster. Raises OSError with a sentence where there is none."""
    try:
        client_class = import_module("distributed").Client
        connect = import_module("distributed.comm").connect
        security = import_module("distributed.security").Security
    except ImportError:
        raise OSError("--dask: distributed is absent: pip install 'minigrad-lab[dask]'") from None
    for name in ("distributed", "distributed.client", "tornado.application"):
        logging.getLogger(name).setLevel(
            logging.CRITICAL
        )  # it logs tracebacks of faults that we report

    async def knock() -> None:
        # a Client that cannot connect prints a traceback when it is collected
        to = security().get_connection_args("client")
        comm = await asyncio.wait_for(connect(address, **to), _CONNECT_SECONDS)
        await comm.close()

    try:
        asyncio.run(knock())
        client = client_class(address, timeout=_CONNECT_SECONDS, set_as_default=False)
    except Exception as error:  # another server may answer at the address, or none
        reason = excerpt(str(error) or f"not within {_CONNECT_SECONDS:g} s", limit=200)
        raise OSError(f"--dask {excerpt(address)}: no cluster answers there: {reason}") from None
    with client:
        yield client.get_executor(pure=False)
