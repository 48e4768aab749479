"""The three views in three formats: whole, repeatable, asking nobody for anything, and the weights as they are."""

import base64
import io
import json
import re
import warnings
import zlib
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from services.attention.figures.draw import MEDIA, VIEWS, draw
from services.attention.figures.drawing import shown
from services.attention.figures.grid import pooled
from services.attention.figures.lines import KEPT
from services.attention.figures.lines import levels as levels_of_lines
from services.attention.figures.page import part
from services.attention.figures.words import WORDS
from services.attention.schemas.figure import Kind, View
from shared.figures import can_write_hangul
from shared.problems import Unprocessable

TOKENS = ["[CLS]", "the", "$train$", "left", "[SEP]"]
HOSTILE = ["</script><b>", "<!--", "&amp;", "${title}$style", "]]>", "'\"`", "\u2028"]
UNSPEAKABLE = ["\x00", "a\x1bb", "\n", "\x7f", "\x85", "\ufffe", "\ud800", "", " ", "\u202eabc"]
RIGHT_TO_LEFT = ["غادر", "القطار", "רכבת"]


def weights(*shape: int) -> np.ndarray:
    random = np.random.default_rng(0).random(shape)
    normalised: np.ndarray = random / random.sum(-1, keepdims=True)
    return normalised


def figure(view: View, kind: Kind, tokens: list[str], **changes: Any) -> bytes:
    """minilm has 6 x 12 heads; 2 x 3 are enough here."""
    layers, heads = ([4, 5], [0, 7, 9]) if view == "grid" else ([4], [7])
    asked: dict[str, Any] = {
        "queries": tokens,
        "keys": tokens,
        "layers": layers,
        "heads": heads,
        "title": "minilm",
    } | changes
    shape = (len(layers), len(heads), len(asked["queries"]), len(asked["keys"]))
    return draw(view, kind, **{"weights": weights(*shape)} | asked)


def svg(view: View, tokens: list[str], **changes: Any) -> str:
    return figure(view, "svg", tokens, **changes).decode()


def texts(drawn: str) -> list[str]:
    """The texts of a well-formed SVG."""
    found = ElementTree.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")
    return ["".join(element.itertext()) for element in found]


def contents(page: bytes) -> dict[str, Any]:
    """The JSON inside a page, as its script reads it."""
    [found] = re.findall(r'<script type="application/json" id="figure">(.*?)</script>', page.decode(), re.DOTALL)
    read: dict[str, Any] = json.loads(found)
    return read


def levels(page: bytes) -> np.ndarray:
    """(L, H, Tq, Tk): the bytes inside a page."""
    figure = contents(page)
    shape = [len(figure[axis]) for axis in ("layers", "heads", "queries", "keys")]
    return np.frombuffer(zlib.decompress(base64.b64decode(figure["weights"])), np.uint8).reshape(shape)


class Tags(HTMLParser):
    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.found: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, attrs))


@pytest.mark.parametrize("kind", MEDIA)
@pytest.mark.parametrize("view", VIEWS)
def test_the_same_input_gives_the_same_bytes(view: View, kind: Kind) -> None:
    assert figure(view, kind, TOKENS) == figure(view, kind, TOKENS)


@pytest.mark.parametrize("view", VIEWS)
def test_an_svg_asks_nobody_for_anything(view: View) -> None:
    links = re.findall(r'(?:href="|src="|url\(|@import)([^")]{0,20})', svg(view, TOKENS))
    assert all(link.startswith(("#", "data:image/png")) for link in links)


@pytest.mark.parametrize("view", VIEWS)
def test_a_page_asks_nobody_for_anything(view: View) -> None:
    page = figure(view, "html", TOKENS)
    attributes = {name for _, attributes in Tags(page).found for name, _ in attributes}
    assert not attributes & {"src", "href", "srcset", "action", "style", "onload"}
    written = page.decode().replace(contents(page)["weights"], "")
    assert not re.search(r"https?:|url\(|@import|\bfetch\(|XMLHttpRequest|WebSocket|import\(", written)


@pytest.mark.parametrize("view", ["matrix", "head"])
def test_every_token_stands_on_both_sides_as_it_is(view: View) -> None:
    found = texts(svg(view, TOKENS))
    assert all(found.count(token) == 2 for token in TOKENS)
    assert "minilm, layer 4, head 7" in found
    assert contents(figure(view, "html", TOKENS))["queries"] == TOKENS


@pytest.mark.parametrize("view", VIEWS)
def test_markup_in_a_token_or_a_title_is_text(view: View) -> None:
    page = figure(view, "html", HOSTILE, title="</title><script>alert(1)</script>")
    assert [tag for tag, _ in Tags(page).found] == [tag for tag, _ in Tags(figure(view, "html", ["a"] * 7)).found]
    assert contents(page)["keys"] == HOSTILE
    drawn = svg(view, HOSTILE, title="</svg><script>")
    assert any(text.startswith("</svg><script>") for text in texts(drawn))
    assert not re.search("<script|<b>", drawn)


@pytest.mark.parametrize("kind", MEDIA)
@pytest.mark.parametrize("view", VIEWS)
def test_what_xml_forbids_is_shown_by_a_sign(view: View, kind: Kind) -> None:
    drawn = figure(view, kind, UNSPEAKABLE, title="a\x00title\n\ud800")
    if kind == "svg" and view != "grid":
        assert {"␀", "a␛b", "␊", "␡", "�", "␣"} <= set(texts(drawn.decode()))
    if kind == "html":
        assert contents(drawn)["queries"][:3] == ["␀", "a␛b", "␊"]


def test_a_sign_that_turns_the_text_after_it_is_taken_out() -> None:
    assert shown("\u202eabc") == "�abc"
    assert [shown(word) for word in RIGHT_TO_LEFT] == RIGHT_TO_LEFT


def test_right_to_left_words_stand_in_an_svg_in_the_order_they_are_read() -> None:
    assert texts(svg("head", RIGHT_TO_LEFT)).count("القطار") == 2


@pytest.mark.parametrize("count", [3, 12, 128])
@pytest.mark.parametrize("view", VIEWS)
def test_every_label_has_room(view: View, count: int) -> None:
    title = "a long title " * 12
    image = Image.open(io.BytesIO(figure(view, "png", ["transformer"] * count, title=title))).convert("L")
    paper = np.asarray(image)
    frame = np.concatenate([paper[:3].ravel(), paper[-3:].ravel(), paper[:, :3].ravel(), paper[:, -3:].ravel()])
    assert frame.min() == 255
    assert view == "grid" or image.height >= 16 * count  # a row as high as its letters


@pytest.mark.parametrize("view", VIEWS)
def test_512_tokens_fit_on_one_paper(view: View) -> None:
    drawn = figure(view, "png", ["of"] * 512, weights=weights(1, 1, 512, 512), layers=[0], heads=[0])
    assert max(Image.open(io.BytesIO(drawn)).size) < 3000


@pytest.mark.parametrize("view", ["matrix", "head"])
def test_too_many_tokens_to_name_are_named_in_part_and_the_figure_says_so(view: View) -> None:
    drawn = texts(svg(view, ["of"] * 512))
    assert "One token in 4 is named." in drawn
    assert drawn.count("of") == 2 * 128


@pytest.mark.parametrize("view", VIEWS)
def test_scripts_without_a_font_are_no_warning(view: View) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        figure(view, "png", ["기차가", "🚂", "ༀ", *RIGHT_TO_LEFT], language="ko", title="기차")
    assert caught == []


@pytest.mark.parametrize("kind", MEDIA)
@pytest.mark.parametrize("view", VIEWS)
def test_queries_and_keys_may_differ(view: View, kind: Kind) -> None:
    drawn = figure(view, kind, [], queries=["le", "train"], keys=["the", "train", "left"])
    if kind == "svg" and view != "grid":
        assert [texts(drawn.decode()).count(token) for token in ("le", "train", "left")] == [1, 2, 1]
    if kind == "html":
        assert levels(drawn).shape[2:] == (2, 3)


def test_a_small_matrix_has_its_numbers() -> None:
    drawn = texts(svg("matrix", ["a", "b"], weights=np.array([[[[0.25, 0.75], [1.0, 0.0]]]])))
    assert [drawn.count(number) for number in ("0.25", "0.75", "1.00")] == [1, 1, 1]


def test_a_weight_of_nothing_has_no_line_and_the_figure_says_so() -> None:
    drawn = svg("head", ["a", "b"], weights=np.array([[[[1.0, 0.0], [0.5, 0.5]]]]))
    paths = re.findall(r'<path d="([^"]*)" style="fill: none[^"]*stroke: #08306b', drawn)
    assert sum(path.count("M") for path in paths) == 3
    assert "1 of 4 lines are left out" in " ".join(texts(drawn))


def test_among_many_tokens_each_query_keeps_its_three_strongest_lines_and_the_figure_says_so() -> None:
    random = weights(64, 40)
    drawn = levels_of_lines(random) > 0
    assert drawn.sum(1).tolist() == [3] * 64
    assert (np.where(drawn, random, 1).min(1) > np.where(drawn, 0, random).max(1)).all()
    assert "only its 3 strongest lines" in " ".join(texts(svg("head", ["of"] * 40)))
    assert "strongest" not in " ".join(texts(svg("head", ["of"] * 32)))


def test_equal_weights_have_all_of_them_a_line_or_none() -> None:
    even, tied = np.full((64, 64), 1 / 64), weights(64, 64)
    tied[5, [3, 9, 20, 40]] = 0.9
    tied[6, [3, 9]], tied[6, [20, 40]] = 0.9, 0.8
    drawn = levels_of_lines(tied) > 0
    assert not levels_of_lines(even).any()
    assert (drawn[5].sum(), np.flatnonzero(drawn[6]).tolist()) == (0, [3, 9])


def test_a_query_among_many_with_few_keys_keeps_all_its_lines() -> None:
    assert (levels_of_lines(np.full((64, KEPT), 1 / KEPT)) > 0).all()


def test_the_lines_of_32_tokens_are_less_than_50_kilobytes() -> None:
    sharp = np.random.default_rng(0).dirichlet(np.full(32, 0.1), (1, 1, 32))
    assert len(figure("head", "svg", ["transformer"] * 32, weights=sharp)) < 50_000
    assert len(figure("head", "svg", ["transformer"] * 32)) < 50_000  # every line is drawn


def test_a_thumbnail_keeps_the_largest_weight_of_each_block() -> None:
    many = weights(70, 33)
    small = pooled(many)  # blocks of 3 x 2
    assert small.shape == (24, 17)
    assert all(small[row, column] == many[3 * row : 3 * row + 3, 2 * column : 2 * column + 2].max()
               for row, column in np.ndindex(small.shape))  # fmt: skip


def test_a_grid_writes_the_largest_weight_below_each_head_and_numbers_its_axes() -> None:
    drawn = texts(svg("grid", TOKENS))
    assert all(f"{largest:.2f}" in drawn for largest in weights(2, 3, 5, 5).max((2, 3)).ravel())
    assert {"4", "5", "0", "7", "9", "layer", "head"} <= set(drawn)


@pytest.mark.parametrize("view", VIEWS)
def test_a_page_has_every_weight_as_exactly_as_it_says(view: View) -> None:
    page = figure(view, "html", TOKENS)
    found, heads = contents(page), levels(page).shape[:2]
    weight = levels(page) / 255 * np.array(found["largest"])[:, :, None, None]
    [said] = re.findall(r"at most ([\d.]+)\.", found["words"]["precision"])
    assert np.abs(weight - weights(*heads, 5, 5)).max() <= float(said) <= 0.002
    assert (len(found["layers"]), len(found["heads"])) == heads


def test_72_heads_of_128_tokens_are_a_page_of_less_than_a_megabyte() -> None:
    sharp = np.random.default_rng(0).dirichlet(np.full(128, 0.1), (6, 12, 128))
    page = figure("grid", "html", ["of"] * 128, weights=sharp, layers=list(range(6)), heads=list(range(12)))
    assert len(page) < 1_000_000


@pytest.mark.parametrize("view", VIEWS)
def test_the_second_text_of_a_pair_begins_at_a_line(view: View) -> None:
    alone, pair = svg(view, TOKENS), svg(view, TOKENS, segments=[0, 0, 0, 1, 1])
    assert "#d95f02" not in alone
    assert "#d95f02" in pair
    assert contents(figure(view, "html", TOKENS, segments=[0, 0, 0, 1, 1]))["boundaries"] == [3]


def test_weights_of_another_shape_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"weights are \(1, 1, 2, 2\).*\(1, 1, 5, 5\)"):
        figure("matrix", "svg", TOKENS, weights=weights(1, 1, 2, 2))


def test_layer_and_head_stand_in_the_title_in_the_language_of_the_figure() -> None:
    assert "minilm, layer 4, head 7" in texts(svg("head", TOKENS))
    assert "minilm, 레이어 4, 헤드 7" in texts(svg("head", TOKENS, language="ko"))
    assert contents(figure("matrix", "html", TOKENS, language="ko"))["title"] == "minilm, 레이어 4, 헤드 7"
    assert "minilm" in texts(svg("grid", TOKENS))
    assert "보내 주신 어텐션, 레이어 4, 헤드 7" in texts(svg("matrix", TOKENS, title=None, language="ko"))


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_a_grid_of_more_heads_than_can_be_drawn_says_what_can_be_asked_instead(kind: Kind) -> None:
    many: dict[str, Any] = {"layers": list(range(601)), "heads": [0], "weights": np.ones((601, 1, 1, 1))}
    with pytest.raises(Unprocessable, match="601 heads; a picture shows at most 600: ask for format=html"):
        figure("grid", kind, ["a"], **many)
    assert levels(figure("grid", "html", ["a"], **many)).shape == (601, 1, 1, 1)


def test_the_words_can_be_korean() -> None:
    assert "쿼리: 바라보는 토큰" in texts(svg("matrix", TOKENS, language="ko"))
    assert b'<html lang="ko">' in figure("matrix", "html", TOKENS, language="ko")
    english, korean = (figure("matrix", "png", TOKENS, language=language) for language in ("en", "ko"))
    assert (english == korean) is not can_write_hangul()  # in a PNG, only where a font here knows them


def test_both_languages_have_the_same_words_with_the_same_places() -> None:
    places = [{word: set(re.findall(r"{\w+}", said)) for word, said in words.items()} for words in WORDS.values()]
    assert places[0] == places[1]


def test_the_page_finds_every_word_it_uses() -> None:
    assert set(re.findall(r"words\.(\w+)", part("page.js"))) <= set(WORDS["en"])
