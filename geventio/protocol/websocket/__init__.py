"""WebSocket, the server's side of RFC 6455 and RFC 7692, as a state machine: bytes in, messages and bytes out.

Nothing here reads a socket, waits or looks at a clock, so a connection can be driven by a hub watcher, by a blocking
loop or by a list in a test::

    accept = check_handshake(method, headers)  # HandshakeRejected knows the reply's status and headers
    ...  # the caller answers 101 with Sec-WebSocket-Accept: accept

    protocol = WebSocketProtocol(max_message_size=1_000_000)
    messages = protocol.receive_data(received)
    if protocol.outgoing:  # pongs, which are due at once, and close frames, after which nothing may be sent
        sock.sendall(b"".join(protocol.data_to_send()))
    for message in messages:  # str for text, bytes for binary
        if protocol.state is State.OPEN:
            sock.sendall(encode_text(message) if isinstance(message, str) else encode_binary(message))
    if protocol.state is State.CLOSED or protocol.error:
        sock.close()

``frames`` holds what a frame looks like, ``message`` a message that is still arriving, ``protocol`` the connection and
``handshake`` the HTTP request that opens it. The one extension is per-message deflate: ``deflate_negotiation`` agrees
on it, ``deflate`` compresses and inflates.
"""

from geventio.protocol.websocket.deflate import Deflater, Inflater
from geventio.protocol.websocket.deflate_negotiation import AcceptedDeflate, accept_deflate
from geventio.protocol.websocket.frames import (
    CloseCode,
    Opcode,
    encode_binary,
    encode_close,
    encode_frame,
    encode_text,
)
from geventio.protocol.websocket.handshake import HandshakeRejected, accept_key, check_handshake
from geventio.protocol.websocket.protocol import Close, State, WebSocketProtocol

__all__ = [
    "AcceptedDeflate",
    "Close",
    "CloseCode",
    "Deflater",
    "HandshakeRejected",
    "Inflater",
    "Opcode",
    "State",
    "WebSocketProtocol",
    "accept_deflate",
    "accept_key",
    "check_handshake",
    "encode_binary",
    "encode_close",
    "encode_frame",
    "encode_text",
]
