"""Rich text of Productive's: notes and descriptions can be HTML, and mails are. Pure."""

import html
import re
from typing import Final

_BREAK: Final = re.compile(r"<br\s*/?>|</(?:p|div|li|tr|h[1-6])\s*>", re.IGNORECASE)
_TAG: Final = re.compile(r"</?[A-Za-z][^<>]*>|<!--.*?-->", re.DOTALL)
_BLANK_LINES: Final = re.compile(r"\n{3,}")


def plain(text: str) -> str:
    """`text` without markup: blocks become lines, entities their characters."""
    if "<" not in text and "&" not in text:
        return text
    bare = html.unescape(_TAG.sub("", _BREAK.sub("\n", text)))
    return _BLANK_LINES.sub("\n\n", bare).strip()


def is_plain(text: str) -> bool:
    """Whether `text` means itself where markup is understood."""
    return plain(text) == text


def preformatted(text: str) -> str:
    """`text` as HTML in which every blank and line stays where it is."""
    return f"<pre>{html.escape(text, quote=False)}</pre>"
