"""`python -m pantrywatch` is the command `pantrywatch`."""

from __future__ import annotations

import sys

from pantrywatch.cli import main

sys.exit(main())
