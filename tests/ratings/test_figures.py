"""The pictures of the ratings: whole, repeatable, in English and Korean, and each shows its numbers as they are."""

import re
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure

from services.ratings.figures.by_stars import bars
from services.ratings.figures.draw import FIGURES, Name, draw, drawn
from services.ratings.figures.matrix import COLUMNS, ROWS, shares
from services.ratings.figures.words import WORDS, Language

USER, MOVIE = np.array([0, 0, 1, 2, 3, 3]), np.array([0, 3, 1, 2, 4, 5])
STARS = np.array([1, 5, 3, 4, 0.5, 2])
INPUTS: dict[Name, dict[str, Any]] = {
    "matrix": {"user": USER, "movie": MOVIE, "stars": STARS, "users": 4, "movies": 6},
    "products": {
        "flags": np.array([[1, 0], [1, 1], [0, 0]]),
        "genres": ["Comedy", "Drama"],
        "old": np.array([1, 0, 0.5]),
        "titles": ["Toy Story", "$9.99", "Heat"],
    },
    "losses": {"curves": {"Gibbs sweep/train": [1.0, 0.8, 0.7], "MLP epoch/held out": [0.9, 0.8765]}},
    "calibration": {
        "nominal": np.array([0.5, 0.9]),
        "covered": np.array([0.512, 0.903]),
        "predicted_sd": np.array([0.8, 1.0]),
        "rmse": np.array([0.75, 1.05]),
    },
    "by-user": {"user": USER, "stars": STARS},
    "by-stars": {"stars": STARS, "scale": (0.5, 5.0)},
}


def texts(svg: bytes) -> str:
    found = ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    return "\n".join("".join(element.itertext()) for element in found)


def figure(name: Name, **others: Any) -> Figure:
    return draw(name, "our data", **(INPUTS[name] | others))


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_figure_says_its_title_axes_and_source_in_both_languages(name: Name, language: Language) -> None:
    written = texts(drawn(name, "svg", "our data", language, **INPUTS[name]))
    assert "our data" in written
    hangul = re.findall("[\uac00-\ud7a3]+", written)
    assert bool(hangul) == (language == "ko")


@pytest.mark.parametrize("name", FIGURES)
def test_the_same_figure_is_the_same_bytes(name: Name) -> None:
    pictures = [drawn(name, "png", "our data", **INPUTS[name]) for _ in range(2)]
    assert pictures[0] == pictures[1]
    assert pictures[0].startswith(b"\x89PNG")


def test_both_languages_have_the_same_words_with_the_same_gaps() -> None:
    gaps = [{word: set(re.findall(r"{(\w+)", text)) for word, text in WORDS[language].items()} for language in WORDS]
    assert gaps[0] == gaps[1]


def test_a_small_matrix_shows_the_stars_of_every_pair() -> None:
    values, together = shares(USER, MOVIE, STARS, 4, 6)
    assert together == (1, 1)
    assert values[USER, MOVIE].tolist() == STARS.tolist()
    assert np.isnan(values).sum() == 4 * 6 - len(STARS)


def test_a_cell_of_a_large_matrix_shows_how_many_per_cent_of_its_pairs_are_rated() -> None:
    rng = np.random.default_rng(0)
    user, movie = np.divmod(rng.permutation(1000 * 2000)[:50_000], 2000)
    values, (down, across) = shares(user, movie, np.ones(len(user)), 1000, 2000)
    full = np.zeros((1000, 2000))
    full[user, movie] = 100
    blocks = [[full[i : i + down, j : j + across].mean() for j in range(0, 2000, across)] for i in range(0, 1000, down)]
    assert np.nan_to_num(values) == pytest.approx(np.array(blocks))


def test_movielens_32m_becomes_a_matrix_that_fits_a_screen_in_which_no_rating_is_lost() -> None:
    corners = np.array([0, 330_974]), np.array([0, 85_999])
    values, (down, across) = shares(*corners, np.ones(2), 330_975, 86_000)
    assert values.shape[0] <= ROWS
    assert values.shape[1] <= COLUMNS
    assert (~np.isnan(values)).nonzero()[0].tolist() == [0, 330_974 // down]
    assert values[0, 0] == pytest.approx(100 / (down * across))


def test_the_bars_of_the_genres_are_the_numbers_of_their_movies() -> None:
    lengths = [round(bar.get_width()) for bar in figure("products").axes[1].patches]  # type: ignore[attr-defined]
    assert lengths == [2, 1, 1]  # Comedy, Drama, old: half a movie of unknown year is none


def test_a_title_with_a_dollar_is_no_formula() -> None:
    assert "$9.99" in texts(drawn("products", "svg", "our data", **INPUTS["products"]))


def test_curves_over_the_same_steps_share_a_panel() -> None:
    curves = {"sweep/train": [1.0, 0.9], "sweep/held out": [1.1, 1.0], "epoch/train": [0.8]}
    panels = figure("losses", curves=curves).axes
    assert [axes.get_xlabel() for axes in panels] == ["sweep", "epoch"]
    assert [len(axes.lines) for axes in panels] == [2, 1]


def test_calibration_stands_beside_the_diagonal() -> None:
    ideal, measured = figure("calibration").axes[0].lines
    assert np.array_equal(ideal.get_xdata(), ideal.get_ydata())
    assert measured.get_xydata() == pytest.approx(np.array([[50, 51.2], [90, 90.3]]))


def test_users_are_ranked_from_most_ratings_to_fewest() -> None:
    dots = figure("by-user").axes[1].collections[0].get_offsets()
    assert np.asarray(dots).tolist() == [[2, 3], [1, 3], [1, 4], [2, 1.25]]


def test_each_number_of_stars_has_its_bar_and_a_fine_scale_has_twenty() -> None:
    at, count, width = bars(np.array([1.0, 1.0, 2.5, 3.0]), (0.5, 5))
    assert (at.tolist(), count.tolist(), width) == ([1, 2.5, 3], [2, 1, 1], 0.5)
    at, count, _ = bars(np.linspace(0, 100, 1001), (0, 100))
    assert (len(at), count.sum()) == (20, 1001)


@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        ("matrix", {"user": np.array([0]), "movie": np.array([0]), "stars": np.array([3.0]), "users": 1, "movies": 1}),
        ("by-user", {"user": np.array([0]), "stars": np.array([3.0])}),
        ("by-stars", {"stars": np.array([3.0]), "scale": (1.0, 5.0)}),
        ("losses", {"curves": {"sweep/train": [0.9]}}),
        ("products", {"flags": np.zeros((1, 1)), "genres": ["Drama"], "old": np.ones(1), "titles": ["Heat"]}),
    ],
)
def test_a_single_rating_movie_or_step_is_drawn_too(name: Name, inputs: dict[str, Any]) -> None:
    assert "our data" in texts(drawn(name, "svg", "our data", **inputs))
