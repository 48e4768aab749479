"""Numbers of one pass that show where the newsletter errs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from services.attention.features import Tokens, words_of
from services.attention.model import Config
from services.attention.schemas.trace import Bilingual, Measured
from services.attention.trace.recompute import Array


@dataclass(frozen=True)
class Pass:
    """What the measurements read: the arrays of one trace, with all heads (H, ...) or one head without that axis."""

    arrays: Mapping[str, Array]
    tokens: Tokens
    config: Config
    query: int

    def heads(self, name: str) -> Array:
        """(H, ...) even when one head was asked for."""
        array = self.arrays[name]
        return array if self.arrays["Q"].ndim == 3 else array[None]


Evidence = Iterator[Measured]


def measured(name: str, value: float, en: str, ko: str) -> Measured:
    return Measured(name=name, value=float(value), what=Bilingual(en=en, ko=ko))


def of_scale(one: Pass) -> Evidence:
    yield measured("d_k", one.config.head_width, "Width of a key.", "키의 폭이다.")
    yield measured(
        "scale", one.arrays["scale"].item(), "√d_k, the scale of this pass.", "이 계산에 쓰인 스케일 √d_k이다."
    )
    root = len(one.tokens) ** 0.5
    yield measured("root_of_tokens", root, "√T, which plays no part.", "토큰 수의 제곱근이며 계산에 쓰이지 않는다.")
    for name, en, ko in (("scores_std", "before", "전"), ("scaled_std", "after", "후")):
        value = one.heads(name).mean()
        what = f"Standard deviation of the scores {en} scaling, mean over the heads traced."
        yield measured(name, value, what, f"스케일 {ko} 점수의 표준편차이며 추적한 헤드들의 평균이다.")


def of_alternation(one: Pass) -> Evidence:
    if not one.config.paper:
        return
    table = one.arrays["position_encoding"]  # (T, D)
    for dimension, wave, korean in ((0, "sine", "사인"), (1, "cosine", "코사인")):
        what = f"Position 0, dimension {dimension}: the {wave} of 0. One position has both."
        korean = f"위치 0, 차원 {dimension}의 값, 곧 0의 {korean}이다. 한 위치에 둘 다 있다."
        yield measured(f"position_0_dimension_{dimension}", table[0, dimension], what, korean)


def of_repetition(one: Pass) -> Evidence:
    table = one.arrays["position_encoding"].astype(np.float64)  # (T, D)
    if one.config.paper and len(table) > 6:
        what = "Position 6, dimension 0: sin 6; position 0 has 0 there."
        yield measured("position_6_dimension_0", table[6, 0], what, "위치 6, 차원 0의 값 sin 6이다. 위치 0은 0이다.")
    if len(table) > 1:
        what = "Smallest Euclidean distance between two positions of this text: no two are alike."
        korean = "이 문장의 두 위치 벡터 사이의 가장 작은 유클리드 거리이다. 같은 위치 벡터는 없다."
        yield measured("nearest_positions", nearest(table), what, korean)


def nearest(rows: Array) -> float:
    """Smallest distance between two of (T, D), out of |a|^2 + |b|^2 - 2 a.b, so that 512 x 512 x 384 is not built."""
    squares = (rows**2).sum(axis=1)
    apart = squares[:, None] + squares - 2 * rows @ rows.T  # (T, T)
    np.fill_diagonal(apart, np.inf)
    return float(np.sqrt(max(apart.min(), 0)))


def of_embedding(one: Pass) -> Evidence:
    if one.config.paper:
        what, korean = "√d_model, by which the embedding is multiplied.", "임베딩에 곱한 √d_model이다."
        yield measured("embedding_factor", one.config.width**0.5, what, korean)
    else:
        what, korean = "Positions in the trained table.", "학습된 표에 있는 위치의 수이다."
        yield measured("learned_positions", one.config.positions, what, korean)


def of_transpose(one: Pass) -> Evidence:
    tokens, width = one.arrays["x"].shape
    yield measured("rows_of_x", tokens, "Rows of x: the tokens.", "x의 행, 곧 토큰의 수이다.")
    yield measured("columns_of_x", width, "Columns of x: its width.", "x의 열, 곧 벡터의 폭이다.")
    rows = one.heads("W_Q").shape[1]
    yield measured("rows_of_W_Q", rows, "Rows of W_Q: equal to the columns of x.", "W_Q의 행이며 x의 열과 같다.")


def of_heads(one: Pass) -> Evidence:
    config = one.config
    yield measured("d_model", config.width, "Width of a token's vector.", "토큰 벡터의 폭이다.")
    together = config.heads * config.head_width
    what, korean = (
        "Heads times d_k: the width of all heads together.",
        "헤드 수와 d_k의 곱, 곧 모든 헤드를 합친 폭이다.",
    )
    yield measured("heads_times_d_k", together, what, korean)


def of_cosine(one: Pass) -> Evidence:
    scaled = one.heads("scaled")
    what, korean = (
        "Largest scaled score by size; a cosine ends at 1.",
        "절댓값이 가장 큰 스케일된 점수이다. 코사인은 1을 넘지 않는다.",
    )
    yield measured("largest_scaled_score", np.abs(scaled).max(), what, korean)
    differ = (scaled.argmax(-1) != one.heads("qk_cosine").argmax(-1)).mean()
    what = "Share of the queries (0 to 1) whose strongest key is not the one with the largest cosine."
    korean = "가장 강한 키와 코사인이 가장 큰 키가 서로 다른 질의의 비율(0~1)이다."
    yield measured("other_key_by_cosine", differ, what, korean)


def of_diagonal(one: Pass) -> Evidence:
    attention = one.heads("attention")  # (H, T, T)
    strongest = attention.argmax(-1)  # (H, T)
    own = (strongest == np.arange(attention.shape[-1])).mean()
    what, korean = (
        "Share of the rows (0 to 1) whose largest weight is on the token itself.",
        "가장 큰 가중치가 자기 자신에 있는 행의 비율(0~1)이다.",
    )
    yield measured("largest_on_itself", own, what, korean)
    if any(one.tokens.special):
        share = np.array(one.tokens.special)[strongest].mean()
        what, korean = (
            "Share of the rows (0 to 1) whose largest weight is on a special token.",
            "가장 큰 가중치가 특수 토큰에 있는 행의 비율(0~1)이다.",
        )
        yield measured("largest_on_special", share, what, korean)
    for name, en, ko in (("attention", "attention, A", "어텐션 A"), ("scores", "scores, S", "점수 S")):
        matrix = one.heads(name)
        value = np.abs(matrix - matrix.swapaxes(-1, -2)).max(axis=(-2, -1)).mean()
        what = f"Largest difference between the {en}, and its transpose; mean over the heads traced. 0 if symmetric."
        korean = f"{ko}와 그 전치의 가장 큰 차이이며 추적한 헤드들의 평균이다. 대칭이면 0이다."
        yield measured(f"{name}_asymmetry", value, what, korean)


def of_softmax(one: Pass) -> Evidence:
    attention = one.heads("attention").astype(np.float64)
    for axis, line, en, ko in (
        (-1, "row", "1 for each query", "질의마다 1이다"),
        (-2, "column", "not held to 1", "1이어야 하는 것은 아니다"),
    ):
        sums = attention.sum(axis)
        korean = {"row": "행", "column": "열"}[line]
        yield measured(
            f"smallest_{line}_sum", sums.min(), f"Smallest sum of a {line}: {en}.", f"가장 작은 {korean}의 합이며 {ko}."
        )
        yield measured(
            f"largest_{line}_sum", sums.max(), f"Largest sum of a {line}: {en}.", f"가장 큰 {korean}의 합이며 {ko}."
        )


def of_value(one: Pass) -> Evidence:
    yield measured("width_of_x", one.arrays["x"].shape[1], "Width of a token's vector.", "토큰 벡터의 폭이다.")
    yield measured("width_of_V", one.heads("V").shape[2], "Width of its value in one head.", "한 헤드에서 값의 폭이다.")


def of_simplified(one: Pass) -> Evidence:
    rows = one.heads("attention")[:, one.query]  # (H, T)
    gap = np.abs(rows - one.arrays["simple_weights"]).max()
    what = "Largest difference between the simplified weights of the query token and the model's, in the heads traced."
    korean = "질의 토큰의 단순화된 가중치와 모델의 가중치 사이의 가장 큰 차이이다(추적한 헤드 기준)."
    yield measured("from_simplified", gap, what, korean)


def of_counting(one: Pass) -> Evidence:
    special = sum(one.tokens.special)
    words = len(words_of(one.tokens)) - special
    for name, value, en, ko in (
        ("tokens", len(one.tokens), "Tokens of this pass, and so vectors.", "이 계산의 토큰 수이며 벡터의 수와 같다."),
        ("special_tokens", special, "Tokens among them that the model added.", "그중 모델이 덧붙인 토큰의 수이다."),
        ("words", words, "Words of the text.", "문장에 있는 단어의 수이다."),
    ):
        yield measured(name, value, en, ko)


def of_scores(one: Pass) -> Evidence:
    scores = one.heads("scores")
    yield measured("smallest_score", scores.min(), "Smallest score before scaling.", "스케일 전 가장 작은 점수이다.")
    yield measured("largest_score", scores.max(), "Largest score before scaling.", "스케일 전 가장 큰 점수이다.")
    what, korean = "Share of the scores below zero (0 to 1).", "음수인 점수의 비율(0~1)이다."
    yield measured("negative_scores", (scores < 0).mean(), what, korean)


def of_block(one: Pass) -> Evidence:
    x, added = one.arrays["x"].astype(np.float64), one.arrays["contracted"].astype(np.float64)
    attended = one.arrays["attention_output"].astype(np.float64)
    for name, array, en, ko in (
        ("length_of_x", x, "a token's vector before the layer", "층에 들어가기 전 토큰 벡터"),
        ("length_of_attention", attended, "what attention adds", "어텐션이 더하는 벡터"),
        ("length_of_feed_forward", added, "what the feed-forward network adds", "순방향 신경망이 더하는 벡터"),
    ):
        value = np.linalg.norm(array, axis=1).mean()
        yield measured(name, value, f"Mean length of {en}.", f"{ko}의 평균 길이이다.")


def nothing(_: Pass) -> Evidence:
    """For what no pass can show."""
    return iter(())


def of_filter(one: Pass) -> Evidence:
    weights, scores = one.heads("W_Q"), one.heads("scores")
    what, korean = (
        "In one head: numbers in W_Q, the same for every text.",
        "헤드 하나의 W_Q에 들어 있는 수의 개수이며 문장이 달라도 같다.",
    )
    yield measured("numbers_in_W_Q", weights[0].size, what, korean)
    what, korean = (
        "In one head: numbers in the filter, tokens times tokens.",
        "헤드 하나의 필터에 들어 있는 수의 개수(토큰 × 토큰)이다.",
    )
    yield measured("numbers_in_the_filter", scores[0].size, what, korean)
