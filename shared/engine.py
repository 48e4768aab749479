"""What a service's engine promises, and the model card that tells how good it is."""

from collections.abc import Sequence
from typing import Protocol

from prometheus_client.registry import Collector
from pydantic import BaseModel, Field


class Figure(BaseModel):
    """One measured number, beside the baselines measured in the same run."""

    metric: str = Field(description="What was measured, with its unit.", examples=["RMSE, stars"])
    value: float = Field(description="What we measured.")
    data: str = Field(description="On which data and split.")
    baselines: dict[str, float] = Field(
        {}, description="The same measure of others, on the same rows, in the same run."
    )
    note: str = Field("", description="What a reader must know beside it.")


class Card(BaseModel):
    """The model card: what is served, how it was made, how good it is, where it ends."""

    name: str = Field(description="The service.")
    version: str = Field(description="The version of the service's code that made the model.")
    summary: str = Field(description="What the service answers, in a sentence.")
    summary_ko: str = Field("", description="The same in Korean.")
    picture: str = Field("", description="A path that answers with a picture of what it does, drawn when it is asked.")
    task: str = Field(description="What the model was trained to do.")
    data: str = Field(description="What it was trained on.")
    licence: str = Field(description="Under which terms data and weights may be used, with their attribution.")
    seed: int = Field(description="The seed of the training run.")
    command: str = Field(description="The command that made the model.")
    device: str = Field(description="Where the model runs now.")
    sha256: str = Field(description="Of the manifest of everything that was loaded.")
    sizes: dict[str, float] = Field(description="Parameters, users, movies, anchors: whatever tells the size.")
    figures: list[Figure] = Field(description="Measured quality.")
    limits: list[str] = Field(description="Where the model should not be trusted.")


class Engine(Protocol):
    """Loads the artifacts and answers; knows nothing of HTTP."""

    device: str
    sha256: str

    @property
    def collectors(self) -> Sequence[Collector]:
        """What Prometheus is to know of the model's work, beside what it knows of every request."""
        ...

    def card(self) -> Card: ...

    def examples(self) -> dict[str, object]:
        """Values of path and query parameters that exist in the loaded data, for the docs."""
        ...
