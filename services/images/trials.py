"""Trainings for the sake of measuring: on a part of some pictures, asked about the others, the newsletter's beside."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean, stdev

from services.images.collection import Collection
from services.images.embedder import Embedder
from services.images.learn import RECIPES, Recipe, newsletter
from services.images.metrics import Retrieval
from services.images.outcomes import UNTRAINED, outcomes
from services.images.protocols import Task, class_task, half_of, part_of, without_labels
from services.images.settings import Settings
from services.images.train import Learned, learn, pretrained
from shared.artifacts import read_manifest
from shared.batching import ModelMetrics

OURS, NEWSLETTER = "adapted", "newsletter's recipe"
SHOWN = (OURS, NEWSLETTER, "general", UNTRAINED, "HOG", "pHash")

Say = Callable[[str], None]


@dataclass(frozen=True)
class Trained:
    embedder: Embedder
    learned: Learned
    seconds: float  # of the processor, the trunk's look at the pictures included where it was not there already


@dataclass(frozen=True)
class Trial:
    """One seed: how well each measure does on what the trainings did not see."""

    seed: int
    found: Mapping[str, Retrieval]
    recipe: Recipe
    adopted: bool
    seconds: float  # of our training
    trained_on: int  # identities
    queries: int
    gallery: int


def trained(collection: Collection, recipe: Recipe, settings: Settings, maps: Path) -> Trained:
    """On all of a collection; the words that an embedder needs besides are those of the served model."""
    network = pretrained(settings.data, str(read_manifest(settings.data).config["backbone"]), recipe.scope)
    began = time.process_time()
    learned = learn(network, collection, recipe, maps, settings)
    seconds = time.process_time() - began
    embedder = Embedder.of(network, settings.artifacts, "a trial", ModelMetrics(settings.name), settings)
    return Trained(embedder, learned, seconds)


def trial(part: Collection, task: Task, recipe: Recipe, settings: Settings, maps: Path, problems: list[str]) -> Trial:
    """Both recipes on the same maps, then the same searches."""
    ours = trained(part, recipe, settings, maps)
    found, left = outcomes(task, ours.embedder, problems)
    theirs = trained(part, newsletter(recipe), settings, maps)
    found |= {NEWSLETTER: outcomes(task, theirs.embedder, [])[0]["adapted"]}
    return Trial(
        recipe.seed,
        {name: found[name] for name in SHOWN},
        recipe,
        ours.learned.outcome.adopted,
        ours.seconds,
        len(part.identities),
        len(left.queries),
        len(left.gallery),
    )


def unseen_classes(
    collection: Collection, queries: Collection | None, seeds: Sequence[int], settings: Settings, work: Path, say: Say
) -> list[Trial]:
    """Half of the classes, drawn by each seed, are trained on; the pictures of the others are searched, by `queries` of
    these classes or by each other.
    """
    trials = []
    for seed in seeds:
        seen = half_of(collection.identities, seed)
        part, others = part_of(collection, seen), part_of(collection, set(collection.identities) - seen)
        say(f"seed {seed}: trained on {len(part.identities)} classes, asked about {len(others.identities)}")
        task = class_task(others, queries or others)
        recipe = replace(RECIPES["classes"], seed=seed, unseen=0.0)
        trials.append(trial(part, task, recipe, settings, work / f"classes-{seed}", collection.problems))
    return trials


def label_free(
    collection: Collection, queries: Collection, seeds: Sequence[int], settings: Settings, work: Path, say: Say
) -> list[Trial]:
    """All pictures are trained on, with no word on what they show; labels only tell which answers are right."""
    trials, task = [], class_task(collection, queries)
    for seed in seeds:
        say(f"seed {seed}: trained on {len(collection.pictures)} pictures without labels")
        recipe = replace(RECIPES["unlabelled"], seed=seed, unseen=0.0)
        part = without_labels(collection)
        trials.append(trial(part, task, recipe, settings, work / f"free-{seed}", collection.problems))
    return trials


def means(trials: Sequence[Trial]) -> dict[str, dict[str, float]]:
    """Of each measure and metric, over the seeds."""
    return {name: {m: fmean(values) for m, values in of.items()} for name, of in by_name(trials).items()}


def spreads(trials: Sequence[Trial]) -> dict[str, dict[str, float]]:
    """Standard deviations over the seeds; of one seed there are none."""
    if len(trials) < 2:
        return {}
    return {name: {m: stdev(values) for m, values in of.items()} for name, of in by_name(trials).items()}


def by_name(trials: Sequence[Trial]) -> dict[str, dict[str, list[float]]]:
    metrics = ("recall@1", "recall@5", "map")
    return {name: {m: [t.found[name].figures[m] for t in trials] for m in metrics} for name in trials[0].found}


def as_json(trials: Sequence[Trial], problems: Sequence[str]) -> dict[str, object]:
    return {
        "mean": means(trials),
        "spread": spreads(trials),
        "seeds": [
            {
                "seed": t.seed,
                "loss": t.recipe.loss,
                "adopted": t.adopted,
                "train_seconds": round(t.seconds, 1),
                "identities trained on": t.trained_on,
                "queries": t.queries,
                "gallery": t.gallery,
                "found": {name: one.figures for name, one in t.found.items()},
            }
            for t in trials
        ],
        "problems": list(problems),
    }


def as_table(trials: Sequence[Trial]) -> str:
    """A line a measure, the mean of the seeds and their standard deviation; then a line a seed."""
    spread, lines = spreads(trials), [f"{'':<22}{'recall@1':>15}{'recall@5':>15}{'mAP':>15}"]
    for name, of in means(trials).items():
        cells = [f"{value:.3f}" + (f" ± {spread[name][m]:.3f}" if spread else "") for m, value in of.items()]
        lines.append(f"{name:<22}" + "".join(f"{cell:>15}" for cell in cells))
    for t in trials:
        one = t.found[OURS].figures
        verdict = "taken into use" if t.adopted else "not taken into use"
        lines.append(
            f"seed {t.seed}: adapted {one['recall@1']:.3f} / {one['recall@5']:.3f} / {one['map']:.3f}, {verdict}; "
            f"{t.trained_on} identities, {t.queries} queries, gallery {t.gallery}, {t.seconds:.0f} s of the processor"
        )
    return "\n".join(lines)
