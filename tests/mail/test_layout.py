import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoice_mcp.mail import layout

NBSP = "\N{NO-BREAK SPACE}"
WORDS = st.text(st.sampled_from(["a", "Ж", "木", "é", "\u0301", "👩", "9", "-", ".", NBSP]), min_size=1, max_size=90)


@pytest.mark.parametrize(
    ("text", "width"),
    [("abc", 3), ("東京", 4), ("e\u0301", 1), ("🥐", 2), ("❤\ufe0f", 1), (f"€{NBSP}1", 3), ("", 0)],
)
def test_wide_characters_take_two_columns_and_combining_marks_none(text: str, width: int) -> None:
    assert layout.columns(text) == width


@settings(deadline=None, derandomize=True)
@given(words=st.lists(WORDS, max_size=12), width=st.integers(4, 76))
def test_wrapping_keeps_every_character_and_no_line_is_wider_than_asked(words: list[str], width: int) -> None:
    lines = layout.wrap(" ".join(words), width)

    assert all(layout.columns(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == "".join(words)


@settings(deadline=None, derandomize=True)
@given(words=st.lists(WORDS.filter(lambda word: layout.columns(word) <= 30), max_size=12))
def test_a_word_that_fits_is_never_broken(words: list[str]) -> None:
    assert " ".join(layout.wrap(" ".join(words), 30)).split(" ") == (words or [""])


def test_figures_and_numbers_with_hyphens_stay_whole() -> None:
    text = f"invoice 2026-0042 over €{NBSP}1.478,22 is due"

    assert layout.wrap(text, 20) == ["invoice 2026-0042", f"over €{NBSP}1.478,22 is", "due"]


def test_unbroken_words_stay_on_one_line_and_get_their_spaces_back() -> None:
    text = "payment by " + layout.unbroken("22 March 2026") + " please"

    assert layout.loosened("\n".join(layout.wrap(text, 16))) == "payment by\n22 March 2026\nplease"


def test_leading_spaces_are_kept_on_every_line_a_line_becomes() -> None:
    assert layout.wrap("  one two three\nfour", 9) == ["  one two", "  three", "four"]


def test_a_combining_mark_stays_with_its_letter_where_a_long_word_is_broken() -> None:
    assert layout.wrap("abe\u0301d", 3) == ["abe\u0301", "d"]


def test_facts_line_up_across_groups_and_leave_out_what_is_not_known() -> None:
    assert layout.facts([("Number", "7"), ("Date", "")], [("Account holder", "A\nB")]) == (
        "  Number          7\n\n  Account holder  A\n                  B"
    )


def test_totals_stand_at_the_right_edge_under_each_other() -> None:
    lines = layout.totals([("Total", "€1,000.00"), ("Paid", ""), ("VAT 21%", "€210.00")]).split("\n")

    assert [line.strip() for line in lines] == ["Total    €1,000.00", "VAT 21%    €210.00"]
    assert {len(line) for line in lines} == {layout.WIDTH}


def test_a_label_too_wide_for_the_page_wraps_and_its_figure_stands_beside_its_end() -> None:
    lines = layout.totals([("word " * 20, "€1.00")]).split("\n")

    assert len(lines) > 1
    assert [line.endswith("€1.00") for line in lines] == [False] * (len(lines) - 1) + [True]
    assert max(map(layout.columns, lines)) == layout.WIDTH


LAYOUT = [
    layout.Column("Item", "text"),
    layout.Column("Quantity", "figure"),
    layout.Column("Unit", "text"),
    layout.Column("Amount", "figure"),
]


def test_a_table_wraps_text_and_sets_figures_right() -> None:
    lines = layout.table(
        LAYOUT, [["croissant " * 9, "10", "carton", "€5.00"], ["パン", "1", "個", "€10,000.00"]]
    ).split("\n")

    assert lines[0].split() == ["Item", "Quantity", "Unit", "Amount"]
    assert lines[2].endswith(" 10  carton       €5.00")
    assert lines[-2].endswith("  1  個      €10,000.00")
    assert lines[1] == lines[-1] == "-" * layout.WIDTH
    assert {layout.columns(line) for line in (lines[0], lines[2], lines[-2])} == {layout.WIDTH}


def test_a_table_leaves_out_a_column_nobody_uses() -> None:
    assert "Unit" not in layout.table(LAYOUT, [["Bread", "1", "", "€1.00"]])


def test_a_table_of_nameless_things_still_has_its_columns() -> None:
    page = layout.table(LAYOUT, [["", "10", "", "€5.00"]])

    assert page.split("\n")[0].split() == ["Item", "Quantity", "Amount"]
    assert page.split("\n")[2].endswith("10   €5.00")


def test_a_table_whose_figures_need_the_page_becomes_a_list_that_keeps_them_whole() -> None:
    wide = "1,234,567,890,123,456.7890"
    page = layout.table(LAYOUT, [["Bread", wide, "kilogram of flour", f"KWD{NBSP}{wide}"]])

    assert f"  Quantity  {wide}" in page
    assert f"  Amount    KWD{NBSP}{wide}" in page
    assert "kilogram of flour" in page


def test_data_is_put_on_one_line_with_nothing_hidden() -> None:
    assert layout.one_line(" a\r\nBcc: x\t\u2028b\u202e\u200b \N{NO-BREAK SPACE} c\ud800 ") == "a Bcc: x b c"
    assert layout.lines_of("a \n\n \n b\r\nc") == ["a", "b", "c"]
