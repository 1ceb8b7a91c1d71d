"""What people can say to the bot, and what they hear."""

import re

import pytest
from sqlalchemy import Connection

from feedbot.bot.conversation import Incoming, Place, take
from feedbot.bot.texts import COMMANDS, LANGUAGES, language_of
from feedbot.model import Address, Category, ChatState
from feedbot.rules.text import utf16_length
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
    assert "/subscribe_policies" in said


def test_subscribing_by_slug_title_or_deep_link(person: Person) -> None:
    assert "Policies" in person.says("/subscribe policies")
    assert "Society & Life" in person.says("/subscribe society & life")
    assert person.follows == ["policies", "society"]
    assert "already" in person.says("/start policies")


def test_a_tapped_line_subscribes_and_unsubscribes(person: Person) -> None:
    """A tap sends a word, and a word has no hyphens."""
    tech = Place("The News", (Category("sci-tech", "Sci-Tech"),))
    listed = person.store.do_now(take, "bot", 1, Incoming(1, "1001", "/categories"), tech, NOW) or ""
    tap = re.search(r"/subscribe\w+", listed)
    assert tap
    for number, command in enumerate((tap[0], tap[0].replace("/sub", "/unsub")), start=2):
        person.store.do_now(take, "bot", number, Incoming(number, "1001", command), tech, NOW)
        assert person.follows == (["sci-tech"] if number == 2 else [])


@pytest.mark.parametrize("gap", [" ", "  ", "\n", "\u00a0", "\t"])
def test_any_white_space_parts_a_command_from_its_category(person: Person, gap: str) -> None:
    person.says(f" /SUBSCRIBE{gap}policies ")
    assert person.follows == ["policies"]


def test_commands_may_name_the_bot(person: Person) -> None:
    person.says("/subscribe@feedbot_demo_bot policies")
    assert person.follows == ["policies"]


def test_an_unknown_category_is_answered_with_those_there_are(person: Person) -> None:
    said = person.says("/subscribe sports")
    assert "sports" in said
    assert "/subscribe_policies" in said
    assert person.follows == []


def test_unsubscribing_one_all_or_the_only_one(person: Person) -> None:
    assert "nothing" in person.says("/unsubscribe")
    person.says("/subscribe policies")
    person.says("/subscribe society")
    assert "/unsubscribe_society" in person.says("/unsubscribe")
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


@pytest.mark.parametrize("word", ["all", "ALL", "모두", "전체"])
def test_all_is_everything_in_both_languages(person: Person, word: str) -> None:
    person.says("/subscribe policies")
    person.says("/subscribe society")
    person.says(f"/unsubscribe {word}")
    assert person.follows == []


def test_a_deep_link_to_what_is_not_there_is_a_plain_start(person: Person) -> None:
    assert person.says("/start sports") == person.says("/start")
    assert person.follows == []


def test_help_names_a_category_that_there_is(person: Person) -> None:
    assert "/subscribe policies" in person.says("/help")
    nothing = Place("The News", ())
    said = person.store.do_now(take, "bot", 500, Incoming(500, "1001", "/start"), nothing, NOW)
    assert "nothing to follow yet" in (said or "")


def test_hundreds_of_categories_fit_into_one_answer(store: Store) -> None:
    many = Place("The News", tuple(Category(f"c{n}", f"Category 🙂 number {n}") for n in range(300)))

    def follow_all(connection: Connection) -> None:
        for n in range(300):
            take(connection, "bot", n, Incoming(n, "1001", f"/subscribe c{n}"), many, NOW)

    store.do_now(follow_all)
    for number, command in enumerate(("/categories", "/start", "/list", "/subscribe x", "/unsubscribe"), 900):
        said = store.do_now(take, "bot", number, Incoming(number, "1001", command), many, NOW) or ""
        assert utf16_length(said) <= 4096, command
        assert "number 1" in said, command


def test_both_languages_say_the_same_things_and_fill_the_same_blanks() -> None:
    def blanks(text: str) -> set[str]:
        return set(re.findall(r"{(\w+)}", text))

    english, korean = LANGUAGES["en"], LANGUAGES["ko"]
    assert {key: blanks(text) for key, text in english.items()} == {
        key: blanks(text) for key, text in korean.items()
    }
    assert COMMANDS["en"].keys() == COMMANDS["ko"].keys()


@pytest.mark.parametrize(
    ("tag", "language"), [("ko", "ko"), ("ko-KR", "ko"), ("KO", "ko"), ("fr", "en"), ("", "en"), (None, "en")]
)
def test_other_languages_are_answered_in_english(tag: str | None, language: str) -> None:
    assert language_of(tag) == language


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
