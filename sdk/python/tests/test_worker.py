import json
import logging
import time
import unittest
from typing import Any, Optional

from crew_sdk import Answer, NonRetryable, RateLimited, Response, RetryAfter, Task, Worker, child, long_worker, sign, worker

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

HEADERS = {"Crew-Timeout": "7.5", "Crew-Attempt": "2", "webhook-id": "delivery-1", "Content-Type": "application/json"}
BODY = {
    "input": {"to": "ada"},
    "worker": "mail/send",
    "parents": [{"taskId": "p", "worker": "fetch", "input": 1, "output": [2]}],
    "taskId": "t1",
    "taskGroupId": "g1",
    "name": "Mail",
    "attempt": 2,
    "remainingAttempts": 4,
    "workgroup": "smtp",
    "key": "k",
    "metadata": {"team": "a"},
    "callback": {"url": "http://127.0.0.1:1/api/v1/attempt/x", "token": "x"},
}


def ask(asked: Worker, headers: Optional[dict[str, str]] = None, body: Any = BODY, method: str = "POST") -> Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return asked.handle(method, {**HEADERS, **(headers or {})}, content)


def told(response: Response) -> tuple[int, Any]:
    return response.status, json.loads(response.body)


def outcome_of(error: Exception) -> tuple[int, Any]:
    @worker
    def handler(task: Task) -> None:
        raise error

    return told(ask(handler))


class Quiet(unittest.TestCase):
    def setUp(self) -> None:
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)


class Tasks(Quiet):
    def test_a_handler_gets_all_of_its_task(self) -> None:
        tasks: list[Task] = []
        ask(worker(lambda task: tasks.append(task)))
        [task] = tasks
        self.assertEqual(
            [
                task.input,
                task.task_id,
                task.task_group_id,
                task.name,
                task.worker,
                task.attempt,
                task.remaining_attempts,
            ],
            [{"to": "ada"}, "t1", "g1", "Mail", "mail/send", 2, 4],
        )
        self.assertEqual(
            [task.workgroup, task.key, task.metadata, task.delivery_id, task.timeout_seconds],
            ["smtp", "k", {"team": "a"}, "delivery-1", 7.5],
        )
        [parent] = task.parents
        self.assertEqual([parent.task_id, parent.worker, parent.input, parent.output], ["p", "fetch", 1, [2]])

    def test_a_task_shows_no_token(self) -> None:
        shown: list[str] = []
        secret = {"url": "http://crew/api/v1/attempt/very-secret", "token": "very-secret"}
        ask(worker(lambda task: shown.append(repr(task))), body={**BODY, "callback": secret})
        self.assertNotIn("very-secret", shown[0])

    def test_what_is_missing_has_a_default(self) -> None:
        tasks: list[Task] = []
        response = worker(lambda task: tasks.append(task)).handle("post", {}, b'{"taskId":"t1"}')
        self.assertEqual(response.status, 200)
        self.assertEqual(tasks, [Task(task_id="t1")])


class Outcomes(Quiet):
    def test_what_is_returned_is_the_output(self) -> None:
        self.assertEqual(told(ask(worker(lambda task: [task.input, 1]))), (200, {"output": [{"to": "ada"}, 1]}))
        self.assertEqual(told(ask(worker(lambda task: None))), (200, {}))
        self.assertEqual(told(ask(worker(lambda task: False))), (200, {"output": False}))

    def test_numbers_pass_through_a_handler_with_all_their_digits(self) -> None:
        body = b'{"taskId":"t","input":{"big":123456789012345678901234567890,"exact":0.10000000000000000001,"e":1E400}}'
        response = ask(worker(lambda task: task.input), body=body)
        self.assertEqual(response.body, b'{"output":' + body[len(b'{"taskId":"t","input":') :])

    def test_an_answer_says_children_and_delays(self) -> None:
        answer = Answer(
            1,
            children=[child("a", 2, local_id="x"), child("b", parent_ids=["x"], workgroup="w")],
            workgroup_delay_in_seconds=2.5,
            children_delay_in_seconds=3,
            workgroup="w",
        )
        expected = {
            "output": 1,
            "children": [
                {"worker": "a", "input": 2, "_child_id": "x"},
                {"worker": "b", "parentIds": ["x"], "workgroup": "w"},
            ],
            "workgroupDelayInSeconds": 2.5,
            "childrenDelayInSeconds": 3,
            "workgroup": "w",
        }
        self.assertEqual(told(ask(worker(lambda task: answer))), (200, expected))

    def test_an_exception_is_a_failure_with_its_message_and_no_traceback(self) -> None:
        self.assertEqual(outcome_of(ValueError("no such address")), (200, {"error": "ValueError: no such address"}))
        self.assertEqual(outcome_of(KeyError("x")), (200, {"error": "KeyError: 'x'"}))
        self.assertEqual(outcome_of(AssertionError()), (200, {"error": "AssertionError"}))
        self.assertEqual(len(outcome_of(ValueError("x" * 10_000))[1]["error"]), 4096)

    def test_a_rate_limit_is_a_429_that_says_how_long_and_who(self) -> None:
        @worker
        def handler(task: Task) -> None:
            raise RateLimited(1.5, workgroup="smtp")

        response = ask(handler)
        fields = {"error": "rate limited for 1.5 s", "rateLimited": True, "workgroupDelayInSeconds": 1.5, "workgroup": "smtp"}
        self.assertEqual(told(response), (429, fields))
        self.assertEqual(response.headers["retry-after"], "2")
        self.assertEqual(outcome_of(RateLimited()), (429, {"error": "rate limited", "rateLimited": True}))

    def test_failures_say_whether_and_when_to_try_again(self) -> None:
        self.assertEqual(outcome_of(NonRetryable("gone")), (200, {"error": "gone", "retryable": False}))
        self.assertEqual(outcome_of(RetryAfter(3, "later")), (200, {"error": "later", "retryAfterSeconds": 3}))
        self.assertEqual(
            outcome_of(RetryAfter(0)), (200, {"error": "to be tried again in 0 s", "retryAfterSeconds": 0})
        )

    def test_an_output_that_is_no_json_is_a_failure_that_names_its_place(self) -> None:
        status, fields = told(ask(worker(lambda task: {"a": object()})))
        self.assertEqual(status, 200)
        self.assertIn("/output/a is of type object", fields["error"])

    def test_an_async_handler_runs_without_an_event_loop_around_it(self) -> None:
        @worker
        async def handler(task: Task) -> str:
            return task.name

        self.assertEqual(told(ask(handler)), (200, {"output": "Mail"}))

    def test_the_decorated_function_can_be_called_as_it_is(self) -> None:
        @worker(secret=SECRET)
        def handler(task: Task) -> Any:
            """What it does."""
            return task.input

        self.assertEqual(handler(Task(input=7)), 7)
        self.assertEqual([handler.__name__, handler.__doc__], ["handler", "What it does."])


class Admission(Quiet):
    def test_only_a_post_is_taken(self) -> None:
        response = ask(worker(lambda task: 1), method="GET")
        self.assertEqual((response.status, response.headers["allow"]), (405, "POST"))

    def test_what_is_no_task_is_refused(self) -> None:
        for body in [
            b"",
            b"{",
            b"[]",
            b"1",
            b'{"taskId":1}',
            b'{"taskId":"t","parents":[1]}',
            b'{"taskId":"t","attempt":{}}',
            b"\xff",
            b"[" * 100_000,
        ]:
            self.assertEqual(ask(worker(lambda task: 1), body=body).status, 400)

    def test_a_body_over_the_limit_is_refused(self) -> None:
        self.assertEqual(ask(worker(max_body_bytes=10)(lambda task: 1)).status, 413)

    def test_without_the_right_authorization_the_handler_is_not_called(self) -> None:
        called: list[Task] = []
        guarded = worker(authorization=["Bearer new", "Bearer old"])(called.append)
        for given in [{}, {"Authorization": "Bearer"}, {"Authorization": "bearer new"}, {"Authorization": "ü"}]:
            self.assertEqual(ask(guarded, given).status, 401)
        self.assertEqual(called, [])
        for given in [{"authorization": "Bearer new"}, {"AUTHORIZATION": "Bearer old"}]:
            self.assertEqual(ask(guarded, given).status, 200)

    def test_without_a_signature_the_handler_is_not_called(self) -> None:
        called: list[Task] = []
        guarded = worker(secret=SECRET)(called.append)
        content = json.dumps(BODY).encode()
        self.assertEqual(ask(guarded, body=content).status, 401)
        at = int(time.time())
        signed = {"webhook-timestamp": str(at), "webhook-signature": sign(SECRET, "delivery-1", at, content)}
        self.assertEqual(ask(guarded, signed, content + b" ").status, 401)
        self.assertEqual(called, [])
        self.assertEqual(ask(guarded, signed, content).status, 200)

    def test_an_empty_secret_or_authorization_is_an_error_and_no_open_door(self) -> None:
        wrong: list[dict[str, Any]] = [
            {"secret": ""},
            {"secret": []},
            {"authorization": ""},
            {"authorization": []},
            {"secret": "x"},
            {"secret": None},
            {"secret": [None]},
            {"authorization": None},
            {"authorization": [None]},
        ]
        for options in wrong:
            for decorator in (worker, long_worker):
                with self.subTest(options), self.assertRaises(ValueError):
                    decorator(**options)(print)
