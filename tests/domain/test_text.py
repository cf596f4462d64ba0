"""Nothing hidden passes, nothing that people read is lost, and keys agree where people would say "the same"."""

import html
import json
import unicodedata
import urllib.parse

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoice_mcp.domain.text import check_text, clean_text, fold, number_key

# Default_Ignorable_Code_Point of Unicode beyond the format characters, written out as an oracle of its own.
IGNORABLE = {
    0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), 0x2065, 0x3164, *range(0xFE00, 0xFE10), 0xFFA0,
    *range(0xFFF0, 0xFFF9), *range(0xE0000, 0xE1000),
}  # fmt: skip
LATER_FORMAT = set(range(0x13430, 0x13440))
NONCHARACTERS = {
    *range(0xFDD0, 0xFDF0),
    *(plane + low for plane in range(0, 0x110000, 0x10000) for low in (0xFFFE, 0xFFFF)),
}
BLANK_SYMBOL = {0x2800}
UNSEEN = IGNORABLE | LATER_FORMAT | NONCHARACTERS | BLANK_SYMBOL


def is_hidden(code: int) -> bool:
    character = chr(code)
    if character == "\n":
        return False
    return code in UNSEEN or unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest.fixture(scope="module")
def hidden() -> list[str]:
    return [chr(code) for code in range(0x110000) if is_hidden(code)]


@pytest.fixture(scope="module")
def shown(hidden: list[str]) -> list[str]:
    return sorted(set(map(chr, range(0x110000))) - set(hidden))


BREAKS = "\t\r\x0b\x0c\x85\u2028\u2029"


def test_every_hidden_code_point_is_refused_in_a_request_at_any_place(hidden: list[str]) -> None:
    accepted = []
    for character in hidden:
        for text in (f"a{character}b", f"{character}\u00e9", f"a{character}"):
            if character in "\t\r" and text != f"a{character}b":
                continue  # blanks around a text are stripped
            try:
                check_text(text, 10)
            except ValueError:
                continue
            accepted.append((hex(ord(character)), text))
    assert accepted == []


def test_every_hidden_code_point_is_dropped_from_what_others_hold(hidden: list[str]) -> None:
    kept = [hex(ord(c)) for c in hidden if c not in BREAKS and clean_text(f"a{c}b", 10) != "ab"]
    assert kept == []
    assert {clean_text(f"a{c}b", 10) for c in BREAKS} == {"a\nb", "a b"}
    assert clean_text("a\tb", 10) == "a b"


def test_every_other_code_point_is_taken_as_it_is_but_for_nfc(shown: list[str]) -> None:
    for start in range(0, len(shown), 5000):
        text = "a" + "|".join(shown[start : start + 5000]) + "|"
        normalised = unicodedata.normalize("NFC", text)
        assert check_text(text, 40_000) == normalised
        assert clean_text(text, 40_000) == normalised


ZWJ, ZWNJ, VS15, VS16 = "\u200d", "\u200c", "\ufe0e", "\ufe0f"
SCOTLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"

KEPT = {
    "family": f"\U0001f468{ZWJ}\U0001f469{ZWJ}\U0001f467{ZWJ}\U0001f466",
    "woman technologist": f"\U0001f469{ZWJ}\U0001f4bb",
    "technologist with a skin tone": f"\U0001f469\U0001f3fd{ZWJ}\U0001f4bb",
    "handshake of two skin tones": f"\U0001faf1\U0001f3fb{ZWJ}\U0001faf2\U0001f3ff",
    "kiss": f"\U0001f469{ZWJ}\u2764{VS16}{ZWJ}\U0001f48b{ZWJ}\U0001f468",
    "heart on fire": f"\u2764{VS16}{ZWJ}\U0001f525",
    "health worker": f"\U0001f9d1{ZWJ}\u2695{VS16}",
    "woman running to the right": f"\U0001f3c3{ZWJ}\u2640{VS16}{ZWJ}\u27a1{VS16}",
    "rainbow flag": f"\U0001f3f3{VS16}{ZWJ}\U0001f308",
    "transgender flag": f"\U0001f3f3{VS16}{ZWJ}\u26a7{VS16}",
    "polar bear": f"\U0001f43b{ZWJ}\u2744{VS16}",
    "black cat": f"\U0001f408{ZWJ}\u2b1b",
    "head shaking": f"\U0001f642{ZWJ}\u2194{VS16}",
    "eye in a speech bubble": f"\U0001f441{VS16}{ZWJ}\U0001f5e8{VS16}",
    "flag of the Netherlands": "\U0001f1f3\U0001f1f1",
    "two flags": "\U0001f1f3\U0001f1f1\U0001f1e7\U0001f1ea",
    "keycap one": f"1{VS16}\u20e3",
    "keycap hash": f"#{VS16}\u20e3",
    "keycap without selector": "1\u20e3",
    "red heart": f"\u2764{VS16}",
    "heart as text": "\u2764",
    "telephone": f"\u260e{VS16} 020",
    "registered sign as emoji": f"\u00ae{VS16}",
    "double exclamation": f"\u203c{VS16}",
    "information": f"\u2139{VS16}",
    "part alternation mark": f"\u303d{VS16}",
    "congratulations": f"\u3297{VS16}",
    "play button": f"\u25b6{VS16}",
    "emoji newer than this Python": "\U0001fae8",
    "emoji beside words": "Paid \u2705 on time \U0001f44d\U0001f3ff!",
    "Arabic": "\u0634\u0631\u0643\u0629 \u0627\u0644\u0646\u0648\u0631",
    "Arabic with vowels": "\u0645\u064f\u062d\u064e\u0645\u064e\u0651\u062f",
    "Hebrew with points": "\u05e9\u05b8\u05c1\u05dc\u05d5\u05b9\u05dd",
    "Hebrew beside digits": "\u05d7\u05e9\u05d1\u05d5\u05e0\u05d9\u05ea 2026-0007",
    "Thai": "\u0e1a\u0e23\u0e34\u0e29\u0e31\u0e17 \u0e19\u0e49\u0e33",
    "Devanagari": "\u0915\u094d\u0937\u093f",
    "Tamil": "\u0ba8\u0bbf\u0bb1\u0bc1\u0bb5\u0ba9\u0bae\u0bcd",
    "Korean": "\ud55c\uad6d \u3131",
    "Japanese": "\u845b\u57ce\u5546\u4e8b \u30ac\u30b9",
    "Chinese beyond the first plane": "\U00020bb7\u91ce\u5bb6",
    "Vietnamese": "Vi\u1ec7t Nam",
    "two lines": "Kade 1\nGroningen",
    "no-break space": "1\u00a0000",
    "bidi left to the letters": "ABC \u05d0\u05d1\u05d2 123",
}  # fmt: skip

CHANGED = {
    "flag of Scotland loses its tags": (SCOTLAND, "\U0001f3f4"),
    "tags spell an instruction": ("ok\U000e0069\U000e0067\U000e006e\U000e006f\U000e0072\U000e0065", "ok"),
    "bytes smuggled in selectors": ("\U0001f600" + "".join(map(chr, range(0xE0148, 0xE0160))), "\U0001f600"),
    "bytes smuggled in the first selectors": ("\U0001f600\ufe00\ufe01\ufe0f\ufe0f", "\U0001f600"),
    "two selectors": (f"\u2764{VS16}{VS16}", f"\u2764{VS16}"),
    "text style": (f"\u2764{VS15}", "\u2764"),
    "selector after a letter": (f"a{VS16}b", "ab"),
    "selector first": (f"{VS16}a", "a"),
    "selector after a digit that is no keycap": (f"1{VS16}2", "12"),
    "joiner between letters": (f"a{ZWJ}b", "ab"),
    "joiner after an emoji": (f"\U0001f469{ZWJ}", "\U0001f469"),
    "joiner before an emoji": (f"a{ZWJ}\U0001f469", "a\U0001f469"),
    "two joiners": (f"\U0001f469{ZWJ}{ZWJ}\U0001f4bb", "\U0001f469\U0001f4bb"),
    "joiner split by a hidden one": (f"\U0001f469\u200b{ZWJ}\U0001f4bb", "\U0001f469\U0001f4bb"),
    "non-joiner between emoji": (f"\U0001f469{ZWNJ}\U0001f4bb", "\U0001f469\U0001f4bb"),
    "Persian non-joiner": ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647", "\u0645\u06cc\u062e\u0648\u0627\u0647"),
    "Devanagari joiner": ("\u0930\u094d\u200d\u092f", "\u0930\u094d\u092f"),
    "Malayalam chillu by a joiner": ("\u0d28\u0d4d\u200d", "\u0d28\u0d4d"),
    "Japanese glyph variant": ("\u845b\U000e0100\u57ce", "\u845b\u57ce"),
    "Mongolian selector": ("\u1820\u180b\u1821", "\u1820\u1821"),
    "override": ("invoice\u202efdp.exe", "invoicefdp.exe"),
    "isolates": ("\u2066Acme\u2069", "Acme"),
    "embedding in Hebrew": ("\u202b\u05d0\u05d1\u202c", "\u05d0\u05d1"),
    "byte order mark": ("\ufeffAcme", "Acme"),
    "soft hyphen": ("Rech\u00adnung", "Rechnung"),
    "zero-width space": ("Ac\u200bme", "Acme"),
    "Hangul filler as a name": ("a\u3164", "a"),
    "escape sequence": ("a\x1b[31mb", "a[31mb"),
    "null": ("a\x00b", "ab"),
    "lone surrogate": ("a\ud83db", "ab"),
    "mark freed by what is dropped": ("e\u200b\u0301", "\u00e9"),
}  # fmt: skip


@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT.keys())
def test_what_people_read_is_kept(text: str) -> None:
    normalised = unicodedata.normalize("NFC", text)
    assert check_text(text, 100) == normalised
    assert clean_text(text, 100) == normalised


@pytest.mark.parametrize(("text", "cleaned"), CHANGED.values(), ids=CHANGED.keys())
def test_what_hides_is_refused_in_requests_and_dropped_elsewhere(text: str, cleaned: str) -> None:
    with pytest.raises(ValueError, match="leave it out"):
        check_text(text, 100)
    assert clean_text(text, 100) == cleaned


def test_a_refusal_names_place_and_code_point_and_never_the_text() -> None:
    with pytest.raises(ValueError, match=r"^character 7 .*\(U\+202E\)") as refusal:
        check_text("secret\u202eterces", 100)
    assert "secret" not in str(refusal.value)
    with pytest.raises(ValueError, match="11 characters; at most 10") as refusal:
        check_text("secretsauce", 10)
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("text", ["", " ", "\n\t ", "\u00a0\u3000"])
def test_blanks_alone_are_no_text_in_a_request_and_nothing_elsewhere(text: str) -> None:
    with pytest.raises(ValueError, match="empty"):
        check_text(text, 10)
    assert clean_text(text, 10) == ""


def test_requests_lose_surrounding_blanks_and_carriage_returns() -> None:
    assert check_text(" \tAcme\r\nBV \n", 10) == "Acme\nBV"


def test_length_is_counted_after_normalising() -> None:
    assert check_text("e\u0301" * 10, 10) == "\u00e9" * 10
    with pytest.raises(ValueError, match="at most 10"):
        check_text("\u00e9" * 11, 10)


def test_a_long_text_is_cut_with_an_ellipsis_inside_the_limit() -> None:
    assert clean_text("a" * 10, 10) == "a" * 10
    assert clean_text("a" * 11, 10) == "a" * 9 + "…"
    assert clean_text("word " * 4, 11) == "word word…"
    assert clean_text("abc" + KEPT["family"], 6) == "abc\U0001f468…"
    assert clean_text("abcd" + KEPT["keycap one"] + "x", 7) == "abcd1…"


HOSTILE = st.text(
    st.one_of(
        st.characters(),
        st.characters(categories=["Cs", "Cf", "Cc", "Mn"]),
        st.sampled_from(
            f"1#*a \n\r\t{ZWJ}{ZWNJ}{VS15}{VS16}\u20e3\u2764\U0001f469\U0001f4bb\U0001f3fd\u2028\u0301\u1100\u1161"
        ),
    ),
    max_size=40,
)


@given(HOSTILE, st.integers(1, 45))
@settings(deadline=None, derandomize=True, max_examples=200)
def test_cleaning_is_idempotent_normalised_within_its_limit_and_fit_for_a_request(text: str, limit: int) -> None:
    cleaned = clean_text(text, limit)
    assert clean_text(cleaned, limit) == cleaned
    assert unicodedata.is_normalized("NFC", cleaned)
    assert len(cleaned) <= limit
    if cleaned:
        assert check_text(cleaned, limit) == cleaned


@pytest.mark.parametrize(
    ("wire", "decode"),
    [
        ('"A\\u202eB"', json.loads),
        ("A&#8238;B", html.unescape),
        ("A&#x202E;B", html.unescape),
        ("A%E2%80%AEB", urllib.parse.unquote),
    ],
    ids=["json", "decimal entity", "hexadecimal entity", "percent"],
)
def test_cleaning_comes_after_decoding(wire: str, decode) -> None:
    assert clean_text(decode(wire), 20) == "AB"
    assert "\u202e" in decode(clean_text(wire, 20)), "the other order would let it through"


def test_an_escaped_surrogate_pair_is_one_character_once_decoded() -> None:
    assert clean_text(json.loads('"\\ud83d\\ude00"'), 20) == "\U0001f600"


@pytest.mark.parametrize(
    "names",
    [
        ("Straße", "STRASSE", "strasse"),
        ("İzmir", "izmir", "IZMIR", "ızmır"),
        ("Ærøskøbing", "AEROSKOBING"),
        ("Łódź", "lodz"),
        ("Việt Nam", "viet  nam", "VIET NAM\n"),
        ("Café", "Cafe\u0301", "CAFE"),
        ("ΟΔΟΣ", "οδος"),
        ("Ｆｕｌｌ", "full"),
        ("ﬁn", "fin"),
        ("Acme™", "ACMETM"),
        ("O’Brien", "O'Brien"),
        ("Smith–Jones", "Smith-Jones"),
        ("Ac\u200bme", "acme"),
        ("Acme\tBV", "acme bv"),
        ("ｶﾞｽ", "ガス"),
    ],
    ids=lambda names: names[0],
)
def test_names_that_people_call_the_same_fold_alike(names: tuple[str, ...]) -> None:
    assert len({fold(name) for name in names}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [("ガス", "カス"), ("น้ำ", "นำ"), ("ปู", "ป"), ("क्ष", "कष"), ("한국", "하구"), ("Acme", "Acm")],
)
def test_marks_that_make_another_word_are_kept_in_the_key(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@given(HOSTILE)
@settings(deadline=None, derandomize=True, max_examples=200)
def test_folding_is_idempotent_and_blind_to_case_and_form(text: str) -> None:
    key = fold(text)
    assert fold(key) == key
    assert fold(unicodedata.normalize("NFD", text)) == key
    assert fold(f"  {text}\n") == key


@pytest.mark.parametrize(
    "numbers",
    [
        ("2026-0007", "2026/7", "2026 07", "2026.007", "2026_7", "２０２６-０７"),
        ("F-2026-0007", "f2026/7", "F 2026 7"),
        ("INV-A-1", "inva1", "INV/A/01"),
        ("0", "000"),
    ],
    ids=lambda numbers: numbers[0],
)
def test_numbers_that_differ_in_separators_and_zeros_have_one_key(numbers: tuple[str, ...]) -> None:
    assert len({number_key(number) for number in numbers}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [("1-23", "12-3"), ("1-23", "123"), ("2026-70", "2026-7"), ("A1", "1A"), ("10", "1"), ("-", "/"), ("1-0-1", "1-1")],
)
def test_numbers_with_other_digits_or_boundaries_have_other_keys(one: str, other: str) -> None:
    assert number_key(one) != number_key(other)


@given(st.lists(st.integers(0, 99999), min_size=1, max_size=4), st.sampled_from("-/. _"), st.integers(0, 4))
@settings(deadline=None, derandomize=True)
def test_a_number_key_depends_on_the_runs_of_digits_alone(runs: list[int], separator: str, zeros: int) -> None:
    plain = "-".join(str(run) for run in runs)
    varied = separator.join(f"{run:0{zeros + 1}d}" for run in runs)
    assert number_key(varied) == number_key(plain)
    assert number_key(plain).split(".") == [str(run) for run in runs]
