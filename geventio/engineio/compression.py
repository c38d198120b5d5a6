"""HTTP compression of polling responses (RFC 9110, section 8.4)."""

import zlib
from collections.abc import Sequence


def accepted_encoding(accept: str, codings: Sequence[str] = ("gzip", "deflate")) -> str | None:
    """The first of *codings* that the client takes; None when it takes none of them.

    *accept* is the client's Accept-Encoding; an encoding with ``q=0`` is refused.
    """
    offers: dict[str, bool] = {}
    for item in accept.lower().split(",", 20)[:20]:
        coding, _, parameters = item.partition(";")
        quality = parameters.replace(" ", "")
        offers[coding.strip()] = not (quality.startswith("q=0") and not quality.strip("q=0."))
    for coding in codings:
        if offers.get(coding, offers.get("*", False)):
            return coding
    return None


def compress(body: bytes, coding: str, level: int) -> bytes:
    """*body* in ``gzip`` (RFC 1952) or ``deflate`` (RFC 1950: the zlib format, as HTTP means it); *level* is zlib's."""
    # A window and tables no larger than the body asks for: zlib looks back at most 262 bytes less than its window.
    bits = min(zlib.MAX_WBITS, max(9, (len(body) + 262).bit_length()))
    compressor = zlib.compressobj(level, zlib.DEFLATED, bits | 16 if coding == "gzip" else bits, min(8, bits - 6))
    return compressor.compress(body) + compressor.flush()
