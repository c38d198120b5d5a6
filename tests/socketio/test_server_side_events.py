"""What servers say to each other, and what that is on one server."""

import logging
from collections.abc import Callable
from typing import Any

import gevent
import pytest
from gevent.queue import Queue
from two_servers import Bus

from geventio import ConfigurationError, Server, ServerReplies


def servers(count: int) -> list[Server]:
    bus = Bus()
    made = [Server(adapter=bus.adapter) for _ in range(count)]
    for io in made:
        io.of("/")
        io.adapters.start()
    return made


def collect(io: Server, event: str) -> "Queue[Any]":
    heard: Queue[Any] = Queue()
    io.on_server_side(event, lambda *args: heard.put(args))
    return heard


def test_every_other_server_hears_it() -> None:
    first, second, third = servers(3)
    heard = [collect(io, "hello") for io in (first, second, third)]
    first.server_side_emit("hello", 1, "two", {"3": b"\x04"})
    assert heard[1].get(timeout=5) == (1, "two", {"3": b"\x04"})
    assert heard[2].get(timeout=5) == (1, "two", {"3": b"\x04"})
    second.server_side_emit("hello")
    assert heard[0].get(timeout=5) == heard[2].get(timeout=5) == ()
    assert [queue.qsize() for queue in heard] == [0, 0, 0]


def test_what_handlers_return_is_what_a_call_returns() -> None:
    first, second, third = servers(3)

    @second.on_server_side("how many?")
    def two() -> int:
        gevent.sleep(0.02)  # it may block
        return 2

    @third.on_server_side("how many?")
    def three() -> list[int]:
        return [3]

    replies = first.server_side_call("how many?", timeout=5)
    assert isinstance(replies, ServerReplies)
    assert replies == [[3], 2]
    assert replies.missing == 0


def test_the_first_handler_acknowledges_and_all_hear_it() -> None:
    first, second = servers(2)
    heard: list[Any] = []
    second.on_server_side("x", heard.append)
    second.on_server_side("x", lambda value: heard.append(-value) or "late")
    assert first.server_side_call("x", 1) == [None]
    assert heard == [1, -1]


def test_ack_gets_what_they_return() -> None:
    first, second, _ = servers(3)
    second.on_server_side("x", lambda value: value + 1)
    got: Queue[Any] = Queue()
    first.server_side_emit("x", 1, ack=got.put)
    replies = got.get(timeout=10)  # the third has no handler: it is missing after 5 seconds
    assert replies == [2]
    assert replies.missing == 1


def test_servers_that_do_not_answer_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    first, second, third, _ = servers(4)
    second.on_server_side("x", lambda: "second")

    @third.on_server_side("x")
    def fail() -> None:
        raise RuntimeError("a fault of the application")

    replies = first.server_side_call("x", timeout=0.2)
    assert replies == ["second"]
    assert replies.missing == 2
    assert "a server-side handler of 'x' in the namespace '/' failed" in caplog.text


def test_a_handler_that_fails_does_not_keep_the_next_from_it(caplog: pytest.LogCaptureFixture) -> None:
    first, second = servers(2)
    second.on_server_side("x", lambda: 1 / 0)
    second.on_server_side("x", lambda: "answered")
    assert first.server_side_call("x") == ["answered"]
    assert "ZeroDivisionError" in caplog.text


def test_a_timeout_of_the_caller_passes_through() -> None:
    first, second = servers(2)
    second.on_server_side("x", lambda: gevent.sleep(0.2))
    with pytest.raises(gevent.Timeout), gevent.Timeout(0.02):
        first.server_side_call("x")


def test_handlers_start_in_order_and_do_not_wait_for_each_other() -> None:
    first, second = servers(2)
    heard: Queue[Any] = Queue()

    def handler(number: int) -> int:
        heard.put(number)
        if number == 0:
            heard.get(timeout=0)  # its own
            return int(second.server_side_call("back", number)[0])
        return number

    second.on_server_side("x", handler)
    first.on_server_side("back", lambda number: first.server_side_call("x", number + 1)[0])
    assert first.server_side_call("x", 0) == [1]
    for number in range(2, 7):
        first.server_side_emit("x", number)
    assert [heard.get(timeout=5) for _ in range(6)] == [1, 2, 3, 4, 5, 6]


def test_namespaces_are_apart() -> None:
    first, second = servers(2)
    heard = collect(second, "x")
    for io in (first, second):
        io.of("/admin")
    second.of("/admin").on_server_side("x", lambda: "/admin")
    assert first.of("/admin").server_side_call("x") == ["/admin"]
    assert heard.qsize() == 0


def test_one_server_has_nobody_to_speak_to() -> None:
    io = Server()
    heard = collect(io, "x")
    io.server_side_emit("x", 1)
    got: Queue[Any] = Queue()
    io.server_side_emit("x", 1, ack=got.put)
    assert got.get(timeout=5) == []
    replies = io.of("/admin").server_side_call("x")
    assert replies == []
    assert replies.missing == 0
    gevent.sleep(0)
    assert heard.qsize() == 0


@pytest.mark.parametrize("event", ["connect", "connection", "new_namespace"])
def test_reserved_names(event: str) -> None:
    io = Server()
    calls: list[Callable[..., Any]] = [
        io.server_side_emit,
        io.server_side_call,
        io.on_server_side,
        lambda name: io.on_server_side(name, print),
    ]
    for call in calls:
        with pytest.raises(ConfigurationError, match="is reserved"):
            call(event)


def test_misuse() -> None:
    io = Server()
    with pytest.raises(ConfigurationError, match="an event between servers has a name"):
        io.on_server_side(5, print)  # type: ignore[call-overload]
    with pytest.raises(ConfigurationError, match="is not callable"):
        io.on_server_side("x", 5)  # type: ignore[type-var]
    with pytest.raises(ConfigurationError, match="is not callable"):
        io.server_side_emit("x", ack=5)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="a timeout is a number"):
        io.server_side_call("x", timeout=0)
    first, second = servers(2)
    second.on_server_side("x", print)
    with pytest.raises(TypeError):
        first.server_side_emit("x", object())


def test_what_is_no_event_is_told_of(caplog: pytest.LogCaptureFixture) -> None:
    io = Server()
    heard = collect(io, "x")
    with caplog.at_level(logging.WARNING):
        for args in ([], [5], [["x"]], [None]):
            io.root.server_side_received(args)
    assert len(caplog.records) == 4
    io.root.server_side_received(["nobody listens"], print)
    io.root.server_side_received(["x", 1])
    assert heard.get(timeout=5) == (1,)
