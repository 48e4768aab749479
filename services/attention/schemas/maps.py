"""The attention of one pass, as numbers."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from services.attention.schemas.common import (
    TRAIN,
    ModelName,
    Numbers,
    Part,
    PartOfModel,
    PerPair,
    Sentence,
    Statistics,
)
from shared.schemas import Request


class MapsRequest(Request):
    """A sentence, or a pair of them, and what to return of the pass."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"text": TRAIN, "layers": [0], "heads": [4]},
                {"text": "I opened an account at the bank", "pair": "the bank of the river", "layers": [5]},
                {"text": "기차가 역을 제시간에 떠났다", "model": "e5", "merge": "words", "layers": [11]},
                {"text": TRAIN, "layers": [0], "heads": [4], "thumbnails": 8},
            ]
        },
    )

    text: Sentence = Field(description="The sentence.", examples=[TRAIN])
    pair: Sentence | None = Field(
        None,
        description="A second sentence, read in the same pass: [CLS] text [SEP] pair [SEP]; in an encoder-decoder what "
        "its decoder reads.",
    )
    model: ModelName = None
    part: PartOfModel = "self"
    layers: Numbers | None = Field(None, description="Layers to return, numbered from 0, in this order; null is all.")
    heads: Numbers | None = Field(None, description="Heads to return, numbered from 0, in this order; null is all.")
    merge: Literal["words"] | None = Field(
        None,
        description="words: one row and one column a word (in Korean an eojeol) instead of one a token. The weights on "
        "a word's tokens are added, the rows of its tokens averaged, so that rows still sum to 1.",
    )
    thumbnails: int | None = Field(
        None,
        ge=2,
        le=64,
        description="Also a small picture of every head of every layer, with this many pixels a side at most.",
        examples=[32],
    )


class Maps(BaseModel):
    """The attention of one pass. The lists about tokens have one entry a token, or a word when merged."""

    model: str = Field(description="The model that answered.")
    part: Part = Field(description="The part of the model that was looked into.")
    tokens: list[str] = Field(description="The tokens that look, as the model sees them; ## continues a word.")
    token_ids: list[int] | None = Field(description="Their numbers in the vocabulary; null when merged into words.")
    offsets: list[tuple[int, int]] = Field(
        description="First character and the one after the last, in the token's own text; [0, 0] for special tokens."
    )
    word_ids: list[int | None] = Field(
        description="Which word of its own text a token belongs to, from 0; null for special tokens."
    )
    segments: list[int] = Field(description="0 for tokens of `text`, 1 for tokens of `pair`.")
    special: list[bool] = Field(description="Whether the model added the token: [CLS], [SEP].")
    key_tokens: list[str] | None = Field(description="The tokens looked at, in cross-attention; null: the same tokens.")
    layers: list[int] = Field(description="Number of each layer in `weights`, from 0.")
    heads: list[int] = Field(description="Number of each head in `weights`, from 0.")
    weights: PerPair = Field(
        description="weights[layer][head][query][key], 0 to 1, 4 decimals: how much of the key's value the query "
        "takes. Each row over the keys sums to 1. `layer` and `head` index the lists `layers` and `heads`."
    )
    thumbnails: PerPair | None = Field(
        description="thumbnails[layer][head][row][column] of every layer and head, 0 to 1: the largest weight of each "
        "tile. null when not asked for."
    )
    statistics: Statistics = Field(
        description="A few numbers for each head of `weights`; of every head of every layer "
        "when thumbnails were asked for."
    )
    warnings: list[str] = Field(description="What makes these maps less trustworthy than they look.")
