"""Sending every client away when a server closes: at once, or so that nothing is lost and they return one by one.

::

    end_sessions(engine.sessions, drain=5)

Drained, each client gets what waits for it and hears the end in its transport's own way (a close frame, a 503 to its
last GET). Many are spread over the time, in a random order and with random pauses, because a client that hears
of the end connects to another server about a second later.
"""

import random
from collections.abc import Mapping
from time import monotonic
from typing import Final

from geventio.engineio.session import Session
from geventio.engineio.state import State
from geventio.engineio.transports.websocket import WebSocketTransport
from geventio.exceptions import SERVER_SHUTTING_DOWN, ConfigurationError
from geventio.runtime import get_ident, sleep

FEW: Final = 100
"""Clients that are sent away without pauses."""
RATE: Final = 200
"""Clients per second that are sent away where the time allows it; faster where it does not."""
SHARE: Final = 0.8
"""How much of the time the pauses may take; the rest is for what waits and for answers."""
PAUSE: Final = 0.05
ANSWER_TIME: Final = 1.0
"""Seconds that a client which has got everything has to answer."""
GLANCE: Final = 0.01


def end_sessions(sessions: Mapping[str, Session], drain: float | None) -> None:
    """End *sessions*: now, or within *drain* seconds, for which this greenlet blocks. The caller sees to it that no new
    ones come. Their handlers hear ``server shutting down``.

    :raises ConfigurationError: unless *drain* is None or a number from 0.
    """
    if drain is not None and (isinstance(drain, bool) or not isinstance(drain, (int, float)) or not 0 <= drain < 1e9):
        raise ConfigurationError(f"drain is a number of seconds from 0, or None, not {drain!r}")
    runtime = next((session.runtime for session in sessions.values()), None)
    if runtime is not None and get_ident() != runtime.thread:
        runtime.threads.ask(end_sessions, sessions, drain)
        return
    if drain:
        _drain(list(sessions.values()), monotonic() + drain, drain)
    for session in list(sessions.values()):
        session.shut_down(SERVER_SHUTTING_DOWN)


def _drain(leaving: list[Session], deadline: float, seconds: float) -> None:
    count = len(leaving)
    spread = 0.0 if count < FEW else min(count / RATE, seconds * SHARE)
    random.shuffle(leaving)
    begun = monotonic()
    told = 0
    while told < count:
        elapsed = monotonic() - begun
        due = count if elapsed >= spread else int(count * elapsed / spread) + 1
        for session in leaving[told:due]:
            session.close(SERVER_SHUTTING_DOWN)
        told = due
        if told < count:
            sleep(random.uniform(0.5, 1.5) * PAUSE)  # noqa: S311 (no secret)
    _wait_for_answers(leaving, deadline)


def _wait_for_answers(leaving: list[Session], deadline: float) -> None:
    patient_until = monotonic() + ANSWER_TIME
    while leaving:
        now = monotonic()
        leaving = [session for session in leaving if _unfinished(session, answering=now < patient_until)]
        if not leaving or now >= deadline:
            return
        sleep(GLANCE)


def _unfinished(session: Session, *, answering: bool) -> bool:
    """Whether there is something to wait for: bytes that the client has not read, or its answer."""
    transport = session.transport
    if isinstance(transport, WebSocketTransport):
        return not transport.ended and (answering or transport.buffered > 0)
    return answering and session.state is State.CLOSING
