"""A namespace written as a class: its ``on_<event>`` methods are the handlers.

::

    class Chat(Namespace):
        def on_connection(self, socket):
            socket.join("lobby")

        def on_say(self, socket, text):
            socket.to("lobby").emit("said", text)
            return "heard"

    chat = io.of("/chat", Chat)

The methods are read once, when the namespace is made, and registered like any other handler. What a client sends is
looked up among those that are registered and never becomes the name of an attribute, so a client reaches nothing else.
"""

from collections.abc import Callable, Iterator
from functools import cached_property, partialmethod
from types import FunctionType
from typing import Any, Final

from geventio.exceptions import ConfigurationError

PREFIX: Final = "on_"
HOOK: Final = "on_error"
"""The one method of this kind that a class may replace: its own is the error hook of the namespace."""

_METHODS: Final = (FunctionType, staticmethod, classmethod, partialmethod)
"""What can be bound without running code of the application."""
_NO_METHODS: Final = (property, cached_property, type)


def event_methods(kind: type, base: type, instance: object | None = None) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Pairs (event, bound method) of the classes that somebody derived from *base*, their own bases included. An
    inherited method counts, an overridden one does so once, and one that a class sets to None is taken away.

    Without an *instance* of *kind* they are for checks alone: bound to the class, as far as they can be known from it.

    :raises ConfigurationError: for something of such a name that cannot be a handler, or that *base* needs itself.
    """
    known = set(base.__mro__)
    names = {name: None for parent in kind.__mro__ if parent not in known for name in vars(parent)}
    for name in names:
        if not name.startswith(PREFIX) or name == HOOK:
            continue
        event = name[len(PREFIX) :]
        if hasattr(base, name):
            raise ConfigurationError(
                f"{name} is a method of {base.__name__} itself, so {kind.__name__}.{name} cannot be the handler of "
                f'{event!r}: give it another name, and register it in __init__ with self.on("{event}", ...)'
            )
        value = _defined(kind, name)
        if value is None:
            continue
        # A property is not looked into: that would run it.
        method = None if isinstance(value, _NO_METHODS) else bound(kind, name, instance)
        if not callable(method):
            raise ConfigurationError(
                f"{kind.__name__}.{name} has the name of a handler, and is none: {value!r}. A handler is a method, "
                f"{name}(self, socket, *args)"
            )
        yield event, method


def bound(kind: type, name: str, instance: object | None) -> Any:
    """The attribute *name* of *instance*; where there is none yet, of its class *kind* as a check needs it."""
    if instance is not None:
        return getattr(instance, name)
    value = _defined(kind, name)
    if isinstance(value, _METHODS):
        return value.__get__(kind, kind)
    return _anything if hasattr(value, "__get__") else value


def _defined(kind: type, name: str) -> Any:
    return next(vars(parent)[name] for parent in kind.__mro__ if name in vars(parent))


def _anything(*args: Any) -> None:
    """Stands for what a descriptor would return."""
