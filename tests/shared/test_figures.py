"""Figures: the same bytes for the same figure, text as text."""

from matplotlib.figure import Figure

from shared.figures import MEDIA, picture


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
