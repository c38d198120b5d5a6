"""A server and its clients in a process of their own, patched or not; OS threads emit 2,000 messages each."""

import sys

if sys.argv[1] == "patched":
    from gevent import monkey

    monkey.patch_all()

from typing import Any

import gevent
from gevent.monkey import get_original
from site_under_test import Site

from geventio import Server

MESSAGES = 2000
start_new_thread = get_original("_thread", "start_new_thread")


def main() -> None:
    io = Server()
    site = Site(io)
    clients = [site.websocket() for _ in range(3)]
    for client in clients:
        client.connect()

    def emit(who: int) -> None:
        for number in range(MESSAGES):
            io.emit("news", who, number)
        io.sleep(0)

    pool = gevent.get_hub().threadpool
    for who in range(2):
        pool.spawn(emit, who)
        start_new_thread(emit, (2 + who,))
    for client in clients:
        received: list[list[Any]] = [[] for _ in range(4)]
        for _ in range(4 * MESSAGES):
            _, who, number = client.receive().data
            received[who].append(number)
        assert received == [list(range(MESSAGES))] * 4
    asked: list[Any] = []
    start_new_thread(lambda: asked.append(io.timeout(5).call("question")), ())
    for client in clients:
        client.answer(client.receive_question(), "yes")
    site.wait_until(lambda: bool(asked))
    assert sorted(reply for _, reply in asked[0]) == ["yes"] * 3
    site.close()
    print("all there, in order")


main()
