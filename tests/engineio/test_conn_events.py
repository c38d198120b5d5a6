"""The events of a session: what somebody sees who listens, in what order, and where nobody may be held up."""

import sys
from typing import Any

import gevent
import pytest
from gevent.event import Event

from geventio import ConfigurationError
from geventio.engineio import conn_events
from geventio.engineio.prepared import PreparedMessages
from geventio.engineio.session import Session
from tests.runtime.sockets import wait_for

from .client import POLLING, WEBSOCKET, HTTPClient, WebSocketClient, ask, open_session
from .conftest import Make, NotingEngine

EVENTS = ("upgrade", "drain", "packet", "packet_create", "close")


def note(session: Session, *events: str) -> list[tuple[Any, ...]]:
    """What happens to *session* from now on."""
    seen: list[tuple[Any, ...]] = []
    for event in events or EVENTS:
        session.on(event, lambda *args, event=event: seen.append((event, *args)))
    return seen


def connect(noting: NotingEngine, query: str = "") -> tuple[WebSocketClient, Session]:
    client = WebSocketClient.connect(noting.address, WEBSOCKET + query)
    client.receive_open()
    return client, noting.last.session


def test_over_websocket(serve: Make) -> None:
    noting = serve(ping_interval=0.05)
    noting.echo = True
    client, session = connect(noting)
    seen = note(session)
    assert (session.ready_state, session.protocol, session.transport.name) == ("open", 4, "websocket")
    client.send("4hello")
    client.send(b"\x01")
    assert [client.receive(), client.receive()] == ["4hello", b"\x01"]
    session.send_prepared(PreparedMessages(["broadcast", b"\x02"]))
    assert [client.receive(), client.receive(), client.receive()] == ["4broadcast", b"\x02", "2"]
    client.send("3")
    wait_for(lambda: ("packet", "pong", "") in seen)
    packets = [each for each in seen if each[0] != "drain"]
    assert packets == [
        ("packet", "message", "hello"), ("packet_create", "message", "hello"),
        ("packet", "message", b"\x01"), ("packet_create", "message", b"\x01"),
        ("packet_create", "message", "broadcast"), ("packet_create", "message", b"\x02"),
        ("packet_create", "ping", ""), ("packet", "pong", ""),
    ]  # fmt: skip
    client.close()
    wait_for(lambda: ("close", "transport close", "") in seen)
    assert session.ready_state == "closed"


def test_over_polling(serve: Make) -> None:
    noting = serve()
    noting.echo = True
    target = f"{POLLING}&sid={open_session(noting.address)}"
    session = noting.last.session
    seen = note(session)
    ask(noting.address, "POST", target, body="4é\x1ebAQI=".encode())
    gevent.sleep(0.01)
    assert ("drain",) not in seen  # it waits for the client's next request
    ask(noting.address, "GET", target)
    wait_for(lambda: ("drain",) in seen)
    assert seen == [
        ("packet", "message", "é"), ("packet_create", "message", "é"),
        ("packet", "message", b"\x01\x02"), ("packet_create", "message", b"\x01\x02"), ("drain",),
    ]  # fmt: skip
    session.close()
    wait_for(lambda: seen[-1] == ("close", "forced server close", ""))
    assert session.ready_state == "closing"


def test_an_upgrade(serve: Make) -> None:
    noting = serve()
    sid = open_session(noting.address)
    session = noting.last.session
    seen = note(session)
    websocket = WebSocketClient.connect(noting.address, f"{WEBSOCKET}&sid={sid}")
    websocket.send("2probe")
    assert websocket.receive() == "3probe"
    session.send("waits")
    assert seen == []
    websocket.send("5")
    assert websocket.receive() == "4waits"
    wait_for(lambda: len(seen) == 3)
    assert sorted(seen) == [("drain",), ("packet_create", "message", "waits"), ("upgrade", "websocket")]
    assert session.transport.name == "websocket"
    websocket.close()


def test_a_client_of_revision_3(serve: Make) -> None:
    noting = serve(allow_eio3=True)
    client, session = connect(noting, "&EIO=3")
    seen = note(session, "packet", "packet_create")
    assert session.protocol == 3
    session.send("a")
    session.send(b"\x01")
    session.send_prepared(PreparedMessages([b"\x02"]))
    client.send("2")
    assert [client.receive() for _ in range(4)] == ["4a", b"\x04\x01", b"\x04\x02", "3"]
    wait_for(lambda: len(seen) == 5)
    assert seen == [
        ("packet_create", "message", "a"), ("packet_create", "message", b"\x01"),
        ("packet_create", "message", b"\x02"), ("packet", "ping", ""), ("packet_create", "pong", ""),
    ]  # fmt: skip
    client.close()
    target = f"{POLLING.replace('EIO=4', 'EIO=3')}"
    answer = ask(noting.address, "GET", target)
    session = noting.last.session
    seen = note(session, "packet_create")
    assert session.id in answer.text
    session.send_prepared(PreparedMessages(["x", b"\x02"]))
    wait_for(lambda: len(seen) == 2)
    assert seen == [("packet_create", "message", "x"), ("packet_create", "message", b"\x02")]


def test_drain_tells_when_a_slow_client_has_read(serve: Make) -> None:
    noting = serve(max_send_buffer=50_000_000)
    client, session = connect(noting)
    size, drained = 20_000_000, []
    session.send("x" * size)
    session.once("drain", lambda: drained.append(session.buffered))
    session.send("y")
    gevent.sleep(0.05)
    assert session.buffered > 1_000_000
    assert drained == []
    assert client.receive() == "4" + "x" * size
    assert client.receive() == "4y"
    wait_for(lambda: drained)
    assert drained == [0]
    session.on("drain", lambda: drained.append(session.buffered))
    session.send("z")
    assert client.receive() == "4z"
    wait_for(lambda: len(drained) == 2)
    client.close()


def test_drain_in_a_loop_keeps_the_buffer_small(serve: Make) -> None:
    """What it is for: to send as fast as the client reads, and no faster."""
    noting = serve()
    client, session = connect(noting)
    total, most = 200, [0]

    def produce() -> None:
        for _ in range(total):
            room = Event()
            session.once("drain", room.set)
            session.send("x" * 100_000)
            most[0] = max(most[0], session.buffered)
            room.wait(5)

    producer = gevent.spawn(produce)
    for _ in range(total):
        assert client.receive() == "4" + "x" * 100_000
        gevent.sleep(0)
    producer.get(timeout=5)
    assert most[0] <= 200_000
    assert not noting.last.closed
    client.close()


def test_once_and_off(serve: Make) -> None:
    noting = serve()
    client, session = connect(noting)
    seen: list[str] = []

    def every(kind: str, data: str) -> None:
        seen.append(f"every {data}")

    session.on("packet", every)

    @session.once("packet")
    def first(kind: str, data: str) -> None:
        seen.append(f"once {data}")

    client.send("4a")
    client.send("4b")
    wait_for(lambda: len(seen) == 3)
    assert seen == ["every a", "once a", "every b"]
    session.off("packet", every)
    session.off("packet", print)
    session.off("drain")
    client.send("4c")
    wait_for(lambda: "c" in noting.last.messages)
    session.on("packet", every)
    session.off("packet")
    session.on("packet_create", every)
    session.off()
    client.send("4d")
    session.send("e")
    assert client.receive() == "4e"
    wait_for(lambda: "d" in noting.last.messages)
    gevent.sleep(0.01)
    assert len(seen) == 3
    client.close()


def test_a_handler_may_block_and_raise(serve: Make, caplog: pytest.LogCaptureFixture) -> None:
    noting = serve()
    noting.echo = True
    client, session = connect(noting)
    gate, seen = Event(), []

    @session.on("packet")
    def slow(kind: str, data: str) -> None:
        gate.wait()
        if data == "a":
            raise gevent.Timeout(1)
        raise ValueError

    session.on("packet", lambda kind, data: seen.append(data))
    for message in ("4a", "4b"):
        client.send(message)
        assert client.receive() == message  # nobody is held up
    gate.set()
    wait_for(lambda: len(seen) == 2)
    assert seen == ["a", "b"]
    assert caplog.text.count("a handler of 'packet' on a conn failed") == 2
    client.close()


def test_what_waits_for_handlers_is_bounded(
    serve: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(conn_events, "MAX_WAITING", 10)
    noting = serve()
    client, session = connect(noting)
    gate, seen = Event(), []

    @session.on("packet")
    def slow(kind: str, data: str) -> None:
        gate.wait()
        seen.append(data)

    session.on("close", lambda reason, detail: seen.append(reason))
    for number in range(50):
        client.send(f"4{number}")
    client.close()
    wait_for(lambda: noting.last.closed)
    gate.set()
    wait_for(lambda: "transport close" in seen)  # the end is never dropped
    assert seen == [*map(str, range(11)), "transport close"]
    assert session.events is not None
    assert session.events.dropped == 39
    assert caplog.text.count("slower than its events") == 1


def test_whom_nobody_listens_to_has_no_object_for_it(serve: Make) -> None:
    noting = serve()
    client, session = connect(noting)
    client.send("4a")
    session.send("b")
    assert client.receive() == "4b"
    session.off("packet")
    assert session.events is None
    assert sys.getsizeof(session) < 250
    client.close()


def test_wrong_registrations(serve: Make) -> None:
    noting = serve()
    open_session(noting.address)
    session = noting.last.session
    for register in (session.on, session.once, session.off):
        with pytest.raises(ConfigurationError, match="upgrade, drain, packet, packet_create, close"):
            register("message", print)  # type: ignore[operator]
    with pytest.raises(ConfigurationError, match="callable"):
        session.on("drain", 5)  # type: ignore[call-overload]
    client = HTTPClient(noting.address)
    client.close()
