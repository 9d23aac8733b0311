"""An attempt that was accepted: it is kept alive, told about, and finished through its callback."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any, Callable, Optional, Union

from .answer import answer_fields, failure_fields
from .backoff import backoff_seconds
from .exact_json import write_json
from .http_call import Call, CrewUnreachable, Reply, call
from .lease import granted_seconds, heartbeat_every, heartbeat_timeout
from .problem import CrewProblem, problem_of
from .task import Callback, Task

log = logging.getLogger("crew_sdk")

_CALL_TIMEOUT_SECONDS = 10.0
# Without heartbeats Crew gives the attempt up after its timeout; a restart of a server should be outlived in any case.
_MIN_FINISH_SECONDS = 60.0
SUPERSEDED_CODES = ("attempt_superseded", "attempt_not_found")
# The same request is being done; soon it has an answer.
_UNDER_WAY = "idempotency_key_in_use"
# What a server takes in one heartbeat.
_MAX_MESSAGE_CHARACTERS = 1000
_MAX_LINES = 100
_MAX_LINE_CHARACTERS = 2000


class Superseded(Exception):
    """The attempt is this worker's no more: its task was reset, deleted, or has timed out. What it still does is for nothing."""


class Attempt:
    """Where an accepted attempt tells how it goes. States: open → superseded, when Crew says so; no way back."""

    def __init__(
        self,
        callback: Callback,
        *,
        task_id: str = "",
        timeout_seconds: float = 300.0,
        send: Call = call,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        self.task_id = task_id
        self.timeout_seconds = timeout_seconds
        # A heartbeat may be answered with another time than the first.
        self._lease_seconds = timeout_seconds
        self._callback = callback
        self._send = send
        self._wait = wait
        self._superseded = threading.Event()
        self._kept = threading.Event()

    @classmethod
    def of(cls, task: Task) -> Attempt:
        """Raises `ValueError` when the server offered no callback."""
        if task.callback is None:
            raise ValueError(f"task {task.task_id} came without a callback: nothing can finish it later")
        return cls(task.callback, task_id=task.task_id, timeout_seconds=task.timeout_seconds)

    @property
    def is_superseded(self) -> bool:
        """For loops that have nothing to tell: what follows would be for nothing."""
        return self._superseded.is_set()

    def heartbeat(
        self, *, progress: Optional[float] = None, message: Optional[str] = None, logs: Sequence[str] = ()
    ) -> None:
        """Tells how far it is, from 0 to 1, and keeps the lease. Raises `Superseded`, which a handler lets pass.

        Best effort otherwise: what does not get through is logged here, and the work goes on. Crew shows 1,000 characters
        of the message, and the newest 100 lines of `logs` with 2,000 each; what is longer is cut here.
        """
        self._beat(_told(progress, message, logs))

    def complete(self, result: Any = None) -> None:
        """Ends it with an output or an `Answer`. Raises as `finish`."""
        self.finish(answer_fields(result))

    def fail(self, error: Union[str, BaseException]) -> None:
        """Ends it as failed; `RateLimited`, `RetryAfter` and `NonRetryable` mean what they mean when raised. Raises as `finish`."""
        self.finish({"error": error} if isinstance(error, str) else failure_fields(error))

    def finish(self, fields: Mapping[str, Any]) -> None:
        """Ends it, trying again while the server is away; saying the same twice is fine.

        Raises `Superseded`, `CrewProblem` when the answer is refused, `CrewUnreachable` when the time is up.
        """
        verb = "fail" if fields.get("error") is not None else "complete"
        give_up = max(_MIN_FINISH_SECONDS, self.timeout_seconds)
        persist(lambda: self._post(verb, fields), give_up_seconds=give_up, wait=self._wait)

    @contextmanager
    def kept_alive(self) -> Iterator[None]:
        """A heartbeat after each third of the lease in which none was told, by a thread, until the block ends; after one
        that did not get through the next comes in a ninth."""
        done = threading.Event()
        ticker = threading.Thread(target=self._tick, args=(done,), name=f"crew-heartbeat-{self.task_id}", daemon=True)
        ticker.start()
        try:
            yield
        finally:
            done.set()
            self._kept.set()

    def _tick(self, done: threading.Event) -> None:
        was_lost = False
        while not done.is_set():
            if self._kept.wait(heartbeat_every(self._lease_seconds, was_lost=was_lost)):
                self._kept.clear()
                was_lost = False
                continue
            try:
                was_lost = not self._beat({})
            except Superseded:
                return

    def _beat(self, fields: Mapping[str, Any]) -> bool:
        """Whether it got through. Raises `Superseded`."""
        try:
            reply = self._post("heartbeat", fields, heartbeat_timeout(self._lease_seconds))
        except (CrewUnreachable, CrewProblem) as error:
            log.warning("task %s: a heartbeat did not get through: %s", self.task_id, error)
            return False
        self._lease_seconds = granted_seconds(reply) or self._lease_seconds
        self._kept.set()
        return True

    def _post(self, verb: str, fields: Mapping[str, Any], timeout_seconds: float = _CALL_TIMEOUT_SECONDS) -> Reply:
        headers = {"content-type": "application/json", "accept": "application/json"}
        url = f"{self._callback.url.rstrip('/')}/{verb}"
        reply = self._send("POST", url, write_json(fields), headers, timeout_seconds)
        if 200 <= reply.status < 300:
            return reply
        problem = problem_of(reply)
        if problem.code in SUPERSEDED_CODES:
            self._superseded.set()
            raise Superseded(f"task {self.task_id}: {problem.detail}")
        raise problem


def _told(progress: Optional[float], message: Optional[str], logs: Sequence[str]) -> dict[str, Any]:
    fields = {
        "progress": None if progress is None else min(1.0, max(0.0, progress)),
        "message": None if message is None else message[:_MAX_MESSAGE_CHARACTERS],
        "logs": [line[:_MAX_LINE_CHARACTERS] for line in list(logs)[-_MAX_LINES:]] or None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def persist(
    post: Callable[[], Any],
    *,
    give_up_seconds: float,
    wait: Callable[[float], object] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Any:
    """Calls until there is an answer that is one. What the server refuses, and the last failure, is raised."""
    give_up_at = clock() + give_up_seconds
    for failures in count(1):
        try:
            return post()
        except (CrewUnreachable, CrewProblem) as error:
            delay = delay_after(error, failures)
            if delay is None or clock() + delay > give_up_at:
                raise
            wait(delay)


def delay_after(error: Exception, failures: int) -> Optional[float]:
    """When to try again after so many failures; None: never, as it would be refused again."""
    if isinstance(error, CrewProblem):
        if error.status != 429 and error.status < 500 and error.code != _UNDER_WAY:
            return None
        if error.retry_after_seconds is not None:
            return error.retry_after_seconds
    return backoff_seconds(failures)
