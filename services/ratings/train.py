"""data/ratings -> artifacts/ratings: everything the engine needs, written whole or not at all."""

import argparse
import json
from dataclasses import asdict
from functools import partial
from pathlib import Path

import torch
from pydantic import JsonValue
from torch import Tensor

from services.ratings import dataset
from services.ratings.dataset import Dataset
from services.ratings.features import genre_flags
from services.ratings.learn import QUICK, Recipe
from services.ratings.metrics import rmse
from services.ratings.ranking import RankingHead, side_features
from services.ratings.settings import Settings
from services.ratings.stages import OnDisk
from services.ratings.store import Words, write_model, write_words
from services.ratings.trained import Trained, learn
from shared import __version__
from shared.artifacts import Manifest, make, read_manifest
from shared.commands import run
from shared.device import limit_threads
from shared.engine import Figure
from shared.tensors import save_tensors

COMMAND = "python -m services.ratings.train"


def write(data: Dataset, trained: Trained, folder: Path) -> None:
    """Everything the engine needs, and no more: it reads no parquet."""
    write_model(folder, trained.predictor)
    save_tensors(folder / "ranking.safetensors", rank(data).tensors())
    save_tensors(folder / "catalogue.safetensors", catalogue(data, trained))
    words = Words(
        titles=data.movies["title"].tolist(),
        genres=data.genres,
        columns=trained.columns,
        curves=trained.curves,
        calibration=trained.held.calibration(),
    )
    write_words(folder, words)


def rank(data: Dataset) -> RankingHead:
    flags = genre_flags(data.movie_genres, data.genres).numpy()
    stars = data.ratings["stars"].to_numpy(float)
    features = side_features(flags, data.movies["year"].to_numpy())
    sizes = (len(data.users), len(data.movies))
    return RankingHead.fit(data.user_index, data.movie_index, stars, *sizes, features=features)


def catalogue(data: Dataset, trained: Trained) -> dict[str, Tensor]:
    """Movies, users and ratings; users and movies of ratings as positions. Held: predicted without having been seen."""
    columns = {
        "movie_id": data.movies["movie_id"],
        "year": data.movies["year"],
        "user_id": data.users["user_id"],
        "timestamp": data.ratings["timestamp"],
    }
    return {
        **{name: torch.tensor(column.to_numpy("int64")) for name, column in columns.items()},
        "user": torch.from_numpy(data.user_index),
        "movie": torch.from_numpy(data.movie_index),
        "stars": torch.tensor(data.ratings["stars"].to_numpy("float32")),
        "flags": genre_flags(data.movie_genres, data.genres),
        "profile": trained.profile,
        **{f"held_{name}": torch.from_numpy(value) for name, value in vars(trained.held).items()},
    }


def manifest(data: Dataset, recipe: Recipe, seed: int, data_sha256: str) -> Manifest:
    config: dict[str, JsonValue] = {"data_sha256": data_sha256, "recipe": json.loads(json.dumps(asdict(recipe)))}
    config |= {"scale": list(data.scale), "licence": data.licence}
    command = f"{COMMAND}{' --quick' if recipe == QUICK else ''} --seed {seed}"
    return Manifest(service="ratings", version=__version__, data=data.name, command=command, seed=seed, config=config)


def fill(data: Dataset, recipe: Recipe, seed: int, unfinished: Path, resume: bool, work: Path) -> list[Figure]:
    stages = OnDisk(unfinished, resume)
    trained = learn(data, recipe, seed, stages)
    write(data, trained, work)
    stages.done()
    return [held_out_figure(trained)]


def held_out_figure(trained: Trained) -> Figure:
    """What training itself can say; `evaluate` replaces it by figures on rows that training never looked at."""
    held = trained.held
    note = (
        "predicted by models that had not seen these ratings, but fewer sweeps long; `evaluate` measures on test parts"
    )
    value = round(rmse(held.predicted, held.stars), 4)
    return Figure(metric="RMSE, stars", value=value, data="a hidden fifth of the training ratings", note=note)


def train(
    data: Dataset,
    folder: Path,
    recipe: Recipe,
    seed: int,
    data_sha256: str = "",
    force: bool = False,
    resume: bool = False,
) -> None:
    """Write `folder` whole, or leave it as it was; `resume` takes over what an interrupted run had finished."""
    limit_threads(1)  # one thread adds up in the same order on every machine
    wanted = manifest(data, recipe, seed, data_sha256)
    unfinished = folder.with_name(f".{folder.name}.training-{wanted.sha256[:12]}")
    make(folder, wanted, partial(fill, data, recipe, seed, unfinished, resume), force)


def main() -> None:
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same weights, byte for byte")
    parser.add_argument("--force", action="store_true", help="train again what is already there")
    parser.add_argument(
        "--resume", action="store_true", help="go on after the last step that an interrupted run finished"
    )
    parser.add_argument("--quick", action="store_true", help="a smaller model in a tenth of the time, without moments")
    asked, settings = parser.parse_args(), Settings()
    recipe = QUICK if asked.quick else Recipe()
    prepared, sha256 = dataset.read(settings.data), read_manifest(settings.data).sha256
    train(prepared, settings.artifacts, recipe, asked.seed, sha256, asked.force, asked.resume)


if __name__ == "__main__":
    run(main)
