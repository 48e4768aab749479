"""How much each token or head counts for a sentence's vector: attention as it is, and five measures that correct it.

What counts is a number s(x), the score, of the sentence vector e(x): the mean of the last layer's output over all
tokens, as sentence-transformers pools it.
Axes: B batch, L layers, H heads, T tokens, D width, S steps of a path, N sets of parts, P parts that can be deleted.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor

from services.attention.features import Batch
from services.attention.model import Encoder, Layer, Steps

PATH = 32  # points of integrated gradients: 1e-3 of completeness error or less in minilm
CORNERED_PATH = 256  # a ReLU's gradient jumps; the toy, which has one, costs next to nothing
CELLS = 2_000_000  # floats in a layer's largest array at a time; more is no faster and takes memory
GATE_STEP = 0.02  # of finite differences in float32: half of it rounds more, twice as much cuts off more
TINY_STEP = 1e-6  # in float64: at 1e-4 one text in three still meets a corner

Score = Callable[[Tensor], Tensor]  # the last layer's output (B, T, D) to (B,)


@dataclass(frozen=True)
class Subject:
    """One text in one encoder, and the score that is to be explained."""

    encoder: Encoder
    one: Batch  # B = 1, so nothing is padding
    content: Tensor  # (T,) whether the token is the text's own, not a special one
    baseline: Tensor  # (D,) what stands for a deleted token
    score: Score

    def vectors(self) -> Tensor:
        return self.encoder.embedding.vectors(self.one.ids)  # (1, T, D)

    def embedded(self, vectors: Tensor) -> Tensor:
        """From vectors of tokens (B, T, D) to what the first layer reads."""
        return self.encoder.embedding.from_vectors(vectors, self.one.types).x  # (B, T, D)

    def x(self) -> Tensor:
        return self.embedded(self.vectors())  # (1, T, D)

    def without(self, deleted: Tensor) -> Tensor:
        """The first layer's input (B, T, D) with the tokens `deleted` (B, T) replaced by the baseline."""
        return self.embedded(torch.where(deleted[..., None], self.baseline, self.vectors()))

    def scored(self, x: Tensor, gates: Tensor | None = None) -> Tensor:
        """s of each row of x (B, T, D), `gates` (B, L, H): (B,)."""
        return self.score(self.encoder.run(x, None, gates).hidden[-1])

    def rows_at_once(self) -> int:
        tokens, config = self.one.ids.shape[1], self.encoder.config
        return max(1, CELLS // (tokens * max(config.heads * tokens, config.hidden)))


def pooled(hidden: Tensor) -> Tensor:
    return hidden.mean(dim=1)  # (B, D)


@torch.no_grad()
def sentence_vector(encoder: Encoder, one: Batch) -> Tensor:
    """e(x), (D,), of a batch of one."""
    return pooled(encoder(one.ids, one.types).hidden[-1])[0]


@torch.no_grad()
def baseline_vector(encoder: Encoder, mask_id: int | None) -> Tensor:
    """(D,) the vector of [MASK], which the model has learnt to read as "some word"; zeros where it has none."""
    table = encoder.embedding.token.weight  # (vocabulary, D)
    if mask_id is None:
        return torch.zeros_like(table[0])
    return encoder.embedding.vectors(torch.tensor(mask_id, device=table.device))


def score_of(text: Tensor, target: Tensor | None) -> Score:
    """s for e(text) and e(target), both (D,).

    With a target s = cos(e(x), e(target)); without, s = e(x) . e(text) / |e(text)|^2, the share of its own vector that
    is left. The cosine of e(x) and e(text) would not do: at the text itself its gradient is zero.
    """
    if target is None:
        return lambda hidden: pooled(hidden) @ (text / (text @ text)).to(hidden)
    return lambda hidden: F.cosine_similarity(pooled(hidden), target.to(hidden), dim=-1)


def ends(subject: Subject) -> tuple[float, float]:
    """The score of the whole text, and with every token of its own replaced by the baseline."""
    deleted = torch.stack([torch.zeros_like(subject.content), subject.content])  # (2, T)
    whole, nothing = subject.scored(subject.without(deleted)).tolist()
    return whole, nothing


def scores_without_tokens(subject: Subject, deleted: Tensor) -> Tensor:
    """(N,) scores; `deleted` (N, P) marks which of the text's own tokens are replaced by the baseline."""
    every = torch.zeros(len(deleted), len(subject.content), dtype=torch.bool, device=subject.content.device)
    every[:, subject.content] = deleted.to(every.device)  # (N, T)
    parts = torch.split(every, subject.rows_at_once())
    return torch.cat([subject.scored(subject.without(part)) for part in parts])


def scores_without_heads(subject: Subject, deleted: Tensor) -> Tensor:
    """(N,) scores; `deleted` (N, L x H) marks which heads add nothing to their layer."""
    x, config = subject.x(), subject.encoder.config
    gates = 1 - deleted.to(x).view(-1, config.layers, config.heads)  # (N, L, H)
    parts = torch.split(gates, subject.rows_at_once())
    return torch.cat([subject.scored(x.expand(len(part), -1, -1), part) for part in parts])


def attention_of(subject: Subject) -> Tensor:
    return torch.cat(subject.encoder.run(subject.x()).attentions)  # (L, H, T, T)


def rolled_out(attention: Tensor) -> Tensor:
    """(L, T, T) from (L, H, T, T): up to each layer l, R_l = A^_l ... A^_1, where A^ = 0.5 mean_h(A) + 0.5 I.

    Abnar & Zuidema 2020, section 3, equation 1. A row of A says where a token's new vector comes from, so the later
    layer stands on the left.
    """
    residual = torch.eye(attention.shape[-1], device=attention.device)
    mixed = 0.5 * attention.mean(1) + 0.5 * residual  # (L, T, T)
    return torch.stack(list(accumulate(mixed, lambda before, layer: layer @ before)))


def transformed(layer: Layer, steps: Steps) -> Tensor:
    """f(x_j) of each head, (H, T, D): f(x) = (x W_V + b_V) W_O with the head's own rows of W_O.

    Kobayashi et al. 2020, section 3.
    """
    output = layer.attention.split(layer.attention.output.weight[None])[0]  # (H, D, d_v)
    return steps.value[0] @ output.mT


def norms_of(encoder: Encoder, x: Tensor) -> tuple[Tensor, float]:
    """||a_ij f(x_j)||, (L, H, T, T), and by how much sum_hj a_ij f(x_j) + b_O misses the attention's output."""
    found, worst = [], 0.0
    for module in encoder.layers:
        layer = cast(Layer, module)
        steps = layer(x)
        weights, values = steps.attention.attention[0], transformed(layer, steps.attention)  # (H, T, T), (H, T, D)
        found.append(weights * values.norm(dim=-1)[:, None, :])
        total = (weights @ values).sum(0) + layer.attention.output.bias  # (T, D)
        worst = max(worst, float((total - steps.attention.output[0]).abs().max()))
        x = steps.output
    return torch.stack(found), worst


def times_gradient(subject: Subject) -> Tensor:
    """A * ds/dA, (L, H, T, T).

    Its sum over a head is ds/d(gate of the head), by the chain rule: Michel et al. 2019, equation 2 and below it.
    Grad-SAM (Barkan et al. 2021) keeps the positive gradients only; ours keeps the sign, so that sums can be checked.
    """
    with torch.enable_grad():
        encoding = subject.encoder.run(subject.x().detach().requires_grad_())
        gradients = torch.autograd.grad(subject.score(encoding.hidden[-1]).sum(), encoding.attentions)
    return torch.cat([a.detach() * g for a, g in zip(encoding.attentions, gradients, strict=True)])


def gate_derivative(subject: Subject) -> float:
    """ds/dg at 1 when all gates are g: five points, (s(-2h) - 8 s(-h) + 8 s(h) - s(2h)) / 12 h, error O(h^4).

    A ReLU has corners, which only a tiny step in float64 stays clear of; the toy, which has one, is small enough.
    """
    config = subject.encoder.config
    step = TINY_STEP if config.paper else GATE_STEP
    exact = replace(subject, encoder=deepcopy(subject.encoder).double()) if config.paper else subject
    x = exact.x()
    factors = 1 + step * torch.tensor([-2, -1, 1, 2]).to(x)
    gates = factors[:, None, None].expand(-1, config.layers, config.heads)  # (4, L, H)
    far_below, below, above, far_above = exact.scored(x.expand(4, -1, -1), gates).tolist()
    return float((far_below - 8 * below + 8 * above - far_above) / (12 * step))


def path_steps(encoder: Encoder) -> int:
    return CORNERED_PATH if encoder.config.paper else PATH


def path_gradients(subject: Subject, steps: int) -> Tensor:
    """(T,): sum over D of (x - x') times the mean of ds/dx along the path from x' to x, at the middles of its steps.

    Sundararajan et al. 2017, section 3, equation 1. The path runs over the tokens' vectors, before position, segment
    and normalisation; x' has the baseline in place of each token but the special ones, which therefore get 0.
    """
    end = subject.vectors()  # (1, T, D)
    start = torch.where(subject.content[:, None], subject.baseline, end)
    middles = (torch.arange(steps).to(end) + 0.5) / steps  # (S,)
    total = torch.zeros_like(end)
    for part in torch.split(middles, max(1, subject.rows_at_once() // 2)):  # a graph keeps what a pass alone lets go
        with torch.enable_grad():
            path = torch.lerp(start, end, part[:, None, None]).detach().requires_grad_()  # (S, T, D)
            [gradients] = torch.autograd.grad(subject.scored(subject.embedded(path)).sum(), path)
        total += gradients.sum(0, keepdim=True)
    return ((end - start) * total / steps).sum(-1)[0]


def falls_without_heads(subject: Subject) -> tuple[Tensor, float]:
    """How much s falls without each head, (L, H), and how far the row with nothing ablated is from a plain pass."""
    config = subject.encoder.config
    hidden = subject.encoder.run(subject.x()).hidden
    whole, off, found = subject.score(hidden[-1]), 0.0, []
    for heads in torch.split(torch.arange(config.heads), max(1, subject.rows_at_once() // config.layers)):
        outputs = ablated(subject.encoder, hidden, heads)
        off = max(off, float((outputs[0] - hidden[-1][0]).abs().max()))
        found.append(whole - subject.score(outputs[1:]).view(-1, len(heads)))  # (L, heads)
    return torch.cat(found, dim=1), off


def ablated(encoder: Encoder, hidden: Sequence[Tensor], heads: Tensor) -> Tensor:
    """The last layer's output (1 + L x heads, T, D) in one pass: nothing ablated, then each of `heads` of each layer.

    The layers below an ablated head are as they were, so its row joins the batch at its own layer.
    """
    x = hidden[0]  # (1, T, D)
    for number, module in enumerate(encoder.layers):
        x = torch.cat([x, hidden[number].expand(len(heads), -1, -1)])
        gate = torch.ones(len(x), encoder.config.heads, device=x.device)
        gate[-len(heads) :][torch.arange(len(heads)), heads] = 0
        x = module(x, None, gate).output
    return x


def difference_alone(subject: Subject, falls: Tensor) -> float:
    """Of the head that counts most: its fall in the pass of all heads, less that of a pass with it alone ablated."""
    strongest = falls.abs().flatten().argmax()
    alone = torch.zeros_like(falls).flatten()  # (L x H,)
    alone[strongest] = 1
    whole, without = scores_without_heads(subject, torch.stack([torch.zeros_like(alone), alone]))
    return float((falls.flatten()[strongest] - (whole - without)).abs())
