"""What is known of photos, and which of them a bot has uploaded already."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, bindparam, select
from sqlalchemy.dialects.sqlite import insert

from feedbot.store.prepared import Prepared
from feedbot.store.tables import EPOCH, bots, photos, uploads

PATIENCE = timedelta(hours=1)  # so long a photo that could not be had is not asked for again
MOST_RATIO = 20  # the Bot API takes no photo that is longer


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

    @property
    def is_document(self) -> bool:
        """Whether it is too long to be shown as a photo, and goes as a file."""
        sides = (self.width or 1, self.height or 1)
        return max(sides) > MOST_RATIO * min(sides)

    def is_missing(self, now: datetime) -> bool:
        """Whether it could not be had, and is not asked for yet."""
        return self.error is not None and now - self.fetched_at < PATIENCE


def get_photo(connection: Connection, url: str) -> PhotoFile | None:
    """What is known of the photo at an address."""
    row = connection.execute(select(photos).where(photos.c.url == url)).mappings().first()
    return PhotoFile(**row) if row else None


_PHOTO_OF_BOT = Prepared(
    select(photos, uploads.c.file_id)
    .select_from(
        photos.outerjoin(uploads, and_(uploads.c.hash == photos.c.hash, uploads.c.bot == bindparam("of_bot")))
    )
    .where(photos.c.url == bindparam("wanted"))
)


def photo_of_bot(connection: Connection, url: str, bot: str) -> tuple[PhotoFile, str | None]:
    """What is known of the photo at an address, and its id where this bot uploaded it. One that was never
    asked for says so by being older than everything.
    """
    row = next(iter(_PHOTO_OF_BOT.rows(connection, {"wanted": url, "of_bot": bot})), None)
    if row is None:
        return PhotoFile(url, EPOCH), None
    found = row.pop("file_id")
    return PhotoFile(**row), found


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
