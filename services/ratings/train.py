"""data/ratings -> artifacts/ratings: everything the engine needs, written whole or not at all."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

import torch
from pydantic import JsonValue
from torch import Tensor, nn

from services.ratings import dataset
from services.ratings.dataset import Dataset
from services.ratings.features import genre_flags
from services.ratings.learn import Recipe, TooFewRatings, Trained, learn, rows_of
from services.ratings.settings import Settings
from shared import __version__
from shared.artifacts import ArtifactMissing, Manifest, is_whole, read_manifest, whole_folder, write_manifest
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


def train(data: Dataset, folder: Path, recipe: Recipe, seed: int, made_from: str = "") -> None:
    """Write `folder` whole, or leave it as it was."""
    trained = learn(data, recipe, seed)
    config: dict[str, JsonValue] = {
        "made_from": made_from,
        "recipe": asdict(recipe),
        "scale": list(data.scale),
        "licence": data.licence,
    }
    config["epochs"] = trained.epochs
    command = f"{COMMAND} --seed {seed}"
    with whole_folder(folder) as work:
        write(data, trained, work)
        manifest = Manifest(
            service="ratings",
            version=__version__,
            data=data.name,
            command=command,
            seed=seed,
            config=config,
            figures=[held_out_figure(trained)],
        )
        write_manifest(work, manifest)


def held_out_figure(trained: Trained) -> Figure:
    """What training itself can say; `evaluate` replaces it by figures on rows that training never looked at."""
    note = (
        f"a little too good: the {trained.epochs} epochs were chosen on these rows; `evaluate` measures on a test part"
    )
    return Figure(metric="RMSE, stars", value=round(trained.held_out_rmse, 4), data="held-out tenth", note=note)


def trained_already(folder: Path, made_from: str, recipe: Recipe, seed: int) -> bool:
    if not is_whole(folder):
        return False
    manifest = read_manifest(folder)
    wanted = {"made_from": made_from, "recipe": asdict(recipe)}
    return manifest.seed == seed and wanted.items() <= manifest.config.items()


def run(settings: Settings, seed: int, force: bool) -> str:
    """What was done, in a sentence."""
    made_from, recipe = read_manifest(settings.data).sha256, Recipe()
    if trained_already(settings.artifacts, made_from, recipe, seed) and not force:
        return f"{settings.artifacts} is whole and of this data: nothing to do"
    limit_threads(1)  # one thread adds up in the same order on every machine
    train(dataset.read(settings.data), settings.artifacts, recipe, seed, made_from)
    return f"{settings.artifacts} is ready"


def main() -> None:
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same weights, byte for byte")
    parser.add_argument("--force", action="store_true", help="train again what is already there")
    asked = parser.parse_args()
    try:
        print(run(Settings(), asked.seed, asked.force))
    except (ArtifactMissing, TooFewRatings) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
