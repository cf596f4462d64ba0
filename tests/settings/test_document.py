"""docs/configuration.md describes every key there is, and no other, with the default it has."""

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest

from invoice_mcp.settings import BACKENDS, AccountSettings, HttpSettings, MailSettings, Policy, Settings, parse_settings
from invoice_mcp.settings.business import SELLER_KEYS
from invoice_mcp.settings.tables import keys_of

DOCUMENT = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text("utf-8")

SECTIONS: dict[str, type[Any]] = {
    "Top level": Settings,
    "`[policy]`": Policy,
    "`[mail]`": MailSettings,
    "`[http]`": HttpSettings,
    "Every account": AccountSettings,
    **{f'`backend = "{name}"`': kind.options for name, kind in BACKENDS.items()},
}


def described(heading: str) -> dict[str, str]:
    """The keys of the table under `heading`, each with the default it is said to have."""
    section = re.split(r"^##", DOCUMENT.partition(f"# {heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
    return dict(re.findall(r"^\| `([a-z_]+)` \| (.+?) \| .+ \|$", section, flags=re.MULTILINE))


def written(default: object) -> str | None:
    """A default as the document writes it; None for one that depends on more than the key."""
    if default is None:
        return "-"
    if default == () or default == []:
        return "`[]`"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, (int, float)):
        return f"`{default:g}`"
    return f'`"{default}"`' if isinstance(default, str) else None


@pytest.mark.parametrize("heading", SECTIONS)
def test_a_section_describes_exactly_the_keys_of_its_table(heading: str) -> None:
    known = {*keys_of(SECTIONS[heading])}
    if heading == "Every account":
        known |= {"backend"}
    assert described(heading).keys() == known


@pytest.mark.parametrize("heading", SECTIONS)
def test_a_section_names_what_is_required_and_the_defaults(heading: str) -> None:
    table = described(heading)
    keyed = [field for field in dataclasses.fields(SECTIONS[heading]) if hasattr(field.type, "__metadata__")]
    for key, field in zip(keys_of(SECTIONS[heading]), keyed, strict=True):
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        by_backend = all(key in kind.defaults for kind in BACKENDS.values())
        assert (table[key] == "required") == (required and not by_backend), key
        said = None if key in {"currency", "base_url", "today"} else written(field.default)
        if said is not None and field.default is not dataclasses.MISSING:
            assert table[key] == said, key


def test_the_keys_of_the_seller_are_listed() -> None:
    listed = re.search(r"\| `seller` \|.*?`\{ (.+?) \}`", DOCUMENT)
    assert listed is not None
    assert listed[1].split(", ") == list(SELLER_KEYS)


def test_the_example_in_the_document_is_accepted(tmp_path: Path) -> None:
    blocks = re.findall(r"^```toml\n(.+?)^```", DOCUMENT, flags=re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        assert parse_settings(block, tmp_path).accounts
