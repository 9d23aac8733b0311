"""A worker as a WSGI application: `gunicorn flask_app:app`.

In an application of Flask: a view that returns `stock.cloud_function(request)`.
"""

from crew_sdk import RateLimited, Task, worker

calls = 0


@worker
def stock(task: Task) -> dict[str, object]:
    global calls
    calls += 1
    if calls == 1:
        raise RateLimited(seconds=1)  # what a shop's 429 says: the workgroup waits, no attempt is used up
    return {"sku": task.input["sku"], "price": task.input["price"], "attempt": task.attempt}


app = stock.wsgi
