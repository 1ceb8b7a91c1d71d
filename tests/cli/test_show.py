"""How results look: aligned, on one line, and without commands of strangers to the terminal."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from feedbot.cli.show import as_json, as_table, iso, progress_bar, text_of

HOSTILE = "\x1b[31mred\x1b]0;title\x07 \x9b2J \u202eevil\u2066 a\rb\nc\td \ud800"


def test_columns_align_where_characters_are_wide(capsys: pytest.CaptureFixture[str]) -> None:
    as_table(["title", "id"], [["국무회의 예산안", "one"], ["Budget", "two"], ["会議 😀", "three"]], "")
    lines = capsys.readouterr().out.splitlines()
    starts = {
        cell_len(line[: line.index(word)])
        for line, word in zip(lines[1:], ("one", "two", "three"), strict=True)
    }
    assert starts == {cell_len(lines[0][: lines[0].index("id")])}


def test_a_row_is_a_line_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    as_table(["text"], [["word " * 500], ["two\nlines"]], "")
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_lines_end_where_their_words_do(capsys: pytest.CaptureFixture[str]) -> None:
    as_table(["a", "b"], [["x", "long enough"], ["y", ""]], "")
    assert not [line for line in capsys.readouterr().out.splitlines() if line != line.rstrip()]


@pytest.mark.parametrize("text", ["root:x:0 :smile:", "[bold]x[/bold]", "[/]", "C:\\path\\[x]", "\\[x]"])
def test_words_are_no_markup(capsys: pytest.CaptureFixture[str], text: str) -> None:
    as_table(["a"], [[text]], "")
    assert capsys.readouterr().out.splitlines()[1] == text


def test_no_rows_are_told_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    as_table(["a"], [], "There is [nothing] :x: here.")
    assert capsys.readouterr().out == "There is [nothing] :x: here.\n"


def test_what_strangers_write_does_not_command_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    as_table([HOSTILE], [[HOSTILE], [[HOSTILE]], [{HOSTILE: HOSTILE}]], HOSTILE)
    out = capsys.readouterr().out
    assert len(out.splitlines()) == 4
    rows = "".join(out.splitlines()[1:])
    assert rows.isprintable()


def test_json_holds_all_and_commands_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    as_json({"text": HOSTILE, "korean": "국무회의"})
    out = capsys.readouterr().out
    assert out.replace("\n", "").isprintable()
    assert "국무회의" in out
    assert json.loads(out)["text"] == HOSTILE


@settings(max_examples=100, deadline=None)
@given(st.text())
def test_any_text_becomes_one_printable_line(text: str) -> None:
    shown = text_of(text)
    assert len(shown) == len(text)
    assert shown.replace("\u200c", "").replace("\u200d", "").isprintable()


def test_no_break_spaces_and_joiners_are_no_commands() -> None:
    assert text_of("à\u00a0la\u3000carte") == "à la carte"
    assert text_of("👩\u200d🚀 می\u200cخواهم") == "👩\u200d🚀 می\u200cخواهم"


def test_values_are_told_shortly() -> None:
    moment = datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC)
    values = [text_of(value) for value in (None, moment, ["a", 2], {"etag": None}, True)]
    assert values == ["–", "2026-03-01 12:00:05Z", "a, 2", "etag –", "True"]
    assert (iso(None), iso(moment)) == (None, "2026-03-01T12:00:05Z")


def test_there_is_no_bar_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar() as tell:
        tell("poll", 1, 2)
    assert capsys.readouterr() == ("", "")
