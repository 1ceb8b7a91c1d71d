"""What people can say to the bot, and what they hear."""

import pytest

from feedbot.bot.conversation import Incoming, Place, take
from feedbot.model import Address, Category, ChatState
from feedbot.store import Store, deliveries, photos, subscriptions
from tests.support import NOW, POLICIES

SOCIETY = Category("society", "Society & Life", "en")
PLACE = Place("The News", (POLICIES, SOCIETY))


class Person:
    def __init__(self, store: Store) -> None:
        self.store, self.number = store, 100

    def says(self, text: str | None, language: str = "en", **facts) -> str | None:
        self.number += 1
        incoming = Incoming(self.number, "1001", text, language, **facts)
        return self.store.do_now(take, "bot", self.number, incoming, PLACE, NOW)

    @property
    def follows(self) -> list[str]:
        return [one.category for one in self.store.do_now(subscriptions.of_address, Address("1001"))]


@pytest.fixture
def person(store: Store) -> Person:
    return Person(store)


def test_start_names_the_categories(person: Person) -> None:
    said = person.says("/start")
    assert "The News" in said
    assert "/subscribe policies" in said


def test_subscribing_by_slug_title_or_deep_link(person: Person) -> None:
    assert "Policies" in person.says("/subscribe policies")
    assert "Society & Life" in person.says("/subscribe society & life")
    assert person.follows == ["policies", "society"]
    assert "already" in person.says("/start policies")


def test_commands_may_name_the_bot(person: Person) -> None:
    person.says("/subscribe@feedbot_demo_bot policies")
    assert person.follows == ["policies"]


def test_an_unknown_category_is_answered_with_those_there_are(person: Person) -> None:
    said = person.says("/subscribe sports")
    assert "sports" in said
    assert "/subscribe policies" in said
    assert person.follows == []


def test_unsubscribing_one_all_or_the_only_one(person: Person) -> None:
    assert "nothing" in person.says("/unsubscribe")
    person.says("/subscribe policies")
    person.says("/subscribe society")
    assert "/unsubscribe society" in person.says("/unsubscribe")
    person.says("/unsubscribe society")
    assert person.follows == ["policies"]
    person.says("/unsubscribe")
    assert person.follows == []
    person.says("/subscribe policies")
    person.says("/subscribe society")
    person.says("/unsubscribe all")
    assert person.follows == []


def test_unsubscribing_what_one_does_not_follow_says_so(person: Person) -> None:
    person.says("/subscribe policies")
    assert "do not follow Society" in person.says("/unsubscribe society")
    assert "no category" in person.says("/unsubscribe sports")


def test_a_category_that_is_gone_can_still_be_left(person: Person) -> None:
    person.says("/subscribe policies")
    gone = Place("The News", (SOCIETY,))
    person.store.do_now(take, "bot", 500, Incoming(500, "1001", "/unsubscribe policies"), gone, NOW)
    assert person.follows == []


def test_list_names_what_one_follows(person: Person) -> None:
    assert "nothing" in person.says("/list")
    person.says("/subscribe policies")
    assert "Policies" in person.says("/list")


def test_korean_people_are_answered_in_korean(person: Person) -> None:
    assert "안녕하세요" in person.says("/start", "ko")
    assert "구독" in person.says("/subscribe policies", "ko")


@pytest.mark.parametrize("text", ["hello", "/nonsense", "", "/", "🙂", "/subscribe " + "x" * 5000])
def test_whatever_is_written_gets_an_answer(person: Person, text: str) -> None:
    said = person.says(text)
    assert said
    assert len(said) < 4096


def test_an_update_that_comes_twice_does_nothing_twice(person: Person) -> None:
    incoming = Incoming(7, "1001", "/subscribe policies")
    assert person.store.do_now(take, "bot", 7, incoming, PLACE, NOW)
    assert person.store.do_now(take, "bot", 7, incoming, PLACE, NOW) is None
    assert person.store.do_now(photos.next_update, "bot") == 8


def test_an_update_that_is_not_for_us_is_passed_by(person: Person) -> None:
    assert person.store.do_now(take, "bot", 9, None, PLACE, NOW) is None
    assert person.store.do_now(photos.next_update, "bot") == 10


def test_a_person_who_blocked_the_bot_is_back_with_start(person: Person) -> None:
    person.says("/subscribe policies")
    person.says(None, joined=False)
    assert person.store.do_now(deliveries.get_chat, "1001").state is ChatState.GONE
    person.says("/start")
    assert person.store.do_now(deliveries.get_chat, "1001").state is ChatState.ACTIVE
    assert person.follows == ["policies"]
