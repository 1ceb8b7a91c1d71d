"""Lines that are about the article, not of it: bylines, photo credits, e-mails, "Related Contents"."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from feedbot.model import Author
from feedbot.rules.text import fold, fold_case

_EMAIL = r"[A-Za-z0-9][\w.+-]{0,63}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,5}"
EMAILS = re.compile(_EMAIL)
_AROUND_EMAILS = re.compile(r"\b(?:e-?mails?|contact|이메일)\b\s*[:=]?|[()<>\[\]{}]|\bmailto:", re.IGNORECASE)
_BYLINE = re.compile(r"(?:(?:Written|Reported|Story|Text|Words)\s+)?By\s*[:=]?\s+(.+)", re.IGNORECASE)
_REPORTER = re.compile(
    r"(?:[\w·\s]{1,20}=\s*)?(?:(?:글|취재)\s*[:=]?\s*)?([가-힣·,\s]{2,40}?)\s*(?:명예)?기자"
)
# How Japanese papers sign, and how Chinese ones name the editor.
_SIGNED = re.compile(r"[（(【\[]([\u4e00-\u9fff々]{3,6})(?:記者)?[）)】\]]")
_EDITOR = re.compile(r"[（(【\[]?(?:责任编辑|責任編輯|责编|编辑|編輯)\s*[:：]\s*\S.{0,30}")
_WRITER = re.compile(r"(?:글|취재|작성자?)\s*[:=·]?\s*([가-힣]{2,4}(?:\s*[·,]\s*[가-힣]{2,4})*)")
_PHOTO = (
    r"(?:Photos?|Photographs?|Images?|Pictures?|Videos?|Fotos?|Bild(?:er)?|Crédits?(?:\s+photos?)?|Фото|写真|사진)"
    r"(?:\s*(?:and|&|·)\s*(?:videos?|영상))?"
)
_SIGN = r"\s*(?:credits?|제공|출처)?\s*[=:：|]\s*"
_WORDED = r"\s*(?:(?:provided\s+)?by|from|courtesy(?:\s+of)?|credits?\s*[=:：]?)\s+"
_CREDIT = re.compile(rf"[(\[]?{_PHOTO}(?:{_SIGN}|{_WORDED})(.+?)[)\]]?", re.IGNORECASE)
_NO_PHOTO = r"(?:(?:Videos?|Footage|Film|Graphics?|Illustrations?)\b|동?영상|그래픽|삽화)"
_NEXT_KIND = re.compile(rf"\s*[,;/|·]\s*(?=(?:{_PHOTO}|{_NO_PHOTO})(?:{_SIGN}|{_WORDED}))", re.IGNORECASE)
_CREDIT_BARE = re.compile(
    r"(?:사진(?:\s?제공)?\s+((?!.*다\.?$).{2,20})|[©ⓒ]\s*((?!.*(?:\d{4}|rights|prohibit|무단)).{2,60}))"
)
_BOTH = re.compile(
    r"(?:(?:Text|Story|Article|Words|글)\s*(?:and|&|·|,|/)\s*(?:photos?|images?|pictures?|사진)"
    r"|Written\s+and\s+photographed)\s*(?:by|[=:：])?\s*(.+)",
    re.IGNORECASE,
)
_CREDIT_IN_CAPTION = re.compile(
    rf"(.{{0,5000}}?)(?:\s*[(\[]\s*{_PHOTO}(?:{_SIGN}|{_WORDED})([^()\[\]]{{2,100}})[)\]]\.?"
    rf"|(?:(?<=[.!?\"'”’)])\s+|\s+[/|]\s*){_PHOTO}{_SIGN}(.{{2,100}})"
    r"|\s*[(\[]\s*사진\s?제공\s+([^()\[\]]{2,40})[)\]]"
    r"|\s*[(\[]?[©ⓒ]\s*([^()\[\]]{2,60})[)\]]?|(?<=[.!?])\s*\(([^()\[\].]{2,40})\))",
    re.IGNORECASE,
)
_RELATED = re.compile(
    r"Related\s+(?:Contents?|Articles?|News|Stor(?:y|ies)|Links?|Posts?|Coverage|Reading)\s*:?"
    r"|Related\s+(?:topics?|tags)|More\s+(?:on\s+this\s+story|stories|news)|(?:Read|Up)\s+next|You\s+may\s+also\s+like"
    r"|Recommended(?:\s+(?:for\s+you|stories|reading))?|Mehr\s+zum\s+Thema|Verwandte\s+(?:Artikel|Themen)"
    r"|(?:À\s+)?Lire\s+aussi|Читайте\s+также|По\s+теме|関連(?:記事|リンク|ニュース)|相关(?:新闻|阅读)"
    r"|(?:관련|연관)\s*(?:기사|콘텐츠|컨텐츠|뉴스|자료|링크)\s*:?",
    re.IGNORECASE,
)
_COPYRIGHT = re.compile(
    r"(?:copyrights?\b.{0,40}(?:[©ⓒ]|\(c\)|\d{4}|reserved)|[©ⓒ]|\(c\)\s|저작권자).{0,200}"
    r"|.{0,120}(?:all\s+rights\s+reserved|무단\s*(?:전재|복제)).{0,80}",
    re.IGNORECASE,
)
_NAME_PARTS = re.compile(r"\s*(?:,|;|&|/|·|\b(?:and|und|et|och|og)\b)\s*", re.IGNORECASE)
_ROLE = re.compile(
    r"(?:(?:staff|intern|senior|contributing|guest)\s+)*(?:reporters?|writers?|editors?|correspondents?|contributors?)",
    re.IGNORECASE,
)
_PARTICLES = frozenset("al bin da de del della den der di dos du el from ibn la le ter van von y".split())
_LABEL_PARTS = re.compile(r"\s*\|\s*|\s+/\s+|,\s+(?=photos?\b)", re.IGNORECASE)
_BYLINE_START = re.compile(
    r"^(?:(?:written|posted|published|submitted|reported|words|text|story|article)\s+)?by\b\s*[:：]?\s*"
    r"|^(?:authors?|작성자|autor(?:in)?|автор|текст|文|作者|记者|撰文|كتبت?|بقلم|المؤلف)\s*[:：]\s*|^(?:von|par|por|di|door|av|af)\s+(?=[A-ZÀ-Ý])",
    re.IGNORECASE,
)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
_BYLINE_END = re.compile(
    rf"\s*(?:\bon\b|\bat\b|[|·•,–—-])?\s+(?:\w{{3,9}},?\s+)?"
    rf"(?:{_MONTH}\s+\d|\d{{1,2}}(?:st|nd|rd|th)?\s+{_MONTH}|\d{{1,2}}[/.]\d|\d{{4}}\s?[-./년]).*$|\s+[|•]\s.*$"
    r"|\s+[-–—·]\s+(?=.*\d).*$",
    re.IGNORECASE,
)
_ORNAMENTS = " *※▲▶■□●○◆◇-–—·\u3000"
_LONGEST_LABEL = 160


@dataclass(frozen=True, slots=True)
class Label:
    """What one line tells about the article; nothing at all for a copyright notice."""

    names: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    credit: str | None = None


def label_of(line: str) -> Label | None:
    """What a line says of author, photos or rights; None for a line of the article itself."""
    text = fold(line).strip(_ORNAMENTS)
    if not text or len(text) > _LONGEST_LABEL:
        return None
    if label := _single_label(text):
        return label
    parts = [_single_label(part) for part in _LABEL_PARTS.split(text)]
    told = [part for part in parts if part is not None]
    if len(told) < 2 or len(told) < len(parts):
        return None
    return Label(
        tuple(name for part in told for name in part.names),
        tuple(mail for part in told for mail in part.emails),
        next((part.credit for part in told if part.credit), None),
    )


def _single_label(text: str) -> Label | None:
    if signed := _SIGNED.fullmatch(text):
        return Label((signed[1],))
    if _EDITOR.fullmatch(text):
        return Label()
    if both := _BOTH.fullmatch(text):
        names = _korean_names(both[1]) or _names(both[1])
        return Label(names, credit=", ".join(names)) if names else None
    if credit := credit_of(text):
        return Label(credit=credit)
    emails = tuple(dict.fromkeys(EMAILS.findall(text)))
    rest = _AROUND_EMAILS.sub(" ", EMAILS.sub(" ", text)) if emails else text
    rest = fold(rest).strip(" ,;:/·|&=-")
    if emails and (not rest or re.fullmatch(r"[\s,;/·|&]*(?:and)?[\s,;/·|&]*", rest)):
        return Label(emails=emails)
    names = _byline_names(rest) or (_names(rest) if emails else ())
    if names:
        return Label(names, emails)
    return Label() if _COPYRIGHT.fullmatch(text) else None


def is_label(line: str) -> bool:
    """Whether a line is a byline, a credit, an e-mail or a copyright notice."""
    return label_of(line) is not None


def is_related_heading(line: str) -> bool:
    """Whether a line begins the list of other articles."""
    return _RELATED.fullmatch(fold(line).strip(_ORNAMENTS + "[]<>")) is not None


def _byline_names(text: str) -> tuple[str, ...]:
    """The names of "By Kim Nara and Lee Sol" or "서울 = 김나라 기자"; none for a sentence with "By"."""
    if names := _korean_names(text):
        return names
    match = _BYLINE.fullmatch(text)
    return _names(match[1]) if match and text[:1].isupper() else ()


def _korean_names(text: str) -> tuple[str, ...]:
    """The names of "김나라·이솔 기자", "김나라 기자, 이솔 기자" and "글 김나라"."""
    pieces = re.split(r"(?<=기자)\s*[,·/]?\s*", text.strip("()[] "))
    found = [_REPORTER.fullmatch(piece) or _WRITER.fullmatch(piece) for piece in pieces if piece]
    if not found or not all(found):
        return ()
    names = [name for match in found if match for name in re.split(r"\s*[·,]\s*", match[1])]
    return tuple(names) if all(re.fullmatch(r"[가-힣]{2,5}", name) for name in names) else ()


def _names(text: str) -> tuple[str, ...]:
    """The names in a list of nothing but names, without the trade behind or before them."""
    parts = [part.strip(" .|") for part in _NAME_PARTS.split(text)]
    names = [_without_role(part) for part in parts if part and not _ROLE.fullmatch(part)]
    is_list = all(len(name.split()) <= 10 and _is_name(name) for name in names)
    return tuple(names) if is_list and not text.endswith((".", "?", "!")) else ()


def _without_role(name: str) -> str:
    first = re.match(rf"{_ROLE.pattern}\s+(?=\S)", name, re.IGNORECASE)
    return name[first.end() :] if first else name


def _is_name(name: str) -> bool:
    words = [word for word in name.split() if word.casefold() not in _PARTICLES]
    capital = all(word[0].isupper() or not word[0].islower() or not word[0].isascii() for word in words)
    return bool(words) and capital and not any(char.isdigit() or char in '=:|<>@()[]{}"' for char in name)


def credit_of(line: str) -> str | None:
    """The credit of "Photos =Yonhap News", whatever the spaces and what else is credited beside."""
    line = fold(line).strip(_ORNAMENTS)
    if len(line) > _LONGEST_LABEL:
        return None
    if match := _CREDIT.fullmatch(_of_photos(line)):
        return None if line.endswith(".") and "=" not in line else match[1].strip() or None
    bare = _CREDIT_BARE.fullmatch(line)
    return str(bare[1] or bare[2]).strip() if bare else None


def _of_photos(line: str) -> str:
    """The part of "Photos = Yonhap News, Video = KTV" that is about photos; the first one if none is."""
    parts = _NEXT_KIND.split(line)
    return next((part for part in parts if not re.match(_NO_PHOTO, part, re.IGNORECASE)), parts[0])


def part_credit(caption: str | None) -> tuple[str | None, str | None]:
    """A caption without the credit at its end, and that credit: "A cloud. (Photo: Lee Sol)"."""
    if credit := credit_of(caption or ""):
        return None, credit
    match = _CREDIT_IN_CAPTION.fullmatch(fold(caption))
    if not match:
        return caption, None
    credit = _NEXT_KIND.split(next(filter(None, match.groups()[1:])))[0]
    return match[1].strip() or None, credit.strip()


def spelled(text: str | None) -> str:
    """What two copies of a caption share: letters and digits; spaces, quotes and points differ."""
    return "".join(filter(str.isalnum, fold_case(text)))


def share_credits(found: Sequence[tuple[str, int | None]]) -> tuple[dict[int, str], str | None]:
    """The credit of each photo that has its own, and that of all others.

    `found` holds each credit with the place of the photo that it stands right under. A single one is
    meant for the whole article.
    """
    if len({credit for credit, _ in found}) <= 1:
        return {}, found[0][0] if found else None
    own = {place: credit for credit, place in found if place is not None}
    return own, next((credit for credit, place in found if place is None), None)


def read_authors(lines: Iterable[str]) -> tuple[Author, ...]:
    """Authors with their e-mails, from the lines that tell them."""
    labels = [label for line in lines if (label := label_of(line))]
    names = (name for label in labels for name in label.names)
    emails = (mail for label in labels for mail in label.emails)
    return join_authors(dict.fromkeys(names), dict.fromkeys(emails))


def join_authors(names: Iterable[str], emails: Iterable[str]) -> tuple[Author, ...]:
    """Each name with its e-mail: the one that spells the name best, else the next one in order.

    An e-mail without any name makes an author named by its local part, so that it is not lost.
    """
    left, people = list(emails), list(names)
    owner: dict[str, str] = {}
    for spells in (_spells_whole, _spells_all, _spells_some):
        for name in people:
            match = next((mail for mail in left if spells(name, mail)), None)
            if match and name not in owner:
                owner[name] = match
                left.remove(match)
    for name in people:
        if name not in owner and left:
            owner[name] = left.pop(0)
    if not people:
        return tuple(Author(mail.partition("@")[0], mail) for mail in left)
    return tuple(Author(name, owner.get(name)) for name in people)


def _letters(text: str) -> str:
    return re.sub(r"[^a-z]", "", fold_case(text))


def _words(name: str) -> list[str]:
    return [letters for word in name.split() if (letters := _letters(word))]


def _local(mail: str) -> str:
    return _letters(mail.partition("@")[0])


def _spells_whole(name: str, mail: str) -> bool:
    """`kimnara` for Kim Nara."""
    return bool(_letters(name)) and _letters(name) in _local(mail)


def _spells_all(name: str, mail: str) -> bool:
    """`nara.kim` for Kim Nara."""
    return bool(_words(name)) and all(word in _local(mail) for word in _words(name))


def _spells_some(name: str, mail: str) -> bool:
    """`nara` for Kim Nara."""
    return any(len(word) > 2 and word in _local(mail) for word in _words(name))


def byline_authors(text: str | None, *, strict: bool = False) -> list[Author]:
    """The authors of a text that a page marks as its byline, in whatever form; none for an address.
    `strict` takes nothing but lines such as "Posted by Kim Nara on July 3, 2025".
    """
    told = fold(text)
    line = _BYLINE_START.sub("", _BYLINE_END.sub("", told)).strip(" ,|·:-–—")
    if not line or len(line) > _LONGEST_LABEL or "://" in line or (strict and told.startswith(line)):
        return []
    label = label_of(line) or label_of(f"By {line}")
    if label and (label.names or label.emails):
        return list(join_authors(dict.fromkeys(label.names), dict.fromkeys(label.emails)))
    return [Author(line)] if not strict and len(line.split()) <= 6 and not line.endswith(".") else []
