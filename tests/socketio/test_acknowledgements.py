"""Acknowledgements in both directions: given, awaited, late, doubled, forged, interrupted."""

import time
from typing import Any

import gevent
import pytest
from client import PATIENCE
from gevent import sleep, spawn
from gevent.queue import Queue
from site_under_test import Site

from geventio import AckTimeout, ConfigurationError, Disconnected, Server
from geventio.protocol.socketio import Packet, PacketType

ACK = PacketType.ACK


def joined(served: Site, transport: str = "websocket") -> tuple[Any, Any]:
    client = served.open(transport)
    return client, served.io.root.sockets[client.connect()]


def pending(socket: Any) -> int:
    return 0 if socket._acks is None else len(socket._acks)


@pytest.mark.parametrize(
    ("value", "arguments"),
    [
        (None, []), ("text", ["text"]), ((1, 2), [1, 2]), ((), []), ([1, 2], [[1, 2]]), (0, [0]), (False, [False]),
        (b"\x01", [b"\x01"]), ({"a": [b"\x02"]}, [{"a": [b"\x02"]}]),
    ],
)  # fmt: skip
def test_what_a_handler_returns(io: Server, served: Site, transport: str, value: Any, arguments: list[Any]) -> None:
    io.on("x", lambda socket: value)
    client, _ = joined(served, transport)
    assert client.call("x") == arguments


def test_an_event_of_nobody_is_never_acknowledged(io: Server, served: Site) -> None:
    client, _ = joined(served)
    client.emit("nobody's", id=1)
    client.assert_nothing_came()


def test_the_ack_keyword(io: Server, served: Site) -> None:
    kept: list[Any] = []

    @io.on("later")
    def later(socket: Any, *, ack: Any) -> str:
        kept.append(ack)
        return "not an acknowledgement"

    client, _ = joined(served)
    client.emit("later", id=2**53)
    client.assert_nothing_came()
    kept[0]("now", 2)
    kept[0]("once only")
    assert client.receive() == Packet(ACK, "/", ["now", 2], 2**53)
    client.emit("later")  # asks for none
    client.assert_nothing_came()
    kept[1]("nobody asked")
    client.assert_nothing_came()


def test_an_ack_that_cannot_be_encoded_has_not_been_given(io: Server, served: Site) -> None:
    @io.on("x")
    def handler(socket: Any, *, ack: Any) -> None:
        with pytest.raises(TypeError):
            ack(object())
        ack("second try")

    io.on("y", lambda socket: object())
    io.on_error(lambda socket, event, error: f"{event}: {type(error).__name__}")
    client, _ = joined(served)
    assert client.call("x") == ["second try"]
    assert client.call("y") == ["y: TypeError"]


def test_the_first_of_several_handlers_acknowledges(io: Server, served: Site) -> None:
    io.on("x", lambda socket: 1)
    io.on("x", lambda socket: 2)
    client, _ = joined(served)
    assert client.call("x") == [1]
    client.assert_nothing_came()


def test_call_for_its_own_client_while_its_mailbox_is_busy(io: Server, served: Site, transport: str) -> None:
    @io.on("ask me")
    def ask(socket: Any) -> Any:
        return socket.call("question", b"\x01", timeout=5), socket.timeout(5).call("another")

    client, socket = joined(served, transport)
    client.emit("ask me", id=1)
    client.emit("ask me", id=2)
    for number in (1, 2):
        question = client.receive_question()
        assert question.data == ["question", b"\x01"]
        client.answer(question, "a", b"\x02")
        client.answer(client.receive_question())
        assert client.receive() == Packet(ACK, "/", [["a", b"\x02"], None], number)
    assert pending(socket) == 0


def test_call_times_out(served: Site) -> None:
    client, socket = joined(served)
    started = time.monotonic()
    with pytest.raises(AckTimeout, match=r"no acknowledgement within 0\.05 s") as caught:
        socket.call("question", timeout=0.05)
    assert isinstance(caught.value, TimeoutError)
    assert 0.05 <= time.monotonic() - started < 1
    client.answer(client.receive_question(), "late")
    client.assert_nothing_came()
    assert pending(socket) == 0


def test_call_and_the_callers_own_timeout(served: Site) -> None:
    client, socket = joined(served)
    with gevent.Timeout(0.02) as own, pytest.raises(gevent.Timeout) as caught:
        socket.call("question", timeout=None)
    assert caught.value is own
    with gevent.Timeout(0.02), pytest.raises(gevent.Timeout):
        socket.volatile.call("question")
    assert pending(socket) == 0
    caller = spawn(socket.call, "question", timeout=None)
    for _ in range(3):
        client.receive_question()
    assert pending(socket) == 1
    caller.kill()
    assert pending(socket) == 0


@pytest.mark.parametrize("end", ["leaves", "is disconnected", "is cut", "server closes"])
def test_call_ends_when_the_client_does(io: Server, served: Site, transport: str, end: str) -> None:
    client, socket = joined(served, transport)
    caller = spawn(socket.call, "question", timeout=None)
    others = spawn(lambda: io.timeout(5).call("question"))
    client.receive_question()
    client.receive_question()
    if end == "leaves":
        client.leave()
    elif end == "is disconnected":
        socket.disconnect(close=True)
    elif end == "is cut":
        client.close()
    else:
        io.close()
    with pytest.raises(Disconnected):
        caller.get(timeout=5)
    replies = others.get(timeout=5)
    assert len(replies) == 0
    assert replies.missing == [socket.id]
    assert repr(replies) == "<Replies: 0 answered, 1 missing>"


def test_forged_late_and_doubled_acknowledgements(served: Site) -> None:
    client, socket = joined(served)
    other, other_socket = joined(served)
    socket.emit("question", ack=lambda *values: served.seen.put(values))
    question = client.receive_question()
    other.answer(question, "of another client")
    for number in (*range(100), 2**53):
        if number != question.id:
            client.send(Packet(ACK, "/", ["made up"], number))
    client.send(Packet(ACK, "/", ["no id"]))
    client.answer(question, "first")
    client.answer(question, "second")
    client.assert_nothing_came()
    other.assert_nothing_came()
    assert served.next() == ("first",)
    assert served.seen.empty()
    assert pending(socket) == pending(other_socket) == 0


def test_an_acknowledgement_without_arguments(served: Site) -> None:
    client, socket = joined(served)
    for text in ("43{}[]", "43{}"):
        caller = spawn(socket.call, "question")
        client.send_text(text.format(client.receive_question().id))
        assert caller.get(timeout=5) is None


def test_ack_functions(io: Server, served: Site, transport: str, caplog: pytest.LogCaptureFixture) -> None:
    client, socket = joined(served, transport)
    unanswered: Queue[Any] = Queue()  # whenever that is: the answers of the others may come before or after

    def blocking(*values: Any) -> None:
        sleep(0.001)
        served.seen.put((*values, socket.call("nested", timeout=5)))

    socket.emit("a", ack=blocking)
    socket.compress(False).emit("b", ack=blocking)
    socket.timeout(0.05).send("c", ack=lambda error, *values: unanswered.put((type(error), values)))
    socket.timeout(5).emit("d", ack=lambda error, *values: 1 / 0)
    questions = [client.receive_question() for _ in range(4)]
    client.answer(questions[0], 1)
    client.answer(client.receive_question(), "x")
    assert served.next() == (1, "x")
    client.answer(questions[1], 2)
    client.answer(client.receive_question(), "y")
    assert served.next() == (2, "y")
    assert unanswered.get(timeout=PATIENCE) == (AckTimeout, ())
    client.answer(questions[3])
    client.assert_nothing_came()
    assert "the ack function of 'd' failed" in caplog.text
    assert pending(socket) == 0


def test_what_cannot_be_sent_leaves_nothing_awaited(io: Server, served: Site) -> None:
    client, socket = joined(served)
    for send in (
        lambda: socket.emit("x", object(), ack=print),
        lambda: socket.timeout(5).emit("x", object(), ack=print),
        lambda: socket.call("x", object()),
        lambda: socket.emit("x", object()),
        lambda: io.timeout(5).call("x", object()),
        lambda: io.emit("x", object()),
    ):
        with pytest.raises(TypeError):
            send()
    assert pending(socket) == 0
    client.assert_nothing_came()


def test_call_in_a_middleware_is_refused_at_once(
    io: Server, served: Site, caplog: pytest.LogCaptureFixture, transport: str
) -> None:
    io.use(lambda socket: socket.call("question"))
    client = served.open(transport)
    assert client.refused() == {"message": "Internal server error"}
    assert "ask it in a connection handler" in caplog.text
    assert issubclass(ConfigurationError, ValueError)


def test_emit_in_a_middleware_comes_before_the_reply(io: Server, served: Site) -> None:
    @io.use
    def greet(socket: Any) -> None:
        socket.emit("early")
        socket.emit("early question", ack=lambda *values: served.seen.put(values))

    client = served.websocket()
    client.send(Packet(PacketType.CONNECT))
    assert client.receive_event() == ["early"]
    question = client.receive_question()
    assert client.receive().type is PacketType.CONNECT
    client.answer(question, "now")
    assert served.next() == ("now",)


def test_asks_of_a_refused_socket_end(io: Server, served: Site) -> None:
    @io.use
    def ask_and_refuse(socket: Any) -> None:
        socket.timeout(5).emit("x", ack=lambda error, *values: served.seen.put(error.reason))
        raise RuntimeError

    client = served.websocket()
    client.send(Packet(PacketType.CONNECT))
    client.receive_question()
    assert client.receive().type is PacketType.CONNECT_ERROR
    assert served.next() == "server namespace disconnect"


def test_many_awaited_acknowledgements_end_with_the_socket(served: Site) -> None:
    client, socket = joined(served)
    errors = []
    for _ in range(2000):
        socket.timeout(60).emit("x", ack=lambda error, *values: errors.append(type(error)))
    assert pending(socket) == 2000
    client.cut()
    served.wait_until(lambda: len(errors) == 2000)
    assert set(errors) == {Disconnected}
    assert pending(socket) == 0
