"""JSON as JavaScript writes and reads it, bounded where it comes from the network."""

import dataclasses
import datetime
import enum
import json
import random
import uuid
from typing import Any, NamedTuple

import pytest

from geventio.exceptions import PacketDecodeError
from geventio.protocol.json import MAX_DEPTH, dumps, dumps_standard, expand, key_text, loads

from .cost import growth


class Point(NamedTuple):
    x: int
    y: int


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    LOW = 1


@dataclasses.dataclass
class User:
    name: str
    _secret: str = "s"


DAY = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
ID = uuid.UUID(int=7)

# What both writers must spell alike, so that one value that orjson refuses does not change its neighbours.
WRITTEN = [
    (None, "null"),
    (True, "true"),
    ("Zoë €😀", '"Zoë €😀"'),
    ('"\\\n\x00\x1e\x7f', '"\\"\\\\\\n\\u0000\\u001e\x7f"'),
    (1.5, "1.5"),
    (float("nan"), "null"),
    ([float("inf"), -float("inf")], "[null,null]"),
    (2**64 - 1, "18446744073709551615"),
    (-(2**63), "-9223372036854775808"),
    ([1, (2, [3])], "[1,[2,[3]]]"),
    ({"a": {"b": []}, "c": {}}, '{"a":{"b":[]},"c":{}}'),
    (Colour.RED, '"red"'),
    (Level.LOW, "1"),
    ([User("ann")], '[{"name":"ann"}]'),
    (DAY, '"2026-01-02T03:04:05+00:00"'),
    (DAY.date(), '"2026-01-02"'),
    (DAY.time(), '"03:04:05"'),
    (ID, '"00000000-0000-0000-0000-000000000007"'),
]


@pytest.mark.parametrize(("value", "text"), WRITTEN, ids=[text[:30] for _, text in WRITTEN])
def test_written_by_both(value, text):
    assert dumps(value) == text
    assert dumps_standard(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2**64, "18446744073709551616"),
        (-(2**1024 - 1), str(-(2**1024 - 1))),
        ("\ud800", '"\\ud800"'),
        ("é\udfff!", '"é\\udfff!"'),
        ("\ud83d\ude00", '"\\ud83d\\ude00"'),
        ({"\udc00": 1}, '{"\\udc00":1}'),
        ({1: 2, 1.5: 3, None: 4}, '{"1":2,"1.5":3,"null":4}'),
        ({True: 5, False: 0, Level.LOW: 1}, '{"true":1,"false":0}'),
        (Point(1, 2), "[1,2]"),
        ([Point(1, 2), 2**70, float("nan"), DAY, Colour.RED, User("bob")],
         '[[1,2],1180591620717411303424,null,"2026-01-02T03:04:05+00:00","red",{"name":"bob"}]'),
    ],
)  # fmt: skip
def test_what_orjson_refuses(value, text):
    assert dumps(value) == text


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({1, 2}, r"^cannot send a set as JSON$"),
        (["x", {"users": [object()]}], r"^cannot send an object as JSON \(at \[1\]\['users'\]\[0\]\)$"),
        ([b"x"], r"^cannot send a bytes as JSON \(at \[0\]\)$"),
        ({(1, 2): 3}, r"^cannot send a tuple as the key of an object$"),
        ([2**1024], r"^cannot send an integer over 1024 bits as JSON \(at \[0\]\)$"),
        (User, r"^cannot send a type as JSON$"),
    ],
)
def test_what_json_cannot_carry(value, message):
    with pytest.raises(TypeError, match=message):
        dumps(value)


def test_a_value_that_contains_itself():
    value: list[Any] = []
    value.append(value)
    with pytest.raises(TypeError, match="254 levels or contains itself"):
        dumps(value)
    with pytest.raises(TypeError, match="254 levels or contains itself"):
        dumps(1j, default=lambda value: value)


@pytest.mark.parametrize("neighbour", [1, 2**70])
def test_default_stands_in(neighbour):
    def default(value: Any) -> Any:
        if isinstance(value, complex):
            return {"re": value.real, "im": value.imag}
        raise ValueError("unknown to the user too")

    assert loads(dumps([1j, neighbour], default))[0] == {"re": 0, "im": 1}
    with pytest.raises(ValueError, match="unknown to the user too"):
        dumps([{1}, neighbour], default)


def test_expand_knows_no_more():
    with pytest.raises(LookupError):
        expand(object())


def test_keys():
    assert [key_text(key) for key in ("a", 1, 2.5, True, False, None)] == ["a", "1", "2.5", "true", "false", "null"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[]", []),
        (' {"a" : 1} ', {"a": 1}),
        ('{"a":1,"a":2}', {"a": 2}),
        ('{"__proto__":1}', {"__proto__": 1}),
        ('"\\ud83d\\ude00"', "😀"),
        ('"\\ud800"', "\ud800"),
        ('["\\uDC00",1.5,-7,1e3,true,null]', ["\udc00", 1.5, -7, 1000.0, True, None]),
        ("18446744073709551615", 2**64 - 1),
        ("18446744073709551616", 2.0**64),
        ("100000000000000000000", 1e20),  # as JavaScript writes 1e20
        ("-9223372036854775809", -(2.0**63)),
        ('["\\ud800",18446744073709551615,-9223372036854775808]', ["\ud800", 2**64 - 1, -(2**63)]),
        ('["\\ud800",18446744073709551616,-9223372036854775809]', ["\ud800", 2.0**64, -(2.0**63)]),
        ('["\\ud800",100000000000000000000]', ["\ud800", 1e20]),
    ],
)
def test_read(text, value):
    result = loads(text)
    assert result == value
    assert repr(result) == repr(value)


@pytest.mark.parametrize("prefix", ["", '"\\ud800",'], ids=["orjson", "standard"])
@pytest.mark.parametrize(
    "text",
    ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1" * 400, "1" * 401,
     "[", "]", "{]", "'a'", "01", "+1", "1.", ".5",
     "\ufeff[]", '"\n"', '{"a"}', "{1:2}", "[1,]", "undefined", '"\\x"', "", "[] []"],
)  # fmt: skip
def test_refused(prefix, text):
    with pytest.raises(PacketDecodeError, match="invalid JSON"):
        loads(f"[{prefix}{text}]" if prefix else text)


def test_depth():
    assert loads("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    for deep in ("[" * 65 + "]" * 65, '{"a":' * 65 + "1" + "}" * 65, '[{"a":' * 33 + "1" + "}]" * 33):
        with pytest.raises(PacketDecodeError, match="JSON nested over 64 levels"):
            loads(deep)


@pytest.mark.parametrize("levels", [1000, 10_000, 100_000, 1_000_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ("[", "")])
def test_depth_without_end(levels, opening, closing):
    text = opening * levels + closing * levels
    with pytest.raises(PacketDecodeError, match="JSON nested over 64 levels"):
        loads(text[:1_000_000])


@pytest.mark.parametrize(
    "text",
    [
        "[" + '"[[[[",' * 100 + "0]",
        "[" + r'"\"[{",' * 100 + "0]",
        "[" + r'"\\",[],"]\\\"[",' * 100 + "0]",
        "[" + '{"[":"}"},' * 100 + "0]",
        "[" + '"é[\\ud800",' * 100 + "0]",
        "[" + ("[" * 63 + "]" * 63 + ",") * 50 + "0]",
    ],
)
def test_many_brackets_are_not_depth(text):
    assert loads(text) == json.loads(text)


def test_depth_is_exact_for_any_text():
    def nest(depth: int) -> Any:
        siblings = [rng.choice(("]", '["[', "\\", '\\"{', 1, [], {})) for _ in range(rng.randrange(4))]
        inner = nest(depth - 1) if depth > 1 else 0
        siblings.insert(rng.randrange(len(siblings) + 1), inner)
        return siblings if rng.random() < 0.5 else {f'{n}"[\\': item for n, item in enumerate(siblings)}

    rng = random.Random(64)
    for _ in range(50):
        # The empty containers beside the innermost level add one to the depth only there.
        assert loads(json.dumps(["x", nest(62)]))
        with pytest.raises(PacketDecodeError):
            loads(json.dumps(["x", nest(64)]))


@pytest.mark.parametrize(
    "unit",
    [
        "[],",
        '{"a":1},',
        '"[",',
        '"\\"[",',
        "[" * 30 + "]" * 30 + ",",
        "1" * 30 + ",",
        "[" * 300,
        '\\"' * 99,
        '"\\ud800",',
    ],
)
def test_time_is_linear(unit):
    def read(size: int) -> None:
        try:
            loads("[" + unit * (size // len(unit)) + "0]")
        except PacketDecodeError:
            pass

    assert growth(read, 100_000) < 3


def test_a_number_of_a_million_digits():
    with pytest.raises(PacketDecodeError):
        loads("2" * 1_000_000)
    with pytest.raises(PacketDecodeError):
        loads('["\\ud800",' + "2" * 1_000_000 + "]")
