"""What our hub owes to whom, and how much strangers may have it remember."""

from datetime import timedelta

import pytest

from feedbot.model import HubLink
from feedbot.rules.websub import Refusal, Wish
from feedbot.store import Store, hub, websub
from tests.support import NOW

PATH, OTHER = "/feeds/policies.atom", "/feeds/policies.rss"
SOON = NOW + timedelta(seconds=1)


def wish(callback: str = "https://reader.example/1", path: str = PATH, *, subscribe: bool = True) -> Wish:
    return Wish(callback, path, subscribe)


def subscribe(store: Store, *wishes: Wish) -> None:
    for one in wishes:
        store.do_now(hub.take_wish, one, NOW)
    for request in store.do_now(hub.due_requests, NOW, 9999):
        assert store.do_now(hub.verified, request, NOW)


def due(store: Store) -> list[tuple[str, str]]:
    return [(one.callback, one.path) for one in store.do_now(hub.due_subscribers, SOON, 99)]


def test_what_changed_is_owed_to_those_who_asked_for_it(store: Store):
    store.do_now(hub.offer, {PATH: "1", OTHER: "1"}, NOW, ping=False)
    subscribe(store, wish(), wish(path=OTHER), wish("https://second.example/"))
    assert due(store) == []
    assert store.do_now(hub.offer, {PATH: "2", OTHER: "1"}, NOW, ping=False) == [PATH]
    assert due(store) == [("https://reader.example/1", PATH), ("https://second.example/", PATH)]
    assert store.do_now(hub.offer, {PATH: "2", OTHER: "1"}, NOW, ping=False) == []


def test_what_changes_while_it_is_pushed_is_owed_again(store: Store):
    store.do_now(hub.offer, {PATH: "1"}, NOW, ping=False)
    subscribe(store, wish())
    store.do_now(hub.offer, {PATH: "2"}, NOW, ping=False)
    (owed,) = store.do_now(hub.due_subscribers, NOW, 9)
    store.do_now(hub.offer, {PATH: "3"}, NOW, ping=False)
    store.do_now(hub.delivered, owed, "2", NOW)
    (owed,) = store.do_now(hub.due_subscribers, NOW, 9)
    assert owed.sent == "2"
    store.do_now(hub.delivered, owed, "3", NOW)
    assert due(store) == []


def test_what_changes_while_the_hub_is_told_is_told_again(store: Store):
    store.do_now(hub.offer, {PATH: "1"}, NOW, ping=True)
    (first,) = store.do_now(hub.due_pings, NOW, 9)
    store.do_now(hub.offer, {PATH: "2"}, NOW, ping=True)
    store.do_now(hub.pinged, first, NOW)
    (second,) = store.do_now(hub.due_pings, NOW, 9)
    store.do_now(hub.pinged, second, NOW)
    assert store.do_now(hub.due_pings, NOW, 9) == []


def test_a_wish_that_was_replaced_while_it_was_verified_is_verified_itself(store: Store):
    """Or whoever asks at the right moment gets another secret confirmed."""
    store.do_now(hub.take_wish, wish(), NOW)
    (first,) = store.do_now(hub.due_requests, NOW, 9)
    store.do_now(hub.take_wish, Wish("https://reader.example/1", PATH, True, secret="theirs"), NOW)
    store.do_now(hub.verified, first, NOW)
    (left,) = store.do_now(hub.due_requests, NOW, 9)
    assert left.wish.secret == "theirs"
    store.do_now(hub.refused, left, NOW)
    store.do_now(hub.offer, {PATH: "1"}, NOW, ping=False)
    assert [one.secret for one in store.do_now(hub.due_subscribers, NOW, 9)] == [None]


def test_a_host_that_did_not_mean_it_is_asked_more_slowly(store: Store):
    """Somebody else may be asking in its name."""
    for number in range(3):
        store.do_now(hub.take_wish, wish(f"https://victim.example/{number}"), NOW)
    store.do_now(hub.take_wish, wish("https://reader.example/"), NOW)
    first, *_ = store.do_now(hub.due_requests, NOW, 9)
    store.do_now(hub.refused, first, NOW)
    assert [one.wish.host for one in store.do_now(hub.due_requests, NOW, 9)] == ["reader.example"]
    later = store.do_now(hub.due_requests, NOW + hub.SLOWED, 9)
    assert [one.wish.callback[-1] for one in later] == ["/", "1", "2"]


@pytest.mark.parametrize("cap", ["MOST_SUBSCRIBERS", "MOST_OF_TOPIC", "MOST_OF_HOST"])
def test_there_is_room_for_so_many_and_renewals_need_none(
    store: Store, cap: str, monkeypatch: pytest.MonkeyPatch
):
    store.do_now(hub.offer, {PATH: "1"}, NOW, ping=False)
    monkeypatch.setattr(hub, cap, 2)
    one, two, three = (wish(f"https://reader.example/{number}") for number in range(3))
    store.do_now(hub.take_wish, three, NOW)
    (waiting,) = store.do_now(hub.due_requests, NOW, 9)
    monkeypatch.setattr(hub, "due_requests", lambda *_: [])
    for each in (one, two):
        store.do_now(hub.take_wish, each, NOW)
        assert store.do_now(hub.verified, hub.Request(0, each), NOW)
    assert not store.do_now(hub.verified, waiting, NOW)
    with pytest.raises(Refusal) as refused:
        store.do_now(hub.take_wish, three, NOW)
    assert refused.value.status == 503
    store.do_now(hub.take_wish, two, NOW)
    assert store.do_now(hub.counts) == (2, 0)


def test_hosts_that_have_their_share_are_passed_by(store: Store):
    store.do_now(hub.offer, {PATH: "1"}, NOW, ping=False)
    subscribe(store, wish("https://slow.example/"), wish("https://fast.example/"))
    store.do_now(hub.offer, {PATH: "2"}, NOW, ping=False)
    found = store.do_now(hub.due_subscribers, NOW, 9, {"slow.example"})
    assert [one.host for one in found] == ["fast.example"]


def test_what_is_due_is_found_by_an_index(store: Store):
    def plan(table: str, column: str) -> str:
        query = f"EXPLAIN QUERY PLAN SELECT * FROM {table} WHERE {column} <= ? ORDER BY {column}"
        return store.do_now(lambda c: str(c.exec_driver_sql(query, (0,)).all()))

    for table, column in (
        ("websub_topics", "ping_due"),
        ("websub_requests", "due_at"),
        ("websub_subscribers", "due_at"),
        ("websub_sources", "due_at"),
        ("websub_sources", "hint_due"),
    ):
        assert f"USING INDEX ix_{table}_{column}" in plan(table, column)


def test_one_look_says_whether_anything_is_due(store: Store):
    assert store.do_now(websub.what_is_due, SOON) == (False, False)
    store.do_now(hub.take_wish, wish(), NOW)
    assert store.do_now(websub.what_is_due, NOW - timedelta(seconds=1)) == (False, False)
    assert store.do_now(websub.what_is_due, NOW) == (True, False)
    link = HubLink("https://hub.example/", "https://gazette.example/feed")
    store.do_now(websub.put_subscription, "gazette", link, "token", "secret", NOW)
    assert store.do_now(websub.what_is_due, NOW) == (True, True)
