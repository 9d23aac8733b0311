import asyncio
import base64
import inspect
import io
import json
import threading
from collections.abc import Iterable
from typing import Any, cast

from crew_sdk import Attempt, RateLimited, Task, Worker, long_worker, worker

from .fake_crew import DEADLINE_SECONDS, FakeCrew
from .test_worker import Quiet

BODY = b'{"taskId":"t1","input":"a"}'


@worker
def echo(task: Task) -> Any:
    return [task.input, task.delivery_id, task.timeout_seconds]


@worker
def limited(task: Task) -> None:
    raise RateLimited(5)


ECHOED = {"output": ["a", "d1", 9.0]}


class Wsgi(Quiet):
    def call(self, asked: Worker, **environ: Any) -> tuple[str, dict[str, str], bytes, Iterable[bytes]]:
        started: list[Any] = []
        given = {
            "REQUEST_METHOD": "POST",
            "CONTENT_LENGTH": str(len(BODY)),
            "HTTP_WEBHOOK_ID": "d1",
            "HTTP_CREW_TIMEOUT": "9",
            "wsgi.input": io.BytesIO(BODY),
            **environ,
        }
        chunks = asked.wsgi(given, lambda status, headers: started.append((status, dict(headers))))
        [(status, headers)] = started
        return status, headers, b"".join(chunks), chunks

    def test_a_request_is_answered(self) -> None:
        status, headers, body, _ = self.call(echo)
        self.assertEqual((status, json.loads(body)), ("200 OK", ECHOED))
        self.assertEqual(headers, {"content-type": "application/json", "content-length": str(len(body))})

    def test_a_rate_limit_has_its_header(self) -> None:
        status, headers, _, _ = self.call(limited)
        self.assertEqual((status, headers["retry-after"]), ("429 Too Many Requests", "5"))

    def test_a_body_without_a_length_is_read_where_the_server_ends_it(self) -> None:
        self.assertEqual(self.call(echo, **{"CONTENT_LENGTH": "", "wsgi.input_terminated": True})[0], "200 OK")
        self.assertEqual(self.call(echo, CONTENT_LENGTH="")[0], "400 Bad Request")

    def test_a_body_over_the_limit_is_read_no_further(self) -> None:
        body = io.BytesIO(b"x" * 100)
        status, *_ = self.call(worker(max_body_bytes=10)(echo.handler), **{"CONTENT_LENGTH": "100", "wsgi.input": body})
        self.assertTrue(status.startswith("413 "))
        self.assertEqual(body.tell(), 11)

    def test_accepted_work_begins_when_the_answer_was_sent(self) -> None:
        began = threading.Event()
        accepting = long_worker(lambda task, attempt: began.set())
        with FakeCrew() as crew:
            callback = {"url": f"{crew.url}/attempt/x", "token": "x"}
            body = json.dumps({"taskId": "t1", "callback": callback}).encode()
            status, _, _, chunks = self.call(
                accepting, **{"CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)}
            )
            self.assertEqual((status, began.is_set()), ("202 Accepted", False))
            cast(Any, chunks).close()
            crew.arrived("/complete")
            self.assertTrue(accepting.drain(DEADLINE_SECONDS))


class Asgi(Quiet):
    def call(self, asked: Worker, *messages: dict[str, Any], kind: str = "http") -> list[dict[str, Any]]:
        sent: list[Any] = []
        given = iter(messages or [{"type": "http.request", "body": BODY}])
        scope = {"type": kind, "method": "POST", "headers": [(b"webhook-id", b"d1"), (b"crew-timeout", b"9")]}

        async def receive() -> Any:
            return next(given)

        async def send(message: Any) -> None:
            sent.append(message)

        asyncio.run(asked.asgi(scope, receive, send))
        return sent

    def test_a_request_is_answered(self) -> None:
        start, body = self.call(echo)
        self.assertEqual((start["status"], json.loads(body["body"])), (200, ECHOED))
        self.assertIn((b"content-length", str(len(body["body"])).encode()), start["headers"])

    def test_a_body_comes_in_parts(self) -> None:
        parts: list[dict[str, Any]] = [
            {"type": "http.request", "body": BODY[:5], "more_body": True},
            {"type": "http.request", "body": BODY[5:]},
        ]
        self.assertEqual(self.call(echo, *parts)[0]["status"], 200)

    def test_a_body_over_the_limit_is_read_no_further(self) -> None:
        endless = [{"type": "http.request", "body": b"x" * 8, "more_body": True}] * 2
        self.assertEqual(self.call(worker(max_body_bytes=10)(echo.handler), *endless)[0]["status"], 413)

    def test_a_client_that_leaves_is_not_answered(self) -> None:
        self.assertEqual(self.call(echo, {"type": "http.disconnect"}), [])

    def test_an_async_handler_runs_in_the_loop_and_another_one_beside_it(self) -> None:
        threads: list[threading.Thread] = []

        @worker
        async def inside(task: Task) -> None:
            await asyncio.sleep(0)
            threads.append(threading.current_thread())

        for asked in (inside, worker(lambda task: threads.append(threading.current_thread()))):
            self.assertEqual(self.call(asked)[0]["status"], 200)
        self.assertEqual([each is threading.main_thread() for each in threads], [True, False])

    def test_an_async_handler_fails_by_raising(self) -> None:
        @worker
        async def failing(task: Task) -> None:
            raise ValueError("no")

        self.assertEqual(json.loads(self.call(failing)[1]["body"]), {"error": "ValueError: no"})

    def test_a_server_that_starts_and_stops_is_answered(self) -> None:
        sent = self.call(echo, {"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}, kind="lifespan")
        self.assertEqual([each["type"] for each in sent], ["lifespan.startup.complete", "lifespan.shutdown.complete"])

    def test_it_is_a_function_by_which_servers_tell_the_version_of_asgi(self) -> None:
        self.assertTrue(inspect.isfunction(echo.asgi) and inspect.iscoroutinefunction(echo.asgi))

    def test_a_websocket_is_closed(self) -> None:
        self.assertEqual([each["type"] for each in self.call(echo, kind="websocket")], ["websocket.close"])


class Serverless(Quiet):
    def test_lambda_takes_every_version_of_an_event(self) -> None:
        headers = {"webhook-id": "d1", "crew-timeout": "9"}
        text = BODY.decode()
        events: list[dict[str, Any]] = [
            {"requestContext": {"http": {"method": "POST"}}, "headers": headers, "body": text},
            {
                "httpMethod": "POST",
                "headers": headers,
                "body": base64.b64encode(BODY).decode(),
                "isBase64Encoded": True,
            },
            {
                "httpMethod": "POST",
                "headers": None,
                "multiValueHeaders": {n: [v] for n, v in headers.items()},
                "body": text,
            },
        ]
        for event in events:
            answer = echo.lambda_handler(event, None)
            self.assertEqual((answer["statusCode"], json.loads(answer["body"])), (200, ECHOED))
        self.assertEqual(echo.lambda_handler({})["statusCode"], 405)
        self.assertEqual(echo.lambda_handler({"httpMethod": "POST", "body": None})["statusCode"], 400)

    def test_lambda_passes_any_text_on(self) -> None:
        event = {"httpMethod": "POST", "body": json.dumps({"taskId": "t", "input": "é😀"}, ensure_ascii=False)}
        self.assertEqual(json.loads(echo.lambda_handler(event)["body"])["output"][0], "é😀")

    def test_a_cloud_function_takes_a_request_of_flask(self) -> None:
        class Request:
            method = "POST"
            headers = {"Webhook-Id": "d1", "Crew-Timeout": "9"}

            def get_data(self) -> bytes:
                return BODY

        body, status, headers = echo.cloud_function(Request())
        self.assertEqual((status, headers, json.loads(body)), (200, {"content-type": "application/json"}, ECHOED))


class Attempts(Quiet):
    def test_an_async_handler_may_accept_under_asgi(self) -> None:
        async def run(attempt: Attempt) -> str:
            await asyncio.sleep(0)
            return attempt.task_id

        @worker
        async def accepting(task: Task) -> Any:
            return task.accept(run)

        with FakeCrew() as crew:
            callback = {"url": f"{crew.url}/attempt/x", "token": "x"}
            body = json.dumps({"taskId": "t1", "callback": callback}).encode()
            response = asyncio.run(accepting.handle_async("POST", {}, body))
            self.assertEqual((response.status, response.body), (202, b"{}"))
            self.assertEqual(crew.arrived("/complete")[0].body, {"output": "t1"})
            self.assertTrue(accepting.drain(DEADLINE_SECONDS))
