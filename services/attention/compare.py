"""What is different between the attention of two sentences, or of two models, where their tokens are the same."""

from dataclasses import dataclass, replace
from difflib import SequenceMatcher

import numpy as np
import torch
from torch import Tensor

from services.attention import doubts
from services.attention.features import Tokens
from services.attention.lookup import bare
from services.attention.models import Look
from services.attention.schemas.common import ModelInfo
from services.attention.schemas.compare import CompareRequest, CompareSide, Comparison, HeadChange
from services.attention.selection import by_words, chosen, picked
from shared.problems import Unprocessable

CHANGED = 10
MAX_CELLS = 2_000_000  # of `difference`: about 16 MB of JSON


@dataclass(frozen=True)
class Side:
    """A sentence as one model read it."""

    info: ModelInfo
    look: Look

    @property
    def model(self) -> str:
        return self.info.name

    @property
    def shape(self) -> tuple[int, int]:
        """Layers, heads."""
        layers, heads = self.look.attention.shape[:2]
        return layers, heads


@dataclass(frozen=True)
class Layers:
    """Which layers and heads are compared."""

    pairs: list[tuple[int, int]]  # of a, of b
    heads: list[int] | None  # None: the mean of all


def compare(asked: CompareRequest, a: Side, b: Side) -> Comparison:
    """The signed difference of attention, on the tokens that both have."""
    one_model, warnings = a.model == b.model, warnings_of(a, b)
    if not one_model:
        a, b = replace(a, look=by_words(a.look)), replace(b, look=by_words(b.look))
    pairs = align(a.look.queries, b.look.queries, words=not one_model)
    pick = choose(asked, a, b, one_model)
    check_cells(pick, len(pairs))
    ours, theirs = of_layers(a, pick, 0), of_layers(b, pick, 1)  # (layers, heads, T, T) each
    rows, columns = pairs.T  # (n,) each
    difference = ours[..., rows, :][..., rows] - theirs[..., columns, :][..., columns]  # (layers, heads, n, n)
    return Comparison(
        unit="token" if one_model else "word",
        a=described(a, ours, rows),
        b=described(b, theirs, columns),
        alignment=pairs.cpu().numpy(),
        layers=pick.pairs,
        heads=pick.heads,
        difference=difference.cpu().numpy(),
        changed=changes(difference, pick),
        warnings=warnings,
    )


def warnings_of(a: Side, b: Side) -> list[str]:
    """Of the tokens as the models read them, before they are joined into words; what both have is said once."""
    said = [doubt for side in (a, b) for doubt in doubts.of_texts(side.info, side.look.queries)]
    return list(dict.fromkeys(said))


def align(a: Tokens, b: Tokens, words: bool) -> Tensor:
    """(n, 2) which number of a is which of b: the matching blocks of the two (Ratcliff and Obershelp, in difflib)."""
    matcher = SequenceMatcher(None, alike(a, words), alike(b, words), autojunk=False)
    pairs = [(one.a + k, one.b + k) for one in matcher.get_matching_blocks() for k in range(one.size)]
    if all(a.special[i] for i, _ in pairs):
        raise Unprocessable(
            "nothing aligned: the second sentence has no word of the first in the same order, so no two rows can be "
            "compared; send sentences that differ in a few words, or see each by itself with POST /attention/maps"
        )
    return torch.tensor(pairs)


def alike(tokens: Tokens, words: bool) -> list[str]:
    """What makes two tokens the same: their letters in any case, or, for special tokens, what they are there for.

    Words are compared without the punctuation around them, which some models cut off and others do not.
    """
    names = [bare(token) if words else token for token in tokens.tokens]
    roles = ["\x00separator" if place else "\x00first" for place in range(len(tokens))]
    rows = zip(tokens.special, roles, names, strict=True)
    return [role if special else name.casefold() for special, role, name in rows]


def choose(asked: CompareRequest, a: Side, b: Side, one_model: bool) -> Layers:
    """Layer by layer and head by head in one model; between two the same relative depth and the mean of the heads.

    Two models may have as many heads, and yet no head of one is a head of the other: each learned its own.
    """
    layers = chosen(asked.layers, a.shape[0], "layer", a.model)
    if one_model:
        return Layers([(layer, layer) for layer in layers], chosen(asked.heads, a.shape[1], "head", a.model))
    if asked.heads is not None:
        raise Unprocessable(
            f"{a.model} and {b.model} are two models: no head of one is a head of the other, so a layer's heads are "
            "averaged; leave out `heads`"
        )
    return Layers([(layer, same_depth(layer, a.shape[0], b.shape[0])) for layer in layers], None)


def same_depth(layer: int, ours: int, theirs: int) -> int:
    """First to first and last to last; a model's only layer is its last."""
    return round(layer * (theirs - 1) / (ours - 1)) if ours > 1 else theirs - 1


def check_cells(pick: Layers, aligned: int) -> None:
    maps = len(pick.pairs) * (1 if pick.heads is None else len(pick.heads))
    if maps * aligned**2 > MAX_CELLS:
        raise Unprocessable(
            f"the difference would have {maps * aligned**2:,} numbers, the limit is {MAX_CELLS:,}: {maps} heads of "
            f"{aligned} x {aligned} tokens; name `layers` and `heads`, {MAX_CELLS // aligned**2} heads at most"
        )


def of_layers(side: Side, pick: Layers, which: int) -> Tensor:
    """(layers, heads, T, T), the heads' mean as the only one when they are averaged."""
    layers, heads = [pair[which] for pair in pick.pairs], pick.heads
    attention = picked(side.look.attention, layers, list(range(side.shape[1])) if heads is None else heads)
    return attention.mean(1, keepdim=True) if heads is None else attention


def described(side: Side, attention: Tensor, aligned: Tensor) -> CompareSide:
    only_here = torch.ones(len(side.look.queries), dtype=torch.bool)
    only_here[aligned] = False
    return CompareSide(
        model=side.model,
        tokens=side.look.queries.tokens,
        special=side.look.queries.special,
        only_here=only_here.nonzero().flatten().tolist(),
        unaligned=attention[..., aligned, :][..., only_here].sum(-1).mean(-1).clamp_max(1).cpu().numpy(),
    )


def changes(difference: Tensor, pick: Layers) -> list[HeadChange]:
    """The heads of `difference` (layers, heads, n, n) by their mean |difference|."""
    amounts = difference.abs().mean((-1, -2)).double().cpu().numpy().round(6)  # (layers, heads)
    most = np.argsort(-amounts, axis=None, kind="stable")[:CHANGED]
    places = zip(*np.unravel_index(most, amounts.shape), strict=True)
    return [
        HeadChange(
            layer=pick.pairs[layer][0],
            head=None if pick.heads is None else pick.heads[head],
            change=float(amounts[layer, head]),
        )
        for layer, head in places
    ]
