"""Signatures of what Crew POSTs: Standard Webhooks (https://www.standardwebhooks.com), HMAC-SHA256.

The specification's other kind, `v1a` with ed25519, needs cryptography that Python's standard library has not: such
signatures are passed over, and a request that carries no other is refused.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Optional, Union

# What the specification's own libraries allow between two clocks.
TOLERANCE_SECONDS = 300
_PREFIX = "whsec_"
_MIN_SECRET_BYTES, _MAX_SECRET_BYTES = 24, 64
# During a rotation there are two; more than these only cost time.
_MAX_SIGNATURES = 16

Secrets = Union[str, Sequence[str]]


class SignatureError(Exception):
    """The request does not come from whoever knows the secret, or comes too late."""


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """One signature, `v1,…`, as Crew sends it: for tests of workers. `timestamp` is in seconds since 1970."""
    return _signature(secret_key(secret), message_id, str(timestamp), body)


def verify_signature(
    headers: Mapping[str, str],
    body: bytes,
    secrets: Secrets,
    *,
    now: Optional[float] = None,
    tolerance_seconds: float = TOLERANCE_SECONDS,
) -> None:
    """Returns when one of the signatures is by one of the secrets, else raises `SignatureError`.

    `body` is what came, byte for byte: parsed and written again it would be other bytes. `now` is in seconds since 1970.
    """
    named = {name.lower(): value for name, value in headers.items()}
    message_id = named.get("webhook-id", "")
    timestamp = named.get("webhook-timestamp", "")
    _check_age(timestamp, time.time() if now is None else now, tolerance_seconds)
    offered = [part for part in named.get("webhook-signature", "").split() if part.startswith("v1,")]
    expected = [_signature(key, message_id, timestamp, body) for key in secret_keys(secrets)]
    if not message_id or not _any_equal(offered[:_MAX_SIGNATURES], expected):
        raise SignatureError("no signature of this request is by a secret of this worker")


def secret_keys(secrets: Secrets) -> list[bytes]:
    """The keys of one secret or several. Raises `ValueError` for what is no secret, and for none at all."""
    keys = [secret_key(each) for each in ([secrets] if isinstance(secrets, str) else secrets or ())]
    if not keys:
        raise ValueError("there is no signing secret: leave it out where nothing is signed")
    return keys


def secret_key(secret: str) -> bytes:
    """The bytes behind `whsec_`. Raises `ValueError`, without the secret in its text."""
    # None may come of an environment variable that is misspelt.
    given = secret or ""
    encoded = given[len(_PREFIX) :] if given.startswith(_PREFIX) else given
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not _MIN_SECRET_BYTES <= len(key) <= _MAX_SECRET_BYTES:
        raise ValueError("a signing secret is malformed: expected whsec_ and the base64 of 24 to 64 bytes")
    return key


def _signature(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    digest = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def _check_age(timestamp: str, now: float, tolerance_seconds: float) -> None:
    if not (timestamp.isascii() and timestamp.isdigit()):
        raise SignatureError("the request is not signed: it has no webhook-timestamp")
    if abs(now - int(timestamp[:20])) > tolerance_seconds:
        raise SignatureError(f"the signature is more than {tolerance_seconds:g} s away from this machine's clock")


def _any_equal(offered: Iterable[str], expected: Iterable[str]) -> bool:
    """Compares all of them, so that the time taken tells nothing of which one fits."""
    wanted = [each.encode() for each in expected]
    results = [hmac.compare_digest(each.encode(), other) for each in offered for other in wanted]
    return any(results)
