"""The worked example of docs/adding-a-backend.md is an adapter that passes, as it stands there."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "adding-a-backend.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^`(klad/\w+\.py)`: .*?^```python\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL))


def test_it_passes_the_contract_as_it_stands(tmp_path: Path) -> None:
    assert [*FILES] == ["klad/adapter.py", "klad/test_klad.py"]
    for name, text in {**FILES, "klad/__init__.py": ""}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "klad" / "conftest.py").write_text("from tests.backends.contract import desk\n", encoding="utf-8")
    settings = (
        "addopts=-p no:randomly -p no:cacheprovider",
        "asyncio_mode=auto",
        "asyncio_default_fixture_loop_scope=function",
        f"pythonpath={ROOT} {tmp_path}",
    )
    options = [part for each in settings for part in ("-o", each)]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-c",
            os.devnull,
            f"--rootdir={tmp_path}",
            "-q",
            "-W",
            "error",
            *options,
            "klad",
        ],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) >= 16


def test_it_says_how_long_it_is() -> None:
    """The lines that are counted have something on them."""
    [said] = re.findall(r"The adapter has (\d+) lines, the double and its office (\d+)\.", PAGE)
    counted = tuple(sum(bool(line.strip()) for line in text.splitlines()) for text in FILES.values())
    assert tuple(map(int, said)) == counted
