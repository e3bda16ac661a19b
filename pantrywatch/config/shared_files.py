"""Where the files lie that are neither Python nor this installation's: targets, rules, boards, provisioning, runbooks.

In a checkout they are its top level. The wheel holds the same tree as pantrywatch/share/ (tools/build_wheel.py).
"""

from __future__ import annotations

from pathlib import Path

from exporters.core.errors import ConfigError, ConfigProblem

_PACKAGE = Path(__file__).resolve().parents[1]
_INSTALLED = _PACKAGE / "share"


def shared_files() -> Path:
    """Return the folder that holds targets.yaml and what belongs to it.

    Raises ConfigError where neither is there: the container image holds the services' code alone.
    """
    if (_INSTALLED / "targets.yaml").is_file():
        return _INSTALLED
    if top := checkout():
        return top
    expected = "expected a checkout, or pantrywatch installed from its wheel: targets.yaml is missing"
    raise ConfigError([ConfigProblem(str(_INSTALLED), "shared files", expected)])


def checkout() -> Path | None:
    """Return the top of the checkout this runs from, whose generated files are committed; or None."""
    return _PACKAGE.parent if (_PACKAGE.parent / "targets.yaml").is_file() else None
