import ast
import inspect
import subprocess
import sys
from pathlib import Path

from mcp.server import lowlevel

import invoice_mcp.server

from .toy_server import build

PACKAGE = Path(invoice_mcp.server.__file__).parent


def private_names(path: Path) -> set[str]:
    """Names with a leading underscore that a module takes from elsewhere."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
            own = isinstance(node.value, ast.Name) and node.value.id == "self"
            names |= set() if own else {node.attr}
        if isinstance(node, ast.ImportFrom) and not (node.module or "").startswith("invoice_mcp"):
            parts = {part for alias in node.names for part in (*(node.module or "").split("."), alias.name)}
            names |= {part for part in parts if part.startswith("_") and part != "__future__"}
    return names


def test_the_transport_alone_uses_a_private_name_of_the_sdk_and_only_one():
    used = {path.name: names for path in PACKAGE.glob("*.py") if (names := private_names(path))}
    assert used == {"session.py": {"_lowlevel_server"}}


def test_the_sdk_still_has_what_the_transport_relies_on():
    protocol = build()._lowlevel_server
    assert isinstance(protocol, lowlevel.Server)
    assert list(inspect.signature(protocol.run).parameters)[:3] == [
        "read_stream",
        "write_stream",
        "initialization_options",
    ]
    assert protocol.create_initialization_options().server_name == "invoice-mcp"


def loaded_by(imports: str) -> set[str]:
    program = f"import sys, {imports}; print(*sys.modules)"
    return set(
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    )


def test_stdin_stdout_and_signals_can_be_taken_over_before_the_sdk_is_imported():
    assert not {"mcp", "mcp_types", "anyio", "pydantic"} & loaded_by("invoice_mcp.server.stdio")


def test_nothing_heavy_is_imported_to_serve():
    loaded = loaded_by("invoice_mcp.server.session, invoice_mcp.server.instructions")
    assert "mcp.server.mcpserver" in loaded
    assert not {"httpx", "apsw", "jinja2", "babel", "aiosmtplib", "segno", "rich"} & loaded
    ours = {f"invoice_mcp.{name}" for name in ("tools", "domain", "service", "settings", "storage", "writes")}
    assert not ours & loaded
