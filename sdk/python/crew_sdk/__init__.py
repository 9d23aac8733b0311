"""Workers and clients of Crew (README.md beside this package has an example of each)."""

from .answer import Answer, NonRetryable, RateLimited, RetryAfter
from .attempt import Attempt, Superseded
from .client import CrewClient
from .decorators import long_worker, worker
from .exact_json import JsonFloat, read_json, write_json
from .http_call import CrewUnreachable
from .new_task import child, new_task
from .poller import Poller
from .problem import CrewProblem, Fault
from .push_worker import Worker
from .response import Response
from .signature import SignatureError, sign, verify_signature
from .task import Callback, Parent, Task

__all__ = [
    "Answer",
    "Attempt",
    "Callback",
    "CrewClient",
    "CrewProblem",
    "CrewUnreachable",
    "Fault",
    "JsonFloat",
    "NonRetryable",
    "Parent",
    "Poller",
    "RateLimited",
    "Response",
    "RetryAfter",
    "SignatureError",
    "Superseded",
    "Task",
    "Worker",
    "child",
    "long_worker",
    "new_task",
    "read_json",
    "sign",
    "verify_signature",
    "worker",
    "write_json",
]
