"""Serves an example as its home would: `python3 tests/serve.py KIND MODULE:NAME`, from the folder above.

KIND is wsgi, asgi, lambda or cloud, and it says where it listens; or run, for a MODULE that is a program. It ends when its
stdin does, as its parent may be killed.
"""

from __future__ import annotations

import asyncio
import base64
import importlib
import os
import runpy
import socket
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any, Callable
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

_HOST = "127.0.0.1"


def main(kind: str, target: str) -> None:
    folder = Path(__file__).parent.parent
    sys.path[:0] = [str(folder), str(folder / "examples")]
    module, _, name = target.partition(":")
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if kind == "run":
        runpy.run_module(module, run_name="__main__")
        return
    app = getattr(importlib.import_module(module), name)
    if kind == "asgi":
        asyncio.run(_serve_asgi(app))
    else:
        _serve_wsgi({"wsgi": app, "lambda": _behind_function_url(app), "cloud": _in_framework(app)}[kind])


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(0)


def _listens(port: int) -> None:
    print(f"listens at http://{_HOST}:{port}", flush=True)


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _QuietHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Only what an example says is of interest."""


def _serve_wsgi(app: Any) -> None:
    with make_server(_HOST, 0, app, _Server, _QuietHandler) as server:
        _listens(server.server_port)
        server.serve_forever()


def _read(environ: dict[str, Any]) -> tuple[dict[str, str], bytes]:
    headers = {name[5:].replace("_", "-").title(): value for name, value in environ.items() if name.startswith("HTTP_")}
    return headers, environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))


Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def _behind_function_url(handler: Callable[[dict[str, Any], None], dict[str, Any]]) -> Wsgi:
    """What AWS does: version 2.0 of the event, names of headers in lower case, the body in base64."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        headers, body = _read(environ)
        event = {
            "version": "2.0",
            "requestContext": {"http": {"method": environ["REQUEST_METHOD"]}},
            "headers": {name.lower(): value for name, value in headers.items()},
            "body": base64.b64encode(body).decode(),
            "isBase64Encoded": True,
        }
        answer = handler(event, None)
        start_response(f"{answer['statusCode']} Any", list(answer["headers"].items()))
        return [answer["body"].encode()]

    return app


class _FlaskRequest:
    """As much of it as a cloud function reads."""

    def __init__(self, environ: dict[str, Any]) -> None:
        self.method = environ["REQUEST_METHOD"]
        self.headers, self._body = _read(environ)

    def get_data(self) -> bytes:
        return self._body


def _in_framework(function: Callable[[Any], tuple[bytes, int, dict[str, str]]]) -> Wsgi:
    """What Google's functions framework does, by Flask."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        body, status, headers = function(_FlaskRequest(environ))
        start_response(f"{status} Any", list(headers.items()))
        return [body]

    return app


async def _serve_asgi(app: Any) -> None:
    """The least that HTTP/1.1 asks for: one request a connection."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        pairs = [line.split(": ", 1) for line in lines[1:] if line]
        headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in pairs]
        body = await reader.readexactly(int(dict(headers).get(b"content-length", b"0")))
        method, path, _ = lines[0].split(" ")
        scope = {"type": "http", "asgi": {"version": "3.0"}, "method": method, "path": path, "headers": headers}

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                writer.write(f"HTTP/1.1 {message['status']} Any\r\nconnection: close\r\n".encode())
                writer.writelines(name + b": " + value + b"\r\n" for name, value in message["headers"])
                writer.write(b"\r\n")
            else:
                writer.write(message["body"])
                await writer.drain()

        await app(scope, receive, send)
        writer.close()

    listening = socket.create_server((_HOST, 0))
    server = await asyncio.start_server(connected, sock=listening)
    _listens(listening.getsockname()[1])
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
