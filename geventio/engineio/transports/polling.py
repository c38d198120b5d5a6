"""HTTP long-polling transport: a GET waits for packets, a POST brings some.

One of each may be under way at a time; a second one is a broken client or a stolen session id, and ends the session
(Engine.IO protocol, "HTTP long-polling"). What leaves in one turn of the hub leaves in one response.
"""

from collections.abc import Callable, Iterator
from typing import ClassVar, Final

from geventio.engineio.compression import accepted_encoding, compress
from geventio.engineio.prepared import CLOSE, NOOP, Prepared, PreparedMessages
from geventio.engineio.request import Headers, Request, Response
from geventio.engineio.transports.base import TransportOwner
from geventio.exceptions import PARSE_ERROR, TRANSPORT_CLOSE, TRANSPORT_ERROR, PacketDecodeError, PayloadTooBig
from geventio.options import EngineOptions
from geventio.protocol.engineio import Packet, PacketType, decode_payload
from geventio.runtime import current_runtime

SEPARATOR: Final = "\x1e"
BINARY_TYPE: Final = "application/octet-stream"
TEXT: Final = ("Content-Type", "text/plain; charset=UTF-8")
HTML: Final = ("Content-Type", "text/html")
NO_STORE: Final = ("Cache-Control", "no-store")
NO_SNIFF: Final = ("X-Content-Type-Options", "nosniff")

TURN: Final = 500
"""Packets of one body that are received in one turn of the hub."""

Poll = tuple[Request, Headers]


class PollingTransport:
    """The requests of one polling session."""

    __slots__ = ("_closing", "_on_poll", "_options", "_poll", "_post", "away", "owner")

    name: Final = "polling"
    takes_binary: ClassVar = False
    """Whether a POST may bring a body of type ``application/octet-stream``."""
    buffered: Final = 0  # what waits, waits in the session

    def __init__(self, owner: TransportOwner, options: EngineOptions, on_poll: Callable[[], None]) -> None:
        self.owner = owner
        self._options = options
        self._on_poll = on_poll  # told that packets could be sent now
        self._poll: Poll | None = None
        self._post: Request | None = None
        self.away = False
        """Whether the server itself goes: the last GET is answered 503 then, after which every client connects again. A
        close packet, which Node.js sends here too, is the end for some.
        """
        self._closing: list[Prepared] | None = None  # what the next GET gets before it hears that this is over

    @property
    def writable(self) -> bool:
        """Whether a GET waits."""
        return self._poll is not None

    def flush(self) -> None:
        """See Transport."""

    def get(self, request: Request, headers: Headers) -> None:
        """A GET: answered when there is something to send."""
        if self._poll is not None:
            request.respond(Response(400, headers, b""))
            self._answer([CLOSE])
            self.owner.transport_closed(self, TRANSPORT_ERROR, "overlap from client")
            return
        self._poll = (request, headers)
        request.on_abort(self._poll_aborted)
        if self._closing:
            parked, self._closing = self._closing, []
            self._answer(parked)
        elif self._closing is not None:
            self._say_goodbye(NOOP)
            self._closing = None
            self.owner.transport_closed(self, TRANSPORT_CLOSE, "")
        else:
            self._on_poll()

    def post(self, request: Request, headers: Headers) -> None:
        """A POST: its packets are received in order."""
        if self._post is not None:
            request.respond(Response(400, headers, b""))
            self.owner.transport_closed(self, TRANSPORT_ERROR, "data request overlap from client")
            return
        if not self.takes_binary and request.headers.get("content-type") == BINARY_TYPE:
            request.respond(Response(400, headers, b""))
            self.owner.transport_closed(self, TRANSPORT_ERROR, "invalid content")
            return
        self._post = request

        def received(body: bytes | None) -> None:
            if body is None:
                self._post = None
                self.owner.transport_closed(self, TRANSPORT_ERROR, "data request connection closed prematurely")
            else:
                self._receive(request, headers, body)

        try:
            request.receive_body(self._options.max_http_buffer_size, received)
        except PayloadTooBig:
            self._post = None
            request.respond(Response(413, headers, b""))

    def _receive(self, request: Request, headers: Headers, body: bytes) -> None:
        try:
            packets = self._decode(request, body)
        except UnicodeDecodeError:
            self._refuse_body(request, headers, "payload is not UTF-8")
        else:
            self._receive_packets(request, headers, packets)

    def _receive_packets(self, request: Request, headers: Headers, packets: Iterator[Packet]) -> None:
        """A body of very many packets is received in several turns of the hub, so that others get theirs."""
        owner = self.owner
        left = TURN
        try:
            for packet in packets:
                if packet.type is PacketType.MESSAGE:
                    owner.message_received(packet.data)
                else:
                    owner.packet_received(packet)
                left -= 1
                if not left:
                    current_runtime().soon(self._receive_packets, request, headers, packets)
                    return
        except PacketDecodeError as error:
            self._refuse_body(request, headers, str(error))
        else:
            self._post = None
            request.respond(Response(200, [HTML, NO_STORE, *headers], b"ok"))

    def _refuse_body(self, request: Request, headers: Headers, problem: str) -> None:
        self._post = None
        request.respond(Response(400, headers, b""))
        self.owner.transport_closed(self, PARSE_ERROR, problem)

    def _decode(self, request: Request, body: bytes) -> Iterator[Packet]:  # noqa: ARG002
        return decode_payload(body.decode("utf-8"))

    def _encode(self, packets: list[Prepared]) -> tuple[tuple[str, str], bytes]:
        """The Content-Type field and the body of a response."""
        return TEXT, SEPARATOR.join([prepared.payload() for prepared in packets]).encode("utf-8", "surrogatepass")

    def _poll_aborted(self) -> None:
        """Runs in the hub: the client went away with its GET unanswered."""
        if self._poll is not None:
            self._poll = None
            self.owner.transport_closed(self, TRANSPORT_ERROR, "poll connection closed prematurely")

    def send(self, packets: list[Prepared]) -> bool:
        """Answer the GET that waits."""
        if self._poll is None:
            return False
        self._answer(packets)
        return True

    def _answer(self, packets: list[Prepared]) -> None:
        assert self._poll is not None
        request, headers = self._poll
        self._poll = None
        request.on_abort(None)
        kind, body = self._encode(packets)
        headers = [kind, NO_STORE, NO_SNIFF, *headers]
        options = self._options
        if options.http_compression and len(body) >= options.http_compression_threshold:
            coding = accepted_encoding(request.headers.get("accept-encoding", ""))
            if coding is not None and any(prepared.compress for prepared in packets):
                body = _compressed(packets, body, coding, options.http_compression_level)
                headers += [("Content-Encoding", coding), ("Vary", "Accept-Encoding")]
        request.respond(Response(200, headers, body))

    def _say_goodbye(self, *before: Prepared) -> None:
        """Answer the GET that waits, the last one."""
        if not self.away:
            self._answer([*before, CLOSE])
            return
        assert self._poll is not None
        request, headers = self._poll
        self._poll = None
        request.on_abort(None)
        request.respond(Response(503, [NO_STORE, *headers], b""))

    def close(self, packets: list[Prepared]) -> bool:
        """Send *packets* and the close packet, now or with the client's next GET."""
        if self._poll is not None:
            if not packets:
                self._say_goodbye()
                return True
            # Not in one response: a client deals with a close packet before the messages in front of it.
            self._answer(packets)
            packets = []
        self._closing = packets
        return False

    def take_parked(self) -> list[Prepared]:
        """What the client's next GET would have got, which will not come."""
        parked, self._closing = self._closing, None
        return parked or []

    def release(self) -> None:
        """The session has moved to another transport: let go of a GET that still waits."""
        if self._poll is not None:
            self._say_goodbye()

    def abort(self) -> None:
        """End now; a GET that waits is answered, because a connection that just closes would look like a fault."""
        self.release()
        self._closing = None

    def nudge(self) -> None:
        """Answer the GET that waits with nothing, so that the client can pause polling for an upgrade."""
        if self._poll is not None:
            self._answer([NOOP])


def _compressed(packets: list[Prepared], body: bytes, coding: str, level: int) -> bytes:
    """*body*, which *packets* are encoded to; a broadcast that leaves alone is compressed once for all its clients."""
    alone = packets[0]
    if len(packets) == 1 and isinstance(alone, PreparedMessages):
        return alone.compressed((coding, level), body, lambda form: compress(form, coding, level))
    return compress(body, coding, level)
