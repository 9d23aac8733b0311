"""A worker that takes its time, on any WSGI or ASGI server that stays up between requests: `gunicorn long_running:app`."""

from crew_sdk import Attempt, Task, long_worker

PAGES = 5


@long_worker
def export(task: Task, attempt: Attempt) -> dict[str, int]:
    rows = 0
    for page in range(PAGES):
        rows += task.input["rowsPerPage"]
        attempt.heartbeat(progress=(page + 1) / PAGES, message=f"{rows} rows", logs=[f"page {page} is written"])
    return {"rows": rows}


app = export.wsgi
