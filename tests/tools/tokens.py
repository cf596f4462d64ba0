"""Tokens of a text as o200k counts them, where Node and the npm package `gpt-tokenizer` are at hand.

`make tokens` puts the package under `.cache/node`. Without it there is no honest count to be had offline, so the tests
that need one are skipped and say so, and a budget of bytes stands in for them.
"""

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

VOCABULARY: Final = (
    Path(__file__).resolve().parents[2] / ".cache/node/node_modules/gpt-tokenizer/esm/encoding/o200k_base.js"
)
NODE: Final = shutil.which("node")

needs_tokenizer = pytest.mark.skipif(
    NODE is None or not VOCABULARY.exists(),
    reason="o200k tokens are not counted (node, and make tokens); the budget of bytes stands in",
)

_COUNT: Final = """
import { readFileSync } from "node:fs";
const { countTokens } = await import(process.argv[1]);
const texts = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(texts.map((text) => countTokens(text))));
"""


def count_tokens(texts: Sequence[str]) -> list[int]:
    """Tokens of each text, all in one run of Node."""
    assert NODE is not None
    done = subprocess.run(
        [NODE, "--input-type=module", "--eval", _COUNT, VOCABULARY.as_uri()],
        input=json.dumps(list(texts)),
        capture_output=True,
        check=True,
        encoding="utf-8",
        timeout=60,
    )
    counts: list[int] = json.loads(done.stdout)
    return counts
