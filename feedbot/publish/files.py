"""Documents appear whole: written beside, then renamed (edge)."""

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path

from feedbot.errors import FeedbotError

_BESIDE = ".feedbot-new"
PLAIN = ""


def write_whole(path: Path, body: bytes) -> bool:
    """Put a document in the place of the one there; False if they are equal and nothing was written.

    Raises FeedbotError naming the file and the reason; the old document stays.
    """
    if is_same(path, body):
        return False
    write_set(path, {PLAIN: body})
    return True


def write_set(
    path: Path,
    codings: Mapping[str, bytes],
    swapping: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> None:
    """Put a document with its codings (`".gz"`, `".br"`) in the place of those there.

    All are on the disk before the first is renamed; the plain one is renamed last, so that whoever finds it
    equal knows that the codings are. `swapping` is held while they are renamed. Raises FeedbotError naming
    the file and the reason; the old documents stay.
    """
    beside = {suffix: path.with_name(f".{path.name}{suffix}{_BESIDE}") for suffix in codings}
    try:
        try:
            for suffix, body in codings.items():
                _write(beside[suffix], body)
            with swapping():
                for suffix in sorted(codings, reverse=True):
                    beside[suffix].replace(path.with_name(path.name + suffix))
        except OSError:
            for leftover in beside.values():
                with suppress(OSError):
                    leftover.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise FeedbotError(f"{path}: cannot be written: {error.strerror}; the old one stays") from error


def _write(path: Path, body: bytes) -> None:
    path.unlink(missing_ok=True)
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    with os.fdopen(file, "wb") as out:
        out.write(body)
        out.flush()
        os.fsync(out.fileno())


def is_same(path: Path, body: bytes) -> bool:
    """Whether a file is there and holds these bytes."""
    try:
        return path.stat().st_size == len(body) and not path.is_symlink() and path.read_bytes() == body
    except OSError:
        return False


def tail_of(path: Path, length: int) -> bytes:
    """The last bytes of a file; none where there is no such file."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - length))
            return file.read(length)
    except OSError:
        return b""


def is_size_told(told: bytes, path: Path) -> bool:
    """Whether a file is there and as long as the last four bytes of its gzip say (RFC 1952 section 2.3.1):
    what tells a damaged one from thousands that are whole without reading them.
    """
    try:
        return path.stat().st_size == int.from_bytes(told, "little") and not path.is_symlink()
    except OSError:
        return False


def make_folder(folder: Path, below: Path) -> bool:
    """Make a folder below another; whether it is new. One that is a link is refused: it leads elsewhere.

    Raises FeedbotError naming the folder and the reason.
    """
    is_new = False
    at = below
    try:
        below.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FeedbotError(f"{below}: cannot be made: {error.strerror}") from error
    for part in folder.relative_to(below).parts:
        at = at / part
        try:
            if at.is_symlink():
                raise FeedbotError(f"{at}: is a link and would lead out of {below}; remove it")
            if not at.is_dir():
                at.mkdir(mode=0o755)
                is_new = True
        except OSError as error:
            raise FeedbotError(f"{at}: cannot be made: {error.strerror}") from error
    return is_new


def written_at(path: Path) -> datetime:
    """When a document got the bytes that it has: what Last-Modified says, and still says after a restart.

    Raises FeedbotError where it is gone.
    """
    try:
        return datetime.fromtimestamp(int(path.stat().st_mtime), UTC)
    except OSError as error:
        raise FeedbotError(f"{path}: cannot be read: {error.strerror}") from error


def sync_folder(folder: Path) -> None:
    """Make the renames of a round last. Raises FeedbotError where the folder is gone."""
    try:
        file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(file)
        finally:
            os.close(file)
    except OSError as error:
        raise FeedbotError(f"{folder}: cannot be written: {error.strerror}") from error


def remove(path: Path) -> bool:
    """Remove a file of ours; whether it was there. Raises FeedbotError where that is refused."""
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise FeedbotError(f"{path}: cannot be removed: {error.strerror}") from error
    return True


def clean_leftovers(folder: Path) -> None:
    """Remove what a crash left half written, in every folder of ours; links are not followed."""
    for at, folders, names in os.walk(folder):
        depth = len(Path(at).relative_to(folder).parts)
        if depth >= 3:
            folders.clear()
        for name in names:
            if name.startswith(".") and name.endswith(_BESIDE):
                Path(at, name).unlink(missing_ok=True)
