"""A client of Crew's API."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, Callable, Optional
from urllib.parse import quote

from .attempt import persist
from .exact_json import read_json, write_json
from .http_call import Call, CrewUnreachable, call
from .problem import problem_of

Json = dict[str, Any]

CALL_TIMEOUT_SECONDS = 30.0
# A server that is started again is back within this time.
_GIVE_UP_SECONDS = 30.0
_FIRST_POLL_SECONDS = 0.1
_MAX_POLL_SECONDS = 2.0
_POLL_FACTOR = 1.5
# Nothing moves any more unless somebody acts; an empty group has nothing to wait for.


class CrewClient:
    """Calls one server. Objects are what the API says, by its names; numbers keep every digit (`JsonFloat`).

    Every call raises `CrewProblem` for an answer that is no success, and `CrewUnreachable` when there is none. Calls that
    can do no harm twice, reads and those with an idempotency key, are tried again for half a minute before they do.
    """

    def __init__(
        self,
        url: str,
        token: Optional[str] = None,
        *,
        timeout_seconds: float = CALL_TIMEOUT_SECONDS,
        send: Call = call,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        self.url = url.rstrip("/")
        self.timeout_seconds = timeout_seconds
        self._token = token
        self._send = send
        self._wait = wait

    def calling_by(self, send: Call) -> CrewClient:
        """A client like this one whose calls go another way."""
        return CrewClient(self.url, self._token, timeout_seconds=self.timeout_seconds, send=send, wait=self._wait)

    @classmethod
    def login(cls, url: str, username: str, password: str) -> CrewClient:
        """A client with the token that the server gives for a password."""
        answer = cls(url).request("POST", "/login", {"username": username, "password": password})
        return cls(url, answer["token"])

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        idempotency_key: Optional[str] = None,
        timeout_seconds: Optional[float] = None,
    ) -> Any:
        """Any route: `client.request("GET", "/api/v1/workgroups")`. A body of None is none; the answer is read as JSON.

        With an `idempotency_key` the server does it once, however often it is asked, and gives the first answer again.
        """
        options: Any = {"idempotency_key": idempotency_key, "timeout_seconds": timeout_seconds}
        once = partial(self.request_once, method, path, body, **options)
        if method != "GET" and idempotency_key is None:
            return once()
        return persist(once, give_up_seconds=_GIVE_UP_SECONDS, wait=self._wait)

    def request_once(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        idempotency_key: Optional[str] = None,
        timeout_seconds: Optional[float] = None,
    ) -> Any:
        """The same, never tried again."""
        headers = {"accept": "application/json"}
        if self._token is not None:
            headers["authorization"] = f"Bearer {self._token}"
        if body is not None:
            headers["content-type"] = "application/json"
        if idempotency_key is not None:
            headers["idempotency-key"] = idempotency_key
        content = None if body is None else write_json(body)
        reply = self._send(method, self.url + path, content, headers, timeout_seconds or self.timeout_seconds)
        if not 200 <= reply.status < 300:
            raise problem_of(reply)
        try:
            return read_json(reply.body) if reply.body else None
        except ValueError:
            raise CrewUnreachable(f"{method} {path}: what answered {reply.status} is not Crew: no JSON") from None

    def create_group(self, name: str = "", *, idempotency_key: Optional[str] = None, **fields: Any) -> Json:
        """An empty group; `fields` as the API has them: `id`, `metadata`, `keyScope`, `isPaused` and so on."""
        return self._post("/api/v1/task_groups", {"name": name, **fields}, idempotency_key)

    def create_graph(
        self, name: str, tasks: Iterable[Mapping[str, Any]], *, idempotency_key: Optional[str] = None, **fields: Any
    ) -> Json:
        """A group with all its tasks, all or nothing, in any order; tasks are made by `new_task`."""
        body = {"name": name, **fields, "tasks": list(tasks)}
        return self._post("/api/v1/task_groups/graph", body, idempotency_key)

    def add_task(self, group_id: str, task: Mapping[str, Any], *, idempotency_key: Optional[str] = None) -> Json:
        """One task more."""
        return self._post(f"{_group(group_id)}/tasks", task, idempotency_key)

    def add_tasks(
        self, group_id: str, tasks: Iterable[Mapping[str, Any]], *, idempotency_key: Optional[str] = None
    ) -> Json:
        """Up to 10,000 tasks more, all or nothing."""
        return self._post(f"{_group(group_id)}/tasks/batch", {"tasks": list(tasks)}, idempotency_key)

    def get_group(self, group_id: str) -> Json:
        return self._get(_group(group_id))

    def get_task(self, task_id: str) -> Json:
        return self._get(_task(task_id))

    def why(self, task_id: str) -> Json:
        """What the task waits for: `{"state": …, "reasons": [{"code", "message", "until"?, "ref"?}]}`."""
        return self._get(f"{_task(task_id)}/why")

    def pause(self, group_id: str) -> Json:
        """When this returns, nothing of the group starts any more; attempts under way finish."""
        return self._post(f"{_group(group_id)}/pause", {})

    def resume(self, group_id: str, **fields: Any) -> Json:
        return self._post(f"{_group(group_id)}/resume", fields)

    def retry(self, group_id: str, **fields: Any) -> Json:
        """Gives every incomplete task of the group its attempts back (`remainingAttempts`), and those that failed start now."""
        return self._post(f"{_group(group_id)}/retry", fields)

    def reset(self, group_id: str, **fields: Any) -> Json:
        """Starts the group over: from its seeds, if it has any."""
        return self._post(f"{_group(group_id)}/reset", fields)

    def retry_task(self, task_id: str, **fields: Any) -> Json:
        return self._post(f"{_task(task_id)}/retry", fields)

    def reset_task(self, task_id: str, **fields: Any) -> Json:
        """As if it had never run; with `descendants=True` all that depends on it as well."""
        return self._post(f"{_task(task_id)}/reset", fields)

    def delete_group(self, group_id: str) -> Json:
        answer: Json = self.request("DELETE", _group(group_id))
        return answer

    def wait_for_group(self, group_id: str, timeout_seconds: Optional[float] = None) -> Json:
        """The group once it has ended, its `finally` included: its `state` is `succeeded`, or `failed` until somebody acts.

        Raises `TimeoutError` when that takes longer, which changes nothing for the group.
        """
        ends_at = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        delay = _FIRST_POLL_SECONDS
        while True:
            group = self.get_group(group_id)
            # An empty one would be waited for until somebody adds to it.
            if group["isSettled"] or group["state"] == "empty":
                return group
            if ends_at is not None and time.monotonic() + delay > ends_at:
                raise TimeoutError(f"group {group_id} is still {group['state']} after {timeout_seconds} s")
            self._wait(delay)
            delay = min(_MAX_POLL_SECONDS, delay * _POLL_FACTOR)

    def _get(self, path: str) -> Json:
        answer: Json = self.request("GET", path)
        return answer

    def _post(self, path: str, body: Mapping[str, Any], idempotency_key: Optional[str] = None) -> Json:
        answer: Json = self.request("POST", path, body, idempotency_key=idempotency_key)
        return answer


def _group(group_id: str) -> str:
    return f"/api/v1/task_group/{quote(group_id, safe='')}"


def _task(task_id: str) -> str:
    return f"/api/v1/task/{quote(task_id, safe='')}"
