"""The figures of the card: what the served model is worth on the prepared pictures that its training never saw."""

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean, stdev

import numpy as np

from services.images import copies
from services.images.collection import Collection, prepared
from services.images.engine import Engine
from services.images.learn import RECIPES, Recipe, newsletter, splits_of
from services.images.measured import (
    CNN,
    FUSED,
    HASH,
    by_chance,
    by_words,
    calibrated,
    edited_copies,
    explained,
)
from services.images.metrics import Retrieval, Rows
from services.images.outcomes import UNTRAINED, Vectors, described, found_by, outcomes, readable
from services.images.protocols import Task, among, task_of, without_labels
from services.images.settings import Settings
from services.images.stores.measured import recall
from services.images.trials import NEWSLETTER, trained
from services.images.words import spoken
from shared.engine import Figure

METRICS = ("recall@1", "recall@5", "map")
ORIGINALS, EXPLAINED, FOUND = 100, 96, 10  # pictures edited, maps checked, and k of recall@k by words
SEED = 0
SPLITS = "splits.json"  # what training used each identity for

Say = Callable[[str], None]


@dataclass(frozen=True)
class Unseen:
    """The prepared pictures, which of their identities training never saw, and what the served model says of them."""

    collection: Collection
    identities: set[str]
    task: Task  # searches for the unseen, among all that is in the index
    queries: Vectors
    gallery: Vectors
    is_unseen: np.ndarray  # (G,) bool: rows of the gallery that show one of them

    @property
    def among_themselves(self) -> tuple[Task, Vectors]:
        """The same searches where nothing that was trained on is in the way."""
        task, _ = readable(self.task, np.ones(len(self.task.queries), bool), self.is_unseen)
        return task, {name: vectors[self.is_unseen] for name, vectors in self.gallery.items()}


def unseen_of(engine: Engine, collection: Collection, identities: set[str], problems: list[str]) -> Unseen:
    task = task_of(collection, identities)
    gallery = described(engine.embedder, task.gallery, problems, "gallery")
    queries = described(engine.embedder, task.queries, problems, "queries")
    task, asked = readable(task, queries.read, gallery.read)
    shown = {p.path for p in collection.pictures if collection.identities[p.identity] in identities}
    return Unseen(collection, identities, task, queries.of(asked), gallery.vectors, among(task, shown))


def figures(engine: Engine, seeds: Sequence[int], say: Say) -> list[Figure]:
    """All there is to say of this model. Look-alikes and probabilities need identities that training never saw."""
    settings, problems = engine.settings, list[str]()
    collection = prepared(settings.data)
    splits: dict[str, str] = json.loads((settings.artifacts / SPLITS).read_text())
    unseen = {identity for identity, split in splits.items() if split == "unseen"}
    found: list[Figure] = []
    if unseen and collection.kind != "unlabelled":
        say(f"{len(unseen)} identities that the model never saw")
        those = unseen_of(engine, collection, unseen, problems)
        found += look_alikes(engine, those, seeds, say)
        found += probabilities(engine, those)
        found += maps(engine, those)
    else:
        say("training looked at every identity: look-alikes and probabilities cannot be measured")
    anchors = [p for p in collection.pictures if p.role != "positive"]
    found += words(engine, [(p.path, p.name) for p in anchors], problems)
    found += edited(engine, [p.path for p in anchors], say)
    found += label_free(engine, collection, seeds, say) if collection.kind == "pairs" else []
    for problem in problems:
        say(problem)
    return [*found, index(engine)]


def look_alikes(engine: Engine, those: Unseen, seeds: Sequence[int], say: Say) -> list[Figure]:
    task, gallery = those.among_themselves
    found = found_by(those.queries, gallery, task)
    among_all = found_by(those.queries, those.gallery, those.task)[engine.usual]
    recipe = recipe_of(engine)
    with tempfile.TemporaryDirectory(dir=engine.settings.artifacts.parent, prefix=".maps-") as work:
        theirs = trained_anew(engine.settings, those.collection, newsletter(recipe), Path(work))
        anew = {recipe.seed: found[engine.usual]}
        for seed in seeds[1:]:
            say(f"look-alikes: trained anew with seed {seed}, on another half")
            anew[seed] = trained_anew(engine.settings, those.collection, replace(recipe, seed=seed), Path(work))
    shown = {"general": found["general"], UNTRAINED: found[UNTRAINED], NEWSLETTER: theirs}
    shown |= {name: found[name] for name in ("HOG", "pHash")}
    if engine.usual == "general":
        shown = {"adapted": found["adapted"], **{name: one for name, one in shown.items() if name != "general"}}
    count = len(those.identities)
    return [
        Figure(
            metric=f"{metric}, look-alikes",
            value=rounded(found[engine.usual].figures[metric]),
            data=f"{len(task.queries)} pictures of {count} identities never seen in training; "
            f"gallery: {len(task.gallery)} pictures of these",
            baselines={name: rounded(one.figures[metric]) for name, one in shown.items()},
            note=f"served: {engine.usual}; {of_seeds(anew, metric)}; "
            f"among all {len(those.task.gallery)} of the index {among_all.figures[metric]:.4f}",
        )
        for metric in METRICS
    ]


def recipe_of(engine: Engine) -> Recipe:
    stored = engine.manifest.config["recipe"]
    assert isinstance(stored, dict)
    return Recipe(**stored)  # type: ignore[arg-type]


def trained_anew(settings: Settings, collection: Collection, recipe: Recipe, work: Path) -> Retrieval:
    """By the same recipe or another one, on a half of its seed's own; the adapted embedding on the other half."""
    splits = dict(zip(collection.identities, splits_of(len(collection.identities), recipe), strict=True))
    unseen = {identity for identity, split in splits.items() if split == "unseen"}
    one = trained(collection, recipe, settings, work / str(recipe.seed))
    task = task_of(collection, unseen)
    shown = {p.path for p in collection.pictures if collection.identities[p.identity] in unseen}
    task, _ = readable(task, np.ones(len(task.queries), bool), among(task, shown))
    return outcomes(task, one.embedder, [])[0]["adapted"]


def of_seeds(anew: Mapping[int, Retrieval], metric: str) -> str:
    values = [one.figures[metric] for one in anew.values()]
    spread = f" ± {stdev(values):.4f}" if len(values) > 1 else ""
    return f"seeds {', '.join(map(str, anew))}, each with a half of its own: {fmean(values):.4f}{spread}"


def probabilities(engine: Engine, those: Unseen) -> list[Figure]:
    """Of searches of the whole index, as people make them."""
    calibration = engine.calibrations.get(engine.usual)
    if calibration is None:
        return []
    look = engine.usual
    of = calibrated(calibration, those.queries[look], those.gallery[look], those.task.right, those.task.itself)
    data = f"{len(those.task.queries)} searches for identities never seen, among all {len(those.task.gallery)} anchors"
    return [
        Figure(
            metric="expected calibration error of the probability of a match",
            value=rounded(of.error),
            data=data,
            baselines={"cosine taken as a probability": rounded(of.raw)},
            note="first 10 matches, 10 bins",
        ),
        Figure(
            metric="AUROC of no_match",
            value=rounded(of.auroc),
            data=f"{data}; then with the right anchors taken away",
            baselines={"best cosine alone": rounded(of.auroc_raw)},
            note=f"no_match is said of {of.wrongly_none:.1%} of the searches that have an answer, "
            f"and of {of.noticed:.1%} of those that have none",
        ),
    ]


def maps(engine: Engine, those: Unseen) -> list[Figure]:
    """What explain=true and compare show, of queries and the anchor they should find."""
    queries = those.task.queries[:EXPLAINED]
    others = those.gallery[engine.usual][[rows[0] for rows in those.task.right[:EXPLAINED]]]
    of = explained(engine.embedder, engine.usual, queries, others, SEED)
    data = f"{of.pairs} queries and their anchors, never seen in training"
    return [
        Figure(
            metric="similarity map: largest difference between its sum and the similarity",
            value=float(f"{of.off:.1e}"),
            data=data,
        ),
        Figure(
            metric="similarity map: fall of the similarity when its strongest fifth is hidden",
            value=rounded(of.fall.strongest),
            data=data,
            baselines={"a random fifth": rounded(of.fall.random), "the weakest fifth": rounded(of.fall.weakest)},
        ),
    ]


def words(engine: Engine, pictures: Sequence[tuple[Path, str]], problems: list[str]) -> list[Figure]:
    """Names as queries, of pictures whose own name was not told: only what the network sees in them counts."""
    seen = described(engine.embedder, [path for path, _ in pictures], problems, "words")
    names = [name for (_, name), is_read in zip(pictures, seen.read, strict=True) if is_read]
    texts = sorted({name for name in names if spoken(name)})
    if not texts:
        return []
    rows: dict[str, list[int]] = {text: [] for text in texts}
    for row, name in enumerate(names):
        if name in rows:
            rows[name].append(row)
    right: list[Rows] = [np.array(rows[text]) for text in texts]
    found = by_words(engine.embedder, texts, seen.vectors["words"], right)
    return [
        Figure(
            metric=f"recall@{FOUND}, search by words",
            value=rounded(found.recall(FOUND)),
            data=f"{len(texts)} names as queries, {len(names)} pictures whose names were not told",
            baselines={"chance": rounded(by_chance(len(names), right, FOUND))},
            note=f"mAP {found.mean_average_precision:.4f}; in the index a name that says something counts besides",
        )
    ]


def edited(engine: Engine, files: Sequence[Path], say: Say) -> list[Figure]:
    say(f"edited copies of {min(ORIGINALS, len(files))} pictures")
    return copy_figures(engine, files, "anchors")


def copy_figures(engine: Engine, files: Sequence[Path], what: str) -> list[Figure]:
    of = edited_copies(engine.embedder, files, SEED, ORIGINALS)
    each = ", ".join(f"{name} {share:.2f}" for name, share in of.ours.items())
    return [
        Figure(
            metric=f"recall@1 of edited copies, mean of {len(copies.EDITS)} edits",
            value=rounded(fmean(of.ours.values())),
            data=f"copies of {of.originals} pictures, among {len(files)} {what}",
            baselines={name: rounded(fmean(of.others[name].values())) for name in (CNN, HASH, FUSED)},
            note=f"{each}; {of.missed:.1%} of the copies are not called edited copies, "
            f"{of.false:.1%} of the pictures are called one of another",
        )
    ]


def label_free(engine: Engine, collection: Collection, seeds: Sequence[int], say: Say) -> list[Figure]:
    """Trained on the anchors alone, no word on what belongs together; then asked with the positives."""
    anchors = replace(collection, pictures=[p for p in collection.pictures if p.role == "anchor"])
    alone, task = without_labels(anchors), task_of(collection, set(collection.identities))
    say(f"label-free: trained on {len(alone.pictures)} anchors alone")
    recipe = replace(RECIPES["unlabelled"], seed=seeds[0], unseen=0.0)
    with tempfile.TemporaryDirectory(dir=engine.settings.artifacts.parent, prefix=".maps-") as work:
        one = trained(alone, recipe, engine.settings, Path(work) / "maps")
    found, _ = outcomes(task, one.embedder, [])
    verdict = "taken into use" if one.learned.outcome.adopted else "not taken into use by its own held-out pictures"
    return [
        Figure(
            metric="mAP, adapted without labels",
            value=rounded(found["adapted"].mean_average_precision),
            data=f"{len(task.queries)} positives as queries, gallery: the {len(task.gallery)} anchors it adapted to",
            baselines={name: rounded(found[name].mean_average_precision) for name in ("general", UNTRAINED)},
            note=f"one seed, {one.seconds:.0f} s of the processor; {verdict}",
        )
    ]


def index(engine: Engine) -> Figure:
    store = engine.searcher.stores[engine.usual]
    return Figure(
        metric="recall@10 of the index, against comparing with each",
        value=rounded(recall(store)),
        data=f"100 queries beside vectors of the {engine.usual} space, {store.count()} anchors",
    )


def rounded(value: float) -> float:
    return round(value, 4)
