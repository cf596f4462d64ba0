"""The page about the sandboxes says what is there, and its examples work."""

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import pytest

from invoice_mcp.sandbox import faults
from invoice_mcp.sandbox.moneybird.switches import Switches as MoneybirdSwitches
from invoice_mcp.sandbox.next_project.switches import Switches as NextSwitches
from invoice_mcp.sandbox.productive.switches import Switches as ProductiveSwitches
from invoice_mcp.sandbox.tribe.switches import Switches as TribeSwitches
from invoice_mcp.sandbox.ysuite.switches import Switches as YSuiteSwitches

PAGE = (Path(__file__).parents[2] / "docs" / "testing-with-sandboxes.md").read_text(encoding="utf-8")
SWITCHES: dict[str, type] = {
    "Moneybird": MoneybirdSwitches,
    "Next": NextSwitches,
    "Productive": ProductiveSwitches,
    "Tribe CRM": TribeSwitches,
    "YSuite": YSuiteSwitches,
}
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)


def test_every_fault_is_in_the_table_under_its_name() -> None:
    rows = dict(re.findall(r"^\| ([a-z0-9_]+) \| `(\w+)", PAGE, flags=re.MULTILINE))
    assert list(rows) == [fault.name for fault in faults.FAULTS]
    for name, written in rows.items():
        thing = getattr(faults, written)
        made = thing if isinstance(thing, faults.Fault) else thing("1")
        assert made.name == name


@pytest.mark.parametrize("vendor", SWITCHES)
def test_every_switch_is_in_the_table(vendor: str) -> None:
    section = PAGE.partition(f"\n## {vendor}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|", section, flags=re.MULTILINE)
    assert rows == [field.name for field in dataclasses.fields(SWITCHES[vendor])]


@pytest.mark.parametrize("code", EXAMPLES, ids=range(len(EXAMPLES)))
def test_the_examples_run_as_they_stand(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
