"""Two sentences, and what makes them similar."""

from pydantic import BaseModel, ConfigDict, Field

from services.attention.schemas.common import BUS, TRAIN, Matrix, ModelName, Sentence, Vector
from shared.schemas import Request


class PairRequest(Request):
    """Two sentences, each read by itself."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"a": TRAIN, "b": BUS}]})

    a: Sentence = Field(description="The first sentence.", examples=[TRAIN])
    b: Sentence = Field(description="The second sentence.", examples=[BUS])
    model: ModelName = None


class PairSide(BaseModel):
    """One of the two sentences. The lists have one entry a token."""

    text: str = Field(description="The sentence as the model read it, its prefix included.")
    tokens: list[str] = Field(description="Its tokens as the model sees them; ## continues a word.")
    offsets: list[tuple[int, int]] = Field(
        description="First character and the one after the last, in `text`; [0, 0] for special tokens."
    )
    special: list[bool] = Field(description="Whether the model added the token: [CLS], [SEP].")
    shares: Vector = Field(description="What each token adds to the cosine: the sum of its part of `matrix`.")


class PairLink(BaseModel):
    """A token of a and a token of b."""

    a: int = Field(ge=0, description="The token of a, numbered from 0.")
    b: int = Field(ge=0, description="The token of b, numbered from 0.")
    word_a: str = Field(
        description="The word that the token of a belongs to; of a longer one the first 39 characters and …"
    )
    word_b: str = Field(description="The word that the token of b belongs to, shortened likewise.")
    contribution: float = Field(description="What the two add to the cosine.")


class Pair(BaseModel):
    """The cosine of two sentences as a sum over their tokens."""

    model: str = Field(description="The model that answered.")
    prefix: str = Field(description="What the model reads before each sentence; its tokens count like the others.")
    cosine: float = Field(description="Of the two sentences: the means of their last hidden states, -1 to 1.")
    error: float = Field(
        ge=0, description="How far the sum of `matrix` as it is sent is from `cosine`: at most 1e-6, else a defect."
    )
    a: PairSide = Field(description="The first sentence: the rows of `matrix`.")
    b: PairSide = Field(description="The second sentence: the columns of `matrix`.")
    matrix: Matrix = Field(
        description="matrix[i][j] = h_i . h_j / (n m |e_a| |e_b|): what token i of a and token j of b add to the "
        "cosine. Below 0 where the two pull the sentences apart."
    )
    between_words: float = Field(
        description="What the words of the two sentences add together; the rest of `cosine` comes from pairs with a "
        "special token or the prefix, which are in the mean as well."
    )
    strongest: list[PairLink] = Field(
        description="The ten pairs that add most, the strongest first; of the sentences' own words, neither special "
        "tokens nor the prefix."
    )
    warnings: list[str] = Field(description="What makes this less trustworthy than it looks.")
