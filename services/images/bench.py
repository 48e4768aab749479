"""Speed: files to vectors beside Pillow and eager PyTorch, and searches beside pandas, FAISS Flat and hnswlib.

`python -m services.images.bench`. One thread, CPU time, what is compared takes turns. A million vectors take some
minutes and 3 GB: `--scale 10000 100000` leaves them out. `--pictures FOLDER` embeds yours, else the default anchors.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from services.images.collection import picture_paths
from services.images.defaults import FILES, VECTORS
from services.images.embedder import network_of
from services.images.settings import Settings
from services.images.speed import embedding, searching
from services.images.stores import Vectors
from shared.artifacts import verify
from shared.cards import speed_table, write_speed
from shared.commands import CannotDo, run
from shared.device import limit_threads
from shared.engine import Figure
from shared.tensors import load_tensors

COMMAND = "python -m services.images.bench"
TOPICS = ("embedding", "searching")
PICTURES = 320


def measure(settings: Settings, topics: Sequence[str], sizes: Sequence[int], folder: Path) -> list[Figure]:
    limit_threads(1)
    of_topic: dict[str, Callable[[], list[Figure]]] = {
        "embedding": lambda: embed(settings, folder),
        "searching": lambda: searching.measure(sizes, real(settings)),
    }
    return [figure for topic in TOPICS if topic in topics for figure in of_topic[topic]()]


def embed(settings: Settings, folder: Path) -> list[Figure]:
    files = sorted(picture_paths(folder, []))
    if not files:
        raise CannotDo(f"no pictures in {folder}")
    chosen = np.random.default_rng(0).permutation(len(files))[:PICTURES]
    raws = [files[place].read_bytes() for place in chosen]
    network = network_of(settings.artifacts, verify(settings.artifacts))
    return embedding.measure(network, raws, f"{len(raws)} pictures of {folder.name}")


def real(settings: Settings) -> Vectors:
    """Vectors of the default anchors: invented ones lie around them, as those of pictures do."""
    vectors: Vectors = load_tensors(settings.artifacts / VECTORS)["general"].numpy()
    return vectors


def main() -> None:
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--only", nargs="+", choices=TOPICS, help="these topics; the card is left as it was")
    parser.add_argument("--scale", type=int, nargs="+", default=searching.SIZES, help="vectors searched", metavar="N")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="what is embedded")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    asked, settings = parser.parse_args(), Settings()
    folder = asked.pictures or settings.artifacts / FILES
    figures = measure(settings, asked.only or TOPICS, asked.scale, folder)
    if not asked.only:
        write_speed(settings.artifacts, figures)
    print(json.dumps([one.model_dump() for one in figures], indent=1) if asked.json else speed_table(figures))


if __name__ == "__main__":
    run(main)
