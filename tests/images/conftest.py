"""What the tests of images share: the real app and engine, and pictures made on the spot."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from fastapi.testclient import TestClient
from PIL import Image

from services.images.app import app
from services.images.engine import Engine
from services.images.settings import Settings
from tests.conftest import ready


@pytest.fixture(scope="session")
def client() -> Iterator[TestClient]:
    with ready(app, "images") as client:
        yield client


@pytest.fixture(scope="session")
def engine() -> Engine:
    return Engine.load(Settings())


@pytest.fixture(autouse=True)
def the_same_chance_every_time() -> None:
    torch.manual_seed(0)


def file_of(client: TestClient, name: str) -> bytes:
    """The file of an indexed anchor."""
    anchor = client.get("/images/anchors", params={"query": name}).json()["items"][0]
    return client.get(anchor["url"]).content


@pytest.fixture(scope="session")
def apple(client: TestClient) -> bytes:
    return file_of(client, "red apple")


@pytest.fixture(scope="session")
def pear(client: TestClient) -> bytes:
    return file_of(client, "pear")


@pytest.fixture(scope="session")
def noise() -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8))
