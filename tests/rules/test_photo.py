"""Photos: one per picture, words once, and the lead one a picture of the article."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.model import Photo
from feedbot.rules.photo import MOST_PHOTOS, is_photo, lead, same_picture, tidy, with_credit

BASE = "https://gazette.example/articles/1"


@pytest.mark.parametrize(
    "name",
    [
        "rain.jpg",
        "market-share-2025.jpg",
        "clear-sky.jpg",
        "google-pixel-9-review.jpg",
        "iconic-tower.jpg",
        "new-logo-unveiled-in-the-harbour.jpg",
        "logotherapy.jpg",
        "hqdefault.jpg",
        "photo.php?id=3",
    ],
)
def test_pictures_of_articles_are_photos(name):
    assert is_photo(Photo(f"https://gazette.example/{name}"))


@pytest.mark.parametrize(
    "url",
    [
        "/img/logo.png",
        "/img/site_logo_2x.png",
        "/ico_print.gif",
        "/share-facebook.jpg",
        "/blank.gif",
        "/a.svg",
        "/1x1.gif",
        "/no-image.jpg",
        "/sprite.png",
        "/btn_more.gif",
        "/pixel.gif",
        "/avatar-12.jpg",
        "/favicon.ico",
        "//www.gravatar.com/photo/12",
        "//ad.doubleclick.net/rain.jpg",
        "//s.w.org/images/core/1f600.jpg",
    ],
)
def test_logos_icons_and_pixels_are_no_photos(url):
    assert tidy([Photo(url)], BASE) == ()


@pytest.mark.parametrize(("width", "height"), [(1, 1), (59, 400), (400, 59), (728, 90), (468, 100)])
def test_tiny_pictures_and_banners_are_no_photos(width, height):
    assert not is_photo(Photo(f"{BASE}/a.jpg", width=width, height=height))


@pytest.mark.parametrize(("width", "height"), [(60, 60), (800, None), (3000, 300), (300, 250)])
def test_other_sizes_are_photos(width, height):
    assert is_photo(Photo(f"{BASE}/a.jpg", width=width, height=height))


def test_only_addresses_of_the_web_are_photos():
    assert tidy([Photo("data:image/png;base64,AAAA"), Photo("javascript:x"), Photo("cid:1")], BASE) == ()


def test_addresses_become_absolute_and_words_are_folded():
    made = tidy([Photo("/a.jpg", " A \u00a0 river ", "Gazette\u00a0Pictures", "\u200b")], BASE)
    assert made == (Photo("https://gazette.example/a.jpg", "A river", "Gazette Pictures", None),)


def test_one_picture_twice_is_one_photo_with_the_words_of_both():
    made = tidy([Photo("/a.jpg", alt="River", width=800), Photo("/a.jpg#x", "A river", "Lee Sol")], BASE)
    assert made == (Photo("https://gazette.example/a.jpg", "A river", "Lee Sol", "River", 800),)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/a.jpg", "/a-300x200.jpg"),
        ("/a-1024x683.jpg", "/a-150x150.jpg"),
        ("/a.jpg", "/a-scaled.jpg"),
        ("/a.jpg", "/a.jpg?w=300&ssl=1"),
        ("/a.jpg?resize=300%2C200", "/a.jpg?fit=1200%2C800&quality=80"),
        ("/a.jpg", "https://i0.wp.com/gazette.example/a.jpg?w=640"),
        ("http://gazette.example/a.jpg", "https://gazette.example/a.jpg"),
    ],
)
def test_sizes_of_one_picture_are_one_photo(one, other):
    assert len(tidy([Photo(one), Photo(other)], BASE)) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/a.jpg", "/b.jpg"),
        ("/view?id=1", "/view?id=2"),
        ("/2025x06/a.jpg", "/2024x06/a.jpg"),
        ("/a-1.jpg", "/a-2.jpg"),
        ("/image.php?q=1", "/image.php?q=2"),
    ],
)
def test_other_pictures_stay_apart(one, other):
    assert len(tidy([Photo(one), Photo(other)], BASE)) == 2


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a-300x200.jpg", "a-1024x683.jpg"], "a-1024x683.jpg"),
        (["a-300x200.jpg", "a.jpg"], "a.jpg"),
        (["a.jpg", "a-300x200.jpg"], "a.jpg"),
        (["a.jpg?w=300", "a.jpg?w=1200"], "a.jpg?w=1200"),
        (["a-2048x1365.jpg", "a.jpg"], "a-2048x1365.jpg"),
    ],
)
def test_of_several_sizes_the_most_useful_is_kept(names, expected):
    made = tidy([Photo(f"/{name}") for name in names], BASE)
    assert [photo.url for photo in made] == [f"https://gazette.example/{expected}"]


def test_words_without_an_address_join_the_photo_of_that_caption():
    words, picture = Photo(None, "A  river\u00a0bank", "Lee Sol"), Photo("/a.jpg", "A river bank")
    for order in ((words, picture), (picture, words)):
        made = tidy(order, BASE)
        assert made == (Photo("https://gazette.example/a.jpg", "A river bank", "Lee Sol"),)


def test_a_photo_that_found_its_address_is_joined_with_its_other_sizes():
    made = tidy([Photo(None, "A river"), Photo("/a-300x200.jpg", "A river"), Photo("/a-600x400.jpg")], BASE)
    assert [photo.url for photo in made] == ["https://gazette.example/a-600x400.jpg"]


def test_two_pictures_with_one_caption_are_two_photos():
    assert len(tidy([Photo("/a.jpg", "A river"), Photo("/b.jpg", "A river")], BASE)) == 2


def test_captions_without_pictures_are_kept_once_each():
    made = tidy([Photo(None, "A river"), Photo(None, "A \u00a0river"), Photo(None, "A bridge")], BASE)
    assert [photo.caption for photo in made] == ["A river", "A bridge"]


def test_the_lead_is_the_first_that_can_be_fetched_and_is_not_tiny():
    words, tiny, large = Photo(None, "A river"), Photo("a", width=120, height=90), Photo("b")
    assert lead((words, tiny, large)) == large
    assert lead((words, tiny)) == tiny
    assert lead((words,)) == words
    assert lead(()) is None
    assert lead((large, Photo("c", width=4000))) == large


def test_the_articles_credit_goes_to_photos_without_one():
    made = with_credit([Photo("a"), Photo("b", credit="Own")], "Gazette")
    assert [photo.credit for photo in made] == ["Gazette", "Own"]


def test_there_are_not_more_photos_than_anyone_looks_at():
    assert len(tidy([Photo(f"/{number}.jpg") for number in range(500)], BASE)) == MOST_PHOTOS


hosts = st.sampled_from(["i0.wp.com", "x.example", "[::1]", "x.example:8080"])


@settings(max_examples=80, deadline=None)
@given(st.builds("https://{}/{}".format, hosts, st.text(max_size=30)), st.text(max_size=20))
def test_any_address_and_caption_makes_a_photo_or_none(url, caption):
    for photo in tidy([Photo(url, caption), Photo(url)], BASE):
        assert photo.url is None or same_picture(photo.url)
