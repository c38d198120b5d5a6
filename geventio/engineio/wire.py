"""The engine's own texts: open packet, 101 response, cookie."""

import json

from geventio.engineio.prepared import PreparedControl
from geventio.engineio.request import Headers
from geventio.option_groups import CookieOptions
from geventio.options import EngineOptions
from geventio.protocol.engineio import Packet, PacketType


def open_packet(session_id: str, upgrades: list[str], options: EngineOptions) -> PreparedControl:
    """The first packet of a session (Engine.IO protocol, "Handshake"); times in milliseconds."""
    content = {
        "sid": session_id,
        "upgrades": upgrades,
        "pingInterval": round(options.ping_interval * 1000),
        "pingTimeout": round(options.ping_timeout * 1000),
        "maxPayload": options.max_http_buffer_size,
    }
    return PreparedControl(Packet(PacketType.OPEN, json.dumps(content, separators=(",", ":"))))


def websocket_response_head(accept: str, headers: Headers) -> bytes:
    """The 101 response (RFC 6455, section 4.2.2)."""
    lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {accept}",
        *(f"{name}: {value}" for name, value in headers),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def set_cookie(options: EngineOptions, session_id: str) -> Headers:
    """The Set-Cookie field of a handshake (RFC 6265); none unless asked for."""
    cookie = options.cookie
    if not isinstance(cookie, CookieOptions):
        return []
    parts = [f"{cookie.name}={session_id}", f"Path={cookie.path}"]
    if cookie.max_age is not None:
        parts.append(f"Max-Age={cookie.max_age:.0f}")
    if cookie.http_only:
        parts.append("HttpOnly")
    if cookie.secure:
        parts.append("Secure")
    parts.append(f"SameSite={cookie.same_site.capitalize()}")
    return [("Set-Cookie", "; ".join(parts))]
