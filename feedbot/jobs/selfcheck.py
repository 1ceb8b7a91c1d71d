"""Which libraries of this machine are older than what is known to be safe, and what is weaker for it."""

import pyexpat
import re
import sqlite3
from importlib.metadata import version


def weak_libraries() -> list[str]:
    """One sentence for each library below the version that mends a known fault."""
    found = []
    for name, have, least, weaker in (
        ("expat", pyexpat.EXPAT_VERSION, (2, 7, 2), "hostile feeds cost more time; the worker's limits hold"),
        (
            "SQLite",
            sqlite3.sqlite_version,
            (3, 51, 3),
            "a fault in it can damage a database with several writers; feedbot has only one",
        ),
        ("lxml", version("lxml"), (6, 1, 0), "parsing is less guarded"),
        ("Pillow", version("pillow"), (12, 2, 0), "hostile pictures cost more; the worker's limits hold"),
        ("aiohttp", version("aiohttp"), (3, 13, 3), "hostile answers cost more memory"),
    ):
        numbers = tuple(int(number) for number in re.findall(r"\d+", have)[:3])
        if numbers < least:
            wanted = ".".join(map(str, least))
            found.append(f"{name} {have.removeprefix('expat_')} is older than {wanted}: {weaker}")
    return found
