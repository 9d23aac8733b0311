"""A worker as an ASGI application (https://asgi.readthedocs.io, version 3)."""

from __future__ import annotations

from collections.abc import Awaitable, Coroutine, MutableMapping
from typing import TYPE_CHECKING, Any, Callable, Optional

if TYPE_CHECKING:
    from .push_worker import Worker
    from .response import Response

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_NOT_HERE = 1000

Application = Callable[[Scope, Receive, Send], Coroutine[Any, Any, None]]


def application(worker: Worker) -> Application:
    """A plain function: uvicorn takes methods for applications of ASGI 2."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await serve(worker, scope, receive, send)

    return app


async def serve(worker: Worker, scope: Scope, receive: Receive, send: Send) -> None:
    """Answers one request, or the messages of a server that starts and stops."""
    if scope["type"] == "http":
        await _serve_http(worker, scope, receive, send)
    elif scope["type"] == "lifespan":
        await _serve_lifespan(receive, send)
    else:
        await send({"type": "websocket.close", "code": _NOT_HERE})


async def _serve_http(worker: Worker, scope: Scope, receive: Receive, send: Send) -> None:
    body = await _read_body(receive, worker.max_body_bytes)
    if body is None:
        return
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    prepared = await worker.prepare_async(scope["method"], headers, body)
    try:
        await _send_response(prepared.response, send)
    finally:
        prepared.then()


async def _send_response(response: Response, send: Send) -> None:
    status, headers, body = response
    named = {**headers, "content-length": str(len(body))}
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in named.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})


async def _read_body(receive: Receive, max_bytes: int) -> Optional[bytes]:
    """One byte more than allowed is enough to be refused; None when the client has left."""
    body = bytearray()
    while len(body) <= max_bytes:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    return bytes(body)


async def _serve_lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
