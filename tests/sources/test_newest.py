"""The newest of too many."""

from feedbot.sources.newest import MOST_ENTRIES, instant, newest


def test_what_is_not_too_many_is_left_as_it_is():
    assert newest(["b", "a"], lambda _: None) == ["b", "a"]


def test_the_oldest_and_the_undated_go_and_the_order_stays():
    parts: list[str | None] = [
        None,
        *(f"2026-02-01T00:{n // 60:02d}:{n % 60:02d}Z" for n in range(MOST_ENTRIES)),
    ]
    assert newest(parts, lambda part: part) == parts[1:]


def test_instants_sort_by_time_and_not_by_clock():
    assert instant("2026-02-01T09:00:00+09:00") < instant("Sun, 01 Feb 2026 01:00:00 GMT")
    assert instant("2026-02-01") > instant("no date") == instant(None) == ""
    assert instant("0001-01-01T00:00:00+14:00") == ""
