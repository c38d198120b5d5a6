"""What the values of options have to be: each check returns the value in the form that the code wants."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from math import isfinite
from typing import Any, Final

from geventio.exceptions import ConfigurationError

TRANSPORTS: Final = ("polling", "websocket")
"""The transports that this version speaks."""

OriginCheck = Callable[[str, dict[str, Any]], bool]
Origins = str | re.Pattern[str] | Iterable[str | re.Pattern[str]] | OriginCheck
ANY_SUBDOMAIN: Final = "(?:[a-z0-9_-]+[.])+"


def check_names(kind: type, options: Mapping[str, Any]) -> None:
    """Refuse names that *kind* has no field for, with the nearest one that it has."""
    import difflib

    known = [field.name for field in fields(kind)]
    for name in options:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; the options are {', '.join(sorted(known))}"
            raise ConfigurationError(f"there is no option {name!r}{hint}")


def check_number(name: str, value: Any, low: float, *, exclusive: bool = False) -> None:
    """Refuse what is no finite number, or one below *low*."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
        raise ConfigurationError(f"{name} must be a number, not {value!r}")
    if value < low or (exclusive and value == low):
        raise ConfigurationError(f"{name} must be {'more than' if exclusive else 'at least'} {low:g}, not {value!r}")


def check_flag(name: str, value: Any) -> None:
    """Refuse what is neither True nor False."""
    if not isinstance(value, bool):
        raise ConfigurationError(f"{name} is True or False, not {value!r}")


def check_callable(name: str, value: Any, form: str) -> None:
    """Refuse what is neither None nor callable; *form* shows how it is called."""
    if value is not None and not callable(value):
        raise ConfigurationError(f"{name} must be a function {form}, not {value!r}")


def whole(name: str, value: Any, low: int) -> int:
    """*value* as an int: sizes are often written as ``1e6``."""
    check_number(name, value, low)
    if value != int(value):
        raise ConfigurationError(f"{name} must be a whole number, not {value!r}")
    return int(value)


def checked_path(path: Any, *, slash: bool) -> str:
    """*path* with a slash in front and, for *slash*, at its end, however it was written: ``socket.io`` and
    ``/socket.io`` are common.
    """
    if not isinstance(path, str) or not path.strip("/"):
        raise ConfigurationError(f'path must be a text such as "/socket.io/", not {path!r}')
    if any(c <= " " or c in "?#%" or c > "~" for c in path):
        raise ConfigurationError(f"path must be plain ASCII without spaces, '?', '#' or '%', not {path!r}")
    return f"/{path.strip('/')}{'/' if slash else ''}"


def checked_transports(transports: Any) -> tuple[str, ...]:
    """*transports* as a tuple of those that this version speaks."""
    if isinstance(transports, str) or not isinstance(transports, Iterable):
        raise ConfigurationError(f'transports must be a list such as ["polling", "websocket"], not {transports!r}')
    chosen = tuple(transports)
    unknown = [t for t in chosen if t not in TRANSPORTS]
    if unknown or not chosen:
        raise ConfigurationError(f"transports are {' and '.join(TRANSPORTS)}, not {list(chosen)!r}")
    return chosen


def checked_origins(origins: Any) -> Origins | None:
    """The allowed origins in the form the check wants: None, "*", a function, or a set of normalised origins and of
    patterns for them.
    """
    if origins is None or origins == "*" or callable(origins):
        return origins  # type: ignore[no-any-return]
    several = [origins] if isinstance(origins, (str, re.Pattern)) else origins
    if not isinstance(several, Iterable):
        raise ConfigurationError(
            f"cors_allowed_origins is an origin, a pattern, a list of them, '*' or a function, not {origins!r}"
        )
    chosen: list[str | re.Pattern[str]] = []
    for origin in several:
        if isinstance(origin, re.Pattern):
            if not isinstance(origin.pattern, str):
                raise ConfigurationError(f"a pattern for origins is one of text, not of bytes: {origin.pattern!r}")
            chosen.append(origin)
            continue
        if not isinstance(origin, str) or (origin != "null" and "://" not in origin):
            raise ConfigurationError(f'an allowed origin looks like "https://example.org", not {origin!r}')
        if origin != "null" and "/" in origin.split("://", 1)[1]:
            raise ConfigurationError(f"an origin has no path and no slash at its end: {origin!r}")
        scheme, _, host = origin.lower().partition("://")
        if host.startswith("*.") and "*" not in host[2:]:
            chosen.append(re.compile(f"{re.escape(scheme)}://{ANY_SUBDOMAIN}{re.escape(host[2:])}"))
        elif "*" in origin:
            raise ConfigurationError(
                f'in an origin, "*" stands for subdomains alone, as in "https://*.example.org", not as in {origin!r}; '
                "a compiled regular expression may say more"
            )
        else:
            chosen.append(origin.lower())
    return frozenset(chosen)
