"""One layer of one pass, every number of it, with the words that explain it."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from services.attention.schemas.common import TRAIN, ModelName, Number, Sentence, nested_arrays
from shared.schemas import Request

THRONES = "when you play the game of thrones"
# From a single number (the scale) to one matrix a head. Arrays stay numpy's until they are bytes.
Values = Annotated[Any, WithJsonSchema({"anyOf": [*(nested_arrays(depth) for depth in range(4)), {"type": "null"}]})]


class TraceRequest(Request):
    """A sentence, and which layer, head and steps to return."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"text": THRONES, "layer": 0, "head": 0, "query": "game"},
                {"text": TRAIN, "layer": 5, "query": "station", "fields": ["Q", "K", "scores", "scale", "attention"]},
            ]
        },
    )

    text: Sentence = Field(description="The sentence.", examples=[THRONES])
    pair: Sentence | None = Field(
        None, description="A second sentence, read in the same pass: [CLS] text [SEP] pair [SEP]."
    )
    model: ModelName = None
    layer: Number = Field(0, description="The layer, numbered from 0.", examples=[0])
    head: Number | None = Field(None, description="The head, numbered from 0; null is all of them.", examples=[0])
    query: Number | Annotated[str, Field(pattern=r"\S")] | None = Field(
        None,
        description="The token whose row is worked out in detail: its number from 0, or a word of the text (the first "
        "of several, its first token); null is the first token that is not special.",
        examples=["game"],
    )
    fields: Annotated[list[str], Field(min_length=1, max_length=100)] | None = Field(
        None,
        description="Names of the steps to return, in the order of the pass; null is all.",
        examples=[["Q", "K", "scores"]],
    )


class Bilingual(BaseModel):
    """The same words twice."""

    model_config = ConfigDict(frozen=True)

    en: str = Field(description="In English.")
    ko: str = Field(description="In Korean.")


class TraceStep(BaseModel):
    """One array of the pass."""

    name: str = Field(description="What to write in `fields`.", examples=["scores"])
    title: Bilingual = Field(description="What it is called.")
    figure: int | None = Field(ge=1, le=21, description="Figure of the newsletter; null when it draws none.")
    equation: str = Field(description="How it is computed, in plain text.", examples=["S = Q Kᵀ"])
    latex: str = Field(description="The same equation in LaTeX.", examples=["S = Q K^\\top"])
    caption: Bilingual = Field(description="What it means.")
    inputs: list[str] = Field(
        description="The steps it can be recomputed from; `query` and `head` are those of this answer. Empty for what "
        "is read out of the model's weights or comes from the layer before."
    )
    numbers: str | None = Field(description="One entry worked out with the numbers of this pass; null for most steps.")
    shape: list[int] = Field(description="Length of each axis; empty for a single number.", examples=[[7, 7]])
    axes: list[str] = Field(description="Name of each axis.", examples=[["query", "key"]])
    values: Values = Field(
        description="The numbers, nested as `axes` says; null when they are left out. Weights and embeddings are the "
        "model's own float32; what the layer makes of them is computed in float64 and given to 9 decimals."
    )
    recompute: float | None = Field(
        ge=0,
        description="Largest absolute difference when the step is recomputed in float64 from `inputs`; null when it "
        "has none. With one `head`, `joined` is recomputed in that head's columns.",
    )
    omitted: str | None = Field(description="Why `values` is null and how to get them.")


class Measured(BaseModel):
    """A number of this very pass."""

    name: str = Field(description="Short name of it.", examples=["scale"])
    value: float = Field(description="The number.", examples=[1.7320508])
    what: Bilingual = Field(description="What was measured, with its unit or range.")


class Correction(BaseModel):
    """A statement of the newsletter that is not so, or not so in general."""

    id: str = Field(description="Stable name.", examples=["scale-is-key-width"])
    post: Literal[1, 2] = Field(description="Part of the newsletter's article: 1 or 2.")
    figure: int | None = Field(ge=1, le=21, description="The figure it stands at; null when at none.")
    says: Bilingual = Field(description="What the newsletter says, in our words.")
    fact: Bilingual = Field(description="What is right.")
    source: str = Field(description="Where to look it up.")
    steps: list[str] = Field(description="The steps of this trace in which it can be seen; empty when in none.")
    measured: list[Measured] = Field(description="Numbers of this pass that show it; empty when none can.")


class Trace(BaseModel):
    """Every step of one layer. The lists about tokens have one entry a token."""

    model: str = Field(description="The model that answered.")
    tokens: list[str] = Field(description="The tokens as the model sees them; ## continues a word, ▁ begins one.")
    offsets: list[tuple[int, int]] = Field(
        description="First character and the one after the last, in the token's own text; [0, 0] for special tokens."
    )
    word_ids: list[int | None] = Field(
        description="Which word of its own text a token belongs to, from 0; null for special tokens."
    )
    segments: list[int] = Field(description="0 for tokens of `text`, 1 for tokens of `pair`.")
    special: list[bool] = Field(description="Whether the model added the token: [CLS], [SEP].")
    layer: int = Field(ge=0, description="The layer, from 0.")
    head: Number | None = Field(description="The head, from 0; null when arrays have an axis `head` with all of them.")
    query: int = Field(ge=0, description="Number of the token that is worked out in detail.")
    query_token: str = Field(description="That token.")
    d_model: int = Field(ge=1, description="Width of a token's vector.")
    d_k: int = Field(ge=1, description="Width of a query, of a key and of a value in one head.")
    positions: Literal["sinusoidal", "learned"] = Field(
        description="Where positions come from: sines and cosines (the paper), or a trained table (BERT)."
    )
    recompute: float | None = Field(
        ge=0, description="Largest `recompute` of the steps returned; the goal is 1e-5. Null when none has one."
    )
    steps: list[TraceStep] = Field(description="In the order in which they are computed: `inputs` come first.")
    corrections: list[Correction] = Field(description="Where the newsletter errs, with what this pass shows of it.")
    warnings: list[str] = Field(description="What makes this pass less trustworthy than it looks.")
