"""Pictures and files as the server keeps them: checked, with an id for each upload and bot."""

import hashlib
import io
import itertools
from dataclasses import dataclass

import aiohttp
from PIL import Image, UnidentifiedImageError

from feedbot.demo.botapi.errors import ApiError, bad_request

PHOTO_BYTES, URL_BYTES, FILE_BYTES = 10_000_000, 5_000_000, 50_000_000
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")


@dataclass(frozen=True, slots=True)
class Stored:
    """One file. `unique` is the same for the same content."""

    unique: str
    body: bytes
    mime: str
    name: str = "file"
    width: int = 0
    height: int = 0


class Media:
    """All files, and which ids of which bot mean them."""

    def __init__(self) -> None:
        self.files: dict[str, Stored] = {}
        self._ids: dict[str, tuple[int, str]] = {}
        self._numbers = itertools.count(1)
        self._failed_urls: dict[str, ApiError] = {}

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
        return self._keep(Stored(_unique(body), body, mime, name, width, height))

    def add_file(self, body: bytes, name: str, mime: str) -> Stored:
        """Keep a document."""
        if not body:
            raise bad_request("file must be non-empty")
        return self._keep(Stored(_unique(body), body, mime, name))

    def _keep(self, stored: Stored) -> Stored:
        return self.files.setdefault(stored.unique, stored)

    def new_id(self, bot: int, stored: Stored) -> str:
        """A new id of a file for a bot: each upload and each message has its own."""
        file_id = f"AgAC{bot:x}-{next(self._numbers):06d}-{stored.unique}"
        self._ids[file_id] = (bot, stored.unique)
        return file_id

    def by_id(self, bot: int, file_id: str) -> Stored:
        """The file of an id; those of other bots are refused."""
        owner, unique = self._ids.get(file_id, (0, ""))
        if owner != bot:
            raise bad_request("wrong file identifier/HTTP URL specified")
        return self.files[unique]

    def forget_ids(self) -> None:
        """Let every id die, as file references do."""
        self._ids.clear()

    async def by_url(self, session: aiohttp.ClientSession, url: str) -> Stored:
        """Fetch a picture; what failed once fails again, as it does for days at Telegram."""
        if url in self._failed_urls:
            raise self._failed_urls[url]
        try:
            async with session.get(url, timeout=aiohttp.ClientTimeout(total=5)) as response:
                kind = response.headers.get("Content-Type", "")
                body = await response.content.read(URL_BYTES + 1)
                while not response.content.at_eof() and len(body) <= URL_BYTES:
                    body += await response.content.read(URL_BYTES)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            self._failed_urls[url] = bad_request("failed to get HTTP URL content")
            raise self._failed_urls[url] from error
        if response.status != 200:
            self._failed_urls[url] = bad_request("failed to get HTTP URL content")
        elif not kind.startswith("image/") or len(body) > URL_BYTES:
            self._failed_urls[url] = bad_request("wrong type of the web page content")
        if url in self._failed_urls:
            raise self._failed_urls[url]
        return self.add_photo(body)


def _unique(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:20]
