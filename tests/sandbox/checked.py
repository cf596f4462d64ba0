"""An application whose requests and replies are held against the vendor's own description, when it is at hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.sandbox.overheard import Heard, overheard
from tests.sandbox.vendor_file import VendorFile, vendor_file


def checked(app: Any) -> Any:
    """`app`, checked on its way in and out: what was refused may have been asked for wrongly."""
    described = vendor_file()
    return app if described is None else _guarded(app, described, requests=True)


def replies_checked(app: Any) -> Any:
    """`app`, checked on its way out: for tests that ask for what nobody should."""
    described = vendor_file()
    return app if described is None else _guarded(app, described, requests=False)


@contextmanager
def nothing_unfit() -> Iterator[None]:
    """Nothing unfit passed meanwhile. A client may have taken it for a lost answer, so it is asked for at the end."""
    described = vendor_file()
    before = 0 if described is None else len(described.unfit)
    yield
    assert described is None or described.unfit[before:] == []


def _guarded(app: Any, described: VendorFile, *, requests: bool) -> Any:
    def judge(heard: Heard) -> None:
        if requests and heard.status < 400:
            described.check_request(heard.method, heard.path, heard.asked)
        described.check_reply(heard.method, heard.path, heard.status, heard.media_type, heard.answered)

    return overheard(app, judge)
