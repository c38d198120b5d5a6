"""Polling: what a GET and a POST get, alone and against each other."""

import gevent
import pytest

from geventio.engineio.state import InvalidState, State
from geventio.engineio.transports.polling import TURN
from tests.runtime.sockets import wait_for

from .client import (
    POLLING,
    HTTPClient,
    ask,
    open_session,
    request_head,
)
from .conftest import Make
from .memory import MemoryRequest


def test_messages_both_ways(serve: Make) -> None:
    noting = serve()
    sid = open_session(noting.address)
    client = HTTPClient(noting.address)
    answer = client.request("POST", f"{POLLING}&sid={sid}", body="4hällo\x1e4\x1ebAQID".encode())
    assert (answer.status, answer.text, answer.headers["content-type"]) == (200, "ok", "text/html")
    assert answer.headers["cache-control"] == "no-store"
    assert noting.last.messages == ["hällo", "", b"\x01\x02\x03"]
    session = noting.last.session
    for message in ("ä", b"\x04\x05", bytearray(b"\x06"), memoryview(b"\x07"), ""):
        session.send(message)
    with pytest.raises(TypeError, match="text or bytes"):
        session.send(5)  # type: ignore[arg-type]
    assert session.buffered
    assert not session.writable
    answer = client.request("GET", f"{POLLING}&sid={sid}")
    assert answer.text == "4ä\x1ebBAU=\x1ebBg==\x1ebBw==\x1e4"
    assert session.buffered == 0
    client.close()


def test_a_get_waits_for_what_comes(serve: Make) -> None:
    noting = serve()
    sid = open_session(noting.address)
    client = HTTPClient(noting.address)
    client.send("GET", f"{POLLING}&sid={sid}")
    session = noting.last.session
    wait_for(lambda: session.writable)
    for number in range(5):
        session.send(str(number))
    assert client.receive().text == "40\x1e41\x1e42\x1e43\x1e44"
    client.close()


@pytest.mark.parametrize("count", [17, 1000])
def test_many_packets_in_one_body(serve: Make, count: int) -> None:
    noting = serve()
    sid = open_session(noting.address)
    body = "\x1e".join(f"4{number}" for number in range(count)).encode()
    assert ask(noting.address, "POST", f"{POLLING}&sid={sid}", body=body).status == 200
    assert noting.last.messages == [str(number) for number in range(count)]


def test_the_size_of_a_body(serve: Make) -> None:
    noting = serve(max_http_buffer_size=1000)
    sid = open_session(noting.address)
    target = f"{POLLING}&sid={sid}"
    answer = ask(noting.address, "POST", target, body=b"4" + b"x" * 1000)
    assert (answer.status, answer.body) == (413, b"")
    assert ask(noting.address, "POST", target, body=b"4" + b"x" * 999).status == 200
    client = HTTPClient(noting.address)
    client.connection.sock.sendall(request_head("POST", target, length=2**63))
    assert client.receive().status == 413
    client.close()
    assert noting.last.messages == ["x" * 999]
    assert noting.last.session.state is State.OPEN


@pytest.mark.parametrize("body", [b"", b"9x", b"4a\x1e", b"4a\x1eb!!!", b"4a\x1e4\xff", b"abc"])
@pytest.mark.parametrize("polling", [False, True])
def test_undecodable_bodies(serve: Make, body: bytes, polling: bool) -> None:
    noting = serve()
    sid = open_session(noting.address)
    poll = HTTPClient(noting.address)
    if polling:
        poll.send("GET", f"{POLLING}&sid={sid}")
        wait_for(lambda: noting.last.session.writable)
    answer = ask(noting.address, "POST", f"{POLLING}&sid={sid}", body=body)
    assert (answer.status, answer.body) == (400, b"")
    assert noting.closed()[0] == "parse error"
    if polling:
        assert poll.receive().text == "1"
    assert ask(noting.address, "GET", f"{POLLING}&sid={sid}").status == 400
    poll.close()


def test_packets_before_a_bad_one_are_delivered(serve: Make) -> None:
    noting = serve()
    sid = open_session(noting.address)
    ask(noting.address, "POST", f"{POLLING}&sid={sid}", body=b"4a\x1e4b\x1e9\x1e4c")
    assert noting.closed()[0] == "parse error"
    assert noting.last.messages == ["a", "b"]


def test_a_body_of_very_many_packets_leaves_others_their_turns(make: Make) -> None:
    noting = make()
    noting.engine.handle(MemoryRequest())
    client = noting.last
    query = f"EIO=4&transport=polling&sid={client.session.id}"
    count = 3 * TURN
    request = MemoryRequest("POST", query, body="\x1e".join(f"4{n}" for n in range(count)).encode())
    noting.engine.handle(request)
    assert len(client.messages) == TURN
    assert request.response is None
    second = MemoryRequest("POST", query, body=b"4second")
    other = MemoryRequest()
    noting.engine.handle(other)
    assert other.response is not None
    wait_for(lambda: request.response)
    assert client.messages == [str(n) for n in range(count)]
    noting.engine.handle(second)
    assert second.response is not None
    assert second.response.body == b"ok"


def test_a_post_beside_one_of_very_many_packets_is_one_too_many(make: Make) -> None:
    noting = make()
    noting.engine.handle(MemoryRequest())
    client = noting.last
    query = f"EIO=4&transport=polling&sid={client.session.id}"
    request = MemoryRequest("POST", query, body=b"4a" + b"\x1e4b" * 3 * TURN)
    noting.engine.handle(request)
    second = MemoryRequest("POST", query, body=b"4second")
    noting.engine.handle(second)
    assert second.response is not None
    assert second.response.status == 400
    wait_for(lambda: request.response)
    assert noting.closed() == ("transport error", "data request overlap from client")
    assert len(client.messages) == TURN


@pytest.mark.parametrize("bad", [b"x", b"1"])
def test_what_ends_a_session_behind_very_many_packets(make: Make, bad: bytes) -> None:
    noting = make()
    noting.engine.handle(MemoryRequest())
    client = noting.last
    query = f"EIO=4&transport=polling&sid={client.session.id}"
    request = MemoryRequest("POST", query, body=b"4a\x1e" * 2 * TURN + bad + b"\x1e4b")
    noting.engine.handle(request)
    wait_for(lambda: request.response)
    assert request.response is not None
    assert request.response.status == (400 if bad == b"x" else 200)
    assert len(client.messages) == 2 * TURN
    assert noting.closed()[0] == ("parse error" if bad == b"x" else "transport close")


def test_content_types(serve: Make) -> None:
    noting = serve()
    sid = open_session(noting.address)
    target = f"{POLLING}&sid={sid}"
    for kind in ("text/plain", "application/octet-stream; charset=x", "x"):
        assert ask(noting.address, "POST", target, [("Content-Type", kind)], b"4a").status == 200
    answer = ask(noting.address, "POST", target, [("Content-Type", "application/octet-stream")], b"\x04a")
    assert (answer.status, answer.body) == (400, b"")
    assert noting.closed() == ("transport error", "invalid content")


def test_two_gets_at_once(serve: Make) -> None:
    noting = serve()
    sid = open_session(noting.address)
    first = HTTPClient(noting.address)
    first.send("GET", f"{POLLING}&sid={sid}")
    wait_for(lambda: noting.last.session.writable)
    answer = ask(noting.address, "GET", f"{POLLING}&sid={sid}")
    assert (answer.status, answer.body) == (400, b"")
    assert first.receive().text == "1"
    assert noting.closed() == ("transport error", "overlap from client")
    first.close()


def test_two_posts_at_once(serve: Make) -> None:
    noting = serve()
    sid = open_session(noting.address)
    first = HTTPClient(noting.address)
    first.connection.sock.sendall(request_head("POST", f"{POLLING}&sid={sid}", length=2) + b"4")
    gevent.sleep(0.05)
    assert ask(noting.address, "POST", f"{POLLING}&sid={sid}", body=b"4b").status == 400
    assert noting.closed() == ("transport error", "data request overlap from client")
    first.close()
    gevent.sleep(0.01)
    assert noting.last.messages == []


def test_a_get_and_a_post_at_once_are_normal(serve: Make) -> None:
    noting = serve()
    noting.echo = True
    sid = open_session(noting.address)
    poll = HTTPClient(noting.address)
    poll.send("GET", f"{POLLING}&sid={sid}")
    wait_for(lambda: noting.last.session.writable)
    assert ask(noting.address, "POST", f"{POLLING}&sid={sid}", body=b"4echo").text == "ok"
    assert poll.receive().text == "4echo"
    poll.close()


@pytest.mark.parametrize("reset", [False, True])
def test_a_client_that_leaves_its_get(serve: Make, reset: bool) -> None:
    noting = serve()
    sid = open_session(noting.address)
    client = HTTPClient(noting.address)
    client.send("GET", f"{POLLING}&sid={sid}")
    wait_for(lambda: noting.last.session.writable)
    (client.reset if reset else client.close)()
    assert noting.closed() == ("transport error", "poll connection closed prematurely")


@pytest.mark.parametrize("reset", [False, True])
def test_a_client_that_leaves_its_post(serve: Make, reset: bool) -> None:
    noting = serve()
    sid = open_session(noting.address)
    client = HTTPClient(noting.address)
    client.connection.sock.sendall(request_head("POST", f"{POLLING}&sid={sid}", length=10) + b"4")
    gevent.sleep(0.02)
    (client.reset if reset else client.close)()
    assert noting.closed() == ("transport error", "data request connection closed prematurely")


def test_a_body_that_stops(serve: Make) -> None:
    noting = serve(body_timeout=0.1)
    sid = open_session(noting.address)
    clients = [HTTPClient(noting.address) for _ in range(3)]
    clients[0].connection.sock.sendall(request_head("POST", f"{POLLING}&sid={sid}", length=10) + b"4")
    assert noting.closed()[0] == "transport error"
    for client in clients:
        client.close()


@pytest.mark.parametrize("body", [b"0", b"5", b"6", b"3", b"3\x1e3", b"0{}", b"5x"])
def test_packets_without_a_meaning_here_are_ignored(serve: Make, body: bytes) -> None:
    noting = serve()
    sid = open_session(noting.address)
    assert ask(noting.address, "POST", f"{POLLING}&sid={sid}", body=body).status == 200
    assert noting.last.session.state is State.OPEN
    assert noting.last.messages == []


@pytest.mark.parametrize("body", [b"2", b"2probe"])
def test_a_ping_of_the_client(serve: Make, body: bytes) -> None:
    noting = serve()
    sid = open_session(noting.address)
    poll = HTTPClient(noting.address)
    poll.send("GET", f"{POLLING}&sid={sid}")
    wait_for(lambda: noting.last.session.writable)
    ask(noting.address, "POST", f"{POLLING}&sid={sid}", body=body + b"\x1e4late")
    assert noting.closed() == ("transport error", "invalid heartbeat direction")
    assert poll.receive().text == "1"
    assert noting.last.messages == []
    poll.close()


def test_a_session_moves_only_forward(make: Make) -> None:
    noting = make()
    noting.engine.handle(MemoryRequest())
    session = noting.last.session
    session.close()
    session.close()
    with pytest.raises(InvalidState, match="CLOSING to OPEN"):
        session._move(State.OPEN)
    assert str(InvalidState("x")) == "x"


def test_two_requests_held_by_the_engine(make: Make) -> None:
    """The body of a POST may come after the session has gone."""
    noting = make()
    noting.engine.handle(MemoryRequest())
    gevent.sleep(0)
    sid = noting.last.session.id
    post = MemoryRequest("POST", f"EIO=4&transport=polling&sid={sid}", body=b"4late\x1e1\x1e9")
    post.hold = True
    noting.engine.handle(post)
    poll = MemoryRequest("GET", f"EIO=4&transport=polling&sid={sid}")
    noting.engine.handle(poll)
    noting.last.session.close()
    assert poll.response is not None
    assert poll.response.body == b"1"
    post.finish_body()
    assert post.response is not None
    assert noting.last.messages == []
    assert noting.last.closed == [("forced close", "")]
