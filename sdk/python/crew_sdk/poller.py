"""A worker that asks Crew for tasks: it needs no address, and may run behind any firewall."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Callable, Optional
from urllib.parse import quote

from .attempt import SUPERSEDED_CODES, Attempt, Superseded, delay_after, persist
from .client import CrewClient
from .http_call import Caller, CrewUnreachable, Reply
from .problem import CrewProblem
from .running import resolved, run_to_end
from .task import Accepted, Callback, Task, task_of_lease

log = logging.getLogger("crew_sdk")

# How long Crew holds a question that it has no task for; 30 at most.
WAIT_SECONDS = 20.0
# A process that dies is noticed after this time.
LEASE_SECONDS = 30.0
# What the network may take on top of the wait.
_MARGIN_SECONDS = 10.0
# A server that does not hold the question is not asked in a tight loop.
_MIN_POLL_SECONDS = 1.0
# Heartbeats keep the lease while the server is away and comes back; an end that cannot be told in this time is given up.
_MIN_RELEASE_SECONDS = 60.0


class Poller:
    """Takes the tasks of a worker's name, `concurrency` at once. States: made → running → draining → ended.

    `run` begins; `stop`, SIGTERM, SIGINT, or an answer that no patience mends (401, 403, 404) drain: nothing new is asked
    for, and what runs is finished. A question under way is broken off; had Crew just answered it, the task is free again
    when its lease is over, with all its attempts.
    `handler` takes a `Task`; it may be a `Worker`, made by `long_worker` among them.
    """

    def __init__(
        self,
        client: CrewClient,
        channel: str,
        handler: Callable[[Task], Any],
        worker_id: Optional[str] = None,
        concurrency: int = 1,
        wait: float = WAIT_SECONDS,
        *,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        self.channel = channel
        self.worker_id = worker_id or f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._client = client
        self._questions = Caller()
        self._asking = client.calling_by(self._questions.call)
        self._handler = handler
        self._concurrency = concurrency
        self._wait = wait
        self._lease_seconds = lease_seconds
        self._stopping = threading.Event()
        self._fatal: Optional[BaseException] = None

    def run(self) -> None:
        """Works until stopped and drained. Raises what the server refused. In the main thread it listens to signals."""
        lanes = [
            threading.Thread(target=self._lane, name=f"crew-poller-{number}", daemon=True)
            for number in range(self._concurrency)
        ]
        with self._stopped_by_signals():
            for lane in lanes:
                lane.start()
            for lane in lanes:
                lane.join()
        if self._fatal is not None:
            raise self._fatal

    def stop(self) -> None:
        """Asks for nothing more; `run` returns when all is quiet. From any thread, any number of times."""
        self._stopping.set()
        self._questions.cancel()

    def _lane(self) -> None:
        try:
            self._poll()
        except BaseException as error:
            # A thread that ends by `SystemExit` would say nothing.
            self._fatal = self._fatal or error
            self.stop()

    def _poll(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            asked_at = time.monotonic()
            try:
                answer = self._acquire()
            except (CrewUnreachable, CrewProblem) as error:
                if self._stopping.is_set():
                    return
                failures += 1
                self._rest_after(error, failures)
                continue
            failures = 0
            if answer.get("task") is not None:
                self._work(task_of_lease(answer, self._lease_seconds))
            else:
                self._stopping.wait(asked_at + _MIN_POLL_SECONDS - time.monotonic())

    def _rest_after(self, error: Exception, failures: int) -> None:
        """Raises it when asking again would be refused again."""
        delay = delay_after(error, failures)
        if delay is None:
            raise error
        log.warning("worker %s: no task could be asked for, again in %.1f s: %s", self.channel, delay, error)
        self._stopping.wait(delay)

    def _acquire(self) -> Mapping[str, Any]:
        path = f"/api/v1/channel/{quote(self.channel, safe='')}/acquire"
        body = {"workerId": self.worker_id, "wait": self._wait, "leaseSeconds": self._lease_seconds}
        answer = self._asking.request_once("POST", path, body, timeout_seconds=self._wait + _MARGIN_SECONDS)
        if not isinstance(answer, Mapping):
            raise CrewUnreachable(f"POST {path}: what answered is not Crew: no object")
        return answer

    def _work(self, task: Task) -> None:
        if task.callback is None:
            attempt = _unkept(task)
            run_to_end(attempt, lambda attempt: self._result(task, attempt), lambda fields: self._release(task, fields))
            return
        reachable = replace(task, callback=self._reachable(task.callback))
        attempt = Attempt.of(reachable)
        # By its callback, which is of this attempt alone: a release by `worker_id` may end a later one of another lane.
        run_to_end(attempt, lambda attempt: self._result(reachable, attempt), attempt.finish)

    def _reachable(self, callback: Callback) -> Callback:
        """Below the address that this client has: the server's own idea of it may be good on its machine alone."""
        return Callback(f"{self._client.url}/api/v1/attempt/{quote(callback.token, safe='')}", callback.token)

    def _result(self, task: Task, attempt: Attempt) -> Any:
        result = resolved(self._handler(task))
        return resolved(result.run(attempt)) if isinstance(result, Accepted) else result

    def _release(self, task: Task, fields: Mapping[str, Any]) -> None:
        """For a server that gave no callback. Raises as `Attempt.finish`."""
        path = f"/api/v1/task/{quote(task.task_id, safe='')}/release"
        body = {**fields, "workerId": self.worker_id}
        give_up = max(_MIN_RELEASE_SECONDS, self._lease_seconds)
        try:
            persist(lambda: self._client.request_once("POST", path, body), give_up_seconds=give_up)
        except CrewProblem as problem:
            if problem.code not in SUPERSEDED_CODES:
                raise
            raise Superseded(f"task {task.task_id}: {problem.detail}") from problem

    @contextmanager
    def _stopped_by_signals(self) -> Iterator[None]:
        """The first signal drains; a second one does what it did before."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

        def restore() -> None:
            for number, handler in before.items():
                signal.signal(number, handler)

        def on_signal(number: int, frame: object) -> None:
            restore()
            self.stop()

        for number in before:
            signal.signal(number, on_signal)
        try:
            yield
        finally:
            restore()


def _unkept(task: Task) -> Attempt:
    """An attempt whose heartbeats go nowhere: nobody said where to."""
    return Attempt(
        Callback("", ""), task_id=task.task_id, timeout_seconds=task.timeout_seconds, send=lambda *_: Reply(200, {}, b"")
    )
