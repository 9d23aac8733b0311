"""An HTTP server that records what it is asked, and answers as the test says."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Callable, NamedTuple, Optional

from crew_sdk import Callback, Task

# Calls on this machine take milliseconds; this is for one that is busy.
DEADLINE_SECONDS = 30.0


class Asked(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]
    body: Any


class Told(NamedTuple):
    status: int = 200
    body: Any = {"success": True}
    headers: dict[str, str] = {}


class FakeCrew:
    """Use it by `with`. `respond` may be replaced at any time."""

    def __init__(self, respond: Callable[[Asked], Told] = lambda asked: Told()) -> None:
        self.respond = respond
        self.asked: list[Asked] = []
        self._changed = threading.Condition()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> FakeCrew:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def of(self, ending: str) -> list[Asked]:
        """What was asked at paths that end so."""
        return [each for each in self.asked if each.path.endswith(ending)]

    def arrived(self, ending: str, number: int = 1) -> list[Asked]:
        """The same, when there are that many."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.of(ending)) >= number, DEADLINE_SECONDS):
                raise AssertionError(f"{number} of {ending} did not come, but {self.asked}")
        return self.of(ending)

    def task(self, **fields: Any) -> Task:
        """A task whose callback is here."""
        given = {"task_id": "t1", "timeout_seconds": 60.0, **fields}
        return Task(callback=Callback(f"{self.url}/api/v1/attempt/secret-token", "secret-token"), **given)

    def _take(self, asked: Asked) -> Told:
        with self._changed:
            self.asked.append(asked)
            self._changed.notify_all()
        return self.respond(asked)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        crew = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                told = crew._take(Asked(self.command, self.path, headers, json.loads(body) if body else None))
                content = told.body if isinstance(told.body, bytes) else json.dumps(told.body).encode()
                self.send_response(told.status)
                for name, value in {"content-length": str(len(content)), **told.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                with suppress(ConnectionError):
                    self.wfile.write(content)

            do_GET = do_PUT = do_DELETE = do_POST

            def log_message(self, format: str, *args: Any) -> None:
                """Tests are quiet."""

        return Handler


class _Server(ThreadingHTTPServer):
    """Its port stays its own until the process ends: after it was closed nobody is there, rather than the next who listens."""

    daemon_threads = True

    def server_bind(self) -> None:
        _share(self.socket)
        super().server_bind()
        held = socket.socket()
        _share(held)
        held.bind(self.server_address)
        held.detach()


def _share(of: socket.socket) -> None:
    of.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)


def problem(status: int, code: str, **fields: Any) -> Told:
    """A refusal as Crew words it."""
    return Told(status, {"type": f"/docs/errors#{code}", "title": "Refused", "status": status, "code": code, **fields})
