"""A client that makes a graph and waits for it: `CREW_URL=… CREW_TOKEN=… python3 make_graph.py NAME`."""

import os
import sys

from crew_sdk import CrewClient, new_task

name = sys.argv[1]
client = CrewClient(os.environ["CREW_URL"], os.environ["CREW_TOKEN"])
tasks = [
    new_task("echo", {"page": 1}, id=f"{name}-fetch", workgroup="shop-api"),
    new_task("echo", {"pages": 1}, id=f"{name}-merge", parent_ids=[f"{name}-fetch"]),
]
group = client.create_graph(name, tasks, idempotency_key=f"make-{name}")  # asked twice it is made once
print(client.wait_for_group(group["id"], timeout_seconds=60)["state"])
print(client.get_task(f"{name}-merge")["output"])
