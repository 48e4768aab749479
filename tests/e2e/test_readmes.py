"""Every command in a README works as it stands, and answers what the README says it answers."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from shared.services import ROOT
from tests.e2e.conftest import System

pytestmark = pytest.mark.e2e

READMES = [
    *(ROOT / name for name in ("README.md", "README.ko.md", "CONTRIBUTING.md")),
    *sorted(ROOT.glob("services/*/README.md")),
]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
# What a figure was to be put in place of: @COUNT@, FORM_JSON, or SPEED with a line or a row to itself.
PLACEHOLDER = re.compile(r"@[A-Z_]+@|\b[A-Z]+_[A-Z0-9_]+\b|^[A-Z]{4,}$|(?<=^\| )[A-Z]{4,}(?= \|$)", re.MULTILINE)


def blocks(readme: Path) -> list[tuple[str, str]]:
    return BLOCK.findall(readme.read_text())


def commands() -> list[Any]:
    """Each shell block, with the JSON that follows it when some does."""
    found = []
    for readme in READMES:
        listed = blocks(readme)
        for (kind, text), (next_kind, next_text) in zip(listed, [*listed, ("", "")][1:], strict=True):
            if kind == "sh":
                answer = json.loads(next_text) if next_kind == "json" else None
                name = f"{readme.relative_to(ROOT)}: {text.splitlines()[0][:60]}"
                found.append(pytest.param(text, answer, id=name))
    return found


@pytest.mark.parametrize(("text", "documented"), commands())
def test_a_readmes_command_works_as_it_stands(system: System, text: str, documented: Any) -> None:
    outcome = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", as_it_runs_here(text, system)],
        cwd=ROOT,
        env=os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    assert "urn:triptych" not in outcome.stdout, outcome.stdout
    if documented is not None:
        assert rounded(json.loads(outcome.stdout)) == rounded(documented)


def as_it_runs_here(text: str, system: System) -> str:
    """The same commands against this system's port; what would start or train anew is only looked up."""
    text = text.replace("http://127.0.0.1:8000", system.url)
    text = re.sub(r"^make ", "make --dry-run ", text, flags=re.MULTILINE)
    return re.sub(r"^(python -m \w+\.[\w.]+).*$", r"\1 --help", text, flags=re.MULTILINE)


def rounded(value: Any) -> Any:
    """Training ends a little differently, and at another time: what is not whole counts to the first decimal."""
    match value:
        case dict():
            return {key: rounded(item) for key, item in value.items()}
        case list():
            return [rounded(item) for item in value]
        case float():
            return pytest.approx(value, abs=0.1)
        case str() if MOMENT.fullmatch(value):
            return "a moment"
    return value


def test_every_readme_was_found() -> None:
    assert all(readme.exists() for readme in READMES)
    assert len(commands()) >= 10


def test_the_korean_readme_has_the_same_commands_answers_and_figures() -> None:
    english, korean = (ROOT / name for name in ("README.md", "README.ko.md"))
    assert blocks(korean) == blocks(english)
    assert rows_of_figures(korean) == rows_of_figures(english)


def rows_of_figures(readme: Path) -> list[str]:
    """The rows of tables that hold a number."""
    return [line for line in readme.read_text().splitlines() if re.match(r"\|.*\| \**\d", line)]


@pytest.mark.parametrize("readme", READMES, ids=lambda readme: str(readme.relative_to(ROOT)))
def test_a_readme_has_no_place_left_to_fill_in(readme: Path) -> None:
    assert placeholders(readme.read_text()) == []


def test_a_place_to_fill_in_is_told_from_a_name() -> None:
    text = "@COUNT@\n\nSPEED\n\n| JSON | FORM_JSON |\n| SPEED |\n\nis FORM_FIRST bytes: SPEED_LOST"
    assert placeholders(text) == ["@COUNT@", "SPEED", "FORM_JSON", "SPEED", "FORM_FIRST", "SPEED_LOST"]
    assert placeholders("PNG and JSON, `MAX_BODY`\n\n| JSON | PNG |\n\n```\nMAX_BODY=1\nSPEED\n```\n") == []


def placeholders(text: str) -> list[str]:
    """Those outside of code, where a setting's name is as good as any."""
    return PLACEHOLDER.findall(re.sub(r"`[^`\n]*`", "", BLOCK.sub("", text)))
