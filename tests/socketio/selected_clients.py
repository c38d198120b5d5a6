"""Four clients in a few rooms, at one server or at two that know of each other."""

from collections.abc import Callable
from typing import Any

import gevent
from client import Client
from site_under_test import Site

from geventio import RemoteSocket
from geventio.protocol.socketio import PacketType


class Group:
    """Four clients: a and b come to the first site, c and d to the last; a in x, b in x and y, c in y, d in x."""

    def __init__(self, sites: list[Site]) -> None:
        self.sites = sites
        self.io, self.other = sites[0].io, sites[-1].io
        self.site_of = dict(zip("abcd", [sites[0], sites[0], sites[-1], sites[-1]], strict=True))
        self.clients: dict[str, Client] = {name: self.site_of[name].websocket() for name in "abcd"}
        self.ids = {
            name: client.connect(auth={"name": name, "raw": [1, None]}) for name, client in self.clients.items()
        }
        self.names = {sid: name for name, sid in self.ids.items()}
        for name, rooms in [("a", "x"), ("b", "xy"), ("c", "y"), ("d", "x")]:
            self.socket(name).join(list(rooms))
            self.socket(name).data["name"] = name

    def socket(self, name: str) -> Any:
        return self.site_of[name].io.root.sockets[self.ids[name]]

    def named(self, sids: Any) -> str:
        return "".join(sorted(self.names[sid] for sid in sids))

    def who_is_in(self, room: str) -> str:
        return "".join(name for name in "abcd" if self.socket(name) is not None and room in self.socket(name).rooms)

    def wait(self, condition: Callable[[], bool]) -> None:
        """For what other servers do in their own time."""
        self.sites[0].wait_until(condition)

    def remote(self, name: str) -> RemoteSocket:
        """The socket of a client, as the first server sees it."""
        (remote,) = self.io.to(self.ids[name]).fetch_sockets()
        return remote


def chosen(group: Group) -> list[tuple[str, Any]]:
    io, ids = group.io, group.ids
    return [
        ("abcd", io),
        ("abcd", io.of("/")),
        ("abd", io.to("x")),
        ("abcd", io.in_(["x", "y"])),
        ("c", io.except_("x")),
        ("ad", io.to("x").except_("y")),
        ("", io.to([])),
        ("", io.to("nobody")),
        ("d", io.to(ids["d"])),
        ("abc", io.except_(ids["d"])),
        ("bd", group.socket("a").to("x")),
        ("bcd", group.socket("a").broadcast),
    ]


def everybody_heard(group: Group) -> str:
    """Who has got the event ``hi``; a round trip shows that nothing more comes."""
    heard = ""
    for name, client in group.clients.items():
        client.emit("round trip", id=1)
        while (packet := client.receive()).type is not PacketType.ACK:
            assert packet.data == ["hi", b"\x01"]
            heard += name
    return heard


def answer_all(group: Group, names: str) -> None:
    """Each client answers its next question, with its name and bytes."""

    def answer(name: str) -> None:
        client = group.clients[name]
        question = client.receive_question()
        assert question.data == ["ready?", b"\x02"]
        client.answer(question, name, b"\x03")

    for name in names:
        gevent.spawn(answer, name)
