"""Tiny data that a test can check by hand, and the real app with the trained model."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient
from openpyxl import Workbook

from services.ratings.app import build
from services.ratings.dataset import Dataset
from services.ratings.engine import Engine
from services.ratings.journal import Journal
from services.ratings.learn import Recipe
from services.ratings.schemas.newcomer import GivenRating
from services.ratings.schemas.predict import Pair, PredictRequest
from services.ratings.settings import Settings
from services.ratings.train import train
from services.ratings.trained import Trained, learn
from tests.conftest import ready

Rows = list[list[Any]]

PRODUCTS: Rows = [
    ["movieId", "title", "genres"],
    [1, "Toy Story (1995)", "Adventure|Animation|Children"],
    [2, "Matrix, The (1999)", "Action|Sci-Fi"],
    [3, "Babylon 5", "(no genres listed)"],
]
USERS: Rows = [
    ["userId", "movieId", "rating", "timestamp"],
    [1, 1, 4.0, 964982703],
    [1, 2, 0.5, 964981247],
    [7, 1, 5, 964982224],
]


QUICK = replace(Recipe(), burn=12, thin=1, keep=6, fold_keep=3, hidden_folds=2, epochs=2)


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The default model; nobody has added a rating yet."""
    with ready(build(Settings(state_dir=tmp_path_factory.mktemp("state"))), "ratings") as client:
        yield client


@pytest.fixture
def spreadsheet(tmp_path: Path) -> Path:
    return write_xlsx(tmp_path / "small.xlsx", {"products": PRODUCTS, "users": USERS})


def write_xlsx(path: Path, sheets: dict[str, Rows]) -> Path:
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


@pytest.fixture(scope="session")
def toy() -> Dataset:
    """40 users, 30 movies, 600 ratings: even users love comedies, odd users dramas; movie 30 is never rated."""
    rng = np.random.default_rng(0)
    pairs = rng.permutation(40 * 29)[:600]
    user, movie = pairs // 29, pairs % 29
    stars = np.clip(3 + np.where((user + movie) % 2 == 0, 1.2, -1.2) + rng.normal(0, 0.5, 600), 1, 5)
    ratings = pd.DataFrame({"user_id": user + 1, "movie_id": movie + 1, "stars": stars.astype("float32")})
    movies = pd.DataFrame({"movie_id": range(1, 31), "title": [f"Movie {n}" for n in range(1, 31)]})
    movies["year"] = 1990 + movies["movie_id"] % 20
    movies["genres"] = np.where(movies["movie_id"] % 2 == 1, "Comedy", "Drama")
    return Dataset(
        ratings.assign(timestamp=rng.integers(800_000_000, 900_000_000, 600)),
        movies,
        pd.DataFrame({"user_id": range(1, 42)}),  # user 41 rated nothing
        (1.0, 5.0),
        "toy",
        "none",
    )


@pytest.fixture(scope="session")
def told(toy: Dataset) -> Dataset:
    """The toy with ages from 20 to 60, two genders and three occupations; of user 40 nothing is told."""
    users = toy.users.assign(age=toy.users["user_id"] + 19.0, gender=np.where(toy.users["user_id"] % 2 == 0, "F", "M"))
    users["occupation"] = np.array(["writer", "artist", "Bühnenbildnerin"])[toy.users["user_id"] % 3]
    known = toy.users["user_id"] != 40
    named = {name: users[name].where(known) for name in ("age", "gender", "occupation")}
    return replace(toy, users=users.assign(**named))


@pytest.fixture(scope="session")
def trained(told: Dataset) -> Trained:
    return learn(told, QUICK, seed=0)


@pytest.fixture(scope="session")
def folder(told: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `train` writes of the same."""
    folder = tmp_path_factory.mktemp("artifacts") / "ratings"
    train(told, folder, QUICK, seed=0)
    return folder


@pytest.fixture(scope="session")
def engine(folder: Path) -> Engine:
    """For tests that change nothing."""
    return Engine(folder, max_pairs=2000)


@pytest.fixture
def fresh(folder: Path, tmp_path: Path) -> Engine:
    """For tests that add and take back."""
    return restarted(folder, tmp_path)


def restarted(folder: Path, tmp_path: Path) -> Engine:
    return Engine(folder, journal=Journal(tmp_path / "journal.sqlite"))


def pairs(*ids: tuple[int | None, int], at: datetime | None = None, **more: Any) -> PredictRequest:
    return PredictRequest(pairs=[Pair(user_id=user, movie_id=movie, at=at) for user, movie in ids], **more)


def stars_of(engine: Engine, user_id: int, at: datetime | None = None) -> list[float]:
    """One user's predictions for every movie of the toy."""
    found = engine.predict(pairs(*[(user_id, movie) for movie in range(1, 31)], at=at))
    return [one.stars for one in found.predictions]


def given(toy: Dataset, user_id: int) -> list[GivenRating]:
    """A user's ratings, as a newcomer would send them."""
    own = toy.ratings[toy.ratings["user_id"] == user_id]
    rows = zip(own["movie_id"], own["stars"], pd.to_datetime(own["timestamp"], unit="s", utc=True), strict=True)
    return [GivenRating(movie_id=movie, stars=float(stars), at=at.to_pydatetime()) for movie, stars, at in rows]
