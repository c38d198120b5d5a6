"""From polling to WebSocket: nothing lost, doubled or overtaken, whenever and however often it is tried."""

import random
from collections.abc import Callable
from typing import Any

import gevent
import pytest

from geventio.engineio.state import State
from tests.runtime.sockets import wait_for

from .client import POLLING, WEBSOCKET, HTTPClient, WebSocketClient, ask, open_session
from .conftest import Make, NotingEngine
from .upgrading_client import UpgradingClient


@pytest.mark.parametrize("seed", range(6))
def test_numbered_messages_both_ways(serve: Make, seed: int) -> None:
    count = 350
    noting = serve()
    client = UpgradingClient(noting, seed)
    session = noting.last.session

    def numbered(send: Callable[[str], Any], source: random.Random) -> None:
        for number in range(count):
            send(str(number))
            if source.random() < 0.3:
                gevent.sleep(source.random() * 0.003)

    senders = [
        gevent.spawn(numbered, session.send, random.Random(seed + 100)),
        gevent.spawn(numbered, client.send, random.Random(seed + 200)),
    ]
    for _ in range(seed % 3):
        client.nap(0.03)
        client.abort_upgrade()
        wait_for(lambda: session.upgrade is None)
    client.nap(0.05)
    client.upgrade()
    gevent.joinall(senders, timeout=10, raise_error=True)
    expected = [str(number) for number in range(count)]
    wait_for(lambda: len(client.received) >= count and len(noting.last.messages) >= count)
    gevent.sleep(0.01)
    assert client.received == expected
    assert noting.last.messages == expected
    assert session.transport.name == "websocket"
    assert noting.last.closed == []
    assert client.websocket is not None
    client.websocket.close()
    gevent.joinall(client.greenlets, timeout=5, raise_error=True)


def begin(noting: NotingEngine, *, probe: bool = True) -> tuple[str, WebSocketClient]:
    sid = open_session(noting.address)
    client = WebSocketClient.connect(noting.address, f"{WEBSOCKET}&sid={sid}")
    if probe:
        client.send("2probe")
        assert client.receive() == "3probe"
    return sid, client


def poll(noting: NotingEngine, sid: str) -> HTTPClient:
    client = HTTPClient(noting.address)
    client.send("GET", f"{POLLING}&sid={sid}")
    wait_for(lambda: noting.last.session.writable)
    return client


def test_a_get_that_waits_is_released_by_the_probe(serve: Make) -> None:
    noting = serve()
    sid, client = begin(noting, probe=False)
    waiting = poll(noting, sid)
    client.send("2probe")
    assert client.receive() == "3probe"
    assert waiting.receive().text == "6"
    waiting.send("GET", f"{POLLING}&sid={sid}")  # one that came too late for that
    assert waiting.receive().text == "6"
    client.send("2probe")  # again: answered again
    assert client.receive() == "3probe"
    client.send("5")
    wait_for(lambda: noting.last.session.transport.name == "websocket")
    answer = ask(noting.address, "GET", f"{POLLING}&sid={sid}")
    assert (answer.status, answer.text) == (400, '{"code":3,"message":"Bad request"}')
    assert ask(noting.address, "POST", f"{POLLING}&sid={sid}", body=b"4a").status == 400
    client.close()
    waiting.close()


def test_what_is_sent_during_the_probe(serve: Make) -> None:
    noting = serve()
    sid, client = begin(noting)
    session = noting.last.session
    waiting = poll(noting, sid)
    session.send("over polling")
    assert waiting.receive().text == "4over polling"
    session.send("waits")
    session.send(b"too")
    gevent.sleep(0.01)
    client.send("5")
    assert client.receive() == "4waits"
    assert client.receive() == b"too"
    session.send("after")
    assert client.receive() == "4after"
    waiting.close()
    client.close()


def test_an_upgrade_without_a_probe_and_with_a_get_that_waits(serve: Make) -> None:
    noting = serve()
    sid, client = begin(noting, probe=False)
    waiting = poll(noting, sid)
    client.send_raw(b"")
    client.send("5")
    client.send("4first")
    assert waiting.receive().text == "1"
    wait_for(lambda: noting.last.messages == ["first"])
    assert noting.last.closed == []
    waiting.close()
    client.close()
    assert noting.closed()[0] == "transport close"


@pytest.mark.parametrize("packet", ["2", "2other", "4message", "1", "3probe", "6", "0{}", b"binary", "9"])
@pytest.mark.parametrize("probe", [False, True])
def test_anything_else_ends_the_attempt_alone(serve: Make, packet: str | bytes, probe: bool) -> None:
    noting = serve()
    sid, client = begin(noting, probe=probe)
    client.send(packet)
    assert client.close_code() in (1008, 1005)
    client.close()
    session = noting.last.session
    assert session.upgrade is None
    assert session.state is State.OPEN
    assert noting.last.messages == []
    session.send("still polling")
    assert ask(noting.address, "GET", f"{POLLING}&sid={sid}").text == "4still polling"
    again = WebSocketClient.connect(noting.address, f"{WEBSOCKET}&sid={sid}")
    again.send("2probe")
    assert again.receive() == "3probe"
    again.send("5")
    session.send("now here")
    assert again.receive() == "4now here"
    again.close()


def test_a_second_websocket(serve: Make) -> None:
    noting = serve()
    sid, client = begin(noting)
    for upgraded in (False, True):
        if upgraded:
            client.send("5")
            wait_for(lambda: noting.last.session.transport.name == "websocket")
        second = WebSocketClient.connect(noting.address, f"{WEBSOCKET}&sid={sid}")
        assert second.handshake is not None
        assert second.handshake.status == 101
        assert second.close_code() == 1005
        second.close()
    client.send("4fine")
    wait_for(lambda: noting.last.messages == ["fine"])
    assert noting.last.closed == []
    client.close()


@pytest.mark.parametrize("probe", [False, True])
def test_an_upgrade_that_takes_too_long(serve: Make, probe: bool) -> None:
    noting = serve(upgrade_timeout=0.1)
    sid, client = begin(noting, probe=probe)
    assert client.close_code() == 1008
    client.close()
    assert noting.last.session.state is State.OPEN
    assert noting.last.session.upgrade is None
    assert ask(noting.address, "POST", f"{POLLING}&sid={sid}", body=b"4fine").text == "ok"


def test_closing_during_the_probe_with_a_get_that_waits(serve: Make) -> None:
    noting = serve()
    sid, client = begin(noting)
    waiting = poll(noting, sid)
    noting.last.session.close()
    assert waiting.receive().text == "1"
    assert client.close_code() == 1005
    assert noting.closed() == ("forced close", "")
    client.close()
    waiting.close()


def test_closing_during_the_probe_without_a_get(serve: Make) -> None:
    """The client sends no GET any more: what waits, and the end, reach it over the WebSocket."""
    noting = serve()
    _, client = begin(noting)
    session = noting.last.session
    session.send("last words")
    session.close()
    assert noting.last.closed == [("forced server close", "")]
    client.send_raw(b"")
    client.send("5")
    assert client.receive() == "4last words"
    assert client.close_code() == 1005
    assert noting.engine.sessions == {}
    assert len(noting.last.closed) == 1
    client.close()


def test_the_engine_closes_during_the_probe(serve: Make) -> None:
    noting = serve()
    _, client = begin(noting)
    noting.engine.close()
    assert client.close_code() == 1005
    assert noting.last.closed == [("server shutting down", "")]
    client.close()


def test_the_client_closes_its_session_during_the_probe(serve: Make) -> None:
    noting = serve()
    sid, client = begin(noting)
    assert ask(noting.address, "POST", f"{POLLING}&sid={sid}", body=b"1").text == "ok"
    assert noting.closed() == ("transport close", "")
    assert client.close_code() == 1005
    client.send("5")
    client.close()


def test_an_upgrade_that_comes_after_the_end(serve: Make) -> None:
    noting = serve()
    sid = open_session(noting.address)
    noting.last.session.close()
    client = WebSocketClient.connect(noting.address, f"{WEBSOCKET}&sid={sid}")
    assert client.close_code() == 1005
    client.close()
    assert ask(noting.address, "GET", f"{POLLING}&sid={sid}").text == "6\x1e1"
    assert noting.engine.sessions == {}
