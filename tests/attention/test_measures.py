"""The six measures against brute force, finite differences and what can be worked out by hand."""

import json
from dataclasses import replace
from typing import cast

import pytest
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor

from services.attention.features import Batch, batch, load_tokenizer, tokenise
from services.attention.measures import attributions
from services.attention.measures.attributions import (
    Subject,
    ablated,
    attention_of,
    baseline_vector,
    ends,
    falls_without_heads,
    gate_derivative,
    norms_of,
    path_gradients,
    rolled_out,
    score_of,
    scores_without_heads,
    scores_without_tokens,
    sentence_vector,
    times_gradient,
)
from services.attention.measures.measures import measure
from services.attention.model import Config, Encoder, Layer, SelfAttention
from services.attention.schemas.common import BUS, TRAIN
from services.attention.schemas.measures import Measures, MeasuresRequest
from services.attention.settings import Settings
from shared.arrays import json_bytes
from shared.device import limit_threads
from shared.tensors import load_tensors
from tests.attention.sentences import bert

SMALL = Config(vocabulary=1000, positions=20, layers=2, heads=2, width=8, head_width=4, hidden=16)
TOY = Config(vocabulary=1000, positions=20, layers=2, heads=2, width=5, head_width=3, hidden=20, paper=True)
MASK = 7
TEXT = "the train left on time"


def encoder_of(config: Config) -> Encoder:
    torch.manual_seed(0)
    return Encoder(config).double().requires_grad_(False)


def subject_of(encoder: Encoder, mask_id: int | None = MASK, text: str = TEXT) -> Subject:
    tokens = bert(text)
    one = batch([tokens])
    score = score_of(sentence_vector(encoder, one), None)
    return Subject(encoder, one, ~torch.tensor(tokens.special), baseline_vector(encoder, mask_id), score)


@pytest.fixture(params=[SMALL, TOY], ids=["small", "toy"])
def subject(request: pytest.FixtureRequest) -> Subject:
    return subject_of(encoder_of(request.param))


def with_ids(subject: Subject, ids: Tensor) -> Subject:
    return replace(subject, one=Batch(ids, subject.one.types, subject.one.real))


def test_the_score_of_the_text_itself_is_one(subject: Subject) -> None:
    assert ends(subject)[0] == pytest.approx(1)


def test_with_a_target_the_score_is_the_cosine_of_the_two_sentences(subject: Subject) -> None:
    target = sentence_vector(subject.encoder, batch([bert("the bus departed")]))
    text = sentence_vector(subject.encoder, subject.one)
    compared = replace(subject, score=score_of(text, target))
    assert ends(compared)[0] == pytest.approx(float(F.cosine_similarity(text, target, dim=0)))


def test_a_deleted_token_is_as_if_the_mask_token_stood_in_its_place(subject: Subject) -> None:
    deleted = torch.eye(5, dtype=torch.bool)  # (N, P) each of the five words once
    for score, row in zip(scores_without_tokens(subject, deleted), deleted, strict=True):
        ids = subject.one.ids.clone()
        ids[0, 1:-1][row] = MASK
        alone = with_ids(subject, ids)
        assert float(score) == pytest.approx(float(alone.scored(alone.x())))


def test_a_model_without_a_mask_token_deletes_to_zeros(subject: Subject) -> None:
    assert not baseline_vector(subject.encoder, None).any()


def test_rollout_puts_the_later_layer_on_the_left() -> None:
    first = torch.tensor([[0.0, 1, 0], [0, 1, 0], [0, 0, 1]])  # token 0 takes from token 1
    second = torch.tensor([[1.0, 0, 0], [0, 1, 0], [1, 0, 0]])  # then token 2 takes from token 0
    product = rolled_out(torch.stack([first, second])[:, None])[-1]
    assert product[2].tolist() == [0.25, 0.25, 0.5]  # half of token 0's half has come from token 1
    wrong_order = rolled_out(torch.stack([second, first])[:, None])[-1]
    assert wrong_order[2].tolist() == [0.5, 0, 0.5]


def test_rollout_sums_the_weights_of_all_paths(subject: Subject) -> None:
    attention = attention_of(subject)
    mixed = (attention.mean(1) + torch.eye(7)) / 2
    paths = torch.einsum("ik,kj->ikj", mixed[1], mixed[0])  # from j in the first layer over k to i
    torch.testing.assert_close(rolled_out(attention)[-1], paths.sum(1))


def first_attention(subject: Subject) -> SelfAttention:
    return cast(Layer, subject.encoder.layers[0]).attention


def test_norms_are_those_of_each_heads_weighted_and_transformed_values(subject: Subject) -> None:
    found, worst = norms_of(subject.encoder, subject.x())
    layer, x, d = first_attention(subject), subject.x()[0], subject.encoder.config.head_width
    attention = attention_of(subject)
    for head in range(2):
        part = slice(head * d, (head + 1) * d)
        value = x @ layer.value.weight[part].T + layer.value.bias[part]  # (T, d_v)
        sent = attention[0, head][:, :, None] * (value @ layer.output.weight[:, part].T)  # (T, T, D)
        torch.testing.assert_close(found[0, head], sent.norm(dim=-1))
    assert worst < 1e-12


def test_attention_times_gradient_sums_to_the_derivative_of_each_heads_gate(subject: Subject) -> None:
    sums = times_gradient(subject).sum((-2, -1))  # (L, H)
    step = 1e-5 * torch.eye(4, dtype=torch.float64).view(4, 2, 2)  # one head at a time
    x = subject.x().expand(4, -1, -1)
    differences = (subject.scored(x, 1 + step) - subject.scored(x, 1 - step)) / 2e-5
    torch.testing.assert_close(sums.flatten(), differences, atol=1e-8, rtol=0)
    assert gate_derivative(subject) == pytest.approx(float(sums.sum()), abs=1e-6)


def test_the_score_without_a_target_has_a_gradient_where_the_cosine_has_none(subject: Subject) -> None:
    text = sentence_vector(subject.encoder, subject.one)
    cosine = replace(subject, score=score_of(text, text))
    assert float(times_gradient(cosine).abs().max()) < 1e-12
    assert float(times_gradient(subject).abs().max()) > 1e-4


def test_integrated_gradients_of_a_linear_score_are_exact() -> None:
    subject = subject_of(encoder_of(replace(TOY, layers=0)))  # no layer: the score is linear in the tokens' vectors
    text = sentence_vector(subject.encoder, subject.one)
    expected = (subject.vectors()[0] - subject.baseline) @ text / (7 * text @ text)  # (T,)
    torch.testing.assert_close(path_gradients(subject, steps=3), expected.where(subject.content, 0))


def test_integrated_gradients_share_out_the_difference_of_the_scores(subject: Subject) -> None:
    whole, nothing = ends(subject)
    errors = [abs(float(path_gradients(subject, steps).sum()) - (whole - nothing)) for steps in (4, 256)]
    assert errors[1] < 1e-3
    assert errors[1] < errors[0] / 10


def test_special_tokens_get_no_integrated_gradients(subject: Subject) -> None:
    assert path_gradients(subject, steps=2)[[0, -1]].tolist() == [0, 0]


def test_one_pass_ablates_every_head_as_a_pass_for_each_does(subject: Subject) -> None:
    falls, off = falls_without_heads(subject)
    for layer in range(2):
        for head in range(2):
            gates = torch.ones(1, 2, 2, dtype=torch.float64)
            gates[0, layer, head] = 0
            alone = float(subject.scored(subject.x()) - subject.scored(subject.x(), gates))
            assert float(falls[layer, head]) == pytest.approx(alone, abs=1e-12)
    assert off < 1e-12


def test_ablated_rows_come_layer_by_layer_after_the_plain_one(subject: Subject) -> None:
    hidden = subject.encoder.run(subject.x()).hidden
    rows = ablated(subject.encoder, hidden, torch.tensor([1]))  # (1 + 2 layers x 1 head, T, D)
    gates = torch.tensor([[[1.0, 1], [1, 1]], [[1, 0], [1, 1]], [[1, 1], [1, 0]]]).double()
    torch.testing.assert_close(rows, subject.encoder.run(subject.x().expand(3, -1, -1), None, gates).hidden[-1])


def test_deleting_no_head_keeps_the_score_and_deleting_one_costs_its_fall(subject: Subject) -> None:
    falls, _ = falls_without_heads(subject)
    scores = scores_without_heads(subject, torch.cat([torch.zeros(1, 4), torch.eye(4)]).bool())
    torch.testing.assert_close(scores, 1 - torch.cat([torch.zeros(1), falls.flatten()]))


def test_a_head_that_writes_nothing_is_not_missed(subject: Subject) -> None:
    d = subject.encoder.config.head_width
    first_attention(subject).output.weight[:, d:] = 0  # the second head of the first layer
    silenced = replace(subject, score=score_of(sentence_vector(subject.encoder, subject.one), None))
    falls, _ = falls_without_heads(silenced)
    assert float(falls[0, 1]) == pytest.approx(0, abs=1e-12)
    assert float(falls[0, 0].abs()) > 1e-6


def test_small_portions_give_what_one_pass_gives(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    def everything() -> list[Tensor]:
        sets = torch.eye(4, dtype=torch.bool)
        tokens = scores_without_tokens(subject, F.pad(sets, (0, 1)))
        return [
            path_gradients(subject, steps=5),
            falls_without_heads(subject)[0],
            scores_without_heads(subject, sets),
            tokens,
        ]

    at_once = everything()
    monkeypatch.setattr(attributions, "CELLS", 1)
    torch.testing.assert_close(everything(), at_once)


def answer(encoder: Encoder, text: str, target: str | None = None, maps: bool = False) -> Measures:
    tokens = bert(text)
    aim = None if target is None else sentence_vector(encoder, batch([bert(target)]))
    return measure(encoder, batch([tokens]), tokens, baseline_vector(encoder, MASK), aim, model="small", maps=maps)


def test_every_token_and_every_head_gets_a_number_and_maps_come_when_asked_for() -> None:
    found = answer(encoder_of(SMALL), TEXT, maps=True)
    *of_tokens, ablation = found.measures
    assert [one.importance.shape for one in of_tokens] == [(7,)] * 5
    assert ablation.importance.shape == (2, 2)
    assert [one.maps is not None and one.maps.shape for one in found.measures] == [(2, 7, 7)] * 4 + [False] * 2
    assert all(one.maps is None for one in answer(encoder_of(SMALL), TEXT).measures)


def test_a_text_of_one_token_is_measured_and_says_that_it_has_one_order() -> None:
    found = answer(encoder_of(SMALL), "hello")
    curves = [one.faithfulness for one in found.measures if one.of == "tokens"]
    assert [curve is not None and curve.deletion for curve in curves] == [[1, 0]] * 5
    assert not set(found.faithful) & {one.name for one in found.measures if one.of == "tokens"}
    assert "one token of its own" in found.warnings[0]


def test_a_text_no_nearer_to_the_target_than_its_masks_has_no_curves_and_says_why() -> None:
    encoder, tokens = encoder_of(SMALL), bert(TEXT)
    one = batch([tokens])
    masks = sentence_vector(encoder, Batch(torch.tensor([[1, *[MASK] * 5, 2]]), one.types, one.real))
    found = measure(encoder, one, tokens, baseline_vector(encoder, MASK), masks, model="small")
    assert all(one.faithfulness is None for one in found.measures if one.of == "tokens")
    assert found.baseline_score == pytest.approx(1)
    assert "Choose a target that is nearer to the text" in found.warnings[0]


def test_a_measure_that_misses_its_own_check_is_doubted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert answer(encoder_of(SMALL), TEXT).warnings == []
    monkeypatch.setattr(attributions, "PATH", 1)  # point of integrated gradients: far too few
    found = answer(encoder_of(SMALL), TEXT)
    missed = next(one.check for one in found.measures if one.name == "integrated_gradients")
    assert missed.value > missed.goal
    assert [doubt.split(" here, ")[0] for doubt in found.warnings] == ["integrated_gradients misses its own check"]


def test_the_score_of_a_text_in_float32_is_1_and_no_more() -> None:
    assert answer(encoder_of(SMALL).float(), TEXT).score == 1


@pytest.fixture(scope="module")
def minilm() -> tuple[Encoder, Tokenizer]:
    limit_threads(Settings().threads)  # as the engine does
    folder = Settings().artifacts / "minilm"
    config = Config(**json.loads((folder / "config.json").read_text())["encoder"])
    encoder = Encoder(config).eval()
    encoder.load_state_dict(load_tensors(folder / "model.safetensors", "cpu"))
    return encoder, load_tokenizer(folder / "tokenizer.json")


def of_minilm(minilm: tuple[Encoder, Tokenizer], asked: MeasuresRequest) -> Measures:
    encoder, tokenizer = minilm
    tokens = tokenise(tokenizer, asked.text, asked.pair)
    aim = None if asked.target is None else sentence_vector(encoder, batch([tokenise(tokenizer, asked.target)]))
    baseline = baseline_vector(encoder, tokenizer.token_to_id("[MASK]"))
    return measure(encoder, batch([tokens]), tokens, baseline, aim, model="minilm", maps=asked.maps)


@pytest.mark.parametrize("asked", [MeasuresRequest(text=TRAIN), MeasuresRequest(text=TRAIN, target=BUS)])
def test_every_check_holds_for_the_trained_model(minilm: tuple[Encoder, Tokenizer], asked: MeasuresRequest) -> None:
    found = of_minilm(minilm, asked)
    for one in found.measures:
        assert one.check.value <= one.check.goal, one.name
        assert one.faithfulness is not None
    assert "ablation" in found.faithful


def test_the_same_text_is_measured_the_same_to_the_byte(minilm: tuple[Encoder, Tokenizer]) -> None:
    asked = MeasuresRequest(text="the bank of the river", pair="an account at the bank")
    first, second = (json_bytes(of_minilm(minilm, asked).model_dump(), 6) for _ in range(2))
    assert first == second
