"""Rich messages: an article's own structure within the limits, the usual message where they are unknown."""

import json
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.demo.botapi import BotApi
from feedbot.model import Address, Message, Photo
from feedbot.rules.delivery import ChatClosed, Sent, Unknown
from feedbot.telegram.message import Form, compose_rich
from feedbot.telegram.rich import MOST_TEXT, rich_body
from feedbot.telegram.send import Attempt, Sender
from tests.support import NOW, entry
from tests.telegram.wire import OK, answer, saying, server

MESSAGE = Message("Title and text", preview_url="https://a.example/1")


class Reader(HTMLParser):
    """Who reads it strictly: every tag is closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.deepest = self.blocks = 0
        self.said = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"br", "img"}:
            return
        self.open.append(tag)
        self.deepest = max(self.deepest, len(self.open))
        self.blocks += tag not in {"a", "b", "i", "u", "s", "code"}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said += data


@pytest.mark.parametrize(
    ("html", "rich"),
    [
        ("<p>Some <strong>bold</strong> &amp; 5 &lt; 6</p>", "<p>Some <b>bold</b> &amp; 5 &lt; 6</p>"),
        ("<h2>Head</h2><ul><li>One<li>Two</ul>", "<h2>Head</h2><ul><li>One</li><li>Two</li></ul>"),
        (
            "<p><a href='https://a.example/?a=1&b=2'>x</a>",
            '<p><a href="https://a.example/?a=1&amp;b=2">x</a></p>',
        ),
        ("<p><a href='javascript:alert(1)'>x</a></p>", "<p>x</p>"),
        ("<script>x</script><p>y<img src=z onerror=q></p>", "<p>y</p>"),
        ("<div>One</div><div>Two</div>", "<p>One</p><p>Two</p>"),
        ("<pre>a\n  b<b>c</b></pre>", "<pre>a\n  bc</pre>"),
        ("<table><tr><th>a<td>b</table>", "<table><tr><th>a</th><td>b</td></tr></table>"),
    ],
)
def test_an_article_keeps_its_structure_and_nothing_else(html: str, rich: str) -> None:
    assert rich_body(html) == rich


@pytest.mark.parametrize(
    "html",
    [
        "<div><p>" + "word " * 20_000,
        "<p>x</p>" * 2000,
        "<blockquote>" * 60 + "deep",
        "<div>" * 900 + "deep",
        "<ul><li>" * 40 + "deep",
        "<p>" + "<b>" * 50 + "&amp;" * 40_000,
        "<table><tr>" + "<td>cell" * 40 + "</table>",
    ],
)
def test_no_article_is_too_long_too_deep_or_too_wide(html: str) -> None:
    rich = rich_body(html)
    read = Reader(rich)
    assert len(rich) <= MOST_TEXT
    assert not read.open
    assert read.deepest <= 16
    assert read.blocks <= 500
    assert rich.count("<td>") <= 20
    assert read.said


@given(st.lists(st.sampled_from("<p> </p> <ul> <li> </ul> <b> </b> <pre> x & <a> <td> <table> é".split())))
@settings(max_examples=60, deadline=None)
def test_whatever_an_article_is_every_tag_is_closed(parts: list[str]) -> None:
    assert not Reader(rich_body("".join(parts), 60)).open


def test_the_photo_and_the_link_come_with_it_and_a_withdrawn_one_has_its_title_alone() -> None:
    made = replace(entry(1), content_html="<p>Told.</p>", photo=Photo("https://p.example/1.jpg?a=1&b=2"))
    rich = compose_rich(made, {}, Form("rich"), updated=NOW).text
    assert '<img src="https://p.example/1.jpg?a=1&amp;b=2"/>' in rich
    assert "<p>Told.</p>" in rich
    assert "Updated Mar 1, 2026" in rich
    gone = compose_rich(made, {}, Form("rich"), withdrawn=True).text
    assert "<s>Article 1</s>" in gone
    assert "Told" not in gone
    long = replace(made, content_html="x" * 50_000)
    assert len(compose_rich(long, {}, Form("rich")).text) <= MOST_TEXT


async def send(url: str, *, times: int = 1) -> list[Attempt]:
    sender = Sender("123456:TEST", url, shrink=lambda body: body)  # type: ignore[arg-type, return-value]
    await sender.open()
    try:
        return [
            await sender.send(
                Address("-1001"), MESSAGE, MESSAGE, None, attempts=0, jitter=0.5, rich="<p>x</p>"
            )
            for _ in range(times)
        ]
    finally:
        await sender.close()


async def test_where_the_server_knows_them_one_is_sent() -> None:
    async with server(saying(OK)) as url:
        [attempt] = await send(url)
    assert (attempt.outcome, attempt.kind) == (
        Sent(json.loads(OK.split(b"\r\n\r\n")[1])["result"]["message_id"]),
        "rich",
    )


async def test_where_the_server_knows_none_the_usual_one_is_sent_and_it_is_not_asked_again(
    api: BotApi,
) -> None:
    api.lacks("sendRichMessage")
    attempts = await send(api.url, times=2)
    assert [one.kind for one in attempts] == ["text", "text"]
    assert [one.alarm is None for one in attempts] == [False, True]
    assert len(api.messages(-1001)) == 2


def refusal(code: int, words: str) -> bytes:
    return answer({"ok": False, "error_code": code, "description": words}, code)


@pytest.mark.parametrize(
    "said",
    [
        refusal(404, "Not Found: method not found"),
        refusal(404, "Not Found"),
        refusal(400, "Bad Request: unknown method"),
        refusal(501, "Not Implemented"),
        refusal(405, "Method Not Allowed"),
        answer(b"<html>404 Not Found</html>", 404, "text/html"),
        answer(b"", 501, "text/plain"),
    ],
)
async def test_whoever_says_that_there_is_no_such_method_nothing_was_passed_on(said: bytes) -> None:
    async with server(saying(said, OK, OK)) as url:
        first, second = await send(url, times=2)
    assert [isinstance(one.outcome, Sent) for one in (first, second)] == [True, True]
    assert [one.kind for one in (first, second)] == ["text", "text"]


async def test_a_chat_that_takes_no_photos_gets_the_usual_one() -> None:
    no_photos = refusal(400, "Bad Request: not enough rights to send photos to the chat")
    async with server(saying(no_photos, OK)) as url:
        [attempt] = await send(url)
    assert (isinstance(attempt.outcome, Sent), attempt.kind) == (True, "text")


async def test_a_chat_that_is_closed_is_closed_for_rich_ones_too() -> None:
    async with server(saying(refusal(403, "Forbidden: bot was blocked by the user"))) as url:
        [attempt] = await send(url)
    assert isinstance(attempt.outcome, ChatClosed)


async def test_a_correction_that_cannot_be_rich_is_a_text() -> None:
    async with server(saying(refusal(400, "Bad Request: RICH_INVALID"), OK)) as url:
        sender = Sender("123456:TEST", url, shrink=lambda body: body)  # type: ignore[arg-type, return-value]
        await sender.open()
        attempt = await sender.edit(Address("-1001"), 7, MESSAGE, "rich", None, "<p>x</p>")
        await sender.close()
    assert (isinstance(attempt.outcome, Sent), attempt.kind) == (True, "text")


async def test_one_that_is_refused_goes_out_as_usual() -> None:
    async with server(saying(refusal(400, "Bad Request: RICH_INVALID"), OK)) as url:
        [attempt] = await send(url)
    assert (isinstance(attempt.outcome, Sent), attempt.kind) == (True, "text")
    assert attempt.alarm == "sent as full, not rich: Bad Request: RICH_INVALID"


async def test_one_whose_answer_is_lost_is_unknown() -> None:
    async with server(saying(b"")) as url:
        [attempt] = await send(url)
    assert isinstance(attempt.outcome, Unknown)
