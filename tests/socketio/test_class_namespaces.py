"""Namespaces written as classes: their methods are the handlers, and nothing else of them is reached by a client."""

import logging
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property, partialmethod
from typing import Any

import pytest
from gevent import sleep
from site_under_test import Site

from geventio import ConfigurationError, Namespace, ParentNamespace, Server


class Chat(Namespace):
    """A namespace with state."""

    def __init__(self, server: Server, name: str) -> None:
        super().__init__(server, name)
        self.log: list[Any] = []
        self.on("chat message", self.say)
        self.on("slow", self.slow, concurrent=True)

    def on_connection(self, socket: Any) -> None:
        self.log.append("connection")
        socket.join("lobby")

    def on_disconnecting(self, socket: Any, reason: str) -> None:
        self.log.append(("disconnecting", reason, "lobby" in socket.rooms))

    def on_disconnect(self, socket: Any, reason: str) -> None:
        self.log.append(("disconnect", reason))

    def on_add(self, socket: Any, a: int, b: int = 1) -> int:
        return a + b

    def on_later(self, socket: Any, *, ack: Any) -> None:
        ack("a", "b")

    def say(self, socket: Any, text: str) -> str:
        self.to("lobby").emit("said", text)
        return "got it"

    def slow(self, socket: Any) -> str:
        sleep(0.001)
        return "slow"

    def on_fail(self, socket: Any) -> None:
        raise KeyError("fail")

    def _on_private(self, socket: Any) -> str:
        return "private"

    def helper(self, socket: Any) -> str:
        return "helper"


class PoliteChat(Chat):
    """Inherits, overrides, calls what it overrides, takes away."""

    on_later = None  # type: ignore[assignment]

    def on_add(self, socket: Any, a: int, b: int = 1) -> int:
        return 1000 + super().on_add(socket, a, b)

    def on_bye(self, socket: Any) -> str:
        return "bye"


def test_methods_are_handlers(io: Server, served: Site, transport: str) -> None:
    chat = io.of("/chat", Chat)
    assert type(chat) is Chat
    assert repr(chat) == "<Chat '/chat'>"
    assert io.of("/chat") is chat
    assert io.of("/chat", Chat) is chat
    assert io.of("/chat", Namespace) is chat
    client = served.open(transport)
    client.connect("/chat")
    assert client.call("add", 2, 3, namespace="/chat") == [5]
    assert client.call("add", 2, namespace="/chat") == [3]
    assert client.call("later", namespace="/chat") == ["a", "b"]
    assert client.call("slow", namespace="/chat") == ["slow"]
    client.emit("chat message", "hi", namespace="/chat", id=3)
    assert [client.receive().data for _ in range(2)] == [["said", "hi"], ["got it"]]
    assert chat.listeners.concurrent == {"slow"}
    client.leave("/chat")
    served.wait_until(lambda: len(chat.log) == 3)
    reason = "client namespace disconnect"
    assert chat.log == ["connection", ("disconnecting", reason, True), ("disconnect", reason)]


def test_a_client_reaches_nothing_but_the_handlers(io: Server, served: Site) -> None:
    chat = io.of("/chat", Chat)
    served.add_round_trip(chat)
    client = served.websocket()
    client.connect("/chat")
    for name in (
        "on_add", "_on_private", "private", "helper", "say", "log", "server", "use", "emit", "connection", "error",
        "any", "__init__", "__class__", "disconnect_sockets", "", "any_outgoing", "new_namespace", "add.__func__",
    ):  # fmt: skip
        client.emit(name, namespace="/chat", id=1)
    client.assert_nothing_came("/chat")
    assert chat.log == ["connection"]
    assert set(chat.listeners.of) == {
        "connect", "disconnecting", "disconnect", "add", "later", "fail", "chat message", "slow", "round trip"
    }  # fmt: skip


def test_inheritance(io: Server, served: Site) -> None:
    chat = io.of("/chat", PoliteChat)
    served.add_round_trip(chat)
    client = served.websocket()
    client.connect("/chat")
    assert client.call("add", 2, 3, namespace="/chat") == [1005]
    assert client.call("bye", namespace="/chat") == ["bye"]
    client.emit("later", namespace="/chat", id=1)  # taken away
    client.assert_nothing_came("/chat")
    assert chat.log == ["connection"]
    for event in ("connect", "add", "bye", "disconnect"):
        assert len(chat.listeners.of[event]) == 1


class Counting:
    """Mixed in before Namespace, or after it."""

    def on_count(self, socket: Any) -> int:
        return 1


class Before(Counting, Namespace):
    def on_other(self, socket: Any) -> str:
        return "other"


class After(Namespace, Counting):
    on_twice = partialmethod(lambda self, more, socket: 2 + more, 3)

    @staticmethod
    def on_static(socket: Any) -> str:
        return "static"

    @classmethod
    def on_class(cls, socket: Any) -> str:
        return cls.__name__


def test_mixins_and_methods_of_other_kinds(io: Server, served: Site) -> None:
    io.of("/before", Before)
    io.of("/after", After)
    client = served.websocket()
    client.connect("/before")
    client.connect("/after")
    assert client.call("count", namespace="/before") == [1]
    assert client.call("count", namespace="/after") == [1]
    assert client.call("twice", namespace="/after") == [5]
    assert client.call("static", namespace="/after") == ["static"]
    assert client.call("class", namespace="/after") == ["After"]


def failing(socket: Any) -> None:
    raise ValueError("x")


class Careful(Chat):
    def on_error(self, socket: Any, event: str, error: Exception) -> Any:
        self.log.append((event, type(error)))
        return None if event == "quiet" else {"failed": event}

    def on_quiet(self, socket: Any) -> None:
        raise ValueError


def test_error_hooks(io: Server, served: Site, caplog: pytest.LogCaptureFixture) -> None:
    careful = io.of("/careful", Careful)
    served.add_round_trip(careful)
    hooked = io.of("/hooked")
    jobs = io.of("/job/{id}")
    for namespace in (io, hooked, io.of("/other"), jobs):
        namespace.on("fail", failing)
    io.of("/chat", Chat)
    careful_job = io.of("/job/careful", Careful)
    io.on_error(lambda socket, event, error: "server")
    assert hooked.on_error(hook := lambda socket, event, error: ("hooked", event)) is hook

    @jobs.on_error
    def job_failed(socket: Any, event: str, error: Exception) -> str:
        return f"job {socket.params['id']}"

    io.of("/job/own").on_error(lambda socket, event, error: "own")
    client = served.websocket()
    for name, expected in {
        "/": ["server"], "/other": ["server"], "/chat": ["server"], "/careful": [{"failed": "fail"}],
        "/hooked": ["hooked", "fail"], "/job/7": ["job 7"], "/job/own": ["own"], "/job/careful": [{"failed": "fail"}],
    }.items():  # fmt: skip
        client.connect(name)
        assert client.call("fail", namespace=name) == expected
    client.emit("quiet", namespace="/careful", id=1)
    client.assert_nothing_came("/careful")
    assert [entry for entry in careful.log if entry != "connection"] == [("fail", KeyError), ("quiet", ValueError)]
    assert careful_job.parent is None
    assert len([record for record in caplog.records if record.levelno == logging.ERROR]) == 9


class Job(Namespace):
    def __init__(self, server: Server, name: str) -> None:
        self.early = dict(self.params)
        super().__init__(server, name)
        self.joined = 0

    def on_connection(self, socket: Any) -> None:
        self.joined += 1

    def on_state(self, socket: Any) -> Any:
        return [self.name, self.early, socket.params, self.joined]


def test_each_child_is_an_instance(io: Server, served: Site) -> None:
    jobs = io.of("/job/{id}", Job)
    assert isinstance(jobs, ParentNamespace)
    assert jobs.kind is Job
    jobs.on("state", lambda socket, *, ack: socket.emit("parent's handler"))  # leaves the answer to the child's
    assert jobs.listeners.of.keys() == {"state"}
    clients = [served.websocket() for _ in range(3)]
    for client, name, joined in zip(clients, ("/job/1", "/job/2", "/job/1"), (1, 1, 2), strict=True):
        client.connect(name)
        client.emit("state", namespace=name, id=1)
        assert client.receive_event() == ["parent's handler"]
        assert client.receive().data == [[name, {"id": name[-1]}, {"id": name[-1]}, joined]]
    assert {type(child) for child in jobs.children.values()} == {Job}
    child = io.of("/job/3", Job)
    assert child.parent is None  # named with its class: a namespace by itself
    assert type(io.of("/job/4")) is Job
    assert io.of("/job/4").parent is jobs


def test_the_root_as_a_class(io: Server, site: Any) -> None:
    class Root(Chat):
        pass

    root = io.of("/", Root)
    assert io.root is root
    io.on("more", lambda socket: "more")
    served: Site = site(io)
    client = served.websocket()
    client.connect()
    assert client.call("add", 1) == [2]
    assert client.call("more") == ["more"]
    io.emit("said", "x")
    assert client.receive_event() == ["said", "x"]


def test_a_root_that_nobody_mentioned_is_there(site: Any) -> None:
    io = Server()
    assert io.namespaces == {}
    served: Site = site(io)
    io.namespaces.clear()
    del io.root
    client = served.websocket()
    client.connect()
    assert set(io.namespaces) == {"/"}


class Careless(Namespace):
    def __init__(self, server: Server, name: str) -> None:
        self.members: list[Any] = []


class Wrong(Namespace):
    def __init__(self, server: Server) -> None:
        super().__init__(server, "/x")


class Narcissus(Namespace):
    def __init__(self, server: Server, name: str) -> None:
        super().__init__(server, name)
        server.of(name).emit("me")


@dataclass(init=False)
class Valued(Namespace):
    """Has an __eq__ and so no hash, and a __new__ of its own."""

    maker: str = ""

    def __new__(cls, server: Server, name: str) -> Any:
        namespace = super().__new__(cls)
        namespace.maker = f"__new__ for {name}"
        return namespace

    def on_made(self, socket: Any) -> str:
        return self.maker


def test_a_class_that_compares_its_instances(io: Server, served: Site) -> None:
    io.of("/job/{id}", Valued)
    client = served.websocket()
    client.connect("/job/7")
    assert client.call("made", namespace="/job/7") == ["__new__ for /job/7"]
    assert io.of("/valued", Valued).maker == "__new__ for /valued"


class Looking(Namespace):
    """Its handlers need an instance to be known."""

    class Descriptor:
        def __get__(self, instance: "Looking", owner: type) -> Any:
            return lambda socket: instance.name

    on_name = Descriptor()
    on_error = property(lambda self: lambda socket, event, error: self.name)  # type: ignore[assignment]
    on_partial = partialmethod(lambda self, prefix, socket: prefix + self.name, "is ")
    on_kind = classmethod(lambda cls, socket: cls.__name__)

    def on_fail(self, socket: Any) -> None:
        raise RuntimeError


def test_methods_that_need_an_instance(io: Server, served: Site) -> None:
    io.of("/job/{id}", Looking)
    client = served.websocket()
    client.connect("/job/7")
    for event, answer in (("name", "/job/7"), ("fail", "/job/7"), ("partial", "is /job/7"), ("kind", "Looking")):
        assert client.call(event, namespace="/job/7") == [answer]


def with_attribute(name: str, value: Any) -> type[Namespace]:
    return type("Chat", (Namespace,), {name: value})


async def coroutine(self: Any, socket: Any) -> None: ...


class Unfinished(Namespace, ABC):
    @abstractmethod
    def on_chat(self, socket: Any) -> None: ...


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (Careless, r"Careless.__init__\(self, server, name\) has to call super\(\).__init__\(server, name\)"),
        (Wrong, r"does not have the form Wrong\(server, name\)"),
        (Narcissus, "asked for while it is being made: use self there"),
        (Unfinished, "Unfinished is abstract: on_chat is missing"),
        (ParentNamespace, r"derived from geventio.Namespace, as in class Chat\(Namespace\)"),
        (Counting, "derived from geventio.Namespace"),
        ("Chat", "derived from geventio.Namespace"),
        (Counting(), "derived from geventio.Namespace"),
        (with_attribute("on_chat", 5), r"Chat.on_chat has the name of a handler, and is none: 5"),
        (with_attribute("on_chat", "text"), "is none: 'text'"),
        (with_attribute("on_chat", property(lambda self: 1 / 0)), "is none: <property"),
        (with_attribute("on_chat", cached_property(lambda self: 1 / 0)), "is none: <functools.cached_property"),
        (with_attribute("on_chat", Counting), "is none: <class"),
        (with_attribute("on_chat", lambda self: None), r"take the socket; its form is handler\(socket, \*args\)"),
        (with_attribute("on_chat", coroutine), "would not run it"),
        (with_attribute("on_connect", lambda self, socket: None), "'connect' is reserved: it is \"connection\""),
        (with_attribute("on_connection", lambda self, socket, more: None), r"does not have the form handler\(socket\)"),
        (with_attribute("on_disconnect", lambda self, socket: None), r"the form handler\(socket, reason\)"),
        (with_attribute("on_new_namespace", lambda self, socket: None), r'an event of the server: io.on\("new_namesp'),
        (with_attribute("on_any", lambda self, socket: None),
         r"on_any is a method of Namespace itself, so Chat.on_any cannot be .* 'any': .* self.on\(\"any\", ...\)"),
        (with_attribute("on_any_outgoing", None), "method of Namespace itself"),
        (with_attribute("on_room", lambda self, socket: None), "method of Namespace itself"),
        (with_attribute("on_server_side", lambda self, socket: None), "method of Namespace itself"),
        (with_attribute("on_error", lambda self, error: None), r"the form on_error\(self, socket, event, error\)"),
        (with_attribute("on_error", 5), r"on_error\(self, socket, event, error\) is needed, and 5 is not callable"),
    ],
)  # fmt: skip
def test_misuse(io: Server, kind: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        io.of("/chat", kind)
    assert "/chat" not in io.namespaces
    if kind not in (Careless, Narcissus):  # what their __init__ does, only an instance shows
        with pytest.raises(ConfigurationError, match=message):
            io.of("/job/{id}", kind)
        assert io.of("/job/{id}").kind is Namespace  # type: ignore[attr-defined]


def test_misuse_of_names(io: Server) -> None:
    io.of("/plain")
    io.of("/chat", Chat)
    io.of("/job/{id}")
    io.of("/task/{id}", Job)
    for name, kind, message in (
        ("/plain", Chat, r"'/plain' exists already, as a Namespace: of\('/plain', Chat\) has to come before"),
        ("/chat", PoliteChat, "exists already, as a Chat"),
        ("/job/{id}", Job, "exists already, as a Namespace"),
        ("/task/{id}", Chat, "exists already, as a Job"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            io.of(name, kind)
    assert io.of("/task/{id}").kind is Job  # type: ignore[attr-defined]
    io.on("x", lambda socket: None)
    with pytest.raises(ConfigurationError, match="'/' exists already"):
        io.of("/", Chat)
    for hooks in ((), (print, print), (5,), (lambda error: None,)):
        with pytest.raises(ConfigurationError):
            io.of("/plain").on_error(*hooks)
    with pytest.raises(ConfigurationError, match="new_namespace is an event of the server"):
        io.of("/plain").on("new_namespace", print)


def test_a_class_that_cannot_be_made_for_a_client(io: Server, served: Site, caplog: pytest.LogCaptureFixture) -> None:
    io.of("/job/{id}", Careless)
    client = served.websocket()
    assert client.refused("/job/7") == {"message": "Internal server error"}
    assert "has to call super().__init__(server, name)" in caplog.text
    assert io.of("/job/{id}").children == {}  # type: ignore[attr-defined]
