"""Training on a few pairs of noise: reproducible, early to stop, and blind to what it must not see."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from services.images.model import EfficientNetLite0, Siamese
from services.images.settings import Settings
from services.images.train import Pairs, Recipe, recall_at_1, recall_of, split_of, starting_head, train, train_head
from shared.artifacts import Manifest, is_whole, read_manifest, write_manifest
from shared.tensors import save_tensors


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A prepared folder of eight pairs, and one anchor twice."""
    folder, rng = tmp_path / "data/images", np.random.default_rng(0)
    for side in ("anchor", "positive"):
        (folder / side).mkdir(parents=True)
        for name in range(8):
            Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(folder / side / f"{name}.png")
    (folder / "anchor" / "9.png").write_bytes((folder / "anchor" / "0.png").read_bytes())
    (folder / "names.json").write_text(json.dumps({"0.png": "noise"}))
    torch.manual_seed(0)
    save_tensors(folder / "backbone.safetensors", EfficientNetLite0().state_dict())
    manifest = Manifest(service="images", version="0", data="noise", command="", config={"attribution": "me"})
    write_manifest(folder, manifest)
    return Settings(data_dir=tmp_path / "data", artifacts_dir=tmp_path / "artifacts")


def pairs_with_a_common_twist(identities: int, views: int = 2) -> Pairs:
    """Positives are their anchors far along one direction, which says nothing of who they are; unit length."""
    rng = torch.Generator().manual_seed(0)
    anchors = torch.randn(identities, 1280, generator=rng)
    twist = 30 * torch.randn(views, identities, 1, generator=rng) * torch.randn(1280, generator=rng)
    return Pairs(F.normalize(anchors, dim=1), F.normalize(anchors + twist, dim=2))


def test_the_same_seed_writes_the_same_files(settings: Settings) -> None:
    recipe, folder = Recipe(epochs=2, batch=4), settings.artifacts
    train(settings, recipe, force=False)
    first = read_manifest(folder)
    train(settings, recipe, force=True)
    assert read_manifest(folder) == first
    train(settings, replace(recipe, seed=1), force=False)
    assert read_manifest(folder).files["model.safetensors"] != first.files["model.safetensors"]


def test_training_again_returns_at_once(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        train(settings, Recipe(epochs=1), force=False)
    assert capsys.readouterr().err.endswith("nothing to do\n")


def test_the_same_picture_twice_is_one_anchor(settings: Settings) -> None:
    train(settings, Recipe(epochs=1), force=False)
    rows = json.loads((settings.artifacts / "anchors.json").read_text())
    assert [row["file"] for row in rows] == [f"{name}.png" for name in range(8)]
    assert rows[0]["name"] == "noise"
    assert rows[1]["name"] == "1"


def test_unseen_positives_are_not_even_opened(settings: Settings) -> None:
    splits = split_of(8, Recipe())
    for name in range(8):
        if splits[name] == "unseen":
            (settings.data / "positive" / f"{name}.png").write_bytes(b"not a picture")
    train(settings, Recipe(epochs=1), force=False)
    assert is_whole(settings.artifacts)


def test_half_the_identities_are_never_seen() -> None:
    splits = split_of(1000, Recipe())
    assert [splits.count(split) for split in ("train", "validation", "unseen")] == [375, 125, 500]
    assert splits == split_of(1000, Recipe())
    assert splits != split_of(1000, Recipe(seed=1))


def test_recall_counts_queries_whose_nearest_is_their_own() -> None:
    gallery = torch.eye(4)
    queries = torch.stack([gallery[0], gallery[1], gallery[3], gallery[2]])
    assert recall_at_1(queries, gallery) == 0.5


def test_the_starting_head_looks_past_what_differs_within_pairs() -> None:
    pairs, network = pairs_with_a_common_twist(100), Siamese()
    untrained = recall_at_1(pairs.positives[0], pairs.anchors)
    network.head = starting_head(pairs, shrinkage=0.5)
    with torch.inference_mode():
        started = recall_at_1(network.project(pairs.positives[0]), network.project(pairs.anchors))
    assert untrained < 0.5
    assert started > 0.9


def test_the_best_head_is_kept_and_training_stops_when_nothing_gets_better() -> None:
    pairs, network = pairs_with_a_common_twist(40), Siamese()
    network.head = starting_head(pairs, shrinkage=0.5)
    recalls = train_head(network, pairs, pairs, Recipe(patience=3, batch=8))
    assert recall_of(network, pairs, pairs.anchors) == max(recalls) > recalls[0]
    assert len(recalls) - 1 - recalls.index(max(recalls)) == 3
