"""What the index's own answers are worth on pictures that training never saw: copies, probabilities, words, maps."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor
from tqdm import tqdm

from services.images import copies
from services.images.calibration import RANKS, SHOWN, Calibration, auroc, best, ece, without
from services.images.embedder import Embedder, Seen
from services.images.explaining import Deletion, deletion, similarity_map
from services.images.features import decode
from services.images.metrics import Floats, Retrieval, Rows, retrieval, unit
from services.images.protocols import NOT_THERE
from services.images.spaces import Look

CNN, HASH, FUSED = "CNN alone", "pHash alone", "both, without laying over"


class Copies(NamedTuple):
    """Of every edit, the share of copies that find their original first; by our score and by others."""

    ours: dict[str, float]
    others: dict[str, dict[str, float]]
    missed: float  # share of copies that score less than what is called an edited copy
    false: float  # share of pictures whose best other picture scores as much
    originals: int


def edited_copies(embedder: Embedder, files: Sequence[Path], seed: int, most: int) -> Copies:
    """Nine edits of up to `most` pictures, drawn by `seed`; each copy should find its own among all `files`."""
    pictures = [embedder.read(file.read_bytes()) for file in tqdm(files, "gallery", unit="picture")]
    seen = list(embedder.see_many(pictures))
    thumbs = torch.cat([copies.thumbnails(picture.unsqueeze(0)) for picture in pictures])  # (G, 3, 64, 64)
    fused = stacked(seen, "copies")  # (G, D)
    chosen = np.sort(np.random.default_rng(seed).permutation(len(files))[:most])
    first: dict[str, dict[str, list[bool]]] = {name: {} for name in copies.EDITS}
    scores, others = [], []
    for row in tqdm(chosen, "edited copies", unit="picture"):
        image = decode(files[row].read_bytes(), embedder.max_pixels)
        prepared = {name: embedder.prepare(copy) for name, copy in copies.edited(image, [seed, int(row)]).items()}
        copied = dict(zip(prepared, embedder.see_many(prepared.values()), strict=True))
        for name, picture in prepared.items():
            vector = copied[name].vectors["copies"]
            found = ranked(picture, vector, thumbs, fused)
            scores.append(found.get(int(row), 0.0))
            for what, best_row in {"ours": max(found, key=found.__getitem__), **by_vectors(vector, fused)}.items():
                first[name].setdefault(what, []).append(best_row == row)
        found = ranked(pictures[row], fused[row], thumbs, fused)
        others.append(max((score for other, score in found.items() if other != row), default=0.0))
    shares = {name: {what: float(np.mean(hits)) for what, hits in of.items()} for name, of in first.items()}
    return Copies(
        {name: of["ours"] for name, of in shares.items()},
        {what: {name: of[what] for name, of in shares.items()} for what in (CNN, HASH, FUSED)},
        float(np.mean(np.array(scores) < copies.EDITED)),
        float(np.mean(np.array(others) >= copies.EDITED)),
        len(chosen),
    )


def stacked(seen: Sequence[Seen], space: str) -> Floats:
    return np.stack([one.vectors[space] for one in seen])  # type: ignore[index]


def ranked(picture: Tensor, vector: Floats, thumbs: Tensor, fused: Floats) -> dict[int, float]:
    """The score of every candidate, by its row: as `copying.CopyFinder` does it."""
    cosines = fused @ vector  # (G,)
    rows = np.argsort(-cosines, kind="stable")[: copies.CANDIDATES]
    thumb = copies.thumbnails(picture.unsqueeze(0))[0]
    scores = copies.scores(thumb, thumbs[rows], torch.from_numpy(cosines[rows]))
    return dict(zip(rows.tolist(), scores.tolist(), strict=True))


def by_vectors(vector: Floats, fused: Floats) -> dict[str, int]:
    """The nearest by the network's part of the vectors, by the hash's part, and by both."""
    network = vector.shape[0] - 64
    return {
        CNN: int((fused[:, :network] @ vector[:network]).argmax()),
        HASH: int((fused[:, network:] @ vector[network:]).argmax()),
        FUSED: int((fused @ vector).argmax()),
    }


class Calibrated(NamedTuple):
    """How far the probabilities are off, and how well `no_match` tells searches without an answer from others."""

    error: float  # expected calibration error of the matches people see
    raw: float  # of the cosine, taken as if it were a probability
    auroc: float
    auroc_raw: float  # by the best match's cosine
    wrongly_none: float  # share of searches with an answer that are told there is none
    noticed: float  # share of searches without one that are told so


def calibrated(
    calibration: Calibration, queries: Floats, gallery: Floats, right: Sequence[Rows], itself: Rows
) -> Calibrated:
    """Of searches (Q, D) in (G, D), where `right` has each one's answers; then once more with these taken away."""
    cosines, hits = searches(queries, gallery, right, itself)
    absent = without(cosines, hits)
    shown = calibration.probabilities(cosines)[:, :SHOWN]
    return Calibrated(
        ece(shown, hits[:, :SHOWN]),
        ece(np.clip(cosines[:, :SHOWN], 0, 1), hits[:, :SHOWN]),
        auroc(best(calibration, cosines), best(calibration, absent)),
        auroc(cosines[:, 0], absent[:, 0]),
        float(calibration.no_match(cosines).mean()),
        float(calibration.no_match(absent).mean()),
    )


def searches(
    queries: Floats, gallery: Floats, right: Sequence[Rows], itself: Rows
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The cosines of the nearest `RANKS` and of all right answers, sorted, and which are right: (Q, M) each.

    All right ones are kept, so that taking them away leaves `RANKS` others.
    """
    cosines = (unit(queries) @ unit(gallery).T).astype(np.float64)  # (Q, G)
    among_them = np.flatnonzero(itself != NOT_THERE)
    cosines[among_them, itself[among_them]] = -np.inf
    hits = np.zeros(cosines.shape, bool)
    for row, rows in enumerate(right):
        hits[row, rows] = True
    most = min(len(gallery), RANKS + max(len(rows) for rows in right))
    order = np.argsort(-cosines, axis=1, kind="stable")[:, :most]  # (Q, M)
    return np.take_along_axis(cosines, order, 1), np.take_along_axis(hits, order, 1)


def by_words(embedder: Embedder, texts: Sequence[str], pictures: Floats, right: Sequence[Rows]) -> Retrieval:
    """Texts that should find pictures (G, 384), which say nothing of their names."""
    asked = np.stack([embedder.asked(text) for text in texts])  # (Q, 384)
    return retrieval(asked, pictures, right, np.full(len(texts), NOT_THERE))


def by_chance(gallery: int, right: Sequence[Rows], k: int) -> float:
    """The recall@k of a list in any order: 1 - the chance that k of `gallery` miss all right ones."""
    missed = [
        np.prod([(gallery - len(rows) - place) / (gallery - place) for place in range(min(k, gallery))])
        for rows in right
    ]
    return float(1 - np.mean(missed))


class Explained(NamedTuple):
    off: float  # the largest difference between the sum of a map and the score it explains
    fall: Deletion
    pairs: int


def explained(embedder: Embedder, look: Look, queries: Sequence[Path], others: Floats, seed: int) -> Explained:
    """Maps of pictures' similarity to stored vectors (Q, 256), and what hiding their strongest cells does."""
    pictures = [embedder.read(file.read_bytes()) for file in queries]
    weight, bias = (part.cpu() for part in embedder.head(look))
    seen = list(embedder.see_many(pictures))
    stored = torch.from_numpy(others)
    maps = [similarity_map(one.cells[look].cpu(), weight, bias, other) for one, other in zip(seen, stored, strict=True)]
    scores = [float(np.dot(one.vectors[look], other)) for one, other in zip(seen, others, strict=True)]
    off = max(abs(float(map_.sum()) - score) for map_, score in zip(maps, scores, strict=True))

    def embed(several: Tensor) -> Tensor:
        return torch.from_numpy(stacked(list(embedder.see_many(several)), look))

    generator = Generator().manual_seed(seed)
    fall = deletion(torch.stack(pictures), torch.stack(maps), stored, embed, generator)
    return Explained(off, fall, len(pictures))
