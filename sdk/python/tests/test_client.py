import unittest
from datetime import datetime, timedelta, timezone
from typing import Any, Callable

from crew_sdk import CrewClient, CrewProblem, CrewUnreachable, Fault, new_task, read_json

from .fake_crew import Asked, FakeCrew, Told, problem


def group(state: str, is_last_task_done: bool = True) -> dict[str, Any]:
    return {"state": state, "isSettled": state in ("succeeded", "failed") and is_last_task_done}


class Clients(unittest.TestCase):
    def client(self, crew: FakeCrew) -> CrewClient:
        self.waits: list[float] = []
        return CrewClient(crew.url + "/", "the-token", wait=self.waits.append)

    def test_every_call_is_at_its_route_with_the_token(self) -> None:
        with FakeCrew(lambda asked: Told(200, group("succeeded"))) as crew:
            client = self.client(crew)
            task = new_task("w", 1)
            runs: list[Callable[[], Any]] = [
                lambda: client.create_group("n", keyScope="worker"),
                lambda: client.create_graph("n", [task], metadata={"a": "b"}),
                lambda: client.add_task("g/1", task),
                lambda: client.add_tasks("g", [task]),
                lambda: client.get_group("g"),
                lambda: client.get_task("t"),
                lambda: client.why("t"),
                lambda: client.pause("g"),
                lambda: client.resume("g", spreadSeconds=5),
                lambda: client.retry("g", remainingAttempts=2),
                lambda: client.reset("g"),
                lambda: client.retry_task("t"),
                lambda: client.reset_task("t", descendants=True),
                lambda: client.delete_group("g"),
                lambda: client.wait_for_group("g"),
                lambda: client.request("GET", "/api/v1/workgroups?page=2"),
            ]
            for run in runs:
                run()
        sent = {"worker": "w", "input": 1}
        self.assertEqual(
            [(each.method, each.path, each.body) for each in crew.asked],
            [
                ("POST", "/api/v1/task_groups", {"name": "n", "keyScope": "worker"}),
                ("POST", "/api/v1/task_groups/graph", {"name": "n", "metadata": {"a": "b"}, "tasks": [sent]}),
                ("POST", "/api/v1/task_group/g%2F1/tasks", sent),
                ("POST", "/api/v1/task_group/g/tasks/batch", {"tasks": [sent]}),
                ("GET", "/api/v1/task_group/g", None),
                ("GET", "/api/v1/task/t", None),
                ("GET", "/api/v1/task/t/why", None),
                ("POST", "/api/v1/task_group/g/pause", {}),
                ("POST", "/api/v1/task_group/g/resume", {"spreadSeconds": 5}),
                ("POST", "/api/v1/task_group/g/retry", {"remainingAttempts": 2}),
                ("POST", "/api/v1/task_group/g/reset", {}),
                ("POST", "/api/v1/task/t/retry", {}),
                ("POST", "/api/v1/task/t/reset", {"descendants": True}),
                ("DELETE", "/api/v1/task_group/g", None),
                ("GET", "/api/v1/task_group/g", None),
                ("GET", "/api/v1/workgroups?page=2", None),
            ],
        )
        self.assertEqual({each.headers["authorization"] for each in crew.asked}, {"Bearer the-token"})

    def test_a_login_gives_a_client_with_its_token(self) -> None:
        with FakeCrew(lambda asked: Told(200, {"token": "fresh"})) as crew:
            CrewClient.login(crew.url, "admin", "secret").get_task("t")
        self.assertEqual(crew.asked[0].body, {"username": "admin", "password": "secret"})
        self.assertNotIn("authorization", crew.asked[0].headers)
        self.assertEqual(crew.asked[1].headers["authorization"], "Bearer fresh")

    def test_a_refusal_is_a_problem_with_its_code_and_faults(self) -> None:
        fault = {"pointer": "/tasks/0/worker", "detail": "expected a name"}
        refusal = problem(422, "invalid_request", detail="Some fields are wrong.", errors=[fault])
        with FakeCrew(lambda asked: refusal) as crew, self.assertRaises(CrewProblem) as caught:
            self.client(crew).create_graph("n", [])
        told = caught.exception
        self.assertEqual((told.status, told.code, told.detail), (422, "invalid_request", "Some fields are wrong."))
        self.assertEqual(told.errors, (Fault("/tasks/0/worker", "expected a name"),))
        self.assertEqual(str(told), "422 invalid_request: Some fields are wrong.; /tasks/0/worker: expected a name")

    def test_an_answer_of_a_proxy_is_a_problem_too(self) -> None:
        for status, body in [(404, b"<html>nothing here"), (400, b"[1]"), (401, b'{"code":5}'), (400, b"\xff")]:
            with (
                FakeCrew(lambda asked: Told(status, body)) as crew,
                self.assertRaises(CrewProblem) as caught,
            ):
                self.client(crew).pause("g")
            self.assertEqual((caught.exception.status, caught.exception.code), (status, f"http_{status}"))

    def test_an_answer_that_is_cut_short_is_none(self) -> None:
        for part in (b"", b'{"_id":', b'{"_id": "t"}'):
            cut = Told(200, part, {"content-length": str(len(part) + 5)})
            with self.subTest(part), FakeCrew(lambda asked: cut) as crew, self.assertRaises(CrewUnreachable):
                self.client(crew).pause("g")

    def test_a_page_of_whatever_stands_between_is_no_answer(self) -> None:
        with FakeCrew(lambda asked: Told(200, b"<html>log in")) as crew, self.assertRaises(CrewUnreachable):
            self.client(crew).pause("g")

    def test_a_redirect_is_not_followed(self) -> None:
        with FakeCrew(lambda asked: Told(302, b"", {"Location": "/elsewhere"})) as crew:
            with self.assertRaises(CrewProblem):
                self.client(crew).get_task("t")
            self.assertEqual([each.path for each in crew.asked], ["/api/v1/task/t"])

    def test_reads_and_creations_with_a_key_are_tried_again_and_nothing_else_is(self) -> None:
        cases: list[tuple[Callable[[CrewClient], Any], int]] = [
            (lambda client: client.get_group("g"), 3),
            (lambda client: client.create_group("n", idempotency_key="k"), 3),
            (lambda client: client.create_group("n"), 1),
            (lambda client: client.delete_group("g"), 1),
        ]
        for run, times in cases:
            answers = iter([problem(503, "storage"), problem(409, "idempotency_key_in_use"), Told(200, {"id": "g"})])
            with FakeCrew(lambda asked: next(answers)) as crew:
                try:
                    self.assertEqual(run(self.client(crew)), {"id": "g"})
                except CrewProblem as refusal:
                    self.assertEqual((refusal.status, times), (503, 1))
                self.assertEqual((len(crew.asked), len(self.waits)), (times, times - 1))
                if times == 3 and crew.asked[0].method == "POST":
                    self.assertEqual({each.headers["idempotency-key"] for each in crew.asked}, {"k"})

    def test_no_server_is_said_with_its_host(self) -> None:
        with FakeCrew() as crew:
            client = self.client(crew)
        with self.assertRaises(CrewUnreachable) as caught:
            client.pause("g")
        self.assertIn(crew.url.split("//")[1], str(caught.exception))

    def test_waiting_ends_when_nothing_moves_any_more(self) -> None:
        for end in ["succeeded", "failed", "empty"]:
            states = iter(["active", "paused", end])
            with FakeCrew(lambda asked: Told(200, group(next(states)))) as crew:
                self.assertEqual(self.client(crew).wait_for_group("g")["state"], end)
            self.assertEqual(len(self.waits), 2)

    def test_waiting_goes_on_while_the_last_task_of_the_group_runs(self) -> None:
        looks = iter([group("succeeded", False), group("active"), group("succeeded")])
        with FakeCrew(lambda asked: Told(200, next(looks))) as crew:
            self.assertTrue(self.client(crew).wait_for_group("g")["isSettled"])
        self.assertEqual(len(self.waits), 2)

    def test_waiting_has_an_end(self) -> None:
        with FakeCrew(lambda asked: Told(200, group("active"))) as crew, self.assertRaises(TimeoutError) as caught:
            self.client(crew).wait_for_group("g", timeout_seconds=0)
        self.assertIn("still active", str(caught.exception))

    def test_numbers_keep_every_digit_both_ways(self) -> None:
        exact = b'{"input":[0.10000000000000000001,123456789012345678901234567890]}'
        bodies: list[Any] = []

        def respond(asked: Asked) -> Told:
            bodies.append(asked.body)
            return Told(200, exact)

        with FakeCrew(respond) as crew:
            client = self.client(crew)
            task = client.get_task("t")
            self.assertEqual(task["input"][0].literal, "0.10000000000000000001")
            client.add_task("g", new_task("w", task["input"]))
        self.assertEqual(bodies[1]["input"][1], 123456789012345678901234567890)


class NewTasks(unittest.TestCase):
    def test_a_task_has_the_names_of_the_api_and_nothing_that_was_left_out(self) -> None:
        self.assertEqual(new_task("w"), {"worker": "w"})
        at = datetime(2026, 11, 22, 10, tzinfo=timezone(timedelta(hours=1)))
        given = new_task("w", [], id="a", parent_ids=("b",), run_after=at, remaining_attempts=0, is_seed=False)
        self.assertEqual(
            given,
            {
                "worker": "w",
                "input": [],
                "id": "a",
                "parentIds": ["b"],
                "remainingAttempts": 0,
                "runAfter": "2026-11-22T10:00:00+01:00",
                "isSeed": False,
            },
        )

    def test_a_time_without_a_zone_is_refused(self) -> None:
        with self.assertRaises(ValueError):
            new_task("w", run_after=datetime(2026, 11, 22))

    def test_an_input_of_the_server_can_be_given_again(self) -> None:
        self.assertEqual(new_task("w", read_json("1.50"))["input"], 1.5)
