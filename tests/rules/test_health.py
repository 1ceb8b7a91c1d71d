"""Health: a source whose entries lose what they used to have is noticed, any other is left alone."""

import json
from dataclasses import asdict

import pytest

from feedbot.rules.health import FIELDS, Health, alarms, newest_shares, observe, observe_list
from tests.support import NOW, entry, with_photo


def full(count: int) -> list:
    return [with_photo(entry(number)) for number in range(count)]


def bare(count: int) -> list:
    return [entry(number) for number in range(count)]


def test_a_source_that_goes_on_as_it_was_is_well():
    assert alarms(observe(Health(), full(40))) == []
    assert alarms(observe(Health(), bare(40))) == []


def test_a_field_that_collapses_is_named():
    health = observe(observe(Health(), full(20)), bare(7))
    assert alarms(health) == [
        "photo is in 12% of the newest 8 entries, before in 100%",
        "caption is in 12% of the newest 8 entries, before in 100%",
    ]


def test_a_few_entries_without_are_no_collapse():
    assert alarms(observe(observe(Health(), full(20)), bare(4))) == []


def test_a_young_source_raises_no_alarm():
    assert alarms(observe(observe(Health(), full(9)), bare(8))) == []


def test_a_field_that_was_seldom_there_is_not_missed():
    mixed = [one for number in range(15) for one in (with_photo(entry(number)), entry(number))]
    assert alarms(observe(observe(Health(), mixed), bare(8))) == []


def test_an_alarm_ends_when_the_field_returns():
    health = observe(observe(Health(), full(20)), bare(8))
    assert alarms(observe(health, full(6))) == []


def test_what_stays_gone_becomes_usual():
    assert alarms(observe(observe(Health(), full(20)), bare(40))) == []


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("title", {"title": "gazette.example"}),
        ("title", {"title": "Untitled"}),
        ("published", {"published": None, "published_precision": None}),
        ("authors", {"authors": ()}),
        ("content_text", {"content_text": None}),
    ],
)
def test_each_field_is_watched(name, changes):
    health = observe(observe(Health(), bare(20)), [entry(number, **changes) for number in range(8)])
    assert [alarm.split()[0] for alarm in alarms(health)] == [name]


def test_a_title_made_of_the_text_is_no_title():
    made = entry(1, title="What article 1 says", content_text="What article 1 says.")
    assert newest_shares(observe(Health(), [made]))["title"] == 0


def test_a_list_that_gives_nothing_is_named_once_it_gave_something():
    assert alarms(observe_list(Health(), 0, NOW)) == []
    health = observe_list(observe_list(Health(), 12, NOW), 0, NOW)
    assert alarms(health) == [
        "the list gives nothing since 2026-03-01T12:00+00:00; it used to give 12 entries"
    ]
    assert alarms(observe_list(health, 3, NOW)) == []


def test_since_when_a_list_is_empty_is_kept():
    health = observe_list(observe_list(Health(), 12, NOW), 0, NOW)
    assert observe_list(health, 0, NOW.replace(hour=23)).empty_since == NOW


def test_the_record_is_small_and_can_be_written_as_json():
    health = observe(observe_list(Health(), 30, NOW), full(500))
    assert len(json.dumps(asdict(health), default=str)) < 400
    assert set(health.usual) == set(FIELDS)


def test_entries_told_one_by_one_or_at_once_give_the_same_record():
    at_once = observe(Health(), [*full(12), *bare(3)])
    step = Health()
    for one in [*full(12), *bare(3)]:
        step = observe(step, [one])
    assert step == at_once


def test_nothing_seen_has_no_shares():
    assert newest_shares(Health()) == {}
    assert alarms(Health()) == []
