"""The Atom document: valid by the house checker, complete, stable, whatever the entries hold."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import feedparser
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from feedbot.model import Author, Category, Enclosure, Entry, Photo, Related, Source, StoredEntry
from feedbot.publish.feed import FeedHead, House, Origin, origin_of
from feedbot.rules.text import clean
from tests.publish.checker import ATOM, LANG, MEDIA, problems
from tests.publish.checker_rss import json_problems, rss_problems
from tests.publish.rendering import render_all
from tests.support import NOW, POLICIES, SOURCE, entry, stored, with_photo

HEAD = FeedHead(
    "tag:feeds.example,2026:feeds/policies", POLICIES, "Test News", "https://feeds.example", NOW, "0.1"
)
ORIGINS = {"gazette": origin_of(SOURCE, "feeds.example")}


def render(
    *entries: StoredEntry | Entry, head: FeedHead = HEAD, origins: dict[str, Origin] = ORIGINS
) -> bytes:
    """The document of these entries; it must be right by the house checker."""
    told = [
        one
        if isinstance(one, StoredEntry)
        else stored(one, row, updated_at=one.first_seen + (row - 1) * timedelta(seconds=1))
        for row, one in enumerate(entries, 1)
    ]
    house = House(head.base_url, head.site_title, "en", {head.category.slug: head.category})
    made = render_all(head, told, house, origins)
    assert problems(made.atom, head.self_url) == []
    assert rss_problems(made.rss, head.url(".rss")) == []
    assert json_problems(made.json, head.url(".json")) == []
    return made.atom


def only(document: bytes) -> etree._Element:
    """The only entry of a document."""
    (found,) = etree.fromstring(document).findall(ATOM + "entry")
    return found


def links(found: etree._Element) -> list[tuple[str | None, str | None]]:
    return [(link.get("rel"), link.get("href")) for link in found.findall(ATOM + "link")]


def test_the_head_has_id_title_language_author_self_and_alternate():
    root = etree.fromstring(render(entry()))
    assert root.findtext(ATOM + "id") == HEAD.tag
    assert root.findtext(ATOM + "title") == "Policies – Test News"
    assert root.get(LANG) == "en"
    assert root.findtext(f"{ATOM}author/{ATOM}name") == "Test News"
    assert links(root) == [
        ("alternate", "https://feeds.example/c/policies"),
        ("self", "https://feeds.example/feeds/policies.atom"),
    ]


def test_an_empty_feed_is_a_feed():
    """Its time is when it was made, so that two renderings are equal."""
    assert etree.fromstring(render()).findtext(ATOM + "updated") == "2026-03-01T12:00:00Z"


def test_equal_entries_give_equal_bytes():
    made = [with_photo(entry(1)), entry(2, categories=("b", "a", "c"))]
    assert render(*made) == render(*made)


def test_times_are_utc_without_microseconds_and_updated_is_never_before_published():
    seoul = datetime.fromisoformat("2026-02-18T17:05:33.123456+09:00")
    made = stored(entry(published=seoul), updated_at=seoul - timedelta(days=1))
    found = only(render(made))
    assert found.findtext(ATOM + "published") == "2026-02-18T08:05:33Z"
    assert found.findtext(ATOM + "updated") == "2026-02-18T08:05:33Z"


def test_a_date_in_the_future_is_published_as_first_seen():
    found = only(render(entry(published=NOW + timedelta(days=400))))
    assert found.findtext(ATOM + "published") == "2026-03-01T12:00:00Z"


def test_an_entry_without_date_is_as_old_as_our_knowledge_of_it():
    found = only(render(entry(published=None)))
    assert found.findtext(ATOM + "published") == "2026-03-01T12:00:00Z"


def test_the_newest_entry_is_first_and_gives_the_feed_its_time():
    changed = stored(entry(1), 1, updated_at=NOW + timedelta(hours=1))
    third = stored(entry(3), 3, updated_at=NOW + timedelta(seconds=1))
    root = etree.fromstring(render(changed, third, stored(entry(2), 2)))
    assert [one.findtext(ATOM + "title") for one in root.findall(ATOM + "entry")] == [
        "Article 3",
        "Article 2",
        "Article 1",
    ]
    assert root.findtext(ATOM + "updated") == "2026-03-01T13:00:00Z"


def test_an_id_stands_once():
    assert (
        only(render(stored(entry(1), 1), stored(entry(1, title="Later"), 2))).findtext(ATOM + "title")
        == "Later"
    )


def test_links_are_one_alternate_then_where_it_is_from_then_files_then_related():
    made = replace(
        with_photo(entry(1), type="image/jpeg"),
        enclosures=(
            Enclosure("https://gazette.example/articles/1.jpg", 2048, "image/jpeg"),
            Enclosure("https://gazette.example/talk.mp3"),
        ),
        related=(Related("https://gazette.example/articles/9", "Earlier"),),
    )
    found = only(render(made))
    assert links(found) == [
        ("alternate", "https://gazette.example/articles/1"),
        ("via", "https://gazette.example/feed"),
        ("enclosure", "https://gazette.example/articles/1.jpg"),
        ("enclosure", "https://gazette.example/talk.mp3"),
        ("related", "https://gazette.example/articles/9"),
    ]
    enclosures = [link for link in found.findall(ATOM + "link") if link.get("rel") == "enclosure"]
    assert [(one.get("type"), one.get("length")) for one in enclosures] == [
        ("image/jpeg", "2048"),
        ("audio/mpeg", None),
    ]


def test_the_lead_photo_stands_as_enclosure_as_media_and_as_thumbnail():
    made = with_photo(entry(1), type="image/jpeg", width=1600, height=900)
    made = replace(
        made, enclosures=(Enclosure("https://gazette.example/articles/1.jpg", 2048, "image/jpeg"),)
    )
    found = only(render(made))
    content = found.find(MEDIA + "content")
    assert dict(content.attrib) == {
        "url": "https://gazette.example/articles/1.jpg",
        "medium": "image",
        "type": "image/jpeg",
        "width": "1600",
        "height": "900",
        "fileSize": "2048",
    }
    assert content.findtext(MEDIA + "description") == "A caption of the photo"
    assert content.findtext(MEDIA + "credit") == "Gazette Pictures"
    assert content.find(MEDIA + "thumbnail").get("url") == "https://gazette.example/articles/1.jpg"
    assert [rel for rel, _ in links(found)].count("enclosure") == 1


def test_a_photo_of_a_feed_that_tells_no_type_gets_it_from_its_name():
    found = only(render(with_photo(entry(1))))
    (enclosure,) = (link for link in found.findall(ATOM + "link") if link.get("rel") == "enclosure")
    assert enclosure.get("type") == found.find(MEDIA + "content").get("type") == "image/jpeg"


def test_an_article_without_address_leads_to_our_page_of_it():
    assert links(only(render(stored(entry(url=None), 7))))[0] == ("alternate", "https://feeds.example/e/7")


def test_an_article_without_byline_is_by_its_source():
    found = only(render(entry(authors=())))
    assert found.findtext(f"{ATOM}author/{ATOM}name") == "gazette.example"


def test_all_authors_stand_there_with_what_is_an_address_of_theirs():
    made = entry(
        authors=(Author("Ada", "ada@gazette.example", "https://ada.example/"), Author("Bo", "ask Bo", "bo"))
    )
    people = only(render(made)).findall(ATOM + "author")
    assert [[part.text for part in one] for one in people] == [
        ["Ada", "ada@gazette.example", "https://ada.example/"],
        ["Bo"],
    ]


def test_the_source_is_named_with_its_feed_and_its_home():
    source = only(render(entry())).find(ATOM + "source")
    assert source.findtext(ATOM + "title") == "gazette.example"
    assert source.findtext(ATOM + "id") == "tag:feeds.example,2025:sources/gazette"
    assert links(source) == [
        ("self", "https://gazette.example/feed"),
        ("alternate", "https://gazette.example/"),
    ]


def test_a_folder_as_source_has_a_name_and_no_link():
    origin = {"gazette": origin_of(Source("letters", "/srv/letters"), "feeds.example")}
    found = only(render(entry(), origins=origin))
    assert found.findtext(f"{ATOM}source/{ATOM}title") == "letters"
    assert ["via" in rel for rel, _ in links(found)] == [False]


def test_the_categories_are_ours_with_its_name_and_then_those_of_the_source():
    found = only(render(entry(categories=("Policies", "policies", "Sea", "Sea"))))
    assert [dict(one.attrib) for one in found.findall(ATOM + "category")] == [
        {"term": "policies", "label": "Policies", "scheme": "https://feeds.example/"},
        {"term": "Policies"},
        {"term": "Sea"},
    ]


def test_the_language_stands_on_every_entry_and_is_one_that_readers_know():
    languages = ("en", "ko", "english", None)
    root = etree.fromstring(render(*(entry(number, language=one) for number, one in enumerate(languages))))
    assert {one.get(LANG) for one in root.findall(ATOM + "entry")} == {"en", "ko"}


def test_a_category_that_publishes_summaries_has_no_content():
    head = replace(HEAD, category=replace(POLICIES, content="summary", description="What is decided"))
    document = render(entry(), head=head)
    assert only(document).find(ATOM + "content") is None
    assert only(document).findtext(ATOM + "summary") == "What article 1 says."
    assert etree.fromstring(document).findtext(ATOM + "subtitle") == "What is decided"


def test_an_article_of_words_alone_is_one():
    bare = entry(url=None, summary=None, content_html=None, content_text=None, authors=(), published=None)
    found = only(render(bare))
    assert found.find(ATOM + "content") is None
    assert found.findtext(ATOM + "summary") == bare.title


def test_an_address_that_acts_is_no_link():
    made = entry(
        url="javascript:alert(1)",
        related=(Related("data:text/html,x"),),
        enclosures=(Enclosure("file:///etc/passwd"),),
        photo=Photo("javascript:alert(1)"),
    )
    assert links(only(render(made))) == [
        ("alternate", "https://feeds.example/e/1"),
        ("via", "https://gazette.example/feed"),
    ]


TEXT = st.text(max_size=40)
HOSTILE = st.sampled_from(
    [
        "\x00",
        "\x0b",
        "\ud800",
        "\ufffe",
        "]]>",
        "&#11;",
        "&#0;",
        "<b>",
        "<!--",
        "\x85",
        "\u202e",
        "a\r\nb",
        " ",
    ]
)
ANY = st.one_of(TEXT, HOSTILE, st.builds(str.__add__, TEXT, HOSTILE))
HTML = st.one_of(
    ANY,
    st.builds(
        "<p>{}</p><a href='{}' title='{}'>x</a><img src='{}' alt='{}'>".format, ANY, ANY, ANY, ANY, ANY
    ),
)


@given(title=ANY, summary=ANY, html=HTML, name=ANY, label=ANY, caption=ANY, url=ANY, language=ANY, kind=ANY)
@settings(max_examples=60, deadline=None)
def test_no_text_of_a_source_stops_publication(
    title: str,
    summary: str,
    html: str,
    name: str,
    label: str,
    caption: str,
    url: str,
    language: str,
    kind: str,
):
    """Whatever stands in whichever field, three parsers read the document, and the entry is in it."""
    url = clean(url)  # as every address is at the border
    photo = Photo(f"https://gazette.example/{url}", caption, caption, caption, type=kind)
    made = entry(
        url=f"https://gazette.example/{url}",
        title=title,
        summary=summary,
        content_html=html,
        authors=(Author(name, name, url),),
        categories=(label, label.strip()),
        language=language,
        photo=photo,
        photos=(photo,),
        enclosures=(Enclosure(url, 3, kind),),
        related=(Related(f"https://gazette.example/{url}", title),),
    )
    category = Category("policies", title, language, summary)
    head = replace(HEAD, category=category, site_title=name)
    origin = {"gazette": replace(ORIGINS["gazette"], title=name.strip() or "x")}
    origin = {"gazette": replace(origin["gazette"], title=clean(name).strip() or "x")}
    document = render(made, head=head, origins=origin)
    assert len(ElementTree.fromstring(document).findall(ATOM + "entry")) == 1
    read = feedparser.parse(document)
    assert not read.bozo
    assert len(read.entries) == 1


def test_the_year_has_four_digits():
    found = only(render(stored(entry(published=datetime(999, 1, 1, tzinfo=UTC)))))
    assert found.findtext(ATOM + "published") == "0999-01-01T00:00:00Z"
