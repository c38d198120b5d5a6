"""The ends of a stream: ours, the peer's, orderly or not."""

import gevent
import pytest

from geventio.runtime import Stream

from .sockets import Notes, pair, receive_all, reset, stream_on, wait_for


def test_close_when_sent_ends_one_direction_and_reads_on() -> None:
    sock, peer = pair()
    notes = Notes()
    stream = stream_on(sock, notes)
    stream.write(b"a")
    stream.write(b"b")
    stream.close_when_sent()
    stream.close_when_sent()
    assert receive_all(peer) == b"ab"
    peer.sendall(b"after the end")
    wait_for(lambda: notes.data)
    assert not stream.closed
    peer.close()
    wait_for(lambda: stream.closed)
    assert notes.lost == [None]
    stream.close_when_sent()


def test_close_when_sent_with_nothing_to_send() -> None:
    sock, peer = pair()
    stream = stream_on(sock)
    stream.close_when_sent()
    assert receive_all(peer) == b""
    peer.close()
    wait_for(lambda: stream.closed)


def test_close_when_sent_from_inside_a_receiver_that_wrote_nothing() -> None:
    sock, peer = pair()
    streams: list[Stream] = []
    streams.append(stream_on(sock, Notes(lambda data: streams[0].close_when_sent())))
    peer.sendall(b"x")
    assert receive_all(peer) == b""
    streams[0].close()
    streams[0]._finish()
    peer.close()


@pytest.mark.parametrize("write_first", [False, True])
def test_close_from_inside_a_receiver(write_first: bool) -> None:
    sock, peer = pair()
    streams: list[Stream] = []
    closed: list[bool] = []

    def close(data: bytes) -> None:
        if write_first:
            streams[0].write(b"dropped")
        streams[0].close()
        assert not streams[0].write(b"late")

    notes = Notes(close)
    streams.append(stream_on(sock, notes))
    streams[0].on_closed = lambda: closed.append(True)
    peer.sendall(b"x")
    assert receive_all(peer) == b""
    streams[0].close()
    assert closed == [True]
    assert notes.lost == []


def test_a_receiver_that_raises_loses_nothing_that_it_wrote(capsys: pytest.CaptureFixture[str]) -> None:
    sock, peer = pair()
    streams: list[Stream] = []

    def fail(data: bytes) -> None:
        streams[0].write(b"written")
        raise RuntimeError("defect in a receiver")

    streams.append(stream_on(sock, Notes(fail)))
    peer.sendall(b"x")
    assert peer.recv(100) == b"written"
    assert "defect in a receiver" in capsys.readouterr().err
    streams[0].close()


def test_reset_by_the_peer_while_reading() -> None:
    sock, peer = pair()
    notes = Notes()
    stream = stream_on(sock, notes)
    reset(peer)
    wait_for(lambda: notes.lost)
    assert isinstance(notes.lost[0], ConnectionResetError)
    assert stream.closed


@pytest.mark.parametrize("writes", [1, 100])
def test_reset_by_the_peer_found_by_writing(writes: bool) -> None:
    sock, peer = pair()
    notes = Notes()
    stream = stream_on(sock, notes, reading=False)
    reset(peer)
    gevent.sleep(0.01)
    results = [stream.write(b"x") for _ in range(writes)]
    assert not any(results)
    assert not stream.full  # the peer is gone, not slow
    assert notes.lost == []  # not from inside write()
    wait_for(lambda: notes.lost)
    assert len(notes.lost) == 1
    assert isinstance(notes.lost[0], OSError)


def test_reset_by_the_peer_found_by_a_collected_write() -> None:
    sock, peer = pair()
    notes = Notes()
    stream = stream_on(sock, notes, reading=False)
    assert stream.write(b"a")
    assert stream.write(b"b")
    reset(peer)
    wait_for(lambda: notes.lost)
    assert len(notes.lost) == 1


def test_reset_by_the_peer_while_the_kernel_is_full() -> None:
    sock, peer = pair(send_buffer=8192)
    notes = Notes()
    stream = stream_on(sock, notes, limit=50_000_000, reading=False)
    stream.write(b"x" * 20_000_000)
    reset(peer)
    wait_for(lambda: notes.lost)
    assert stream.closed
    assert stream.buffered == 0


def test_shutdown_of_a_connection_that_was_reset() -> None:
    sock, peer = pair()
    notes = Notes()
    stream = stream_on(sock, notes, reading=False)
    reset(peer)
    gevent.sleep(0.01)
    stream.close_when_sent()
    wait_for(lambda: stream.closed)
    assert len(notes.lost) == 1
