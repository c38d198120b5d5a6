"""What a function takes, as far as it can be known without calling it.

    >>> read_signature(lambda socket, text, *, ack: None)
    <Signature (socket, text, *, ack)>

From Python 3.14 on, annotations are evaluated when somebody asks for them, and may name what only type checkers know:
such a name is not looked at here, it stays a ``ForwardRef``.
"""

import inspect
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

if sys.version_info >= (3, 14):
    from annotationlib import Format

    _signature = partial(inspect.signature, annotation_format=Format.FORWARDREF)
else:
    _signature = inspect.signature


def read_signature(function: Callable[..., Any], *, follow_wrapped: bool = False) -> inspect.Signature | None:
    """The signature of *function* itself, or with *follow_wrapped* of what it says that it wraps: a decorator may add
    an argument or take one away. None where it cannot be read, as that of some built-in functions.
    """
    try:
        return _signature(function, follow_wrapped=follow_wrapped)
    except (TypeError, ValueError):
        return None
