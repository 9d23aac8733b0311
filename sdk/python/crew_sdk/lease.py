"""How long an attempt may go on without a word."""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Optional

from .exact_json import read_json
from .http_call import Reply

# One heartbeat may hang and the one after it get lost: a third before it, a third until it is given up, and the rest in thirds.
_HEARTBEATS_A_LEASE = 3
_HEARTBEATS_A_LEASE_AFTER_A_LOSS = 9
_MAX_CALL_SECONDS = 10.0
_MIN_HEARTBEAT_SECONDS = 0.05


def heartbeat_every(lease_seconds: float, *, was_lost: bool = False) -> float:
    """Seconds from one heartbeat to the next; sooner when the one before did not get through."""
    number = _HEARTBEATS_A_LEASE_AFTER_A_LOSS if was_lost else _HEARTBEATS_A_LEASE
    return max(_MIN_HEARTBEAT_SECONDS, lease_seconds / number)


def heartbeat_timeout(lease_seconds: float) -> float:
    """Seconds after which a heartbeat is given up: there has to be time for another one."""
    return min(_MAX_CALL_SECONDS, heartbeat_every(lease_seconds))


def granted_seconds(reply: Reply) -> Optional[float]:
    """What a heartbeat was answered with, by the server's clock alone; None when it cannot be told."""
    try:
        until = datetime.fromisoformat(read_json(reply.body)["leaseUntil"].replace("Z", "+00:00"))
        seconds = (until - parsedate_to_datetime(reply.headers["date"])).total_seconds()
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    return seconds if seconds > 0 else None
