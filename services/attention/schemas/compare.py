"""Two sentences, or two models, and what their attention has different."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.attention.schemas.common import TRAIN, Matrix, ModelName, Numbers, PerHead, PerPair, Sentence
from shared.schemas import Request

LATE = "the train left the station very late"


class CompareRequest(Request):
    """Two sentences in one model, one sentence in two models, or both."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"a": TRAIN, "b": LATE, "layers": [0], "heads": [4]}]})

    a: Sentence = Field(description="The first sentence.", examples=[TRAIN])
    b: Sentence | None = Field(
        None, description="The second sentence; left out, `a` in two models: send `model_b`.", examples=[LATE]
    )
    model: ModelName = None
    model_b: str | None = Field(None, description="The model that reads the second; left out, the same one.")
    layers: Numbers | None = Field(
        None, description="Layers of the first model to return, numbered from 0, in this order; null is all."
    )
    heads: Numbers | None = Field(
        None,
        description="Heads to return, numbered from 0, in this order; null is all. Not between two models: no "
        "head of one is a head of the other, so their heads are averaged.",
    )

    @model_validator(mode="after")
    def two_of_something(self) -> "CompareRequest":
        if self.b is None and self.model_b is None:
            raise ValueError(
                "there is nothing to compare: send a second sentence `b`, a second model `model_b`, or both"
            )
        return self


class CompareSide(BaseModel):
    """One of the two. The lists have one entry a token, or a word when `unit` is word."""

    model: str = Field(description="The model that read it.")
    tokens: list[str] = Field(description="Its tokens or words.")
    special: list[bool] = Field(description="Whether the model added it: [CLS], [SEP].")
    only_here: list[int] = Field(description="Those that the other does not have, by number from 0.")
    unaligned: PerHead = Field(
        description="unaligned[layer][head]: the weight that aligned tokens put on those only here, 0 to 1, mean."
    )


class HeadChange(BaseModel):
    """How much one head looks elsewhere."""

    layer: int = Field(ge=0, description="The layer of the first model, numbered from 0.")
    head: int | None = Field(description="The head, numbered from 0; null for the mean of a layer's heads.")
    change: float = Field(ge=0, description="Mean of |difference| over the aligned tokens that look and are looked at.")


class Comparison(BaseModel):
    """Attention of the first minus attention of the second, where their tokens are the same."""

    unit: Literal["token", "word"] = Field(
        description="What was aligned: tokens in one model, whole words between two, whose tokens differ."
    )
    a: CompareSide = Field(description="The first.")
    b: CompareSide = Field(description="The second.")
    alignment: Matrix = Field(
        description="[i, j]: number i of a is number j of b, in capitals or not; in rising order, each once."
    )
    layers: list[tuple[int, int]] = Field(
        description="[layer of a, layer of b] for each layer of `difference`; the same relative depth between models."
    )
    heads: list[int] | None = Field(
        description="Number of each head in `difference`; null between two models, whose heads are averaged."
    )
    difference: PerPair = Field(
        description="difference[layer][head][query][key], -1 to 1: weight in a minus weight in b; queries and keys "
        "are numbered as in `alignment`. A row sums to what b's query puts on tokens only in b, minus what a's puts on "
        "those only in a: 0 when nothing is unaligned."
    )
    changed: list[HeadChange] = Field(description="The ten heads that changed most, of those asked for.")
    warnings: list[str] = Field(description="What makes this less trustworthy than it looks.")
