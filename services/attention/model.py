"""A transformer encoder, step by step, beside the newsletter's figures in their order.

Embedding      figure 6    E[token]                      a vector for each token
               figure 8    + P[position]                 so that order counts
SelfAttention  figure 14   Q, K, V = x W_Q, x W_K, x W_V (each with its bias)
               figure 15   Q K^T                         how well each query fits each key
               figure 17   / sqrt(d_k)                   the scale
               figure 19   softmax                       each query's weights, summing to 1
               figure 20   A V                           the filtered value, or context
               figure 21   concatenate the heads, W_O    the output
Layer          figure 4    the rest of the encoder block: residuals, layer normalisation, feed-forward

Vaswani et al. 2017, "Attention Is All You Need"; where BERT (Devlin et al. 2018) differs from it, a docstring says so.
Axes: B batch, T tokens, H heads, D width.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class Config:
    """The sizes of an encoder; the defaults are MiniLM-L6's."""

    vocabulary: int = 30_522  # BERT's uncased English word pieces
    positions: int = 512  # each position has a learned vector, so no text can be longer
    segments: int = 2  # first and second sentence of a pair
    layers: int = 6
    heads: int = 12
    width: int = 384  # d_model
    head_width: int = 32  # d_k = d_v; width / heads keeps all heads together at the price of one full one
    hidden: int = 1536  # of the feed-forward network, 4 x width
    epsilon: float = 1e-12  # BERT's, inside the square root of layer normalisation


class Steps(NamedTuple):
    """Every step of one self-attention, in the order of the figures."""

    query: Tensor  # (B, H, T, d_k)  figure 14
    key: Tensor  # (B, H, T, d_k)  figure 14
    value: Tensor  # (B, H, T, d_k)  figure 14
    scores: Tensor  # (B, H, T, T)  figure 15
    scaled: Tensor  # (B, H, T, T)  figure 17, padding at minus infinity
    attention: Tensor  # (B, H, T, T)  figure 19, rows are queries and sum to 1
    filtered: Tensor  # (B, H, T, d_k)  figure 20
    output: Tensor  # (B, T, D)  figure 21


class Encoding(NamedTuple):
    """What a pass through the encoder leaves behind."""

    hidden: tuple[Tensor, ...]  # layers + 1 of (B, T, D): the embedding, then the output of each layer
    attentions: tuple[Tensor, ...]  # layers of (B, H, T, T)


class Embedding(nn.Module):
    """x = LayerNorm(E[token] + S[segment] + P[position]).

    BERT learns its positions; figure 8 and the paper (section 3.5) compute them from sines and cosines. BERT adds the
    segment (first or second sentence) and the normalisation, and leaves out the paper's factor sqrt(d_model).
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.token = nn.Embedding(config.vocabulary, config.width)
        self.position = nn.Embedding(config.positions, config.width)
        self.segment = nn.Embedding(config.segments, config.width)
        self.norm = nn.LayerNorm(config.width, config.epsilon)

    def forward(self, ids: Tensor, segments: Tensor) -> Tensor:
        positions = torch.arange(ids.shape[1], device=ids.device)  # (T,)
        summed = self.token(ids) + self.segment(segments) + self.position(positions)  # (B, T, D)  figures 6 and 8
        embedded: Tensor = self.norm(summed)
        return embedded


class SelfAttention(nn.Module):
    """Attention(Q, K, V) = softmax(Q K^T / sqrt(d_k)) V in each head (equation 1), heads joined by W_O (section 3.2.2).

    The scale is the root of the key's width d_k, not of the number of tokens as the text at figure 17 has it.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        joined = config.heads * config.head_width
        self.heads, self.head_width = config.heads, config.head_width
        self.query = nn.Linear(config.width, joined)
        self.key = nn.Linear(config.width, joined)
        self.value = nn.Linear(config.width, joined)
        self.output = nn.Linear(joined, config.width)

    def forward(self, x: Tensor, real: Tensor) -> Steps:
        query = self.split(self.query(x))  # (B, H, T, d_k)  figure 14
        key = self.split(self.key(x))  # (B, H, T, d_k)  figure 14
        value = self.split(self.value(x))  # (B, H, T, d_k)  figure 14
        scores = query @ key.mT  # (B, H, T, T)  figure 15
        # Times the reciprocal, as transformers does: dividing rounds otherwise, by up to 8e-6 after six layers.
        scaled = scores * self.head_width**-0.5  # (B, H, T, T)  figure 17
        scaled = scaled.masked_fill(~real[:, None, None, :], -torch.inf)  # nobody looks at padding
        attention = scaled.softmax(dim=-1)  # (B, H, T, T)  figure 19
        filtered = attention @ value  # (B, H, T, d_k)  figure 20
        output = self.output(filtered.transpose(1, 2).flatten(2))  # (B, T, D)  figure 21
        return Steps(query, key, value, scores, scaled, attention, filtered, output)

    def split(self, joined: Tensor) -> Tensor:
        """(B, T, H x d_k) to (B, H, T, d_k): each head sees its own slice of the width."""
        return joined.view(*joined.shape[:2], self.heads, self.head_width).transpose(1, 2)


class Layer(nn.Module):
    """The encoder block of figure 4: x = LayerNorm(x + attention(x)), then x = LayerNorm(x + feed-forward(x)).

    Feed-forward (section 3.3): gelu(x W_1 + b_1) W_2 + b_2; the paper has a ReLU where BERT has a GELU.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.attention = SelfAttention(config)
        self.attention_norm = nn.LayerNorm(config.width, config.epsilon)
        self.expand = nn.Linear(config.width, config.hidden)
        self.contract = nn.Linear(config.hidden, config.width)
        self.forward_norm = nn.LayerNorm(config.width, config.epsilon)

    def forward(self, x: Tensor, real: Tensor) -> tuple[Tensor, Steps]:
        steps: Steps = self.attention(x, real)
        x = self.attention_norm(x + steps.output)  # (B, T, D)
        x = self.forward_norm(x + self.contract(F.gelu(self.expand(x))))  # (B, T, D)
        return x, steps


class Encoder(nn.Module):
    """Embedding, then `config.layers` layers. No dropout: it is here to be looked into, not to be trained."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.embedding = Embedding(config)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.layers))

    def forward(self, ids: Tensor, segments: Tensor, real: Tensor) -> Encoding:
        """`ids` and `segments` are (B, T) integers; `real` is (B, T), false at padding."""
        hidden, attentions = [self.embedding(ids, segments)], []
        for layer in self.layers:
            x, steps = layer(hidden[-1], real)
            hidden.append(x)
            attentions.append(steps.attention)
        return Encoding(tuple(hidden), tuple(attentions))
