import logging
import sys

import pytest

from invoice_mcp.server.logs import MaskedFormatter, log_to_stderr

SECRET = "sk-do-not-tell"


def logged(error: BaseException) -> str:
    try:
        raise error
    except BaseException:
        record = logging.LogRecord("a.logger", logging.ERROR, __file__, 1, "it %s", ("failed",), sys.exc_info())
        return MaskedFormatter().format(record)


def with_cause() -> Exception:
    error = ValueError(SECRET)
    error.__cause__ = KeyError(SECRET)
    return error


def with_context() -> Exception:
    error = ValueError(SECRET)
    error.__context__ = KeyError(SECRET)
    return error


@pytest.mark.parametrize(
    ("error", "types"),
    [
        (ValueError(SECRET), ["builtins.ValueError"]),
        (with_cause(), ["builtins.KeyError", "builtins.ValueError"]),
        (with_context(), ["builtins.KeyError", "builtins.ValueError"]),
        (ExceptionGroup(SECRET, [KeyError(SECRET)]), ["builtins.ExceptionGroup", "builtins.KeyError"]),
    ],
)
def test_an_exception_is_logged_by_type_and_place_and_never_by_text(error, types):
    text = logged(error)
    assert SECRET not in text
    assert text.startswith("ERROR a.logger: it failed\n")
    assert "test_logs.py" in text
    positions = [text.index(name) for name in types]
    assert positions == sorted(positions)


def test_the_text_that_another_handler_has_left_is_not_used():
    record = logging.LogRecord("a", logging.ERROR, __file__, 1, "x", (), (ValueError, ValueError(SECRET), None))
    logging.Formatter().format(record)
    assert SECRET not in MaskedFormatter().format(record)


def test_a_suppressed_context_stays_out_of_the_log():
    error = with_context()
    error.__suppress_context__ = True
    assert "KeyError" not in logged(error)


def test_logging_goes_to_stderr_from_warnings_up(capsys):
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        log_to_stderr()
        logging.getLogger("any").info("not this")
        logging.getLogger("any").warning("but this")
        out, err = capsys.readouterr()
        assert (out, err) == ("", "WARNING any: but this\n")
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
