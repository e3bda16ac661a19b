"""`python -m exporters` is `pantrywatch-exporter`."""

from __future__ import annotations

import sys

from exporters.cli import main

sys.exit(main())
