"""Tables of positions: the paper's sines and cosines, and what models have learned instead."""

import torch
from torch import Tensor

from services.attention.cosines import cosines
from services.attention.model import frequencies, sinusoids
from services.attention.schemas.common import ModelInfo
from services.attention.schemas.positions import Positions, PositionsRequest
from shared.problems import Unprocessable

SINUSOIDAL = "PE(pos, 2i) = sin(pos / 10000^(2i / width)), PE(pos, 2i + 1) = cos(the same): Vaswani et al. 2017, 3.5"
LEARNED = "trained with the rest of the model, as in Devlin et al. 2018; added to the embedding of the token"


def sinusoidal(asked: PositionsRequest, width: int) -> Positions:
    """The table of the paper; `width` is the model's, for a request that names none."""
    width = asked.width or width
    table = sinusoids(asked.length, width)  # (T, D)
    return described(asked, SINUSOIDAL, table, frequencies(width), None)


def learned(asked: PositionsRequest, info: ModelInfo, table: Tensor | None) -> Positions:
    """The first rows of the `table` (positions, D) of a model; none when there is none, or none is known here."""
    model = info.name
    if table is None:
        raise Unprocessable(f"{why_none(info)}; ask for kind=sinusoidal, or another model")
    length, width = table.shape
    if asked.width not in (None, width):
        raise Unprocessable(f"width is {asked.width}: the table of {model} has {width} dimensions; leave width out")
    if asked.length > length:
        raise Unprocessable(f"length is {asked.length}: the table of {model} has {length} positions; ask for fewer")
    return described(asked, LEARNED, table[: asked.length].detach().cpu(), None, model)


def why_none(info: ModelInfo) -> str:
    # A model of ours tells all it has; of a checkpoint's positions nobody here knows where they are.
    if info.steps:
        return f"{info.name} computes its positions, sines and cosines, and has learned no table"
    return f"whether {info.name} has learned a table of positions is not known here: it runs inside transformers"


def described(
    asked: PositionsRequest, equation: str, table: Tensor, radians: Tensor | None, model: str | None
) -> Positions:
    return Positions(
        kind=asked.kind,
        model=model,
        length=table.shape[0],
        width=table.shape[1],
        equation=equation,
        frequencies=None if radians is None else radians.tolist(),
        table=table.numpy(),
        cosine_by_distance=cosine_by_distance(table).numpy(),
    )


def cosine_by_distance(table: Tensor) -> Tensor:
    """(T,) the cosine of positions k apart, mean over all such pairs of `table` (T, D).

    For sines and cosines PE(p) . PE(p + k) = sum_i cos(k f_i): it depends on the distance k alone, and the norm of
    every position is sqrt(width / 2). That is what makes a distance easy to read for an attention head.
    """
    found = cosines(table.double())  # (T, T)
    return torch.stack([found.diagonal(distance).mean() for distance in range(len(table))])
