"""Photos in the emulator: uploads, ids, addresses, albums, geometry."""

import json
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from tests.demo.botapi_client import ADA, GROUP, NEWS, Client
from tests.support import jpeg, picture


async def photo(bot: Client, body: bytes | str, chat: int = ADA, **fields):
    if isinstance(body, str):
        return await bot.send("sendPhoto", chat_id=chat, photo=body, **fields)
    return await bot.upload("sendPhoto", {"photo": body}, chat_id=str(chat), **fields)


async def test_a_photo_has_sizes_that_rise_to_its_own(bot: Client) -> None:
    message = (await photo(bot, jpeg(1600, 1000), caption="Look")).result
    assert [(one["width"], one["height"]) for one in message["photo"]] == [
        (90, 56),
        (320, 200),
        (800, 500),
        (1280, 800),
        (1600, 1000),
    ]
    assert message["caption"] == "Look"
    assert len({one["file_unique_id"] for one in message["photo"]}) == 5


async def test_the_same_bytes_have_new_ids_and_one_unique_id(bot: Client) -> None:
    first, second = [(await photo(bot, jpeg())).result["photo"][-1] for _ in range(2)]
    assert first["file_id"] != second["file_id"]
    assert first["file_unique_id"] == second["file_unique_id"]


async def test_an_id_may_be_used_in_any_chat_of_its_bot(bot: Client) -> None:
    known = (await photo(bot, jpeg())).result["photo"][0]["file_id"]
    again = (await photo(bot, known, NEWS)).result["photo"]
    assert again[-1]["width"] == 800


async def test_ids_of_other_bots_unknown_ones_and_unique_ones_are_refused(bot: Client) -> None:
    bot.api.add_bot("777:OTHER", "other_bot")
    mine = (await photo(bot, jpeg())).result["photo"][-1]
    for value in ("nonsense", mine["file_unique_id"]):
        assert (await photo(bot, value)).said == "Bad Request: wrong file identifier/HTTP URL specified"
    bot.token = "777:OTHER"
    assert "wrong file identifier" in (await photo(bot, mine["file_id"])).said


async def test_a_files_id_is_no_photos(bot: Client) -> None:
    sent = await bot.upload("sendDocument", {"document": jpeg()}, chat_id=str(ADA))
    assert "can't use file" in (await photo(bot, sent.result["document"]["file_id"])).said


async def test_ids_may_die(bot: Client) -> None:
    known = (await photo(bot, jpeg())).result["photo"][-1]["file_id"]
    bot.api.world.media.forget_ids()
    assert "wrong file identifier" in (await photo(bot, known)).said


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (jpeg(9000, 1001), "PHOTO_INVALID_DIMENSIONS"),
        (jpeg(2101, 100), "PHOTO_INVALID_DIMENSIONS"),
        (b"no picture", "IMAGE_PROCESS_FAILED"),
        (jpeg()[:2000], "IMAGE_PROCESS_FAILED"),
        (picture("AVIF", 100, 100), "IMAGE_PROCESS_FAILED"),
        (b"", "file must be non-empty"),
        (b"\0" * 10_000_001, "file is too big"),
    ],
    ids=["w+h", "ratio", "text", "cut short", "AVIF", "empty", "10 MB"],
)
async def test_what_is_no_photo_for_telegram_is_refused(bot: Client, body: bytes, said: str) -> None:
    assert said in (await photo(bot, body)).said
    assert bot.api.messages(ADA) == []


@pytest.mark.parametrize("size", [(9000, 1000), (2000, 100)])
async def test_the_largest_geometry_is_taken(bot: Client, size: tuple[int, int]) -> None:
    assert (await photo(bot, jpeg(*size))).code == 200


async def test_no_photo_at_all_is_refused(bot: Client) -> None:
    assert "there is no photo in the request" in (await bot.send("sendPhoto", chat_id=ADA)).said


# Addresses: the emulator fetches them itself.


class Pictures:
    """A server of pictures that counts its visits."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        self.asked.append(name)
        body = {"good.jpg": jpeg(), "big.jpg": b"\xff\xd8" + b"\0" * 5_000_001}.get(name, b"<html></html>")
        kind = "text/html" if name == "page" else "image/jpeg"
        return web.Response(body=body, content_type=kind, status=404 if name == "gone.jpg" else 200)


@pytest.fixture
async def pictures() -> AsyncIterator[Pictures]:
    made = Pictures()
    app = web.Application()
    app.router.add_get("/{name}", made.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


async def test_a_photo_may_be_an_address(bot: Client, pictures: Pictures) -> None:
    assert (await photo(bot, f"{pictures.url}/good.jpg")).result["photo"][-1]["width"] == 800


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gone.jpg", "failed to get HTTP URL content"),
        ("page", "wrong type of the web page content"),
        ("big.jpg", "wrong type of the web page content"),
    ],
)
async def test_an_address_that_failed_is_not_asked_again(
    bot: Client, pictures: Pictures, name: str, said: str
) -> None:
    for _ in range(2):
        assert (await photo(bot, f"{pictures.url}/{name}")).said == f"Bad Request: {said}"
    assert pictures.asked == [name]


async def test_an_address_that_nobody_serves_has_failed(bot: Client) -> None:
    assert "failed to get HTTP URL content" in (await photo(bot, "http://127.0.0.1:1/x.jpg")).said


# Albums.


async def album(bot: Client, count: int, chat: int = ADA, **files: bytes):
    media = [{"type": "photo", "media": f"attach://p{n}", "caption": f"Number {n}"} for n in range(count)]
    given = {f"p{n}": jpeg(100 + n, 100) for n in range(count)} | files
    return await bot.upload("sendMediaGroup", given, chat_id=str(chat), media=media)


async def test_an_album_is_as_many_messages_with_one_group_id(bot: Client) -> None:
    messages = (await album(bot, 3)).result
    assert [one["caption"] for one in messages] == ["Number 0", "Number 1", "Number 2"]
    assert len({one["media_group_id"] for one in messages}) == 1
    assert [row["message_id"] for row in bot.api.ledger] == [one["message_id"] for one in messages]
    other = (await album(bot, 2)).result
    assert other[0]["media_group_id"] != messages[0]["media_group_id"]


@pytest.mark.parametrize("count", [1, 11])
async def test_an_album_has_two_to_ten_items(bot: Client, count: int) -> None:
    assert "2-10" in (await album(bot, count)).said


async def test_a_bad_item_is_named_and_nothing_is_posted(bot: Client) -> None:
    said = (await album(bot, 3, p1=b"no picture")).said
    assert said == ('Bad Request: failed to send message #2 with the error message "IMAGE_PROCESS_FAILED"')
    assert bot.api.messages(ADA) == []


@pytest.mark.parametrize("media", ["x", [1, 2], [{"type": "photo"}, {"type": "document"}], [{}, {}]])
async def test_an_album_of_something_else_is_refused(bot: Client, media: object) -> None:
    assert (await bot.send("sendMediaGroup", chat_id=ADA, media=json.dumps(media))).code == 400


async def test_an_album_costs_as_many_messages_as_it_has_items(bot: Client) -> None:
    await album(bot, 10, GROUP)
    bot.clock.advance(2)
    for _ in range(10):
        assert (await bot.ask("sendMessage", chat_id=GROUP, text="x")).code == 200
    assert (await bot.ask("sendMessage", chat_id=GROUP, text="x")).body["parameters"] == {"retry_after": 58}


async def test_an_album_in_a_private_chat_is_paid_for_in_seconds(bot: Client) -> None:
    await album(bot, 5)
    bot.clock.advance(1)
    assert (await bot.ask("sendMessage", chat_id=ADA, text="x")).body["parameters"] == {"retry_after": 4}
