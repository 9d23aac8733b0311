"""A worker as a WSGI application (PEP 3333)."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Callable

if TYPE_CHECKING:
    from .push_worker import Worker
    from .response import Prepared

Environ = dict[str, Any]


def serve(worker: Worker, environ: Environ, start_response: Callable[..., Any]) -> _Body:
    """Answers one request."""
    body = _read_body(environ, worker.max_body_bytes)
    prepared = worker.prepare(environ.get("REQUEST_METHOD", "GET"), _headers(environ), body)
    status, headers, content = prepared.response
    length = {"content-length": str(len(content))}
    start_response(f"{status} {HTTPStatus(status).phrase}", list({**headers, **length}.items()))
    return _Body(prepared)


class _Body:
    """The response's body. A server closes it when all was sent, which is when accepted work begins."""

    def __init__(self, prepared: Prepared) -> None:
        self._prepared = prepared

    def __iter__(self) -> Iterator[bytes]:
        yield self._prepared.response.body

    def close(self) -> None:
        self._prepared.then()


def _headers(environ: Environ) -> dict[str, str]:
    named = {name[5:].replace("_", "-"): str(value) for name, value in environ.items() if name.startswith("HTTP_")}
    return {**named, "content-type": str(environ.get("CONTENT_TYPE", ""))}


def _read_body(environ: Environ, max_bytes: int) -> bytes:
    """One byte more than allowed is enough to be refused. Without a length only some servers know where the body ends."""
    length = str(environ.get("CONTENT_LENGTH") or "")
    if length.isdigit():
        return bytes(environ["wsgi.input"].read(min(int(length), max_bytes + 1)))
    return bytes(environ["wsgi.input"].read(max_bytes + 1)) if environ.get("wsgi.input_terminated") else b""
