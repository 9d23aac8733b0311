import json
import threading
from typing import Any, Optional

from crew_sdk import (
    Answer,
    Attempt,
    Callback,
    CrewProblem,
    CrewUnreachable,
    NonRetryable,
    RateLimited,
    Response,
    Superseded,
    Task,
    Worker,
    child,
    long_worker,
    worker,
)

from crew_sdk.http_call import Reply

from .fake_crew import DEADLINE_SECONDS, FakeCrew, Told, problem
from .test_worker import Quiet

SUPERSEDED = problem(409, "attempt_superseded", detail="The task was reset.")


def push(to: Worker, crew: FakeCrew, timeout_seconds: float = 60) -> Response:
    callback = {"url": f"{crew.url}/api/v1/attempt/secret-token", "token": "secret-token"}
    body = json.dumps({"taskId": "t1", "input": 7, "callback": callback}).encode()
    return to.handle("POST", {"crew-timeout": str(timeout_seconds)}, body)


class LongWorkers(Quiet):
    def drained(self, asked: Worker) -> None:
        self.assertTrue(asked.drain(DEADLINE_SECONDS))

    def test_the_task_is_accepted_and_completed_later(self) -> None:
        may_end = threading.Event()

        @long_worker
        def train(task: Task, attempt: Attempt) -> Answer:
            """Trains."""
            attempt.heartbeat(progress=0.5, message="half", logs=["a", "b"])
            may_end.wait(DEADLINE_SECONDS)
            return Answer({"loss": task.input}, children=[child("report")])

        with FakeCrew() as crew:
            self.assertEqual(push(train, crew)[::2], (202, b"{}"))
            [beat] = crew.arrived("/api/v1/attempt/secret-token/heartbeat")
            self.assertEqual(beat.body, {"progress": 0.5, "message": "half", "logs": ["a", "b"]})
            self.assertNotIn("authorization", beat.headers)
            self.assertEqual(crew.of("/complete"), [])
            may_end.set()
            [end] = crew.arrived("/complete")
            self.assertEqual(end.body, {"output": {"loss": 7}, "children": [{"worker": "report"}]})
            self.drained(train)
        self.assertEqual([train.__name__, train.__doc__], ["train", "Trains."])

    def test_heartbeats_come_by_themselves_until_it_ends(self) -> None:
        with FakeCrew() as crew:
            waiting = long_worker(lambda task, attempt: crew.arrived("/heartbeat", 3) and None)
            push(waiting, crew, timeout_seconds=0.15)
            crew.arrived("/complete")
            self.drained(waiting)
            self.assertEqual(crew.of("/heartbeat")[0].body, {})

    def test_heartbeats_come_as_often_as_the_server_asks(self) -> None:
        granted = {"success": True, "leaseUntil": "2026-11-22T10:00:00.150Z"}
        with FakeCrew(lambda asked: Told(200, granted, {"Date": "Sun, 22 Nov 2026 10:00:00 GMT"})) as crew:

            @long_worker
            def waiting(task: Task, attempt: Attempt) -> None:
                attempt.heartbeat()
                crew.arrived("/heartbeat", 4)

            push(waiting, crew, timeout_seconds=3600)
            crew.arrived("/complete")
            self.drained(waiting)

    def test_what_is_too_long_for_a_heartbeat_is_cut(self) -> None:
        with FakeCrew() as crew:
            Attempt.of(crew.task()).heartbeat(
                message="m" * 5000, logs=[*("old" for _ in range(9)), *["l" * 5000] * 100]
            )
        told = crew.asked[0].body
        self.assertEqual((len(told["message"]), {len(line) for line in told["logs"]}), (1000, {2000}))
        self.assertEqual(len(told["logs"]), 100)

    def test_an_exception_is_told_as_a_failure(self) -> None:
        errors: list[tuple[Exception, dict[str, Any]]] = [
            (ValueError("no"), {"error": "ValueError: no"}),
            (NonRetryable("never"), {"error": "never", "retryable": False}),
            (RateLimited(9, "w"), {"error": "rate limited for 9 s", "rateLimited": True, "workgroupDelayInSeconds": 9, "workgroup": "w"}),
        ]
        for error, expected in errors:

            def run(attempt: Attempt) -> None:
                raise error

            accepting = worker(lambda task: task.accept(run))
            with FakeCrew() as crew:
                push(accepting, crew)
                [end] = crew.arrived("/fail")
                self.assertEqual(end.body, expected)
                self.drained(accepting)

    def test_what_a_handler_raises_is_its_failure_whatever_it_is(self) -> None:
        for error in (CrewUnreachable("another server"), CrewProblem(401, "unauthorized", "No."), SystemExit(3), KeyboardInterrupt()):

            def run(task: Task, attempt: Attempt) -> None:
                raise error

            failing = long_worker(run)
            with self.subTest(error), FakeCrew() as crew:
                push(failing, crew)
                self.drained(failing)
                [end] = crew.of("/fail")
                self.assertIn(type(error).__name__, end.body["error"])

    def test_an_answer_that_is_refused_is_told_as_a_failure(self) -> None:
        def respond(asked: Any) -> Told:
            fault = {"pointer": "/children/0/worker", "detail": "expected a name"}
            return Told() if asked.path.endswith("/fail") else problem(422, "invalid_request", errors=[fault])

        for result in (1, object()):
            telling = long_worker(lambda task, attempt: result)
            with FakeCrew(respond) as crew:
                push(telling, crew)
                [end] = crew.arrived("/fail")
                self.assertRegex(end.body["error"], "/children/0/worker: expected a name|of type object")
                self.drained(telling)

    def test_a_superseded_attempt_stops_and_says_nothing_more(self) -> None:
        stopped = threading.Event()

        @long_worker
        def endless(task: Task, attempt: Attempt) -> None:
            try:
                while True:
                    attempt.heartbeat()
            finally:
                stopped.set()

        with FakeCrew(lambda asked: SUPERSEDED if len(asked_so_far) > 2 else Told()) as crew:
            asked_so_far = crew.asked
            push(endless, crew)
            self.assertTrue(stopped.wait(DEADLINE_SECONDS))
            self.drained(endless)
            self.assertEqual(crew.of("/complete") + crew.of("/fail"), [])

    def test_a_loop_that_tells_nothing_can_see_that_it_was_superseded(self) -> None:
        @long_worker
        def silent(task: Task, attempt: Attempt) -> None:
            while not attempt.is_superseded:
                pass

        with FakeCrew(lambda asked: SUPERSEDED) as crew:
            push(silent, crew, timeout_seconds=0.15)
            self.drained(silent)
            self.assertEqual(len(crew.of("/complete")), 1)

    def test_over_its_limit_the_next_one_is_asked_to_come_again(self) -> None:
        may_end = threading.Event()
        one = long_worker(max_running=1)(lambda task, attempt: may_end.wait(DEADLINE_SECONDS))
        with FakeCrew() as crew:
            self.assertEqual(push(one, crew).status, 202)
            busy = push(one, crew)
            self.assertEqual((busy.status, busy.headers["retry-after"]), (503, "1"))
            may_end.set()
            self.drained(one)
            self.assertEqual(push(one, crew).status, 202)
            self.drained(one)

    def test_without_a_callback_nothing_is_accepted(self) -> None:
        for callback in [None, 1, {}, {"url": "file:///etc/passwd", "token": ""}]:
            body = json.dumps({"taskId": "t1", "callback": callback}).encode()
            response = long_worker(lambda task, attempt: 1).handle("POST", {}, body)
            self.assertEqual(response.status, 200)
            self.assertIn("without a callback", json.loads(response.body)["error"])


class Attempts(Quiet):
    def attempt(self, crew: FakeCrew, waits: list[float]) -> Attempt:
        callback = crew.task().callback
        assert callback is not None
        return Attempt(callback, task_id="t1", timeout_seconds=60, wait=waits.append)

    def test_an_end_is_told_again_while_the_server_is_away(self) -> None:
        waits: list[float] = []
        answers = iter([Told(503, b""), Told(502, b"<html>"), problem(503, "shutting_down"), Told()])
        with FakeCrew(lambda asked: next(answers)) as crew:
            self.attempt(crew, waits).complete({"a": 1})
            self.assertEqual([each.body for each in crew.of("/complete")], [{"output": {"a": 1}}] * 4)
        self.assertEqual(len(waits), 3)
        self.assertTrue(all(0 < each <= 1 for each in waits), waits)

    def test_retry_after_is_obeyed(self) -> None:
        waits: list[float] = []
        answers = iter([Told(429, b"", {"Retry-After": "7"}), Told()])
        with FakeCrew(lambda asked: next(answers)) as crew:
            self.attempt(crew, waits).fail("no")
            self.assertEqual([each.body for each in crew.of("/fail")], [{"error": "no"}] * 2)
        self.assertEqual(waits, [7])

    def test_a_server_that_stays_away_is_given_up(self) -> None:
        with FakeCrew() as crew:
            attempt = self.attempt(crew, [])
        callback = crew.task().callback
        assert callback is not None
        clock = iter(range(0, 10_000, 10))
        from crew_sdk.attempt import persist

        with self.assertRaises(CrewUnreachable) as caught:
            persist(
                lambda: attempt._post("complete", {}),
                give_up_seconds=60,
                wait=lambda _: None,
                clock=lambda: next(clock),
            )
        self.assertNotIn("secret-token", str(caught.exception))

    def test_what_is_refused_is_not_told_again(self) -> None:
        with FakeCrew(lambda asked: problem(413, "body_too_large", detail="Less.")) as crew:
            with self.assertRaises(CrewProblem) as caught:
                self.attempt(crew, []).complete(1)
            self.assertEqual((caught.exception.code, len(crew.asked)), ("body_too_large", 1))

    def test_a_token_that_is_not_known_supersedes_but_a_404_of_a_proxy_does_not(self) -> None:
        answers = iter([Told(404, b"<html>"), problem(404, "attempt_not_found", detail="No.")])
        with FakeCrew(lambda asked: next(answers)) as crew:
            attempt = self.attempt(crew, [])
            attempt.heartbeat()
            self.assertFalse(attempt.is_superseded)
            with self.assertRaises(Superseded):
                attempt.heartbeat()
            self.assertTrue(attempt.is_superseded)

    def test_a_heartbeat_that_does_not_get_through_stops_nothing(self) -> None:
        with FakeCrew() as crew:
            attempt = self.attempt(crew, [])
            attempt.heartbeat(progress=7)
            self.assertEqual(crew.asked[0].body, {"progress": 1.0})
        attempt.heartbeat(message="nobody hears this")

    def test_a_heartbeat_that_was_lost_is_followed_by_another_within_the_lease(self) -> None:
        """One that hangs until it is given up leaves time for a second one."""
        waits, timeouts, gave_up = Waits(4), list[float](), CrewUnreachable("timed out")
        answers = iter([gave_up, gave_up, Reply(200, {}, b"{}")])

        def send(method: str, url: str, body: Any, headers: Any, timeout_seconds: float) -> Reply:
            timeouts.append(timeout_seconds)
            answer = next(answers)
            if isinstance(answer, Exception):
                raise answer
            return answer

        attempt = Attempt(Callback("http://crew", ""), timeout_seconds=18, send=send)
        attempt._kept = waits
        with attempt.kept_alive():
            self.assertTrue(waits.are_over.wait(DEADLINE_SECONDS))
        self.assertEqual((waits.asked[:4], timeouts), ([6, 2, 2, 6], [6, 6, 6]))

    def test_a_heartbeat_is_given_up_after_ten_seconds_however_long_the_lease_is(self) -> None:
        timeouts: list[float] = []

        def send(method: str, url: str, body: Any, headers: Any, timeout_seconds: float) -> Reply:
            timeouts.append(timeout_seconds)
            return Reply(200, {}, b"{}")

        Attempt(Callback("http://crew", ""), timeout_seconds=3600, send=send).heartbeat()
        self.assertEqual(timeouts, [10])


class Waits(threading.Event):
    """Time passes at once, so many times, and what was waited for is noted."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.asked: list[float] = []
        self.are_over = threading.Event()
        self._number = number

    def wait(self, timeout: Optional[float] = None) -> bool:
        assert timeout is not None
        self.asked.append(timeout)
        if len(self.asked) < self._number:
            return False
        self.are_over.set()
        return super().wait(DEADLINE_SECONDS)
