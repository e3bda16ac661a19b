"""Shared by every exporter; imports nothing from the exporters themselves.

Importing it first of all takes this process out of prometheus_client's multi-process mode. A neighboring application
may have asked for that mode in the environment that this process inherited: our counters would then become files in its
folder, and appear on its page. The library checks once, when it is loaded; every package of this project imports this
one before that.
"""

from __future__ import annotations

import os

for _name in ("PROMETHEUS_MULTIPROC_DIR", "prometheus_multiproc_dir"):
    os.environ.pop(_name, None)
