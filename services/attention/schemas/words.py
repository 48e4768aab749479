"""How alike words are, with and without a sentence around them."""

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from services.attention.schemas.common import Matrix, ModelName, Sentence
from shared.schemas import Request

BANKS: list[JsonValue] = [
    "I sat by the bank of the river",
    "I opened an account at the bank",
    "the bank lent her the money",
]
MOST = 100
MOST_TOKENS = 4096


class WordsRequest(Request):
    """Words by themselves, or the words of texts."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"words": ["play", "game", "orange"]}, {"texts": BANKS, "word": "bank"}],
        }
    )

    words: list[Sentence] | None = Field(
        None,
        min_length=1,
        max_length=MOST,
        description=f"Words by themselves, at most {MOST}, of {MOST_TOKENS:,} tokens together.",
        examples=[["play", "game", "orange"]],
    )
    texts: list[Sentence] | None = Field(
        None,
        min_length=1,
        max_length=MOST,
        description=f"Texts that words stand in, each read by itself; at most {MOST}, of {MOST_TOKENS:,} tokens "
        "together.",
    )
    word: Sentence | None = Field(
        None,
        description="The word to compare in the `texts`: every place of it is an item, in any case. Hangul that stands "
        "nowhere by itself is found where an eojeol begins with it. Left out, every word of every text.",
        examples=["bank"],
    )
    model: ModelName = None
    contextual: bool = Field(
        False,
        description="For `words`: false compares the rows of the embedding table (mean over a word's pieces), true "
        "reads each alone through the layers. The words of `texts` are always read through the layers.",
    )
    layer: int | None = Field(
        None,
        ge=0,
        description="Which hidden state to compare: 0 is the embedding, 1 what the first layer puts out; null is the "
        "last. Only where something is read.",
    )

    @model_validator(mode="after")
    def words_or_texts(self) -> "WordsRequest":
        if (self.words is None) == (self.texts is None):
            raise ValueError("send either `words` or `texts`")
        if self.word is not None and self.texts is None:
            raise ValueError("`word` is looked for in `texts`: send texts, or put the word into `words`")
        if self.layer is not None and self.words is not None and not self.contextual:
            raise ValueError("`layer` needs `contextual: true`: the embedding table lies before all layers")
        return self


class WordItem(BaseModel):
    """A word, or one place of it."""

    label: str = Field(description="The word, with its place when it stands in a text.")
    word: str = Field(description="As it is written there.")
    text: int | None = Field(description="The text it stands in, numbered from 0; null for a word by itself.")
    tokens: list[str] = Field(description="The pieces it is made of, as the model sees them.")
    places: list[int] = Field(description="The numbers of these tokens in what the model read, from 0.")


class Words(BaseModel):
    """Items, how alike they are, and a plane to draw them in."""

    model: str = Field(description="The model that answered.")
    layer: int | None = Field(description="The hidden state that was compared; null for the embedding table.")
    items: list[WordItem] = Field(description="What was compared, in the order of rows and columns.")
    cosine: Matrix = Field(
        description="cosine[i][j] of items i and j, -1 to 1; 1 on the diagonal. A vector of zeros is like itself alone."
    )
    coordinates: Matrix = Field(
        description="[x, y] of each item: its first two principal components, around their mean (PCA). The item "
        "farthest out on each axis is on the positive side."
    )
    explained_variance: list[float] = Field(
        description="What part of the items' variance each of the two axes shows, 0 to 1; 0 when all are alike."
    )
    warnings: list[str] = Field(description="What makes this less trustworthy than it looks.")
