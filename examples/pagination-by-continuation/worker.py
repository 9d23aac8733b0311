"""Reads a list page by page: each page is a task, which answers with a task for the next one; the last one has them added up."""

import os
from wsgiref.simple_server import make_server

from crew_sdk import Answer, NonRetryable, Task, child, worker

PORT = int(os.environ.get("PORT", "4103"))


def list_orders(cursor: int) -> dict:
    """The API of somebody else: 23 orders, five a page, each page with the cursor of the next."""
    totals = list(range(1, 24))
    end = cursor + 5
    return {"totals": totals[cursor:end], "next": end if end < len(totals) else None}


def page(task: Task) -> Answer:
    """A page that fails is tried again alone: the pages before it are complete."""
    found = list_orders(task.input["cursor"])
    output = {"orders": len(found["totals"]), "sum": sum(found["totals"])}
    before = task.input["before"]
    if found["next"] is None:
        return Answer(output, children=[child("orders/sum", name="sum", parent_ids=before)])
    more = {"cursor": found["next"], "before": [*before, task.task_id]}
    return Answer(output, children=[child("orders/page", more, name=f"from {found['next']}", workgroup=task.workgroup)])


def add_up(task: Task) -> dict:
    """Its parents are all pages: those that it was given, and the last one, which made it."""
    pages = [parent.output for parent in task.parents]
    return {
        "pages": len(pages),
        "orders": sum(each["orders"] for each in pages),
        "sum": sum(each["sum"] for each in pages),
    }


WORKERS = {"orders/page": page, "orders/sum": add_up}


@worker
def orders(task: Task) -> object:
    if task.worker not in WORKERS:
        raise NonRetryable(f"{task.worker} is not here")
    return WORKERS[task.worker](task)


with make_server("127.0.0.1", PORT, orders.wsgi) as server:
    print(f"the workers are listening at http://127.0.0.1:{PORT}", flush=True)
    server.serve_forever()
