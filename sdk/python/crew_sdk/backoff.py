"""How long to wait for a server that is away."""

from __future__ import annotations

import random
from typing import Callable

_FIRST_SECONDS = 0.25
_MAX_SECONDS = 15.0
# 0.25 s doubled so often is over the maximum; more would only make huge numbers.
_MAX_DOUBLINGS = 6

Random = Callable[[], float]


def backoff_seconds(failures: int, chance: Random = random.random) -> float:
    """The wait after so many failures in a row, from 1: it doubles, and half of it is chance, so that many do not come at once."""
    longest = min(_MAX_SECONDS, _FIRST_SECONDS * 2.0 ** min(failures - 1, _MAX_DOUBLINGS))
    return longest * (0.5 + chance() / 2)
