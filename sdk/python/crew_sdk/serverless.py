"""A worker as a cloud function: the clouds' requests and responses differ by names alone."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .push_worker import Worker


def serve_lambda(worker: Worker, event: Mapping[str, Any]) -> dict[str, Any]:
    """AWS: function URLs and HTTP APIs have version 2.0 of the event, REST APIs and load balancers 1.0."""
    told = event.get("requestContext", {}).get("http", {}).get("method")
    text = event.get("body") or ""
    body = base64.b64decode(text) if event.get("isBase64Encoded") else text.encode()
    status, headers, content = worker.handle(told or event.get("httpMethod") or "GET", _lambda_headers(event), body)
    return {"statusCode": status, "headers": headers, "body": content.decode(), "isBase64Encoded": False}


def _lambda_headers(event: Mapping[str, Any]) -> dict[str, str]:
    """A load balancer may send only the lists."""
    lists = event.get("multiValueHeaders") or {}
    return event.get("headers") or {name: values[-1] for name, values in lists.items() if values}


def serve_flask_request(worker: Worker, request: Any) -> tuple[bytes, int, dict[str, str]]:
    """A request as Flask has it, which Google's functions framework passes on; the answer as Flask takes it."""
    status, headers, body = worker.handle(request.method, dict(request.headers.items()), request.get_data())
    return body, status, headers
