"""MiniLM in our encoder against MiniLM in transformers: the figure in the card, and batches with padding besides."""

import sys
from typing import Any

import pytest
import torch

from services.attention import evaluate
from services.attention.engine import Engine
from services.attention.features import batch
from shared.commands import CannotDo


def test_attention_and_hidden_states_equal_transformers_to_1e_5(engine: Engine, reference: Any) -> None:
    for figure in evaluate.parity(engine, "minilm", reference):
        assert figure.value <= 1e-5, figure.metric


@torch.inference_mode()
def test_a_padded_batch_with_a_pair_equals_transformers_to_1e_5(engine: Engine, reference: Any) -> None:
    model = engine.own("minilm")
    many = batch([model.tokenise(text, pair) for text, pair in [("yes", None), *evaluate.SENTENCES[:4]]])
    ours = model.encoder(many.ids, many.types, many.real)
    theirs = reference(many.ids, many.real.long(), many.types, output_attentions=True, output_hidden_states=True)
    torch.testing.assert_close(ours.attentions, theirs.attentions, atol=1e-5, rtol=0)
    for hidden, expected in zip(ours.hidden, theirs.hidden_states, strict=True):
        torch.testing.assert_close(hidden[many.real], expected[many.real], atol=1e-5, rtol=0)


def test_padding_changes_nothing_for_the_sentence(engine: Engine) -> None:
    model = engine.own("minilm")
    short, long = (model.tokenise(text) for text, _ in evaluate.SENTENCES[1:3])
    alone = model.look(short).attention[5]
    many = batch([short, long])
    beside = model.encoder(many.ids, many.types, many.real).attentions[5][0, :, : len(short), : len(short)]
    torch.testing.assert_close(beside, alone, atol=1e-5, rtol=0)


def test_without_transformers_evaluate_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    monkeypatch.setattr(sys, "argv", ["evaluate"])
    with pytest.raises(CannotDo, match="pip install --group peers"):
        evaluate.main()
