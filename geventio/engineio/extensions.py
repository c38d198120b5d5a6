"""The extensions of a WebSocket: per-message deflate (RFC 7692) where the server has it on and the client offers it.

::

    deflate = accepted_deflate(request, options)
    if deflate is not None:
        headers.append((FIELD, deflate.response))  # of the 101 response; the transport gets *deflate* too
"""

from typing import Final

from geventio.engineio.request import Request
from geventio.option_groups import DeflateOptions
from geventio.options import EngineOptions
from geventio.protocol.websocket import AcceptedDeflate, accept_deflate

FIELD: Final = "Sec-WebSocket-Extensions"


def accepted_deflate(request: Request, options: EngineOptions) -> AcceptedDeflate | None:
    """What is agreed on with the client of a WebSocket handshake; None: nothing is compressed."""
    deflate = options.per_message_deflate
    if not isinstance(deflate, DeflateOptions) or not request.extensions_possible:
        return None
    offers = request.headers.get("sec-websocket-extensions")
    return accept_deflate(offers, deflate, options.max_http_buffer_size) if offers else None
