"""`@worker` and `@long_worker`: a function becomes a `Worker`."""

from __future__ import annotations

from typing import Any, Callable, Optional, Union, overload

from .attempt import Attempt
from .push_worker import ANYONE, MAX_BODY_BYTES, MAX_RUNNING, Authorization, GivenSecrets, Handler, Worker
from .task import Accepted, Task

LongHandler = Callable[[Task, Attempt], Any]


@overload
def worker(handler: Handler, /) -> Worker: ...
@overload
def worker(
    *,
    secret: GivenSecrets = ANYONE,
    authorization: Authorization = ANYONE,
    max_body_bytes: int = MAX_BODY_BYTES,
    max_running: int = MAX_RUNNING,
) -> Callable[[Handler], Worker]: ...
def worker(handler: Optional[Handler] = None, /, **options: Any) -> Union[Worker, Callable[[Handler], Worker]]:
    """`@worker` or `@worker(secret=…, authorization=…)` above a function that takes a `Task`; the options are `Worker`'s."""
    if handler is not None:
        return Worker(handler)
    return lambda function: Worker(function, **options)


@overload
def long_worker(handler: LongHandler, /) -> Worker: ...
@overload
def long_worker(
    *,
    secret: GivenSecrets = ANYONE,
    authorization: Authorization = ANYONE,
    max_body_bytes: int = MAX_BODY_BYTES,
    max_running: int = MAX_RUNNING,
) -> Callable[[LongHandler], Worker]: ...
def long_worker(
    handler: Optional[LongHandler] = None, /, **options: Any
) -> Union[Worker, Callable[[LongHandler], Worker]]:
    """The same above a function that takes a `Task` and its `Attempt` and may run for hours: it is answered with 202,
    runs in a thread, and is kept alive by heartbeats. Where the process sleeps between requests (Lambda) it cannot run."""
    if handler is not None:
        return Worker(_accepting(handler))
    return lambda function: Worker(_accepting(function), **options)


def _accepting(function: LongHandler) -> Handler:
    def handler(task: Task) -> Accepted:
        return task.accept(lambda attempt: function(task, attempt))

    handler.__name__ = getattr(function, "__name__", "handler")
    handler.__doc__ = function.__doc__
    return handler
