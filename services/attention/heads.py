"""What a head's attention looks like in a few numbers, and what it does."""

from collections.abc import Sequence
from math import log

import numpy as np
import torch
from torch import Tensor

from services.attention.schemas.heads import Head, Label

HALF = 0.5  # of the weight: more of it on one place names a head after that place
IN_CACHE = 2**16  # numbers whose logarithms stay in the processor's cache: a quarter of the time at 512 tokens
EVEN = 0.9  # of the largest possible entropy: a head that looks at (nearly) all alike
# Of equal shares the first here names the head: in a text of two tokens the special one is also the previous one.
PLACES: tuple[Label, ...] = ("first", "separator", "previous", "next", "self")


def statistics(attention: Tensor, cls: Tensor, sep: Tensor) -> dict[str, Tensor]:
    """Five means over the queries of each head of `attention` (..., Tq, Tk); `cls` and `sep` (Tk,) mark those tokens.

    entropy = -sum_j a_ij ln a_ij    nats: 0 when a query looks at one key, ln T when it looks at all alike
    mean_distance = sum_j a_ij |i - j|    tokens
    the others are shares of the weight, 0 to 1. See Clark et al. 2019, "What Does BERT Look At?", section 3.
    """
    queries, keys = (torch.arange(size, device=attention.device) for size in attention.shape[-2:])
    distance = (queries[:, None] - keys).abs().to(attention)  # (Tq, Tk)
    return {
        "entropy": entropies(attention).mean(-1).clamp_min(0),
        "mean_distance": attention.flatten(-2) @ distance.flatten() / len(queries),
        "cls_share": share(attention[..., cls].sum(-1)),
        "sep_share": share(attention[..., sep].sum(-1)),
        "diagonal_share": share(attention.diagonal(dim1=-2, dim2=-1)),
    }


def share(parts: Tensor) -> Tensor:
    """(...) the mean over the queries of their shares (..., Tq), at most 1: rounding may exceed it."""
    return parts.mean(-1).clamp_max(1)


def entropies(attention: Tensor) -> Tensor:
    """(..., Tq) -sum_j a_ij ln a_ij, in nats; 0 ln 0 is 0. Some ten times as fast as torch.special.entr."""
    rows = attention.reshape(-1, attention.shape[-1])  # (N, Tk)
    parts = torch.split(rows, max(1, IN_CACHE // rows.shape[1]))
    return torch.cat([entropy_of_rows(part) for part in parts]).reshape(attention.shape[:-1])


def entropy_of_rows(rows: Tensor) -> Tensor:
    logarithms = rows.clamp_min(torch.finfo(rows.dtype).tiny).log_()
    return -logarithms.mul_(rows).sum(-1)


def marks(special: Sequence[bool]) -> tuple[Tensor, Tensor]:
    """(T,) each: the special token that begins the text ([CLS], <s>), and all later ones ([SEP], </s>)."""
    all_of_them, begins = torch.tensor(special), torch.arange(len(special)) == 0
    return all_of_them & begins, all_of_them & ~begins


def shares(attention: Tensor, cls: Tensor, sep: Tensor, within: bool = True) -> dict[str, Tensor]:
    """What part of the weight of each head of `attention` (..., Tq, Tk) each label can claim; those that can apply.

    first, separator      the weight on `cls`, on all of `sep`, mean over the queries
    previous, next, self  the weight a_(i, i-1), a_(i, i+1), a_(i, i), mean over the queries that have such a key
    broad                 the entropy of a row / ln(keys it may look at), mean over the rows with a choice

    Clark et al. 2019: relative position is section 3.1, separators 3.2, focused and broad attention 3.3. `within` is
    false when queries and keys are two texts, where no key is the previous one.
    """
    found = {}
    if cls.any():
        found["first"] = share(attention[..., cls].sum(-1))
    if sep.any():
        found["separator"] = share(attention[..., sep].sum(-1))
    if within:
        found |= beside(attention)
    return found | evenness(attention, within and is_causal(attention))


def beside(attention: Tensor) -> dict[str, Tensor]:
    places = {"previous": -1, "next": 1, "self": 0} if attention.shape[-1] > 1 else {"self": 0}
    return {name: share(attention.diagonal(place, -2, -1)) for name, place in places.items()}


def is_causal(attention: Tensor) -> bool:
    """Whether no token of any head looks at a later one, as in a decoder."""
    # The first row settles it for nearly every encoder, without a copy of all the others.
    return attention.shape[-1] > 1 and not bool(attention[..., 0, 1:].any() or attention.triu(1).any())


def evenness(attention: Tensor, causal: bool) -> dict[str, Tensor]:
    queries, keys = attention.shape[-2:]
    if keys == 1:
        return {}
    if not causal:
        return {"broad": share(entropies(attention) / log(keys))}
    visible = torch.arange(2, queries + 1).to(attention)  # (Tq - 1,), the first has no choice
    return {"broad": share(entropies(attention[..., 1:, :]) / visible.log())}


def label(found: dict[str, float]) -> tuple[Label, float]:
    """The label that the shares of a head give it, and the share itself.

    The largest share names the head when it is more than half, as Clark et al. speak of heads that "on average put >50%
    of their attention on the previous token" (section 3.1). Otherwise it is broad from 0.9 of the largest entropy on.
    """
    focus = {name: found[name] for name in PLACES if name in found}
    best = max(focus, key=lambda name: focus[name], default=None)
    if best is not None and focus[best] > HALF:
        return best, focus[best]
    if found.get("broad", 0.0) >= EVEN:
        return "broad", found["broad"]
    return "mixed", max(focus.values(), default=0.0)


def describe(attention: Tensor, special: Sequence[bool], within: bool = True) -> list[Head]:
    """Every head of `attention` (L, H, Tq, Tk), layer by layer; `special` (Tk) marks the keys the model added."""
    cls, sep = (mark.to(attention.device) for mark in marks(special))
    numbers = columns(statistics(attention, cls, sep))
    parts = columns(shares(attention, cls, sep, within))
    return [
        head(layer, number, at(numbers, layer, number), at(parts, layer, number), within)
        for layer, number in np.ndindex(*attention.shape[:2])
    ]


def columns(tensors: dict[str, Tensor]) -> dict[str, np.ndarray]:
    """(L, H) each, to the six decimals that are sent."""
    return {name: tensor.double().cpu().numpy().round(6) for name, tensor in tensors.items()}


def at(tables: dict[str, np.ndarray], layer: int, number: int) -> dict[str, float]:
    return {name: float(table[layer, number]) for name, table in tables.items()}


def head(layer: int, number: int, numbers: dict[str, float], parts: dict[str, float], within: bool) -> Head:
    name, confidence = label(parts)
    return Head(
        layer=layer,
        head=number,
        link=None,
        label=name,
        confidence=confidence,
        shares=parts,
        entropy=numbers["entropy"],
        mean_distance=numbers["mean_distance"] if within else None,
    )
