"""Shared by every exporter; imports nothing from the exporters themselves.

Every package of this project imports it before any library. So it is where two things are done first of all:

It takes this process out of prometheus_client's multi-process mode. A neighboring application may have asked for that
mode in the environment that this process inherited: our counters would then become files in its folder, and appear on
its page. The library checks once, when it is loaded.

As process 1 of a container, SIGTERM ends it from here on. The kernel drops what process 1 does not handle, so one that
came while libraries were loaded or settings read was lost: the container was killed when its grace period was over.
"""

from __future__ import annotations

import os
import signal

for _name in ("PROMETHEUS_MULTIPROC_DIR", "prometheus_multiproc_dir"):
    os.environ.pop(_name, None)

if os.getpid() == 1:
    # With the exit code that a shell reports where nobody handles the signal. A server replaces this when it starts.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(128 + signal.SIGTERM))
