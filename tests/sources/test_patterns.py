"""Pages without rules in other languages and makings: title, date, byline and text are found."""

from feedbot.model import ParsedEntry
from feedbot.sources.labels import label_of, part_credit
from feedbot.sources.pack import Pack
from feedbot.sources.page import parse_article

TEXT = "<p>" + "The harbour council voted on Tuesday to rebuild the north pier. " * 4 + "</p>"


def page(inside: str, title: str = "Gazette") -> ParsedEntry:
    html = f"<html><head><title>{title}</title></head><body><div class='view'>{inside}</div></body></html>"
    return parse_article(html, "https://gazette.example/view?no=1", Pack("generic"))


def test_a_board_tells_its_title_in_a_cell():
    rows = "<table><tr><th>제목</th><td>북쪽 부두 재건 계획</td></tr></table>"
    assert page(rows + TEXT, "보도자료 상세 | 바다시청").title == "북쪽 부두 재건 계획"


def test_a_title_is_parted_from_the_name_of_its_site():
    assert page(TEXT, "北码头将重建_港口网").title == "北码头将重建"
    bold = "<font size=5><b>Pier to be rebuilt</b></font>"
    assert page(bold + TEXT, "Bulletin: Pier to be rebuilt").title == "Pier to be rebuilt"
    assert (
        page(f"<h2>섬 뱃길 다시 열려 손님을 맞다</h2>{TEXT}", "섬신문").title
        == "섬 뱃길 다시 열려 손님을 맞다"
    )


def test_the_first_date_counts_and_not_that_of_the_last_change():
    head = "<p class='meta'><i>Stand: 18.06.2025, 15:10 Uhr</i> <i>Erstellt: 18.06.2025, 14:05 Uhr</i></p>"
    assert "14:05" in (page(head + TEXT).published or "")


def test_a_byline_stands_on_a_line_of_its_own_in_other_languages():
    head = "<p class='meta'>18.06.2025<br>Von Mara Lindqvist und Jon Wirt</p>"
    assert [one.name for one in page(head + TEXT).authors] == ["Mara Lindqvist", "Jon Wirt"]


def test_a_box_that_asks_for_an_address_is_no_text():
    box = "<div>Sign up for our newsletter and never miss a story again.<input type='email'></div>"
    assert "Sign up" not in (page(f"<div>{TEXT}{box}</div>").content_text or "")


def test_signatures_and_editors_are_no_text():
    signed, edited = label_of("（田中一郎）"), label_of("（责任编辑：张港）")
    assert signed is not None
    assert signed.names == ("田中一郎",)
    assert edited is not None
    assert edited.names == ()


def test_a_credit_of_korean_papers_is_parted_from_its_caption():
    assert part_credit("섬으로 가는 배. [사진제공 섬군청]") == ("섬으로 가는 배.", "섬군청")
    assert part_credit("The pier. © Agency/Jon Wirt") == ("The pier.", "Agency/Jon Wirt")
