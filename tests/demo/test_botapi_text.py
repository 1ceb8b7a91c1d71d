"""What the emulator does to texts: lengths, entities, HTML. UTF-16 is counted here by other means."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.demo.botapi.entities import read_text
from feedbot.demo.botapi.errors import ApiError
from tests.demo.botapi_client import ADA, Client
from tests.support import jpeg

RICH = st.text(alphabet="ab .\n한글🙂🇰é\u0301\u200dשל", min_size=1, max_size=60)


def units(text: str) -> list[int]:
    """The UTF-16 code units of a text, from the definition."""
    found: list[int] = []
    for char in text:
        point = ord(char)
        if point < 0x10000:
            found.append(point)
        else:
            found += [0xD800 + ((point - 0x10000) >> 10), 0xDC00 + ((point - 0x10000) & 0x3FF)]
    return found


def slice_of(text: str, entity: dict) -> str:
    part = units(text)[entity["offset"] : entity["offset"] + entity["length"]]
    return b"".join(unit.to_bytes(2, "little") for unit in part).decode("utf-16-le")


def read(text: object, *entities: dict, mode: str | None = None, caption: bool = False):
    return read_text(text, list(entities), mode, caption=caption)


def bold(offset: int, length: int) -> dict:
    return {"type": "bold", "offset": offset, "length": length}


def refusal(*arguments, **options) -> str:
    with pytest.raises(ApiError) as caught:
        read(*arguments, **options)
    assert caught.value.code == 400
    return caught.value.description


@settings(max_examples=100, deadline=None)
@given(RICH, st.data())
def test_an_entity_is_taken_if_and_only_if_it_lies_between_characters(text: str, data: st.DataObject) -> None:
    whole = f"x{text}x"
    total = len(units(whole))
    start = data.draw(st.integers(-1, total + 1))
    length = data.draw(st.integers(-1, total + 1))
    edges = {sum(len(units(char)) for char in whole[:at]) for at in range(len(whole) + 1)}
    good = length > 0 and start in edges and start + length in edges
    try:
        read(whole, bold(start, length))
        taken = True
    except ApiError:
        taken = False
    assert taken == good


@settings(max_examples=100, deadline=None)
@given(RICH, RICH, RICH)
def test_entities_move_with_a_text_that_is_trimmed(before: str, inner: str, after: str) -> None:
    whole = f"  \n{before}A{inner}B{after}  "
    start, length = len(units(f"  \n{before}")), len(units(f"A{inner}B"))
    text, [entity] = read(whole, bold(start, length))
    assert slice_of(text, entity) == f"A{inner}B"
    assert text == whole.strip(" \n")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["x", "🙂", "\r", "\u2028", "\u202e", "\x07", "\t"]), max_size=20))
def test_entities_move_with_a_text_that_is_cleaned(parts: list[str]) -> None:
    noise = "".join(parts)
    whole = f"a{noise}MARK{noise}b"
    text, [entity] = read(whole, bold(len(units(f"a{noise}")), 4))
    assert slice_of(text, entity) == "MARK"
    assert not set(text) & set("\r\u2028\u202e\x07")


@pytest.mark.parametrize(("caption", "limit"), [(False, 4096), (True, 1024)])
def test_lengths_are_counted_in_characters_after_parsing(caption: bool, limit: int) -> None:
    assert len(read("🙂" * limit, caption=caption)[0]) == limit
    assert "is too long" in refusal("x" * (limit + 1), caption=caption)
    assert len(read(f"  <b>{'x' * limit}</b>\n", mode="HTML", caption=caption)[0]) == limit


def test_raw_text_has_a_limit_in_bytes_markup_included() -> None:
    link = '<a href="https://a.example/{}">x</a>'
    assert "text is too long" in refusal(link.format("y" * 32_768), mode="HTML")
    assert read(link.format("y" * 32_000), mode="HTML")[0] == "x"
    assert "text is too long" in refusal("한" * 10_923)


@pytest.mark.parametrize("text", ["", None])
def test_no_text_is_empty(text: object) -> None:
    assert refusal(text) == "Bad Request: message text is empty"


@pytest.mark.parametrize("text", [" ", "\n\t", "\u200b", "\u00a0", "\x07", "\u2060\ufeff", "\r"])
def test_a_text_that_shows_nothing_is_refused_as_text_and_dropped_as_caption(text: str) -> None:
    assert refusal(text) == "Bad Request: text must be non-empty"
    assert read(text, caption=True) == ("", [])


def test_more_than_100_entities_are_dropped_without_a_word_and_links_last() -> None:
    entities = [bold(2 * at, 1) for at in range(120)]
    entities[110] = {"type": "text_link", "offset": 220, "length": 1, "url": "https://a.example/"}
    _, found = read("x " * 120 + "x", *entities)
    assert len(found) == 100
    assert [one["type"] for one in found].count("text_link") == 1


@pytest.mark.parametrize(
    ("entity", "said"),
    [
        (bold(0, 99), "entity beyond the text"),
        (bold(-1, 2), "entity beyond the text"),
        (bold(0, 0), "entity beyond the text"),
        (bold(0, 2), "inside a character"),
        (bold(2, 1), "inside a character"),
        ({"type": "huge", "offset": 0, "length": 1}, "unsupported type"),
        ({"type": "bold", "offset": "x", "length": 1}, "must be numbers"),
        ({"type": "bold"}, "must be numbers"),
        ({"type": "text_link", "offset": 0, "length": 1, "url": "javascript:x"}, "wrong URL"),
        ({"type": "text_link", "offset": 0, "length": 1}, "wrong URL"),
        ("bold", "unsupported type"),
    ],
)
def test_bad_entities_are_refused(entity: dict, said: str) -> None:
    assert said in refusal("a🙂b", entity)


def test_entities_may_nest_and_touch_but_not_cross() -> None:
    read("abcdef", bold(0, 6), {"type": "italic", "offset": 0, "length": 6}, bold(1, 2), bold(3, 3))
    assert "cross" in refusal("abcdef", bold(0, 4), {"type": "italic", "offset": 2, "length": 4})


def test_half_a_surrogate_pair_is_refused() -> None:
    assert "UTF-8" in refusal("\ud83d")


def test_html_becomes_text_and_entities() -> None:
    text, found = read(
        '<b>Bold <i>🙂 both</i></b> &lt;&nbsp;&#33; <a href="https://a.example/?a=1&amp;b=2">link</a>'
        " <pre><code>x <b>y</b></code></pre><blockquote expandable>q</blockquote>",
        mode="HTML",
    )
    assert text == "Bold 🙂 both <&nbsp;! link x yq"
    assert [(one["type"], slice_of(text, one)) for one in found] == [
        ("bold", "Bold 🙂 both"),
        ("italic", "🙂 both"),
        ("text_link", "link"),
        ("pre", "x y"),
        ("expandable_blockquote", "q"),
    ]
    assert found[2]["url"] == "https://a.example/?a=1&b=2"


@pytest.mark.parametrize("scheme", ["javascript:x", "/relative", "ftp://a.example/"])
def test_a_link_to_elsewhere_loses_its_link_and_keeps_its_text(scheme: str) -> None:
    assert read(f'<a href="{scheme}">text</a>', mode="html") == ("text", [])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<p>x</p>", 'Unsupported start tag "p" at byte offset 0'),
        ("한<br>", 'Unsupported start tag "br" at byte offset 3'),
        ("<img src='x'>", 'Unsupported start tag "img"'),
        ("5 < 6", "Unsupported start tag at byte offset 2"),
        ("<b>x</i>", "Unmatched end tag at byte offset 4"),
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("x</b>", "Unmatched end tag at byte offset 1"),
        ("<a href=https://a.example/x>x</a>", "Unsupported start tag at byte offset 0"),
    ],
)
def test_html_that_the_server_does_not_read_is_refused_with_its_place(text: str, said: str) -> None:
    assert said in refusal(text, mode="HTML")


def test_other_markup_is_refused_not_guessed() -> None:
    assert "can't parse entities" in refusal("*x*", mode="MarkdownV2")


async def test_over_http_texts_and_captions_meet_the_same_rules(bot: Client) -> None:
    assert "message is too long" in (await bot.send(chat_id=ADA, text="x" * 4097)).said
    long = await bot.upload("sendPhoto", {"photo": jpeg()}, chat_id=str(ADA), caption="x" * 1025)
    assert "message caption is too long" in long.said
    sent = (await bot.send(chat_id=ADA, text=" <b>Hi</b> ", parse_mode="HTML")).result
    assert (sent["text"], sent["entities"]) == ("Hi", [bold(0, 2)])
