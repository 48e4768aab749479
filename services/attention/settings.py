"""The settings of attention: where it listens, which models it loads besides its own, how long a text may be."""

from pathlib import Path

from pydantic import Field

from shared.settings import ServiceSettings


class Settings(ServiceSettings, env_prefix="ATTENTION_"):
    port: int = Field(8001, ge=0, le=65535, description="Port to listen on; 0 lets the system choose.")
    # Short texts go through the model together, as many as there are threads that ask.
    workers: int = Field(16, ge=1, description="Most answers computed at a time; the others wait their turn.")
    default_model: str = Field("minilm", description="The model that answers when a request names none.")
    checkpoints: dict[str, Path] = Field(
        {},
        description='Hugging Face checkpoints on this disk to look into, as JSON: {"gpt2": "/models/gpt2"}; needs '
        "`pip install --group transformers`.",
    )
    batch_tokens: int = Field(
        256,
        ge=1,
        description="Most tokens that go through a model together; 1 is one text at a time. Short texts wait for the "
        "weights to come out of memory, long ones do not: beyond this a batch loses.",
    )
    max_chars: int = Field(20_000, ge=1, description="Longest text, in characters; more is answered 422 unread.")
    max_tokens: int = Field(512, ge=3, description="Most tokens of one request; a model's own limit may be lower.")
    max_svg_tokens: int = Field(256, ge=3, description="Most tokens that an SVG draws; PNG and HTML draw max_tokens.")
    max_measured_tokens: int = Field(
        64,
        ge=3,
        description="Most tokens of a text that /attention/measures takes with 6 layers, with more layers fewer: it "
        "costs hundreds of passes.",
    )
