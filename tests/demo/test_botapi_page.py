"""The page of the chats: what is posted is shown, and nothing that is posted runs."""

import json

import pytest

from tests.demo.botapi_client import ADA, NEWS, Client
from tests.support import jpeg


async def page(bot: Client, chat: int) -> str:
    async with bot.session.get(f"{bot.api.url}/?chat={chat}") as response:
        assert response.status == 200
        assert "default-src 'self'" in response.headers["Content-Security-Policy"]
        return await response.text()


async def test_a_chat_shows_its_messages_with_entities_as_html(bot: Client) -> None:
    text = "🙂 Title & more\n#Policies"
    entities = [
        {"type": "bold", "offset": 3, "length": 5},
        {"type": "text_link", "offset": 3, "length": 5, "url": "https://a.example/?a=1&b=2"},
    ]
    await bot.send(chat_id=NEWS, text=text, entities=entities)
    shown = await page(bot, NEWS)
    assert '<a href="https://a.example/?a=1&amp;b=2" rel="noopener" target="_blank">' in shown
    assert "<strong>Title</strong>" in shown
    assert " &amp; more" in shown
    assert '<span class="link">#Policies</span>' in shown


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>"])
async def test_what_is_posted_is_text(bot: Client, text: str) -> None:
    await bot.send(chat_id=NEWS, text=text)
    assert text not in await page(bot, NEWS)


async def test_a_photo_is_shown_and_can_be_loaded(bot: Client) -> None:
    await bot.upload("sendPhoto", {"photo": jpeg()}, chat_id=str(NEWS), caption="Look")
    address = "/file/" + bot.api.ledger[-1]["photo"]
    assert f'<img src="{address}" alt="" width="800" height="500">' in await page(bot, NEWS)
    async with bot.session.get(bot.api.url + address) as response:
        assert (response.content_type, await response.read()) == ("image/jpeg", jpeg())
    async with bot.session.get(f"{bot.api.url}/file/unknown") as response:
        assert response.status == 404


async def test_a_message_may_have_a_file_a_keyboard_and_a_preview(bot: Client) -> None:
    keyboard = {"inline_keyboard": [[{"text": "More", "callback_data": "m"}]]}
    preview = {"url": "https://news.example/1"}
    await bot.upload("sendDocument", {"document": b"x"}, "tall.jpg", chat_id=str(NEWS))
    await bot.send(chat_id=NEWS, text="x", reply_markup=keyboard, link_preview_options=preview)
    shown = await page(bot, NEWS)
    assert "tall.jpg" in shown
    assert "<span>More</span>" in shown
    assert "news.example" in shown


async def test_one_can_write_as_the_person(bot: Client) -> None:
    form = {"text": "  /categories  "}
    async with bot.session.post(f"{bot.api.url}/say/{ADA}", data=form, allow_redirects=False) as response:
        assert response.status == 303
    [update] = (await bot.ask("getUpdates")).result
    assert update["message"]["text"] == "/categories"
    async with bot.session.post(f"{bot.api.url}/say/5", data=form) as response:
        assert response.status == 404


async def test_programs_read_the_same_as_json(bot: Client) -> None:
    async def read(path: str) -> dict:
        async with bot.session.get(bot.api.url + path) as response:
            return json.loads(await response.read())

    before = (await read("/state.json"))["version"]
    await bot.send(chat_id=NEWS, text="x")
    state = await read("/state.json")
    assert state["version"] != before
    assert [len(chat["messages"]) for chat in state["chats"]] == [0, 1, 0]
    told = await read("/ledger.json")
    assert (len(told["ledger"]), told["refusals_429"], told["violations"]) == (1, 0, [])


async def test_an_empty_chat_says_what_to_do(bot: Client) -> None:
    assert "type /start" in await page(bot, ADA)
    assert "Nothing has been posted yet." in await page(bot, NEWS)


@pytest.mark.parametrize(
    ("path", "kind"), [("/style.css", "text/css"), ("/page.js", "text/javascript"), ("/", "text/html")]
)
async def test_the_page_loads_nothing_from_elsewhere(bot: Client, path: str, kind: str) -> None:
    async with bot.session.get(bot.api.url + path) as response:
        assert response.content_type == kind
        assert "http" not in (await response.text()).replace("http-equiv", "")


async def test_an_address_that_is_none_breaks_no_page(bot: Client) -> None:
    entities = [{"type": "text_link", "offset": 0, "length": 1, "url": "http://[bad"}]
    await bot.send(chat_id=NEWS, text="x", entities=entities, link_preview_options={"url": "http://[bad"})
    assert 'href="http://[bad"' in await page(bot, NEWS)
