"""Rich messages in the emulator: what is taken, what is refused, and a server that is older than they are."""

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.demo.botapi_client import ADA, NEWS, Client, client
from tests.support import jpeg


async def post(bot: Client, html: str, **more: object):
    return await bot.send("sendRichMessage", chat_id=ADA, rich_message={"html": html}, **more)


async def test_a_rich_message_is_in_its_chat_on_the_page_and_in_the_ledger() -> None:
    async with client() as bot:
        made = await post(bot, '<h2>Head</h2><p>See <a href="https://a.example/">this</a> &amp; 5 &lt; 6</p>')
        assert made.result["rich_message"]["blocks"] == [
            {"type": "paragraph", "text": "Head"},
            {"type": "paragraph", "text": "See this & 5 < 6"},
        ]
        assert bot.api.ledger[0]["text"] == "Head\nSee this & 5 < 6"
        async with bot.session.get(f"{bot.api.url}/?chat={ADA}") as page:
            shown = await page.text()
    assert '<h2>Head</h2><p>See <a href="https://a.example/" rel="noopener" target="_blank">this</a>' in shown
    assert "&amp; 5 &lt; 6" in shown


async def test_its_photos_are_fetched_and_one_that_is_none_is_refused() -> None:
    async def photo(_request: web.Request) -> web.Response:
        return web.Response(body=jpeg(), content_type="image/jpeg")

    app = web.Application()
    app.router.add_get("/1.jpg", photo)
    async with client() as bot, TestServer(app) as site:
        await post(bot, f'<img src="{site.make_url("/1.jpg")}"/><p>Seen</p>')
        assert bot.api.ledger[0]["photo"] is not None
        refused = await post(bot, f'<img src="{site.make_url("/2.jpg")}"/><p>Seen</p>')
        assert refused.said == "Bad Request: failed to get HTTP URL content"


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("<p>" + "x" * 32_769 + "</p>", "32769 characters"),
        ("<p>x</p>" * 501, "501 blocks"),
        ("<b>" * 17 + "x" + "</b>" * 17, "17 levels"),
        ("<table><tr>" + "<td>x</td>" * 21 + "</tr></table>", "21 columns"),
        ('<img src="http://127.0.0.1:1/x"/>' * 51, "51 media"),
        ("<p>x", "has no end tag"),
        ("<p><b>x</p></b>", "unmatched end tag"),
        ("<script>x</script>", 'unsupported tag "script"'),
        ('<img src="data:image/png;base64,x"/>', "no web address"),
        ("<p> </p>", "must be non-empty"),
        ('<table><tr><td colspan="x">x</td></tr></table>', "no number"),
    ],
)
async def test_each_limit_is_named(html: str, words: str) -> None:
    async with client() as bot:
        refused = await post(bot, html)
    assert refused.code == 400
    assert words in refused.said


async def test_it_holds_just_as_much_as_is_allowed() -> None:
    async with client() as bot:
        for html in ("<p>x</p>" * 500, "<b>" * 16 + "x" + "</b>" * 16, "<p>" + "x" * 32_768 + "</p>"):
            assert (await post(bot, html)).code == 200


@pytest.mark.parametrize("given", [{}, {"html": "x", "markdown": "x"}, {"markdown": "x"}, {"html": 5}, "x"])
async def test_one_form_of_it_must_be_given(given: object) -> None:
    async with client() as bot:
        refused = await bot.send("sendRichMessage", chat_id=NEWS, rich_message=given)
    assert refused.code == 400


async def test_a_text_becomes_rich_and_back_and_no_change_is_refused() -> None:
    async with client() as bot:
        number = (await bot.send(chat_id=ADA, text="Plain")).result["message_id"]
        where = {"chat_id": ADA, "message_id": number}
        rich = {"rich_message": {"html": "<p>Rich</p>"}}
        assert "text" not in (await bot.send("editMessageText", **where, **rich)).result
        again = await bot.send("editMessageText", **where, **rich)
        assert "message is not modified" in again.said
        bold = {"rich_message": {"html": "<p><b>Rich</b></p>"}}
        assert (await bot.send("editMessageText", **where, **bold)).code == 200
        assert "rich_message" not in (await bot.send("editMessageText", **where, text="Plain")).result
        caption = await bot.send("editMessageCaption", **where, caption="x")
        assert "there is no caption" in caption.said


async def test_a_server_can_be_older_than_a_method() -> None:
    async with client() as bot:
        bot.api.lacks("sendRichMessage")
        refused = await post(bot, "<p>x</p>")
        assert (refused.code, refused.said) == (404, "Not Found: method not found")
        bot.api.lacks("sendRichMessage", lacks=False)
        assert (await post(bot, "<p>x</p>")).code == 200


async def test_nothing_in_a_rich_message_runs_on_the_page() -> None:
    async with client() as bot:
        hostile = '<p onclick="x()">a<a href="javascript:x()">b</a></p><p>&lt;script&gt;</p><!-- <script> -->'
        await post(bot, hostile)
        async with bot.session.get(f"{bot.api.url}/?chat={ADA}") as page:
            shown = await page.text()
    assert "<p>a<a>b</a></p><p>&lt;script&gt;</p>" in shown
    assert "x()" not in shown
