"""Where in the configuration a value stands, so that every complaint names its key in one line."""

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

MAX_SHOWN_KEY: Final = 40
"""A key longer than this is cut before it is repeated in a message."""

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


class ConfigError(Exception):
    """The configuration cannot be used. `str()` is one line: `key: what is wrong`; it never repeats a value."""

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(f"{key}: {problem}")
        self.key = key
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Where:
    """A dotted key, and what the values under it are read against.

    `folder` is what relative paths start from. `on_this_machine` says that everything configured here is reached
    over loopback, the one case in which a secret may be written into the file.
    """

    folder: Path
    key: str = ""
    on_this_machine: bool = False

    def at(self, name: str) -> "Where":
        """The place of `name` in the table that stands here."""
        return replace(self, key=f"{self.key}.{shown(name)}" if self.key else shown(name))

    def reached(self, on_this_machine: bool) -> "Where":
        """The same place, knowing whether everything in it is reached over loopback."""
        return replace(self, on_this_machine=on_this_machine)

    def error(self, problem: str) -> ConfigError:
        """The complaint about the value that stands here."""
        return ConfigError(self.key, problem)


def shown(name: str) -> str:
    """`name` as TOML would write it, printable and on one line, cut when it is long."""
    short = name if len(name) <= MAX_SHOWN_KEY else name[:MAX_SHOWN_KEY] + "…"
    return short if _BARE_KEY.fullmatch(name) and short is name else json.dumps(short)
