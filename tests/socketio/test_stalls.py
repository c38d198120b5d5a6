"""A handler that holds the hub: the log says which, and no client pays for it."""

import logging
import time
from typing import Any

import pytest
from gevent import Timeout, sleep
from site_under_test import Site

from geventio import Server
from geventio.runtime import Runtime, watchdog


def spin(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


@pytest.mark.parametrize("hold", [spin, time.sleep])
@pytest.mark.parametrize("clients", [1, 150])
def test_a_pong_that_lay_in_the_kernel_while_the_hub_was_held(site: Any, hold: Any, clients: int) -> None:
    io = Server(ping_interval=0.3, ping_timeout=0.4)
    served: Site = site(io)
    io.on("disconnect", lambda socket, reason: served.seen.put(reason))
    patient = [served.websocket() for _ in range(clients)]

    @io.on("hold")
    def hold_up(socket: Any) -> None:
        for client in patient:
            client.send_text("3")
        hold(3)

    guilty = served.websocket()
    for client in (*patient, guilty):
        client.connect()
    for client in patient:
        while client.receive_packet() != "2":
            pass
    guilty.emit("hold")
    for client in (*patient, guilty):
        assert client.call("round trip") == ["done"]
    assert served.seen.empty()


def test_both_transports_go_on_after_a_stall(site: Any, transport: str) -> None:
    io = Server(ping_interval=0.3, ping_timeout=0.3)
    served: Site = site(io)
    io.on("disconnect", lambda socket, reason: served.seen.put(reason))
    io.on("hold", lambda socket: spin(1))
    client = served.open(transport)
    client.connect()
    for _ in range(2):
        client.call("hold")
        assert client.receive_packet() == "2"
        client.send_text("3")
        assert client.call("round trip") == ["done"]
    assert served.seen.empty()


def test_a_client_that_is_dead_is_noticed_after_a_stall(site: Any) -> None:
    io = Server(ping_interval=0.3, ping_timeout=0.3)
    served: Site = site(io)
    io.on("disconnect", lambda socket, reason: served.seen.put(reason))
    io.on("hold", lambda socket: spin(1))
    served.websocket().connect()
    guilty = served.websocket()
    guilty.connect()
    guilty.emit("hold")
    assert served.next() == "ping timeout"
    guilty.wait_closed()


def test_the_log_names_the_handler(site: Any, caplog: pytest.LogCaptureFixture) -> None:
    io = Server(stall_limit=0.1)
    served: Site = site(io)

    @io.on("hold \x1b[2J")
    def hold(socket: Any, secret: str) -> None:
        spin(0.5)

    client = served.websocket()
    client.connect()
    assert io.stalls == 0
    time.sleep(0.2)  # a stall of nobody's handler
    client.assert_nothing_came()
    client.call("hold \x1b[2J", "secret")
    assert io.stalls >= 1
    messages = [record.getMessage() for record in caplog.records if record.name == "geventio.watchdog"]
    (message,) = [message for message in messages if "a handler of" in message]
    assert message.startswith("a handler of 'hold \\x1b[2J' (test_stalls.py:")
    assert "spin(0.5)" in message
    assert "while time.monotonic() < end" in message
    assert "secret" not in message.replace("secret: str", "")
    assert all(record.levelno == logging.WARNING for record in caplog.records)


def test_nobody_looks_where_the_limit_is_0(site: Any, caplog: pytest.LogCaptureFixture) -> None:
    with Timeout(5):
        while watchdog._the_dog._watches:  # those of other tests' servers, whose last clients have just left
            sleep(0.05)
    io = Server(stall_limit=0)
    served: Site = site(io)
    io.on("hold", lambda socket: spin(1.5))
    client = served.websocket()
    client.connect()
    client.call("hold")
    assert io.stalls == 0
    assert not caplog.records


def test_a_hub_that_is_gone_is_not_taken_for_one_that_is_held(site: Any, caplog: pytest.LogCaptureFixture) -> None:
    io = Server(stall_limit=0.1)
    served: Site = site(io)
    gone = Runtime()
    io.session_opened(gone)  # a client of a hub that was destroyed since
    gone.loop = None
    served.websocket().connect()
    sleep(0.5)
    assert io.stalls == 0
    assert not caplog.records
