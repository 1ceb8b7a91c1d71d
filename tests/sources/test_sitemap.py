"""Sitemaps: pages newest first, children of an index, and what is broken."""

from feedbot.model import Kind, ParsedFeed
from feedbot.sources.sitemap import parse_sitemap

URL = "https://gazette.example/sitemap.xml"


def urls(*inside: str) -> ParsedFeed:
    return parse_sitemap("<urlset>" + "".join(f"<url>{one}</url>" for one in inside) + "</urlset>", URL)


def index(*children: tuple[str, str]) -> tuple[str, ...]:
    told = "".join(f"<sitemap><loc>{loc}</loc><lastmod>{date}</lastmod></sitemap>" for loc, date in children)
    return parse_sitemap(f"<sitemapindex>{told}</sitemapindex>", URL).feeds


def test_pages_come_newest_first_whatever_their_offset():
    parsed = urls(
        "<loc>/undated</loc>",
        "<loc>/older</loc><lastmod>2026-02-03T09:00:00+09:00</lastmod>",
        "<loc>/newer</loc><lastmod>2026-02-03T01:00:00Z</lastmod>",
    )
    assert [entry.link for entry in parsed.entries] == [
        f"https://gazette.example/{name}" for name in ("newer", "older", "undated")
    ]
    assert parsed.kind is Kind.SITEMAP


def test_only_the_newest_thousand_are_read():
    parsed = urls(
        *(f"<loc>/{n}</loc><lastmod>2026-02-01T{n // 60:02d}:{n % 60:02d}Z</lastmod>" for n in range(1010))
    )
    assert (len(parsed.entries), parsed.cut_off) == (1000, True)
    assert parsed.entries[-1].link == "https://gazette.example/10"


def test_an_index_gives_its_news_first_then_the_newest():
    assert index(
        ("https://gazette.example/posts-1.xml", "2026-01-01"),
        ("https://gazette.example/posts-2.xml", "2026-02-01"),
        ("https://gazette.example/news.xml", "2025-01-01"),
    ) == tuple(f"https://gazette.example/{name}.xml" for name in ("news", "posts-2", "posts-1"))


def test_an_index_gives_at_most_ten():
    assert len(index(*((f"/s{n}.xml", "2026-01-01") for n in range(30)))) == 10


def test_of_a_broken_sitemap_what_stands_before_the_fault_is_read():
    parsed = parse_sitemap("<urlset><url><loc>/1</loc></url><url><loc>/2</loc></ur", URL)
    assert [entry.link for entry in parsed.entries] == ["https://gazette.example/1"]
    assert parse_sitemap("<urlset><url><loc>/2", URL).fault


def test_an_empty_sitemap_is_well():
    assert parse_sitemap("<urlset></urlset>", URL).fault is None


def test_entities_of_its_own_are_refused():
    assert "entities" in (parse_sitemap('<!DOCTYPE u [<!ENTITY a "b">]><urlset></urlset>', URL).fault or "")


def test_another_document_is_named_as_what_it_is():
    assert parse_sitemap("<rss></rss>", URL).fault == "this is no sitemap: it is a feed"


def test_hostile_sitemaps_are_read_to_a_bound():
    images = "<image:image><image:loc>/i.jpg</image:loc></image:image>" * 500
    (entry,) = urls(f"<loc>/1</loc>{images}").entries
    assert len(entry.photos) == 20
    assert parse_sitemap("<urlset>" + "<url>" * 50_000, URL).fault
