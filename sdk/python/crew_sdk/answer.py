"""What a handler gives back, and the fields that Crew reads of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

# Crew keeps 4 KiB of an error.
_MAX_ERROR_CHARACTERS = 4096


@dataclass(frozen=True)
class Answer:
    """A success that says more than its output."""

    output: Any = None
    children: Sequence[Mapping[str, Any]] = ()
    """Tasks that run next, made by `child`."""
    workgroup_delay_in_seconds: Optional[float] = None
    """Nothing of the workgroup starts for so long."""
    children_delay_in_seconds: Optional[float] = None
    """No child of this task starts for so long, those that were there before among them."""
    workgroup: Optional[str] = None
    """Which workgroup the delay is for; None: the task's own."""


class RateLimited(Exception):
    """The service behind the worker wants fewer calls: what shares its limit waits, and no attempt is used up.

    `seconds` None leaves it to the task's retry delay. `workgroup` names who waits, when it is not the task's own.
    """

    def __init__(self, seconds: Optional[float] = None, workgroup: Optional[str] = None) -> None:
        super().__init__("rate limited" if seconds is None else f"rate limited for {seconds:g} s")
        self.seconds = seconds
        self.workgroup = workgroup


class NonRetryable(Exception):
    """Trying again would change nothing: the task fails, whatever attempts it has left."""


class RetryAfter(Exception):
    """A failure that is tried again after so many seconds, not after the task's retry delay; 0 is at once."""

    def __init__(self, seconds: float, message: str = "") -> None:
        super().__init__(message or f"to be tried again in {seconds:g} s")
        self.seconds = seconds


def answer_fields(result: Any) -> dict[str, Any]:
    """The fields of what a handler returned. An `output` of None is left out: it is null either way."""
    answer = result if isinstance(result, Answer) else Answer(result)
    fields = {
        "output": answer.output,
        "children": list(answer.children) or None,
        "workgroupDelayInSeconds": answer.workgroup_delay_in_seconds,
        "childrenDelayInSeconds": answer.children_delay_in_seconds,
        "workgroup": answer.workgroup,
    }
    return {name: value for name, value in fields.items() if value is not None}


def failure_fields(error: BaseException) -> dict[str, Any]:
    """The fields of what a handler raised."""
    fields: dict[str, Any] = {"error": error_text(error)}
    if isinstance(error, NonRetryable):
        fields["retryable"] = False
    if isinstance(error, RetryAfter):
        fields["retryAfterSeconds"] = error.seconds
    if isinstance(error, RateLimited):
        fields["rateLimited"] = True
        fields.update(answer_fields(Answer(workgroup_delay_in_seconds=error.seconds, workgroup=error.workgroup)))
    return fields


def error_text(error: BaseException) -> str:
    """One line for people, without a traceback: paths and sources are nobody's business on the wire."""
    text = str(error)
    if not isinstance(error, (RateLimited, NonRetryable, RetryAfter)):
        # A KeyError's text is the key alone.
        text = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return (text or type(error).__name__)[:_MAX_ERROR_CHARACTERS]
