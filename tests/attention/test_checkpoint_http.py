"""Checkpoints that ATTENTION_CHECKPOINTS names, through the real app: what they answer, refuse, and stop."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fastapi.testclient import TestClient

from services.attention.app import build
from services.attention.engine import Engine
from services.attention.settings import Settings
from tests.attention.checkpoints import MADE, PAIR, TEXT, save
from tests.conftest import ready


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    torch.manual_seed(0)
    root = tmp_path_factory.mktemp("checkpoints")
    return {name: str(save(root / name, *(make() for make in MADE[name]))) for name in ("gpt2", "t5")}


def settings(toy_alone: Path, checkpoints: dict[str, str]) -> Settings:
    """As they come from the environment."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("ATTENTION_CHECKPOINTS", json.dumps(checkpoints))
        return Settings(artifacts_dir=toy_alone, default_model="toy")


@pytest.fixture(scope="module")
def client(toy_alone: Path, folders: dict[str, str]) -> Iterator[TestClient]:
    with ready(build(settings(toy_alone, folders)), "attention") as client:
        yield client


def ask(client: TestClient, path: str, **asked: Any) -> dict[str, Any]:
    answer = client.post(f"/attention/{path}", json=asked)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def refusal(answer: Any) -> str:
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), answer.text
    detail: str = answer.json()["detail"]
    return detail


def test_they_are_listed_beside_our_own_with_their_kinds(client: TestClient) -> None:
    items = client.get("/attention/models").json()["items"]
    kinds = [(one["name"], one["kind"], one["steps"]) for one in items]
    assert kinds == [("toy", "encoder", True), ("gpt2", "decoder", False), ("t5", "encoder-decoder", False)]


def test_a_decoders_maps_have_nothing_above_the_diagonal(client: TestClient) -> None:
    weights = np.array(ask(client, "maps", text=TEXT, model="gpt2")["weights"])  # (L, H, T, T)
    assert weights.shape[:2] == (2, 2)
    assert np.triu(weights, 1).max() == 0
    assert np.abs(weights.sum(-1) - 1).max() < weights.shape[-1] * 0.5e-4  # rounded to 4 decimals


def test_cross_attention_has_the_pair_in_its_rows_and_the_text_in_its_columns(client: TestClient) -> None:
    maps = ask(client, "maps", text=TEXT, pair=PAIR, part="cross", model="t5")
    assert maps["tokens"] == ["<pad>", *PAIR.split()]  # begun with what T5 reads before it has written anything
    assert maps["key_tokens"] == [*TEXT.split(), "</s>"]
    assert np.shape(maps["weights"]) == (3, 2, 7, 6)


@pytest.mark.parametrize(("part", "shape"), [("self", (2, 2, 6, 6)), ("decoder", (3, 2, 7, 7))])
def test_the_other_parts_look_at_themselves(client: TestClient, part: str, shape: tuple[int, ...]) -> None:
    maps = ask(client, "maps", text=TEXT, pair=PAIR, part=part, model="t5")
    assert np.shape(maps["weights"]) == shape
    assert maps["key_tokens"] is None


def test_a_figure_of_cross_attention_names_the_tokens_of_both_sides(client: TestClient) -> None:
    asked = {"text": "the station", "pair": "le train", "part": "cross", "model": "t5", "format": "svg"}
    drawn = client.get("/attention/figure", params=asked)
    assert drawn.status_code == 200, drawn.text
    assert all(f">{token}<" in drawn.text for token in ("station", "le", "train"))
    alone = client.get("/attention/figure", params=asked | {"part": "self"})
    assert ">station<" in alone.text
    assert ">train<" not in alone.text


def test_a_part_without_its_pair_is_refused(client: TestClient) -> None:
    asked = {"text": TEXT, "part": "cross", "model": "t5"}
    assert "part 'cross' of t5 needs `pair`" in refusal(client.post("/attention/maps", json=asked))
    assert "part 'cross' of t5 needs `pair`" in refusal(client.get("/attention/figure", params=asked))


@pytest.mark.parametrize("model", ["gpt2", "t5"])
@pytest.mark.parametrize("path", ["trace", "measures"])
def test_steps_are_refused_with_the_models_that_have_them(client: TestClient, path: str, model: str) -> None:
    detail = refusal(client.post(f"/attention/{path}", json={"text": TEXT, "model": model}))
    assert detail == f"{model} runs inside transformers: its steps are there for toy"


def test_q_and_k_are_refused(client: TestClient) -> None:
    accept = {"Accept": "application/x-npy;of=qk"}
    answer = client.post("/attention/maps", json={"text": TEXT, "model": "gpt2"}, headers=accept)
    assert "gpt2 runs inside transformers, which does not give out its Q and K" in refusal(answer)


def test_a_name_that_a_model_of_ours_has_stops_the_start(toy_alone: Path, folders: dict[str, str]) -> None:
    clash = settings(toy_alone, {"toy": folders["gpt2"]})
    with pytest.raises(
        ValueError, match=r"ATTENTION_CHECKPOINTS names .*gpt2 'toy', and there is a model of that name"
    ):
        Engine.load(clash)


def test_a_folder_that_is_no_checkpoint_is_named_by_a_process_that_lives(toy_alone: Path, tmp_path: Path) -> None:
    with TestClient(build(settings(toy_alone, {"mine": str(tmp_path)}))) as client:
        while not (answer := client.get("/attention/health/ready")).json()["failed"]:
            time.sleep(0.01)
        assert answer.status_code == 503
        assert f"{tmp_path}: config.json is missing" in answer.json()["detail"]
        assert client.post("/attention/maps", json={"text": TEXT}).status_code == 503
        assert client.get("/attention/health/live").status_code == 200
