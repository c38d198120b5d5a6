"""Annotations, what they let through, and what they keep out: the table of the tests of typed handlers."""

import datetime
import enum
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any, Dict, List, Literal, NamedTuple, NewType, Optional, TypedDict, Union  # noqa: UP035

import msgspec
import pydantic
from typing_extensions import TypeAliasType


@dataclass
class Point:
    x: int
    y: float = 0.5

    def __post_init__(self) -> None:
        if self.x < 0:
            raise ValueError("left of the origin")


@dataclass
class Line:
    points: list[Point]
    name: str | None = None
    tags: dict[str, int] = field(default_factory=dict)


@dataclass
class Tree:
    children: "list[Tree]"


class Required(TypedDict):
    name: str


class User(Required, total=False):
    age: int
    avatar: bytes


class Pair(NamedTuple):
    left: int
    right: str = "right"


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1


class Move(msgspec.Struct):
    piece: Literal["king", "pawn"]
    to: tuple[int, int]
    data: bytes = b""


class Closed(msgspec.Struct, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=5)]


class Account(pydantic.BaseModel):
    name: str = pydantic.Field(min_length=1)
    age: int | None = None


class Strict(pydantic.BaseModel, strict=True):
    age: int


@dataclass
class Holder:
    """Not pydantic's, but what it holds is."""

    account: Account


class Held(TypedDict):
    point: Point


UserId = NewType("UserId", int)


@dataclass
class Row:
    """What one annotation means."""

    annotation: Any
    fits: Callable[[Any], bool]
    """Whether a handler with this annotation may be given a value."""
    accepted: list[tuple[Any, Any]]
    """Pairs: what a client sends, what the handler gets."""
    refused: list[Any]


def exactly(*kinds: type) -> Callable[[Any], bool]:
    return lambda value: type(value) in kinds


def same(*values: Any) -> list[tuple[Any, Any]]:
    return [(value, value) for value in values]


def list_of(kind: type) -> Callable[[Any], bool]:
    return lambda value: type(value) is list and all(type(item) is kind for item in value)


def is_line(value: Any) -> bool:
    return (
        type(value) is Line
        and list_of(Point)(value.points)
        and all(type(point.x) is int and type(point.y) is float for point in value.points)
        and type(value.name) in (str, type(None))
        and all(type(key) is str and type(item) is int for key, item in value.tags.items())
    )


def is_user(value: Any) -> bool:
    kinds = {"name": str, "age": int, "avatar": bytes}
    return type(value) is dict and "name" in value and all(type(item) is kinds[key] for key, item in value.items())


def is_account(value: Any) -> bool:
    return type(value) is Account and type(value.name) is str and type(value.age) in (int, type(None))


NOON = datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.timezone.utc)
ID = uuid.UUID(int=7)

PLAIN = [
    Row(str, exactly(str), same("", "text", "5"), [None, 5, 1.5, True, b"x", [], {}]),
    Row(int, exactly(int), same(0, -5, 2**53), [None, 1.5, 5.0, True, "5", b"5", [5]]),
    Row(float, exactly(float), [*same(1.5), (5, 5.0), (0, 0.0)], [None, True, "1.5", "nan", [1.5]]),
    Row(bool, exactly(bool), same(True, False), [None, 0, 1, "true", "", []]),
    Row(bytes, exactly(bytes), same(b"", b"x"), [None, "x", "eA==", [120], 5]),
    Row(None, exactly(type(None)), same(None), [0, False, "", [], {}]),
    Row(list, exactly(list), same([], [1, "2", None]), [None, "ab", {}, 5, b"ab"]),
    Row(dict, exactly(dict), same({}, {"x": [1]}), [None, [], [["x", 1]], "{}"]),
    Row(List, exactly(list), same([], [1]), [None, {}]),  # noqa: UP006
    Row(list[Any], exactly(list), same([], [1, "2"]), [None, {}, "a"]),
    Row(list[object], exactly(list), same([1, "x"]), [None, {}]),
    Row(Dict, exactly(dict), same({}, {"x": 1}), [None, []]),  # noqa: UP006
    Row(dict[str, Any], exactly(dict), same({}, {"x": [1]}), [None, [], "x"]),
    Row(Dict[str, object], exactly(dict), same({}, {"x": 1}), [None, [], "x"]),  # noqa: UP006
    Row(int | str, exactly(int, str), same(5, "5"), [None, True, 1.5, b"5"]),
    Row(str | bytes, exactly(str, bytes), same("x", b"x"), [None, 5, []]),
    Row(Optional[int], exactly(int, type(None)), same(5, None), ["5", True, 1.5, []]),
    Row(Union[float, None], exactly(float, type(None)), [*same(1.5, None), (5, 5.0)], ["5", True, []]),
    Row(int | float, exactly(int, float), same(5, 1.5), [None, True, "5"]),
    Row(bool | str, exactly(bool, str), same(True, "x"), [None, 1, 0]),
    Row(Annotated[str, "said"], exactly(str), same("x"), [None, 5]),
    Row(TypeAliasType("Name", str), exactly(str), same("x"), [None, 5]),
    Row(UserId, exactly(int), same(5), [None, "5", True]),
]
"""Annotations that need no library."""

MSGSPEC = [
    Row(list[int], list_of(int), same([], [1, 2]), [None, ["1"], [True], [1.5], {}, "12", [[1]]]),
    Row(list[bytes], list_of(bytes), same([b"x"]), [None, ["x"], ["eA=="]]),
    Row(
        dict[str, int],
        lambda value: type(value) is dict and list_of(str)(list(value)) and list_of(int)(list(value.values())),
        same({}, {"x": 1}),
        [None, [], {"x": "1"}, {"x": None}, {"x": True}],
    ),
    Row(Mapping[str, int], exactly(dict), same({"x": 1}), [None, {"x": "1"}]),
    Row(Sequence[str], list_of(str), same(["x"]), [None, "x", [1]]),
    Row(
        tuple[int, str],
        lambda value: type(value) is tuple and [type(item) for item in value] == [int, str],
        [([1, "x"], (1, "x"))],
        [None, [], [1], ["x", 1], [1, "x", 2]],
    ),
    Row(
        tuple[int, ...],
        lambda value: type(value) is tuple and all(type(item) is int for item in value),
        [([1, 2, 3], (1, 2, 3)), ([], ())],
        [None, ["x"], {}],
    ),
    Row(
        set[str],
        lambda value: type(value) is set and all(type(item) is str for item in value),
        [(["a", "a"], {"a"})],
        [None, [1], "a"],
    ),
    Row(set[Any], exactly(set), [([1, "a"], {1, "a"})], [None, [[]], [{}]]),
    Row(Literal["up", "down"], lambda value: value in ("up", "down"), same("up"), [None, "", "left", 0, ["up"]]),
    Row(Literal[1, "x"], lambda value: value in (1, "x") and value is not True, same(1, "x"), [None, True, 2, "1"]),
    Row(Colour, exactly(Colour), [("red", Colour.RED)], [None, "RED", "green", 0, "\ud800", "x" * 10_000]),
    Row(Level, exactly(Level), [(1, Level.LOW)], [None, 2, "1", True]),
    Row(
        datetime.datetime,
        exactly(datetime.datetime),
        [("2024-02-29T12:00:00Z", NOON)],
        [None, 0, "", "yesterday", "2024-02-30T12:00:00Z", "\ud800"],
    ),
    Row(datetime.date, exactly(datetime.date), [("2024-02-29", NOON.date())], [None, 5, "2023-02-29", "today"]),
    Row(uuid.UUID, exactly(uuid.UUID), [(str(ID), ID)], [None, 7, "7", str(ID)[:-1]]),
    Row(Decimal, exactly(Decimal), [("1.10", Decimal("1.10"))], [None, "one", [], True]),
    Row(Point, exactly(Point), [({"x": 1}, Point(1)), ({"x": 1, "y": 2, "z": 3}, Point(1, 2.0))],
        [None, {}, [1, 2], {"x": "1"}, {"x": 1, "y": None}, {"x": -1}, {"\ud800": 1}, "x"]),
    Row(Line, is_line, [({"points": [{"x": 1}], "tags": {"a": 1}}, Line([Point(1)], None, {"a": 1}))],
        [{"points": {}}, {"points": [{"x": 1}, {}]}, {"points": [], "name": 5}, {"points": [], "tags": {"a": "1"}}]),
    Row(Tree, exactly(Tree), [({"children": [{"children": []}]}, Tree([Tree([])]))], [{}, {"children": [{}]}]),
    Row(User, is_user, [({"name": "Ada", "role": "admin"}, {"name": "Ada"}), *same({"name": "Ada", "avatar": b"x"})],
        [None, {}, {"age": 5}, {"name": 5}, {"name": "Ada", "age": "5"}, {"name": "Ada", "avatar": "eA=="}]),
    Row(Held, lambda value: type(value["point"]) is Point, [({"point": {"x": 1}}, {"point": Point(1)})],
        [{}, {"point": 1}, {"point": {}}]),
    Row(Pair, exactly(Pair), [([1], Pair(1)), ([1, "x"], Pair(1, "x"))], [None, [], ["x"], [1, 2], {"left": 1}]),
    Row(Move, exactly(Move), [({"piece": "king", "to": [1, 2], "data": b"x"}, Move("king", (1, 2), b"x"))],
        [None, {}, {"piece": "queen", "to": [1, 2]}, {"piece": "king", "to": [1]}, {"piece": "king", "to": [1, "2"]},
         {"piece": "king", "to": [1, 2], "data": "eA=="}]),
    Row(Closed, exactly(Closed), [({"name": "Ada"}, Closed("Ada"))],
        [{"name": ""}, {"name": "x" * 6}, {"name": "Ada", "role": 1}]),
    Row(Point | None, exactly(Point, type(None)), [*same(None), ({"x": 1}, Point(1))], [{}, [], "x"]),
    Row(Point | str, exactly(Point, str), [*same("x"), ({"x": 1}, Point(1))], [{}, None, 5, b"x"]),
    Row(Annotated[int, msgspec.Meta(ge=0)], lambda value: type(value) is int and value >= 0, same(0), [None, -1, "5"]),
    Row(list[dict[str, object]], list_of(dict), same([{"x": [1]}]), [None, [1], {}]),
    Row(Annotated[str, msgspec.Meta(max_length=3, extra={"unit": "m"})], exactly(str), same("abc"), [None, "abcd", 5]),
    Row(TypeAliasType("Numbers", list[int]), list_of(int), same([1]), [None, ["1"]]),
    Row(list[dict[str, Any]], list_of(dict), same([{"x": [1]}]), [None, [1], {}, [[]]]),
]  # fmt: skip
"""Annotations that msgspec checks."""

PYDANTIC = [
    Row(Account, is_account,
        [({"name": "Ada", "x": 1}, Account(name="Ada")), ({"name": "Ada", "age": "5"}, Account(name="Ada", age=5))],
        [None, {}, [], {"name": ""}, {"name": 5}, {"name": "Ada", "age": "x"}, {"name": "\ud800"}]),
    Row(Strict, exactly(Strict), [({"age": 5}, Strict(age=5))], [None, {"age": "5"}, {"age": True}]),
    Row(Account | None, exactly(Account, type(None)), [*same(None), ({"name": "Ada"}, Account(name="Ada"))], [{}, "x"]),
    Row(list[Account], list_of(Account), [([{"name": "Ada"}], [Account(name="Ada")])], [None, [{}], {}, [None] * 100]),
    Row(Holder, exactly(Holder), [({"account": {"name": "Ada"}}, Holder(Account(name="Ada")))], [{}, {"account": {}}]),
    Row(Annotated[str, pydantic.Field(min_length=2)], lambda value: type(value) is str and len(value) >= 2, same("ab"),
        [None, "a", 5, "\ud800"]),
    Row(list[Annotated[int, pydantic.Field(gt=0)]], list_of(int), same([1]), [[0], None, ["x"]]),
]  # fmt: skip
"""Annotations that pydantic checks."""

TABLE = [*PLAIN, *MSGSPEC, *PYDANTIC]

VALUES: list[Any] = [
    None, True, False, 0, 1, -1, 5, 2**53, 1.5, -0.0, 1e308, "", "5", "text", "red", "null", "\ud800", "x" * 1000, b"",
    b"x", [], [1], ["x"], [None], [[]], [1, "x"], [True], [b"x"], [{}], {}, {"x": 1}, {"x": "1"}, {"x": None},
    {"name": "Ada"}, {"name": b"x"}, {"children": [{"children": [{}]}]}, {"points": [{"x": 1.5}]}, {"\ud800": {}},
    {"__class__": "x"},
]  # fmt: skip
"""What a client may send anywhere."""
