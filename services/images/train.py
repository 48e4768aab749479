"""Trains the siamese head by triplet loss on data/images; writes artifacts/images: weights, index, pictures.

The trunk stays frozen, so each picture goes through it once; what is trained is the 256-d head, in seconds. Half of the
identities are never looked at while training: evaluate.py measures on them, on the very model that is served.
"""

import argparse
import json
import shutil
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Generator, Tensor, nn
from tqdm import tqdm, trange

from services.images.features import content_id, decode, in_batches, moved, picture_files
from services.images.index import Row, Split, VectorStore, write_table
from services.images.model import EMBEDDING, NEGATIVES, Siamese, squared_distances, triplet_loss
from services.images.settings import Settings
from shared import __version__
from shared.artifacts import Manifest, make, read_manifest, sha256_of
from shared.commands import run
from shared.device import choose, limit_threads, training_threads
from shared.engine import Figure
from shared.tensors import load_tensors, save_tensors

COMMAND = "python -m services.images.train"

Opener = Callable[[], Image.Image]


@dataclass(frozen=True)
class Recipe:
    seed: int = 0
    unseen: float = 0.5  # share of the identities kept for the published figure
    validation: float = 0.25  # share of the others that decides when to stop
    views: int = 2  # of each positive: itself, and moved once more at random
    negatives: str = "batch-hard"  # random, as in the newsletter, soon finds nothing left to learn from
    margin: float = 1.0  # in squared distance, 0 to 4; the Keras example's 0.5 is soon met by every training triplet
    learning_rate: float = 6e-4
    batch: int = 128  # the more pictures, the harder the hardest negative
    epochs: int = 60
    patience: int = 25  # epochs without a better recall before stopping
    shrinkage: float = 20.0  # of the starting head's whitening; with less it knows the training pictures by heart


@dataclass(frozen=True)
class Pairs:
    """Pooled features: `anchors` (N, 1280), and `positives` (V, N, 1280), V views of each anchor's look-alike."""

    anchors: Tensor
    positives: Tensor

    def of(self, rows: Tensor) -> "Pairs":
        return Pairs(self.anchors[rows], self.positives[:, rows])


def split_of(count: int, recipe: Recipe) -> list[Split]:
    """What each of `count` identities is used for, by a seeded shuffle."""
    order = np.random.default_rng(recipe.seed).permutation(count)
    seen = count - round(count * recipe.unseen)
    validation = round(seen * recipe.validation)
    splits: list[Split] = ["unseen"] * count
    for place, identity in enumerate(order[:seen]):
        splits[identity] = "validation" if place < validation else "train"
    return splits


def read_anchors(data: Path, recipe: Recipe) -> list[Row]:
    """The anchors of a prepared folder; the same picture under two names is one."""
    names: dict[str, str] = json.loads((data / "names.json").read_text())
    files = {content_id(file.read_bytes()): file for file in reversed(picture_files(data / "anchor"))}
    ordered = sorted(files.items(), key=lambda item: item[1].name)
    splits = split_of(len(ordered), recipe)
    return [
        Row(id_, file.name, names.get(file.name, file.stem), sha256_of(file), split)
        for (id_, file), split in zip(ordered, splits, strict=True)
    ]


def opener(path: Path, max_pixels: int) -> Image.Image:
    return decode(path.read_bytes(), max_pixels)


def moved_opener(path: Path, max_pixels: int, seed: tuple[int, ...]) -> Image.Image:
    return moved(opener(path, max_pixels), np.random.default_rng(seed))


def pooled(network: Siamese, pictures: Sequence[Opener], what: str) -> Tensor:
    """What the frozen trunk says of each picture, (N, 1280); kept in memory, so that it is asked once."""
    device = next(network.trunk.parameters()).device
    rows = []
    with tqdm(total=len(pictures), desc=what, unit="picture") as bar:
        for batch in in_batches(lambda x: network.pool(x.to(device)).cpu(), pictures, training_threads()):
            rows.append(batch)
            bar.update(len(batch))
    return torch.cat(rows)


def recall_at_1(queries: Tensor, gallery: Tensor) -> float:
    """How often the nearest in the gallery is the query's own anchor (row i belongs to row i)."""
    nearest = squared_distances(queries, gallery).argmin(1)  # (N,)
    return (nearest == torch.arange(len(queries))).float().mean().item()


def starting_head(pairs: Pairs, shrinkage: float) -> nn.Linear:
    """PCA of the training pictures, after whitening by how the two pictures of a pair differ.

    Fisher's linear discriminant: the channels that tell line art from colour say nothing of what is shown, and are made
    small before the 256 widest directions are kept. `shrinkage` mixes that scatter with a ball: more of it is nearer to
    plain PCA.
    """
    pictures = torch.cat([pairs.anchors, *pairs.positives])  # (N + V N, 1280)
    differences = (pairs.positives - pairs.anchors).flatten(0, 1)  # (V N, 1280)
    within = differences.T @ differences / len(differences)  # (1280, 1280)
    within += shrinkage * within.diagonal().mean() * torch.eye(len(within))
    values, vectors = torch.linalg.eigh(within)
    whiten = vectors * values.rsqrt() @ vectors.T
    centred = (pictures - pictures.mean(0)) @ whiten
    directions = torch.linalg.svd(centred, full_matrices=False).Vh[:EMBEDDING]  # (256, 1280)
    scale = (centred @ directions.T).norm(dim=1).mean()  # unit length on average, so that one learning rate fits
    head = nn.Linear(pictures.shape[1], EMBEDDING)
    head.weight.data = directions @ whiten / scale
    head.bias.data = -head.weight.data @ pictures.mean(0)
    return head


def recall_of(network: Siamese, pairs: Pairs, others: Tensor) -> float:
    """The mean recall@1 over the views, among their own anchors and `others`, (M, 1280)."""
    with torch.inference_mode():
        gallery = network.project(torch.cat([pairs.anchors, others]))
        recalls = [recall_at_1(network.project(view), gallery) for view in pairs.positives]
    return sum(recalls) / len(recalls)


def train_epoch(
    network: Siamese, optimizer: torch.optim.Optimizer, pairs: Pairs, recipe: Recipe, generator: Generator
) -> None:
    """Each identity once, with one of its views."""
    order = torch.randperm(len(pairs.anchors), generator=generator)
    for rows in order.tensor_split(max(1, len(order) // recipe.batch)):
        view = torch.randint(len(pairs.positives), rows.shape, generator=generator)
        anchors, positives = network.project(pairs.anchors[rows]), network.project(pairs.positives[view, rows])
        loss = triplet_loss(anchors, positives, recipe.margin, recipe.negatives, generator)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()


def train_head(network: Siamese, pairs: Pairs, validation: Pairs, recipe: Recipe) -> list[float]:
    """Trains until the recall on the validation identities has stopped rising, keeps the best head; the recalls.

    Never judged by the triplet loss: it is near 0 while every third search still goes wrong. The anchors trained on are
    in the gallery, as they are in the index: a head that learned them by heart draws every query to them.
    """
    generator = Generator().manual_seed(recipe.seed)
    optimizer = torch.optim.Adam(network.head.parameters(), recipe.learning_rate)
    best, recalls = deepcopy(network.head.state_dict()), [recall_of(network, validation, pairs.anchors)]
    bar = trange(recipe.epochs, desc="training", unit="epoch")
    for _ in bar:
        train_epoch(network, optimizer, pairs, recipe, generator)
        recalls.append(recall_of(network, validation, pairs.anchors))
        bar.set_postfix(recall=f"{recalls[-1]:.3f}")
        if recalls[-1] > max(recalls[:-1]):
            best = deepcopy(network.head.state_dict())
        if len(recalls) - 1 - recalls.index(max(recalls)) >= recipe.patience:
            break
    network.head.load_state_dict(best)
    return recalls


def views_of(path: Path, row: int, max_pixels: int, recipe: Recipe) -> list[Opener]:
    """What opens each view of a positive: the file itself, then it moved by draws of its own."""
    still: list[Opener] = [partial(opener, path, max_pixels)]
    return still + [
        partial(moved_opener, path, max_pixels, (recipe.seed, row, view)) for view in range(1, recipe.views)
    ]


def read_pairs(network: Siamese, anchors: Sequence[Row], data: Path, max_pixels: int, recipe: Recipe) -> Pairs:
    """Every anchor, and the views of the positives training may see; those of the others stay zeros, never opened."""
    gallery = pooled(network, [partial(opener, data / "anchor" / a.file, max_pixels) for a in anchors], "anchors")
    seen = rows_of(anchors, "train", "validation")
    by_row = [views_of(data / "positive" / anchors[row].file, row, max_pixels, recipe) for row in seen.tolist()]
    views = pooled(network, [view for views in zip(*by_row, strict=True) for view in views], "positives")
    positives = torch.zeros(recipe.views, *gallery.shape)  # (V, N, 1280)
    positives[:, seen] = views.view(recipe.views, len(seen), -1)
    return Pairs(gallery, positives)


def rows_of(anchors: Sequence[Row], *splits: Split) -> Tensor:
    return torch.tensor([row for row, anchor in enumerate(anchors) if anchor.split in splits])


def write_artifacts(
    work: Path, data: Path, network: Siamese, trunk: dict[str, Tensor], anchors: Sequence[Row], gallery: Tensor
) -> None:
    """All that serving needs, data/ not being there any more: weights, vectors, table, and the pictures by their id."""
    weights = {f"trunk.{name}": tensor for name, tensor in trunk.items()}
    weights |= {f"head.{name}": tensor for name, tensor in network.head.state_dict().items()}
    save_tensors(work / "model.safetensors", weights)
    with torch.inference_mode():
        vectors = network.project(gallery)  # (N, 256)
    VectorStore.build([anchor.id for anchor in anchors], vectors.numpy()).save(work / "index.faiss")
    write_table(work / "anchors.json", anchors)
    (work / "anchors").mkdir()
    for anchor in anchors:
        shutil.copyfile(data / "anchor" / anchor.file, work / "anchors" / f"{anchor.id}{Path(anchor.file).suffix}")


def manifest(material: Manifest, recipe: Recipe) -> Manifest:
    return Manifest(
        service="images",
        version=__version__,
        data=material.data,
        command=f"{COMMAND} --seed {recipe.seed} --negatives {recipe.negatives}",
        seed=recipe.seed,
        config={
            "data_sha256": material.sha256,
            "recipe": asdict(recipe),
            "attribution": material.config["attribution"],
        },
    )


def held_out_figure(recalls: Sequence[float], identities: int) -> Figure:
    """What training itself can say; `evaluate` replaces it by figures on identities that training never looked at."""
    return Figure(
        metric="recall@1",
        value=round(max(recalls), 4),
        data=f"line art, turned, scaled and shifted, of {identities} pictographs held out to decide when to stop",
        baselines={"head before training": round(recalls[0], 4)},
        note="a little too good: the head was chosen on these; `evaluate` measures on others",
    )


def fill(settings: Settings, recipe: Recipe, work: Path) -> list[Figure]:
    data, network = settings.data, Siamese()
    trunk = load_tensors(data / "backbone.safetensors")
    network.trunk.load_state_dict(trunk)
    network.for_inference().trunk.to(choose(settings.device))
    anchors = read_anchors(data, recipe)
    pairs = read_pairs(network, anchors, data, settings.max_pixels, recipe)
    seen, validation = pairs.of(rows_of(anchors, "train")), pairs.of(rows_of(anchors, "validation"))
    network.head = starting_head(seen, recipe.shrinkage)
    recalls = train_head(network, seen, validation, recipe)
    write_artifacts(work, data, network, trunk, anchors, pairs.anchors)
    return [held_out_figure(recalls, len(validation.anchors))]


def train(settings: Settings, recipe: Recipe, force: bool) -> None:
    limit_threads(1)
    make(settings.artifacts, manifest(read_manifest(settings.data), recipe), partial(fill, settings, recipe), force)


def main() -> None:
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--seed", type=int, default=Recipe.seed, help="of the split, the views and the batches")
    parser.add_argument("--negatives", choices=NEGATIVES, default=Recipe.negatives, help="how triplets are chosen")
    parser.add_argument("--force", action="store_true", help="train anew even when it is there")
    asked = parser.parse_args()
    train(Settings(), Recipe(seed=asked.seed, negatives=asked.negatives), asked.force)


if __name__ == "__main__":
    run(main)
