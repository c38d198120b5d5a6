"""An HTTP/1.1 response as bytes, for the places where we write to the connection ourselves (RFC 9112)."""

from http import HTTPStatus
from typing import Final

from geventio.engineio.request import Response

REASONS: Final = {status.value: status.phrase for status in HTTPStatus}
_STATUS_LINES: Final = {code: f"HTTP/1.1 {code} {phrase}\r\n" for code, phrase in REASONS.items()}


def encode_response(response: Response, *, keep_alive: bool) -> bytes:
    """Head and body in one piece, so that they leave in one segment."""
    lines = [_STATUS_LINES[response.status]]
    lines += [f"{name}: {value}\r\n" for name, value in response.headers if name != "Connection"]
    if response.status != HTTPStatus.NO_CONTENT:
        lines.append(f"Content-Length: {len(response.body)}\r\n")
    lines.append("\r\n" if keep_alive else "Connection: close\r\n\r\n")
    return "".join(lines).encode("latin-1") + response.body
