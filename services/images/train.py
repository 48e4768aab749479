"""Adapts the embedding to the pictures in data/images, or to a folder of yours; writes all that serving needs.

The trunk stays frozen, so it looks at each view of a picture once. The general embedding is written beside the adapted
one, and served unless the adapted one finds more of identities that training never saw.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import get_args

import numpy as np
import torch
from pydantic import JsonValue
from torch import Tensor

from services.images.backbones import BACKBONES, Scope, backbone_of
from services.images.bundle import Named, write_anchors, write_network
from services.images.calibration import RANKS, fit
from services.images.collection import Collection, Picture, fingerprint, opened, prepared, read_collection, said
from services.images.inference import inference
from services.images.learn import (
    RECIPES,
    Inputs,
    Lessons,
    Outcome,
    Recipe,
    Split,
    adapt,
    grouped,
    jobs_of,
    lessons_of,
    newsletter,
    questions_of,
    splits_of,
)
from services.images.losses import LOSSES, NEGATIVES
from services.images.maps import Maps, Trunk, cached_maps
from services.images.model import Siamese
from services.images.pictographs import PICTOGRAPHS
from services.images.settings import Settings
from shared import __version__
from shared.artifacts import Manifest, is_whole, make, read_manifest
from shared.commands import CannotDo, run
from shared.device import choose, limit_threads
from shared.engine import Figure
from shared.tensors import load_tensors

COMMAND = "python -m services.images.train"
UNSEEN = 0.5  # share of the pictographs that is kept for `evaluate`; all of your own pictures are learned from
FOUND = ("adopted", "recall", "calibration", "identities", "scope")  # what training writes into the manifest


@dataclass(frozen=True)
class Learned:
    """What a training was worth, and what it found out that serving must know."""

    outcome: Outcome
    calibration: dict[str, JsonValue]  # by embedding; empty where nothing was held out
    splits: dict[str, Split]  # by identity
    readable: list[Picture]

    @property
    def uses(self) -> dict[str, JsonValue]:
        """How many identities were used for what."""
        splits = list(self.splits.values())
        return {
            "trained on": splits.count("train"),
            "that decided": splits.count("validation"),
            "never seen": splits.count("unseen"),
        }


def learn(network: Siamese, collection: Collection, recipe: Recipe, maps_folder: Path, settings: Settings) -> Learned:
    """Adapts `network`, pretrained, to a collection; maps that an earlier run left in `maps_folder` are taken over."""
    splits = splits_of(len(collection.identities), recipe)
    jobs, side = jobs_of(collection, splits, recipe), network.backbone.side
    maps = cached_maps(maps_folder, jobs, trunk_of(network, settings), side, recipe.seed, settings.max_pixels)
    collection.problems.extend(maps.problems)
    lessons = lessons_of(collection, splits, maps)
    refuse_too_few(lessons)
    if lessons.kind == "unlabelled":
        lessons = grouped(lessons, network.general, maps)
    if recipe.scope == "head":
        network.adapted.top = network.general.top
    outcome = adapt(network.adapted, lessons, maps, recipe)
    named = dict(zip(collection.identities, splits, strict=True))
    return Learned(outcome, calibrated(network, lessons, maps), named, readable(collection, splits, maps, settings))


def refuse_too_few(lessons: Lessons) -> None:
    """What is learned is to tell one thing from another."""
    _, pictures = np.unique(lessons.trained[0].identities, return_counts=True)
    needed = 2 if lessons.kind == "classes" else 1  # pictures of a thing that can be learned from
    if (found := int((pictures >= needed).sum())) < 2:
        raise CannotDo(
            f"{found} of the {lessons.kind} can be learned from; two are the least, of classes with two pictures each; "
            "to search among these pictures as they are: python -m services.images.index add FOLDER"
        )


def readable(collection: Collection, splits: Sequence[Split], maps: Maps, settings: Settings) -> list[Picture]:
    """The pictures that were looked at, and of those nothing may look at while training the ones that can be opened."""
    looked_at = [picture for number, picture in enumerate(collection.pictures) if number in maps.first]
    unseen = [picture for picture in collection.pictures if splits[picture.identity] == "unseen"]
    others = replace(collection, pictures=unseen)  # names what is broken in the same list
    return looked_at + [picture for picture, _ in opened(others, settings.max_pixels)]


def trunk_of(network: Siamese, settings: Settings) -> Trunk:
    """As it is computed while serving."""
    device = choose(settings.device)
    network.to(device)
    trunk = inference(network.trunk, settings.engine, device)

    def maps(pictures: Tensor) -> Tensor:
        with torch.inference_mode():
            return trunk(network.backbone.scaled(pictures.to(device)))

    return maps


def calibrated(network: Siamese, lessons: Lessons, maps: Maps) -> dict[str, JsonValue]:
    """Fitted on the identities that decided: on those trained on, both embeddings would be too sure."""
    questions = questions_of(lessons)
    if not len(questions.queries):
        return {}
    fitted: dict[str, JsonValue] = {}
    for look, embedding in (("general", network.general), ("adapted", network.adapted)):
        found = Inputs(maps, embedding, "last-block").ask(embedding.eval(), questions, RANKS)
        fitted[look] = dict(fit(found.cosines, found.right).to_json())
    return fitted


def pretrained(data: Path, backbone: str, scope: Scope) -> Siamese:
    network = Siamese(backbone_of(backbone, scope))
    network.take(load_tensors(data / "backbone.safetensors"))
    return network.eval()


def fill(
    collection: Collection, recipe: Recipe, settings: Settings, wanted: Manifest, maps: Path, work: Path
) -> list[Figure]:
    network = pretrained(settings.data, str(wanted.config["backbone"]), recipe.scope)
    learned = learn(network, collection, recipe, maps, settings)
    outcome = learned.outcome
    wanted.config.update(
        adopted=outcome.adopted,
        recall={"general": outcome.before, "adapted": outcome.after},
        calibration=learned.calibration,
        identities=learned.uses,
        scope=recipe.scope,
    )
    tell(collection, learned)
    write_network(work, network, settings.data / "sentences")
    found = sorted(learned.readable, key=lambda picture: picture.path)
    anchors = [Named(picture.path, picture.name) for picture in found if picture.role != "positive"]
    write_anchors(work, network, anchors, "adapted" if outcome.adopted else "general", settings)
    (work / "splits.json").write_text(json.dumps(learned.splits, indent=1))
    shutil.rmtree(maps, ignore_errors=True)
    return [figure(outcome, learned.uses)]


def tell(collection: Collection, learned: Learned) -> None:
    outcome = learned.outcome
    if collection.problems:
        print(f"left out or to be looked at:\n{said(collection.problems)}", file=sys.stderr)
    if not learned.calibration:
        print("too few to hold any out: nothing could be measured, so the general one is served", file=sys.stderr)
        return
    verdict = "taken into use" if outcome.adopted else "not taken into use: the general embedding is served"
    print(
        f"recall of held-out identities: general {outcome.before:.3f}, adapted {outcome.after:.3f}; {verdict}",
        file=sys.stderr,
    )


def figure(outcome: Outcome, uses: Mapping[str, JsonValue]) -> Figure:
    """What training itself can say; `evaluate` replaces it by figures on identities that training never looked at."""
    return Figure(
        metric="recall@R",
        value=round(outcome.after, 4),
        data=f"{uses['that decided']} identities held out to decide when to stop; R: how many there are to find",
        baselines={"general embedding": round(outcome.before, 4)},
        note="a little too good: the weights were chosen on these; `evaluate` measures on others",
    )


def manifest(asked: argparse.Namespace, collection: Collection, recipe: Recipe, material: Manifest) -> Manifest:
    own = {"pictures": fingerprint(collection), "attribution": "your own pictures"} if asked.data else {}
    config: dict[str, JsonValue] = {
        "data_sha256": material.sha256,
        "backbone": str(material.config["backbone"]),
        "loss": recipe.loss,
        "recipe": json.loads(json.dumps(asdict(recipe))),
        "attribution": material.config["attribution"],
        "weights_licence": material.config["weights_licence"],
        **own,
    }
    data = f"{len(collection.pictures):,} pictures ({collection.kind}) of {asked.data}" if asked.data else material.data
    command = f"{COMMAND} --loss {recipe.loss} --seed {recipe.seed}"
    return Manifest(service="images", version=__version__, data=data, command=command, seed=recipe.seed, config=config)


def known(wanted: Manifest, folder: Path) -> Manifest:
    """With what an equal training found out already, so that it is recognised as the one that is wanted."""
    if not is_whole(folder):
        return wanted
    there = read_manifest(folder).config
    found = {name: there[name] for name in FOUND if name in there}
    return wanted.model_copy(update={"config": wanted.config | found})


def recipe_of(asked: argparse.Namespace, collection: Collection, source: object) -> Recipe:
    """The best for that kind of pictures, with what was asked for instead."""
    recipe = RECIPES[collection.kind]
    recipe = newsletter(recipe) if asked.newsletter else recipe
    usual = UNSEEN if not asked.data and source == PICTOGRAPHS else 0.0
    given = {name: getattr(asked, name) for name in ("loss", "negatives", "margin", "scope", "epochs", "unseen")}
    return replace(recipe, **{"unseen": usual, "seed": asked.seed} | {n: v for n, v in given.items() if v is not None})


def train(asked: argparse.Namespace, settings: Settings) -> None:
    limit_threads(1)  # one thread adds up in the same order on every machine
    material = read_manifest(settings.data)
    refuse_another(asked.backbone, str(material.config["backbone"]))
    collection = read_collection(asked.data) if asked.data else prepared(settings.data)
    recipe = recipe_of(asked, collection, material.config.get("source"))
    wanted = manifest(asked, collection, recipe, material)
    maps = settings.artifacts.with_name(f".{settings.artifacts.name}.maps-{wanted.sha256[:12]}")
    if not asked.resume:
        shutil.rmtree(maps, ignore_errors=True)
    wanted = known(wanted, settings.artifacts)
    make(settings.artifacts, wanted, partial(fill, collection, recipe, settings, wanted, maps), asked.force)


def refuse_another(asked: str | None, there: str) -> None:
    if asked not in (None, there):
        raise CannotDo(
            f"data/images was prepared with the backbone {there}: "
            f"`python -m services.images.prepare --backbone {asked}` first"
        )


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    usual = "the best for this kind of pictures"
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="pairs, classes or pictures alone; or data/images")
    parser.add_argument("--backbone", choices=BACKBONES, help="must be the one that `prepare` was asked for")
    parser.add_argument("--loss", choices=LOSSES, help=f"(default: {usual})")
    parser.add_argument("--negatives", choices=NEGATIVES, help="of the triplet loss: how they are chosen")
    parser.add_argument("--margin", type=float, help="of the triplet loss, in squared distance, 0 to 4")
    parser.add_argument("--scope", choices=get_args(Scope), help="what learns besides the head")
    parser.add_argument("--epochs", type=int, help=f"at most (default: {usual})")
    parser.add_argument("--unseen", type=float, help="share of the identities that training never looks at")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same weights, byte for byte")
    parser.add_argument(
        "--newsletter", action="store_true", help="its recipe: random negatives, margin 0.5, a new head"
    )
    parser.add_argument("--resume", action="store_true", help="go on with the maps that an interrupted run computed")
    parser.add_argument("--force", action="store_true", help="train again what is already there")
    return parser.parse_args()


if __name__ == "__main__":
    run(lambda: train(arguments(), Settings()))
