"""The settings of images: where it listens, and how large a picture or a contact sheet may be."""

from pydantic import Field

from shared.settings import ServiceSettings


class Settings(ServiceSettings, env_prefix="IMAGES_"):
    port: int = Field(8003, ge=0, le=65535, description="Port to listen on; 0 lets the system choose.")
    max_pixels: int = Field(
        25_000_000, ge=1, description="Largest picture decoded, in pixels (width x height); more is answered 422."
    )
    max_sheet: int = Field(50, ge=1, description="Most matches drawn on one contact sheet.")
