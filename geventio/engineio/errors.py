"""Requests that the engine refuses: the error knows its reply (Engine.IO protocol, "HTTP long-polling", error codes
0-5).
"""

import json
from enum import IntEnum
from typing import Any, Final

from geventio.exceptions import GeventIOError


class ErrorCode(IntEnum):
    """Codes of the JSON body of a refusal."""

    UNKNOWN_TRANSPORT = 0
    UNKNOWN_SID = 1
    BAD_HANDSHAKE_METHOD = 2
    BAD_REQUEST = 3
    FORBIDDEN = 4
    UNSUPPORTED_PROTOCOL_VERSION = 5


MESSAGES: Final = {
    ErrorCode.UNKNOWN_TRANSPORT: "Transport unknown",
    ErrorCode.UNKNOWN_SID: "Session ID unknown",
    ErrorCode.BAD_HANDSHAKE_METHOD: "Bad handshake method",
    ErrorCode.BAD_REQUEST: "Bad request",
    ErrorCode.FORBIDDEN: "Forbidden",
    ErrorCode.UNSUPPORTED_PROTOCOL_VERSION: "Unsupported protocol version",
}


class RequestRejected(GeventIOError):
    """An HTTP request that the engine refuses, with the reply that says so."""

    def __init__(
        self,
        code: ErrorCode,
        context: str = "",
        message: str | None = None,
        status: int | None = None,
        *,
        advice: str = "",
    ) -> None:
        super().__init__(code, context, message, status)
        self.code = code
        self.context = context
        """For the log: which rule was broken."""
        self.message = MESSAGES[code] if message is None else message
        self.status = status or (403 if code is ErrorCode.FORBIDDEN else 400)
        self.advice = advice
        """What whoever runs client or server can do about it; part of the reply."""
        self.headers: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return f"{self.message} ({self.context})" if self.context else self.message

    def text(self) -> bytes:
        """The body of the reply to a WebSocket handshake."""
        text = f"{self.message}. {self.advice}" if self.advice else self.message
        return text.encode("utf-8", "replace")

    def body(self) -> bytes:
        """The JSON body of the reply to a polling request: as in Node.js, and the advice where there is one."""
        reply: dict[str, Any] = {"code": int(self.code), "message": self.message}
        if self.advice:
            reply["advice"] = self.advice
        return json.dumps(reply, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")
