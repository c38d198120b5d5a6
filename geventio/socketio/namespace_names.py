"""Names of namespaces, and what stands for many of them: a template, a regular expression, or a function.

::

    pattern = name_pattern("/job/{id}")
    pattern.match("/job/7", auth)  # {"id": "7"}
    pattern.match("/job/7/log", auth)  # None: another name

A name is compared as the client wrote it: nothing in it is decoded, and case counts. It has at most 256 bytes, which
bounds what a regular expression has to look at.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Protocol

from geventio.exceptions import ConfigurationError
from geventio.socketio.handlers.events import check_form

NAME_LIMIT: Final = 256
"""Bytes of the longest name of a namespace, as the packet encodings have it."""

NameFunction = Callable[[str, dict[str, Any]], Any]
"""``function(name, auth)``: whether there is a namespace *name* for a client that gives *auth*."""


def namespace_name(name: str) -> str:
    """*name* with its leading slash.

    :raises ConfigurationError: for a name that the protocol cannot carry.
    """
    if not isinstance(name, str):
        raise ConfigurationError(f'a namespace has a name such as "/admin", not {name!r}')
    if "," in name:
        raise ConfigurationError(f"the name of a namespace has no comma: {name!r}")
    name = name if name.startswith("/") else "/" + name
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        raise ConfigurationError(f"the name of a namespace must be a text that UTF-8 can carry, not {name!r}") from None
    if size > NAME_LIMIT:
        raise ConfigurationError(f"the name of a namespace has at most {NAME_LIMIT} bytes, not {size}")
    return name


class NamePattern(Protocol):
    """Which names a parent namespace stands for. Two that say the same are equal."""

    @property
    def asks_each_client(self) -> bool:
        """Whether the answer is another for each client, and may take its time: it is asked in a worker greenlet."""

    def match(self, name: str, auth: dict[str, Any], /) -> dict[str, str] | None:
        """The values that *name* captures; None when it is not meant."""


@dataclass(frozen=True)
class RegexPattern:
    """Names that a regular expression matches from their first character to their last."""

    regex: re.Pattern[str]
    text: str
    """How it was written."""
    asks_each_client: ClassVar = False

    def __str__(self) -> str:
        return self.text

    def match(self, name: str, auth: dict[str, Any]) -> dict[str, str] | None:  # noqa: ARG002 (the name says it all)
        """See NamePattern."""
        match = self.regex.fullmatch(name)
        if match is None:
            return None
        return {key: value for key, value in match.groupdict().items() if value is not None}


@dataclass(frozen=True)
class FunctionPattern:
    """Names that a function is asked about."""

    function: NameFunction
    asks_each_client: ClassVar = True

    def __str__(self) -> str:
        return str(getattr(self.function, "__qualname__", None) or self.function)

    def match(self, name: str, auth: dict[str, Any]) -> dict[str, str] | None:
        """See NamePattern."""
        return {} if self.function(name, auth) else None


def name_pattern(name: str | re.Pattern[str] | NameFunction) -> NamePattern | None:
    """What *name* stands for, when that is more than one name.

    :raises ConfigurationError: for what can be neither a name nor a pattern.
    """
    if isinstance(name, re.Pattern):
        if not isinstance(name.pattern, str):
            raise ConfigurationError(f"names of namespaces are texts, and {name!r} is for bytes: leave out the b")
        return RegexPattern(name, name.pattern)
    if isinstance(name, type):
        raise ConfigurationError(f'a class comes after the name of its namespace: io.of("/chat", {name.__name__})')
    if isinstance(name, str):
        return _template(namespace_name(name)) if "{" in name or "}" in name else None
    if callable(name):
        check_form(name, "function(name, auth)", 2)
        return FunctionPattern(name)
    raise ConfigurationError(
        f'a namespace has a name such as "/admin", a pattern such as "/job/{{id}}" or re.compile(...), '
        f"or a function(name, auth), not {name!r}"
    )


_CAPTURE: Final = re.compile(r"\{([^{}]*)\}")


def _template(text: str) -> RegexPattern:
    """``/job/{id}`` as a regular expression: each part in braces is one or more characters without a slash."""
    literals_and_keys = _CAPTURE.split(text)
    literals, keys = literals_and_keys[::2], literals_and_keys[1::2]
    if any("{" in literal or "}" in literal for literal in literals):
        raise ConfigurationError(f'braces in the name of a namespace come in pairs, as in "/job/{{id}}": {text!r}')
    for key in keys:
        if not key.isidentifier():
            raise ConfigurationError(f"what stands in braces in {text!r} must be a Python name, not {key!r}")
        if keys.count(key) > 1:
            raise ConfigurationError(f"the name {key!r} stands twice in {text!r}")
    if "" in literals[1:-1]:
        raise ConfigurationError(
            f"something has to stand between two values in {text!r}, or who could tell them apart?"
        )
    regex = re.escape(literals[0])
    for key, literal in zip(keys, literals[1:], strict=True):
        regex += f"(?P<{key}>[^/]+){re.escape(literal)}"
    return RegexPattern(re.compile(regex), text)
