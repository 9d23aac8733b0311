"""A worker as a Google Cloud Function: `functions-framework --source cloud_function.py --target charge`."""

import os
from typing import Any

from crew_sdk import NonRetryable, Task, worker


@worker(authorization=os.environ["WORKER_AUTHORIZATION"])
def charging(task: Task) -> str:
    if task.input["amount"] <= 0:
        raise NonRetryable(f"{task.input['amount']} is no amount")
    return f"charged {task.input['amount']}"


def charge(request: Any) -> Any:
    return charging.cloud_function(request)
