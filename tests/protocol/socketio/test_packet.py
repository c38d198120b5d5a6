"""The rules for packets that no encoding changes."""

import pytest

from geventio.exceptions import ConfigurationError
from geventio.protocol.socketio import RESERVED_EVENTS, Packet, PacketType, check_event_name


def test_the_reserved_names():
    expected = {"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"}
    assert expected == RESERVED_EVENTS


@pytest.mark.parametrize("name", sorted(RESERVED_EVENTS))
def test_reserved_names_are_refused_and_listed(name):
    with pytest.raises(ConfigurationError, match="reserved event name") as raised:
        check_event_name(name)
    assert all(reserved in str(raised.value) for reserved in RESERVED_EVENTS)


@pytest.mark.parametrize("name", ["message", "", "error", "connection", "__proto__", "*", "\ud800", 1, 1.5])
def test_other_names_are_fine(name):
    check_event_name(name)


@pytest.mark.parametrize("name", [None, True, b"x", ["x"], {}, object()])
def test_odd_names_are_refused(name):
    with pytest.raises(ConfigurationError, match=f"not {type(name).__name__}"):
        check_event_name(name)


def test_a_packet_has_no_room_for_more():
    packet = Packet(PacketType.EVENT, data=["x"])
    assert packet == Packet(PacketType.EVENT, "/", ["x"], None)
    assert not hasattr(packet, "__dict__")
