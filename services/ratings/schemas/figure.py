"""Which picture, and in which format."""

from typing import Literal

from pydantic import Field

from shared.schemas import Request

Name = Literal["matrix", "products", "losses", "calibration", "by-user", "by-stars"]
Kind = Literal["svg", "png"]


class FigureRequest(Request):
    """How to send the picture."""

    format: Kind | None = Field(
        None, description="svg or png. Left out, the Accept header decides, and SVG is sent when it does not mind."
    )
