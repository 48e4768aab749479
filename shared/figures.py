"""matplotlib figures as SVG or PNG bytes: no window, no clock, the same bytes for the same figure."""

import io
import threading
import warnings
from typing import Literal

import matplotlib
from matplotlib import font_manager
from matplotlib.figure import Figure

Format = Literal["svg", "png"]
MEDIA: dict[Format, str] = {"svg": "image/svg+xml", "png": "image/png"}

# Fonts with Hangul, in order of liking. None is shipped: on Debian, fonts-nanum or fonts-noto-cjk brings one.
HANGUL = ("NanumGothic", "Noto Sans CJK KR", "Noto Sans KR", "UnDotum", "Apple SD Gothic Neo", "Malgun Gothic")

# matplotlib keeps its fonts and settings in globals that two threads may not use at once.
lock = threading.Lock()


def font_families() -> list[str]:
    """The fonts to draw text with: matplotlib's own, then an installed one that knows Hangul."""
    installed = {font.name for font in font_manager.fontManager.ttflist}
    return ["DejaVu Sans", *(name for name in HANGUL if name in installed)]


def can_write_hangul() -> bool:
    """Whether a PNG drawn here can show Hangul."""
    return len(font_families()) > 1


matplotlib.use("agg")
# Text stays text in an SVG, so that the reader's own fonts draw every script; the salt makes its ids repeatable.
matplotlib.rcParams |= {"font.family": font_families(), "svg.fonttype": "none", "svg.hashsalt": "triptych"}


def picture(figure: Figure, kind: Format) -> bytes:
    """The bytes of `figure`: the same bytes for the same figure."""
    buffer = io.BytesIO()
    with lock, warnings.catch_warnings():
        # A script without a font here shows as boxes in the PNG; the reader's fonts draw it in the SVG.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        # A date or a version in the file would make the same picture differ.
        figure.savefig(buffer, format=kind, metadata={"Date": None} if kind == "svg" else {"Software": None})
    return buffer.getvalue()
