"""Measures the served model on what its training never saw, beside the untrained backbone, pHash and the newsletter.

Without arguments: the prepared pictures, into the model card. With --anchors, --queries and --truth: any pictures whose
right answers you know. With --classes or --label-free: trains on your pictures, and asks about those it did not see.
Nothing is chosen on what is measured.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from services.images import trials
from services.images.collection import opened, read_collection, said
from services.images.embedder import Embedder
from services.images.engine import Engine
from services.images.outcomes import UNTRAINED, outcomes
from services.images.protocols import table_task
from services.images.published import copy_figures, figures
from services.images.settings import Settings
from services.images.spaces import Look
from shared.artifacts import read_manifest
from shared.cards import publish, refuse_other_data, table
from shared.commands import CannotDo, run
from shared.device import limit_threads

COMMAND = "python -m services.images.evaluate"
SEEDS = 3


def say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)


def published(asked: argparse.Namespace, settings: Settings) -> None:
    refuse_other_data(settings.artifacts, {"data_sha256": settings.data})
    engine = Engine.load(settings)
    publish(settings.artifacts, figures(engine, range(asked.seeds), say), asked.json)


def by_table(asked: argparse.Namespace, settings: Settings) -> None:
    """The served model on somebody's own table of right answers; untrained it is the general embedding."""
    task, problems = table_task(asked.anchors, asked.queries, asked.truth)
    look: Look = asked.embedding or served_look(settings)
    found, left = outcomes(task, Embedder.load(settings), problems)
    baselines = {name: found[name].figures for name in (UNTRAINED, "pHash")}
    counts = {"queries": len(left.queries), "anchors": len(left.gallery), "embedding": look}
    answer = found[look].figures | counts | {"baselines": baselines, "problems": problems}
    if asked.json:
        print(json.dumps(answer))
        return
    rows = {f"this model, {look}": found[look], **{name: found[name] for name in baselines}}
    for name, one in rows.items():
        print(f"{name:<22}" + "".join(f"{metric} {value:.4f}  " for metric, value in one.figures.items()))
    print(f"{counts['queries']} queries, {counts['anchors']} anchors\n{said(problems)}".rstrip())


def served_look(settings: Settings) -> Look:
    return "adapted" if read_manifest(settings.artifacts).config["adopted"] else "general"


def by_training(asked: argparse.Namespace, settings: Settings) -> None:
    """Half of the classes are trained on, or all pictures without their labels."""
    folder = asked.classes or asked.label_free
    collection = read_collection(folder, "classes")
    queries = read_collection(asked.queries, "classes") if asked.queries else None
    read_manifest(settings.artifacts)  # says what to do where there is none
    with tempfile.TemporaryDirectory(dir=settings.artifacts.parent, prefix=".maps-") as work:
        if asked.classes:
            found = trials.unseen_classes(collection, queries, range(asked.seeds), settings, Path(work), say)
        else:
            assert queries is not None
            found = trials.label_free(collection, queries, range(asked.seeds), settings, Path(work), say)
    problems = [*collection.problems, *(queries.problems if queries else [])]
    print(json.dumps(trials.as_json(found, problems)) if asked.json else trials.as_table(found))
    if problems and not asked.json:
        print(said(problems), file=sys.stderr)


def by_copies(asked: argparse.Namespace, settings: Settings) -> None:
    """Edited copies of somebody's own pictures."""
    collection = read_collection(asked.copies, "unlabelled")
    files = [picture.path for picture, _ in opened(collection, settings.max_pixels)]
    if collection.problems:
        say(f"left out:\n{said(collection.problems)}")
    if not files:
        raise CannotDo(f"no picture of {asked.copies} can be read")
    found = copy_figures(Embedder.load(settings), files, "pictures")
    print(json.dumps([one.model_dump() for one in found]) if asked.json else table(found))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON, all else on stderr")
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"how many trainings, of seeds 0, 1, ... ({SEEDS})")
    own = parser.add_argument_group("your own right answers")
    own.add_argument("--anchors", type=Path, metavar="FOLDER", help="the pictures to search among")
    own.add_argument("--queries", type=Path, metavar="FOLDER", help="the pictures to search with")
    own.add_argument(
        "--truth", type=Path, metavar="FILE.csv", help="query,anchor: file names in the folders, a row a right answer"
    )
    own.add_argument("--embedding", choices=("general", "adapted"), help="(default: the one that is served)")
    training = parser.add_argument_group("trainings on your own pictures; a folder of folders, one a class")
    training.add_argument(
        "--classes", type=Path, metavar="FOLDER", help="half of the classes are trained on, the others asked about"
    )
    training.add_argument(
        "--label-free",
        type=Path,
        metavar="FOLDER",
        help="trained on all pictures, without their classes; with --queries",
    )
    training.add_argument("--copies", type=Path, metavar="FOLDER", help="edited copies of these pictures; no training")
    asked = parser.parse_args()
    refuse(parser, asked)
    return asked


def refuse(parser: argparse.ArgumentParser, asked: argparse.Namespace) -> None:
    modes = [asked.truth, asked.classes, asked.label_free, asked.copies]
    if sum(mode is not None for mode in modes) > 1:
        parser.error("--truth, --classes, --label-free and --copies each go alone")
    if (asked.truth is None) != (asked.anchors is None) or (asked.truth and not asked.queries):
        parser.error("--anchors, --queries and --truth go together")
    if asked.label_free and not asked.queries:
        parser.error("--label-free needs --queries: a training without labels is asked about the same classes")
    if asked.queries and not any(mode is not None for mode in modes[:3]):
        parser.error("--queries goes with --truth, --classes or --label-free")
    if asked.embedding and not asked.truth:
        parser.error("--embedding goes with --truth")
    if asked.seeds < 1:
        parser.error("--seeds: at least one")


def main() -> None:
    asked, settings = arguments(), Settings()
    limit_threads(1)
    if asked.truth:
        by_table(asked, settings)
    elif asked.classes or asked.label_free:
        by_training(asked, settings)
    elif asked.copies:
        by_copies(asked, settings)
    else:
        published(asked, settings)


if __name__ == "__main__":
    run(main)
