"""An async worker as an ASGI application: `uvicorn fastapi_app:app`.

In an application of FastAPI or Starlette: `api.mount("/workers", greet.asgi)`, for `https://host/workers/greet`.
"""

from crew_sdk import Answer, Task, child, worker


@worker
async def greet(task: Task) -> Answer:
    letters = [child("count", letter, local_id=letter) for letter in sorted(set(task.input["name"]))]
    total = child("sum", parent_ids=[each["_child_id"] for each in letters])
    return Answer(f"Hello {task.input['name']}", children=[*letters, total])


app = greet.asgi
