"""Which heads link two words, and what each head does."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, model_validator

from services.attention.schemas.common import TRAIN, ModelName, PartOfModel, Sentence
from shared.schemas import Page, PageRequest

Label = Literal["previous", "next", "self", "first", "separator", "broad", "mixed"]
LABELS = (
    "What the head does, by the share of its weight (mean over the tokens that look): previous, next, self: more than "
    "half on the token before, the token after, itself; first: more than half on the special token that begins the "
    "text ([CLS] sink); separator: more than half on the later special tokens ([SEP] sink); broad: none of these, and "
    "entropy at least 0.9 of the largest possible; mixed: anything else."
)


class HeadsRequest(PageRequest):
    """A sentence, and two of its words when a link between them is looked for."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": TRAIN, "from": "station", "to": "train", "limit": 5}, {"text": TRAIN}]}
    )

    text: Sentence = Field(description="The sentence.", examples=[TRAIN])
    pair: Sentence | None = Field(None, description="A second sentence, read in the same pass.")
    model: ModelName = None
    part: PartOfModel = "self"
    from_: StrictInt | Sentence | None = Field(
        None,
        alias="from",
        description="The word that looks: a word of the text in any case, all its places; or the number of a token, "
        "from 0. Hangul that stands nowhere by itself is found where an eojeol begins with it. In cross-attention a "
        "word of `pair`. Left out together with `to`, heads are ranked by how clearly they have their label.",
        examples=["station"],
    )
    to: StrictInt | Sentence | None = Field(
        None,
        description="The word looked at, written like `from`; in cross-attention a word of `text`.",
        examples=["train"],
    )

    @model_validator(mode="after")
    def both_or_neither(self) -> "HeadsRequest":
        if (self.from_ is None) != (self.to is None):
            missing = "from" if self.from_ is None else "to"
            raise ValueError(f"a link needs two ends: send `{missing}` too, or neither for the labels of all heads")
        return self


class Place(BaseModel):
    """One place where a word stands."""

    word: str = Field(description="As it is written there.")
    segment: int = Field(ge=0, le=1, description="0 in `text`, 1 in `pair`.")
    tokens: list[int] = Field(description="The tokens it is made of, numbered from 0.")


class Head(BaseModel):
    """What one head does, and how much of its weight does it."""

    layer: int = Field(ge=0, description="The layer, numbered from 0.")
    head: int = Field(ge=0, description="The head, numbered from 0.")
    link: float | None = Field(
        description="How strongly it links the two words, 0 to 1: the weight on all tokens of `to`, mean over the "
        "tokens of `from`; null when no words were asked for."
    )
    label: Label = Field(description=LABELS)
    confidence: float = Field(
        description="The share that gave the label, 0 to 1; of a mixed head the largest, which was not enough."
    )
    shares: dict[str, float] = Field(
        description="The shares behind the labels, 0 to 1, each label that can apply: a text without special tokens "
        "has no sink, and two texts that look at each other have no previous token."
    )
    entropy: float = Field(ge=0, description="Nats: 0 when each token looks at one, ln(tokens) when at all alike.")
    mean_distance: float | None = Field(
        description="Tokens between the one that looks and the ones looked at; null between two texts."
    )


class Heads(Page):
    """The heads, the strongest link first; without a link, the clearest label first."""

    model: str = Field(description="The model that answered.")
    tokens: list[str] = Field(description="The tokens that look.")
    key_tokens: list[str] = Field(description="The tokens looked at; the same ones but in cross-attention.")
    looking: list[Place] = Field(description="Every place of `from`; the weight is the mean over all their tokens.")
    looked_at: list[Place] = Field(description="Every place of `to`; the weight is the sum over all their tokens.")
    uniform: float | None = Field(
        description="The link of a head that looks at all tokens alike: tokens of `to` / tokens. Below it, a head "
        "avoids the word."
    )
    items: list[Head] = Field(description="The heads of this page.")
    warnings: list[str] = Field(description="What makes this less trustworthy than it looks.")
