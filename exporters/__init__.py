"""The sidecars: each subpackage watches one kind of thing; `core` is what they share."""

from __future__ import annotations

import exporters.core as _core  # noqa: F401 - imported first: it must run before any library is loaded

__version__ = "0.1.0"
