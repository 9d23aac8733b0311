"""Runs what was accepted, in threads."""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading
import time
from collections.abc import Awaitable, Mapping
from typing import Any, Callable, Optional

from .answer import answer_fields, failure_fields
from .attempt import Attempt, Superseded
from .http_call import CrewUnreachable
from .problem import CrewProblem

log = logging.getLogger("crew_sdk")

Finish = Callable[[Mapping[str, Any]], None]


def run_to_end(attempt: Attempt, run: Callable[[Attempt], Any], finish: Finish) -> None:
    """Runs it, keeps it alive meanwhile, and says what came of it. Raises nothing: here the attempt ends, and is logged."""
    try:
        with attempt.kept_alive():
            _tell(attempt, _outcome(attempt, run), finish)
    except Superseded as error:
        log.info("task %s: stopped, as the attempt was superseded: %s", attempt.task_id, error)
    except (CrewUnreachable, CrewProblem) as error:
        log.error("task %s: its end could not be told: %s", attempt.task_id, error)


def _outcome(attempt: Attempt, run: Callable[[Attempt], Any]) -> dict[str, Any]:
    """What it comes to. Whatever it raises is a failure of its own, `SystemExit` too: it runs in a thread, which nobody sees end."""
    try:
        return answer_fields(resolved(run(attempt)))
    except Superseded:
        raise
    except BaseException as error:
        log.warning("task %s: the attempt failed", attempt.task_id, exc_info=True)
        return failure_fields(error)


def _tell(attempt: Attempt, fields: Mapping[str, Any], finish: Finish) -> None:
    try:
        finish(fields)
    except (Superseded, CrewUnreachable):
        raise
    except Exception as error:
        # An output that is no JSON, or an answer that the server refuses: its failure is told in its place.
        log.warning("task %s: the attempt failed", attempt.task_id, exc_info=True)
        finish(failure_fields(error))


def resolved(value: Any) -> Any:
    """What a coroutine comes to; other values are what they are."""
    return asyncio.run(_awaited(value)) if inspect.isawaitable(value) else value


async def _awaited(value: Awaitable[Any]) -> Any:
    return await value


class Runner:
    """The accepted attempts of one process. The interpreter waits for their threads when it ends."""

    def __init__(self, max_running: int) -> None:
        self._room = threading.BoundedSemaphore(max_running)
        self._running: set[threading.Thread] = set()
        self._lock = threading.Lock()

    def reserve(self) -> bool:
        """Whether there is room for one more, which is then taken: `start` follows."""
        return self._room.acquire(blocking=False)

    def start(self, attempt: Attempt, run: Callable[[Attempt], Any]) -> None:
        """Runs it in a thread of its own, in the room that was reserved."""
        thread = threading.Thread(target=self._run, args=(attempt, run), name=f"crew-attempt-{attempt.task_id}")
        with self._lock:
            try:
                thread.start()
            except RuntimeError:
                self._room.release()
                raise
            self._running.add(thread)

    def drain(self, timeout_seconds: Optional[float] = None) -> bool:
        """Waits for what runs; whether it all ended in that time."""
        ends_at = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        threads = self._alive()
        for thread in threads:
            thread.join(None if ends_at is None else max(0.0, ends_at - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)

    def _alive(self) -> list[threading.Thread]:
        with self._lock:
            return list(self._running)

    def _run(self, attempt: Attempt, run: Callable[[Attempt], Any]) -> None:
        try:
            run_to_end(attempt, run, attempt.finish)
        finally:
            self._room.release()
            with self._lock:
                self._running.discard(threading.current_thread())
