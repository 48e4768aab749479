"""What the tests of attention share: the real app and engine, and transformers' BertModel as a second opinion."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from services.attention.app import app
from services.attention.engine import Engine
from services.attention.record import load_reference
from services.attention.settings import Settings
from services.attention.train import draw_toy
from shared.artifacts import Manifest, write_manifest
from tests.conftest import ready


@pytest.fixture(scope="session")
def client() -> Iterator[TestClient]:
    with ready(app, "attention") as client:
        yield client


@pytest.fixture(scope="session")
def engine() -> Engine:
    return Engine.load(Settings())


@pytest.fixture(scope="session")
def toy_alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An artifacts folder where attention has no model but the toy, which loads at once."""
    root = tmp_path_factory.mktemp("artifacts")
    (root / "attention").mkdir()
    draw_toy(root / "attention" / "toy")
    write_manifest(root / "attention", Manifest(service="attention", version="0", data="none", command="test"))
    return root


@pytest.fixture(scope="session")
def reference() -> Any:
    pytest.importorskip("transformers")
    return load_reference(Settings().data / "minilm")
