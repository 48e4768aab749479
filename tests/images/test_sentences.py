"""Our sentence encoder beside transformers' BertModel, and on the weights that are served."""

import pytest
import torch
import torch.nn.functional as F
from torch import Generator, Tensor
from transformers import BertConfig, BertModel

from services.images.embedder import SENTENCES
from services.images.sentences import (
    HEADS,
    INNER,
    LAYERS,
    TOKENS,
    WIDTH,
    WORDS,
    SentenceEncoder,
    Sentences,
    our_weights,
)
from services.images.settings import Settings


@pytest.fixture(scope="module")
def theirs() -> BertModel:
    """Of MiniLM's shape, every weight drawn at random, also those that start as ones and zeros."""
    config = BertConfig(
        vocab_size=WORDS,
        hidden_size=WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=INNER,
    )
    model: BertModel = BertModel(config, add_pooling_layer=False)
    generator = Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
    model.train(False)
    return model


@pytest.fixture(scope="module")
def sentences() -> Sentences:
    return Sentences(Settings().artifacts / SENTENCES)


def test_it_is_bert_with_the_mean_of_its_tokens(theirs: BertModel) -> None:
    ours = SentenceEncoder().eval()
    ours.load_state_dict(our_weights(theirs.state_dict()))
    pieces = torch.randint(WORDS, (3, 9), generator=Generator().manual_seed(1))
    there = torch.arange(9) < torch.tensor([[9], [4], [1]])
    with torch.inference_mode():
        hidden: Tensor = theirs(pieces, attention_mask=there.long()).last_hidden_state
        mean = (hidden * there.unsqueeze(2)).sum(1) / there.sum(1, keepdim=True)
        assert (ours(pieces, there) - F.normalize(mean, dim=1)).abs().max() < 1e-5


def test_it_gives_what_minilm_gives(sentences: Sentences) -> None:
    """Four parts of BertModel's vector of these words, with the same weights (transformers 5.23)."""
    known = torch.tensor([-0.0059, -0.0005, -0.0789, 0.0509])
    torch.testing.assert_close(sentences.embed(["a red fruit"])[0, :4], known, rtol=0, atol=5e-5)


def test_what_stands_beside_a_sentence_does_not_change_it(sentences: Sentences) -> None:
    alone, beside = sentences.embed(["a red fruit"]), sentences.embed(["a red fruit", "fruit " * 50])[:1]
    torch.testing.assert_close(alone, beside, rtol=0, atol=1e-5)


def test_meaning_counts_not_letters(sentences: Sentences) -> None:
    fruit, strawberry, rail = sentences.embed(["a red fruit", "a strawberry", "a red railway"])
    assert fruit @ strawberry > fruit @ rail


def test_capitals_and_accents_do_not_count(sentences: Sentences) -> None:
    plain, written = sentences.embed(["a naive cafe", "A Naïve CAFÉ"])
    torch.testing.assert_close(plain, written)


@pytest.mark.parametrize("text", ["", " ", "日本語", "\U0001f34e", "word " * 10 * TOKENS])
def test_any_text_has_a_unit_vector(sentences: Sentences, text: str) -> None:
    torch.testing.assert_close(sentences.embed([text]).norm(dim=1), torch.ones(1))


def test_no_texts_have_no_vectors(sentences: Sentences) -> None:
    assert sentences.embed([]).shape == (0, WIDTH)


def test_many_texts_come_back_in_order(sentences: Sentences) -> None:
    texts = [f"picture {number}" for number in range(10)]
    torch.testing.assert_close(sentences.embed(texts, batch=3), sentences.embed(texts), rtol=0, atol=1e-5)
