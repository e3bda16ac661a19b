"""Large buffers of any thread go back to the system when they are freed."""

from __future__ import annotations

import subprocess
import sys

_PROGRAM = """
import threading
from pathlib import Path
from exporters.core.allocator import return_large_buffers

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

def work():
    small = []
    for size in (30, 20, 30, 20):
        large = bytearray(b"x") * (size * 2**20)
        small.append(bytearray(4096))  # lies behind it, and stays
        del large
    kept.append((small, resident()))

return_large_buffers()
kept, before = [], resident()
for _ in range(3):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
print(max(size for _, size in kept) - before)
"""


def test_a_thread_keeps_nothing_of_large_buffers() -> None:
    """However large earlier ones were; without it the heap of the thread keeps the last one."""
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 4 * 2**20
