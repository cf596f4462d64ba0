"""Documents as a browser shows and prints them: Chromium, headless, with the page as its only input."""

import re
import socket
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from invoice_mcp.domain.invoice import Invoice
from invoice_mcp.mail.documents import make_document

from . import examples
from .conftest import BROWSER, NO_BROWSER, scanned

pytestmark = pytest.mark.skipif(BROWSER is None, reason=NO_BROWSER)

INK = (23, 69, 92)
A4 = (595, 842)
"""Points, rounded."""


def page_in(folder: Path, invoice: Invoice) -> str:
    path = folder / "document.html"
    path.write_text(make_document(invoice, examples.SELLER).html, encoding="utf-8")
    return path.as_uri()


def browse(folder: Path, *what: str) -> None:
    quiet = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars")
    command = (str(BROWSER), *quiet, f"--user-data-dir={folder / 'profile'}", *what)
    subprocess.run(command, check=True, capture_output=True, timeout=240)


def printed(folder: Path, invoice: Invoice) -> list[tuple[int, int]]:
    """The sizes of the pages, in points."""
    pdf = folder / "document.pdf"
    browse(folder, "--no-pdf-header-footer", f"--print-to-pdf={pdf}", page_in(folder, invoice))
    boxes = re.findall(rb"/MediaBox \[0 0 ([0-9.]+) ([0-9.]+)\]", pdf.read_bytes())
    return [(round(float(width)), round(float(height))) for width, height in boxes]


def test_an_invoice_shows_on_one_sheet_can_be_paid_from_the_screen_and_fetches_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        beacon = f"http://127.0.0.1:{listener.getsockname()[1]}/seen"
        hostile = f'<img src="{beacon}"><script src="{beacon}"></script><style>@import "{beacon}";</style>'
        picture = tmp_path / "picture.png"
        size = ("--window-size=860,1260", "--force-device-scale-factor=2")
        page = page_in(tmp_path, replace(examples.INVOICE, note=hostile))
        browse(tmp_path, *size, f"--screenshot={picture}", page)
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
    seen = Image.open(picture).convert("RGB")

    assert seen.size == (1720, 2520)
    assert scanned(picture.read_bytes()).split("\n")[5:8] == ["Studio Noord", "NL91ABNA0417164300", "EUR1478.22"]
    colours = {colour: count for count, colour in seen.getcolors(1 << 24) or []}
    assert colours[(255, 255, 255)] > seen.width * seen.height / 2
    assert colours[INK] > 20_000, "the band with the amount due"


def test_an_invoice_prints_on_one_a4_page_and_a_long_one_on_more(tmp_path: Path) -> None:
    assert printed(tmp_path, examples.INVOICE) == [A4]
    long = printed(tmp_path, replace(examples.INVOICE, lines=examples.INVOICE.lines * 20))
    assert len(long) > 2
    assert set(long) == {A4}
