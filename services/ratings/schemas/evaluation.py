"""How good the predictions are: for one user in the newsletter's table, and for all by every protocol."""

from pydantic import BaseModel, Field

from services.ratings.schemas.common import MovieId, Stars, Title, UserId
from shared.schemas import Request


class EvaluationRequest(Request):
    """How long the two lists are."""

    k: int = Field(5, ge=1, le=100, description="Length of the two lists; at most the user's number of ratings.")


class Placed(BaseModel):
    """A movie in its place."""

    rank: int = Field(ge=1, description="Its place, from 1.")
    movie_id: MovieId
    title: Title
    stars: Stars
    predicted: float = Field(
        description="What was predicted, in stars, by a model that was trained without this rating."
    )


class Hits(BaseModel):
    """How well the predicted top k meets the true one."""

    true_positives: float = Field(ge=0, le=1, description="Share of the predicted top k that is in the true top k.")
    accuracy: float = Field(ge=0, le=1, description="Share of the k places where both lists have the same movie.")
    mrr: float = Field(
        ge=0, le=1, description="Mean reciprocal rank as the newsletter computes it, 0 to 1, higher is better."
    )


class UserEvaluation(Hits):
    """The newsletter's table of one user, with what it leaves out: the candidates, and what chance would score."""

    user_id: UserId
    k: int = Field(ge=1, description="Length of the two lists.")
    candidates: int = Field(ge=1, description="How many held-out movies the k were picked from.")
    truth: list[Placed] = Field(description="The user's true top k, best first.")
    predicted: list[Placed] = Field(description="The predicted top k, best first.")
    random: Hits = Field(description="What k movies picked by chance score on average, exactly.")


class Protocol(BaseModel):
    """One measure of one protocol, beside the baselines measured in the same run."""

    protocol: str = Field(description="How training and test ratings were told apart.")
    data: str = Field(description="On which data.")
    metric: str = Field(description="What was measured, with its unit.", examples=["RMSE, stars"])
    value: float = Field(description="What we measured, in the unit of the metric: the mean over seeds and splits.")
    baselines: dict[str, float] = Field(description="The same measure of others, on the same rows, in the same run.")
    note: str = Field(description="What a reader must know beside it; empty when nothing.")


class Evaluation(BaseModel):
    protocols: list[Protocol] = Field(
        description="What `make evaluate SERVICE=ratings` measured: of models made by the recipe of the one that is"
        " served, each trained on its protocol's training part alone."
    )
