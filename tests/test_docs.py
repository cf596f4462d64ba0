"""The generated page says what the adapters say."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from invoice_mcp.backends import registry

ROOT = Path(__file__).resolve().parent.parent
GENERATOR = ROOT / "docs" / "generate.py"
VENDORS = [name for name in registry.ADAPTERS if name != "ledger"]


def test_the_page_is_as_the_adapters_have_it() -> None:
    done = subprocess.run([sys.executable, GENERATOR, "--check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", VENDORS)
def test_every_endpoint_has_tools_or_a_reason(name: str) -> None:
    coverage = import_module(f"{registry.ADAPTERS[name].package}.coverage").COVERAGE
    capabilities = registry.capabilities(name)
    endpoints = [*coverage.endpoints, *coverage.besides]
    assert capabilities is not None
    assert endpoints
    assert len({endpoint.request for endpoint in endpoints}) == len(endpoints)
    assert all(endpoint.note for endpoint in endpoints)
    assert all(endpoint.tools for endpoint in coverage.besides)
    able = {tool for tool in capabilities.tools if capabilities.can(tool)}
    assert {tool for endpoint in endpoints for tool in endpoint.tools} <= able
