"""HTTP long-polling for clients of Engine.IO revision 3: other bodies, the same requests.

A response is text, with binary messages as base64; where it has a binary message and the client did not ask for
``b64``, the whole response is binary. A client may post either form.
"""

from collections.abc import Callable, Iterator
from typing import ClassVar, Final

from geventio.engineio.prepared import Prepared
from geventio.engineio.prepared3 import PreparedMessages3
from geventio.engineio.request import Request
from geventio.engineio.transports.base import TransportOwner
from geventio.engineio.transports.polling import BINARY_TYPE, TEXT, PollingTransport
from geventio.options import EngineOptions
from geventio.protocol.engineio import Packet, decode_binary_payload3, decode_payload3
from geventio.protocol.engineio.payload3 import binary_piece, text_piece

BINARY: Final = ("Content-Type", BINARY_TYPE)


class PollingTransport3(PollingTransport):
    """The requests of one polling session of revision 3."""

    __slots__ = ("_base64",)

    takes_binary: ClassVar = True

    def __init__(
        self, owner: TransportOwner, options: EngineOptions, on_poll: Callable[[], None], *, base64: bool
    ) -> None:
        super().__init__(owner, options, on_poll)
        self._base64 = base64  # the client's first request said that it cannot read binary responses

    def _decode(self, request: Request, body: bytes) -> Iterator[Packet]:
        if request.headers.get("content-type") == BINARY_TYPE:
            return decode_binary_payload3(body)
        return decode_payload3(body.decode("utf-8"))

    def _encode(self, packets: list[Prepared]) -> tuple[tuple[str, str], bytes]:
        if not self._base64 and any(
            isinstance(prepared, PreparedMessages3) and prepared.binary for prepared in packets
        ):
            return BINARY, b"".join(map(_binary, packets))
        return TEXT, "".join(map(_text, packets)).encode("utf-8", "surrogatepass")


def _text(prepared: Prepared) -> str:
    return prepared.payload() if isinstance(prepared, PreparedMessages3) else text_piece(prepared.payload())


def _binary(prepared: Prepared) -> bytes:
    return prepared.binary_payload() if isinstance(prepared, PreparedMessages3) else binary_piece(prepared.payload())
