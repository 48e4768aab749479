"""The settings of ratings: where it listens, and how much one request may ask."""

from pydantic import Field

from shared.settings import ServiceSettings


class Settings(ServiceSettings, env_prefix="RATINGS_"):
    port: int = Field(8002, ge=0, le=65535, description="Port to listen on; 0 lets the system choose.")
    max_pairs: int = Field(
        10_000, ge=1, le=100_000, description="Most user-movie pairs of one prediction; more is answered 422."
    )
