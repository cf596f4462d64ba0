"""Squares as a picture, read by a library that has nothing to do with what wrote it."""

import io

from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from invoice_mcp.mail.png import SIDE, squares

ROWS = st.integers(1, 40).flatmap(
    lambda width: st.lists(st.binary(min_size=width, max_size=width), min_size=1, max_size=40)
)


@settings(deadline=None, derandomize=True, max_examples=25)
@given(rows=ROWS, margin=st.integers(0, 4))
def test_every_pixel_is_that_of_its_square(rows: list[bytes], margin: int) -> None:
    rows = [bytes(value & 1 for value in row) for row in rows]
    picture = Image.open(io.BytesIO(squares(rows, margin)))
    width, height = len(rows[0]) + 2 * margin, len(rows) + 2 * margin
    side = bytes(margin)
    expected = b"".join(
        bytes(0 if value else 255 for value in row for _ in range(SIDE)) * SIDE
        for row in [*[bytes(width)] * margin, *(side + row + side for row in rows), *[bytes(width)] * margin]
    )

    assert (picture.format, picture.mode, picture.size) == ("PNG", "1", (width * SIDE, height * SIDE))
    assert picture.convert("L").tobytes() == expected
