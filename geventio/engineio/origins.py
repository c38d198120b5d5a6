"""Which pages may connect: one gate for polling and WebSocket alike.

Browsers say the page's origin in ``Origin``; other programs don't, and are not held up. By default a page must come
from the server itself (scheme, host and port of the request). What is allowed is also told to the browser by the CORS
header fields (Fetch standard, "CORS protocol").
"""

import logging
import re
from typing import Any

from geventio.engineio.errors import ErrorCode, RequestRejected
from geventio.engineio.request import Headers, Request
from geventio.option_checks import OriginCheck
from geventio.options import EngineOptions
from geventio.runtime import Timeout

logger = logging.getLogger("geventio.engineio")

DEFAULT_PORTS = {"http": 80, "https": 443}
METHODS = "GET,POST,OPTIONS"
MAX_MATCHED = 300
"""Characters of an origin that patterns are tried on: a scheme, the longest host name and a port are fewer, and what a
pattern costs may grow fast with the length.
"""


def check_origin(options: EngineOptions, request: Request) -> Headers:
    """The CORS fields of the response to *request*.

    :raises RequestRejected: when the page may not connect.
    """
    origin = request.headers.get("origin")
    if not origin:
        return []
    if not _plain(origin):
        raise RequestRejected(ErrorCode.BAD_REQUEST, "INVALID_ORIGIN")
    allowed = options.cors_allowed_origins
    if allowed == "*":
        return [("Access-Control-Allow-Origin", "*")]
    if allowed is None:
        accepted = _same(origin, request)
    elif callable(allowed):
        accepted = _ask(allowed, origin, request)
    else:
        accepted = _listed(origin.lower(), allowed) or _same(origin, request)
    if not accepted:
        raise RequestRejected(ErrorCode.FORBIDDEN, "ORIGIN_NOT_ALLOWED", "Origin not allowed")
    headers = [("Access-Control-Allow-Origin", origin), ("Vary", "Origin")]
    if options.cors_credentials:
        headers.append(("Access-Control-Allow-Credentials", "true"))
    return headers


def _listed(origin: str, allowed: Any) -> bool:
    """Whether *origin* is among *allowed*, or one of the patterns there describes the whole of it."""
    if origin in allowed:
        return True
    if len(origin) > MAX_MATCHED:
        return False
    return any(isinstance(pattern, re.Pattern) and pattern.fullmatch(origin) for pattern in allowed)


def _ask(allowed: OriginCheck, origin: str, request: Request) -> bool:
    try:
        return bool(allowed(origin, request.environ()))
    except (Exception, Timeout):
        logger.exception("the function in cors_allowed_origins failed, and the request was refused")
        return False


def preflight(request: Request, cors: Headers) -> Headers:
    """The fields that answer a CORS preflight, beside *cors*."""
    headers = [*cors, ("Access-Control-Allow-Methods", METHODS)]
    asked = request.headers.get("access-control-request-headers")
    if asked and _plain(asked):
        headers.append(("Access-Control-Allow-Headers", asked))
    return headers


def _plain(value: str) -> bool:
    """Printable ASCII: nothing that could end a header field."""
    return value.isascii() and value.isprintable()


def _same(origin: str, request: Request) -> bool:
    """Whether *origin* is the server that the request was sent to: scheme, host and port."""
    scheme, separator, authority = origin.lower().partition("://")
    if not separator or scheme not in DEFAULT_PORTS or "/" in authority or "@" in authority:
        return False
    host = request.headers.get("host", "").lower()
    own_scheme = "https" if request.secure else "http"
    if not host:
        return False
    return scheme == own_scheme and _with_port(authority, scheme) == _with_port(host, own_scheme)


def _with_port(authority: str, scheme: str) -> tuple[str, str]:
    host, separator, port = authority.rpartition(":")
    if not separator or port.endswith("]"):  # an IPv6 address without a port
        return authority, str(DEFAULT_PORTS[scheme])
    return host, port or str(DEFAULT_PORTS[scheme])
