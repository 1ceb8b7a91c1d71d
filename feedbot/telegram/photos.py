"""Photos as files, fetched and prepared once (edge)."""

import asyncio
import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from weakref import WeakValueDictionary

from feedbot.errors import FeedbotError, FetchError, ParseError
from feedbot.net.client import Client, Limit
from feedbot.rules import schedule
from feedbot.store import Store, photos, sources
from feedbot.store.photos import PhotoFile
from feedbot.telegram.send import Picture
from feedbot.worker import Worker

PREPARE = "feedbot.telegram.picture:prepare"
SMALLER = "feedbot.telegram.picture:smaller"
_FEEDS_FIRST = 1.0  # seconds, in which documents that come to be read go before a photo


@dataclass(frozen=True, slots=True)
class Photos:
    """The photos of articles: what is known stands in the store, what can be sent lies in the folder."""

    store: Store
    client: Client
    worker: Worker
    folder: Path
    _fetching: WeakValueDictionary[str, asyncio.Lock] = field(
        default_factory=WeakValueDictionary, repr=False, compare=False
    )

    async def get(self, url: str, now: datetime, since: datetime | None = None) -> PhotoFile:
        """What the photo at an address is; what cannot be had says why and is asked again after an hour.

        Many chats may want it at once: one fetches, the others wait. One that was fetched before `since`,
        when its article changed, is fetched anew, and stays what it was where that fails.
        """
        async with self._fetching.setdefault(url, asyncio.Lock()):
            known = await self.store.do(photos.get_photo, url)
            kept = known if known and known.hash and self._has(known.hash) else None
            is_new = known is not None and (since is None or known.fetched_at >= since)
            if known and (known.is_missing(now) or (kept and is_new)):
                return known
            photo = await self._fetch(url, now)
            photo = replace(kept if kept and photo.error else photo, fetched_at=max(now, since or now))
            await self.store.do(photos.save_photo, photo)
            return photo

    async def _fetch(self, url: str, now: datetime) -> PhotoFile:
        try:
            document = await self.client.get(url, limit=Limit.IMAGE)
            answer = await self.worker.run(PREPARE, document.body, patience=_FEEDS_FIRST)
            digest = hashlib.sha256(answer.body).hexdigest()
            self._keep(digest, answer.body, now)
        except (FetchError, ParseError, OSError) as error:
            if isinstance(error, FetchError) and error.status == 429 and self.client.is_public(url):
                until = now + schedule.asked_rest(error.status, error.retry_after)
                await self.store.do(sources.hold_host, url, until, "429 of its host, to a photo")
            return PhotoFile(url, now, error=_words(error))
        return PhotoFile(url, now, digest, **answer.value, length=len(document.body))

    def _keep(self, name: str, body: bytes, now: datetime) -> None:
        """The file waits for its first upload; one that is lost is fetched again, so no fsync."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        unfinished = self.folder / f"{name}.new"
        unfinished.write_bytes(body)
        unfinished.replace(self.folder / name)
        self._in_use(name, now)

    def _in_use(self, name: str, now: datetime) -> None:
        """It is not one of those that are cleaned up. One that is gone is fetched again by who needs it."""
        with suppress(OSError):
            os.utime(self.folder / name, (now.timestamp(), now.timestamp()))

    def _has(self, name: str) -> bool:
        try:
            return (self.folder / name).exists()
        except OSError:
            return False

    async def picture(
        self, url: str, bot: str, now: datetime, since: datetime | None = None
    ) -> Picture | None:
        """The photo ready to be sent by a bot, fetched since then; None where there is none."""
        photo = await self.get(url, now, since)
        if photo.hash is None:
            return None
        file_id = await self.store.do(photos.file_id, bot, photo.hash)
        self._in_use(photo.hash, now)
        return self.known(photo, file_id)

    def known(self, photo: PhotoFile, file_id: str | None) -> Picture | None:
        """A photo that is known, ready to be sent; its file is read where it must be uploaded."""
        if photo.hash is None:
            return None
        read = partial(Path.read_bytes, self.folder / photo.hash)
        return Picture(photo.url, photo.hash, read, file_id, photo.is_document)

    async def known_upload(self, picture: Picture, bot: str) -> str | None:
        """The id of a photo's upload by a bot, asked anew."""
        return await self.store.do(photos.file_id, bot, picture.hash)

    async def shrink(self, body: bytes) -> bytes:
        """A smaller JPEG of the same photo, the same bytes where there is none."""
        try:
            return (await self.worker.run(SMALLER, body)).body
        except (ParseError, OSError):
            return body

    def clean_up(self, before: datetime) -> int:
        """Delete the files last used before that time; they can be fetched again. How many."""
        old = [
            path
            for path in (self.folder.iterdir() if self.folder.is_dir() else ())
            if path.stat().st_mtime < before.timestamp()
        ]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)


def _words(error: FeedbotError | OSError) -> str:
    """Why there is no photo; a folder that cannot be written is a reason like others."""
    return f"the photo cannot be kept: {error.strerror}" if isinstance(error, OSError) else str(error)
