"""The settings of attention: where it listens, and how long a text may be."""

from pydantic import Field

from shared.settings import ServiceSettings


class Settings(ServiceSettings, env_prefix="ATTENTION_"):
    port: int = Field(8001, ge=0, le=65535, description="Port to listen on; 0 lets the system choose.")
    default_model: str = Field("minilm", description="The model that answers when a request names none.")
    max_chars: int = Field(20_000, ge=1, description="Longest text, in characters; more is answered 422 unread.")
    max_tokens: int = Field(512, ge=3, description="Most tokens of one request; a model's own limit may be lower.")
    max_figure_tokens: int = Field(256, ge=3, description="Most tokens that a figure draws.")
