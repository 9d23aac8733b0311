"""What a worker answers, as HTTP."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from math import ceil
from typing import Any, Callable, NamedTuple, Optional

from .answer import RateLimited, failure_fields
from .exact_json import write_json
from .task import Task

log = logging.getLogger("crew_sdk")


class Response(NamedTuple):
    """What is answered; unpacks as `status, headers, body`."""

    status: int
    headers: dict[str, str]
    body: bytes


class Prepared(NamedTuple):
    """A response, and what begins once it was sent: an attempt that ended before its 202 would come too early."""

    response: Response
    then: Callable[[], None]


class Refusal(Exception):
    """A request that never gets to the handler."""

    def __init__(self, status: int, message: str, headers: Optional[Mapping[str, str]] = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})


# The end of another attempt makes room, so asking again costs little.
FULL = Refusal(503, "as many attempts as may run here are running", {"retry-after": "1"})


def settled(fields: Mapping[str, Any]) -> Prepared:
    """A success, or a failure that the handler told."""
    return Prepared(json_response(200, fields), _nothing)


def _nothing() -> None:
    """What begins after most answers."""


def failed(task: Task, error: Exception) -> Prepared:
    """A rate limit is a 429. All else is a 200 with its `error`: the handler has judged the task, and the worker itself
    is well; ten answers of 500 in a row would open Crew's breaker, and other tasks wait for a few that cannot succeed."""
    fields = failure_fields(error)
    if not isinstance(error, RateLimited):
        log.warning("task %s: the attempt failed", task.task_id, exc_info=error)
        return Prepared(json_response(200, fields), _nothing)
    wait = {} if error.seconds is None else {"retry-after": str(ceil(error.seconds))}
    return Prepared(json_response(429, fields, wait), _nothing)


def refused(refusal: Refusal) -> Prepared:
    """An answer for whoever is not let in; Crew, if it was Crew, counts a failure."""
    log.warning("a request was refused with %d: %s", refusal.status, refusal)
    return Prepared(json_response(refusal.status, {"error": str(refusal)}, refusal.headers), _nothing)


def json_response(status: int, fields: Mapping[str, Any], headers: Optional[Mapping[str, str]] = None) -> Response:
    """What Crew reads."""
    return Response(status, {"content-type": "application/json", **(headers or {})}, write_json(fields))
