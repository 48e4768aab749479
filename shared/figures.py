"""matplotlib figures as SVG or PNG bytes: no window, no clock, the same bytes for the same figure."""

import io
import threading
import warnings
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Literal

import matplotlib
from matplotlib import font_manager
from matplotlib.figure import Figure

Format = Literal["svg", "png"]
MEDIA: dict[Format, str] = {"svg": "image/svg+xml", "png": "image/png"}

# Fonts with Hangul, in order of liking, and how the names of their files begin. None is shipped: on Debian,
# fonts-nanum or fonts-noto-cjk brings one.
HANGUL = {
    "NanumGothic": "nanumgothic",
    "Noto Sans CJK KR": "notosanscjk",
    "Noto Sans KR": "notosanskr",
    "UnDotum": "undotum",
    "Apple SD Gothic Neo": "applesdgothicneo",
    "Malgun Gothic": "malgun",
}

# matplotlib keeps its fonts and settings in globals that two threads may not use at once.
lock = threading.Lock()


def font_families() -> list[str]:
    """The fonts to draw text with: matplotlib's own, then an installed one that knows Hangul."""
    installed = {font.name for font in font_manager.fontManager.ttflist}
    return ["DejaVu Sans", *(name for name in HANGUL if name in installed)]


def can_write_hangul() -> bool:
    """Whether a PNG drawn here can show Hangul."""
    return len(font_families()) > 1


def add_hangul(files: Iterable[str]) -> None:
    """Make the fonts with Hangul among `files` known to matplotlib, in this process."""
    for file in files:
        if Path(file).stem.lower().startswith(tuple(HANGUL.values())):
            # A font that cannot be read is left out, as matplotlib does with those it finds itself.
            with suppress(OSError, RuntimeError):
                font_manager.fontManager.addfont(file)


# matplotlib lists the fonts once and keeps the list on disk: one installed later is not in it.
if not can_write_hangul():
    add_hangul(font_manager.findSystemFonts())
matplotlib.use("agg")
# Text stays text in an SVG, so that the reader's own fonts draw every script; the salt makes its ids repeatable.
matplotlib.rcParams |= {"font.family": font_families(), "svg.fonttype": "none", "svg.hashsalt": "triptych"}


def metadata(figure: Figure, kind: Format) -> dict[str, str | None]:
    """What stands in the file beside the picture: a name that a screen reader can say, no date and no version."""
    if kind == "png":
        return {"Software": None}
    label = str(figure.get_label())
    return {"Date": None} | ({"Title": label} if label else {})


def picture(figure: Figure, kind: Format) -> bytes:
    """The bytes of `figure`: the same bytes for the same figure."""
    buffer = io.BytesIO()
    with lock, warnings.catch_warnings():
        # A script without a font here shows as boxes in the PNG; the reader's fonts draw it in the SVG.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(buffer, format=kind, metadata=metadata(figure, kind))
    return buffer.getvalue()
