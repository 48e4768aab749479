"""The trained model is worth its training, on identities that it never saw."""

import json

import numpy as np
import pytest

from services.images.collection import prepared
from services.images.engine import Engine
from services.images.metrics import Retrieval
from services.images.outcomes import outcomes
from services.images.protocols import among, part_of, task_of
from services.images.settings import Settings


@pytest.fixture(scope="module")
def found(engine: Engine) -> dict[str, Retrieval]:
    """Every sixth of the unseen identities, as it is quick; the published figures are on all of them."""
    splits = json.loads((Settings().artifacts / "splits.json").read_text())
    unseen = sorted(identity for identity, split in splits.items() if split == "unseen")[::6]
    some = part_of(prepared(Settings().data), set(unseen))
    task = task_of(some, set(unseen))
    assert among(task, set(task.gallery)).all()
    return outcomes(task, engine.embedder, [])[0]


def test_unseen_line_art_finds_its_pictograph_far_more_often_than_without_training(
    engine: Engine, found: dict[str, Retrieval]
) -> None:
    assert found[engine.usual].recall(1) > found["untrained backbone"].recall(1) + 0.2
    assert found[engine.usual].recall(1) > found["pHash"].recall(1) + 0.4


def test_the_general_embedding_keeps_what_the_whole_backbone_knows(found: dict[str, Retrieval]) -> None:
    assert found["general"].mean_average_precision > found["untrained backbone"].mean_average_precision - 0.03


def test_what_is_measured_is_what_is_served(engine: Engine) -> None:
    anchors, _ = engine.anchors.find(limit=3)
    raws = [engine.file(anchor.id) for anchor in anchors]
    seen = list(engine.embedder.see_many(engine.embedder.read(raw) for raw in raws))
    for anchor, one in zip(anchors, seen, strict=True):
        stored = engine.searcher.vector(engine.usual, anchor)
        np.testing.assert_allclose(one.vectors[engine.usual], stored, atol=1e-2)
