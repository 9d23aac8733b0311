"""A worker that Crew POSTs to: from a request to an answer, whatever server or cloud carries them."""

from __future__ import annotations

import asyncio
import functools
import hmac
import inspect
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from enum import Enum
from typing import Any, Callable, Optional, Union

from . import asgi, serverless, wsgi
from .answer import answer_fields
from .attempt import Attempt
from .exact_json import read_json
from .response import FULL, Prepared, Refusal, Response, failed, json_response, refused, settled
from .running import Runner, resolved
from .signature import Secrets, SignatureError, secret_keys, verify_signature
from .task import Accepted, BadRequest, Task, task_of_request

Handler = Callable[[Task], Any]


class Anyone(Enum):
    """What stands where no secret was given. None does not: it may come of an environment variable that is misspelt."""

    ANYONE = "anyone"


ANYONE = Anyone.ANYONE
GivenSecrets = Union[Secrets, Anyone]
Authorization = Union[str, Sequence[str], Anyone]

# A task may have many parents with outputs of some MiB each; beyond this something is wrong.
MAX_BODY_BYTES = 64 * 1024 * 1024
# Threads that mostly wait for others; work that needs a core each wants fewer.
MAX_RUNNING = 64


class Worker:
    """A handler with all that stands between it and HTTP.

    `secret` (one or several, `whsec_…`): only requests that Crew has signed with one of them get through.
    `authorization`: only those whose Authorization header is exactly this, or one of these. None or an empty one raises
    `ValueError`. `max_running`: how many accepted attempts run at once; further ones are answered with a 503 for a second,
    which uses up none of theirs and holds their whole workgroup: `maxConcurrent` of the worker in Crew should be no more.
    """

    __name__: str

    def __init__(
        self,
        handler: Handler,
        *,
        secret: GivenSecrets = ANYONE,
        authorization: Authorization = ANYONE,
        max_body_bytes: int = MAX_BODY_BYTES,
        max_running: int = MAX_RUNNING,
    ) -> None:
        functools.update_wrapper(self, handler)
        self.handler = handler
        self.asgi = asgi.application(self)
        """The worker as an ASGI application: FastAPI, Starlette, uvicorn."""
        self.max_body_bytes = max_body_bytes
        self._secrets = _secrets(secret)
        self._authorizations = _authorizations(authorization)
        self._runner = Runner(max_running)

    def __call__(self, task: Task) -> Any:
        """The handler itself, for tests of it."""
        return self.handler(task)

    def handle(self, method: str, headers: Mapping[str, str], body: bytes) -> Response:
        """Answers one request. Never raises for what the request or the handler does."""
        return _sent(self.prepare(method, headers, body))

    async def handle_async(self, method: str, headers: Mapping[str, str], body: bytes) -> Response:
        """The same in an event loop: an async handler runs in it, another one in a thread beside it."""
        return _sent(await self.prepare_async(method, headers, body))

    def wsgi(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """The worker as a WSGI application: Flask, Django, gunicorn, wsgiref."""
        return wsgi.serve(self, environ, start_response)

    def lambda_handler(self, event: Mapping[str, Any], context: object = None) -> dict[str, Any]:
        """AWS Lambda behind a function URL, API Gateway (1.0 and 2.0) or a load balancer."""
        return serverless.serve_lambda(self, event)

    def cloud_function(self, request: Any) -> tuple[bytes, int, dict[str, str]]:
        """Google Cloud Functions; as well any view of Flask, whose `request` this takes."""
        return serverless.serve_flask_request(self, request)

    def drain(self, timeout_seconds: Optional[float] = None) -> bool:
        """Waits for accepted attempts to end; whether all did in that time."""
        return self._runner.drain(timeout_seconds)

    def prepare(self, method: str, headers: Mapping[str, str], body: bytes) -> Prepared:
        """For adapters that know when the response is sent."""
        try:
            task = self._admitted(method, headers, body)
        except Refusal as refusal:
            return refused(refusal)
        try:
            return self._outcome(task, resolved(self.handler(task)))
        except Exception as error:
            return failed(task, error)

    async def prepare_async(self, method: str, headers: Mapping[str, str], body: bytes) -> Prepared:
        """As `prepare`."""
        try:
            task = self._admitted(method, headers, body)
        except Refusal as refusal:
            return refused(refusal)
        try:
            return self._outcome(task, await _awaited(self.handler, task))
        except Exception as error:
            return failed(task, error)

    def _admitted(self, method: str, headers: Mapping[str, str], body: bytes) -> Task:
        named = {name.lower(): value for name, value in headers.items()}
        if method.upper() != "POST":
            raise Refusal(405, "a worker of Crew takes a POST", {"allow": "POST"})
        if len(body) > self.max_body_bytes:
            raise Refusal(413, f"the body is longer than {self.max_body_bytes} bytes")
        self._check_sender(named, body)
        try:
            return task_of_request(named, read_json(body))
        except BadRequest as error:
            raise Refusal(400, str(error)) from error
        except (ValueError, RecursionError) as error:
            raise Refusal(400, "the body is no JSON") from error

    def _check_sender(self, headers: Mapping[str, str], body: bytes) -> None:
        given = headers.get("authorization", "").encode()
        known = [hmac.compare_digest(given, each) for each in self._authorizations]
        if known and not any(known):
            raise Refusal(401, "the Authorization header is not the one this worker expects")
        if self._secrets is None:
            return
        try:
            verify_signature(headers, body, self._secrets)
        except SignatureError as error:
            raise Refusal(401, str(error)) from error

    def _outcome(self, task: Task, result: Any) -> Prepared:
        if not isinstance(result, Accepted):
            return settled(answer_fields(result))
        attempt = Attempt.of(task)
        if not self._runner.reserve():
            return refused(FULL)
        return Prepared(json_response(202, {}), lambda: self._runner.start(attempt, result.run))


async def _awaited(handler: Handler, task: Task) -> Any:
    result = handler(task) if inspect.iscoroutinefunction(handler) else await asyncio.to_thread(handler, task)
    return await _identity(result) if inspect.isawaitable(result) else result


async def _identity(value: Awaitable[Any]) -> Any:
    return await value


def _sent(prepared: Prepared) -> Response:
    prepared.then()
    return prepared.response


def _secrets(given: GivenSecrets) -> Optional[Secrets]:
    """Raises `ValueError` for what is no secret."""
    if isinstance(given, Anyone):
        return None
    secret_keys(given)
    return given


def _authorizations(expected: Authorization) -> list[bytes]:
    """Raises `ValueError` for an empty one, which would let everybody in."""
    if isinstance(expected, Anyone):
        return []
    given = [expected] if isinstance(expected, str) else list(expected or ())
    if not (given and all(given)):
        raise ValueError("authorization is None or empty: leave it out where no Authorization header is expected")
    return [each.encode() for each in given]
