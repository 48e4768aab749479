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
    positions: int = 512  # the longest text: BERT learns a vector for each position
    segments: int = 2  # first and second sentence of a pair
    layers: int = 6
    heads: int = 12
    width: int = 384  # d_model
    head_width: int = 32  # d_k = d_v; width / heads keeps all heads together at the price of one full one
    hidden: int = 1536  # of the feed-forward network, 4 x width
    epsilon: float = 1e-12  # BERT's, inside the square root of layer normalisation
    paper: bool = False  # the paper's own way where BERT went another: see Embedding and Layer


class EmbeddingSteps(NamedTuple):
    """How a token becomes the vector that the first layer reads."""

    token: Tensor  # (B, T, D)  figure 6
    position: Tensor  # (T, D)  figure 8
    segment: Tensor | None  # (B, T, D)  BERT's, none in the paper
    summed: Tensor  # (B, T, D)  figure 9
    x: Tensor  # (B, T, D)  the sum, normalised in BERT


class Steps(NamedTuple):
    """Every step of one self-attention, in the order of the figures."""

    query: Tensor  # (B, H, T, d_k)  figure 14
    key: Tensor  # (B, H, T, d_k)  figure 14
    value: Tensor  # (B, H, T, d_v)  figure 14
    scores: Tensor  # (B, H, T, T)  figure 15
    scaled: Tensor  # (B, H, T, T)  figure 17, padding at minus infinity
    attention: Tensor  # (B, H, T, T)  figure 19, rows are queries and sum to 1
    filtered: Tensor  # (B, H, T, d_v)  figure 20
    joined: Tensor  # (B, T, H x d_v)  figure 21, the heads side by side
    output: Tensor  # (B, T, D)  figure 21


class LayerSteps(NamedTuple):
    """Every step of one encoder block, figure 4."""

    attention: Steps
    residual: Tensor  # (B, T, D)  x + attention(x)
    normed: Tensor  # (B, T, D)
    expanded: Tensor  # (B, T, hidden)
    activated: Tensor  # (B, T, hidden)
    contracted: Tensor  # (B, T, D)
    residual2: Tensor  # (B, T, D)  normed + feed-forward(normed)
    output: Tensor  # (B, T, D)  what the next layer reads


class Encoding(NamedTuple):
    """What a pass through the encoder leaves behind."""

    hidden: tuple[Tensor, ...]  # layers + 1 of (B, T, D): the embedding, then the output of each layer
    attentions: tuple[Tensor, ...]  # layers of (B, H, T, T)


def frequencies(width: int) -> Tensor:
    """(ceil(D / 2),) radians a position: 1 / 10000^(2i / d_model), section 3.5."""
    return 10_000.0 ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)


def sinusoids(length: int, width: int) -> Tensor:
    """(T, D) positions of the paper, section 3.5: PE(pos, 2i) = sin(pos f_i) and PE(pos, 2i + 1) = cos(pos f_i).

    Sine and cosine alternate by dimension, not by position as the text at figure 8 has it. An odd width ends on a sine.
    """
    angles = torch.arange(length, dtype=torch.float64)[:, None] * frequencies(width)  # (T, ceil(D / 2))
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)[:, :width].float()  # (T, D)


class Embedding(nn.Module):
    """BERT: x = LayerNorm(E[token] + S[segment] + P[position]), P learned.

    The paper (sections 3.4 and 3.5, figure 8): x = sqrt(d_model) E[token] + P[position], P sines and cosines.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.paper, self.width = config.paper, config.width
        self.token = nn.Embedding(config.vocabulary, config.width)
        if not config.paper:
            self.position = nn.Embedding(config.positions, config.width)
            self.segment = nn.Embedding(config.segments, config.width)
            self.norm = nn.LayerNorm(config.width, config.epsilon)

    def forward(self, ids: Tensor, segments: Tensor) -> Tensor:
        return self.steps(ids, segments).x

    def steps(self, ids: Tensor, segments: Tensor) -> EmbeddingSteps:
        """`ids` and `segments` are (B, T) integers."""
        return self.from_vectors(self.vectors(ids), segments)

    def vectors(self, ids: Tensor) -> Tensor:
        """(B, T, D) figure 6: each token's row of the table, times sqrt(d_model) in the paper."""
        rows: Tensor = self.token(ids)
        return rows * self.width**0.5 if self.paper else rows

    def from_vectors(self, token: Tensor, segments: Tensor) -> EmbeddingSteps:
        """The steps after figure 6 for any vectors (B, T, D), those between two tokens too; `segments` (B or 1, T)."""
        return self.papers_steps(token) if self.paper else self.berts_steps(token, segments)

    def papers_steps(self, token: Tensor) -> EmbeddingSteps:
        position = sinusoids(token.shape[1], self.width).to(token)  # (T, D)  figure 8
        summed = token + position  # (B, T, D)  figure 9
        return EmbeddingSteps(token, position, None, summed, summed)

    def berts_steps(self, token: Tensor, segments: Tensor) -> EmbeddingSteps:
        segment = self.segment(segments)  # (B or 1, T, D)
        position = self.position(torch.arange(token.shape[1], device=token.device))  # (T, D)  figure 8
        summed = token + segment + position  # (B, T, D)  figure 9
        return EmbeddingSteps(token, position, segment, summed, self.norm(summed))


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

    def forward(self, x: Tensor, real: Tensor | None = None, gate: Tensor | None = None) -> Steps:
        query = self.split(self.query(x))  # (B, H, T, d_k)  figure 14
        key = self.split(self.key(x))  # (B, H, T, d_k)  figure 14
        value = self.split(self.value(x))  # (B, H, T, d_v)  figure 14
        scores = query @ key.mT  # (B, H, T, T)  figure 15
        # Times the reciprocal, as transformers does: dividing rounds otherwise, by up to 8e-6 after six layers.
        scaled = scores * self.head_width**-0.5  # (B, H, T, T)  figure 17
        if real is not None:
            scaled = scaled.masked_fill(~real[:, None, None, :], -torch.inf)  # nobody looks at padding
        attention = scaled.softmax(dim=-1)  # (B, H, T, T)  figure 19
        filtered = attention @ value  # (B, H, T, d_v)  figure 20
        if gate is not None:
            filtered = filtered * gate[:, :, None, None]  # (B, H, T, d_v)
        joined = filtered.transpose(1, 2).flatten(2)  # (B, T, H x d_v)  figure 21
        return Steps(query, key, value, scores, scaled, attention, filtered, joined, self.output(joined))

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
        self.activation = F.relu if config.paper else F.gelu
        self.contract = nn.Linear(config.hidden, config.width)
        self.forward_norm = nn.LayerNorm(config.width, config.epsilon)

    def forward(self, x: Tensor, real: Tensor | None = None, gate: Tensor | None = None) -> LayerSteps:
        attention: Steps = self.attention(x, real, gate)
        residual = x + attention.output  # (B, T, D)
        normed = self.attention_norm(residual)  # (B, T, D)
        expanded = self.expand(normed)  # (B, T, hidden)
        activated = self.activation(expanded)  # (B, T, hidden)
        contracted = self.contract(activated)  # (B, T, D)
        residual2 = normed + contracted  # (B, T, D)
        output = self.forward_norm(residual2)  # (B, T, D)
        return LayerSteps(attention, residual, normed, expanded, activated, contracted, residual2, output)


class Encoder(nn.Module):
    """Embedding, then `config.layers` layers. No dropout: it is here to be looked into, not to be trained."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.embedding = Embedding(config)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.layers))

    def forward(self, ids: Tensor, segments: Tensor, real: Tensor | None = None) -> Encoding:
        """`ids` and `segments` are (B, T) integers; `real` is (B, T), false at padding."""
        return self.run(self.embedding(ids, segments), real)

    def run(self, x: Tensor, real: Tensor | None = None, gates: Tensor | None = None) -> Encoding:
        """From the embedding (B, T, D) on. `gates` (B or 1, L, H) multiply what a head has filtered: 0 ablates it."""
        hidden, attentions = [x], []
        for number, layer in enumerate(self.layers):
            steps: LayerSteps = layer(hidden[-1], real, None if gates is None else gates[:, number])
            hidden.append(steps.output)
            attentions.append(steps.attention.attention)
        return Encoding(tuple(hidden), tuple(attentions))


def encoder_of(config: Config, weights: dict[str, Tensor]) -> Encoder:
    """An encoder of these very tensors: drawing others first, to overwrite them, would take E5 another 470 MB."""
    with torch.device("meta"):
        encoder = Encoder(config)
    encoder.load_state_dict(weights, assign=True)
    return encoder
