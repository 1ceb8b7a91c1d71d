"""Answers that stand ready: made once, made anew with the document, no more than there is room for."""

from datetime import UTC, datetime

import pytest

from feedbot.publish.shelf import ATOM, Shelf
from feedbot.web import front
from feedbot.web.front import Front
from feedbot.web.ready import lines

WRITTEN = datetime(2026, 3, 1, tzinfo=UTC)


async def nothing(*_: object) -> None:
    """What is behind the front."""


def test_an_answer_is_made_once_and_anew_with_its_document():
    shelf = Shelf()
    made = Front(nothing, shelf, "https://feeds.example", None)
    shelf.put("/feeds/a.atom", b"one", ATOM, WRITTEN)
    first = made.find("/feeds/a.atom")
    assert made.find("/feeds/a.atom") is first
    shelf.put("/feeds/a.atom", b"two", ATOM, WRITTEN)
    assert made.find("/feeds/a.atom") is not first
    assert made.find("/feeds/b.atom") is None


def test_answers_made_first_give_way(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(front, "_MOST_READY", 1000)
    shelf = Shelf()
    made = Front(nothing, shelf, "https://feeds.example", None)
    for at in range(20):
        shelf.put(f"/feeds/{at}.atom", bytes(range(256)), ATOM, WRITTEN)
        assert made.find(f"/feeds/{at}.atom") is not None
    assert list(made._ready) == ["/feeds/17.atom", "/feeds/18.atom", "/feeds/19.atom"]


def test_no_header_begins_another_line():
    assert lines([(b"etag", b"x")]) == b"etag: x\r\n"
    with pytest.raises(ValueError, match="line end"):
        lines([(b"etag", b"x\r\nset-cookie: y")])
