"""The types of what registers handlers, so that a decorated function keeps its own type."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

HandlerT = TypeVar("HandlerT", bound=Callable[..., Any])


class Decorator(Protocol):
    """What ``on("event")`` returns: registers a function and gives it back."""

    def __call__(self, handler: HandlerT, /) -> HandlerT:
        """Register *handler*."""
