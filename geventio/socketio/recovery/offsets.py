"""Offsets: the last argument of an event that may be replayed, by which a client says how far it got.

A text of its own for each log and each process, and the event's number in that log. Clients keep it and give it back;
what it looks like is no business of theirs::

    offsets = Offsets()
    offsets.text(26)                       # "kq3Tn_1Z0.1a"
    offsets.number(offsets.text(26), 100)  # 26
    offsets.number("hello", 100)           # None
"""

import os
import re
import secrets
from itertools import count
from typing import Final

MAX_LENGTH: Final = 64
"""Characters of an offset that are looked at: a longer one is none of ours."""

_FORM: Final = re.compile(r"([A-Za-z0-9_-]{8})([0-9]{1,10})\.([0-9a-f]{1,14})")
_logs = count()
_process = ""  # drawn when first asked for, and anew in a child process: it counts for itself


class Offsets:
    """The offsets of one log in this process. *remade*: there may have been one before it for the same clients, of a
    namespace that went and was made anew.
    """

    __slots__ = ("_log", "_prefix", "_remade")

    def __init__(self, *, remade: bool = False) -> None:
        global _process  # noqa: PLW0603 (the one place that draws it)
        _process = _process or secrets.token_urlsafe(6)
        self._remade = remade
        self._log = next(_logs)
        self._prefix = f"{_process}{self._log}."

    def text(self, number: int) -> str:
        """The offset of the event *number*."""
        return f"{self._prefix}{number:x}"

    def number(self, text: str, latest: int) -> int | None:
        """How far a client got that gives *text*, where *latest* is the number of the newest event; None for what no
        client can have from here.

        The offset of another process, or of a log that was there before, is 0, from the beginning: a client keeps the
        last one that it got, so it has got none of this log.
        """
        match = _FORM.fullmatch(text) if len(text) <= MAX_LENGTH else None
        if match is None:
            return None
        if match[1] != _process or (self._remade and int(match[2]) < self._log):
            return 0
        number = int(match[3], 16)
        return number if text.startswith(self._prefix) and number <= latest else None


def _forget() -> None:
    """A child process."""
    global _process  # noqa: PLW0603
    _process = ""


os.register_at_fork(after_in_child=_forget)
