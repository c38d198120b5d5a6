"""Random values and packets for property tests; the same seed gives the same ones."""

import random
from typing import Any

from geventio.protocol.socketio import Packet, PacketType

ALPHABET = 'abcXYZ012"\\/,[]{}:- \n\x00\x1e_é€😀\u2028\ud800'


def text(rng: random.Random) -> str:
    return "".join(rng.choice(ALPHABET) for _ in range(rng.randrange(8)))


def value(rng: random.Random, depth: int = 4, *, binary: bool = True) -> Any:
    """Return what both encodings carry unchanged."""
    kind = rng.randrange(9 if depth else 6)
    if kind == 0:
        return rng.choice((None, True, False))
    if kind == 1:
        return rng.choice((0, 1, -1, 2**53, -(2**63), 2**64 - 1, rng.randrange(-1000, 1000)))
    if kind == 2:
        return rng.choice((0.5, -1.25, 1e300, 5e-324, rng.random()))
    if kind == 3 and binary:
        return rng.randbytes(rng.randrange(20))
    if kind < 6:
        return text(rng)
    if kind == 6:
        return {text(rng): value(rng, depth - 1, binary=binary) for _ in range(rng.randrange(4))}
    return [value(rng, depth - 1, binary=binary) for _ in range(rng.randrange(4))]


def packet(rng: random.Random, *, binary: bool = True) -> Packet:
    """Return a packet that a peer may send."""
    namespace = "/" + text(rng).replace(",", "") if rng.random() < 0.5 else "/"
    number = rng.choice((None, 0, 7, 123456, 2**53))
    kind = rng.choice(list(PacketType)[:5])
    arguments = [value(rng, binary=binary) for _ in range(rng.randrange(4))]
    data: Any
    match kind:
        case PacketType.EVENT:
            data = [rng.choice(("message", "", "*", "__proto__", 5, 1.5)), *arguments]
        case PacketType.ACK:
            data = arguments
        case PacketType.DISCONNECT:
            data = None
        case PacketType.CONNECT:
            data = rng.choice((None, {"auth": value(rng, binary=False)}))
        case _:
            data = rng.choice(("refused", {"message": "no"}))
    return Packet(kind, namespace, data, number)
