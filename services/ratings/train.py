"""data/ratings -> artifacts/ratings: everything the engine needs, written whole or not at all."""

import argparse
import json
from dataclasses import asdict
from functools import partial
from pathlib import Path

import torch
from pydantic import JsonValue
from torch import Tensor, nn

from services.ratings import dataset
from services.ratings.dataset import Dataset
from services.ratings.features import genre_flags
from services.ratings.learn import Recipe, Trained, learn, rows_of
from services.ratings.settings import Settings
from shared import __version__
from shared.artifacts import Manifest, make, read_manifest
from shared.commands import run
from shared.device import limit_threads
from shared.engine import Figure
from shared.tensors import save_tensors

COMMAND = "python -m services.ratings.train"


def write(data: Dataset, trained: Trained, folder: Path) -> None:
    """Everything the engine needs, and no more: it reads no parquet."""
    parts = nn.ModuleDict({"network": trained.network, "interval": trained.interval})
    save_tensors(folder / "model.safetensors", dict(parts.state_dict()))
    save_tensors(folder / "catalogue.safetensors", catalogue(data))
    names = {"titles": data.movies["title"].tolist(), "genres": data.genres}
    (folder / "names.json").write_text(json.dumps(names, ensure_ascii=False), encoding="utf-8")


def catalogue(data: Dataset) -> dict[str, Tensor]:
    """Movies, users and ratings; users and movies of ratings as positions."""
    columns = {
        "movie_id": data.movies["movie_id"],
        "year": data.movies["year"],
        "user_id": data.users["user_id"],
        "timestamp": data.ratings["timestamp"],
    }
    rows = rows_of(data)
    return {
        **{name: torch.tensor(column.to_numpy("int64")) for name, column in columns.items()},
        "user": rows.user,
        "movie": rows.movie,
        "stars": rows.stars,
        "flags": genre_flags(data.movie_genres, data.genres),
    }


def manifest(data: Dataset, recipe: Recipe, seed: int, data_sha256: str) -> Manifest:
    config: dict[str, JsonValue] = {"data_sha256": data_sha256, "recipe": asdict(recipe)}
    config |= {"scale": list(data.scale), "licence": data.licence}
    command = f"{COMMAND} --seed {seed}"
    return Manifest(service="ratings", version=__version__, data=data.name, command=command, seed=seed, config=config)


def fill(data: Dataset, recipe: Recipe, seed: int, work: Path) -> list[Figure]:
    trained = learn(data, recipe, seed)
    write(data, trained, work)
    return [held_out_figure(trained)]


def held_out_figure(trained: Trained) -> Figure:
    """What training itself can say; `evaluate` replaces it by figures on rows that training never looked at."""
    note = (
        f"a little too good: the {trained.epochs} epochs were chosen on these rows; `evaluate` measures on a test part"
    )
    return Figure(metric="RMSE, stars", value=round(trained.held_out_rmse, 4), data="held-out tenth", note=note)


def train(data: Dataset, folder: Path, recipe: Recipe, seed: int, data_sha256: str = "", force: bool = False) -> None:
    """Write `folder` whole, or leave it as it was."""
    limit_threads(1)  # one thread adds up in the same order on every machine
    make(folder, manifest(data, recipe, seed, data_sha256), partial(fill, data, recipe, seed), force)


def main() -> None:
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same weights, byte for byte")
    parser.add_argument("--force", action="store_true", help="train again what is already there")
    asked, settings = parser.parse_args(), Settings()
    material = read_manifest(settings.data)
    train(dataset.read(settings.data), settings.artifacts, Recipe(), asked.seed, material.sha256, asked.force)


if __name__ == "__main__":
    run(main)
