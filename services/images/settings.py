"""The settings of images: where it listens, and how much one request may ask."""

from typing import Literal

from pydantic import Field

from shared.settings import ServiceSettings


class Settings(ServiceSettings, env_prefix="IMAGES_"):
    port: int = Field(8003, ge=0, le=65535, description="Port to listen on; 0 lets the system choose.")
    max_pixels: int = Field(
        25_000_000, ge=1, description="Largest picture decoded, in pixels (width x height); more is answered 422."
    )
    max_pixels_together: int = Field(
        200_000_000, ge=1, description="Most pixels of all pictures of one request; more is answered 422."
    )
    max_matches: int = Field(10_000, ge=1, description="Most matches of one search; more is answered 422.")
    max_sheet: int = Field(50, ge=1, description="Most matches drawn on one contact sheet, all its queries together.")
    max_explained: int = Field(100, ge=1, description="Most matches of one search with explain=true.")
    engine: Literal["auto", "torch", "litert"] = Field(
        "auto", description="What embeds on a processor; auto takes LiteRT where it is installed and faster."
    )
