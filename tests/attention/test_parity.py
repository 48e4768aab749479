"""Both real models against stored outputs of transformers' BertModel, which need not be installed."""

from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest
from numpy.typing import NDArray

from services.attention.engine import Engine
from services.attention.evaluate import served, step_by_step
from services.attention.record import REFERENCES, TEXTS, excerpt
from services.attention.train import SOURCES

CASES = [(name, number) for name in SOURCES for number in range(len(TEXTS))]


def stored(name: str, number: int) -> dict[str, NDArray[Any]]:
    with np.load(REFERENCES / f"{name}.npz") as file:
        return {part: file[f"{number}_{part}"] for part in ("ids", "hidden", "heads", "received")}


@pytest.mark.parametrize(("name", "number"), CASES)
def test_the_tokens_are_those_of_the_reference(engine: Engine, name: str, number: int) -> None:
    tokens = engine.own(name).tokenise(*TEXTS[number])
    assert tokens.ids == stored(name, number)["ids"].tolist()


@pytest.mark.parametrize("encode", [step_by_step, served])
@pytest.mark.parametrize(("name", "number"), CASES)
def test_attention_and_hidden_states_equal_the_reference_to_1e_5(
    engine: Engine, name: str, number: int, encode: Any
) -> None:
    model, expected = engine.own(name), stored(name, number)
    hidden, attention = encode(model, model.tokenise(*TEXTS[number]))
    for part, ours in excerpt(hidden.numpy(), attention.numpy()).items():
        np.testing.assert_allclose(ours, expected[part], atol=1e-5, rtol=0, err_msg=part)


@pytest.mark.parametrize("name", SOURCES)
def test_a_reference_is_small_and_carries_no_time_of_making(name: str) -> None:
    file = REFERENCES / f"{name}.npz"
    assert file.stat().st_size < 60_000
    assert {entry.date_time[:3] for entry in ZipFile(file).infolist()} == {(1980, 1, 1)}  # the zero of a zip's clock
