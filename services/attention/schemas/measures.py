"""How much each token and head counts, by six measures, and whether that can be believed."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from services.attention.schemas.common import BUS, TRAIN, ModelName, Sentence, nested_arrays
from shared.schemas import Request

MeasureName = Literal["raw", "rollout", "norm", "gradient_x_attention", "integrated_gradients", "ablation"]
Importance = Annotated[Any, WithJsonSchema({"anyOf": [nested_arrays(1), nested_arrays(2)]})]
LayerMaps = Annotated[Any, WithJsonSchema({"anyOf": [nested_arrays(3), {"type": "null"}]})]


class MeasuresRequest(Request):
    """A sentence, or a pair of them, and what it is to be explained for."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": TRAIN}, {"text": TRAIN, "target": BUS}, {"text": TRAIN, "maps": True}]}
    )

    text: Sentence = Field(description="The sentence whose tokens are measured.", examples=[TRAIN])
    pair: Sentence | None = Field(None, description="A second sentence, read and measured in the same pass.")
    model: ModelName = None
    target: Sentence | None = Field(
        None,
        description="Explain the cosine similarity with this sentence; left out, the sentence's own vector.",
        examples=[BUS],
    )
    maps: bool = Field(False, description="Whether to send each measure's token by token map of every layer too.")


class Check(BaseModel):
    """A number that is 0, but for rounding, when the measure is computed right."""

    name: str = Field(description="What is compared.")
    value: float = Field(ge=0, description="The difference found for this text.")
    goal: float = Field(gt=0, description="What it should not exceed.")


class Random(BaseModel):
    """Areas under the curves of random orders, drawn by a fixed seed; one baseline for deletion and insertion."""

    mean: float = Field(description="Their mean.")
    std: float = Field(ge=0, description="Their standard deviation.")
    orders: int = Field(ge=2, description="How many there are.")


class Faithfulness(BaseModel):
    """What happens to the score as parts are taken away, or put back, the most important first.

    The score is normalised: 1 is that of the whole text, 0 that with all parts deleted.
    """

    fractions: list[float] = Field(description="Share of the parts deleted, or inserted, at each point; 0 to 1.")
    deletion: list[float] = Field(description="The normalised score at each point, from 1 to 0.")
    insertion: list[float] = Field(description="The normalised score at each point, from 0 to 1.")
    deletion_auc: float = Field(description="Area under `deletion`, by trapezia; the lower the better.")
    insertion_auc: float = Field(description="Area under `insertion`; the higher the better.")
    random: Random = Field(description="What orders that know nothing reach.")
    faithful: bool = Field(description="Whether both areas are better than random by more than 2 standard deviations.")
    verdict: str = Field(description="The same in words.")


class Measure(BaseModel):
    """One measure of one text."""

    name: MeasureName = Field(description="Its name.")
    meaning: str = Field(description="What a number of it says.")
    source: str = Field(description="Paper, section, equation.")
    of: Literal["tokens", "heads"] = Field(description="What it gives a number to, and what its curves delete.")
    importance: Importance = Field(
        description="importance[token], special tokens included, or of heads importance[layer][head]. Each measure has "
        "a scale of its own: compare orders, not numbers."
    )
    maps: LayerMaps = Field(
        description="maps[layer][query][key] over all heads of a layer, of rollout over the layers up to it; null when "
        "not asked for, or when the measure has none."
    )
    check: Check = Field(description="Its own arithmetic, checked on this text.")
    faithfulness: Faithfulness | None = Field(
        description="Null when the score does not fall as everything is deleted: see `warnings`."
    )


class Measures(BaseModel):
    """Six measures of one text. The lists about tokens have one entry a token."""

    model: str = Field(description="The model that answered.")
    tokens: list[str] = Field(description="The tokens as the model sees them; ## continues a word.")
    offsets: list[tuple[int, int]] = Field(
        description="First character and the one after the last, in the token's own text; [0, 0] for special tokens."
    )
    word_ids: list[int | None] = Field(description="Which word of its own text a token belongs to; null for special.")
    segments: list[int] = Field(description="0 for tokens of `text`, 1 for tokens of `pair`.")
    special: list[bool] = Field(description="Whether the model added the token; such a token is never deleted.")
    score: float = Field(description="The number that is explained, of the whole text.")
    score_definition: str = Field(description="What that number is.")
    baseline: str = Field(description="What a deleted token, and the start of the path of gradients, is replaced by.")
    baseline_score: float = Field(description="The score with every token but the special ones replaced so.")
    measures: list[Measure] = Field(description="The six.")
    faithful: list[MeasureName] = Field(
        description="Those better than random orders by more than 2 standard deviations, at deletion and at insertion."
    )
    warnings: list[str] = Field(description="What makes these numbers say less than they seem to.")
