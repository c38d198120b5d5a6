"""A stream over real sockets: what goes in comes out, whole, in order and within bounds."""

import gevent
import pytest

from geventio.runtime import Stream, current_runtime

from .sockets import Notes, in_hub, packet_pair, pair, receive_all, stream_on, wait_for


def echo(stream: Stream, data: bytes) -> None:
    assert stream.write(data)


def test_echo() -> None:
    sock, peer = pair()
    streams: list[Stream] = []
    notes = Notes(lambda data: echo(streams[0], data))
    streams.append(stream_on(sock, notes))
    peer.sendall(b"hello")
    assert peer.recv(100) == b"hello"
    peer.close()
    wait_for(lambda: notes.lost)
    assert notes.lost == [None]
    assert streams[0].closed


def test_what_a_receiver_writes_leaves_in_one_piece() -> None:
    sock, peer = packet_pair()
    streams: list[Stream] = []

    def answer(data: bytes) -> None:
        for number in range(10):
            assert streams[0].write(b"%d," % number)
        assert streams[0].buffered == 20

    streams.append(stream_on(sock, Notes(answer)))
    peer.send(b"?")
    assert peer.recv(1000) == b"0,1,2,3,4,5,6,7,8,9,"
    assert streams[0].buffered == 0


def test_a_burst_in_one_turn_leaves_in_two_sends_at_most() -> None:
    """The first write goes at once, which is what latency wants; the rest follow together."""
    sock, peer = packet_pair()
    stream = stream_on(sock)
    gevent.sleep(0)
    for number in range(10):
        assert stream.write(b"%d" % number)
    assert peer.recv(1000) == b"0"
    assert peer.recv(1000) == b"123456789"
    gevent.sleep(0.01)
    assert stream.write(b"again")  # another turn: at once
    assert peer.recv(1000) == b"again"
    assert stream.buffered == 0


def test_bytes_that_came_early_are_received_like_others() -> None:
    sock, peer = packet_pair()
    streams: list[Stream] = []

    def answer(data: bytes) -> None:
        streams[0].write(b"a")
        streams[0].write(b"b")

    streams.append(stream_on(sock, Notes(answer)))
    in_hub(streams[0].received, b"early")
    assert peer.recv(100) == b"ab"
    streams[0]._pending = []  # a burst is being collected
    in_hub(streams[0].received, b"more")
    assert streams[0].buffered == 2
    in_hub(streams[0].flush)
    assert peer.recv(100) == b"ab"


def test_five_megabytes_to_a_slow_reader() -> None:
    sock, peer = pair(send_buffer=8192)
    stream = stream_on(sock, limit=10_000_000)
    sent = b"".join(b"%08d" % number for number in range(650_000))
    for start in range(0, len(sent), 100_000):
        assert stream.write(sent[start : start + 100_000])
    gevent.sleep(0)
    assert stream.buffered > 1_000_000
    stream.close_when_sent()
    assert not stream.write(b"late")
    received = bytearray()
    while data := peer.recv(300_000):
        received += data
        gevent.sleep(0)
    assert bytes(received) == sent
    assert stream.buffered == 0
    peer.close()
    wait_for(lambda: stream.closed)


def test_data_that_comes_in_while_the_kernel_is_full_is_still_received() -> None:
    sock, peer = pair(send_buffer=8192)
    notes = Notes()
    stream = stream_on(sock, notes, limit=50_000_000)
    stream.write(b"x" * 20_000_000)
    assert stream.buffered
    peer.sendall(b"still here")
    wait_for(lambda: notes.data)
    assert notes.data == b"still here"
    stream.close()
    peer.close()


def test_over_the_limit_nothing_is_taken() -> None:
    sock, peer = pair(send_buffer=8192)
    notes = Notes()
    stream = stream_on(sock, notes, limit=100_000)
    taken = 0
    while stream.write(b"x" * 1000):
        taken += 1
        assert taken < 20_000
    states = [stream.full]
    assert 100_000 < stream.buffered <= 101_000
    assert not stream.write(b"x")
    stream.close()
    states.append(stream.full)
    assert states == [True, False]
    assert stream.buffered == 0
    assert len(receive_all(peer)) < taken * 1000
    assert notes.lost == []


def test_a_burst_beyond_the_limit_is_no_sign_of_a_slow_reader() -> None:
    sock, peer = pair()
    stream = stream_on(sock, limit=10_000)
    got = gevent.spawn(receive_all, peer)
    for _ in range(100):
        assert stream.write(b"x" * 1000)
    assert not stream.full
    gevent.sleep(0.01)
    stream.close_when_sent()
    assert got.get(timeout=5) == b"x" * 100_000
    peer.close()


def test_a_burst_beyond_the_limit_inside_a_receiver() -> None:
    sock, peer = pair()
    results: list[bool] = []
    streams: list[Stream] = []

    def flood(data: bytes) -> None:
        results.extend(streams[0].write(b"x" * 1000) for _ in range(100))
        streams[0].close_when_sent()

    streams.append(stream_on(sock, Notes(flood), limit=10_000))
    peer.sendall(b"go")
    assert receive_all(peer) == b"x" * 100_000
    assert all(results)
    peer.close()


def test_what_is_held_leaves_in_one_send() -> None:
    sock, peer = packet_pair()
    stream = stream_on(sock)
    stream.hold()
    stream.write(b"response ")
    stream.hold()
    stream.write(b"and first packet")
    assert peer.recv(100) == b"response and first packet"
    stream.close()
    peer.close()


def test_detach_gives_the_socket_away() -> None:
    sock, peer = pair()
    notes = Notes()
    stream = stream_on(sock, notes)
    stream.write(b"a")
    stream.write(b"waits for the end of the turn")
    given = stream.detach()
    assert given is sock
    assert stream.closed
    assert stream.buffered == 0
    gevent.sleep(0.01)  # the turn's end finds nothing to do
    given.send(b"mine")
    assert peer.recv(100) == b"amine"
    peer.sendall(b"yours")
    gevent.sleep(0.01)
    assert given.recv(100) == b"yours"
    assert notes.data == b""
    with pytest.raises(RuntimeError, match="closed"):
        stream.detach()
    given.close()


def test_closing_in_the_turn_in_which_the_watchers_fired() -> None:
    sock, peer = pair(send_buffer=8192)
    notes = Notes()
    stream = stream_on(sock, notes, limit=50_000_000)
    stream.write(b"x" * 20_000_000)
    stream.close()
    stream._on_writable()  # what the loop had queued already
    stream._on_readable()
    stream._lost(None)
    assert notes.lost == []
    peer.close()


def test_a_readable_socket_without_data_is_no_end() -> None:
    sock, peer = pair()
    notes = Notes()
    stream = stream_on(sock, notes)
    in_hub(stream._on_readable)
    assert notes.lost == []
    assert not stream.closed
    stream.close()
    peer.close()


def test_many_echoes_leave_no_watcher_behind() -> None:
    runtime = current_runtime()
    before = runtime.loop.activecnt
    for _ in range(100):
        sock, peer = pair()
        streams: list[Stream] = []
        streams.append(stream_on(sock, Notes(lambda data, streams=streams: echo(streams[0], data))))  # type: ignore[misc]
        peer.sendall(b"x")
        assert peer.recv(1) == b"x"
        peer.close()
        wait_for(lambda streams=streams: streams[0].closed)  # type: ignore[misc]
    gevent.sleep(0.01)
    assert runtime.loop.activecnt <= before + 1
