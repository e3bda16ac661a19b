"""The place of an entry that could not be read, while checks of what surrounds it look for other problems."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

# Whatever a check may do with a number, a text, a list or a record. It may be compared and found, as any object.
_OPERATIONS = (
    "add", "call", "contains", "divmod", "float", "floordiv", "format", "ge", "getitem", "gt", "index", "int", "iter",
    "le", "len", "lt", "mod", "mul", "neg", "next", "pow", "radd", "rmul", "rsub", "rtruediv", "sub", "truediv",
)  # fmt: skip


def _refusal(operation: str) -> Callable[..., NoReturn]:
    def refuse(self: Unreadable, *_: Any) -> NoReturn:
        raise AttributeError(f"{operation} of an entry that could not be read", name=operation, obj=self)

    return refuse


class Unreadable:
    """AttributeError, with itself as `obj`, at whatever is done with it, as at a field that it does not have."""


for _name in _OPERATIONS:
    setattr(Unreadable, f"__{_name}__", _refusal(f"__{_name}__"))
UNREADABLE = Unreadable()
