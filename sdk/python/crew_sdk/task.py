"""What a worker is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Any, Callable, Optional

if TYPE_CHECKING:
    from .attempt import Attempt

# What Crew waits for a worker that has no timeout of its own.
DEFAULT_TIMEOUT_SECONDS = 300.0


class BadRequest(Exception):
    """What came is no task: its sender is not Crew, or a proxy has changed it."""


@dataclass(frozen=True)
class Parent:
    """A task that had to complete first, with what came of it."""

    task_id: str
    worker: str
    input: Any
    output: Any


@dataclass(frozen=True)
class Callback:
    """Where an attempt is finished later. The token is the only credential it takes, so it is neither shown nor logged."""

    url: str = field(repr=False)
    token: str = field(repr=False)


@dataclass(frozen=True)
class Task:
    """One attempt of a task."""

    input: Any = None
    parents: tuple[Parent, ...] = ()
    """In the order of the task's `parentIds`; a child has its creator last."""
    task_id: str = ""
    task_group_id: str = ""
    name: str = ""
    worker: str = ""
    attempt: int = 1
    """Counts from 1."""
    remaining_attempts: int = 1
    """With this one."""
    workgroup: str = ""
    key: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    delivery_id: str = ""
    """The same for every retry of one run, a new one after a reset: an idempotency key for what the worker calls."""
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    """Within this time Crew wants an answer; of an attempt that was accepted, a heartbeat."""
    callback: Optional[Callback] = None

    def accept(self, run: Callable[[Attempt], Any]) -> Accepted:
        """For a handler to return: Crew is told that the task was taken, and `run` goes on with it in a thread."""
        return Accepted(run)


@dataclass(frozen=True)
class Accepted:
    """A handler's result that is no answer yet."""

    run: Callable[[Attempt], Any]


def task_of_request(headers: Mapping[str, str], body: Any) -> Task:
    """The task of a POST. `headers` have their names in lower case. Raises `BadRequest`."""
    if not isinstance(body, dict) or not isinstance(body.get("taskId"), str):
        raise BadRequest("the body is no task of Crew: expected a JSON object with a taskId")
    fields: dict[str, Any] = {**body, "id": body["taskId"], "deliveryId": headers.get("webhook-id", "")}
    try:
        return _task(fields, body.get("parents"), body.get("callback"), _seconds(headers.get("crew-timeout", "")))
    except (AttributeError, TypeError, ValueError) as error:
        raise BadRequest("the body is no task of Crew: a field has a type that Crew never sends") from error


def task_of_lease(answer: Mapping[str, Any], lease_seconds: float) -> Task:
    """The task of an `acquire` that gave one."""
    run = {name: answer[name] for name in ("attempt", "deliveryId") if name in answer}
    return _task({**answer["task"], **run}, answer.get("parents"), answer.get("callback"), lease_seconds)


def _task(fields: Mapping[str, Any], parents: Any, callback: Any, timeout_seconds: float) -> Task:
    return Task(
        input=fields.get("input"),
        parents=tuple(_parent(each) for each in parents or ()),
        task_id=str(fields.get("id", "")),
        task_group_id=str(fields.get("taskGroupId", "")),
        name=str(fields.get("name", "")),
        worker=str(fields.get("worker", "")),
        attempt=int(fields.get("attempt", 1)),
        remaining_attempts=int(fields.get("remainingAttempts", 1)),
        workgroup=str(fields.get("workgroup", "")),
        key=str(fields.get("key", "")),
        metadata=dict(fields.get("metadata") or {}),
        delivery_id=str(fields.get("deliveryId", "")),
        timeout_seconds=timeout_seconds,
        callback=_callback(callback),
    )


def _parent(fields: Mapping[str, Any]) -> Parent:
    """Pushed and polled parents name themselves differently."""
    task_id = fields.get("taskId", fields.get("_id", ""))
    worker = fields.get("worker", fields.get("channel", ""))
    return Parent(str(task_id), str(worker), fields.get("input"), fields.get("output"))


def _callback(fields: Any) -> Optional[Callback]:
    """Only what HTTP can reach: without a signature anyone may have written this."""
    url = fields.get("url") if isinstance(fields, dict) else None
    if not isinstance(url, str) or not url.lower().startswith(("http://", "https://")):
        return None
    return Callback(url, str(fields.get("token", "")))


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        return DEFAULT_TIMEOUT_SECONDS
    return seconds if 0 < seconds < inf else DEFAULT_TIMEOUT_SECONDS
