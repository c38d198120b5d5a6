"""WebSocket for clients of Engine.IO revision 3: a binary frame has the packet's type in front."""

from typing import ClassVar

from geventio.engineio.transports.websocket import WebSocketTransport
from geventio.protocol.engineio import decode_packet3


class WebSocketTransport3(WebSocketTransport):
    """One WebSocket connection of revision 3. What it sends was made for it (``prepared3.py``)."""

    __slots__ = ()

    bare_binary: ClassVar = False
    decode: ClassVar = staticmethod(decode_packet3)
