"""How far a session has come: the table of all moves.

::

    OPEN ──► CLOSING ──► CLOSED          CLOSING: a polling client that has not yet asked again and so has not heard
      └────────────────────▲
"""

from enum import IntEnum
from typing import Final

from geventio.exceptions import GeventIOError


class State(IntEnum):
    """How far a session has come."""

    OPEN = 1
    CLOSING = 2
    CLOSED = 3


MOVES: Final = {
    State.OPEN: frozenset({State.CLOSING, State.CLOSED}),
    State.CLOSING: frozenset({State.CLOSED}),
    State.CLOSED: frozenset[State](),
}


class InvalidState(GeventIOError):
    """A move that no session makes: a defect of geventio."""
