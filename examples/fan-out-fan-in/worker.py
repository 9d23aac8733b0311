"""Three workers at one address: one makes a task for each thing in a basket, one finds a price, one adds them up."""

import os
from wsgiref.simple_server import make_server

from crew_sdk import Answer, NonRetryable, Task, child, worker

PRICES = {"apple": 1, "bread": 4, "cheese": 9}
PORT = int(os.environ.get("PORT", "4102"))


def split(task: Task) -> Answer:
    """A child of its own for each, and one that waits for all of them: it names them as its parents."""
    names = [f"price-{place}" for place in range(len(task.input))]
    prices = [
        child("basket/price", thing, name=thing, local_id=name, key=f"price-of-{thing}")
        for name, thing in zip(names, task.input)
    ]
    return Answer({"things": len(names)}, children=[*prices, child("basket/total", name="total", parent_ids=names)])


def price(task: Task) -> dict:
    """Called once for each thing: of the tasks that share a key one runs, the others get its output."""
    if task.input not in PRICES:
        raise NonRetryable(f"nobody sells {task.input}")
    return {"price": PRICES[task.input], "foundBy": task.task_id}


def total(task: Task) -> dict:
    """Parents come in the order in which they were named; the last one is the task that made this one."""
    found = [parent.output for parent in task.parents[:-1]]
    lookups = {each["foundBy"] for each in found}
    return {"total": sum(each["price"] for each in found), "prices": len(found), "lookups": len(lookups)}


WORKERS = {"basket/split": split, "basket/price": price, "basket/total": total}


@worker
def basket(task: Task) -> object:
    if task.worker not in WORKERS:
        raise NonRetryable(f"{task.worker} is not here")
    return WORKERS[task.worker](task)


with make_server("127.0.0.1", PORT, basket.wsgi) as server:
    print(f"the workers are listening at http://127.0.0.1:{PORT}", flush=True)
    server.serve_forever()
