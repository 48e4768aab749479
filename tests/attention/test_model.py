"""The encoder against second opinions: torch's own attention, transformers' BertModel, and what must hold by hand."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from services.attention.model import Config, Encoder, SelfAttention
from services.attention.train import our_config, our_weights

SMALL = Config(vocabulary=50, positions=16, layers=2, heads=3, width=12, head_width=4, hidden=20)
TOY = Config(width=5, head_width=3, heads=1)  # the newsletter's own sizes


def random_x(tokens: int, width: int) -> Tensor:
    return torch.randn(2, tokens, width, generator=torch.Generator().manual_seed(0))


def all_real(tokens: int) -> Tensor:
    return torch.ones(2, tokens, dtype=torch.bool)


@pytest.mark.parametrize("config", [SMALL, TOY])
def test_filtered_value_equals_torch_scaled_dot_product_attention(config: Config) -> None:
    steps = SelfAttention(config)(random_x(7, config.width), all_real(7))
    expected = F.scaled_dot_product_attention(steps.query, steps.key, steps.value)
    torch.testing.assert_close(steps.filtered, expected, atol=1e-6, rtol=0)


def test_the_newsletter_shapes_hold() -> None:
    steps = SelfAttention(TOY)(random_x(7, 5), all_real(7))
    assert steps.query.shape == (2, 1, 7, 3)  # figure 14
    assert steps.scores.shape == (2, 1, 7, 7)  # figure 15
    assert steps.filtered.shape == (2, 1, 7, 3)  # figure 20
    assert steps.output.shape == (2, 7, 5)  # figure 21


def test_attention_rows_sum_to_one() -> None:
    steps = SelfAttention(SMALL)(random_x(7, 12), all_real(7))
    torch.testing.assert_close(steps.attention.sum(-1), torch.ones(2, 3, 7))


def test_the_scale_is_the_root_of_the_key_width() -> None:
    steps = SelfAttention(SMALL)(random_x(7, 12), all_real(7))
    torch.testing.assert_close(steps.scores / steps.scaled, torch.full((2, 3, 7, 7), 2.0))  # sqrt(4), not sqrt(7)


def test_nobody_looks_at_padding() -> None:
    real = torch.tensor([[True] * 7, [True] * 4 + [False] * 3])
    steps = SelfAttention(SMALL)(random_x(7, 12), real)
    assert steps.attention[1, :, :, 4:].abs().max() == 0
    torch.testing.assert_close(steps.attention.sum(-1), torch.ones(2, 3, 7))


def test_the_order_of_tokens_counts() -> None:
    encoder = Encoder(SMALL)
    there, back = torch.tensor([[3, 4]]), torch.tensor([[4, 3]])
    zero, real = torch.zeros_like(there), torch.ones_like(there, dtype=torch.bool)
    assert not torch.allclose(encoder(there, zero, real).hidden[0], encoder(back, zero, real).hidden[0].flip(1))


@pytest.fixture
def random_bert() -> Any:
    transformers: Any = pytest.importorskip("transformers")
    torch.manual_seed(0)
    sizes: Any = {"hidden_size": 24, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 40}
    config = transformers.BertConfig(vocab_size=100, **sizes)
    config._attn_implementation = "eager"  # the one that returns its attention
    bert: Any = transformers.BertModel(config)
    return bert.eval()


def test_any_bert_gives_the_same_under_our_names(random_bert: Any) -> None:
    config = our_config(random_bert.config.to_dict())
    encoder = Encoder(config)
    encoder.load_state_dict(our_weights(random_bert.state_dict(), config.layers))
    ids, segments = torch.randint(100, (2, 9)), torch.tensor([[0] * 5 + [1] * 4] * 2)
    real = torch.tensor([[True] * 9, [True] * 6 + [False] * 3])
    theirs = random_bert(ids, real.long(), segments, output_attentions=True, output_hidden_states=True)
    ours = encoder(ids, segments, real)
    torch.testing.assert_close(ours.attentions, theirs.attentions, atol=1e-6, rtol=0)
    torch.testing.assert_close(ours.hidden, theirs.hidden_states, atol=1e-5, rtol=0)


def test_a_missing_weight_is_refused_by_name(random_bert: Any) -> None:
    weights = our_weights(random_bert.state_dict(), layers=2)
    with pytest.raises(RuntimeError, match=r"layers\.2\.attention\.query\.weight"):
        Encoder(our_config(random_bert.config.to_dict())).load_state_dict(weights)
