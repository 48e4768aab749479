"""Our own models behind the face that all models have: batches, lanes, the fast encoder beside the readable one."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import Tensor

from services.attention.engine import Engine
from services.attention.fast import FastEncoder
from services.attention.features import batch
from services.attention.model import Config, Encoder
from services.attention.models import Asked
from shared.problems import Unprocessable

TEXTS = ["yes", "the train left", "a cat sat on the mat", "when you play the game", "the bus departed on time"]


def small(paper: bool) -> Encoder:
    torch.manual_seed(0)
    return Encoder(Config(50, 20, 0 if paper else 2, layers=3, heads=2, width=6, head_width=4, hidden=9, paper=paper))


@pytest.mark.parametrize("paper", [False, True])
@torch.inference_mode()
def test_the_fast_encoder_gives_what_the_readable_one_gives(paper: bool) -> None:
    encoder, ids = small(paper).eval(), torch.randint(50, (4, 7), generator=torch.Generator().manual_seed(1))
    types = torch.zeros_like(ids)
    exact = encoder(ids, types)
    found = FastEncoder(encoder)(ids, types)
    torch.testing.assert_close(found.attention, torch.stack(exact.attentions), atol=1e-6, rtol=0)
    torch.testing.assert_close(torch.stack(found.hidden), torch.stack(exact.hidden), atol=1e-5, rtol=0)


@torch.inference_mode()
def test_attention_alone_is_the_same_and_stops_before_the_last_output() -> None:
    encoder, ids = FastEncoder(small(paper=False)), torch.arange(5)[None]
    whole, alone = (encoder(ids, torch.zeros_like(ids), attention_only) for attention_only in (False, True))
    assert torch.equal(whole.attention, alone.attention)
    assert (len(whole.hidden), len(alone.hidden)) == (4, 3)


def test_q_and_k_are_what_attention_is_made_of(engine: Engine) -> None:
    look = engine.look(engine.model("minilm"), TEXTS[1])
    assert look.vectors is not None
    made = torch.stack([(q @ k.mT).softmax(-1) for q, k in zip(*look.vectors, strict=True)])
    torch.testing.assert_close(made, look.attention, atol=1e-6, rtol=0)


def test_a_batch_gives_each_text_what_it_gets_alone(engine: Engine) -> None:
    model = engine.own("e5")
    asked = [Asked(tokens, hidden=True) for tokens in map(model.tokenise, ["the train left", "the bus left"])]
    assert len(asked[0].tokens) == len(asked[1].tokens)
    for one, look in zip(asked, model.look_at_all(asked), strict=True):
        [alone] = model.look_at_all([one])
        assert look.hidden is not None
        assert alone.hidden is not None
        torch.testing.assert_close(look.attention, alone.attention, atol=1e-6, rtol=0)
        torch.testing.assert_close(look.hidden, alone.hidden, atol=1e-5, rtol=0)


def test_sixteen_at_once_each_get_their_own_answer(engine: Engine) -> None:
    model = engine.own("minilm")

    def attention_of(text: str) -> Tensor:
        return engine.look(model, text).attention

    expected = {text: attention_of(text) for text in TEXTS}
    with ThreadPoolExecutor(16) as people:
        for text, found in zip(TEXTS * 20, people.map(attention_of, TEXTS * 20), strict=True):
            torch.testing.assert_close(found, expected[text], atol=1e-6, rtol=0)


def test_an_encoder_has_no_part_but_itself(engine: Engine) -> None:
    with pytest.raises(Unprocessable, match="no part 'cross': minilm is an encoder"):
        engine.look(engine.model("minilm"), TEXTS[0], part="cross")


def test_static_vectors_are_rows_of_the_embedding(engine: Engine) -> None:
    model = engine.own("toy")
    one = batch([model.tokenise("game")])
    assert torch.equal(
        model.static(one.ids[0].tolist()) * 5**0.5, model.encoder.embedding.steps(one.ids, one.types).token[0]
    )
