"""Text as people see it: nothing hidden goes in, nothing hidden comes out, and keys to search and sort by.

Refused in requests and dropped from what others hold: control characters but the newline, format characters
(bidi controls, zero-width ones, soft hyphens), tag characters, surrogates, line and paragraph separators, fillers,
noncharacters, and variation selectors. A zero-width joiner and variation selector 16 stay inside emoji, nowhere
else. That costs Persian and Indic text its optional joiners, kanji their registered glyph variants, and the flags
of Scotland and its like their tags; each stays readable without, and nothing can hide in what is not there.
"""

import re
import unicodedata
from typing import Final

ELLIPSIS: Final = "…"
"""Ends a text that was cut."""

_BLANKS: Final = (
    "\t\n\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
)

_NONCHARACTERS: Final = "\ufdd0-\ufdef" + "".join(
    chr(plane + 0xFFFE) + chr(plane + 0xFFFF) for plane in range(0, 0x110000, 0x10000)
)
_HIDDEN: Final = (
    "\x00-\x09\x0b-\x1f\x7f-\x9f"  # controls, without the newline
    "\xad\u034f\u061c\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\ufffb"  # format, separators
    "\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"  # signs that enclose a number, format by category
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # hieroglyphs, shorthand, musical notation
    "\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"  # letters and a symbol that are drawn as nothing
    "\ud800-\udfff"  # surrogates
    "\ufe00-\ufe0f\U000e0000-\U000e0fff"  # variation selectors, tags
) + _NONCHARACTERS
# Whole blocks rather than the emoji table of one Unicode version: a joiner after an arrow hides nothing.
_PICTURE: Final = (
    "[©®‼⁉™ℹ\u2190-\u21ff\u2300-\u23ffⓂ\u25a0-\u27bf\u2934\u2935\u2b00-\u2bff〰〽㊗㊙\U0001f000-\U0001faff]"
)
_EMOJI_OR_HIDDEN = re.compile(f"([0-9#*]\ufe0f\u20e3|{_PICTURE}\ufe0f?(?:\u200d{_PICTURE}\ufe0f?)*)|[{_HIDDEN}]")
_LINE_BREAK = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")

# Canonical combining classes of accents, points and overlays. Those of kana voicing, nukta, virama and the South-East
# Asian vowels and tones are left out: without these marks the words would be others.
_ACCENTS: Final = frozenset({1, *range(10, 37), *range(200, 241)})
# Letters that Unicode does not take apart, and punctuation that keyboards vary.
_LOOK_ALIKES: Final = str.maketrans(
    {
        "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ł": "l", "ŧ": "t", "þ": "th",
        "‘": "'", "’": "'", "ʼ": "'", "‐": "-", "–": "-", "—": "-",
    }
)  # fmt: skip
_RUN = re.compile(r"[0-9]+|[^\W0-9_]+")


def check_text(value: str, max_length: int) -> str:
    """`value` as a request may say it: without surrounding blanks, in NFC, with `\\r\\n` as a newline.

    Args:
        max_length: in code points, after normalisation.

    Raises:
        ValueError: a hidden character, nothing but blanks, or too long. The message never repeats the text.
    """
    text = value.replace("\r\n", "\n").strip(_BLANKS)
    if not _is_plain(text):
        hidden = next((match for match in _EMOJI_OR_HIDDEN.finditer(text) if match[1] is None), None)
        if hidden is not None:
            code = f"U+{ord(hidden[0]):04X}"
            raise ValueError(
                f"character {hidden.start() + 1} is a control or invisible character ({code}); leave it out"
            )
        text = unicodedata.normalize("NFC", text)
    if not text:
        raise ValueError("the text is empty")
    if len(text) > max_length:
        raise ValueError(f"the text has {len(text)} characters; at most {max_length} are taken")
    return text


def clean_text(value: str, max_length: int) -> str:
    """`value` as others hold it, made fit to show; may be empty. Apply it last, after every decoding.

    Hidden characters are dropped, other line breaks become newlines, a tab a blank; then NFC, and a cut that ends in
    `…`. Cleaning what was cleaned changes nothing.

    Args:
        max_length: in code points, the `…` included.
    """
    text = value.strip(_BLANKS)
    if not _is_plain(text):
        text = unicodedata.normalize("NFC", _seen(text)).strip(_BLANKS)
    if len(text) <= max_length:
        return text
    return _seen(text[: max_length - 1]).rstrip(_BLANKS) + ELLIPSIS  # a cut inside an emoji leaves a joiner behind


def fold(value: str) -> str:
    """The key by which names are searched and sorted: without case, accents, width and repeated blanks.

    `Ærøskøbing`, `AEROSKOBING` and `ærøskøbing ` agree, as do `Straße` and `STRASSE`, `İzmir` and `izmir`.
    """
    if _is_plain(value):
        return " ".join(value.casefold().split())
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", _seen(value)).casefold())
    bare = "".join(character for character in plain if unicodedata.combining(character) not in _ACCENTS)
    return " ".join(unicodedata.normalize("NFC", bare.translate(_LOOK_ALIKES)).split())


def number_key(value: str) -> str:
    """The key by which invoice numbers match loosely: no case, no separators, no leading zeros in a run of digits.

    `2026-0007`, `2026/7` and `2026 07` agree. Runs of digits stay apart: `1-23` and `12-3` do not agree.
    """
    folded = fold(value)
    key = ""
    for run in _RUN.findall(folded):
        if run[0] in "0123456789":
            key += ("." if key[-1:].isdecimal() else "") + (run.lstrip("0") or "0")
        else:
            key += run
    return key or folded


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _seen(text: str) -> str:
    return _EMOJI_OR_HIDDEN.sub(r"\1", _LINE_BREAK.sub("\n", text).replace("\t", " "))
