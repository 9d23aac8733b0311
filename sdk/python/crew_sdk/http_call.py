"""One HTTP call by the standard library."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import Any, Callable, NamedTuple, Optional
from weakref import WeakSet

from .version import VERSION

# A page of 10,000 tasks of 10 KiB; a bound all the same.
MAX_REPLY_BYTES = 256 * 1024 * 1024
_PART_BYTES = 1024 * 1024
_USER_AGENT = f"crew-sdk-python/{VERSION}"


class CrewUnreachable(ConnectionError):
    """No answer came: the server is away, or the network is."""


class Reply(NamedTuple):
    """An answer, whatever its status. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Call = Callable[[str, str, Optional[bytes], Mapping[str, str], float], Reply]


class Caller:
    """Makes calls that can be broken off. States: open → cancelled."""

    def __init__(self) -> None:
        self._sockets: WeakSet[socket.socket] = WeakSet()
        self._is_cancelled = False
        self._lock = threading.Lock()
        self._opener = urllib.request.build_opener(_EveryStatus, _Http(self._track), _Https(self._track))

    def call(
        self, method: str, url: str, body: Optional[bytes], headers: Mapping[str, str], timeout_seconds: float
    ) -> Reply:
        """Raises `CrewUnreachable` when there is no answer; its text names the host alone, as paths may hold tokens."""
        request = urllib.request.Request(url, data=body, headers={"user-agent": _USER_AGENT, **headers}, method=method)
        try:
            with self._opener.open(request, timeout=timeout_seconds) as response:
                named = {name.lower(): value for name, value in response.headers.items()}
                reply = Reply(response.status, named, _read(response))
        except (OSError, http.client.HTTPException) as error:
            reason = error.reason if isinstance(error, urllib.error.URLError) else error
            raise CrewUnreachable(f"{request.host} gave no answer: {reason or type(error).__name__}") from None
        if len(reply.body) > MAX_REPLY_BYTES:
            raise CrewUnreachable(f"{request.host} answered more than {MAX_REPLY_BYTES} bytes")
        return reply

    def cancel(self) -> None:
        """Calls under way, and all later ones, raise `CrewUnreachable`."""
        with self._lock:
            self._is_cancelled = True
            connected = list(self._sockets)
        for each in connected:
            _shut(each)

    def _track(self, connected: socket.socket) -> None:
        with self._lock:
            self._sockets.add(connected)
            is_late = self._is_cancelled
        if is_late:
            _shut(connected)


def _shut(connected: socket.socket) -> None:
    """Whoever reads of it reads its end. It may have been closed meanwhile."""
    with suppress(OSError):
        socket.socket.shutdown(connected, socket.SHUT_RDWR)


def _read(response: Any) -> bytes:
    """One part more than allowed at most. Not at once: Python 3.9 sets aside as much as it is asked for, a third of a second.

    Raises `IncompleteRead` when the connection ended before the body did: read in parts, http.client takes that for its end.
    """
    parts: list[bytes] = []
    while sum(map(len, parts)) <= MAX_REPLY_BYTES:
        part = response.read(_PART_BYTES)
        if not part:
            if response.length:
                raise http.client.IncompleteRead(b"", response.length)
            break
        parts.append(part)
    return b"".join(parts)


Track = Callable[[socket.socket], None]


class _EveryStatus(urllib.request.HTTPErrorProcessor):
    """Neither raises nor follows: a redirect would take the credentials along, and a POST arrive as a GET."""

    def http_response(self, request: Any, response: Any) -> Any:
        return response

    https_response = http_response


class _Http(urllib.request.HTTPHandler):
    def __init__(self, track: Track) -> None:
        super().__init__()
        self._connection = _tracked(http.client.HTTPConnection, track)

    def http_open(self, request: urllib.request.Request) -> Any:
        return self.do_open(self._connection, request)


@cache
def _tls() -> ssl.SSLContext:
    """Made when first needed: reading the system's certificates takes longer than all else at the start."""
    return ssl.create_default_context()


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, track: Track) -> None:
        super().__init__()
        self._connection = _tracked(http.client.HTTPSConnection, track)

    def https_open(self, request: urllib.request.Request) -> Any:
        return self.do_open(self._connection, request, context=_tls())


def _tracked(kind: Any, track: Track) -> Any:
    """The class, with its sockets shown as they are connected."""

    def connect(self: Any) -> None:
        kind.connect(self)
        track(self.sock)

    return type(kind.__name__, (kind,), {"connect": connect})


call: Call = Caller().call
