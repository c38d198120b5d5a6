r"""JSON as Socket.IO peers write and read it: the text that ``JSON.stringify`` gives and ``JSON.parse`` takes.

orjson does the work, at a tenth of the standard library's cost. What it refuses although a peer could read it
(integers beyond 64 bits, keys that are not strings, lone surrogates) goes to the standard library, asked rarely::

    >>> dumps({"name": "Zoë", "nan": float("nan"), 1: 2**64})
    '{"name":"Zoë","nan":null,"1":18446744073709551616}'
    >>> loads(r'["\ud800"]')
    ['\ud800']

What comes from the network is bounded: nesting by :data:`MAX_DEPTH`, before anything is parsed, and numbers by what
JavaScript has. ``JSON.stringify(1e20)`` writes 21 digits; such an integer beyond 64 bits is read as the nearest double,
as ``JSON.parse`` reads it, never as an integer of unbounded length, and one beyond the doubles is refused.
"""

import dataclasses
import datetime
import decimal
import enum
import json
import math
import re
import uuid
from collections.abc import Callable
from itertools import accumulate, count
from operator import sub
from typing import Any, Final

import orjson

from geventio.exceptions import PacketDecodeError

__all__ = [
    "MAX_DEPTH",
    "MAX_SENT_DEPTH",
    "dumps",
    "dumps_standard",
    "expand",
    "key_text",
    "loads",
    "name_of",
    "stand_in",
]

MAX_DEPTH: Final = 64
"""Levels of arrays and objects that a text from the network may nest."""

MAX_SENT_DEPTH: Final = 254
"""Levels that a value to send may nest: orjson's own limit. A value that contains itself reaches it too."""

Default = Callable[[Any], Any]

_MAX_SENT_BITS = 1024  # beyond it a number is over the largest double, and readers refuse it
_LONGEST_INTEGER = 20  # digits of 2**64 - 1, or 19 and a sign
_LONGEST_DOUBLE = 400  # an integer of over 309 digits is infinite


def dumps(value: Any, default: Default | None = None) -> str:
    """Return *value* as compact JSON.

    *default* is called with what is neither JSON nor known to :func:`expand` and returns something to send in its
    place (see :func:`stand_in`). Where it is needed, the standard library does the work: in the midst of orjson's, it
    might let others run who change what is being read.

    Raises TypeError, naming type and place, for a value that JSON cannot carry.
    """
    try:
        known = None if default is not None else lambda unknown: stand_in(unknown, None, "JSON")
        return orjson.dumps(value, known).decode()
    except TypeError:
        return dumps_standard(value, default)


def loads(text: str) -> Any:
    """Return the value that *text* stands for.

    Raises PacketDecodeError for anything but JSON, for NaN and Infinity, for nesting over :data:`MAX_DEPTH` levels.
    """
    # 65 levels take 130 characters to open and close: most texts need no look at their brackets at all.
    if len(text) > 2 * MAX_DEPTH and text.count("[") + text.count("{") > MAX_DEPTH and _deeper_than(MAX_DEPTH, text):
        raise PacketDecodeError(f"JSON nested over {MAX_DEPTH} levels")
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        # The one thing that orjson refuses and JSON.parse takes is an escaped lone surrogate.
        if "\\ud" not in text and "\\uD" not in text:
            raise PacketDecodeError(f"invalid JSON: {error.msg}") from None
    try:
        return _DECODER.decode(text)
    except ValueError:
        raise PacketDecodeError("invalid JSON") from None


def dumps_standard(value: Any, default: Default | None = None) -> str:
    """Do what :func:`dumps` does without orjson, for what it refused: slower, and exact about what is wrong."""
    text = _ENCODER.encode(_plain(value, default, (), 0))
    return text if text.isascii() else _SURROGATE.sub(_escape, text)


def expand(value: Any) -> Any:
    """Return what stands in JSON for *value*, an object of the standard library's kinds that orjson knows too.

    A dataclass becomes a dict, an enum member its value; dates, times and UUIDs become strings.
    Raises LookupError for anything else.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
        return {name: getattr(value, name) for name in names if not name.startswith("_")}
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, (datetime.date, datetime.time, uuid.UUID)):  # a datetime is a date
        return orjson.loads(orjson.dumps(value))
    raise LookupError(type(value))


def stand_in(value: Any, default: Default | None, encoding: str) -> Any:
    """Return what is sent in place of *value*, which is neither of *encoding* nor known to :func:`expand`.

    That is what *default* returns. Where it raises TypeError, or there is none, a Decimal becomes its text, which loses
    nothing; of anything else that TypeError, or one that names the type, goes to the caller.
    """
    refusal = None
    if default is not None:
        try:
            return default(value)
        except TypeError as error:
            refusal = error
    if isinstance(value, decimal.Decimal):
        return str(value)
    raise refusal or TypeError(f"cannot send {name_of(value)} as {encoding}")


def key_text(key: Any) -> str:
    """Return the text of a dict's *key*, as JSON spells it: ``True`` is "true", 1 is "1".

    Raises TypeError for a key that is no str, number, bool or None.
    """
    if isinstance(key, str):
        return key
    if isinstance(key, (int, float)) or key is None:  # a bool is an int
        return json.dumps(key)
    raise TypeError(f"cannot send {name_of(key)} as the key of an object")


def name_of(value: Any) -> str:
    """Return the name of the type of *value* with its article, for messages: "a set"."""
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def _plain(value: Any, default: Default | None, path: tuple[Any, ...], depth: int) -> Any:
    """Copy *value* with nothing left in it that the standard library's encoder would spell otherwise than orjson."""
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int):
        if value.bit_length() > _MAX_SENT_BITS:
            raise TypeError(f"cannot send an integer over {_MAX_SENT_BITS} bits as JSON{_place(path)}")
        return value
    if depth == MAX_SENT_DEPTH:
        raise TypeError(f"cannot send a value that nests over {MAX_SENT_DEPTH} levels or contains itself")
    if isinstance(value, dict):
        return {key_text(key): _plain(item, default, (*path, key), depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, default, (*path, index), depth + 1) for index, item in enumerate(value)]
    try:
        known = expand(value)
    except LookupError:
        known = stand_in(value, default, f"JSON{_place(path)}")
    return _plain(known, default, path, depth + 1)


def _place(path: tuple[Any, ...]) -> str:
    return f" (at {''.join(f'[{step!r}]' for step in path)})" if path else ""


def _deeper_than(limit: int, text: str) -> bool:
    """Tell whether *text* nests over *limit* levels: a few passes in C, linear in its length, whatever is in it."""
    brackets = text.encode("utf-8", "surrogatepass").replace(rb"\\", b"").replace(rb"\"", b"")
    brackets = brackets.translate(_TO_SQUARE, _NEITHER_BRACKET_NOR_QUOTE).replace(b'""', b"")
    brackets = b"".join(brackets.split(b'"')[::2])  # every second piece is inside a string
    # Each piece between two closing brackets opens as many levels as it is long, and each closing one ends a level.
    opened = accumulate(map(len, brackets.split(b"]")))
    deepest: int = max(map(sub, opened, count()))
    return deepest > limit


def _escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


def _finite(text: str) -> float:
    number = float(text) if len(text) <= _LONGEST_DOUBLE else math.inf
    if math.isinf(number):
        raise ValueError
    return number


def _integer(text: str) -> int | float:
    if len(text) <= _LONGEST_INTEGER and -(2**63) <= (number := int(text)) < 2**64:
        return number
    return _finite(text)


def _refuse(text: str) -> None:
    raise ValueError(text)


_SURROGATE = re.compile("[\ud800-\udfff]")
_TO_SQUARE = bytes.maketrans(b"{}", b"[]")
_NEITHER_BRACKET_NOR_QUOTE = bytes(set(range(256)) - set(b'[]{}"'))
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":"))
_DECODER = json.JSONDecoder(parse_int=_integer, parse_float=_finite, parse_constant=_refuse)
