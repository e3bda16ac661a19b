"""The operator's command: runs the stack on this machine, builds what is generated."""

from __future__ import annotations

import exporters.core as _core  # noqa: F401 - must precede other libraries, see there
