"""The server of the live page: who may ask, and how long; what is answered is in live.py.

It listens on this machine alone. A request needs the token that its address has, the name of this
machine as its host, no foreign origin, and the method GET. A connection that asks for nothing is
closed, the oldest first where there are many.
"""

import os
import secrets
import threading
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

from minigrad.report.live import Pages
from minigrad.terminal import signals

_MOST_CONNECTIONS = 100
_SILENT_SECONDS = 20.0  # of a connection on which no request is whole
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",  # the rest of the policy is in the page
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def new_token() -> str:
    """128 random bits, as a part of an address."""
    return secrets.token_urlsafe(16)


def application(pages: Pages, token: str, port: int) -> Any:
    """The ASGI application."""
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import HTMLResponse, JSONResponse, Response
    from starlette.routing import Route

    one_at_a_time = threading.Lock()

    def guarded(answer: Callable[[Request], Response]) -> Callable[[Request], Response]:
        def respond(request: Request) -> Response:
            named = str(request.path_params["token"]).encode()
            if not secrets.compare_digest(named, token.encode()):
                return Response("this address is not complete\n", 404, media_type="text/plain")
            try:
                with one_at_a_time:  # the runs and curves that are held are shared
                    return answer(request)
            except ValueError as error:  # StoreError, or more fields than an address may have
                if request.url.path.endswith(".json"):
                    return JSONResponse({"error": str(error)}, 404)
                return Response(f"{error}\n", 404, media_type="text/plain")

        return respond

    routes: dict[str, Callable[[Request], Response]] = {
        "/{token}/": lambda _: HTMLResponse(pages.home()),
        "/{token}/runs.json": lambda request: JSONResponse(pages.table(_query(request))),
        "/{token}/curves.json": lambda request: JSONResponse(
            pages.curves(_runs(request), _query(request).get("version", ""))
        ),
        "/{token}/compare": lambda request: HTMLResponse(pages.compare(_runs(request))),
        "/{token}/run/{run}": lambda request: HTMLResponse(pages.run(request.path_params["run"])),
        "/{token}/sweep.json": lambda request: JSONResponse(
            pages.sweep_state(_query(request).get("sweep", ""))
        ),
        "/{token}/sweep/{sweep}": lambda request: HTMLResponse(
            pages.sweep(request.path_params["sweep"])
        ),
    }
    app = Starlette(routes=[Route(p, guarded(f), methods=["GET"]) for p, f in routes.items()])
    return _gate(app, port)


def _fields(request: Any) -> list[tuple[str, str]]:
    """The query of an address. Raises ValueError for more fields than one of ours has."""
    raw = request.scope["query_string"].decode("latin-1")
    return parse_qsl(raw, keep_blank_values=True, max_num_fields=200)


def _query(request: Any) -> dict[str, str]:
    return dict(_fields(request))


def _runs(request: Any) -> list[str]:
    return [value for name, value in _fields(request) if name == "run"]


def _gate(app: Any, port: int) -> Any:
    """Refuses, before anything is read, what no browser on this page asks."""
    hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost")}

    async def gate(
        scope: dict[str, Any], receive: Any, send: Callable[[dict[str, Any]], Awaitable[None]]
    ) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await app(scope, receive, send)
            return  # a websocket that is not accepted is closed
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]
        }

        async def answer(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                added = [(k.lower().encode(), v.encode()) for k, v in _HEADERS.items()]
                message = {**message, "headers": [*message["headers"], *added]}
            await send(message)

        why = _refusal(scope["method"], headers, hosts)
        if why is None:
            await app(scope, receive, answer)
            return
        code, sentence = why
        body = f"{sentence}\n".encode()
        plain = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
        extra = [(b"allow", b"GET"), (b"connection", b"close")]
        await answer({"type": "http.response.start", "status": code, "headers": plain + extra})
        await answer({"type": "http.response.body", "body": body})

    return gate


def _refusal(method: str, headers: dict[str, str], hosts: set[str]) -> tuple[int, str] | None:
    if headers.get("host") not in hosts:
        return 403, "this host is not served"
    origin = headers.get("origin")
    if origin is not None and origin.removeprefix("http://") not in hosts:
        return 403, "this origin is not served"
    site = headers.get("sec-fetch-site", "none")
    if site not in ("none", "same-origin") and headers.get("sec-fetch-mode") != "navigate":
        return 403, "another page may not ask"
    if method != "GET":
        return 405, "only GET is answered"
    return None


def serve(pages: Pages, port: int, started: Callable[[str], None]) -> None:
    """Serve until a signal comes; `started` is called with the address once it can be opened.

    Raises OSError where the port is taken, ImportError without the packages of the extra "ui".
    """
    import socket

    import uvicorn

    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise OSError(f"--port {port}: {error.strerror}: choose another one") from None
    port = listener.getsockname()[1]
    token = new_token()
    if hasattr(os, "nice"):
        os.nice(10)  # a training on the same processor comes first
    config = uvicorn.Config(
        application(pages, token, port),
        http=_protocol(),
        ws="none",
        lifespan="off",  # its task would log a traceback at a second Ctrl-C
        log_level="critical",
        access_log=False,
        server_header=False,
        h11_max_incomplete_event_size=32_768,
        timeout_graceful_shutdown=1,
    )
    with listener:
        listener.listen(128)
        # until uvicorn takes the signals over: an exception within its start would say more
        signals.install(signals.end_at_once)
        started(f"http://127.0.0.1:{port}/{token}/")
        uvicorn.Server(config).run(sockets=[listener])


def _protocol() -> Any:
    """uvicorn's protocol, which closes silent connections, the oldest first where many are open."""
    from uvicorn.protocols.http.h11_impl import H11Protocol

    open_ones: dict[Any, None] = {}

    class Bounded(H11Protocol):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            open_ones[self] = None
            self._silent = self.loop.call_later(_SILENT_SECONDS, self._close_if_silent)
            for one in list(open_ones):
                if len(open_ones) <= _MOST_CONNECTIONS:
                    break
                one._close_if_silent()

        def connection_lost(self, exc: Exception | None) -> None:
            open_ones.pop(self, None)
            self._silent.cancel()
            super().connection_lost(exc)

        def _close_if_silent(self) -> None:
            if self.cycle is None or self.cycle.response_complete:
                open_ones.pop(self, None)
                self.transport.abort()

    return Bounded
