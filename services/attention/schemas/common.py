"""What several answers of attention have in common: sentences, models, statistics."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field, WithJsonSchema

from shared.schemas import Page

TRAIN = "the train left the station on time"
BUS = "the bus departed from the terminal punctually"


def readable(text: str) -> str:
    if not text.strip():
        raise ValueError("it is empty or blank; send a sentence, or a word of one")
    # JSON can spell "\\ud83d", the first half of an emoji, without its second half; no tokenizer reads that.
    if broken := [place for place, character in enumerate(text) if "\ud800" <= character <= "\udfff"]:
        raise ValueError(f"the text has half a character (an unpaired surrogate) at {broken[0]}; send whole characters")
    return text


def no_repeats(numbers: list[int]) -> list[int]:
    if repeated := sorted({number for number in numbers if numbers.count(number) > 1}):
        raise ValueError(f"{repeated} repeated; name each once")
    return numbers


def nested_arrays(depth: int) -> dict[str, Any]:
    """The JSON schema of numbers in arrays in arrays, `depth` deep."""
    return {"type": "array", "items": nested_arrays(depth - 1)} if depth else {"type": "number"}


Sentence = Annotated[str, AfterValidator(readable), Field(json_schema_extra={"minLength": 1})]
Number = Annotated[int, Field(strict=True)]  # true is not layer 1
Numbers = Annotated[list[Number], Field(min_length=1, max_length=1000), AfterValidator(no_repeats)]
# The engine's numpy arrays stay arrays until they are bytes: a million floats are not validated one by one.
Vector = Annotated[Any, WithJsonSchema(nested_arrays(1))]
Matrix = Annotated[Any, WithJsonSchema(nested_arrays(2))]
PerHead = Annotated[Any, WithJsonSchema(nested_arrays(2))]
PerPair = Annotated[Any, WithJsonSchema(nested_arrays(4))]

Kind = Literal["encoder", "decoder", "encoder-decoder"]
Part = Literal["self", "decoder", "cross"]
ModelName = Annotated[
    str | None, Field(description="A name out of /attention/models; left out, the default model.", examples=["minilm"])
]
PartOfModel = Annotated[
    Part,
    Field(
        description="self: the text looks at itself (in an encoder-decoder, its encoder); decoder: the pair looks at "
        "itself; cross: the pair looks at the text."
    ),
]


class ModelInfo(BaseModel):
    """A model that can be looked into."""

    name: str = Field(description="What to write in `model`.", examples=["minilm"])
    kind: Kind = Field(
        description="encoder: every token looks at every token; decoder: only at itself and those before it; "
        "encoder-decoder: both, and the decoder at the encoder."
    )
    layers: int = Field(ge=1, description="Number of layers; they are numbered from 0.", examples=[6])
    heads: int = Field(ge=1, description="Heads in each layer; they are numbered from 0.", examples=[12])
    d_model: int = Field(ge=1, description="Width of a token's vector.", examples=[384])
    d_k: int = Field(ge=1, description="Width of a query and of a key in one head.", examples=[32])
    max_tokens: int = Field(ge=1, description="Longest text in tokens, [CLS] and [SEP] included.", examples=[512])
    languages: list[str] = Field(description="Languages it was trained on (BCP 47); und: not known.", examples=[["en"]])
    prefix: str = Field(description="What it reads before a sentence that is to be compared.", examples=["query: "])
    steps: bool = Field(description="Whether its every step can be had: /attention/trace and /attention/measures.")
    default: bool = Field(False, description="Whether it answers when a request names no model.")


class ModelList(Page):
    """A page of the models."""

    items: list[ModelInfo] = Field(description="The models of this page.")


class Statistics(BaseModel):
    """Means over the queries of each head, indexed [layer][head] like `weights`."""

    entropy: PerHead = Field(description="Nats: 0 when each token looks at one token, ln(tokens) when at all alike.")
    mean_distance: PerHead | None = Field(
        description="Tokens between the one that looks and the ones looked at; null between two texts."
    )
    cls_share: PerHead = Field(description="Share of the weight on [CLS], 0 to 1.")
    sep_share: PerHead = Field(description="Share of the weight on all [SEP], 0 to 1.")
    diagonal_share: PerHead | None = Field(
        description="Share of the weight that tokens put on themselves, 0 to 1; null between two texts."
    )
