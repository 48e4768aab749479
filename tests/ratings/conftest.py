"""Tiny data that a test can check by hand, and the real app with the trained model."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient
from openpyxl import Workbook

from services.ratings.app import build
from services.ratings.dataset import Dataset
from services.ratings.settings import Settings
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


@pytest.fixture(scope="session")
def client() -> Iterator[TestClient]:
    with ready(build(Settings()), "ratings") as client:
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
