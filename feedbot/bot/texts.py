"""What the bot says, in both languages."""

from collections.abc import Iterable

from feedbot.model import Category

_EN = {
    "start": "Hello! I bring you the news of {title}: each new article once, with its photo.\n\n"
    "{categories}\n\n"
    "/help shows everything I can do.",
    "help": "/categories – what there is to follow\n/subscribe policies – follow a category\n"
    "/unsubscribe policies – stop it; /unsubscribe all stops everything\n/list – what you follow\n"
    "/help – this message\n\nYour chat's number and your subscriptions are all I keep of you.",
    "categories": "To follow a category, tap its command or type it:",
    "no_categories": "There is no category to follow yet.",
    "subscribed": "You follow {category} now. The next new article comes here.",
    "subscribed_already": "You follow {category} already.",
    "unsubscribed": "You no longer follow {category}.",
    "not_subscribed": "You do not follow {category}.",
    "unknown_category": "There is no category “{category}”.",
    "which": "Which one?",
    "list": "You follow:",
    "list_empty": "You follow nothing yet.",
    "unknown_command": "I do not know {command}. /help shows what I can do.",
    "chat": "I understand commands only. /help shows them.",
    "everything": "everything",
}
_KO = {
    "start": "안녕하세요! {title}의 새 기사를 사진과 함께 한 번씩 보내 드립니다.\n\n{categories}\n\n"
    "/help 명령으로 모든 기능을 볼 수 있습니다.",
    "help": "/categories – 구독할 수 있는 분야\n/subscribe policies – 분야 구독\n"
    "/unsubscribe policies – 구독 취소, /unsubscribe all 은 모두 취소\n/list – 구독 중인 분야\n"
    "/help – 이 안내\n\n대화방 번호와 구독 목록만 저장합니다.",
    "categories": "구독하려면 아래 명령을 누르거나 입력하세요.",
    "no_categories": "아직 구독할 수 있는 분야가 없습니다.",
    "subscribed": "{category} 분야를 구독합니다. 다음 새 기사부터 보내 드립니다.",
    "subscribed_already": "{category} 분야는 이미 구독 중입니다.",
    "unsubscribed": "{category} 구독을 취소했습니다.",
    "not_subscribed": "{category} 분야를 구독하고 있지 않습니다.",
    "unknown_category": "“{category}” 분야는 없습니다.",
    "which": "어느 분야인가요?",
    "list": "구독 중인 분야:",
    "list_empty": "구독 중인 분야가 없습니다.",
    "unknown_command": "{command} 명령을 모릅니다. /help 를 보세요.",
    "chat": "명령만 이해합니다. /help 를 보세요.",
    "everything": "모든",
}
LANGUAGES = {"en": _EN, "ko": _KO}
COMMANDS = {
    "en": {
        "categories": "What there is to follow",
        "subscribe": "Follow a category",
        "unsubscribe": "Stop following",
        "list": "What you follow",
        "help": "What I can do",
    },
    "ko": {
        "categories": "구독할 수 있는 분야",
        "subscribe": "분야 구독",
        "unsubscribe": "구독 취소",
        "list": "구독 중인 분야",
        "help": "도움말",
    },
}


def language_of(code: str | None) -> str:
    """The language to answer in, from Telegram's IETF tag of the person."""
    short = (code or "").split("-")[0].lower()
    return short if short in LANGUAGES else "en"


def say(language: str, key: str, **values: str) -> str:
    """One sentence of ours."""
    return LANGUAGES[language][key].format(**values)


def category_lines(categories: Iterable[Category], command: str = "/subscribe") -> str:
    """One line for each category: its title and the command that names it."""
    return "\n".join(f"{category.title} – {command} {category.slug}" for category in categories)
