"""The same figure has the same bytes in another process, where the hashes of strings are others."""

import os
import subprocess
import sys
from pathlib import Path

from shared.services import ROOT

DRAW = """
import hashlib, sys
from pathlib import Path
from services.attention.engine import Engine
from services.attention.schemas.figure import FigureRequest
from services.attention.settings import Settings

engine = Engine.load(Settings(artifacts_dir=Path(sys.argv[1]), default_model="toy"))
for view in ("matrix", "head", "grid"):
    for kind in ("svg", "png", "html"):
        asked = FigureRequest(text="기차가 역을 떠났다 on time", view=view, language="ko")
        print(view, kind, hashlib.sha256(engine.figure(asked, kind)).hexdigest())
print(hash("attention"))
"""


def drawn(toy_alone: Path, seed: str) -> list[str]:
    outcome = subprocess.run(
        [sys.executable, "-c", DRAW, str(toy_alone)],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    return outcome.stdout.splitlines()


def test_a_figure_has_the_same_bytes_in_two_processes(toy_alone: Path) -> None:
    (*one, a_hash), (*other, another_hash) = drawn(toy_alone, "1"), drawn(toy_alone, "2")
    assert a_hash != another_hash
    assert one == other
    assert len({line.split()[-1] for line in one}) == 9  # none is another's
