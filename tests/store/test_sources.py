"""Who is due, told in few words."""

from dataclasses import replace
from datetime import timedelta

from feedbot.model import SourceState
from feedbot.store import Store, sources
from feedbot.store.sources import Waiting
from tests.support import NOW, SOURCE

LATER = NOW + timedelta(hours=1)


def test_who_waits_is_who_is_due(store: Store) -> None:
    names = {"never": None, "well": NOW, "failing": NOW, "later": LATER}
    for name in names:
        store.do_now(sources.add_source, replace(SOURCE, id=name))
    for name, at in names.items():
        failures, because = int(name == "failing"), 'not "failures":1'
        success = None if name == "never" else NOW
        state = SourceState(name, at, last_success=success, failures=failures, because=because)
        store.do_now(sources.save_state, state)
    waiting = store.do_now(sources.waiting, NOW, 10)
    assert waiting == [
        Waiting(SOURCE.id, SOURCE.url, None, answered=False),
        Waiting("never", SOURCE.url, None, answered=False),
        Waiting("failing", SOURCE.url, NOW, answered=False),
        Waiting("well", SOURCE.url, NOW, answered=True),
    ]
    assert store.do_now(sources.waiting, NOW, 1) == waiting[:1]
    found = store.do_now(sources.some_sources, ["well", "gone", "never"])
    assert [(source.id, state.source_id) for source, state in found] == [("well",) * 2, ("never",) * 2]
