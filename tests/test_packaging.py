"""The package as a user gets it: few and bounded dependencies, its data inside, and a server that works."""

import os
import re
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
OPTIONAL = PROJECT["project"]["optional-dependencies"]
RUNTIME = [Requirement(line) for line in PROJECT["project"]["dependencies"]]
ENVIRONMENT = {
    name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "INVOICE_MCP_", "XDG_"))
}


def run(*command: str | Path) -> str:
    """The command's output, or what it said when it failed; nothing of this process's Python leaks into it."""
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_there_are_at_most_a_dozen_runtime_dependencies() -> None:
    assert len(RUNTIME) <= 12


@pytest.mark.parametrize(
    "requirement",
    [
        Requirement(line)
        for lines in (PROJECT["project"]["dependencies"], *OPTIONAL.values(), *PROJECT["dependency-groups"].values())
        for line in lines
    ],
    ids=lambda requirement: requirement.name,
)
def test_every_dependency_is_bounded_below_and_above(requirement: Requirement) -> None:
    assert {"<", ">="} == {specifier.operator for specifier in requirement.specifier}


def test_every_runtime_dependency_is_justified_and_no_other() -> None:
    document = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    table = document.partition("## At run time")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| `([\w-]+)` \| (.+) \|$", table, flags=re.MULTILINE))
    assert rows.keys() == {requirement.name for requirement in RUNTIME}
    assert all(len(reason.split()) >= 5 for reason in rows.values())


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The two distributions by suffix; the wheel is built from the sdist, as an index's users get it."""
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", out, ROOT)
    return {path.suffix: path for path in out.iterdir()}


@pytest.fixture(scope="module")
def installed(built: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command, in an environment that has never seen this repository."""
    home = tmp_path_factory.mktemp("fresh environment")
    venv.create(home, with_pip=True)
    run(home / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", built[".whl"])
    return home / "bin" / "invoice-mcp"


@pytest.mark.packaging
def test_the_wheel_carries_every_file_of_the_package(built: dict[str, Path]) -> None:
    source = ROOT / "src"
    files = {
        path.relative_to(source).as_posix()
        for path in (source / "invoice_mcp").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    with zipfile.ZipFile(built[".whl"]) as wheel:
        carried = {name for name in wheel.namelist() if name.startswith("invoice_mcp/")}
    assert carried == files
    assert any(name.endswith("/reference.toml") for name in carried)
    assert any("/templates/" in name for name in carried)


@pytest.mark.packaging
def test_the_source_distribution_can_be_tested_by_who_gets_it(built: dict[str, Path]) -> None:
    with tarfile.open(built[".gz"]) as archive:
        top_level = {name.split("/")[1] for name in archive.getnames() if "/" in name}
    assert {"src", "tests", "docs", "examples", "tool_schemas", "Makefile", "LICENSE", "README.md"} <= top_level
    assert not {".git", ".venv", ".ci"} & top_level


@pytest.mark.packaging
def test_the_installed_command_knows_its_version(installed: Path) -> None:
    import invoice_mcp

    assert invoice_mcp.__version__ in run(installed, "--version")


@pytest.mark.packaging
async def test_the_installed_server_answers_a_search_in_an_empty_home(installed: Path, tmp_path: Path) -> None:
    server = StdioServerParameters(command=str(installed), env={"HOME": str(tmp_path)}, cwd=tmp_path)
    async with Client(server, mode="legacy") as client:
        tools = [tool.name for tool in (await client.list_tools()).tools]
        assert len(tools) == 6
        result = await client.call_tool("search_invoices", {"status": ["unpaid"]})
        assert not result.is_error, result.content
        assert result.structured_content is not None
        assert result.structured_content["columns"][0] == "ref"


@pytest.mark.packaging
def test_the_installed_package_brings_nothing_of_the_development_group(installed: Path) -> None:
    listing = run(installed.parent / "python", "-m", "pip", "list", "--format=freeze", "--disable-pip-version-check")
    brought = {line.partition("==")[0].lower() for line in listing.splitlines()}
    assert {requirement.name for requirement in RUNTIME} <= brought
    sdk_brings = {"jsonschema"}
    assert not brought & {Requirement(line).name for line in PROJECT["dependency-groups"]["dev"]} - sdk_brings
