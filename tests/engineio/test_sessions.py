"""Heartbeat and end of a session."""

import time

import gevent
import pytest

from geventio.engineio.state import State
from tests.runtime.sockets import wait_for

from .client import POLLING, HTTPClient, WebSocketClient, ask, open_session
from .conftest import Make, NotingEngine
from .memory import MemoryRequest


def polling(noting: NotingEngine) -> str:
    """A polling session from memory: the query that names it."""
    noting.engine.handle(MemoryRequest())
    gevent.sleep(0)
    return f"EIO=4&transport=polling&sid={noting.last.session.id}"


def get(noting: NotingEngine, query: str) -> MemoryRequest:
    request = MemoryRequest(query=query)
    noting.engine.handle(request)
    return request


def post(noting: NotingEngine, query: str, body: bytes) -> MemoryRequest:
    request = MemoryRequest("POST", query, body=body)
    noting.engine.handle(request)
    return request


def body(request: MemoryRequest) -> bytes | None:
    gevent.sleep(0)
    return None if request.response is None else request.response.body


def test_heartbeat_over_websocket(serve: Make) -> None:
    noting = serve(ping_interval=0.1, ping_timeout=0.1)
    client = WebSocketClient.connect(noting.address)
    client.receive_open()
    for _ in range(3):
        begun = time.monotonic()
        assert client.receive() == "2"
        assert time.monotonic() - begun >= 0.09
        client.send("3")
    assert client.receive() == "2"
    assert client.close_code() == 1005
    assert noting.closed() == ("ping timeout", "")
    client.close()


def test_heartbeat_over_polling(serve: Make) -> None:
    noting = serve(ping_interval=0.1, ping_timeout=0.1)
    sid = open_session(noting.address)
    client = HTTPClient(noting.address)
    for _ in range(2):
        assert client.request("GET", f"{POLLING}&sid={sid}").text == "2"
        assert ask(noting.address, "POST", f"{POLLING}&sid={sid}", body=b"3").text == "ok"
    assert client.request("GET", f"{POLLING}&sid={sid}").text == "2"
    assert client.request("GET", f"{POLLING}&sid={sid}").text == "1"
    assert noting.closed() == ("ping timeout", "")
    client.close()


def test_other_traffic_puts_the_deadline_off_once_per_ping(make: Make) -> None:
    noting = make()
    query = polling(noting)
    session = noting.last.session
    for other in (b"4a", b"6"):
        first = session._timer
        post(noting, query, b"4before any ping")
        assert session._timer is first
        first.expire()  # a ping
        deadline = session._timer
        assert body(get(noting, query)) == b"2"
        post(noting, query, other)
        assert session._timer is not deadline
        assert not deadline.active
        deadline = session._timer
        post(noting, query, b"4b")
        assert session._timer is deadline
        post(noting, query, b"3")
        assert not deadline.active
    session._timer.expire()
    session._timer.expire()
    assert noting.closed() == ("ping timeout", "")


def test_the_wall_clock_may_jump(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    noting = make()
    query = polling(noting)
    session = noting.last.session
    session._timer.expire()
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 60)
    gevent.sleep(0.15)
    session.send("still here")
    assert body(get(noting, query)) == b"2\x1e4still here"


def test_server_closes_with_a_get_that_waits(make: Make) -> None:
    noting = make()
    query = polling(noting)
    request = get(noting, query)
    noting.last.session.close()
    assert body(request) == b"1"
    assert noting.closed() == ("forced close", "")


def test_server_closes_with_a_get_and_packets_that_wait(make: Make) -> None:
    noting = make()
    query = polling(noting)
    request = get(noting, query)
    noting.last.session.send("last")
    noting.last.session.close()
    noting.last.session.send("late")
    assert body(request) == b"4last"
    assert body(get(noting, query)) == b"6\x1e1"
    assert noting.closed() == ("forced server close", "")


def test_server_closes_without_a_get(make: Make) -> None:
    noting = make()
    query = polling(noting)
    session = noting.last.session
    session.send("last")
    session.close()
    session.close()
    assert noting.last.closed == [("forced server close", "")]
    assert session.state is State.CLOSING
    assert body(get(noting, query)) == b"4last"
    assert body(get(noting, query)) == b"6\x1e1"
    assert noting.closed() == ("forced server close", "")


@pytest.mark.parametrize("packets", [b"3", b"4late", b"6", b"3\x1e4late\x1e3"])
def test_a_client_that_never_hears_of_the_end_is_forgotten(make: Make, packets: bytes) -> None:
    noting = make()
    query = polling(noting)
    session = noting.last.session
    session._timer.expire()
    session.close()
    grace = session._timer
    post(noting, query, packets)  # whatever it sends meanwhile
    assert grace.active
    assert noting.last.messages == []
    grace.expire()
    assert noting.engine.sessions == {}
    assert noting.last.closed == [("forced server close", "")]


@pytest.mark.parametrize("packets", [b"1", b"2"])
def test_a_client_that_closes_a_closing_session(make: Make, packets: bytes) -> None:
    noting = make()
    query = polling(noting)
    noting.last.session.close()
    post(noting, query, packets)
    assert noting.engine.sessions == {}
    assert noting.last.closed == [("forced server close", "")]


def test_a_broken_body_ends_a_closing_session(make: Make) -> None:
    noting = make()
    query = polling(noting)
    noting.last.session.close()
    post(noting, query, b"9")
    assert noting.engine.sessions == {}


def test_client_closes_polling(make: Make) -> None:
    noting = make()
    query = polling(noting)
    request = get(noting, query)
    assert body(post(noting, query, b"4last\x1e1\x1e4late")) == b"ok"
    assert body(request) == b"6"
    assert noting.closed() == ("transport close", "")
    assert noting.last.messages == ["last"]
    query = polling(noting)
    assert body(post(noting, query, b"1")) == b"ok"
    assert noting.closed() == ("transport close", "")


def test_shutting_down(serve: Make) -> None:
    noting = serve()
    waiting, silent, closing = (open_session(noting.address) for _ in range(3))
    websocket = WebSocketClient.connect(noting.address)
    websocket.receive_open()
    poll = HTTPClient(noting.address)
    poll.send("GET", f"{POLLING}&sid={waiting}")
    wait_for(lambda: noting.clients[0].session.writable)
    noting.clients[2].session.close()
    noting.engine.close()
    noting.engine.close()
    assert poll.receive().status == 503  # not a close packet: after an error every client connects again
    assert websocket.close_code() == 1005
    reasons = [client.closed for client in noting.clients]
    shut = [("server shutting down", "")]
    assert reasons == [shut, shut, [("forced server close", "")], shut]
    assert noting.engine.sessions == {}
    assert ask(noting.address, "GET", POLLING).status == 503
    assert ask(noting.address, "GET", f"{POLLING}&sid={silent}").status == 400
    assert closing not in noting.engine.sessions
    noting.clients[0].session.shut_down("again")
    poll.close()
    websocket.close()


def test_late_news_of_a_transport_that_is_no_longer_ours(make: Make) -> None:
    noting = make()
    polling(noting)
    other = noting.last.session.transport
    polling(noting)
    session = noting.last.session
    session.transport_closed(other, "transport close", "")
    assert session.state is State.OPEN
    session.close()
    session.transport_closed(session.transport, "transport close", "")
    session.transport_closed(session.transport, "transport close", "")
    assert noting.last.closed == [("forced server close", "")]


def test_a_peer_that_never_answers_the_close_frame(serve: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    from geventio.engineio.transports import websocket

    monkeypatch.setattr(websocket, "LINGER", 0.05)
    noting = serve()
    client = WebSocketClient.connect(noting.address)
    client.receive_open()
    session = noting.last.session
    session.close()
    client.send("4ignored")
    assert client.close_code() == 1005
    assert client.close_code() == 1006  # cut
    assert noting.last.messages == []
    client.close()
