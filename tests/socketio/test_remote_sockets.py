"""What a fetched socket knows and does, of the server that is asked and of another one."""

import gevent
import pytest
from selected_clients import Group, answer_all

from geventio import AckTimeout, ConfigurationError, Disconnected


def test_what_a_remote_socket_knows(group: Group) -> None:
    remote, socket = group.remote("d"), group.socket("d")
    assert remote.id == socket.id == group.ids["d"]
    assert remote.rooms == {"x", socket.id}
    assert remote.data == {"name": "d"}
    ours, theirs = socket.handshake, remote.handshake
    assert theirs.auth == {"name": "d", "raw": [1, None]}
    for field in ("auth", "headers", "query", "url", "address", "secure", "xdomain"):
        assert getattr(theirs, field) == getattr(ours, field), field
    assert abs(theirs.issued - ours.issued) <= 0.001
    assert abs((theirs.time - ours.time).total_seconds()) <= 0.001
    assert socket.id not in repr(remote)
    for field in ("id", "rooms", "data", "handshake"):
        with pytest.raises(AttributeError):
            setattr(remote, field, None)


def test_data_of_this_server_is_the_dict_itself(group: Group) -> None:
    assert group.remote("a").data is group.socket("a").data


def test_emit_to_one(group: Group) -> None:
    for name in "ad":
        group.remote(name).emit("hi", b"\x01")
        assert group.clients[name].receive_event() == ["hi", b"\x01"]


def test_call_one(group: Group) -> None:
    for name in "ad":
        answer_all(group, name)
        assert group.remote(name).call("ready?", b"\x02", timeout=5) == (name, b"\x03")


def test_call_one_that_does_not_answer(group: Group) -> None:
    for name in "ad":
        with pytest.raises(AckTimeout):
            group.remote(name).call("ready?", timeout=0.1)


def test_call_one_that_leaves(group: Group) -> None:
    remote = group.remote("d")
    gevent.spawn(lambda: (group.clients["d"].receive_question(), group.clients["d"].cut()))
    with pytest.raises(Disconnected, match="transport close"):
        remote.call("ready?", timeout=5)
    with pytest.raises(Disconnected, match="not connected"):
        remote.call("ready?", timeout=5)
    remote.emit("hi")
    remote.join("z")
    remote.disconnect()
    assert group.io.rooms() == {"x", "y", *(group.ids[name] for name in "abc")}


def test_the_answer_of_one_is_not_that_of_others_in_its_room(group: Group) -> None:
    remote = group.remote("d")
    group.socket("a").join(group.ids["d"])
    seen = group.sites[0].seen
    remote.timeout(5).emit("ready?", ack=lambda *outcome: seen.put(outcome))
    first = group.clients["a"].receive_question()
    group.clients["a"].answer(first, "not asked")
    group.clients["a"].assert_nothing_came()  # it has been heard
    second = group.clients["d"].receive_question()
    group.clients["d"].answer(second, "asked")
    assert group.sites[0].next() == (None, "asked")


def test_one_that_is_gone_while_others_are_in_its_room(group: Group) -> None:
    remote = group.remote("d")
    group.socket("a").join(group.ids["d"])
    group.clients["d"].cut()
    group.wait(lambda: group.io.count() == 3)
    gevent.spawn(lambda: group.clients["a"].answer(group.clients["a"].receive_question(), "not asked"))
    with pytest.raises(Disconnected, match="not connected"):
        remote.call("ready?", timeout=5)


def test_the_function_of_one(group: Group) -> None:
    seen = group.sites[0].seen
    answer_all(group, "d")
    group.remote("d").timeout(5).emit("ready?", b"\x02", ack=lambda *outcome: seen.put(outcome))
    assert group.sites[0].next() == (None, "d", b"\x03")
    group.remote("d").timeout(0.1).emit("ready?", b"\x02", ack=lambda *outcome: seen.put(outcome))
    (error,) = group.sites[0].next()
    assert isinstance(error, AckTimeout)


def test_join_leave_disconnect_one(group: Group) -> None:
    remote = group.remote("d")
    remote.join(["z", "zz"])
    group.wait(lambda: group.who_is_in("zz") == "d")
    remote.leave(["z", "x"])
    group.wait(lambda: group.who_is_in("z") == "")
    assert group.who_is_in("x") == "ab"
    assert "zz" in group.remote("d").rooms
    assert "zz" not in remote.rooms  # as it was when it was fetched
    remote.disconnect(close=True)
    group.clients["d"].wait_closed()
    group.wait(lambda: group.io.count() == 3)


def test_misuse_of_one(group: Group) -> None:
    remote = group.remote("d")
    with pytest.raises(ConfigurationError, match="needs a timeout"):
        remote.emit("ready?", ack=print)
    with pytest.raises(ConfigurationError, match="ack must be a function"):
        remote.timeout(1).emit("ready?", ack=5)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="a timeout is a number"):
        remote.timeout(0)
    with pytest.raises(ConfigurationError, match="a timeout is a number"):
        remote.call("ready?", timeout=0)
    for send in (remote.emit, remote.call, remote.timeout(1).emit):
        with pytest.raises(ConfigurationError, match="reserved"):
            send("disconnect")
