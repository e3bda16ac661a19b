"""What every exporter shares; imports nothing of the exporters themselves.

First of all it takes this process out of prometheus_client's multi-process mode, which an application next door, whose
environment we were started with, may ask for: our counters would be files in its folder, and on its page. The library
looks once, when it is loaded; every package of ours imports this one before it can be.
"""

from __future__ import annotations

import os

for _name in ("PROMETHEUS_MULTIPROC_DIR", "prometheus_multiproc_dir"):
    os.environ.pop(_name, None)
