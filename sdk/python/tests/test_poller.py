import asyncio
import os
import signal
import threading
from typing import Any, Callable, Optional

from crew_sdk import Answer, Attempt, CrewClient, CrewProblem, CrewUnreachable, Poller, RateLimited, Task, child, long_worker

from .fake_crew import DEADLINE_SECONDS, Asked, FakeCrew, Told, problem
from .test_worker import Quiet

ACQUIRE, COMPLETE, FAIL, RELEASE = "/acquire", "/complete", "/fail", "/release"
ENDS = (COMPLETE, FAIL, RELEASE)
EMPTY = Told(200, {"task": None})


class Channel:
    """A server with some tasks; after the last one was ended the poller is stopped."""

    def __init__(self, *tasks: dict[str, Any]) -> None:
        self.crew = FakeCrew(self.respond)
        self.poller: Optional[Poller] = None
        self.left = list(tasks)
        self.ended = 0
        self.has_callbacks = True
        self.before: list[Told] = []
        self.on_end: Callable[[], Told] = Told
        self._lock = threading.Lock()

    def respond(self, asked: Asked) -> Told:
        with self._lock:
            if asked.path.endswith(ENDS):
                return self._end()
            if not asked.path.endswith(ACQUIRE):
                return Told()
            if self.before:
                return self.before.pop(0)
            return Told(200, self._lease(self.left.pop(0))) if self.left else EMPTY

    def run(self, handler: Callable[[Task], Any], **options: Any) -> None:
        with self.crew:
            self.poller = Poller(CrewClient(self.crew.url, "token"), "mail/send", handler, "w1", **options)
            self.total = len(self.left)
            self.poller.run()

    def ends(self) -> list[Asked]:
        return [each for each in self.crew.asked if each.path.endswith(ENDS)]

    def _end(self) -> Told:
        told = self.on_end()
        self.ended += 1 if told.status in (200, 409) else 0
        if self.ended == self.total and self.poller is not None:
            self.poller.stop()
        return told

    def _lease(self, task: dict[str, Any]) -> dict[str, Any]:
        token = f"token-{task['id']}"
        # The server's idea of its own address, which from here is nobody's.
        callback = {"url": f"http://127.0.0.1:1/api/v1/attempt/{token}", "token": token}
        return {
            "task": {"_id": task["id"], "worker": "mail/send", "channel": "mail/send", **task},
            "parents": [{"_id": "p", "channel": "fetch", "input": 1, "output": 2}],
            "attempt": 2,
            "deliveryId": "d1",
            **({"callback": callback} if self.has_callbacks else {}),
            "leaseUntil": "2026-11-22T10:00:00.000Z",
        }


class Pollers(Quiet):
    def test_a_task_is_acquired_handled_and_completed(self) -> None:
        tasks: list[Task] = []

        def handler(task: Task) -> Answer:
            tasks.append(task)
            return Answer(8, children=[child("next", local_id="a")])

        channel = Channel({"id": "t1", "taskGroupId": "g", "input": 7, "workgroup": "w", "metadata": {"a": "b"}})
        channel.run(handler, wait=3)
        asked = channel.crew.asked[0]
        self.assertEqual(asked.path, "/api/v1/channel/mail%2Fsend/acquire")
        self.assertEqual(asked.body, {"workerId": "w1", "wait": 3, "leaseSeconds": 30.0})
        [end] = channel.ends()
        self.assertEqual(end.path, "/api/v1/attempt/token-t1/complete")
        self.assertEqual(end.body, {"output": 8, "children": [{"worker": "next", "_child_id": "a"}]})
        [task] = tasks
        self.assertEqual([task.task_id, task.task_group_id, task.input, task.worker], ["t1", "g", 7, "mail/send"])
        self.assertEqual([task.attempt, task.delivery_id], [2, "d1"])
        [parent] = task.parents
        self.assertEqual([parent.task_id, parent.worker, parent.output], ["p", "fetch", 2])

    def test_what_is_raised_is_told_as_a_failure(self) -> None:
        def handler(task: Task) -> None:
            raise RateLimited(9) if task.task_id == "t2" else ValueError("no")

        channel = Channel({"id": "t1"}, {"id": "t2"})
        channel.run(handler)
        self.assertEqual(
            [each.body for each in channel.crew.of("/token-t1/fail") + channel.crew.of("/token-t2/fail")],
            [
                {"error": "ValueError: no"},
                {"error": "rate limited for 9 s", "rateLimited": True, "workgroupDelayInSeconds": 9},
            ],
        )

    def test_no_exception_of_a_handler_ends_a_lane(self) -> None:
        errors = {"t1": SystemExit(3), "t2": CrewUnreachable("another server"), "t3": asyncio.CancelledError()}

        def handler(task: Task) -> None:
            raise errors[task.task_id]

        channel = Channel(*({"id": name} for name in errors))
        channel.run(handler)
        self.assertEqual([each.path.rsplit("/", 1)[1] for each in channel.ends()], ["fail"] * 3)

    def test_what_came_without_a_callback_is_released(self) -> None:
        channel = Channel({"id": "t1"}, {"id": "t2"})
        channel.has_callbacks = False
        channel.on_end = iter([problem(409, "attempt_superseded"), Told()]).__next__
        channel.run(lambda task: task.task_id)
        self.assertEqual(
            [(each.path, each.body) for each in channel.ends()],
            [(f"/api/v1/task/{name}/release", {"workerId": "w1", "output": name}) for name in ("t1", "t2")],
        )

    def test_the_lease_is_kept_while_it_runs(self) -> None:
        channel = Channel({"id": "t1"})
        channel.run(lambda task: channel.crew.arrived("/token-t1/heartbeat", 2) and None, lease_seconds=0.15)
        self.assertEqual(len(channel.ends()), 1)

    def test_a_long_worker_and_an_async_handler_poll_as_well(self) -> None:
        @long_worker
        async def handler(task: Task, attempt: Attempt) -> str:
            attempt.heartbeat(progress=0.5)
            return task.task_id

        channel = Channel({"id": "t1"})
        channel.run(handler)
        self.assertEqual(channel.crew.of("/heartbeat")[0].body, {"progress": 0.5})
        self.assertEqual(channel.ends()[0].body["output"], "t1")

    def test_as_many_run_at_once_as_were_asked_for(self) -> None:
        together = threading.Barrier(3)
        channel = Channel(*({"id": f"t{number}"} for number in range(6)))
        channel.run(lambda task: together.wait(DEADLINE_SECONDS) and None, concurrency=3)
        self.assertEqual(channel.ended, 6)

    def test_a_server_that_is_away_is_asked_again(self) -> None:
        channel = Channel({"id": "t1"})
        channel.before = [Told(502, b""), problem(503, "shutting_down")]
        channel.run(lambda task: 1)
        self.assertEqual(channel.ended, 1)

    def test_what_answers_in_its_place_is_asked_again(self) -> None:
        for body in (b"", b"<html>log in", b"[]"):
            channel = Channel({"id": "t1"})
            channel.before = [Told(200, body)]
            channel.run(lambda task: 1)
            self.assertEqual(channel.ended, 1)

    def test_an_end_is_told_again_while_the_server_is_away(self) -> None:
        answers = iter([problem(503, "storage"), Told()])
        channel = Channel({"id": "t1"})
        channel.on_end = lambda: next(answers)
        channel.run(lambda task: 1)
        self.assertEqual(len(channel.ends()), 2)

    def test_a_lease_that_was_lost_is_let_go(self) -> None:
        channel = Channel({"id": "t1"}, {"id": "t2"})
        channel.on_end = lambda: problem(409, "attempt_superseded", detail="It was reset.")
        channel.run(lambda task: 1)
        self.assertEqual(
            [each.path for each in channel.ends()], [f"/api/v1/attempt/token-t{n}/complete" for n in (1, 2)]
        )

    def test_what_no_patience_mends_ends_it(self) -> None:
        channel = Channel()
        channel.before = [problem(401, "unauthorized", detail="No.")]
        with self.assertRaises(CrewProblem):
            channel.run(lambda task: 1, concurrency=2)

    def test_stopped_it_finishes_what_runs_and_asks_for_nothing_more(self) -> None:
        channel = Channel({"id": "t1"}, {"id": "t2"})

        def handler(task: Task) -> str:
            assert channel.poller is not None
            channel.poller.stop()
            return "done all the same"

        channel.run(handler)
        self.assertEqual([each.body["output"] for each in channel.ends()], ["done all the same"])
        self.assertEqual(len(channel.crew.of(ACQUIRE)), 1)

    def test_stopped_while_it_waits_for_a_task_it_waits_no_longer(self) -> None:
        channel = Channel()
        held = threading.Event()

        def respond(asked: Asked) -> Told:
            assert channel.poller is not None
            threading.Thread(target=channel.poller.stop).start()
            held.wait(DEADLINE_SECONDS)
            return EMPTY

        channel.crew.respond = respond
        try:
            channel.run(lambda task: 1, wait=20)
            self.assertEqual(len(channel.crew.of(ACQUIRE)), 1)
        finally:
            held.set()

    def test_sigterm_drains_and_the_old_handler_is_back_afterwards(self) -> None:
        before = signal.getsignal(signal.SIGTERM)
        channel = Channel({"id": "t1"}, {"id": "t2"})

        def handler(task: Task) -> int:
            os.kill(os.getpid(), signal.SIGTERM)
            assert channel.poller is not None
            self.assertTrue(channel.poller._stopping.wait(DEADLINE_SECONDS))
            return 1

        channel.run(handler)
        self.assertEqual((channel.ended, len(channel.crew.of(ACQUIRE))), (1, 1))
        self.assertEqual(signal.getsignal(signal.SIGTERM), before)
