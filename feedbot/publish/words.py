"""What our pages say, in both languages. Pure."""

from datetime import datetime

_EN = {
    "skip": "To the text",
    "lede": "Follow a category in your feed reader.",
    "lede_bot": "Follow a category in your feed reader, or in Telegram with",
    "everything": "Everything in one feed:",
    "subscribe": "Subscribe to {name}",
    "article": "{count} article",
    "articles": "{count} articles",
    "updated": "updated {day}",
    "more": "All of {name}",
    "empty": "Nothing yet: its sources are read for the first time now.",
    "no_category": "There is no category yet. Add one to config.toml and start feedbot again.",
    "by": "By {names}",
    "read_at": "Read it at {name}",
    "its_source": "its source",
    "categories": "In",
    "related": "Related",
    "follow": "Follow this",
    "pages": "Pages",
    "page": "Page {number}",
    "page_of": "Page {number} of {last}",
    "newer": "Newer",
    "older": "Older",
    "made_by": "Published by feedbot.",
    "opml": "All feeds as OPML",
    "front": "The front page",
    "front_tells": "{front} lists every feed there is.",
    "nothing": "There is nothing at this address",
    "no_article": "There is no such article",
    "no_page": "There is no such page",
    "not_here": "This cannot be done here",
    "went_wrong": "Something went wrong here",
    "retracted": "This article was withdrawn by its source",
    "retracted_on": "It was here until {day}.",
}
_KO = {
    "skip": "본문으로",
    "lede": "피드 리더에서 분야별로 구독하세요.",
    "lede_bot": "피드 리더에서 분야별로 구독하거나, 텔레그램에서 받아 보세요:",
    "everything": "모든 기사를 한 피드로:",
    "subscribe": "{name} 구독",
    "article": "기사 {count}건",
    "articles": "기사 {count}건",
    "updated": "{day} 갱신",
    "more": "{name} 모두 보기",
    "empty": "아직 기사가 없습니다. 지금 처음으로 출처를 읽고 있습니다.",
    "no_category": "아직 분야가 없습니다. config.toml에 분야를 추가하고 feedbot을 다시 시작하세요.",
    "by": "글 {names}",
    "read_at": "{name}에서 읽기",
    "its_source": "원문",
    "categories": "분야",
    "related": "관련 기사",
    "follow": "구독하기",
    "pages": "쪽",
    "page": "{number}쪽",
    "page_of": "{last}쪽 중 {number}쪽",
    "newer": "새 기사",
    "older": "지난 기사",
    "made_by": "feedbot이 발행합니다.",
    "opml": "모든 피드(OPML)",
    "front": "첫 화면",
    "front_tells": "{front}에서 모든 피드를 볼 수 있습니다.",
    "nothing": "이 주소에는 아무것도 없습니다",
    "no_article": "없는 기사입니다",
    "no_page": "없는 쪽입니다",
    "not_here": "여기서는 할 수 없는 일입니다",
    "went_wrong": "문제가 생겼습니다",
    "retracted": "출처에서 철회한 기사입니다",
    "retracted_on": "{day}까지 실려 있었습니다.",
}
LANGUAGES = {"en": _EN, "ko": _KO}
_MONTHS = "January February March April May June July August September October November December".split()


def spoken(language: str) -> str:
    """The language of ours for a language tag: English where we do not speak it."""
    short = language.split("-", maxsplit=1)[0].lower()
    return short if short in LANGUAGES else "en"


def say(language: str, key: str, **values: object) -> str:
    """One text of ours, in a language that `spoken` gave."""
    return LANGUAGES[language][key].format(**values)


def say_articles(language: str, count: int) -> str:
    """How many articles there are."""
    return say(language, "article" if count == 1 else "articles", count=f"{count:,}")


def say_day(language: str, moment: datetime) -> str:
    """A day as people write it, in the moment's own offset."""
    if language == "ko":
        return f"{moment.year}년 {moment.month}월 {moment.day}일"
    return f"{_MONTHS[moment.month - 1]} {moment.day}, {moment.year}"
