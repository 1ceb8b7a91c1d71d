"""Rounds of the real program against a real site and a real emulator: nothing lost, nothing twice."""

import asyncio
import signal

import feedparser
import pytest

from feedbot.demo.botapi.errors import ApiError
from tests.rig import Rig, end

FIRST, SECOND, THIRD = (f"2026-12-01T{hour}:00:00+09:00" for hour in (10, 11, 12))
CHANNEL = """
[[subscription]]
chat = "@news_of_the_day"
category = "policies"
latest = 2
"""
pytestmark = pytest.mark.slow


def captions(rig: Rig, chat: int) -> list[str]:
    return [one["caption"].split("\n")[0] for one in rig.api.messages(chat) if "caption" in one]


def titles(rig: Rig) -> list[str]:
    return [one.title for one in rig.site.articles if one.section == "Policies"]


async def test_three_rounds_and_a_restart_bring_each_article_once_in_order_with_its_photo(rig: Rig) -> None:
    rig.configure(more=CHANNEL)
    rig.api.say(1001, "/subscribe policies")
    first = await rig.once(FIRST)
    assert (first["polled"], first["new"], first["updates"], first["delivered"]) == (1, 2, 1, 2)
    rig.site.publish(6)
    rig.pass_time(3600)
    second = await rig.once(SECOND)
    assert (second["new"], second["delivered"]) == (2, 4)
    rig.site.publish(6)
    rig.pass_time(3600)
    third = await rig.once(THIRD)
    again = await rig.once(THIRD)
    assert (again["polled"], again["new"], again["delivered"], again["published"]) == (0, 0, 0, 0)
    assert third["pending"] == again["pending"] == 0
    assert captions(rig, -1001) == [one for one in titles(rig) if "Budget" not in one]
    assert captions(rig, 1001) == [one for one in titles(rig) if "Budget" not in one][2:]
    assert rig.api.violations == []
    assert rig.api.refusals_429 == 0


async def test_the_feed_is_complete_and_reads_rightly(rig: Rig) -> None:
    await rig.once(FIRST)
    feed = feedparser.parse((rig.folder / "feeds" / "policies.atom").read_bytes())
    truth = [one for one in rig.site.articles if one.section == "Policies"]
    assert not feed.bozo
    assert feed.feed.title == "Policies – Test News"
    for found, meant in zip(feed.entries, reversed(truth), strict=True):
        assert found.title == meant.title
        assert found.link == rig.site.url + meant.path
        assert found.author_detail.name == meant.author
        assert found.author_detail.email == meant.email
        text = found.content[0].value
        assert all(
            paragraph.replace('"', "&quot;") in text or paragraph in text for paragraph in meant.paragraphs
        )
        assert all(text.count(one.caption) == 2 for one in meant.pictures)  # alt and caption
        assert "Related" not in text
        assert meant.email not in text
        assert found.enclosures[0].href == rig.site.url + meant.pictures[0].path
        assert int(found.enclosures[0].length) > 1000
        assert found.media_content[0]["medium"] == "image"
        assert found.media_credit[0]["content"] == meant.credit


async def test_rss_with_summaries_is_completed_from_the_pages(rig: Rig) -> None:
    source = f"""
[[source]]
id = "rss"
url = "{rig.site.url}/koreanet/rss/news/2"
site = "korea-net"
category = "policies"
"""
    rig.configure(sources=source)
    await rig.once(FIRST)
    feed = feedparser.parse((rig.folder / "feeds" / "policies.atom").read_bytes())
    truth = [one for one in rig.site.articles if one.section == "Policies"]
    assert [len(one.enclosures) for one in feed.entries] == [1] * len(truth)
    assert truth[-1].paragraphs[-1] in feed.entries[0].content[0].value


async def test_a_page_that_is_gone_does_not_lose_its_article(rig: Rig) -> None:
    rig.configure(more=CHANNEL)
    await rig.once(FIRST)
    new = next(one for one in rig.site.publish(3) if one.section == "Policies")
    rig.site.take_down(new.number)
    assert (await rig.once(SECOND))["delivered"] == 0
    assert (await rig.once("2026-12-01T11:40:00+09:00"))["delivered"] == 1
    assert captions(rig, -1001)[-1] == new.title  # the list told title and photo


async def test_a_corrected_article_is_rewritten_and_not_sent_again(rig: Rig) -> None:
    rig.configure(more=CHANNEL)
    await rig.once(FIRST)
    known = next(one for one in rig.site.articles if one.section == "Policies")
    rig.site.correct(known.number, title="A corrected title", paragraph="One more paragraph.")
    report = await rig.once(SECOND)
    assert (report["updated"], report["delivered"], report["published"]) == (1, 0, 1)
    feed = (rig.folder / "feeds" / "policies.atom").read_text()
    assert "A corrected title" in feed
    assert "One more paragraph." in feed


async def test_a_lost_answer_is_sent_again_and_counted(rig: Rig) -> None:
    rig.configure(more=CHANNEL)
    rig.api.fail("sendPhoto", when="after", how="reset")
    report = await rig.once(FIRST)
    assert (report["delivered"], report["unknown"], report["pending"]) == (2, 0, 0)
    assert captions(rig, -1001) == [titles(rig)[0], *titles(rig)]


async def test_a_parked_unknown_is_not_sent_again(rig: Rig) -> None:
    rig.configure(more=CHANNEL + 'on_unknown = "park"\n')
    rig.api.fail("sendPhoto", when="after", how="half")
    report = await rig.once(FIRST)
    assert (report["delivered"], report["unknown"]) == (1, 1)
    assert captions(rig, -1001) == titles(rig)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_round_told_to_end_lets_the_call_in_flight_end_and_begins_no_other(
    rig: Rig, number: signal.Signals
) -> None:
    rig.configure(more=CHANNEL)
    sent = asyncio.Event()
    rig.api.watch = lambda step, method, _: sent.set() if (step, method) == ("arrived", "sendphoto") else None
    rig.api.slow(after=0.2)
    process = await rig.start("once")
    async with asyncio.timeout(30):
        await sent.wait()
    assert (await end(process, number)).code == 0
    counts = (await rig.command("status", "--json")).json["deliveries"]
    assert (counts["sent"], counts["unknown"], counts["pending"]) == (1, 0, 1)


async def test_a_429_is_waited_for(rig: Rig) -> None:
    rig.configure(more=CHANNEL)
    rig.api.fail(
        "sendPhoto", how="error", error=ApiError(429, "Too Many Requests: retry after 1", retry_after=1)
    )
    assert (await rig.once(FIRST))["delivered"] == 2
    assert captions(rig, -1001) == titles(rig)


async def test_without_a_token_feeds_are_published_and_it_is_said_once(rig: Rig) -> None:
    rig.environment = {}
    done = await rig.command("once", "--at", FIRST, "--json")
    assert done.code == 0
    assert done.json["published"] == 1
    assert done.err.count("no bot token") == 1
    assert (rig.folder / "feeds" / "policies.atom").exists()


async def test_a_dead_source_costs_nothing_but_itself(rig: Rig) -> None:
    source = f"""
[[source]]
id = "dead"
url = "{rig.site.url}/nothing-here"
category = "policies"
"""
    rig.configure(more=source)
    report = await rig.once(FIRST)
    assert (report["polled"], report["failed"], report["new"]) == (2, 1, 2)
    assert "404" in report["sources"]["dead"]["error"]
    assert report["sources"]["dead"]["next_poll"] > report["sources"]["policies"]["next_poll"]


async def test_a_folder_of_documents_is_a_source(rig: Rig) -> None:
    documents = rig.folder / "documents"
    documents.mkdir()
    (documents / "one.txt").write_text(
        "Policies\n\nMar 02, 2026\n\nA bridge opens in Narae.\n\nA bridge opens in\u00a0 Narae.\n\n"
        "By Seo Hana\n\nPhotos =Narae News\n\nThe bridge of Narae has opened. It is 300 meters long.\n\n"
        "Buses use it from tomorrow on, the town council said in the evening.\n\nhana@saebyeok.example\n",
        encoding="utf-8",
    )
    (documents / "broken.html").write_bytes(b"<html><body></body></html>")
    source = '[[source]]\nid = "folder"\nkind = "files"\nurl = "documents"\ncategory = "policies"\n'
    rig.configure(sources=source)
    report = await rig.once(FIRST)
    assert (report["new"], report["failed"]) == (1, 0)
    feed = feedparser.parse((rig.folder / "feeds" / "policies.atom").read_bytes())
    assert feed.entries[0].author == "Seo Hana (hana@saebyeok.example)"
    assert (await rig.once(SECOND))["new"] == 0


async def test_a_clock_behind_the_store_is_refused_and_nothing_is_done(rig: Rig) -> None:
    await rig.once(SECOND)
    rig.site.publish(3)
    done = await rig.command("once", "--at", FIRST, "--json")
    assert done.code == 2
    assert "nothing was done" in done.err
    assert (await rig.once(THIRD))["new"] == 1


@pytest.mark.parametrize("at", ["2026-12-01T10:00:00", "yesterday"])
async def test_a_time_without_offset_is_a_wrong_usage(rig: Rig, at: str) -> None:
    done = await rig.command("once", "--at", at)
    assert (done.code, done.out) == (2, "")
    assert len(done.err.splitlines()) == 1
