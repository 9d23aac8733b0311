"""What Crew refuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Optional

from .exact_json import read_json
from .http_call import Reply

_SHOWN_CHARACTERS = 200


class Fault(NamedTuple):
    """What is wrong with one field."""

    pointer: str
    """A JSON Pointer into what was sent."""
    detail: str


class CrewProblem(Exception):
    """An answer that is no success (RFC 9457). `code` is a stable word to decide by; texts may change."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        errors: tuple[Fault, ...] = (),
        retry_after_seconds: Optional[float] = None,
    ) -> None:
        faults = "".join(f"; {pointer}: {told}" for pointer, told in errors)
        super().__init__(f"{status} {code}: {detail}{faults}")
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors
        self.retry_after_seconds = retry_after_seconds


def problem_of(reply: Reply) -> CrewProblem:
    """Reads a refusal. A proxy's answer, which has no code, gets `http_` and its status."""
    try:
        body = read_json(reply.body)
    except ValueError:
        body = None
    wait = _retry_after(reply.headers)
    if not isinstance(body, dict) or not isinstance(body.get("code"), str):
        shown = reply.body[:_SHOWN_CHARACTERS].decode("utf-8", "replace")
        return CrewProblem(reply.status, f"http_{reply.status}", shown, (), wait)
    faults = tuple(
        Fault(str(each.get("pointer", "")), str(each.get("detail", ""))) for each in body.get("errors") or ()
    )
    detail = body.get("detail") or body.get("title") or ""
    return CrewProblem(reply.status, body["code"], str(detail), faults, wait)


def _retry_after(headers: Mapping[str, str]) -> Optional[float]:
    text = headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() else None
