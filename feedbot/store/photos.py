"""What is known of photos, and which of them a bot has uploaded already."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from feedbot.store.tables import bots, photos, uploads


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """A photo that was fetched, or why not. `hash` names the file that can be sent; type, size in pixels
    and length in bytes are those of the original.
    """

    url: str
    fetched_at: datetime
    hash: str | None = None
    type: str | None = None
    width: int | None = None
    height: int | None = None
    length: int | None = None
    error: str | None = None


def get_photo(connection: Connection, url: str) -> PhotoFile | None:
    """What is known of the photo at an address."""
    row = connection.execute(select(photos).where(photos.c.url == url)).mappings().first()
    return PhotoFile(**row) if row else None


def save_photo(connection: Connection, photo: PhotoFile) -> None:
    """Remember a photo, or why there is none."""
    values = {
        "url": photo.url,
        "hash": photo.hash,
        "type": photo.type,
        "width": photo.width,
        "height": photo.height,
        "length": photo.length,
        "fetched_at": photo.fetched_at,
        "error": photo.error,
    }
    connection.execute(insert(photos).values(values).on_conflict_do_update(["url"], set_=values))


def file_id(connection: Connection, bot: str, content: str) -> str | None:
    """The Bot API's id of a photo that this bot uploaded; `content` is its hash."""
    here = select(uploads.c.file_id).where(uploads.c.bot == bot, uploads.c.hash == content)
    found: str | None = connection.execute(here).scalar()
    return found


def save_file_id(connection: Connection, bot: str, content: str, file_id: str | None) -> None:
    """Remember the id of an upload; None: it is dead."""
    here = (uploads.c.bot == bot) & (uploads.c.hash == content)
    connection.execute(uploads.delete().where(here))
    if file_id is not None:
        connection.execute(uploads.insert().values(bot=bot, hash=content, file_id=file_id))


def next_update(connection: Connection, bot: str) -> int | None:
    """The offset of the first update that this bot has not taken."""
    found: int | None = connection.execute(select(bots.c.next_update).where(bots.c.bot == bot)).scalar()
    return found


def save_next_update(connection: Connection, bot: str, offset: int) -> None:
    """Remember which updates were taken, in the transaction of what they did."""
    values = {"bot": bot, "next_update": offset}
    connection.execute(insert(bots).values(values).on_conflict_do_update(["bot"], set_=values))
