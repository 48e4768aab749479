"""The trace: every step by hand in numpy, recomputed from what is returned, and only what was asked for."""

import io
import json
import math
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from services.attention.features import Tokens, batch, cut_into_words, load_tokenizer, tokenise
from services.attention.model import Config, Encoder
from services.attention.schemas.trace import THRONES, Trace, TraceRequest
from services.attention.settings import Settings
from services.attention.trace.lesson import lessons
from services.attention.trace.recompute import difference, equations, gelu, inputs_of
from services.attention.trace.steps import arrays_of
from services.attention.trace.trace import as_json, as_npz, trace
from shared.problems import Unprocessable
from shared.tensors import load_tensors

PAPER = Config(10_000, 512, 0, layers=2, heads=2, width=5, head_width=3, hidden=20, epsilon=1e-5, paper=True)
BERT = Config(vocabulary=10_000, positions=512, layers=2, heads=3, width=12, head_width=4, hidden=20)
SEVEN = cut_into_words(10_000, THRONES)
STEPS = [(config, name) for config in (PAPER, BERT) for name in equations(config.paper, layer=0)]


@cache
def small(config: Config) -> Encoder:
    """Seeded weights of two decimals."""
    torch.manual_seed(0)
    encoder = Encoder(config).eval()
    with torch.no_grad():
        for weight in encoder.parameters():
            weight.copy_(weight.mul(100).round() / 100)
    return encoder


def traced(config: Config = PAPER, tokens: Tokens = SEVEN, **asked: Any) -> Trace:
    return trace(small(config), batch([tokens]), tokens, model="small", **asked)


def values(answer: Trace) -> dict[str, np.ndarray]:
    return {step.name: np.asarray(step.values) for step in answer.steps if step.values is not None}


def softmax(a: np.ndarray) -> np.ndarray:
    return np.array([np.exp(row) / np.exp(row).sum() for row in a])


def normalised(a: np.ndarray, gamma: np.ndarray, beta: np.ndarray) -> np.ndarray:
    return np.array([(row - row.mean()) / math.sqrt(row.var() + 1e-5) * gamma + beta for row in a])


def test_the_embedding_of_the_newsletter_by_hand() -> None:
    found, table = values(traced()), small(PAPER).embedding.token.weight.detach().numpy()
    position = [[math.sin(p), math.cos(p), math.sin(p * f), math.cos(p * f), math.sin(p * f * f)] for p in range(7)
                for f in [10_000 ** (-2 / 5)]]  # fmt: skip
    np.testing.assert_allclose(found["token_embedding"], table[SEVEN.ids], atol=0)  # figure 6, 7 x 5
    np.testing.assert_allclose(found["position_encoding"], position, atol=1e-6)  # figure 8, an odd width
    np.testing.assert_allclose(found["x"], table[SEVEN.ids] * math.sqrt(5) + position, atol=1e-6)  # figure 9


def test_one_head_of_the_newsletter_by_hand() -> None:
    found, part = values(traced(head=1)), small(PAPER).layers[0].get_submodule("attention").state_dict()
    x, W = found["x"], {name: part[f"{name}.weight"].numpy()[3:].T for name in ("query", "key", "value")}
    q, k, v = (x @ W[name] + part[f"{name}.bias"].numpy()[3:] for name in ("query", "key", "value"))
    assert W["query"].shape == found["W_Q"].shape == (5, 3)  # figure 10
    np.testing.assert_allclose(found["Q"], q, atol=1e-6)  # figure 14, 7 x 3
    np.testing.assert_allclose(found["scores"], q @ k.T, atol=1e-5)  # figure 15, 7 x 7
    np.testing.assert_allclose(found["scaled"], q @ k.T / 1.7320508, atol=1e-5)  # figure 17, sqrt(3)
    np.testing.assert_allclose(found["attention"], softmax(q @ k.T / 1.7320508), atol=1e-6)  # figure 19
    np.testing.assert_allclose(found["filtered"], softmax(q @ k.T / 1.7320508) @ v, atol=1e-6)  # figure 20, 7 x 3


def test_the_rest_of_the_block_by_hand() -> None:
    found, w = values(traced()), {k: v.numpy() for k, v in small(PAPER).layers[0].state_dict().items()}
    joined = np.concatenate([found["filtered"][0], found["filtered"][1]], axis=1)  # (7, 6)
    attended = joined @ w["attention.output.weight"].T + w["attention.output.bias"]  # figure 21, 7 x 5
    normed = normalised(found["x"] + attended, w["attention_norm.weight"], w["attention_norm.bias"])
    hidden = np.maximum(normed @ w["expand.weight"].T + w["expand.bias"], 0)  # (7, 20)
    fed = hidden @ w["contract.weight"].T + w["contract.bias"]
    output = normalised(normed + fed, w["forward_norm.weight"], w["forward_norm.bias"])
    np.testing.assert_allclose(found["attention_output"], attended, atol=1e-5)
    np.testing.assert_allclose(found["layer_output"], output, atol=1e-5)


def test_the_simplified_attention_of_figure_three_by_hand() -> None:
    found = values(traced(query="game"))
    x, weights = found["x"], softmax(found["x"] @ found["x"].T)[4]
    np.testing.assert_allclose(found["simple_weights"], weights, atol=1e-6)
    np.testing.assert_allclose(found["simple_sum"], sum(weights[j] * x[j] for j in range(7)), atol=1e-6)


def test_what_is_worked_out_for_the_query_token_adds_up() -> None:
    found = values(traced(head=0, query="game"))
    key = int(found["strongest_key"])
    assert found["scores"][4].max() == found["scores"][4, key]
    assert found["elementwise"].sum() == pytest.approx(found["scores"][4, key], abs=1e-7)
    assert found["product_parts"].sum() + found["b_Q"][0] == pytest.approx(found["Q"][4, 0], abs=1e-7)
    np.testing.assert_allclose(found["weighted_values"].sum(axis=0), found["filtered"][4], atol=1e-7)
    np.testing.assert_allclose(found["formula"], found["filtered"][4], atol=1e-7)


@pytest.mark.parametrize("config", [PAPER, BERT])
@pytest.mark.parametrize("layer", [0, 1])
def test_the_trace_is_the_pass_of_the_model(config: Config, layer: int) -> None:
    one = batch([SEVEN])
    with torch.inference_mode():
        encoding = small(config)(one.ids, one.types, one.real)
    found = values(traced(config, layer=layer))
    np.testing.assert_allclose(found["x"], encoding.hidden[layer][0], atol=1e-6)
    np.testing.assert_allclose(found["attention"], encoding.attentions[layer][0], atol=1e-6)
    np.testing.assert_allclose(found["layer_output"], encoding.hidden[layer + 1][0], atol=1e-5)


@pytest.mark.parametrize("config", [PAPER, BERT])
@pytest.mark.parametrize("head", [None, 1])
@pytest.mark.parametrize("layer", [0, 1])
def test_every_step_can_be_recomputed_from_those_before_it(config: Config, head: int | None, layer: int) -> None:
    answer, known = traced(config, head=head, layer=layer), {"query"}
    for step in answer.steps:
        assert set(step.inputs) <= known, step.name
        assert (step.recompute is None) == (not step.inputs), step.name
        known.add(step.name)
    assert answer.recompute == max(step.recompute or 0 for step in answer.steps) <= 1e-5


@pytest.mark.parametrize(
    "folder", sorted(Settings().artifacts.glob("*/model.safetensors")), ids=lambda f: f.parent.name
)
def test_every_step_of_the_real_models_can_be_recomputed(folder: Path) -> None:
    config = Config(**json.loads((folder.parent / "config.json").read_text())["encoder"])
    encoder = Encoder(config).eval()
    encoder.load_state_dict(load_tensors(folder, "cpu"))
    tokens = cut_into_words(config.vocabulary, "when you play the game of thrones you win or you die " * 3)
    for layer in (0, config.layers // 2, config.layers - 1):
        answer = trace(encoder, batch([tokens]), tokens, model="real", layer=layer)
        assert answer.recompute is not None
        assert answer.recompute <= 1e-5


@pytest.mark.parametrize(("config", "name"), STEPS)
@pytest.mark.parametrize("alone", [False, True])
def test_recompute_sees_one_wrong_number_in_any_step(config: Config, name: str, alone: bool) -> None:
    head = config.heads - 1 if alone else None
    arrays, equation = dict(inputs(config, head)), equations(config.paper, layer=0)[name]
    before = difference(name, equation, arrays, 2, head)
    wrong = np.array(arrays[name], dtype=np.float64)
    wrong[(-1,) * wrong.ndim] += 0.01  # the last number, which is the last head's
    after = difference(name, equation, arrays | {name: wrong}, 2, head)
    assert before < 1e-6 < 0.009 < after


@cache
def inputs(config: Config, head: int | None) -> Mapping[str, np.ndarray]:
    return {name: np.asarray(array, np.float64) for name, array in values(traced(config, head=head, query=2)).items()}


@pytest.mark.parametrize(("config", "name"), STEPS)
def test_recompute_sees_a_wrong_input(config: Config, name: str) -> None:
    arrays, equation = dict(inputs(config, None)), equations(config.paper, layer=0)[name]
    moved = {part: arrays[part] * 0.5 + 0.1 for part in inputs_of(equation) if part not in ("query", "strongest_key")}
    if name in ("scale", "position_frequencies"):  # these read a shape, which has not changed
        assert difference(name, equation, arrays | moved, 2, None) < 1e-6
    elif name == "strongest_key":
        assert difference(name, equation, arrays | {"scores": -arrays["scores"]}, 2, None) >= 1
    else:
        assert difference(name, equation, arrays | moved, 2, None) > 1e-3


def test_gelu_is_the_number_times_the_normal_distribution_up_to_it() -> None:
    expected = [x * 0.5 * math.erfc(-x / math.sqrt(2)) for x in (-3.0, -0.5, 0.0, 2.0)]
    np.testing.assert_allclose(gelu(np.array([-3.0, -0.5, 0.0, 2.0])), expected, atol=1e-15)


def test_a_changed_weight_changes_the_trace() -> None:
    torch.manual_seed(1)
    encoder, one = Encoder(BERT).eval(), batch([SEVEN])
    before = arrays_of(encoder, one, 0, 0)["attention_output"]
    with torch.no_grad():
        encoder.layers[0].get_parameter("attention.output.bias").add_(1)
    np.testing.assert_allclose(arrays_of(encoder, one, 0, 0)["attention_output"], before + 1, atol=1e-6)


def test_of_equal_scores_the_first_is_the_strongest() -> None:
    torch.manual_seed(2)
    encoder, one = Encoder(PAPER).eval(), batch([SEVEN])
    with torch.no_grad():
        encoder.layers[0].get_parameter("attention.query.weight").zero_()
        encoder.layers[0].get_parameter("attention.query.bias").zero_()  # every score is 0
    answer = trace(encoder, one, SEVEN, model="small", fields=["strongest_key"])
    np.testing.assert_array_equal(answer.steps[0].values, [0, 0])
    assert answer.recompute == 0


def test_one_head_is_the_slice_of_all_of_them() -> None:
    every, one = values(traced(BERT)), traced(BERT, head=2)
    axes = {lesson.name: lesson.axes for lesson in lessons(paper=False)}
    for step in one.steps:
        expected = every[step.name][2] if "head" in axes[step.name] else every[step.name]
        np.testing.assert_array_equal(step.values, expected)
        assert len(step.axes) == len(step.shape) == np.ndim(step.values)
        assert "head" not in step.axes


@pytest.mark.parametrize(("query", "place"), [(None, 0), (3, 3), ("game", 4), ("GAME", 4), ("the", 1)])
def test_the_query_is_a_number_or_the_first_such_word(query: int | str | None, place: int) -> None:
    answer = traced(tokens=cut_into_words(10_000, "play the orange the game"), query=query)
    assert answer.query == place
    assert answer.query_token == answer.tokens[place]


def test_a_korean_word_is_found_however_its_letters_are_composed() -> None:
    decomposed = "\u1112\u1161\u11ab\u1100\u1173\u11af"  # the six letters of 한글, as macOS writes them
    assert traced(tokens=cut_into_words(10_000, "나의 한글"), query=decomposed).query == 1


def test_a_special_token_is_not_the_query_unless_it_is_asked_for() -> None:
    tokens = tokenise(load_tokenizer(Settings().artifacts / "minilm" / "tokenizer.json"), "thrones of games")
    encoder = Encoder(Config(layers=1, heads=1, width=4, head_width=4, hidden=4))
    answers = [trace(encoder, batch([tokens]), tokens, model="m", query=q) for q in (None, "[CLS]", "thrones", "games")]
    assert [answer.query_token for answer in answers] == ["throne", "[CLS]", "throne", "games"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"query": "orange"}, "its words are: when, you, play, the, game, of, thrones"),
        ({"query": 7}, "0 to 6"),
        ({"query": -1}, "0 to 6"),
        ({"layer": 2}, "the layers of small are 0 to 1"),
        ({"head": -1}, "the heads of small are 0 to 1"),
        ({"fields": ["Q", "softmax"]}, "no step 'softmax': the steps of small are token_ids"),
        ({"fields": ["segment_embedding"]}, "no step 'segment_embedding'"),  # BERT's, not the paper's
    ],
)
def test_what_is_not_there_is_refused_with_what_is(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(Unprocessable, match=said):
        traced(**asked)


def test_only_the_fields_asked_for_are_returned() -> None:
    answer = traced(fields=["scores", "Q", "K"])
    assert [step.name for step in answer.steps] == ["Q", "K", "scores"]


def test_a_large_step_is_left_out_unless_it_is_named() -> None:
    left_out = [step for step in traced(most=120).steps if step.values is None]
    assert [(step.name, step.shape) for step in left_out] == [("expanded", [7, 20]), ("activated", [7, 20])]
    assert left_out[0].omitted == "140 numbers, more than 120: name expanded in fields to have them"
    assert left_out[0].recompute == pytest.approx(0, abs=1e-5)
    [named] = traced(most=120, fields=["expanded"]).steps
    assert (np.shape(named.values), named.omitted) == ((7, 20), None)


def test_json_loses_nothing() -> None:
    answer = traced(BERT, head=0)
    steps = {step["name"]: step for step in json.loads(as_json(answer))["steps"]}
    x, W, b = (np.array(steps[name]["values"]) for name in ("x", "W_Q", "b_Q"))
    np.testing.assert_allclose(x.astype(np.float32), values(answer)["x"], atol=0)
    np.testing.assert_allclose(steps["Q"]["values"], x @ W + b, atol=1e-6)
    assert steps["epsilon"]["values"] == BERT.epsilon


def test_npz_holds_every_step_and_is_the_same_twice() -> None:
    first, again = (as_npz(traced(most=None)) for _ in range(2))
    archive = np.load(io.BytesIO(first))
    described = json.loads(archive["trace.json"])
    assert first == again
    assert archive.files == [*(step["name"] for step in described["steps"]), "trace.json"]
    np.testing.assert_array_equal(archive["scores"], values(traced())["scores"])
    assert "values" not in described["steps"][0]


@pytest.mark.parametrize("paper", [True, False])
def test_every_step_is_explained_in_english_and_korean(paper: bool) -> None:
    for lesson in lessons(paper):
        assert lesson.caption.en.isascii(), lesson.name
        assert re.search(r"다(\(.+\))?\.$", lesson.caption.ko), lesson.name
        assert any("가" <= letter <= "힣" for letter in lesson.title.ko), lesson.name
        assert lesson.latex.count("{") == lesson.latex.count("}"), lesson.name


def test_the_figures_of_the_newsletter_have_their_steps() -> None:
    drawn = {step.figure for step in traced().steps}
    assert drawn >= {3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 15, 17, 18, 19, 20, 21}


def test_the_numbers_of_one_entry_are_written_out() -> None:
    numbers = {step.name: step.numbers for step in traced(head=0, query="game").steps if step.numbers}
    score = values(traced(head=0))["scores"][4].max()
    assert numbers["scale"] == "√3 = 1.7320508"
    assert f"= {score:.4g}" in numbers["scores"]
    assert numbers["scaled"].startswith("Z[4, ")
    assert numbers["formula"] == "softmax(1 × 3 · 3 × 7 / 1.7320508) · 7 × 3 = 1 × 3"


@pytest.mark.parametrize(
    "asked", [{"text": " "}, {"text": "a", "query": True}, {"text": "a", "query": " "}, {"text": "a", "haed": 1}]
)
def test_a_request_that_cannot_be_meant_is_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TraceRequest.model_validate(asked)


@pytest.mark.parametrize("example", TraceRequest.model_json_schema()["examples"])
def test_the_examples_work_as_they_stand(example: dict[str, Any]) -> None:
    asked = TraceRequest.model_validate(example)
    tokens = cut_into_words(30_522, asked.text, asked.pair)
    encoder = Encoder(Config(layers=6, heads=12, width=12, head_width=1, hidden=4))
    answer = trace(
        encoder, batch([tokens]), tokens, model="m", **asked.model_dump(include={"layer", "head", "query", "fields"})
    )
    assert answer.query_token == asked.query
    assert len(answer.steps) == len(asked.fields or lessons(paper=False))
