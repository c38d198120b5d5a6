"""Who listens to which event, and how a listener is called.

What a handler takes is read from its signature when it is registered, so a handler that cannot work fails at import,
with a message that names the expected form, and nothing is guessed while a client waits.
"""

import inspect
from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol
from weakref import WeakSet

from geventio.exceptions import ConfigurationError, InvalidArguments
from geventio.socketio.handlers.signatures import read_signature
from geventio.socketio.handlers.typed_handlers import TypedArguments, typed_arguments

EventName = str | int | float
"""What a client can call an event."""

CONNECTED: Final = "connect"
"""What the handlers of ``connection`` are kept under: a client may send an event ``connection`` of its own, which must
not call them, but none of this name, which the protocol reserves.
"""

NEW_NAMESPACE: Final = "newListener"
"""What the handlers of ``new_namespace`` are kept under, for the same reason."""

FALLBACK: Final = "connect_error"
"""What the handlers of ``*`` are kept under: a client may send an event of that name, too."""

SERVER_EVENTS: Final = {"connection": CONNECTED, "new_namespace": NEW_NAMESPACE}

FORMS: Final[dict[str, tuple[str, int | None]]] = {
    "connection": ("handler(socket)", 0),
    "new_namespace": ("handler(namespace)", 0),
    "disconnecting": ("handler(socket, reason)", 1),
    "disconnect": ("handler(socket, reason)", 1),
    "*": ("handler(socket, event, *args)", None),
}
"""Events of the server itself: the form of their handlers, and how many arguments follow the socket, if that is
fixed.
"""

REFUSED: Final = {
    "connect": 'it is "connection" on the server, as in Node.js',
    "connect_error": "it belongs to clients; refuse a socket with ConnectionRejected in use()",
    "newListener": "the protocol reserves it",
    "removeListener": "the protocol reserves it",
}


class ArgumentsMismatch(InvalidArguments):
    """A client sent an event with a number of arguments that its handler does not take."""

    def __init__(self, expected: str, got: int) -> None:
        self._problem = f"the handler takes {expected}, and the client sent {got}"
        super().__init__([{"argument": None, "problem": self._problem}])

    def __str__(self) -> str:
        return self._problem


class Listener:
    """One registered handler."""

    __slots__ = ("_name", "concurrent", "function", "most", "once", "required", "takes_ack", "typed")

    def __init__(self, event: str, function: Callable[..., Any], *, given: int, once: bool, concurrent: bool) -> None:
        """*given*: how many arguments the server itself puts in front (the socket, or none)."""
        self.function = function
        self.once = once
        self.concurrent = concurrent
        self._name = int(event == "*")  # the event's name comes before its arguments
        self.typed: TypedArguments | None
        """Checks and converts the arguments; None where they are taken as they come."""
        self.required, self.most, self.takes_ack, self.typed = _read_signature(event, function, given)

    def check_arguments(self, count: int) -> None:
        """See to it that the handler takes *count* arguments of a client.

        :raises ArgumentsMismatch: when it does not.
        """
        if count < self.required or (self.most is not None and count > self.most):
            least = max(self.required - self._name, 0)
            if self.most is None:
                expected = f"at least {least} arguments"
            elif self.required == self.most:
                expected = f"{least} argument{'' if least == 1 else 's'}"
            else:
                expected = f"{least} to {self.most - self._name} arguments"
            raise ArgumentsMismatch(expected, count - self._name)


def _read_signature(
    event: str, function: Callable[..., Any], given: int
) -> tuple[int, int | None, bool, TypedArguments | None]:
    """How many arguments of a client *function* needs and takes at most, whether it names ``ack``, and of which types
    the arguments are.
    """
    form, fixed = FORMS.get(event, ("handler(socket, *args)", None))
    if not given:
        # To a socket, "connection" is an event like any other, which a client may send.
        form, fixed = ("handler(*args)", None) if event in SERVER_EVENTS else (form.replace("socket, ", ""), fixed)
    check_function(function, form)
    signature = read_signature(function)
    if signature is None:
        return 0, None, False, None
    parameters = signature.parameters.values()
    required, most = 0, 0
    unlimited = takes_ack = False
    for parameter in parameters:
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            most += 1
            required += parameter.default is parameter.empty
        elif parameter.kind is parameter.VAR_POSITIONAL:
            unlimited = True
        elif parameter.kind is parameter.KEYWORD_ONLY:
            if parameter.name == "ack":
                takes_ack = True
            elif parameter.default is parameter.empty:
                raise ConfigurationError(
                    f"the handler {function!r} of {event!r} needs {parameter.name!r}, which nobody gives it: "
                    f"the form is {form}, and ack is the one keyword there is"
                )
    if not unlimited and most < given:
        raise ConfigurationError(f"the handler {function!r} of {event!r} cannot take the socket; its form is {form}")
    if event == "*" and not unlimited and most == given:
        raise ConfigurationError(f"the handler {function!r} of '*' cannot take the event; its form is {form}")
    if not takes_ack and any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        # A decorator's wrapper that passes on what it is given: the wrapped handler says whether it takes ack.
        wrapped = read_signature(function, follow_wrapped=True)
        ack = None if wrapped is None else wrapped.parameters.get("ack")
        takes_ack = ack is not None and ack.kind is ack.KEYWORD_ONLY
    if fixed is not None and (required > given + fixed or (not unlimited and most < given + fixed)):
        raise ConfigurationError(f"the handler {function!r} of {event!r} does not have the form {form}")
    typed = typed_arguments(event, function, signature, given) if fixed is None else None
    return max(required - given, 0), None if unlimited else most - given, takes_ack, typed


def check_function(function: Any, form: str) -> None:
    """See to it that calling *function* runs it.

    :raises ConfigurationError: otherwise; *form* is how it should look.
    """
    if not callable(function):
        raise ConfigurationError(f"a function of the form {form} is needed, and {function!r} is not callable")
    kinds = (inspect.iscoroutinefunction, inspect.isasyncgenfunction, inspect.isgeneratorfunction)
    called = (function, type(function).__call__)  # an object's may be one, too
    if any(kind(what) for kind in kinds for what in called):
        raise ConfigurationError(
            f"calling {function!r} would not run it: a plain function of the form {form} is needed, which may block"
        )


def check_form(function: Any, form: str, count: int) -> None:
    """See to it that *function* can be called with *count* positional arguments.

    :raises ConfigurationError: otherwise.
    """
    check_function(function, form)
    signature = read_signature(function)
    try:
        if signature is not None:
            signature.bind(*[None] * count)
    except TypeError as error:
        raise ConfigurationError(f"{function!r} does not have the form {form}: {error}") from None


def check_listened_to(event: Any) -> None:
    """See to it that *event* can be listened to.

    :raises ConfigurationError: for a reserved name, or what is none.
    """
    if not isinstance(event, str):
        raise ConfigurationError(f'an event has a name, as in @io.on("chat message"), not {event!r}')
    if event in REFUSED:
        raise ConfigurationError(f"the event name {event!r} is reserved: {REFUSED[event]}")


class Heir(Protocol):
    """Shares what is registered elsewhere (see ``inherited_listeners.py``)."""

    def inherit(self) -> None:
        """Something has changed there."""


class Listeners:
    """Handlers by event, in the order of their registration."""

    __slots__ = (
        "__weakref__",
        "_heirs",
        "any",
        "any_outgoing",
        "around",
        "concurrent",
        "given",
        "of",
        "packet_middlewares",
    )

    def __init__(self, given: int) -> None:
        self.of: dict[EventName, list[Listener]] = {}
        """Listeners by event; never an empty list."""
        self.concurrent: set[EventName] = set()
        """Events of which every listener said ``concurrent=True``."""
        self.any: tuple[Callable[..., Any], ...] = ()
        """Called with every event of a client, before its handlers."""
        self.packet_middlewares: tuple[Callable[..., Any], ...] = ()
        self.around = False
        """Whether there is anything of these two."""
        self.any_outgoing: tuple[Callable[..., Any], ...] = ()
        """Called with every event that leaves for a client."""
        self.given = given
        """How many arguments come before those of a client: the socket, or none."""
        self._heirs: WeakSet[Heir] | None = None

    def add_heir(self, heir: Heir) -> None:
        """Call ``heir.inherit()`` after each change of what is registered here, until it is garbage."""
        if self._heirs is None:
            self._heirs = WeakSet()
        self._heirs.add(heir)

    def changed(self) -> None:
        """Whatever changes what is registered here ends with this."""
        self.around = bool(self.any or self.packet_middlewares)
        for heir in list(self._heirs or ()):
            heir.inherit()

    def check_any_form(self, function: Any, form: str) -> None:
        """See to it that *function* can be called with any event, as *form* (with the socket) says.

        :raises ConfigurationError: otherwise.
        """
        form = form if self.given else form.replace("socket, ", "")
        for arguments in (0, 100):
            check_form(function, form, self.given + 1 + arguments)

    def add(self, event: str, handler: Callable[..., Any], *, once: bool, concurrent: bool) -> None:
        """Register *handler*.

        :raises ConfigurationError: for a reserved event name, or a handler that cannot be called as its event needs.
        """
        check_listened_to(event)
        listener = Listener(event, handler, given=self.given, once=once, concurrent=concurrent)
        key = self._key(event)
        # A new list: one that is being walked stays as it is.
        self.of[key] = [*self.of.get(key, ()), listener]
        self._note_concurrent(key)
        self.changed()

    def remove(self, event: str | None, handler: Callable[..., Any] | None) -> None:
        """Remove *handler* from *event*; without a handler all of the event, without an event all.

        :raises ConfigurationError: for a handler without its event.
        """
        if event is None:
            if handler is not None:
                raise ConfigurationError("off() needs the event to remove a handler from: off(event, handler)")
            self.of.clear()
            self.concurrent.clear()
            self.changed()
            return
        key = self._key(event)
        self._keep(key, [x for x in self.of.get(key, ()) if handler is not None and x.function != handler])

    def _key(self, event: str) -> str:
        if event == "*":
            return FALLBACK
        return SERVER_EVENTS.get(event, event) if self.given else event

    def discard(self, event: EventName, listener: Listener) -> bool:
        """Remove a listener that fires once; False when another event of the same client was faster."""
        listeners = self.of.get(event, [])
        if listener not in listeners:
            return False
        self._keep(event, [x for x in listeners if x is not listener])
        return True

    def _keep(self, event: EventName, listeners: list[Listener]) -> None:
        if listeners:
            self.of[event] = listeners
        else:
            self.of.pop(event, None)
        self._note_concurrent(event)
        self.changed()

    def _note_concurrent(self, event: EventName) -> None:
        listeners: Iterable[Listener] = self.of.get(event, ())
        if listeners and all(listener.concurrent for listener in listeners):
            self.concurrent.add(event)
        else:
            self.concurrent.discard(event)
