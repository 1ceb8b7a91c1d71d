"""A JPEG without what else its file tells: where it was taken, by whom, with what. Pure, and without loss."""

import re

_MARKER = re.compile(rb"\xff+([^\x00\xff])", re.DOTALL)
_AFTER_SCAN = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]", re.DOTALL)  # the others stand in a scan
_FIRST, _END, _SCAN, _COMMENT = b"\xff\xd8", b"\xd9", b"\xda", b"\xfe"
_APPLICATIONS = frozenset(bytes([number]) for number in range(0xE0, 0xF0))
# Of what applications write, that which says how the colours are meant.
_KEPT = {b"\xe0": b"JFIF\0", b"\xe2": b"ICC_PROFILE\0", b"\xee": b"Adobe"}


def bare(body: bytes) -> bytes | None:
    """The same picture, its pixels untouched, without EXIF, XMP, IPTC, comments, previews, and what follows
    its end; None where the file is not written as it should be (ITU-T T.81, annex B).
    """
    parts, at = [_FIRST], len(_FIRST)
    while body.startswith(_FIRST) and (found := _MARKER.match(body, at)):
        kind, start = found[1], found.end()
        if kind == _END:
            return b"".join([*parts, b"\xff", _END])
        length = int.from_bytes(body[start : start + 2])
        at = start + length
        if length < 2 or at > len(body):
            break
        if _is_kept(kind, body[start + 2 : at]):
            parts += [b"\xff", kind, body[start:at]]
        if kind == _SCAN:
            following = _AFTER_SCAN.search(body, at)
            if following is None:
                break
            parts.append(body[at : following.start()])
            at = following.start()
    return None


def _is_kept(kind: bytes, content: bytes) -> bool:
    if kind in _APPLICATIONS:
        return kind in _KEPT and content.startswith(_KEPT[kind])
    return kind != _COMMENT
