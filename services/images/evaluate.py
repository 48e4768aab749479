"""Measures the served model on identities it never saw: which anchor does a moved line drawing find first?

Queries are the positives of the unseen half, each a draw of its own; nobody trained on them. Beside the model, in the
same run: its own backbone with no head, and two measures that learned nothing (HOG and a perceptual hash).
"""

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from services.images.engine import Engine
from services.images.features import decode
from services.images.settings import Settings
from services.images.train import pooled
from shared.cards import publish, refuse_other_data
from shared.commands import run
from shared.engine import Figure

COMMAND = "python -m services.images.evaluate"

Array = NDArray[np.float32]
Pictures = Sequence[Image.Image]
METRICS = ("recall@1", "recall@5", "mAP")


def retrieval(queries: Array, gallery: Array, truth: Sequence[int]) -> tuple[float, float, float]:
    """recall@1, recall@5 and mAP by cosine, `truth[i]` being the row of the gallery that query i should find.

    With one right answer the average precision of a query is 1 / its rank.
    """
    cosines = unit(queries) @ unit(gallery).T  # (Q, G)
    right = cosines[np.arange(len(queries)), truth]  # (Q,)
    ranks = (cosines > right[:, None]).sum(1) + 1
    return float((ranks <= 1).mean()), float((ranks <= 5).mean()), float((1 / ranks).mean())


def unit(vectors: Array) -> Array:
    unit_vectors: Array = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return unit_vectors


def grey(image: Image.Image, side: int) -> Array:
    return np.asarray(image.convert("L").resize((side, side), Image.Resampling.BOX), dtype=np.float32)


def hog(image: Image.Image, side: int = 128, cell: int = 16, bins: int = 9) -> Array:
    """Histograms of oriented gradients (Dalal & Triggs 2005): 8 x 8 cells of 9 directions, square roots of the sums."""
    dy, dx = np.gradient(grey(image, side))
    bin_ = (np.arctan2(dy, dx) % np.pi / np.pi * bins).astype(int) % bins
    place = np.arange(side) // cell
    histograms = np.zeros((side // cell, side // cell, bins), dtype=np.float32)
    np.add.at(histograms, (place[:, None], place[None, :], bin_), np.hypot(dx, dy))
    return np.sqrt(histograms.ravel())  # (576,)


def phash(image: Image.Image, side: int = 32, kept: int = 8) -> Array:
    """Perceptual hash: signs of the 8 x 8 lowest cosine-transform coefficients about their median, as -1 and 1, so that
    the cosine falls as the Hamming distance grows.
    """
    steps = np.arange(side)
    cosines = np.cos(np.pi / side * np.outer(np.arange(kept), steps + 0.5))  # (8, 32)
    low = (cosines @ grey(image, side) @ cosines.T).ravel()[1:]  # without the mean brightness
    return np.where(low > np.median(low), 1, -1).astype(np.float32)  # (63,)


def stacked(function: Callable[[Image.Image], Array], images: Pictures, what: str) -> Array:
    return np.stack([function(image) for image in tqdm(images, desc=what, unit="picture")])


def untrained(engine: Engine, images: Pictures) -> Array:
    """The backbone's 1280 averaged channels, which every head here starts from."""
    openers = [partial(Image.Image.copy, image) for image in images]
    return pooled(engine.network, openers, "backbone").numpy()


def served(engine: Engine, images: Pictures) -> Array:
    return np.concatenate([engine.embed([image]) for image in tqdm(images, desc="served model", unit="picture")])


def evaluate(engine: Engine, positives: Path) -> list[Figure]:
    """One figure a metric; the gallery is the unseen half of the anchors, each query has one right answer in it."""
    unseen = [row for row, anchor in enumerate(engine.rows) if anchor.split == "unseen"]
    files = [positives / engine.rows[row].file for row in unseen]
    queries = [decode(file.read_bytes(), engine.settings.max_pixels) for file in files]
    gallery = [engine.open(engine.rows[row].id) for row in unseen]
    own = range(len(unseen))
    baselines = {
        "untrained backbone": retrieval(untrained(engine, queries), untrained(engine, gallery), own),
        "HOG": retrieval(stacked(hog, queries, "HOG"), stacked(hog, gallery, "HOG"), own),
        "pHash": retrieval(stacked(phash, queries, "pHash"), stacked(phash, gallery, "pHash"), own),
    }
    vectors, indexed = served(engine, queries), np.stack([engine.store.get(row.id) for row in engine.rows])
    values = retrieval(vectors, indexed[unseen], own)
    among_all = retrieval(vectors, indexed, unseen)
    return [
        Figure(
            metric=metric,
            value=round(values[place], 4),
            data=f"line art, turned, scaled and shifted, of {len(unseen)} pictographs never seen in training; "
            f"gallery: the {len(unseen)} in colour",
            baselines={name: round(measured[place], 4) for name, measured in baselines.items()},
            note=f"against all {len(indexed)} anchors of the index: {among_all[place]:.4f}",
        )
        for place, metric in enumerate(METRICS)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    asked, settings = parser.parse_args(), Settings()
    refuse_other_data(settings.artifacts, {"data_sha256": settings.data})
    publish(settings.artifacts, evaluate(Engine.load(settings), settings.data / "positive"), asked.json)


if __name__ == "__main__":
    run(main)
