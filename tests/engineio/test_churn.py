"""Clients come and go, many of them rudely: nothing of them stays."""

import gc
import os
import random

import gevent
import pytest
from greenlet import greenlet

from geventio.runtime import current_runtime
from tests.runtime.sockets import wait_for

from .client import POLLING, WEBSOCKET, WEBSOCKET_HEADERS, HTTPClient, WebSocketClient, open_session, request_head
from .conftest import Make, NotingEngine


def polling(noting: NotingEngine, source: random.Random) -> None:
    sid = open_session(noting.address)
    target = f"{POLLING}&sid={sid}"
    client = HTTPClient(noting.address)
    step = source.randrange(6)
    if step == 0:
        client.request("POST", target, body=b"4a\x1e1")
    elif step == 1:
        client.send("GET", target)
        wait_for(lambda: noting.last.session.writable)
        client.reset()
        return
    elif step == 2:
        client.connection.sock.sendall(request_head("POST", target, length=9) + b"4")
        gevent.sleep(0.002)
        client.reset()
        return
    elif step == 3:
        client.request("POST", target, body=b"garbage")
    elif step == 4:
        noting.last.session.close()
        client.request("GET", target)
    else:
        websocket = WebSocketClient.connect(noting.address, f"{WEBSOCKET}&sid={sid}")
        if source.random() < 0.5:
            websocket.send("2probe")
            websocket.receive()
        if source.random() < 0.5:
            websocket.send("5")
            wait_for(lambda: noting.last.session.transport.name == "websocket")
        websocket.reset()
        noting.last.session.close()
        client.request("GET", target)
    client.close()


def websocket(noting: NotingEngine, source: random.Random) -> None:
    if source.random() < 0.2:
        client = HTTPClient(noting.address)
        client.connection.sock.sendall(request_head("GET", WEBSOCKET, WEBSOCKET_HEADERS))
        client.reset()  # before the answer has left
        return
    peer = WebSocketClient.connect(noting.address)
    step = source.randrange(5)
    if step > 0:
        peer.receive_open()
        peer.send("4a")
    if step == 1:
        peer.send_raw(b"\xff\xff")
        peer.close_code()
    elif step == 2:
        wait_for(lambda: noting.last.messages)
        noting.last.session.close()
        peer.close_code()
    elif step == 3:
        peer.send_raw(b"\x81\xfe")  # half a frame
    (peer.reset if source.random() < 0.5 else peer.close)()


def active_timers() -> int:
    return sum(len(bucket) for bucket in current_runtime().timers._buckets.values())


def counted() -> tuple[int, int, int]:
    """Timers, greenlets and descriptors."""
    gc.collect()
    alive = sum(1 for thing in gc.get_objects() if isinstance(thing, greenlet) and not thing.dead)
    return active_timers(), alive, len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_hundred_clients(serve: Make, seed: int) -> None:
    noting = serve()
    source = random.Random(seed)
    for scenario in (polling, websocket) * 3:  # workers and caches are warm
        scenario(noting, source)
    wait_for(lambda: not noting.engine.sessions)
    wait_for(lambda: not active_timers())
    gevent.sleep(0.01)
    before = counted()
    clients = len(noting.clients)
    for _ in range(100):
        source.choice((polling, websocket))(noting, source)
    wait_for(lambda: not noting.engine.sessions)
    wait_for(lambda: not active_timers())
    gevent.sleep(0.05)
    timers, greenlets, descriptors = counted()
    assert timers == 0
    assert greenlets <= before[1]
    assert descriptors <= before[2]
    for client in noting.clients[clients:]:
        assert len(client.closed) == 1
        assert client.session.transport.buffered == 0
