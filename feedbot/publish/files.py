"""Documents appear whole: written beside, then renamed (edge)."""

import os
from datetime import UTC, datetime
from pathlib import Path

from feedbot.errors import FeedbotError

_BESIDE = ".feedbot-new"


def write_whole(path: Path, body: bytes) -> bool:
    """Put a document in the place of the one there; False if they are equal and nothing was written.

    Raises FeedbotError naming the file and the reason; the old document stays.
    """
    if _is_same(path, body):
        return False
    beside = path.with_name(f".{path.name}{_BESIDE}")
    try:
        beside.unlink(missing_ok=True)
        file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        try:
            with os.fdopen(file, "wb") as out:
                out.write(body)
                out.flush()
                os.fsync(out.fileno())
            beside.replace(path)
        except OSError:
            beside.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise FeedbotError(f"{path}: cannot be written: {error.strerror}; the old one stays") from error
    return True


def _is_same(path: Path, body: bytes) -> bool:
    try:
        return path.stat().st_size == len(body) and not path.is_symlink() and path.read_bytes() == body
    except OSError:
        return False


def written_at(path: Path) -> datetime:
    """When a document got the bytes that it has: what Last-Modified says, and still says after a restart.

    Raises FeedbotError where it is gone.
    """
    try:
        return datetime.fromtimestamp(int(path.stat().st_mtime), UTC)
    except OSError as error:
        raise FeedbotError(f"{path}: cannot be read: {error.strerror}") from error


def sync_folder(folder: Path) -> None:
    """Make the renames of a round last."""
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def clean_leftovers(folder: Path) -> None:
    """Remove what a crash left half written."""
    for path in folder.glob(f".*{_BESIDE}"):
        path.unlink(missing_ok=True)
