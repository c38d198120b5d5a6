"""How acknowledgements are gathered from servers that answer in any order, or not at all."""

from collections.abc import Callable
from typing import Any

import gevent
import pytest

from geventio import AckTimeout, AdapterError, Disconnected, Server
from geventio.socketio.descriptions import SocketDescription
from geventio.socketio.handshake import Handshake
from geventio.socketio.replies import Gathering, client_replies, server_replies


@pytest.fixture
def over() -> list[Gathering]:
    return []


@pytest.fixture
def gathering(over: list[Gathering]) -> Gathering:
    return Gathering(over.append)


def test_nobody_is_asked(gathering: Gathering, over: list[Gathering]) -> None:
    gathering.expect([])
    assert over == [gathering]
    gathering.limit(0.01)  # no timer is started
    gevent.sleep(0.05)
    assert over == [gathering]
    assert not gathering.timed_out


def test_each_server_says_whom_it_asks(gathering: Gathering, over: list[Gathering]) -> None:
    gathering.more_servers(2)
    gathering.expect(["a"])
    gathering.collect("a", None, [1])
    gathering.expect([])
    assert not over
    gathering.expect(["b"])
    gathering.collect("b", None, [1, 2])
    assert over == [gathering]
    replies = client_replies(gathering)
    assert list(replies) == [("a", 1), ("b", (1, 2))]
    assert replies.missing == []
    assert repr(replies) == "<Replies: 2 answered, 0 missing>"


def test_an_answer_that_overtakes_the_word_that_it_was_asked_for(gathering: Gathering, over: list[Gathering]) -> None:
    gathering.more_servers(1)
    gathering.expect(["a"])
    gathering.collect("b", None, [2])
    gathering.collect("", None, [])
    gathering.collect("a", None, [1])
    assert not over
    gathering.expect(["b", ""])
    assert over == [gathering]
    assert list(client_replies(gathering)) == [("b", 2), ("", None), ("a", 1)]


def test_those_without_a_name_are_counted(gathering: Gathering, over: list[Gathering]) -> None:
    gathering.expect(["", "", "a", ""])
    gathering.collect("", None, [1])
    gathering.collect("a", Disconnected("transport close"), [])
    gathering.limit(0.02)
    gevent.sleep(0.1)
    assert over == [gathering]
    assert gathering.timed_out
    assert gathering.missing == ["a", "", ""]
    gathering.collect("", None, ["late"])
    gathering.expect(["late"])
    assert over == [gathering]
    assert list(client_replies(gathering)) == [("", 1)]


def test_replies_of_servers(gathering: Gathering, over: list[Gathering]) -> None:
    gathering.expect(["s1", "s2"])
    gathering.collect("s1", None, [None])
    gathering.collect("s2", AckTimeout(1), [])
    replies = server_replies(gathering)
    assert replies == [None]
    assert replies.missing == 1


@pytest.mark.parametrize("name", ["a", ""])
def test_the_only_one_ends_it(over: list[Gathering], name: str) -> None:
    gathering = Gathering(over.append, only="a")
    gathering.expect(["b", name])
    gathering.collect("b", None, ["not asked"])
    assert not over
    gathering.collect(name, None, ["asked"])
    assert gathering.answered == [(name, ["asked"])]
    assert over == [gathering]


# -- descriptions


@pytest.mark.parametrize(
    "plain",
    [
        None,
        [],
        {},
        {"id": 5, "handshake": {}, "rooms": []},
        {"id": "a", "handshake": None, "rooms": []},
        {"id": "a", "handshake": {}, "rooms": None},
        {"id": "a", "handshake": {}, "rooms": "room"},
    ],
)
def test_a_description_that_is_none(plain: Any) -> None:
    with pytest.raises(AdapterError, match="described a socket"):
        SocketDescription.from_plain(plain)


def test_a_description_that_says_little() -> None:
    described = SocketDescription.from_plain({"id": "a", "handshake": {}, "rooms": ["x", 5]})
    assert described.rooms == {"x", "5"}
    assert described.data is None
    handshake = described.handshake
    assert (handshake.auth, handshake.headers, handshake.query) == ({}, {}, {})
    assert (handshake.url, handshake.address, handshake.secure, handshake.xdomain) == ("", "", False, False)
    assert handshake.issued == 0
    assert not isinstance(handshake, Handshake)


def test_the_names_of_a_description_are_those_of_nodejs(site: Callable[..., Any]) -> None:
    served = site(Server())
    client = served.websocket("&token=x", [("Origin", f"http://127.0.0.1:{served.port}"), ("X-Custom", "é")])
    socket = served.io.root.sockets[client.connect(auth={"a": 1})]
    socket.data["b"] = [2]
    socket.handshake.issued = 1_700_000_000.5
    plain = SocketDescription(socket.id, socket.handshake, socket.rooms, socket.data).to_plain()
    handshake = plain.pop("handshake")
    assert plain == {"id": socket.id, "rooms": [socket.id], "data": {"b": [2]}}
    assert handshake.pop("headers")["x-custom"]
    assert handshake.pop("query")["token"] == "x"
    assert handshake.pop("url").startswith("/socket.io/?EIO=4")
    assert handshake == {
        "time": "Tue Nov 14 2023 22:13:20 GMT+0000 (Coordinated Universal Time)",
        "address": "127.0.0.1",
        "xdomain": True,
        "secure": False,
        "issued": 1_700_000_000_500,
        "auth": {"a": 1},
    }
