"""What the chat accepts from a browser. A client can send anything: types, lengths and contents are checked here."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from .chat import ROOMS

MAX_NAME = 24  # characters
MAX_TEXT = 2_000  # characters
MAX_IMAGE_SIZE = 500_000  # bytes; the server's max_http_buffer_size (1 MB) stops larger packets before they get here

# An image is what its first bytes say it is. SVG is left out on purpose: it can carry scripts.
IMAGE_SIGNATURES = {
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/gif": re.compile(rb"GIF8[79]a"),
    "image/webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
}
Handler = Callable[..., Any]

MESSAGE_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SURROGATE = re.compile(r"[\ud800-\udfff]")  # half a character: JSON can carry it, UTF-8 can not


class Refused(ValueError):
    """What the client sent is not acceptable; the message is for the user."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A message as its author sent it. The author chose the id, so that sending it again is recognised."""

    id: str
    room: str
    text: str
    image: bytes | None
    image_type: str | None


def read_name(value: object) -> str:
    """A user's name, on one line, in one Unicode form: two names that look the same are the same."""
    if not isinstance(value, str):
        raise Refused("A name, please.")
    name = " ".join(unicodedata.normalize("NFKC", value).split())
    if not 1 <= len(name) <= MAX_NAME:
        raise Refused(f"A name of 1 to {MAX_NAME} characters, please.")
    if not name.isprintable():
        raise Refused("A name of visible characters, please.")
    return name


def read_room(value: object) -> str:
    if not isinstance(value, str) or value not in ROOMS:
        raise Refused("There is no such room.")
    return value


def read_text(value: object) -> str:
    if not isinstance(value, str):
        raise Refused("A text, please.")
    if len(value) > MAX_TEXT:
        raise Refused(f"At most {MAX_TEXT} characters, please.")
    if SURROGATE.search(value):
        raise Refused("A text of whole characters, please.")
    return value.strip()


def read_message_id(value: object) -> str:
    if not isinstance(value, str) or not MESSAGE_ID.fullmatch(value):
        raise Refused("A message's id is a UUID.")
    return value


def read_image(value: object) -> tuple[bytes | None, str | None]:
    """The image with its type, or (None, None) where there is none."""
    if value is None:
        return None, None
    if not isinstance(value, bytes):  # an ArrayBuffer, Blob or typed array in the browser
        raise Refused("An image is sent as binary.")
    if len(value) > MAX_IMAGE_SIZE:
        raise Refused(f"At most {MAX_IMAGE_SIZE // 1000} kB for an image, please.")
    for image_type, signature in IMAGE_SIGNATURES.items():
        if signature.match(value):
            return value, image_type
    raise Refused("PNG, JPEG, GIF or WebP, please.")


def read_draft(value: Any) -> Draft:
    match value:
        case {"id": message_id, "room": room, "text": text, **rest}:
            image, image_type = read_image(rest.get("image"))
            draft = Draft(read_message_id(message_id), read_room(room), read_text(text), image, image_type)
            if not draft.text and draft.image is None:
                raise Refused("An empty message.")
            return draft
        case _:
            raise Refused("A message has an id, a room and a text.")


def refusals_to_ack(handler: Handler) -> Handler:
    """Answer input that was refused with ``{"error": ...}``, which the page shows to its user."""

    @wraps(handler)
    def checked(*args: Any) -> Any:
        try:
            return handler(*args)
        except Refused as refusal:
            return {"error": str(refusal)}

    return checked
