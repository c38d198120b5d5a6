"""An HTTP/1.1 response as bytes, for the places where we write to the connection ourselves (RFC 9112)."""

import time
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Final

from geventio.engineio.request import NO_BODY, Response


class _Reasons(dict[int, str]):
    """Reason phrases; applications invent status codes too."""

    def __missing__(self, status: int) -> str:
        return "Unknown"


REASONS: Final = _Reasons({status.value: status.phrase for status in HTTPStatus})
_STATUS_LINES: Final = {code: f"HTTP/1.1 {code} {phrase}\r\n" for code, phrase in REASONS.items()}

_date = (0, "")  # the second that it is, and its Date field: thousands of responses share it


def _date_field() -> str:
    """RFC 9110, section 6.6.1."""
    global _date  # noqa: PLW0603 (a cache of one)
    now = int(time.time())
    if _date[0] != now:
        _date = (now, f"Date: {formatdate(now, usegmt=True)}\r\n")
    return _date[1]


def encode_response(response: Response, *, keep_alive: bool) -> bytes:
    """Head and body in one piece, so that they leave in one segment."""
    status, headers, body = response
    length = f"Content-Length: {len(body)}\r\n" if status not in NO_BODY else ""
    end = "\r\n" if keep_alive else "Connection: close\r\n\r\n"
    line = _STATUS_LINES.get(status) or f"HTTP/1.1 {status} {REASONS[status]}\r\n"
    head = f"{line}{_date_field()}{_fields(tuple(headers))}{length}{end}"
    return head.encode("latin-1") + body


@lru_cache(256)
def _fields(headers: tuple[tuple[str, str], ...]) -> str:
    """The other fields; nearly all responses have one of a handful of sets."""
    return "".join(f"{name}: {value}\r\n" for name, value in headers if name != "Connection")
