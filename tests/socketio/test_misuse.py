"""Misuse of the API raises at once, and the message says what to do."""

import functools
from typing import Any

import pytest
from site_under_test import Site

from geventio import ConfigurationError, Server
from geventio.protocol.socketio import JSONParser
from geventio.protocol.socketio.msgpack_parser import MsgpackParser


@pytest.fixture
def io() -> Server:
    return Server()


async def coroutine(socket: Any) -> None:
    pass


def generator(socket: Any) -> Any:
    yield


class Methods:
    def on_chat(self, socket: Any, text: str) -> None: ...

    def nothing(self) -> None: ...

    def __call__(self, socket: Any) -> None: ...


class Coroutine:
    async def __call__(self, socket: Any) -> None: ...


class Wrapper:
    """A decorator's object, for what has no signature that can be read."""

    __wrapped__ = dict

    def __call__(self, socket: Any, *args: Any, **kwargs: Any) -> None: ...


@pytest.mark.parametrize(
    ("event", "handler", "message"),
    [
        ("x", 5, r"a function of the form handler\(socket, \*args\) is needed, and 5 is not callable"),
        ("x", lambda: None, r"cannot take the socket; its form is handler\(socket, \*args\)"),
        ("x", Methods().nothing, "cannot take the socket"),
        ("x", lambda *, ack: None, "cannot take the socket"),
        ("x", lambda socket, *, other: None, "needs 'other', which nobody gives it: .* ack is the one keyword"),
        ("x", coroutine, r"would not run it: a plain function of the form handler\(socket, \*args\) is needed"),
        ("x", generator, "would not run it"),
        ("x", Coroutine(), "would not run it"),
        ("connection", lambda socket, more: None, r"does not have the form handler\(socket\)"),
        ("disconnect", lambda socket: None, r"does not have the form handler\(socket, reason\)"),
        ("disconnect", lambda socket, reason, more: None, "does not have the form"),
        ("disconnecting", lambda socket: None, r"does not have the form handler\(socket, reason\)"),
        ("connect", lambda socket: None, "'connect' is reserved: it is \"connection\" on the server"),
        ("connect_error", lambda socket: None, "reserved: .* refuse a socket with ConnectionRejected"),
        ("newListener", lambda socket: None, "reserved"),
        ("removeListener", lambda socket: None, "reserved"),
        (5, lambda socket: None, r'an event has a name, as in @io.on\("chat message"\), not 5'),
        (print, print, "an event has a name"),
    ],
)  # fmt: skip
def test_registering(io: Server, event: Any, handler: Any, message: str) -> None:
    for source in (io, io.of("/admin")):
        for register in (source.on, source.once):
            with pytest.raises(ConfigurationError, match=message):
                register(event, handler)
            with pytest.raises(ConfigurationError, match=message):
                register(event)(handler)
    assert io.root.listeners.of == {}


def test_a_decorator_without_its_event(io: Server) -> None:
    for register in (io.on, io.once, io.of("/admin").on, io.on_room, io.on_server_side):
        with pytest.raises(ConfigurationError):
            register(lambda socket: None)  # type: ignore[call-overload]


def test_handlers_that_are_fine(io: Server) -> None:
    for handler in (
        Methods().on_chat, Methods(), functools.partial(lambda text, socket: None, "x"), print, dict, Wrapper(),
        lambda *args: None, lambda socket, /, a=1, *args, ack=None, **more: None,
    ):  # fmt: skip
        assert io.on("x", handler) is handler
    assert io.use(dict) is dict  # its signature cannot be read
    io.on("connection", lambda *args: None)
    io.on("disconnect", lambda socket, reason=None: None)
    io.off()
    io.off("nothing")
    io.off("x", print)
    assert io.root.listeners.of == {}
    with pytest.raises(ConfigurationError, match=r"off\(event, handler\)"):
        io.off(handler=print)


def test_off(io: Server) -> None:
    first, second = (lambda socket: None), (lambda socket: None)
    io.on("x", first, concurrent=True)
    io.once("x", second)
    io.off("x", first)
    assert [listener.function for listener in io.root.listeners.of["x"]] == [second]
    io.on("connection", first)
    io.off("connection", second)
    assert len(io.root.listeners.of) == 2
    io.off("connection", first)
    io.off("x")
    assert io.root.listeners.of == {}


def with_user(handler: Any) -> Any:
    """A decorator that adds an argument of its own."""

    @functools.wraps(handler)
    def wrapper(socket: Any, text: str) -> Any:
        return handler("Ada", socket, text)

    return wrapper


def logged(handler: Any) -> Any:
    """A decorator that passes on what it is given."""

    @functools.wraps(handler)
    def wrapper(*args: Any, **options: Any) -> Any:
        return handler(*args, **options)

    return wrapper


def test_decorated_handlers_are_called_as_the_decorator_wants(site: Any, io: Server) -> None:
    served: Site = site(io)

    @io.on("who")
    @with_user
    def who(user: str, socket: Any, text: str) -> str:
        return f"{user}: {text}"

    @io.on("later")
    @logged
    def later(socket: Any, *, ack: Any) -> None:
        ack("acknowledged")

    @io.on("plain")
    @logged
    def plain(socket: Any) -> str:
        return "plain"

    client = served.websocket()
    client.connect()
    assert client.call("who", "hi") == ["Ada: hi"]
    assert client.call("later") == ["acknowledged"]
    assert client.call("plain") == ["plain"]


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda io: io.use(5), r"form middleware\(socket\) is needed, and 5 is not callable"),
        (lambda io: io.of("/a").use(lambda: None), r"does not have the form middleware\(socket\)"),
        (lambda io: io.use(lambda socket, following: None), r"does not have the form middleware\(socket\)"),
        (lambda io: io.use(lambda socket, *, ack: None), r"does not have the form middleware\(socket\)"),
        (lambda io: io.use(coroutine), "would not run it"),
        (lambda io: io.on_error("log"), r"form hook\(socket, event, error\) is needed"),
        (lambda io: io.on_error(lambda error: None), r"does not have the form hook\(socket, event, error\)"),
        (lambda io: io.of(5), r'name such as "/admin", a pattern such as .* or a function\(name, auth\), not 5'),
        (lambda io: io.of("/a,b"), "has no comma"),
        (lambda io: io.of("/" + "é" * 128), "at most 256 bytes, not 257"),
        (lambda io: io.of("/\ud800"), "UTF-8"),
        (lambda io: io.to(5), "the name of a room is a text, not 5"),
        (lambda io: io.in_(None), "the name of a room is a text, not None"),
        (lambda io: io.to(["a", 5]), "not 5"),
        (lambda io: io.to([["a"]]), r"not \['a'\]"),
        (lambda io: io.except_(b"a"), "not 97"),
        (lambda io: io.emit("disconnect"), "'disconnect' is a reserved event name"),
        (lambda io: io.to("x").emit("connect"), "reserved"),
        (lambda io: io.emit(None), "the name of an event is a str"),
        (lambda io: io.emit(True), "the name of an event is a str"),
        (lambda io: io.timeout(1).call("newListener"), "reserved"),
        (lambda io: io.to("x").call("x"), r"need a timeout: io.to\(...\).timeout\(5\).call"),
        (lambda io: io.to("x").emit("x", ack=print), "need a timeout"),
        (lambda io: io.timeout(1).emit("x", ack=5), "ack must be a function of the replies, not 5"),
    ],
)
def test_server_and_namespace(io: Server, use: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        use(io)


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf"), "5", None, True])
def test_timeouts(site: Any, io: Server, seconds: Any) -> None:
    served: Site = site(io)
    client = served.websocket()
    socket = io.root.sockets[client.connect()]
    for use in (
        lambda: io.timeout(seconds),
        lambda: io.of("/").timeout(seconds),
        lambda: io.to("x").timeout(seconds),
        lambda: io.call("x", timeout=seconds),
        lambda: socket.timeout(seconds),
        lambda: socket.volatile.timeout(seconds),
        lambda: socket.call("x", timeout=1 - 1 if seconds is None else seconds),
    ):
        with pytest.raises(ConfigurationError, match="a timeout is a number of seconds above 0, not "):
            use()
    client.assert_nothing_came()


def test_a_socket(site: Any, io: Server) -> None:
    served: Site = site(io)
    client = served.websocket()
    socket = io.root.sockets[client.connect()]
    assert repr(socket) == "<Socket in '/'>"
    for use, message in (
        (lambda: socket.on("x", 5), r"form handler\(\*args\) is needed"),
        (lambda: socket.on("disconnect", lambda: None), r"does not have the form handler\(reason\)"),
        (lambda: socket.on("disconnecting", lambda a, b: None), r"does not have the form handler\(reason\)"),
        (lambda: socket.on("connect", print), "reserved"),
        (lambda: socket.off(handler=print), "off"),
        (lambda: socket.emit("connect"), "reserved"),
        (lambda: socket.emit("connect", ack=print), "reserved"),
        (lambda: socket.emit("x", ack=5), "ack must be a function, not 5"),
        (lambda: socket.volatile.emit("x", ack=5), "ack must be a function, not 5"),
        (lambda: socket.volatile.emit("disconnecting"), "reserved"),
        (lambda: socket.call("connect"), "reserved"),
        (lambda: socket.call(b"x"), "the name of an event is a str"),
        (lambda: socket.join(5), "the name of a room is a text, not 5"),
        (lambda: socket.join([None]), "the name of a room is a text, not None"),
        (lambda: socket.leave(5), "the name of a room is a text, not 5"),
        (lambda: socket.leave(["a"]), "the name of a room is a text"),
        (lambda: socket.to(5), "the name of a room is a text, not 5"),
        (lambda: socket.emit("x", *[b"x"] * 11), "at most 10 binary attachments"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            use()
    client.assert_nothing_came()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ping_interval": 0}, "ping_interval must be more than 0, not 0"),
        ({"connect_timeout": -1}, "connect_timeout must be more than 0"),
        ({"max_attachments": "ten"}, "max_attachments must be a number"),
        ({"max_http_buffer_size": 0}, "max_http_buffer_size must be at least 1"),
        ({"path": ""}, "path must be"),
        ({"transports": ["carrier pigeon"]}, "transports are polling and websocket"),
        ({"parser": "json"}, r"parser must be a packet encoding such as JSONParser\(\), not 'json'"),
        ({"cors_credentials": True, "cors_allowed_origins": "*"}, "cors_credentials needs the origins by name"),
    ],
)
def test_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Server(**options)


def test_parsers(site: Any) -> None:
    assert isinstance(Server(parser=JSONParser()).parser, JSONParser)
    served: Site = site(Server(parser=MsgpackParser()))
    client = served.websocket()
    client.parser = MsgpackParser()
    client.decoder = client.parser.decoder()
    client.connect()
    client.assert_nothing_came()
