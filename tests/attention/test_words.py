"""How alike words are."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from services.attention.engine import Engine
from services.attention.features import Tokens, batch
from services.attention.model import Config, Encoder
from services.attention.models import Look
from services.attention.schemas.common import ModelInfo, Part
from services.attention.schemas.words import Words, WordsRequest
from services.attention.words import compare_words, plane
from shared.problems import Unprocessable
from tests.attention.sentences import bert

RIVER, ACCOUNT = "the bank of the river", "an account at the bank"


class Small:
    """A model as small as can be, its weights drawn at random; every word is one token."""

    info = ModelInfo(
        name="small",
        kind="encoder",
        layers=2,
        heads=2,
        d_model=8,
        d_k=4,
        max_tokens=256,
        languages=["und"],
        prefix="",
        steps=False,
        default=False,
    )

    def __init__(self) -> None:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            config = Config(vocabulary=1000, positions=256, layers=2, heads=2, width=8, head_width=4, hidden=16)
            self.encoder = Encoder(config)

    def positions(self) -> None:
        return None

    def tokenise(self, text: str, pair: str | None = None) -> Tokens:
        return bert(text, pair)

    @torch.inference_mode()
    def look(self, tokens: Tokens, part: Part = "self", hidden: bool = False) -> Look:
        one = batch([tokens])
        found = self.encoder(one.ids, one.types)
        return Look(tokens, tokens, torch.cat(found.attentions), torch.cat(found.hidden))

    def static(self, ids: list[int]) -> Tensor:
        return self.encoder.embedding.token.weight.detach()[ids]

    def parameters(self) -> int:
        return 0


SMALL = Small()


def compared(**asked: Any) -> Words:
    return compare_words(WordsRequest.model_validate(asked), SMALL, SMALL.tokenise)


def test_words_are_compared_by_their_rows_of_the_embedding_table() -> None:
    found = compared(words=["play", "game", "play"])
    play, game = SMALL.static([bert(word).ids[1] for word in ("play", "game")])
    assert found.cosine[0, 1] == pytest.approx(float(torch.cosine_similarity(play, game, dim=0)))
    assert found.cosine[0] == pytest.approx([1, found.cosine[1, 2], 1])
    assert [item.label for item in found.items] == ["play", "game", "play"]
    assert (found.layer, found.items[0].text, found.items[0].places) == (None, None, [1])


def test_the_vector_of_a_word_is_the_mean_of_its_pieces() -> None:
    found = compared(words=["game changer", "changer game", "game"])
    assert found.items[0].tokens == ["game", "changer"]
    assert found.cosine[0, 1] == pytest.approx(1)
    rows = SMALL.static(bert("game changer").ids[1:3])
    assert found.cosine[0, 2] == pytest.approx(float(torch.cosine_similarity(rows.mean(0), rows[0], dim=0)))


def test_every_place_of_a_word_in_every_text_is_an_item() -> None:
    found = compared(texts=[RIVER, "Bank after bank"], word="bank")
    labels = ["bank (text 0, word 1)", "Bank (text 1, word 0)", "bank (text 1, word 2)"]
    assert [item.label for item in found.items] == labels
    hidden = [SMALL.look(bert(text)).hidden for text in (RIVER, "Bank after bank")]
    assert hidden[0] is not None
    assert hidden[1] is not None
    expected = torch.cosine_similarity(hidden[0][2, 2], hidden[1][2, 3], dim=0)
    assert found.cosine[0, 2] == pytest.approx(float(expected), abs=1e-6)
    assert found.layer == 2


def test_without_a_word_every_word_is_an_item_and_special_tokens_are_none() -> None:
    found = compared(texts=["a b", "c"])
    assert [(item.word, item.text) for item in found.items] == [("a", 0), ("b", 0), ("c", 1)]


def test_a_layer_can_be_chosen_and_0_is_the_embedding() -> None:
    first, last = (compared(texts=[RIVER, ACCOUNT], word="bank", layer=layer) for layer in (0, 2))
    assert last.cosine[0, 1] == compared(texts=[RIVER, ACCOUNT], word="bank").cosine[0, 1] != first.cosine[0, 1]
    with pytest.raises(Unprocessable, match="no hidden state 3: small has 0"):
        compared(texts=[RIVER], layer=3)


def test_a_word_read_alone_is_not_its_row_of_the_table() -> None:
    static, alone = compared(words=["a", "b"]), compared(words=["a", "b"], contextual=True)
    assert static.cosine[0, 1] != alone.cosine[0, 1]
    assert (static.layer, alone.layer) == (None, 2)


def test_the_plane_shows_points_of_a_line_on_one_axis() -> None:
    points = torch.tensor([[0.0, 0, 0], [1, 1, 0], [3, 3, 0]], dtype=torch.float64)
    coordinates, explained = plane(points)
    assert coordinates[:, 0] == pytest.approx((np.array([0, 1, 3]) - 4 / 3) * 2**0.5)
    assert coordinates[:, 1] == pytest.approx(0, abs=1e-9)
    assert explained == pytest.approx([1, 0])


def test_the_plane_keeps_distances_of_points_that_lie_in_one_and_agrees_with_torchs_own_pca() -> None:
    generator = torch.Generator().manual_seed(0)
    points = (torch.randn(9, 2, generator=generator) @ torch.randn(2, 30, generator=generator)).double()
    coordinates, explained = plane(points)
    assert torch.cdist(torch.tensor(coordinates), torch.tensor(coordinates)).numpy() == pytest.approx(
        torch.cdist(points, points).numpy(), abs=1e-6
    )
    assert sum(explained) == pytest.approx(1, abs=1e-5)
    _, singular, _ = torch.pca_lowrank(points, q=2)
    assert explained[0] == pytest.approx(float(singular[0] ** 2 / (singular**2).sum()), abs=1e-5)


def test_the_plane_is_the_same_way_round_whichever_way_the_vectors_came() -> None:
    points = torch.randn(6, 5, generator=torch.Generator().manual_seed(3)).double()
    coordinates, _ = plane(points)
    turned, _ = plane(
        points @ torch.linalg.qr(torch.randn(5, 5, generator=torch.Generator().manual_seed(4)).double())[0]
    )
    assert turned == pytest.approx(coordinates)
    assert all(column[np.abs(column).argmax()] > 0 for column in coordinates.T)


@pytest.mark.parametrize("words", [["a"], ["a", "a"], ["a"] * 5])
def test_items_that_do_not_differ_lie_in_one_point(words: list[str]) -> None:
    found = compared(words=words)
    assert found.coordinates == pytest.approx(0, abs=1e-9)
    assert found.coordinates.shape == (len(words), 2)
    assert found.explained_variance == [0, 0]


def test_two_items_lie_on_one_axis_the_first_on_its_positive_side() -> None:
    found = compared(words=["a", "b"])
    assert found.coordinates[0, 0] == pytest.approx(-found.coordinates[1, 0])
    assert found.coordinates[0, 0] > 0
    assert found.explained_variance == pytest.approx([1, 0])


def test_more_words_than_the_limit_are_refused_before_anything_is_read() -> None:
    with pytest.raises(Unprocessable, match="101 words to compare, the limit is 100"):
        compared(texts=["a " * 60, "b " * 41])
    assert len(compared(texts=["a " * 60, "b " * 40]).items) == 100


def test_texts_of_too_many_tokens_together_are_refused_before_they_go_through_the_model() -> None:
    with pytest.raises(Unprocessable, match=r"together they have 4,120 tokens, .* the limit is 4,096"):
        compared(texts=["bank " + "x " * 203] * 20, word="bank")
    assert len(compared(texts=["bank " + "x " * 201] * 20, word="bank").items) == 20


def test_a_word_is_exactly_like_itself_and_no_cosine_is_above_1() -> None:
    found = compared(words=[*"abcdefghij", "a"])
    assert np.diagonal(found.cosine).tolist() == [1] * 11
    assert found.cosine.max() == 1


def test_a_word_that_a_text_does_not_have_is_refused_with_those_it_has() -> None:
    with pytest.raises(Unprocessable, match=r"no word 'bank' in text 1; its words are: \[CLS\], the, river"):
        compared(texts=[RIVER, "the river"], word="bank")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "either `words` or `texts`"),
        ({"words": ["a"], "texts": ["a"]}, "either `words` or `texts`"),
        ({"words": ["a"], "word": "a"}, "looked for in `texts`"),
        ({"words": ["a"], "layer": 1}, "`layer` needs `contextual: true`"),
        ({"words": []}, "at least 1"),
        ({"words": ["a"] * 101}, "at most 100"),
        ({"words": [" "]}, "empty or blank"),
        ({"texts": ["a"], "layer": -1}, "greater than or equal to 0"),
    ],
)
def test_a_request_that_means_nothing_is_refused(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        WordsRequest.model_validate(asked)


def test_minilm_tells_the_banks_apart_and_knows_that_a_game_is_played(engine: Engine) -> None:
    minilm = engine.model("minilm")
    texts = ["I sat by the bank of the river", "I opened an account at the bank", "the bank lent her the money"]
    banks = compare_words(WordsRequest(texts=texts, word="bank"), minilm, minilm.tokenise)
    assert banks.cosine[1, 2] > banks.cosine[0, 1] + 0.1
    words = compare_words(WordsRequest(words=["play", "game", "orange"]), minilm, minilm.tokenise)
    assert words.cosine[0, 1] > max(words.cosine[0, 2], words.cosine[1, 2]) + 0.1
