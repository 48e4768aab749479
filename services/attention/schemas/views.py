"""Attention out of anybody's model, and what it looks like."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema, model_validator

from services.attention.schemas.common import nested_arrays
from services.attention.schemas.heads import Head
from shared.schemas import Request

MOST_TOKENS = 1024


def whole_characters(token: str) -> str:
    """A token may be blank, or part of a word, but not half a character."""
    if any("\ud800" <= character <= "\udfff" for character in token):
        raise ValueError("the token has half a character (an unpaired surrogate); send whole characters")
    return token


Token = Annotated[str, AfterValidator(whole_characters)]
Tokens = Annotated[list[Token], Field(min_length=1, max_length=MOST_TOKENS)]
# Numbers stay as they came until numpy reads them: a million floats are not validated one by one.
Stack = Annotated[Any, WithJsonSchema({"anyOf": [nested_arrays(depth) for depth in (2, 3, 4)]})]
Mask = Annotated[Any, WithJsonSchema({"anyOf": [nested_arrays(depth) for depth in (1, 2)]})]


class ViewsRequest(Request):
    """Tokens, and their attention or the queries and keys that it is made of."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"tokens": ["the", "train", "left"], "weights": [[0.8, 0.1, 0.1], [0.25, 0.5, 0.25], [0.1, 0.6, 0.3]]},
                {"tokens": ["a", "b"], "query": [[1, 0], [0, 1]], "key": [[1, 0], [0, 1]], "causal": True},
            ]
        }
    )

    tokens: Tokens = Field(description="The tokens that look: the rows, 1 to 1024.", examples=[["the", "train"]])
    key_tokens: Tokens | None = Field(
        None, description="The tokens looked at: the columns, 1 to 1024; left out, the same as `tokens`."
    )
    weights: Stack = Field(
        None,
        description="Attention, 0 to 1: [query][key], [head][query][key] or [layer][head][query][key]. Each row over "
        "the keys must sum to 1 within 0.001. At most 20,000,000 numbers.",
    )
    query: Stack = Field(
        None,
        description="Instead of weights: queries, [query][d_k], [head][query][d_k] or [layer][head][query][d_k]; "
        "attention is softmax(query . key x scale).",
    )
    key: Stack = Field(None, description="The keys that belong to `query`: of the same shape but for their number.")
    scale: float | None = Field(
        None, gt=0, allow_inf_nan=False, description="Factor of query . key, above 0; left out, 1 / sqrt(d_k)."
    )
    causal: bool = Field(False, description="With query and key: no token looks at a later one.")
    mask: Mask = Field(
        None,
        description="With query and key: 1 where a token may be looked at and 0 where not, [key] or [query][key].",
    )

    @model_validator(mode="after")
    def weights_or_query_and_key(self) -> "ViewsRequest":
        if (self.weights is None) == (self.query is None and self.key is None):
            raise ValueError("send either `weights`, or `query` and `key`")
        if self.weights is None and (self.query is None or self.key is None):
            raise ValueError("`query` and `key` belong together: send both")
        if self.weights is not None and (self.scale is not None or self.causal or self.mask is not None):
            raise ValueError("`scale`, `causal` and `mask` belong to `query` and `key`; weights are shown as they are")
        return self


class View(BaseModel):
    """What an attention of yours looks like in numbers."""

    shape: tuple[int, int, int, int] = Field(description="Layers, heads, tokens that look, tokens looked at.")
    tokens: list[str] = Field(description="The tokens that look.")
    key_tokens: list[str] = Field(description="The tokens looked at.")
    special: list[bool] = Field(
        description="Which of the tokens looked at were taken for special ones, by their names: [CLS], [SEP], <s>, "
        "</s> and their like. The labels first and separator speak of them."
    )
    row_error: float = Field(ge=0, description="How far the sum of a row is from 1 at most; up to 0.001 is accepted.")
    causal: bool = Field(description="Whether no token looks at a later one, in any head.")
    heads: list[Head] = Field(description="Every head, layer by layer.")
