"""What the process tells its allocator and its garbage collector, once at the start (edge)."""

import ctypes
import gc

_MMAP_THRESHOLD, _TRIM_THRESHOLD, _ARENA_MAX = -3, -1, -8  # malloc.h


def return_memory() -> None:
    """Have large blocks given back as soon as they are free.

    By itself glibc raises its threshold with each large body that is freed, and keeps the next ones: 80 MB
    of a daemon that hostile sources had fed. Other libraries of C have no such call, nor the need for it.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, 256 * 1024)
        mallopt(_TRIM_THRESHOLD, 1024 * 1024)
        mallopt(_ARENA_MAX, 2)


def keep_started() -> None:
    """Have the garbage collector pass over what is there now: modules, and the open parts of the program.

    It would walk through all of it every few hundred polls, for a tenth of a second in which nothing else
    happens, and find nothing.
    """
    gc.collect()
    gc.freeze()
