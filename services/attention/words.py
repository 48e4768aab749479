"""How alike words are: their vectors out of the embedding table, or as the layers have them in a text."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from services.attention import doubts
from services.attention.cosines import cosines
from services.attention.features import Tokens, Word, words_of
from services.attention.lookup import find
from services.attention.models import Model
from services.attention.schemas.words import MOST, MOST_TOKENS, WordItem, Words, WordsRequest
from shared.problems import Unprocessable

AXES = 2  # of the picture


def compare_words(asked: WordsRequest, model: Model, read: Callable[[str], Tokens]) -> Words:
    """The answer; `read` cuts a text into tokens within the limits of a request."""
    layer = layer_of(asked, model)
    texts = [read(text) for text in asked.texts or asked.words or ()]
    check_length(sum(len(tokens) for tokens in texts))
    places = [chosen(asked, number, tokens) for number, tokens in enumerate(texts)]  # the words of each text
    check_count(sum(len(here) for here in places))
    vectors = torch.cat([vectors_of(model, *one, layer) for one in zip(texts, places, strict=True)])  # (N, D)
    coordinates, explained = plane(vectors)
    return Words(
        model=model.info.name,
        layer=layer,
        items=[item(asked, n, texts[n], word) for n, here in enumerate(places) for word in here],
        cosine=cosines(vectors).numpy(),
        coordinates=coordinates,
        explained_variance=explained,
        warnings=doubts.of_texts(model.info, *texts),
    )


def layer_of(asked: WordsRequest, model: Model) -> int | None:
    """Which hidden state to take; none when the words are looked up in the embedding table."""
    last = model.info.layers
    if asked.words is not None and not asked.contextual:
        return None
    if asked.layer is not None and asked.layer > last:
        raise Unprocessable(
            f"no hidden state {asked.layer}: {model.info.name} has 0 (the embedding) to {last} (its last layer's)"
        )
    return last if asked.layer is None else asked.layer


def chosen(asked: WordsRequest, number: int, tokens: Tokens) -> list[Word]:
    """The words of a text that are asked for; a word by itself is all of its pieces together."""
    ordinary = [word for word in words_of(tokens) if not tokens.special[word.members[0]]]
    if asked.words is not None:
        return [Word(tokens.texts[0].strip(), 0, [member for word in ordinary for member in word.members])]
    return ordinary if asked.word is None else find(tokens, asked.word, f"text {number}")


def check_length(tokens: int) -> None:
    if tokens > MOST_TOKENS:
        raise Unprocessable(
            f"together they have {tokens:,} tokens, those that the model adds included; the limit is {MOST_TOKENS:,}: "
            "send fewer or shorter ones"
        )


def check_count(count: int) -> None:
    if count > MOST:
        raise Unprocessable(
            f"the texts have {count} words to compare, the limit is {MOST}: name one `word`, or send fewer texts"
        )


@torch.inference_mode()
def vectors_of(model: Model, tokens: Tokens, words: Sequence[Word], layer: int | None) -> Tensor:
    """(len(words), D) in float64: the mean over the pieces of each."""
    rows = model.static(tokens.ids) if layer is None else hidden(model, tokens)[layer]  # (T, D)
    return torch.stack([rows[word.members].double().mean(0) for word in words]).cpu()


def hidden(model: Model, tokens: Tokens) -> Tensor:
    """(L + 1, T, D)"""
    found = model.look(tokens, hidden=True).hidden
    assert found is not None, "hidden states were asked for"
    return found


def plane(vectors: Tensor) -> tuple[np.ndarray, list[float]]:
    """(N, 2) the first two principal components of (N, D), and what part of the variance each explains.

    X - mean = U S V^T, coordinates U S (Jolliffe 2002, "Principal Component Analysis", section 3.5); the variance along
    axis k is S_k^2. An axis may point either way: the item farthest out is put on its positive side.
    """
    U, S, _ = np.linalg.svd((vectors - vectors.mean(0)).numpy(), full_matrices=False)  # (N, R), (R,)
    coordinates = np.zeros((len(vectors), AXES))
    found = min(AXES, len(S))
    coordinates[:, :found] = towards_positive(U[:, :found] * S[:found])
    variance = np.zeros(AXES)
    variance[:found] = S[:found] ** 2
    return coordinates, (variance / max(float((S**2).sum()), np.finfo(float).tiny)).round(6).tolist()


def towards_positive(coordinates: np.ndarray) -> np.ndarray:
    """Of two items equally far out, as two items always are, the first decides: rounding must not."""
    far = np.abs(coordinates)
    deciding = (far >= 0.999 * far.max(0)).argmax(0)  # (axes,)
    return coordinates * np.where(np.take_along_axis(coordinates, deciding[None], 0) < 0, -1.0, 1.0)


def item(asked: WordsRequest, number: int, tokens: Tokens, word: Word) -> WordItem:
    alone = asked.words is not None
    return WordItem(
        label=word.text if alone else f"{word.text} (text {number}, word {tokens.words[word.members[0]]})",
        word=word.text,
        text=None if alone else number,
        tokens=[tokens.tokens[member] for member in word.members],
        places=word.members,
    )
