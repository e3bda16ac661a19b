"""How this process's memory allocator treats large buffers."""

from __future__ import annotations

import ctypes

_M_MMAP_THRESHOLD = -3  # glibc, malloc.h
_LARGE_BYTES = 128 * 1024  # glibc's value at the start of a process


def return_large_buffers() -> None:
    """Have freed buffers of 128 KiB and more go back to the system at once, in every thread.

    glibc raises this limit to the size of any larger buffer that is freed. The next large buffers then come out of the
    heaps of the threads, which are not given back: two connections that once got 15 MB each kept 80 MB of a process of
    50. A limit that is set stays. Without glibc there is nothing to set.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):  # another libc
        return
    mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
