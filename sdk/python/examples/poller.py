"""A worker that asks for tasks, from wherever Crew can be reached: `CREW_URL=… CREW_TOKEN=… python3 poller.py`."""

import os

from crew_sdk import CrewClient, Poller, Task


def translate(task: Task) -> str:
    return str(task.input["text"]).upper()


client = CrewClient(os.environ["CREW_URL"], os.environ["CREW_TOKEN"])
poller = Poller(client, "texts/translate", translate, concurrency=4, wait=1)
print(f"{poller.worker_id} asks for tasks", flush=True)
poller.run()  # until SIGTERM or Ctrl-C, then what runs is finished
