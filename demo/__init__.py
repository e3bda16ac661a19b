"""The demo CRM: something real to watch. Nothing outside this package imports it."""

from __future__ import annotations

import exporters.core as _core  # noqa: F401 - must precede other libraries, see there
