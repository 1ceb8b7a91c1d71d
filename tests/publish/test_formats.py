"""RSS 2.0 and JSON Feed 1.1 say what Atom says, each as its readers read it."""

import json
from dataclasses import replace

import feedparser
from lxml import etree

from feedbot.model import Author, Category, Enclosure, Entry, Related
from feedbot.publish.feed import FeedHead, House
from feedbot.publish.fragment import Documents, content_of
from tests.publish.checker_rss import CONTENT, CREATOR, json_problems, rss_problems
from tests.publish.rendering import render_all
from tests.publish.test_atom import HEAD, ORIGINS
from tests.support import POLICIES, entry, stored, with_photo

WHOLE = replace(
    with_photo(entry(1), type="image/jpeg", width=1600, height=900, alt="A quay"),
    enclosures=(Enclosure("https://gazette.example/articles/1.jpg", 2048, "image/jpeg"),),
    related=(Related("https://gazette.example/articles/9", "Earlier"),),
)


def render(*told: Entry, head: FeedHead = HEAD) -> Documents:
    house = House(head.base_url, head.site_title, "en", {head.category.slug: head.category})
    made = render_all(head, [stored(one, row) for row, one in enumerate(told, 1)], house, ORIGINS)
    assert rss_problems(made.rss, head.url(".rss")) == []
    assert json_problems(made.json, head.url(".json")) == []
    return made


def item(*told: Entry, head: FeedHead = HEAD) -> etree._Element:
    (found,) = etree.fromstring(render(*told, head=head).rss).findall("channel/item")
    return found


def test_the_rss_item_has_every_field():
    found = item(WHOLE)
    assert found.findtext("title") == "Article 1"
    assert found.findtext("link") == "https://gazette.example/articles/1"
    assert found.findtext("guid") == "tag:feeds.example,2026:gazette/1"
    assert found.findtext("pubDate") == "Sun, 01 Mar 2026 11:01:00 +0000"
    assert found.findtext("description") == "What article 1 says."
    assert "<p>What article 1 says.</p>" in (found.findtext(CONTENT) or "")
    assert found.findtext(CREATOR) == "Ada Byron"
    assert dict(found.find("enclosure").attrib) == {
        "url": "https://gazette.example/articles/1.jpg",
        "length": "2048",
        "type": "image/jpeg",
    }
    assert found.findtext("source") == "gazette.example"
    assert [one.text for one in found.findall("category")] == ["Policies"]


def test_of_several_files_rss_takes_the_one_that_is_heard():
    made = replace(WHOLE, enclosures=(Enclosure("https://gazette.example/talk.mp3"),))
    assert dict(item(made).find("enclosure").attrib) == {
        "url": "https://gazette.example/talk.mp3",
        "length": "0",
        "type": "audio/mpeg",
    }


def test_a_file_at_an_address_that_validators_of_rss_refuse_is_no_enclosure_there():
    for host in ("localhost:4000", "my_files.example", "[2001:db8::1]", "me:secret@gazette.example"):
        made = replace(WHOLE, photo=None, photos=(), enclosures=(Enclosure(f"https://{host}/talk.mp3"),))
        assert item(made).find("enclosure") is None


def test_feedparser_reads_the_same_in_atom_and_rss():
    made = render(WHOLE, entry(2, title="Rain & wind < storm", authors=(Author("Bo"),)))
    atom, rss = feedparser.parse(made.atom), feedparser.parse(made.rss)
    assert not atom.bozo
    assert not rss.bozo
    for one, other in zip(atom.entries, rss.entries, strict=True):
        names = ("id", "title", "link", "published_parsed")
        assert one.author_detail.name == other.author_detail.name
        assert [one[name] for name in names] == [other[name] for name in names]
        assert one.content[0].value == other.content[0].value
        assert one.get("media_content") == other.get("media_content")


def test_the_json_item_has_every_field():
    (found,) = json.loads(render(WHOLE).json)["items"]
    assert found["content_html"].endswith("<p>What article 1 says.</p>")
    assert found["authors"] == [{"name": "Ada Byron", "url": "mailto:ada@gazette.example"}]
    assert found["image"] == "https://gazette.example/articles/1.jpg"
    assert found["tags"] == ["Policies"]
    assert found["attachments"] == [{"url": found["image"], "mime_type": "image/jpeg", "size_in_bytes": 2048}]
    assert found["_feedbot"]["photo"]["credit"] == "Gazette Pictures"
    assert found["_feedbot"]["related"] == [{"url": "https://gazette.example/articles/9", "title": "Earlier"}]


def test_summaries_are_all_that_goes_out_where_the_operator_says_so():
    head = replace(HEAD, category=replace(POLICIES, content="summary"))
    told = entry(1, content_html="<p>The whole of it.</p>", summary="The short of it.")
    made = render(told, head=head)
    for document in (made.atom, made.rss, made.json):
        assert b"The whole of it" not in document
        assert b"The short of it" in document


def test_a_feed_of_several_categories_shows_no_more_than_each_of_them():
    known = {"a": Category("a", "A", content="summary"), "b": Category("b", "B")}
    house = House("https://feeds.example", "News", "en", known)

    def content(*slugs: str, wanted: str = "full") -> str:
        return content_of(slugs, house, wanted, is_category=False)

    assert (content("a"), content("b"), content("a", "b")) == ("summary", "full", "full")
    assert content("b", wanted="summary") == "summary"


def test_a_title_that_looks_like_markup_is_read_as_it_is_written():
    made = render(entry(1, title="How </body> &amp; <b> work"))
    assert json.loads(made.json)["items"][0]["title"] == "How </body> &amp; <b> work"
    seen = feedparser.parse(made.rss).entries[0].title
    assert seen.replace("\u2060", "") == "How </body> &amp; <b> work"


def test_an_address_with_other_letters_is_written_in_ascii():
    found = item(entry(1, url="https://gazette.example/기사/1?q=[a|b]"))
    assert found.findtext("link") == "https://gazette.example/%EA%B8%B0%EC%82%AC/1?q=%5Ba%7Cb%5D"


def test_a_percent_sign_that_stands_for_itself_is_written_as_one():
    assert item(entry(url="https://gazette.example/50%/a%20b")).findtext("link").endswith("/50%25/a%20b")


def test_a_hub_is_named_in_every_format():
    made = render(entry(1), head=replace(HEAD, hub="https://hub.example/"))
    assert json.loads(made.json)["hubs"] == [{"type": "WebSub", "url": "https://hub.example/"}]
    for document in (made.atom, made.rss):
        links = [link for link in feedparser.parse(document).feed.links if link.rel == "hub"]
        assert [link.href for link in links] == ["https://hub.example/"]
