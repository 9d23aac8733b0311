"""JSON that keeps every digit: Crew stores what it is given as it stands, so a worker that passes a number on must not round it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from json.encoder import encode_basestring
from math import isfinite
from typing import Any, Union

# Longer integers are refused by `int` since Python 3.10.7 (4,300 digits, against quadratic time).
_MAX_INT_DIGITS = 4000


class JsonFloat(float):
    """A number with a fraction or an exponent, as it was read.

    It is a `float` in every respect, and is written again with the digits it came with. Sums and products of it are
    plain floats; `Decimal(number.literal)` has all digits to calculate with.
    """

    __slots__ = ("literal",)
    literal: str

    def __new__(cls, literal: str) -> JsonFloat:
        number = super().__new__(cls, literal)
        number.literal = literal
        return number

    def __getnewargs__(self) -> tuple[str]:  # type: ignore[override]
        return (self.literal,)


def read_json(text: Union[str, bytes]) -> Any:
    """The value of a document. Raises `ValueError` when it is none; NaN and Infinity are no JSON."""
    return json.loads(text, parse_float=JsonFloat, parse_int=_read_int, parse_constant=_refuse_constant)


def write_json(value: Any) -> bytes:
    """A document of the value, in UTF-8. Raises `TypeError` or `ValueError` that name the place of what JSON cannot say."""
    parts: list[str] = []
    _write(value, "", parts)
    # Half a surrogate pair, which JSON can say by an escape alone, becomes that escape.
    return "".join(parts).encode("utf-8", "backslashreplace")


def _read_int(literal: str) -> Union[int, JsonFloat]:
    return int(literal) if len(literal) < _MAX_INT_DIGITS and literal != "-0" else JsonFloat(literal)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _write(value: Any, pointer: str, parts: list[str]) -> None:
    if isinstance(value, Mapping):
        _write_object(value, pointer, parts)
    elif isinstance(value, (list, tuple)):
        _write_array(value, pointer, parts)
    else:
        parts.append(_scalar(value, pointer))


def _write_object(value: Mapping[Any, Any], pointer: str, parts: list[str]) -> None:
    separator = "{"
    for key, item in value.items():
        parts.append(f"{separator}{_key(key, pointer)}:")
        _write(item, f"{pointer}/{key}", parts)
        separator = ","
    parts.append("{}" if separator == "{" else "}")


def _write_array(value: Union[list[Any], tuple[Any, ...]], pointer: str, parts: list[str]) -> None:
    separator = "["
    for index, item in enumerate(value):
        parts.append(separator)
        _write(item, f"{pointer}/{index}", parts)
        separator = ","
    parts.append("[]" if separator == "[" else "]")


def _key(key: Any, pointer: str) -> str:
    if isinstance(key, str):
        return str(encode_basestring(key))
    if isinstance(key, int) and not isinstance(key, bool):
        return f'"{int(key)}"'
    raise TypeError(f"{pointer or '/'} has a key of type {type(key).__name__}: expected strings")


def _scalar(value: Any, pointer: str) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str(encode_basestring(value))
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, JsonFloat):
        return value.literal
    if isinstance(value, float) and isfinite(value):
        return float.__repr__(value)
    if isinstance(value, Decimal) and value.is_finite():
        return str(value)
    if isinstance(value, (float, Decimal)):
        raise ValueError(f"{pointer or '/'} is {value}: JSON has no such number")
    raise TypeError(f"{pointer or '/'} is of type {type(value).__name__}: expected what JSON can say")
