"""The figures of the card: what the served model is worth on the prepared pictures that its training never saw."""

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean, stdev

import numpy as np

from services.images import copies
from services.images.anchors import Picture
from services.images.collection import Collection, prepared
from services.images.defaults import FILES, TABLE
from services.images.embedder import Embedder
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
from services.images.metrics import Retrieval, Rows, retrieval
from services.images.outcomes import UNTRAINED, Vectors, described, found_by, outcomes, readable
from services.images.protocols import Task, among, task_of, without_labels
from services.images.settings import Settings
from services.images.spaces import Look
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
    collection, problems = prepared(engine.settings.data), list[str]()
    splits: dict[str, str] = json.loads((engine.settings.artifacts / SPLITS).read_text())
    unseen = {identity for identity, split in splits.items() if split == "unseen"} & set(collection.identities)
    found: list[Figure] = []
    if unseen and collection.kind != "unlabelled":
        say(f"{len(unseen)} identities that the model never saw")
        those = unseen_of(engine, collection, unseen, problems)
        found += look_alikes(engine, those, seeds, say)
        found += probabilities(engine, those)
        found += maps(engine, those)
        found += label_free(engine, collection, seeds[0], say) if collection.kind == "pairs" else []
    else:
        say("training looked at every identity: see --classes and --truth for what can be measured then")
    anchors = brought(engine.settings.artifacts)
    found += words(engine, anchors, problems)
    say(f"edited copies of {min(ORIGINALS, len(anchors))} pictures")
    found += copy_figures(engine.embedder, [path for path, _ in anchors], "anchors")
    for problem in problems:
        say(problem)
    return [*found, index(engine)]


def brought(artifacts: Path) -> list[tuple[Path, str]]:
    """The anchors that the model brings along, and what they show."""
    rows = [Picture(**row) for row in json.loads((artifacts / TABLE).read_text())]
    return [(artifacts / FILES / row.stored_as, row.name) for row in rows]


def look_alikes(engine: Engine, those: Unseen, seeds: Sequence[int], say: Say) -> list[Figure]:
    """The served model, and the means of trainings with other seeds, the newsletter's recipe beside each."""
    task, gallery = those.among_themselves
    found = found_by(those.queries, gallery, task)
    served, recipe = found[engine.usual], recipe_of(engine)
    among_all = retrieval_of(engine.usual, those)
    ours, theirs = {recipe.seed: served}, dict[int, Retrieval]()
    with tempfile.TemporaryDirectory(dir=engine.settings.artifacts.parent, prefix=".maps-") as work:
        for seed in seeds_from(recipe.seed, len(seeds)):
            say(f"look-alikes: trainings with seed {seed}")
            one = replace(recipe, seed=seed)
            theirs[seed] = trained_anew(engine.settings, those.collection, newsletter(one), Path(work))
            if seed not in ours:
                ours[seed] = trained_anew(engine.settings, those.collection, one, Path(work))
    other = "general" if engine.usual == "adapted" else "adapted"
    baselines = {name: found[name] for name in (other, UNTRAINED, "HOG", "pHash")} | {NEWSLETTER: theirs[recipe.seed]}
    return [
        Figure(
            metric=f"{metric}, look-alikes",
            value=rounded(served.figures[metric]),
            data=f"{len(task.queries)} pictures of {len(those.identities)} identities never seen in training; "
            f"gallery: {len(task.gallery)} pictures of these",
            baselines={name: rounded(one.figures[metric]) for name, one in baselines.items()},
            note=f"served: {engine.usual}; among all {len(those.task.gallery)} of the index "
            f"{among_all.figures[metric]:.4f}; with {counted(ours)}, a half of its own each: {mean_of(ours, metric)}, "
            f"{NEWSLETTER} {mean_of(theirs, metric)}",
        )
        for metric in METRICS
    ]


def seeds_from(first: int, count: int) -> list[int]:
    return [first + place for place in range(count)]


def retrieval_of(look: Look, those: Unseen) -> Retrieval:
    """Among all that is in the index."""
    return retrieval(those.queries[look], those.gallery[look], those.task.right, those.task.itself)


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


def counted(by_seed: Mapping[int, Retrieval]) -> str:
    return f"seeds {', '.join(map(str, by_seed))}" if len(by_seed) > 1 else f"seed {next(iter(by_seed))}"


def mean_of(by_seed: Mapping[int, Retrieval], metric: str) -> str:
    values = [one.figures[metric] for one in by_seed.values()]
    return f"{fmean(values):.4f}" + (f" ± {stdev(values):.4f}" if len(values) > 1 else "")


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
            note="nothing is approximated: what is left is rounding",
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


def copy_figures(embedder: Embedder, files: Sequence[Path], what: str) -> list[Figure]:
    of = edited_copies(embedder, files, SEED, ORIGINALS)
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


def label_free(engine: Engine, collection: Collection, seed: int, say: Say) -> list[Figure]:
    """Trained on the anchors alone, no word on what belongs together; then asked with the positives."""
    anchors = replace(collection, pictures=[p for p in collection.pictures if p.role == "anchor"])
    alone, task = without_labels(anchors), task_of(collection, set(collection.identities))
    say(f"label-free: trained on {len(alone.pictures)} anchors alone")
    recipe = replace(RECIPES["unlabelled"], seed=seed, unseen=0.0)
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
            note=f"seed {seed}, {one.seconds:.0f} s of the processor; {verdict}",
        )
    ]


def index(engine: Engine) -> Figure:
    store = engine.searcher.stores[engine.usual]
    return Figure(
        metric="recall@10 of the index, against comparing with each",
        value=rounded(recall(store)),
        data=f"100 queries beside vectors of the {engine.usual} space, {store.count()} anchors",
        note="by codes" if store.is_large else "few enough to compare with each",
    )


def rounded(value: float) -> float:
    return round(value, 4)
