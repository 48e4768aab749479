"""Adapts the embedding to pictures of yours, and takes it into use only if it finds more than the general one.

Batches are drawn by identity. What is learned is judged by what it finds of identities it never saw, never by its loss:
a triplet loss is near zero while searches still go wrong.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import faiss
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Generator, Tensor
from tqdm import trange

from services.images.backbones import Scope
from services.images.collection import Collection, Kind, Role
from services.images.losses import LOSSES, Loss, Triplet, across, among
from services.images.maps import Job, Maps
from services.images.model import EMBEDDING, Embedding

Start = Literal["general", "whitened", "random"]
Split = Literal["train", "validation", "unseen"]
Rows = NDArray[np.int64]
Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]

NEIGHBOURS = 3  # of a picture without a label that may show the same
TOGETHER = 128  # maps in a pass that only looks
WARM_UP = 0.1  # share of the steps in which the learning rate rises: the first gradients of a new head are wild


@dataclass(frozen=True)
class Recipe:
    """How it is trained; measured for each kind of pictures in README.md."""

    loss: str = "multi-similarity"
    negatives: str = "batch-hard"  # of the triplet loss
    margin: float = 0.5  # of the triplet loss, in squared distance, 0 to 4
    scope: Scope = "last-block"
    start: Start = "general"  # the head before training
    seed: int = 0
    unseen: float = 0.0  # share of the identities kept for figures that others compute
    validation: float = 0.2  # share of the others that decides when to stop, and what is taken into use
    views: int = 8  # of each picture: itself, and others of the same thing
    itself: float = 0.3  # share of the draws that take the picture itself
    learning_rate: float = 1e-4
    batch: int = 64  # vectors of one step
    together: int = 4  # pictures of one class in a batch
    epochs: int = 8
    patience: int = 5  # epochs without a better recall before stopping
    shrinkage: float = 20.0  # of the whitened start


# The best of those tried for each kind of pictures; figures in README.md.
RECIPES: dict[Kind, Recipe] = {
    "pairs": Recipe(loss="infonce", start="whitened", learning_rate=4e-4, batch=128, validation=0.25, epochs=15),
    "classes": Recipe(loss="infonce", scope="last-stage", epochs=5),
    "unlabelled": Recipe(loss="infonce", validation=0.1, batch=128, epochs=6),
}


def newsletter(recipe: Recipe) -> Recipe:
    """Triplet loss with random negatives and margin 0.5, a new head, the last block unfrozen."""
    return replace(recipe, loss="triplet", negatives="random", margin=0.5, start="random")


def splits_of(count: int, recipe: Recipe) -> list[Split]:
    """What each of `count` identities is used for, by a seeded shuffle."""
    order = np.random.default_rng(recipe.seed).permutation(count)
    seen = count - round(count * recipe.unseen)
    validation = round(seen * recipe.validation)
    splits: list[Split] = ["unseen"] * count
    for place, identity in enumerate(order[:seen]):
        splits[identity] = "validation" if place < validation else "train"
    return splits


def jobs_of(collection: Collection, splits: Sequence[Split], recipe: Recipe) -> list[Job]:
    """Which views must be looked at: all of what is trained on, one besides the picture of what decides."""
    views = {"train": recipe.views, "validation": 2}
    numbered = enumerate(collection.pictures)
    return [Job(p, n, views[splits[p.identity]]) for n, p in numbered if splits[p.identity] in views]


class Pictures(NamedTuple):
    """Where the maps of some pictures begin, and what these show; (N,) each."""

    rows: Rows
    identities: Rows

    def of(self, chosen: Rows | Flags) -> "Pictures":
        return Pictures(self.rows[chosen], self.identities[chosen])


@dataclass(frozen=True)
class Lessons:
    """What could be read of a collection: what is learned from, and what decides.

    Of pairs, `queries` and `gallery` are the two sides; else both are the same pictures.
    """

    kind: Kind
    trained: tuple[Pictures, Pictures]  # anchors and positives, row by row; of other kinds twice the same
    held: tuple[Pictures, Pictures]

    @property
    def sides(self) -> tuple[Pictures, ...]:
        return self.trained if self.kind == "pairs" else self.trained[:1]


def lessons_of(collection: Collection, splits: Sequence[Split], maps: Maps) -> Lessons:
    def some(split: Split, role: Role) -> Pictures:
        found = [
            (maps.first[number], picture.identity)
            for number, picture in enumerate(collection.pictures)
            if number in maps.first and picture.role == role and splits[picture.identity] == split
        ]
        found.sort(key=lambda row: row[1])  # both sides of pairs in one order
        return Pictures(*np.array(found, dtype=np.int64).reshape(-1, 2).T)

    def sides(split: Split) -> tuple[Pictures, Pictures]:
        if collection.kind != "pairs":
            return some(split, "any"), some(split, "any")
        anchors, positives = some(split, "anchor"), some(split, "positive")
        both = np.intersect1d(anchors.identities, positives.identities)  # one of a pair may be broken
        return anchors.of(np.isin(anchors.identities, both)), positives.of(np.isin(positives.identities, both))

    return Lessons(collection.kind, sides("train"), sides("validation"))


def grouped(lessons: Lessons, general: Embedding, maps: Maps) -> Lessons:
    """Pictures without labels, those that look alike taken for one identity: what pictures of one thing are most often.

    To push all pictures apart but the views of one would teach that a thing is another on its next photograph.
    """
    trained, held = lessons.trained[0], lessons.held[0]
    rows, inputs = np.concatenate([trained.rows, held.rows]), Inputs(maps, general, "last-block")
    groups = groups_of(alike(inputs.look(general, rows), inputs.look(general, rows + 1)), len(rows))
    seen = Pictures(trained.rows, groups[: len(trained.rows)])
    others = Pictures(held.rows, groups[len(trained.rows) :])
    return Lessons(lessons.kind, (seen, seen), (others, others))


def alike(pictures: Tensor, again: Tensor) -> Rows:
    """The pairs of pictures, both ways, (M, 2), of which each is among the other's `NEIGHBOURS` nearest, and which are
    more similar than two views of one picture are in the median. Unit vectors (N, D): the pictures, and a view of each.
    """
    index = faiss.IndexFlatIP(pictures.shape[1])
    index.add(pictures.numpy())
    cosines, found = index.search(pictures.numpy(), min(NEIGHBOURS + 1, len(pictures)))  # itself among them
    one = np.repeat(np.arange(len(found)), found.shape[1])
    other = found.ravel()
    mutual = np.isin(one * len(found) + other, other * len(found) + one)
    bar = float((pictures * again).sum(1).median())
    edges: Rows = np.stack([one, other], axis=1)[mutual & (one != other) & (cosines.ravel() > bar)]
    return edges


def groups_of(edges: Rows, count: int) -> Rows:
    """The connected parts of a graph: each of `count` places gets the smallest number that can be reached from it."""
    groups: Rows = np.arange(count)
    while True:
        lower = groups.copy()
        np.minimum.at(lower, edges[:, 0], groups[edges[:, 1]])
        if np.array_equal(lower, groups):
            return groups
        groups = lower


@dataclass(frozen=True)
class Batch:
    rows: Rows  # of maps, (N,)
    identities: Rows  # (N,)
    paired: bool  # the first half with the second, row by row; else each with every other


def batches(lessons: Lessons, recipe: Recipe, rng: np.random.Generator) -> Iterator[Batch]:
    """An epoch: of pairs and pictures alone each once, of classes as many pictures as there are."""
    return BATCHES[lessons.kind](*lessons.trained, recipe, rng)


def of_pairs(anchors: Pictures, positives: Pictures, recipe: Recipe, rng: np.random.Generator) -> Iterator[Batch]:
    """Both sides in the same view, so that they are still a pair when it mirrors or turns them."""
    for some in parts(rng.permutation(len(anchors.rows)), recipe.batch // 2):
        view = views(len(some), recipe, rng)
        rows = np.concatenate([anchors.rows[some] + view, positives.rows[some] + view])
        yield Batch(rows, np.tile(anchors.identities[some], 2), paired=True)


def of_classes(pictures: Pictures, same: Pictures, recipe: Recipe, rng: np.random.Generator) -> Iterator[Batch]:
    """Some pictures each of some classes; of a small class one may come twice, in two views."""
    members = [np.flatnonzero(pictures.identities == one) for one in np.unique(pictures.identities)]
    members = [some for some in members if len(some) > 1]
    at_once = min(len(members), recipe.batch // recipe.together)
    for _ in range(max(1, len(pictures.rows) // recipe.batch)):
        classes = [members[row] for row in rng.choice(len(members), at_once, replace=False)]
        chosen = np.concatenate([rng.choice(some, recipe.together, len(some) < recipe.together) for some in classes])
        yield Batch(pictures.rows[chosen] + views(len(chosen), recipe, rng), pictures.identities[chosen], paired=False)


def of_pictures(pictures: Pictures, same: Pictures, recipe: Recipe, rng: np.random.Generator) -> Iterator[Batch]:
    """Each with another view of itself, or of one that looks like it."""
    members = {group: np.flatnonzero(pictures.identities == group) for group in np.unique(pictures.identities)}
    for some in parts(rng.permutation(len(pictures.rows)), recipe.batch // 2):
        partner = np.array([rng.choice(members[pictures.identities[row]]) for row in some])
        one = rng.integers(recipe.views, size=len(some))
        other = (one + rng.integers(1, recipe.views, size=len(some))) % recipe.views
        rows = np.concatenate([pictures.rows[some] + one, pictures.rows[partner] + other])
        yield Batch(rows, np.tile(pictures.identities[some], 2), paired=True)


BATCHES: dict[Kind, Callable[[Pictures, Pictures, Recipe, np.random.Generator], Iterator[Batch]]] = {
    "pairs": of_pairs,
    "classes": of_classes,
    "unlabelled": of_pictures,
}


def parts(order: Rows, size: int) -> list[Rows]:
    """Of about equal length, none shorter than half of `size`: a short batch has few negatives."""
    return np.array_split(order, max(1, round(len(order) / size)))


def views(count: int, recipe: Recipe, rng: np.random.Generator) -> Rows:
    """The picture itself for a share of the draws, any view for the others."""
    drawn = rng.integers(recipe.views, size=count)
    return np.where(rng.random(count) < recipe.itself, 0, drawn)


@dataclass(frozen=True)
class Questions:
    """Searches of identities that nothing is learned from, and what they should find."""

    queries: Rows  # (Q,), of maps
    gallery: Rows  # (G,), of maps
    right: Flags  # (Q, G)
    left_out: Flags  # (Q, G): the query's own picture, where another should be found


def questions_of(lessons: Lessons) -> Questions:
    """Queries are positives or, of other kinds, a view; what is learned from is in the gallery, as it is in the index:
    an embedding that knows that by heart draws every query to it.
    """
    (anchors, positives), (trained, _) = lessons.held, lessons.trained
    gallery = Pictures(*map(np.concatenate, zip(anchors, trained, strict=True)))
    same = positives.identities[:, None] == gallery.identities
    own = positives.rows[:, None] == gallery.rows
    nothing = np.zeros_like(same)
    if lessons.kind == "pairs":
        return Questions(positives.rows, gallery.rows, same, nothing)
    if lessons.kind == "unlabelled":
        return Questions(positives.rows + 1, gallery.rows, same, nothing)
    return Questions(positives.rows + 1, gallery.rows, same & ~own, own)


class Searched(NamedTuple):
    """For each query what it found, the most similar first."""

    cosines: Floats  # (Q, K)
    right: Flags  # (Q, K)
    all_right: Rows  # (Q,), how many there are to be found; K is at least the largest

    @property
    def recall(self) -> float:
        """recall@R, the mean share of a query's R right pictures that are among the R nearest; of pairs recall@1.

        R-precision in Musgrave et al. 2020, arXiv:2003.08505, section 3.1. recall@1 alone says little of classes: their
        pictures were often taken one after the other, and the nearest is right before anything is learned.
        """
        counted = np.arange(self.right.shape[1]) < self.all_right[:, None]  # (Q, K)
        shares = (self.right & counted).sum(1) / np.maximum(self.all_right, 1)
        return float(shares[self.all_right > 0].mean()) if self.all_right.any() else 0.0


def searched(queries: Tensor, gallery: Tensor, questions: Questions, most: int = 1) -> Searched:
    """Of unit vectors (Q, D) and (G, D); the `most` nearest, or as many more as there are right ones."""
    all_right = questions.right.sum(1)
    most = max(most, int(all_right.max(initial=0)))
    cosines = (queries @ gallery.T).masked_fill(torch.from_numpy(questions.left_out), -torch.inf)  # (Q, G)
    best = cosines.topk(min(most, cosines.shape[1]), dim=1)
    right = torch.from_numpy(questions.right).gather(1, best.indices)
    return Searched(best.values.double().numpy(), right.numpy(), all_right)


class Inputs:
    """What an embedding is given: maps or, where only its head learns, pooled features, computed once."""

    def __init__(self, maps: Maps, embedding: Embedding, scope: Scope) -> None:
        self.maps = maps
        self.pooled = pooled(embedding, maps, np.arange(len(maps.maps))) if scope == "head" else None

    def embed(self, embedding: Embedding, rows: Rows) -> Tensor:
        """(N, 256), unit length, on the embedding's device."""
        device = embedding.head.weight.device
        if self.pooled is None:
            vectors: Tensor = embedding(self.maps[rows].to(device))
            return vectors
        return embedding.project(self.pooled[torch.from_numpy(rows)].to(device))

    def look(self, embedding: Embedding, rows: Rows) -> Tensor:
        """(N, 256) on the processor, of any number, nothing to be learned from."""
        with torch.inference_mode():
            return torch.cat([self.embed(embedding, some).cpu() for some in in_order(rows)])

    def ask(self, embedding: Embedding, questions: Questions, most: int = 1) -> Searched:
        return searched(
            self.look(embedding, questions.queries), self.look(embedding, questions.gallery), questions, most
        )


def pooled(embedding: Embedding, maps: Maps, rows: Rows) -> Tensor:
    """The mean of the cells, (N, C), on the processor."""
    device = embedding.head.weight.device
    with torch.no_grad():
        return torch.cat([embedding.cells(maps[some].to(device)).mean((2, 3)).cpu() for some in in_order(rows)])


def in_order(rows: Rows) -> list[Rows]:
    return np.array_split(rows, max(1, -(-len(rows) // TOGETHER)))


def whitened(features: Tensor, identities: Tensor, shrinkage: float) -> tuple[Tensor, Tensor]:
    """Weight (256, C) and bias (256,) of Fisher's linear discriminant: PCA after whitening by how pictures of one
    identity differ. `features` (N, C), `identities` (N,).

    The channels that tell line art from colour say nothing of what is shown, and are made small before the widest
    directions are kept. `shrinkage` mixes that scatter with a ball: more of it is nearer to plain PCA.
    """
    _, place = torch.unique(identities, return_inverse=True)
    sums = torch.zeros(int(place.max()) + 1, features.shape[1]).index_add_(0, place, features)
    inner = features - (sums / place.bincount().unsqueeze(1))[place]  # (N, C)
    within = inner.T @ inner / len(inner)  # (C, C)
    within += shrinkage * within.diagonal().mean() * torch.eye(len(within))
    values, vectors = torch.linalg.eigh(within)
    whiten = vectors * values.rsqrt() @ vectors.T
    centred = (features - features.mean(0)) @ whiten
    directions = torch.linalg.svd(centred, full_matrices=False).Vh[:EMBEDDING]  # (256, C); fewer of few pictures
    directions = F.pad(directions, (0, 0, 0, EMBEDDING - len(directions)))
    weight = directions @ whiten / (centred @ directions.T).norm(dim=1).mean()  # unit length on average
    return weight, -weight @ features.mean(0)


def start(embedding: Embedding, lessons: Lessons, maps: Maps, recipe: Recipe) -> None:
    """The head before training; `general` is as it is."""
    if recipe.start == "random":
        torch.manual_seed(recipe.seed)
        embedding.head.reset_parameters()
    if recipe.start == "whitened":
        rows, identities = zip(*(all_views(pictures, lessons.kind, recipe) for pictures in lessons.sides), strict=True)
        features = pooled(embedding, maps, np.concatenate(rows))
        weight, bias = whitened(features, torch.from_numpy(np.concatenate(identities)), recipe.shrinkage)
        embedding.head.weight.data.copy_(weight)
        embedding.head.bias.data.copy_(bias)


def all_views(pictures: Pictures, kind: Kind, recipe: Recipe) -> tuple[Rows, Rows]:
    """Rows and identities of every view; a pair laid in another way is another identity."""
    view = np.tile(np.arange(recipe.views), len(pictures.rows))
    identities = np.repeat(pictures.identities, recipe.views)
    return np.repeat(pictures.rows, recipe.views) + view, identities * recipe.views + view * (kind == "pairs")


@dataclass(frozen=True)
class Outcome:
    """What training was worth on the held-out identities; `adopted` where the adapted embedding finds more."""

    before: float  # recall@R of the general embedding
    recalls: list[float]  # of the adapted one, before the first epoch and after each

    @property
    def after(self) -> float:
        return max(self.recalls)

    @property
    def adopted(self) -> bool:
        return self.after > self.before


def adapt(embedding: Embedding, lessons: Lessons, maps: Maps, recipe: Recipe) -> Outcome:
    """Trains `embedding`, which begins as the general one, and leaves in it what found most."""
    embedding.eval()  # batch norms keep ImageNet's statistics
    questions, inputs = questions_of(lessons), Inputs(maps, embedding, recipe.scope)
    before = inputs.ask(embedding, questions).recall
    start(embedding, lessons, maps, recipe)
    best, recalls = deepcopy(embedding.state_dict()), [inputs.ask(embedding, questions).recall]
    with trange(recipe.epochs, desc="training", unit="epoch") as bar:
        for _ in epochs(embedding, inputs, lessons, recipe, bar):
            recalls.append(inputs.ask(embedding, questions).recall)
            bar.set_postfix(recall=f"{recalls[-1]:.3f}")
            if recalls[-1] > max(recalls[:-1]):
                best = deepcopy(embedding.state_dict())
            if len(recalls) - 1 - recalls.index(max(recalls)) >= recipe.patience:
                break
    embedding.load_state_dict(best)
    return Outcome(before, recalls)


def epochs(
    embedding: Embedding, inputs: Inputs, lessons: Lessons, recipe: Recipe, count: Iterable[int]
) -> Iterator[int]:
    """Trains epoch by epoch."""
    rng, generator = np.random.default_rng(recipe.seed), Generator().manual_seed(recipe.seed)
    learned = list(embedding.head.parameters() if recipe.scope == "head" else embedding.parameters())
    optimizer, loss = torch.optim.Adam(learned), loss_of(recipe)
    for epoch in count:
        todo = list(batches(lessons, recipe, rng))
        for step, batch in enumerate(todo):
            optimizer.param_groups[0]["lr"] = rate(epoch * len(todo) + step, recipe.epochs * len(todo), recipe)
            vectors = inputs.embed(embedding, batch.rows)
            optimizer.zero_grad()
            torch.autograd.backward(loss_on(batch, vectors, loss, generator))
            optimizer.step()
        yield epoch


def rate(step: int, steps: int, recipe: Recipe) -> float:
    """The learning rate: rising over the first tenth, then falling along half a cosine to zero (SGDR,
    arXiv:1608.03983, eq. 5, without restarts).
    """
    return recipe.learning_rate * min(1, (step + 1) / (WARM_UP * steps)) * (1 + math.cos(math.pi * step / steps)) / 2


def loss_of(recipe: Recipe) -> Loss:
    if recipe.loss == "triplet":
        return Triplet(recipe.margin, recipe.negatives)
    return LOSSES[recipe.loss]()


def loss_on(batch: Batch, vectors: Tensor, loss: Loss, generator: Generator) -> Tensor:
    identities = torch.from_numpy(batch.identities).to(vectors.device)
    if not batch.paired:
        return among(loss, vectors, identities, generator)
    anchors, positives = vectors.chunk(2)
    return across(loss, anchors, positives, identities.chunk(2)[0], generator)
