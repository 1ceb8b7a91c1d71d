"""What the bot says, in both languages."""

from collections.abc import Iterable

from feedbot.model import Category

_EN = {
    "start": "Hello! I send you the news from {title}: each new article once, with its photo.\n\n"
    "{categories}\n\n"
    "/help shows everything I can do.",
    "help": "/categories – what you can follow\n/subscribe {example} – follow a category\n"
    "/unsubscribe {example} – stop following it\n/unsubscribe all – stop following everything\n"
    "/list – what you follow\n/unmute – have muted sources again\n/help – this message\n\n"
    "All I keep of you is the number of this chat and your subscriptions.",
    "categories": "Tap what you want to follow:",
    "no_categories": "There is nothing to follow yet.",
    "subscribed": "You now follow {category}. The next new article will come here.",
    "subscribed_already": "You already follow {category}.",
    "unsubscribed": "You no longer follow {category}.",
    "not_subscribed": "You do not follow {category}.",
    "unknown_category": "There is no category “{category}”.",
    "which": "Tap what you want to stop following:",
    "list": "You follow:",
    "list_empty": "You follow nothing yet.",
    "muted": "You get nothing more of {source} here. /unmute brings it back.",
    "unmuted": "You get these again: {sources}.",
    "nothing_muted": "Nothing is muted.",
    "old_button": "This button does nothing any more.",
    "unknown_command": "I do not know {command}. /help shows what I can do.",
    "chat": "I only understand commands. /help shows them.",
}
_KO = {
    "start": "안녕하세요! {title}에 새 기사가 나오면 사진과 함께 보내 드립니다."
    " 같은 기사는 한 번만 보냅니다.\n\n"
    "{categories}\n\n"
    "사용법: /help",
    "help": "/categories – 구독할 수 있는 분야\n/subscribe {example} – 분야 구독\n"
    "/unsubscribe {example} – 구독 취소\n/unsubscribe all – 모든 구독 취소\n"
    "/list – 구독 중인 분야\n/unmute – 숨긴 출처 다시 받기\n/help – 이 안내\n\n"
    "저장하는 정보는 이 대화방의 번호와 구독 목록뿐입니다.",
    "categories": "구독할 분야를 누르세요.",
    "no_categories": "아직 구독할 수 있는 분야가 없습니다.",
    "subscribed": "{category} 분야를 구독했습니다. 다음 새 기사부터 보내 드립니다.",
    "subscribed_already": "{category} 분야는 이미 구독 중입니다.",
    "unsubscribed": "{category} 분야의 구독을 취소했습니다.",
    "not_subscribed": "{category} 분야는 구독하고 있지 않습니다.",
    "unknown_category": "“{category}” 분야는 없습니다.",
    "which": "구독을 취소할 분야를 누르세요.",
    "list": "구독 중인 분야:",
    "list_empty": "구독 중인 분야가 없습니다.",
    "muted": "{source} 기사를 더 이상 보내지 않습니다. 다시 받기: /unmute",
    "unmuted": "다시 보내 드립니다: {sources}.",
    "nothing_muted": "숨긴 출처가 없습니다.",
    "old_button": "더 이상 쓸 수 없는 버튼입니다.",
    "unknown_command": "{command} 명령은 없습니다. 사용법: /help",
    "chat": "저는 명령만 알아듣습니다. 사용법: /help",
}
LANGUAGES = {"en": _EN, "ko": _KO}
COMMANDS = {
    "en": {
        "categories": "What you can follow",
        "subscribe": "Follow a category",
        "unsubscribe": "Stop following",
        "list": "What you follow",
        "unmute": "Have muted sources again",
        "help": "What I can do",
    },
    "ko": {
        "categories": "구독할 수 있는 분야",
        "subscribe": "분야 구독",
        "unsubscribe": "구독 취소",
        "list": "구독 중인 분야",
        "unmute": "숨긴 출처 다시 받기",
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
    """One line for each category: its title and a command that does it with one tap.

    A tap sends the command's word only, and a word has no hyphens: `/subscribe_sci_tech`.
    """
    return "\n".join(
        f"{category.title} – {command}_{category.slug.replace('-', '_')}" for category in categories
    )
