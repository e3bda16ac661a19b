"""`python -m exporters` runs `pantrywatch-exporter`."""

from __future__ import annotations

import sys

from exporters.cli import main

sys.exit(main())
