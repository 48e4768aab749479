"""The corrections of the newsletter: each measured in the pass at hand, and right where a pass can tell."""

import re
from functools import cache

import numpy as np
import pytest
import torch

from services.attention.features import Tokens, batch, cut_into_words, load_tokenizer, tokenise
from services.attention.model import Config, Encoder, sinusoids
from services.attention.schemas.trace import THRONES, Correction, Measured, Trace
from services.attention.settings import Settings
from services.attention.trace.corrections import MISTAKES, corrections
from services.attention.trace.evidence import Pass, nearest, of_diagonal, of_softmax
from services.attention.trace.trace import trace

PAPER = Config(10_000, 512, 0, layers=2, heads=2, width=5, head_width=3, hidden=20, epsilon=1e-5, paper=True)
BERT = Config(positions=64, layers=2, heads=3, width=12, head_width=4, hidden=20)


@cache
def traced(config: Config, head: int | None = None) -> Trace:
    torch.manual_seed(0)
    tokens = words() if config.paper else pieces()
    return trace(Encoder(config).eval(), batch([tokens]), tokens, model="small", head=head)


def words() -> Tokens:
    return cut_into_words(PAPER.vocabulary, THRONES)


def pieces() -> Tokens:
    return tokenise(load_tokenizer(Settings().artifacts / "minilm" / "tokenizer.json"), THRONES)


def one(config: Config, name: str, head: int | None = None) -> Correction:
    return next(found for found in traced(config, head).corrections if found.id == name)


def numbers(found: list[Measured]) -> dict[str, float]:
    return {measured.name: measured.value for measured in found}


def hand_made(attention: list[list[float]]) -> Pass:
    arrays = {name: np.array([attention]) for name in ("attention", "scores", "Q")}  # one head
    return Pass(arrays, cut_into_words(100, "a b c"), PAPER, 0)


@pytest.mark.parametrize("config", [PAPER, BERT])
def test_every_mistake_is_told_in_english_and_korean_with_its_source(config: Config) -> None:
    found = traced(config).corrections
    assert len({correction.id for correction in found}) == len(found) == len(MISTAKES)
    for correction in found:
        for korean in (correction.says.ko, correction.fact.ko):
            assert re.search(r"다(\(.+\))?\.$", korean), correction.id
        assert re.search(r" et al\. 20\d\d", correction.source), correction.id


@pytest.mark.parametrize("config", [PAPER, BERT])
@pytest.mark.parametrize("head", [None, 1])
def test_what_was_measured_is_a_number_and_its_steps_are_there(config: Config, head: int | None) -> None:
    answer = traced(config, head)
    names = {step.name for step in answer.steps}
    for correction in answer.corrections:
        assert set(correction.steps) <= names, correction.id
        assert bool(correction.steps) == bool(correction.measured), correction.id
        assert all(np.isfinite(measured.value) for measured in correction.measured), correction.id


def test_the_scale_of_the_newsletters_example_is_the_root_of_three() -> None:
    seen = numbers(one(PAPER, "scale-is-key-width", head=0).measured)
    assert seen["scale"] == pytest.approx(1.7320508)
    assert seen["root_of_tokens"] == pytest.approx(2.6457513)  # the newsletter's
    assert seen["scores_std"] / seen["scaled_std"] == pytest.approx(1.7320508)


def test_unit_vectors_of_any_width_have_scores_of_spread_one_after_scaling() -> None:
    draw = torch.Generator().manual_seed(0)
    for width in (3, 32, 64, 512):  # section 3.2.1, footnote 4: the variance of q.k is d_k
        q, k = (torch.randn(2_000, width, generator=draw) for _ in range(2))
        assert float((q @ k.T / width**0.5).std()) == pytest.approx(1, abs=0.05)


def test_the_waves_named_in_the_correction_are_the_papers() -> None:
    [mistake] = [mistake for mistake in MISTAKES if mistake.id == "positions-do-not-repeat-at-six"]
    six = sinusoids(7, 512)[6]
    for value in (six[0], six[8]):  # sines of i = 0 and of i = 4 stand at dimension 2i
        assert f"{float(value):.3f}".replace("-", "−") in mistake.fact[0]
        assert f"{float(value):.3f}".replace("-", "−") in mistake.fact[1]


def test_one_position_has_a_sine_and_a_cosine() -> None:
    seen = numbers(one(PAPER, "waves-alternate-by-dimension").measured)
    assert seen == {"position_0_dimension_0": 0, "position_0_dimension_1": 1}
    assert one(BERT, "waves-alternate-by-dimension").steps == []  # learned positions have no waves


def test_the_nearest_positions_are_those_of_brute_force() -> None:
    rows = sinusoids(9, 6).double()
    expected = min(float((rows[i] - rows[j]).norm()) for i in range(9) for j in range(i))
    assert nearest(rows.numpy()) == pytest.approx(expected, abs=1e-9)


def test_a_filter_that_looks_at_itself_is_symmetric() -> None:
    seen = numbers([*of_diagonal(hand_made([[1, 0, 0], [0, 1, 0], [0, 0, 1]]))])
    assert seen == {"largest_on_itself": 1, "attention_asymmetry": 0, "scores_asymmetry": 0}


def test_a_filter_that_looks_back_is_not() -> None:
    seen = numbers([*of_diagonal(hand_made([[1, 0, 0], [0.7, 0.3, 0], [0, 1, 0]]))])
    assert seen["largest_on_itself"] == pytest.approx(1 / 3)
    assert seen["attention_asymmetry"] == 1


def test_rows_sum_to_one_and_columns_do_not() -> None:
    seen = numbers([*of_softmax(hand_made([[0.5, 0.5, 0], [0.5, 0.5, 0], [1, 0, 0]]))])
    assert seen == {"smallest_row_sum": 1, "largest_row_sum": 1, "smallest_column_sum": 0, "largest_column_sum": 2}


def test_the_score_is_not_held_between_minus_one_and_one_as_a_cosine_is() -> None:
    torch.manual_seed(0)
    encoder, tokens = Encoder(PAPER).eval(), words()
    with torch.no_grad():
        encoder.layers[0].get_parameter("attention.query.weight").mul_(20)  # the cosine takes no notice
    answer = trace(encoder, batch([tokens]), tokens, model="small")
    [found] = [correction for correction in answer.corrections if correction.id == "not-cosine"]
    [cosine] = [step.values for step in answer.steps if step.name == "qk_cosine"]
    assert numbers(found.measured)["largest_scaled_score"] > 1 >= np.abs(cosine).max()


def test_seven_words_are_ten_tokens_to_a_bert_and_seven_to_the_toy() -> None:
    assert numbers(one(PAPER, "seven-tokens-seven-vectors").measured) == {"tokens": 7, "special_tokens": 0, "words": 7}
    assert numbers(one(BERT, "seven-tokens-seven-vectors").measured) == {"tokens": 10, "special_tokens": 2, "words": 7}


def test_one_token_alone_can_be_corrected_too() -> None:
    tokens = cut_into_words(PAPER.vocabulary, "play")
    answer = trace(Encoder(PAPER).eval(), batch([tokens]), tokens, model="small")
    assert len(answer.corrections) == len(MISTAKES)
    assert answer.recompute == pytest.approx(0, abs=1e-5)


def test_corrections_need_nothing_but_the_arrays() -> None:
    answer = traced(BERT)
    arrays = {step.name: np.asarray(step.values) for step in answer.steps}
    again = corrections(arrays, pieces(), BERT, answer.query)
    for first, second in zip(answer.corrections, again, strict=True):
        assert numbers(first.measured) == pytest.approx(numbers(second.measured), abs=1e-6)
