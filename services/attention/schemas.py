"""The words of attention on the wire."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from shared.schemas import Page, Request

TRAIN = "the train left the station on time"


def readable(text: str) -> str:
    if not text.strip():
        raise ValueError("the text is empty or blank; send the sentence whose attention you want to see")
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
Numbers = Annotated[list[int], Field(min_length=1, max_length=1000), AfterValidator(no_repeats)]
# The engine's numpy arrays stay arrays until they are bytes: a million floats are not validated one by one.
PerHead = Annotated[Any, WithJsonSchema(nested_arrays(2))]
PerPair = Annotated[Any, WithJsonSchema(nested_arrays(4))]


class ModelInfo(BaseModel):
    """A model that can be looked into."""

    name: str = Field(description="What to write in `model`.", examples=["minilm"])
    kind: Literal["encoder"] = Field(description="encoder: every token looks at every token.")
    layers: int = Field(ge=1, description="Number of layers; they are numbered from 0.", examples=[6])
    heads: int = Field(ge=1, description="Heads in each layer; they are numbered from 0.", examples=[12])
    d_model: int = Field(ge=1, description="Width of a token's vector.", examples=[384])
    d_k: int = Field(ge=1, description="Width of a query and of a key in one head.", examples=[32])
    max_tokens: int = Field(ge=1, description="Longest text in tokens, [CLS] and [SEP] included.", examples=[512])
    languages: list[str] = Field(description="Languages it was trained on (BCP 47).", examples=[["en"]])
    default: bool = Field(description="Whether it answers when a request names no model.")


class ModelList(Page):
    """A page of the models."""

    items: list[ModelInfo] = Field(description="The models of this page.")


class MapsRequest(Request):
    """A sentence, or a pair of them, and which layers and heads to return."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"text": TRAIN, "layers": [0], "heads": [4]},
                {"text": "I opened an account at the bank", "pair": "the bank of the river", "layers": [5]},
            ]
        },
    )

    text: Sentence = Field(description="The sentence.", examples=[TRAIN])
    pair: Sentence | None = Field(
        None, description="A second sentence, read in the same pass: [CLS] text [SEP] pair [SEP]."
    )
    model: str | None = Field(None, description="A name out of /attention/models; null is the default model.")
    layers: Numbers | None = Field(None, description="Layers to return, numbered from 0, in this order; null is all.")
    heads: Numbers | None = Field(None, description="Heads to return, numbered from 0, in this order; null is all.")


class Statistics(BaseModel):
    """Means over the queries of each head, indexed [layer][head] like `weights`."""

    entropy: PerHead = Field(description="Nats: 0 when each token looks at one token, ln(tokens) when at all alike.")
    mean_distance: PerHead = Field(description="Tokens between the one that looks and the ones looked at.")
    cls_share: PerHead = Field(description="Share of the weight on [CLS], 0 to 1.")
    sep_share: PerHead = Field(description="Share of the weight on all [SEP], 0 to 1.")
    diagonal_share: PerHead = Field(description="Share of the weight that tokens put on themselves, 0 to 1.")


class Maps(BaseModel):
    """The attention of one pass. The lists about tokens have one entry a token."""

    model: str = Field(description="The model that answered.")
    tokens: list[str] = Field(description="The tokens as the model sees them; ## continues a word.")
    token_ids: list[int] = Field(description="Their numbers in the vocabulary.")
    offsets: list[tuple[int, int]] = Field(
        description="First character and the one after the last, in the token's own text; [0, 0] for special tokens."
    )
    word_ids: list[int | None] = Field(
        description="Which word of its own text a token belongs to, from 0; null for special tokens."
    )
    segments: list[int] = Field(description="0 for tokens of `text`, 1 for tokens of `pair`.")
    special: list[bool] = Field(description="Whether the model added the token: [CLS], [SEP].")
    layers: list[int] = Field(description="Number of each layer in `weights`, from 0.")
    heads: list[int] = Field(description="Number of each head in `weights`, from 0.")
    weights: PerPair = Field(
        description="weights[layer][head][query][key], 0 to 1, 4 decimals: how much of the key's value the query "
        "takes. Each row over the keys sums to 1. `layer` and `head` index the lists `layers` and `heads`."
    )
    statistics: Statistics = Field(description="A few numbers for each head.")
    warnings: list[str] = Field(description="What makes these maps less trustworthy than they look.")


class FigureRequest(Request):
    """Which head of which sentence to draw, and how."""

    text: Sentence = Field(description="The sentence.", examples=[TRAIN])
    pair: Sentence | None = Field(None, description="A second sentence, read in the same pass.")
    model: str | None = Field(None, description="A name out of /attention/models; left out, the default model.")
    layer: int = Field(0, description="The layer, numbered from 0.", examples=[0])
    head: int = Field(0, description="The head, numbered from 0.", examples=[4])
    view: Literal["matrix"] = Field("matrix", description="matrix: query tokens on rows, key tokens on columns.")
    format: Literal["svg", "png"] | None = Field(
        None, description="svg or png; left out, the Accept header decides and SVG is sent when it does not mind."
    )
