"""Where a token stands, as the model is told."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from services.attention.schemas.common import Matrix, ModelName, Vector
from shared.schemas import Request


class PositionsRequest(Request):
    """Which table of positions, and how much of it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"length": 8, "width": 5}, {"kind": "learned", "model": "minilm"}]}
    )

    kind: Literal["sinusoidal", "learned"] = Field(
        "sinusoidal", description="sinusoidal: the paper's sines and cosines; learned: a model's own table."
    )
    length: int = Field(64, ge=1, le=1024, description="How many positions, 1 to 1024, from position 0.")
    width: int | None = Field(
        None,
        ge=1,
        le=1024,
        description="How many dimensions, 1 to 1024, odd ones too; left out, the model's. A learned table has its own.",
    )
    model: ModelName = None


class Positions(BaseModel):
    """The vectors that tell a model where a token stands."""

    kind: Literal["sinusoidal", "learned"] = Field(description="How the table came about.")
    model: str | None = Field(description="Whose learned table it is; null for sines and cosines.")
    length: int = Field(ge=1, description="Number of positions.")
    width: int = Field(ge=1, description="Number of dimensions.")
    equation: str = Field(description="How the numbers were computed.")
    frequencies: Vector | None = Field(
        description="Radians a position, one for each pair of dimensions 2i and 2i + 1: 1 / 10000^(2i / width); null "
        "for a learned table."
    )
    table: Matrix = Field(description="table[position][dimension], 4 decimals.")
    cosine_by_distance: Vector = Field(
        description="Cosine of two positions that are k apart, -1 to 1, k from 0: a mean over all such pairs. Between "
        "sines and cosines of an even width all such pairs have the same. A vector of zeros, as position 0 has in a "
        "width of 1, is like itself alone: 1 at k = 0, and 0 with every other."
    )
