"""Pictures and files as the server keeps them: checked, with an id for each upload and bot."""

import hashlib
import io
import itertools
from dataclasses import dataclass

import aiohttp
from PIL import Image, UnidentifiedImageError

from feedbot.demo.botapi.errors import bad_request

PHOTO_BYTES, URL_BYTES, FILE_BYTES = 10_000_000, 5_000_000, 50_000_000
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
_URL_SECONDS = 5.0
_NO_CONTENT, _WRONG_TYPE = "failed to get HTTP URL content", "wrong type of the web page content"


@dataclass(frozen=True, slots=True)
class Stored:
    """One file. `unique` is the same for the same content."""

    unique: str
    body: bytes
    mime: str
    name: str = "file"
    width: int = 0
    height: int = 0


class _NotFetched(Exception):
    pass


class Media:
    """All files, and which ids of which bot mean them."""

    def __init__(self) -> None:
        self.files: dict[str, Stored] = {}
        self._ids: dict[str, tuple[int, str]] = {}
        self._numbers = itertools.count(1)
        self._failed_urls: dict[str, str] = {}

    def add_photo(self, body: bytes, name: str = "photo.jpg") -> Stored:
        """Check a picture as the server does, and keep it."""
        if not body:
            raise bad_request("file must be non-empty")
        if len(body) > PHOTO_BYTES:
            raise bad_request("file is too big")
        try:
            with Image.open(io.BytesIO(body), formats=_FORMATS) as image:
                width, height = image.size
                mime = Image.MIME.get(image.format or "", "image/jpeg")
                if width + height > 10_000 or max(width, height) > 20 * min(width, height):
                    raise bad_request("PHOTO_INVALID_DIMENSIONS")
                image.load()
        except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
            raise bad_request("IMAGE_PROCESS_FAILED") from error
        return self._keep(Stored(f"{_unique(body)}p", body, mime, name, width, height))

    def add_file(self, body: bytes, name: str, mime: str) -> Stored:
        """Keep a document."""
        if not body:
            raise bad_request("file must be non-empty")
        if len(body) > FILE_BYTES:
            raise bad_request("file is too big")
        return self._keep(Stored(f"{_unique(body)}d", body, mime, name))

    def _keep(self, stored: Stored) -> Stored:
        return self.files.setdefault(stored.unique, stored)

    def new_id(self, bot: int, stored: Stored) -> str:
        """A new id of a file for a bot: each upload and each message has its own."""
        file_id = f"AgAC{bot:x}-{next(self._numbers):06d}-{stored.unique}"
        self._ids[file_id] = (bot, stored.unique)
        return file_id

    def by_id(self, bot: int, file_id: str, *, photo: bool) -> Stored:
        """The file of an id; those of other bots, and those of another kind, are refused."""
        owner, unique = self._ids.get(file_id, (0, ""))
        if owner != bot:
            raise bad_request("wrong file identifier/HTTP URL specified")
        stored = self.files[unique]
        if photo != bool(stored.width):
            wanted, given = ("Photo", "Document") if photo else ("Document", "Photo")
            raise bad_request(f"can't use file of type {given} as {wanted}")
        return stored

    def forget_ids(self) -> None:
        """Let every id die, as file references do."""
        self._ids.clear()

    async def by_url(self, session: aiohttp.ClientSession, url: str, *, photo: bool) -> Stored:
        """Fetch a file; what failed once fails again, as it does for days at Telegram."""
        if url in self._failed_urls:
            raise bad_request(self._failed_urls[url])
        try:
            body, mime = await _fetch(session, url, photo=photo)
        except _NotFetched as error:
            self._failed_urls[url] = str(error)
            raise bad_request(str(error)) from error
        name = url.rpartition("/")[2]
        return self.add_photo(body, name) if photo else self.add_file(body, name or "file", mime)


async def _fetch(session: aiohttp.ClientSession, url: str, *, photo: bool) -> tuple[bytes, str]:
    most = URL_BYTES if photo else 4 * URL_BYTES
    try:
        async with session.get(url, timeout=aiohttp.ClientTimeout(total=_URL_SECONDS)) as response:
            body = b""
            while len(body) <= most and (part := await response.content.read(most + 1 - len(body))):
                body += part
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise _NotFetched(_NO_CONTENT) from error
    if response.status != 200 or not body:
        raise _NotFetched(_NO_CONTENT)
    if len(body) > most or (photo and not response.content_type.startswith("image/")):
        raise _NotFetched(_WRONG_TYPE)
    return body, response.content_type


def _unique(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:20]
