"""Figures: the same bytes for the same figure, text as text."""

from pathlib import Path

import matplotlib
import pytest
from fontTools.ttLib import TTFont
from matplotlib import font_manager
from matplotlib.figure import Figure

from shared.figures import HANGUL, MEDIA, add_hangul, can_write_hangul, font_families, picture


def drawn(title: str = "attention") -> Figure:
    figure = Figure(figsize=(2, 1))
    figure.subplots().set_title(title)
    return figure


def test_the_same_figure_has_the_same_bytes() -> None:
    for kind in MEDIA:
        assert picture(drawn(), kind) == picture(drawn(), kind)


def test_an_svg_keeps_its_text_for_the_readers_fonts() -> None:
    assert "기차" in picture(drawn("기차"), "svg").decode()


def test_a_script_without_a_font_is_no_error() -> None:
    assert picture(drawn("기차 ༀ"), "png").startswith(b"\x89PNG")


DEJAVU = str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf")


def named(family: str, file: Path) -> Path:
    """A font file of that family; its letters are DejaVu's."""
    font = TTFont(DEJAVU)
    for entry in [entry for entry in font["name"].names if entry.nameID in (1, 4, 6, 16, 21)]:
        entry.string = family
    font.save(file)
    return file


@pytest.fixture
def an_old_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """matplotlib's list of fonts, as it was before any with Hangul was installed."""
    fonts = font_manager.fontManager
    monkeypatch.setattr(fonts, "ttflist", [font for font in fonts.ttflist if font.name not in HANGUL])


@pytest.mark.usefixtures("an_old_list")
@pytest.mark.parametrize(
    ("family", "file"), [("NanumGothic", "NanumGothicBold.ttf"), ("Noto Sans CJK KR", "NotoSansCJK-Regular.ttf")]
)
def test_a_font_with_hangul_is_found_on_the_disk_when_the_list_lacks_it(tmp_path: Path, family: str, file: str) -> None:
    named(family, tmp_path / file)
    named("Malgun Gothic", tmp_path / "other.ttf")  # whose name does not say what it is
    assert (font_families(), can_write_hangul()) == (["DejaVu Sans"], False)
    add_hangul(font_manager.findSystemFonts([str(tmp_path)]))
    assert (font_families(), can_write_hangul()) == (["DejaVu Sans", family], True)


@pytest.mark.usefixtures("an_old_list")
def test_a_broken_font_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "NanumGothic.ttf").write_bytes(b"no font")
    add_hangul([str(tmp_path / "NanumGothic.ttf"), str(tmp_path / "malgun.ttf")])
    assert not can_write_hangul()


def test_whether_hangul_can_be_written_is_what_text_is_drawn_with() -> None:
    assert matplotlib.rcParams["font.family"] == font_families()
    assert can_write_hangul() == (len(matplotlib.rcParams["font.family"]) > 1)
