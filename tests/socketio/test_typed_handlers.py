"""Typed handlers: nothing that an annotation keeps out reaches the handler, and the client hears why."""

import functools
import logging
from dataclasses import dataclass
from typing import Annotated, Any

import pydantic
import pytest
from site_under_test import Site
from typed_arguments import TABLE, VALUES, Account, Colour, Point, Row

from geventio import ConfigurationError, EventRejected, InvalidArguments, Server
from geventio.protocol.socketio.msgpack_parser import MsgpackParser


def row_name(row: Row) -> str:
    return str(getattr(row.annotation, "__name__", "")) + str(row.annotation)[:40]


def typed(annotation: Any, function: Any) -> Any:
    """A handler of one argument with *annotation*."""

    def handler(socket: Any, value: Any) -> Any:
        return function(value)

    handler.__annotations__ = {"value": annotation}
    return handler


@pytest.mark.parametrize("parser", ["json", "msgpack"])
@pytest.mark.parametrize("row", TABLE, ids=row_name)
def test_nothing_but_what_fits_reaches_the_handler(site: Any, row: Row, parser: str) -> None:
    io = Server(parser=MsgpackParser()) if parser == "msgpack" else Server()
    served: Site = site(io)
    received: list[Any] = []
    io.on("x", typed(row.annotation, received.append))
    client = served.websocket()
    if parser == "msgpack":
        client.parser = MsgpackParser()
        client.decoder = client.parser.decoder()
    client.connect()
    for sent, got in row.accepted:
        assert client.call("x", sent) == []
        value = received.pop()
        assert value == got
        assert type(value) is type(got)
        assert row.fits(value)
    for value in row.refused:
        (answer,) = client.call("x", value)
        assert answer["error"]["message"] == "invalid arguments"
        (problem,) = answer["error"]["data"]
        assert problem["argument"] == "value"
        assert 0 < len(problem["problem"]) <= 200
    assert received == []
    for value in VALUES:
        reply = client.call("x", value)
        assert bool(reply) != bool(received), value
        if received:
            assert row.fits(received.pop()), value


def test_bytes_as_keys_are_no_text(site: Any) -> None:
    """Only msgpack can carry them."""
    io = Server(parser=MsgpackParser())
    served: Site = site(io)
    for number, annotation in enumerate((dict[str, Any], dict[str, int], Point)):
        io.on(str(number), typed(annotation, served.seen.put))
    client = served.websocket()
    client.parser = MsgpackParser()
    client.decoder = client.parser.decoder()
    client.connect()
    keys_are_bytes = b"\x83\xa4type\x02\xa3nsp\xa1/\xa4data\x92\xa1%d\x81\xc4\x01x\x01"
    for number in range(3):
        client.send_packets([keys_are_bytes % number])
    client.assert_nothing_came()
    assert served.seen.empty()


def test_several_arguments(io: Server, served: Site) -> None:
    @io.on("x")
    def handler(socket: int, text: str, anything: Any, untyped, point: Point | None = None, *rest: int) -> Any:  # type: ignore[no-untyped-def]
        served.seen.put((text, anything, untyped, point, rest))
        return "handled"

    client = served.websocket()
    client.connect()
    assert client.call("x", "a", [1], {"x": 2}) == ["handled"]
    assert served.next() == ("a", [1], {"x": 2}, None, ())
    assert client.call("x", "a", 1, 2, {"x": 1}, 3, 4) == ["handled"]
    assert served.next() == ("a", 1, 2, Point(1), (3, 4))
    assert client.call("x", 1, 2, 3, {}, 4, "5", 6, None) == [
        {
            "error": {
                "message": "invalid arguments",
                "data": [
                    {"argument": "text", "problem": "expected str, got int"},
                    {"argument": "point", "problem": "Object missing required field `x`"},
                    {"argument": "rest[1]", "problem": "expected int, got str"},
                    {"argument": "rest[3]", "problem": "expected int, got NoneType"},
                ],
            }
        }
    ]
    (answer,) = client.call("x", "a", 1, 2, None, *["x"] * 1000)
    assert len(answer["error"]["data"]) == 20
    assert served.seen.empty()


def test_a_wrong_number_of_arguments_is_refused_by_the_same_rule(io: Server, served: Site) -> None:
    @io.on("x")
    def handler(socket: Any, text: str, other: str = "default") -> str:
        return text + other

    client = served.websocket()
    client.connect()
    assert client.call("x", "a") == ["adefault"]
    for args, sent in (((), 0), (("a", "b", "c"), 3)):
        problem = f"the handler takes 1 to 2 arguments, and the client sent {sent}"
        error = {"message": "invalid arguments", "data": [{"argument": None, "problem": problem}]}
        assert client.call("x", *args) == [{"error": error}]


def test_the_on_error_hook_may_answer(io: Server, served: Site) -> None:
    @io.on_error
    def failed(socket: Any, event: str, error: Exception) -> Any:
        assert isinstance(error, InvalidArguments)
        assert isinstance(error, EventRejected)
        served.seen.put((event, str(error), error.data))
        if event == "broken":
            raise RuntimeError
        return "the hook's" if event == "answered" else None

    for name in ("answered", "quiet", "broken"):
        io.on(name, typed(int, served.seen.put))
    client = served.websocket()
    client.connect()
    data = [{"argument": "value", "problem": "expected int, got str"}]
    rejection = {"error": {"message": "invalid arguments", "data": data}}
    for name, answer in (("answered", "the hook's"), ("quiet", rejection), ("broken", rejection)):
        assert client.call(name, "5") == [answer]
        assert served.next() == (name, "value: expected int, got str", data)
    client.emit("quiet", "5")
    client.assert_nothing_came()
    assert served.next()[0] == "quiet"
    assert served.seen.empty()


def test_the_log_names_the_arguments_and_quotes_nothing(
    io: Server, served: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    io.on("model", typed(Account, served.seen.put))
    io.on("enum", typed(Colour, served.seen.put))
    client = served.websocket()
    client.connect()
    client.emit("model", {"name": "secret" * 100, "age": "secret"})
    client.emit("enum", "secret")
    client.assert_nothing_came()
    for event in ("model", "enum"):
        assert f"the event {event!r} in the namespace '/' was not handled: invalid arguments: value" in caplog.text
    assert "secret" not in caplog.text
    assert "Traceback" not in caplog.text


def test_another_handler_of_the_event_that_takes_the_arguments(io: Server, served: Site) -> None:
    io.on("x", typed(int, lambda value: "int"))
    io.on("x", typed(str, lambda value: served.seen.put("str")))
    client = served.websocket()
    client.connect()
    assert client.call("x", 5) == ["int"]
    client.emit("x", "text")
    assert served.next() == "str"


def test_a_refused_event_does_not_use_up_a_once_handler(io: Server, served: Site) -> None:
    io.once("x", typed(int, lambda value: value))
    client = served.websocket()
    client.connect()
    assert "error" in client.call("x", "5")[0]
    assert client.call("x", 5) == [5]


def test_what_a_converters_own_code_raises_is_its_failure(
    io: Server, served: Site, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Account):
        @classmethod
        def __get_validators__(cls) -> Any:  # pragma: no cover
            raise AssertionError

        def model_post_init(self, context: Any) -> None:
            raise KeyError("broken")

    io.on("x", typed(Broken, served.seen.put))
    client = served.websocket()
    client.connect()
    client.emit("x", {"name": "Ada"}, id=1)
    client.assert_nothing_came()
    assert served.seen.empty()
    assert "KeyError: 'broken'" in caplog.text


# -- which annotations count


def test_handlers_of_the_servers_own_events_and_any_listeners_are_not_converted(io: Server, served: Site) -> None:
    @io.on("connection")
    def connected(socket: str) -> None:
        served.seen.put("connection")

    @io.on("disconnect")
    def left(socket: Any, reason: int) -> None:
        served.seen.put(reason)

    @io.on_any
    def watch(socket: Any, event: int, *args: int) -> None:
        served.seen.put(args)

    client = served.websocket()
    client.connect()
    client.emit("x", "text")
    client.leave()
    assert [served.next() for _ in range(3)] == ["connection", ("text",), "client namespace disconnect"]


def test_a_sockets_own_handler(io: Server, served: Site) -> None:
    @io.on("connection")
    def connected(socket: Any) -> None:
        @socket.on("x")
        def own(number: int, *, ack: Any) -> None:
            ack(number)

    client = served.websocket()
    client.connect()
    assert client.call("x", 5) == [5]
    assert client.call("x", "5")[0]["error"]["data"][0]["argument"] == "number"


class Handlers:
    def method(self, socket: Any, number: int) -> int:
        return number

    @classmethod
    def of_class(cls, socket: Any, number: int) -> int:
        return number

    @staticmethod
    def static(socket: Any, number: "int") -> int:
        return number

    def __call__(self, socket: Any, number: "int") -> int:
        return number


def passes_on(handler: Any) -> Any:
    @functools.wraps(handler)
    def wrapper(socket: Any, *args: Any, **options: Any) -> Any:
        return handler(socket, *args, **options)

    return wrapper


def passes_everything_on(handler: Any) -> Any:
    @functools.wraps(handler)
    def wrapper(*args, **options):  # type: ignore[no-untyped-def]
        return handler(*args, **options)

    return wrapper


def takes_part(handler: Any) -> Any:
    @functools.wraps(handler)
    def wrapper(socket: Any, number: Any) -> Any:
        return handler(socket, number)

    return wrapper


def with_offset(offset: int, socket: Any, number: int) -> int:
    return number


@pytest.mark.parametrize(
    "handler",
    [
        Handlers().method,
        Handlers.of_class,
        Handlers.static,
        Handlers(),
        functools.partial(with_offset, 5),
        passes_on(Handlers.static),
        passes_everything_on(Handlers().method),
        passes_everything_on(passes_on(Handlers.static)),
        takes_part(Handlers.static),
    ],
)
def test_annotations_are_found_wherever_they_are(io: Server, served: Site, handler: Any) -> None:
    io.on("x", handler)
    client = served.websocket()
    client.connect()
    assert client.call("x", 5) == [5]
    (answer,) = client.call("x", "5")
    assert answer["error"]["data"] == [{"argument": "number", "problem": "expected int, got str"}]


def test_a_decorator_that_adds_an_argument_and_says_so(io: Server, served: Site) -> None:
    def with_user(handler: Any) -> Any:
        @functools.wraps(handler)
        def wrapper(socket: Any, number: int) -> Any:
            return handler("Ada", socket, number)

        return wrapper

    @io.on("x")
    @with_user
    def handler(user: bytes, socket: Any, number: int) -> Any:
        return [user, number]

    client = served.websocket()
    client.connect()
    assert client.call("x", 5) == [["Ada", 5]]
    assert "error" in client.call("x", "5")[0]


def test_untyped_handlers_take_anything(io: Server) -> None:
    for handler in (
        lambda socket, a, *b: None,
        typed(Any, print),
        typed(object, print),
        typed(Any | None, print),
        print,
        dict,
    ):
        io.on("x", handler)
    assert [listener.typed for listener in io.root.listeners.of["x"]] == [None] * 6


def test_a_class_as_a_handler(io: Server, served: Site) -> None:
    class Made(dict):  # type: ignore[type-arg]
        def __init__(self, socket: Any, number: "int") -> None:
            super().__init__(number=number)

    io.on("x", Made)
    client = served.websocket()
    client.connect()
    assert client.call("x", 5) == [{"number": 5}]
    assert "error" in client.call("x", "5")[0]


class Opaque:
    """No client can send one."""


@dataclass
class Lost:
    """Its field is known to type checkers only."""

    field: "Nowhere"  # type: ignore[name-defined]  # noqa: F821


@pytest.mark.parametrize(
    ("annotation", "message"),
    [
        ("Nowhere", r"the annotation 'Nowhere' means nothing at run time \(name 'Nowhere' is not defined\): import"),
        ("list[Nowhere]", "means nothing at run time"),
        ("not an annotation", "means nothing at run time"),
        (5, "5"),
        (Opaque, "no Opaque can be made of what a client sends; use a dataclass"),
        (list[Opaque], "no Opaque can be made"),
        (Lost, "the annotation Lost cannot be checked: name 'Nowhere' is not defined"),
        (Opaque | None, "no Opaque can be made"),
        (complex, "no complex can be made"),
        (type, "no type can be made"),
        (functools.partial, "no partial can be made"),
        (list[str | bytes], "cannot be checked: Type unions may not contain more than one str-like type"),
        (Annotated[Opaque, pydantic.Field()], "pydantic cannot check the annotation"),
    ],
)
def test_what_cannot_be_checked_is_refused_at_once(io: Server, annotation: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as raised:
        io.on("event", typed(annotation, print))
    assert "the parameter 'value' of the handler <function typed.<locals>.handler" in str(raised.value)
    assert "of 'event'" in str(raised.value)
    assert io.root.listeners.of == {}


def test_a_socket_may_be_annotated_with_what_only_type_checkers_know(io: Server) -> None:
    def handler(socket: "Nowhere", text: "str", *, ack: "Nowhere") -> "Nowhere":  # type: ignore[name-defined]  # noqa: F821
        raise AssertionError

    io.on("x", handler)
    (listener,) = io.root.listeners.of["x"]
    assert listener.typed is not None
