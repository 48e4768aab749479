"""What the tests of attention share: the real app and engine, and transformers' BertModel as a second opinion."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from services.attention.app import app
from services.attention.engine import Engine
from services.attention.record import load_reference
from services.attention.settings import Settings
from tests.conftest import ready


@pytest.fixture(scope="session")
def client() -> Iterator[TestClient]:
    with ready(app, "attention") as client:
        yield client


@pytest.fixture(scope="session")
def engine() -> Engine:
    return Engine.load(Settings())


@pytest.fixture(scope="session")
def reference() -> Any:
    return load_reference(Settings().data / "minilm")
