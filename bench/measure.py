"""What a process and its children used: CPU seconds, memory in MB. From /proc, without tools."""

import os
import resource
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def descendants(process: int) -> list[int]:
    """A process and all below it."""
    found = [process]
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        for child in children:
            found += descendants(int(child))
    return found


def cpu_of(process: int) -> float:
    """CPU seconds of one process, in the kernel's ticks of 10 ms."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def cpu_here() -> float:
    """CPU seconds of this process, of the children that ended and of those that live."""
    own, ended = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    living = sum(cpu_of(child) for child in descendants(os.getpid())[1:])
    return own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime + living


def peak_rss() -> float:
    """The most memory that this process held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def pss(process: int) -> float:
    """Memory of a process and all below it in MB, shared pages counted once."""
    total = 0
    for one in descendants(process):
        try:
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024
