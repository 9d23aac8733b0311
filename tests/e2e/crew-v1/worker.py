"""A polling worker as Crew v1's Python one works, on the standard library: python3 worker.py API CHANNEL TOKEN

It fetches tasks until there is none, doubles the number it is given, and fails on "bad". A task {"split": N} makes N children that
come one after the other, and one that comes after all of them.
"""

import json
import sys
import urllib.request

API, CHANNEL, TOKEN = sys.argv[1:4]
WORKER_ID = "python-worker"


def post(path, body):
    headers = {"Content-Type": "application/json", "Authorization": "Bearer " + TOKEN}
    request = urllib.request.Request(API + path, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def children_of(count):
    names = ["part-%d" % n for n in range(count)]
    parts = [
        {"_child_id": name, "_parent_ids": names[max(0, n - 1) : n], "channel": CHANNEL, "input": n}
        for n, name in enumerate(names)
    ]
    return parts + [{"_child_id": "sum", "_parent_ids": names, "channel": CHANNEL, "input": "sum"}]


def do(value, parents):
    if value == "bad":
        raise ValueError("cannot double it")
    if value == "sum":
        return {"output": sum(parent["output"] for parent in parents if parent["channel"] == CHANNEL and isinstance(parent["output"], int))}
    if isinstance(value, dict):
        return {"output": "split", "children": children_of(value["split"])}
    return {"output": value * 2, "children": []}


while True:
    fetched = post("api/v1/channel/" + CHANNEL + "/acquire", {"workerId": WORKER_ID})
    task = fetched["task"]
    if task is None:
        break
    try:
        result = do(task.get("input", {}), fetched["parents"])
    except ValueError as error:
        result = {"error": str(error), "workgroupDelayInSeconds": 600}
    post("api/v1/task/" + task["_id"] + "/release", dict(result, workerId=WORKER_ID))
