"""Tasks as a worker's answer or a client asks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Optional, Union


def new_task(
    worker: str,
    input: Any = None,
    *,
    id: Optional[str] = None,
    parent_ids: Optional[Sequence[str]] = None,
    name: Optional[str] = None,
    workgroup: Optional[str] = None,
    key: Optional[str] = None,
    priority: Optional[int] = None,
    progress_weight: Optional[float] = None,
    remaining_attempts: Optional[int] = None,
    error_delay_in_seconds: Optional[float] = None,
    retry: Optional[Mapping[str, Any]] = None,
    timeout_seconds: Optional[float] = None,
    run_after: Union[datetime, str, None] = None,
    is_paused: Optional[bool] = None,
    is_seed: Optional[bool] = None,
    metadata: Optional[Mapping[str, str]] = None,
) -> dict[str, Any]:
    """The fields of a task, by the names the API has for them; what is left out is the server's default.

    `id` is unique over all groups. `parent_ids` may name tasks of the same call that come later. `retry` is
    `{"strategy": "exponential", "factor": 2, "maxSeconds": 600, "jitter": 0.2}`.
    """
    fields = {
        "worker": worker,
        "input": input,
        "id": id,
        "parentIds": None if parent_ids is None else list(parent_ids),
        "name": name,
        "workgroup": workgroup,
        "key": key,
        "priority": priority,
        "progressWeight": progress_weight,
        "remainingAttempts": remaining_attempts,
        "errorDelayInSeconds": error_delay_in_seconds,
        "retry": retry,
        "timeoutSeconds": timeout_seconds,
        "runAfter": _time(run_after),
        "isPaused": is_paused,
        "isSeed": is_seed,
        "metadata": metadata,
    }
    return {name: value for name, value in fields.items() if value is not None}


def child(worker: str, input: Any = None, *, local_id: Optional[str] = None, **fields: Any) -> dict[str, Any]:
    """A task that an answer asks for; its parent is the task that answers, and those of `parent_ids`.

    `local_id` is a name that only the other children of the same answer know it by, in their `parent_ids`: unlike an `id`
    it may be used again by every run. The other fields are those of `new_task`.
    """
    asked = new_task(worker, input, **fields)
    return asked if local_id is None else {**asked, "_child_id": local_id}


def _time(value: Union[datetime, str, None]) -> Optional[str]:
    if not isinstance(value, datetime):
        return value
    if value.utcoffset() is None:
        raise ValueError(
            f"run_after is {value.isoformat()}, which has no time zone: datetime.now(timezone.utc) has one"
        )
    return value.isoformat()
