"""The whole way of a correction, by the real program: a feed changes, and with it what was sent."""

import pytest

from tests.rig import Rig

pytestmark = pytest.mark.slow

SOURCE = '[[source]]\nid = "inbox"\nurl = "{}"\nkind = "files"\ncategory = "policies"\ninterval = "1m"\n'
CHANNEL = '[[subscription]]\nchat = "-1001"\ncategory = "policies"\nstyle = "text"\n'


def feed(*titles: str) -> str:
    items = "".join(
        f"<item><guid>{number}</guid><title>{title}</title><link>https://gazette.example/{number}</link>"
        f"<description>{title} and more.</description>"
        f"<pubDate>Sun, 01 Mar 2026 0{number}:00:00 GMT</pubDate></item>"
        for number, title in enumerate(titles, 1)
    )
    return f'<rss version="2.0"><channel><title>Gazette</title>{items}</channel></rss>'


async def test_a_corrected_article_corrects_its_message(rig: Rig) -> None:
    inbox = rig.folder / "inbox"
    inbox.mkdir()
    rig.configure(sources=SOURCE.format(inbox), more=CHANNEL)
    for hour, titles in ((12, ("First",)), (13, ("First", "Second")), (14, ("First", "Second, corrected"))):
        (inbox / "feed.xml").write_text(feed(*titles))
        report = await rig.once(f"2026-03-01T{hour}:00:00Z")
    assert (report["updated"], report["delivered"], report["pending"]) == (1, 0, 0)
    [message] = rig.api.messages(-1001)
    assert message["text"].startswith("Second, corrected\n")
    assert "Updated Mar 1, 2026" in message["text"]
    calls = [call["method"] for call in rig.api.calls if call["method"] != "getUpdates"]
    assert calls == ["sendMessage", "editMessageText"]
