"""A worker as an AWS Lambda behind a function URL; its handler is `lambda_function.handler`."""

import os

from crew_sdk import Task, worker


@worker(secret=os.environ["CREW_SIGNING_SECRET"])
def resize(task: Task) -> dict[str, object]:
    width, height = task.input["size"]
    return {"size": [width // 2, height // 2], "once": task.delivery_id}  # a key for services that take one


handler = resize.lambda_handler
