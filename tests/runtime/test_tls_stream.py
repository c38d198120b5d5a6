"""A stream over real TLS connections."""

import ssl
from pathlib import Path
from typing import Any

import gevent
import pytest
from gevent import socket as gevent_socket
from gevent.socket import wait_read
from gevent.ssl import SSLContext

from geventio.runtime import Stream, current_runtime
from geventio.runtime.tls_stream import TLSStream

from .sockets import Notes, in_hub, receive_all, wait_for

TLSPair = tuple[Any, Any]


@pytest.fixture
def tls_pair(certificate: tuple[Path, Path]) -> TLSPair:
    server_context = SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(*certificate)
    client_context = SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client_context.load_verify_locations(certificate[0])
    listener = gevent_socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(1)

    def accept() -> Any:
        accepted, _ = listener.accept()
        return server_context.wrap_socket(accepted, server_side=True)

    accepting = gevent.spawn(accept)
    plain = gevent_socket.create_connection(listener.getsockname(), timeout=5)
    peer = client_context.wrap_socket(plain, server_hostname="127.0.0.1")
    sock = accepting.get(timeout=5)
    listener.close()
    sock.settimeout(0.0)
    return sock, peer


def echo(stream: Stream, data: bytes) -> None:
    assert stream.write(data)


def test_a_megabyte_both_ways_at_once(tls_pair: TLSPair) -> None:
    sock, peer = tls_pair
    notes = Notes()
    stream = TLSStream(sock, notes, current_runtime(), limit=2_000_000)
    message = bytes(range(256)) * 4096
    sender = gevent.spawn(peer.sendall, message)
    for start in range(0, len(message), 10_000):
        assert stream.write(message[start : start + 10_000])
    received = bytearray()
    while len(received) < len(message):
        received += peer.recv(65536)
    assert bytes(received) == message
    sender.get(timeout=5)
    wait_for(lambda: len(notes.data) == len(message))
    assert notes.data == message
    stream.close()
    peer.close()


def test_echo_of_many_records(tls_pair: TLSPair) -> None:
    sock, peer = tls_pair
    streams: list[Stream] = []
    streams.append(TLSStream(sock, Notes(lambda data: echo(streams[0], data)), current_runtime()))
    for number in range(200):
        peer.sendall(b"%d" % number)
        assert peer.recv(100) == b"%d" % number
    peer.close()
    wait_for(lambda: streams[0].closed)


def test_what_the_tls_layer_had_read_before(tls_pair: TLSPair) -> None:
    sock, peer = tls_pair
    peer.sendall(b"handshake and more")
    wait_read(sock.fileno(), timeout=5)
    assert sock.recv(9) == b"handshake"
    notes = Notes()
    stream = TLSStream(sock, notes, current_runtime())
    in_hub(stream.read_pending)
    assert notes.data == b" and more"
    in_hub(stream.read_pending)
    stream.close()
    in_hub(stream.read_pending)
    peer.close()


def test_close_when_sent_and_the_end_of_the_peer(tls_pair: TLSPair) -> None:
    sock, peer = tls_pair
    stream = TLSStream(sock, Notes(), current_runtime())
    stream.write(b"a")
    stream.write(b"b")
    stream.close_when_sent()
    assert receive_all(peer) == b"ab"
    assert stream.closed
    in_hub(stream._finish)
    peer.close()


def test_the_peer_goes_away(tls_pair: TLSPair) -> None:
    sock, peer = tls_pair
    notes = Notes()
    stream = TLSStream(sock, notes, current_runtime())
    peer.close()
    wait_for(lambda: notes.lost)
    assert stream.closed


def test_garbage_instead_of_records(tls_pair: TLSPair) -> None:
    sock, peer = tls_pair
    notes = Notes()
    stream = TLSStream(sock, notes, current_runtime())
    raw = gevent_socket.socket(fileno=peer.detach())
    raw.sendall(b"GET / HTTP/1.1\r\n\r\n")
    wait_for(lambda: notes.lost)
    assert isinstance(notes.lost[0], ssl.SSLError)
    assert stream.closed
    raw.close()
