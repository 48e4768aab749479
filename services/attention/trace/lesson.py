"""The words of a trace: what each step is called, where the newsletter draws it, its equation and its meaning.

Equations are those of Vaswani et al. 2017, "Attention Is All You Need" (sections 3.1 to 3.5), and where the model is a
BERT those of Devlin et al. 2018. x is (T, D), a row a token; i numbers queries, j keys, h heads.
"""

from dataclasses import dataclass

from services.attention.schemas.trace import Bilingual


@dataclass(frozen=True)
class Lesson:
    """One step: how it is named, drawn, computed and explained."""

    name: str
    figure: int | None  # of the newsletter, 1 to 21
    axes: tuple[str, ...]
    equation: str
    latex: str
    title: Bilingual
    caption: Bilingual
    paper: bool | None = None  # true: the paper's way only; false: BERT's only; None: both


def lesson(
    name: str,
    figure: int | None,
    axes: str,
    equations: tuple[str, str],
    title: tuple[str, str],
    caption: tuple[str, str],
    paper: bool | None = None,
) -> Lesson:
    plain, latex = equations
    named, meant = Bilingual(en=title[0], ko=title[1]), Bilingual(en=caption[0], ko=caption[1])
    return Lesson(name, figure, tuple(axes.split()), plain, latex, named, meant, paper)


def lessons(paper: bool) -> list[Lesson]:
    """The steps of one kind of model, in the order of the pass: what a step is computed from comes before it."""
    return [one for one in LESSONS if one.paper in (None, paper)]


def projection(letter: str, word: str, korean: str, width: str) -> list[Lesson]:
    """W and b of the Query, of the Key or of the Value."""
    matrix = lesson(
        f"W_{letter}",
        10,
        f"head width {width}",
        (f"W_{letter}", f"W^{letter}"),
        (f"{word} weights", f"{korean} 가중치"),
        (
            f"The matrix that turns a token's vector into its {word.lower()}: a row for each input dimension, a column "
            "for each output one. Training sets it; it is the same for every text.",
            f"토큰 벡터를 {korean} 벡터로 바꾸는 행렬이다. 행은 입력 차원, 열은 출력 차원이다. "
            "훈련으로 정해지며 어떤 문장이 들어와도 같다.",
        ),
    )
    bias = lesson(
        f"b_{letter}",
        10,
        f"head {width}",
        (f"b_{letter}", f"b^{letter}"),
        (f"{word} bias", f"{korean} 편향"),
        (
            "Added to each row of the product. The paper's equation has no bias; BERT has one.",
            "행렬 곱의 각 행에 더하는 값이다. 논문의 식에는 편향이 없고 BERT에는 있다.",
        ),
    )
    return [matrix, bias]


def projected(letter: str, word: str, korean: str, width: str, en: str, ko: str) -> Lesson:
    return lesson(
        letter,
        14,
        f"head token {width}",
        (f"{letter} = x W_{letter} + b_{letter}", f"{letter} = x W^{letter} + b^{letter}"),
        (word, korean),
        (en, ko),
    )


def norm(name: str, symbol: str, where: tuple[str, str], paper: bool | None = None) -> list[Lesson]:
    """The two weights of a layer normalisation."""
    gamma = lesson(
        f"{name}_gamma",
        None,
        "width",
        (f"γ_{symbol}", rf"\gamma_{{{symbol}}}"),
        (f"Gain of the normalisation {where[0]}", f"{where[1]} 층 정규화의 배율"),
        (
            "Each dimension is multiplied by its gain once it is normalised.",
            "정규화한 뒤 차원마다 곱하는 값이다.",
        ),
        paper,
    )
    beta = lesson(
        f"{name}_beta",
        None,
        "width",
        (f"β_{symbol}", rf"\beta_{{{symbol}}}"),
        (f"Shift of the normalisation {where[0]}", f"{where[1]} 층 정규화의 이동값"),
        ("Added to each dimension after the gain.", "배율을 곱한 뒤 차원마다 더하는 값이다."),
        paper,
    )
    return [gamma, beta]


def normalisation(of: str, symbol: str) -> tuple[str, str]:
    """Ba et al. 2016, "Layer Normalization", section 3; mean and variance are a token's own."""
    plain = f"({of} − mean({of})) / √(var({of}) + ε) ∘ γ_{symbol} + β_{symbol}"
    fraction = rf"\frac{{{of} - \mu({of})}}{{\sqrt{{\sigma^2({of}) + \epsilon}}}}"
    return plain, rf"{fraction} \circ \gamma_{{{symbol}}} + \beta_{{{symbol}}}"


def normalised(name: str, figure: int | None, result: str, of: str, symbol: str) -> Lesson:
    plain, latex = normalisation(of, symbol)
    return lesson(
        name,
        figure,
        "token width",
        (f"{result} = {plain}", f"{result} = {latex}"),
        ("Layer normalisation", "층 정규화"),
        (
            "Each token's vector is brought to mean 0 and variance 1 over its own dimensions, then scaled and shifted.",
            "토큰 벡터마다 자기 차원들의 평균을 0, 분산을 1로 맞춘 뒤 배율을 곱하고 이동값을 더한다.",
        ),
        False if name.startswith("embedding") else None,
    )


def small_number(paper: bool) -> Lesson:
    """Where it is first needed: in BERT's embedding, in the paper's first normalisation."""
    return lesson(
        "epsilon",
        None,
        "",
        ("ε", r"\epsilon"),
        ("Epsilon", "엡실론"),
        (
            "A small number under the root of the layer normalisation, so that nothing is divided by zero.",
            "층 정규화의 제곱근 안에 더해 0으로 나누는 일을 막는 작은 수이다.",
        ),
        paper,
    )


EMBEDDING = [
    lesson(
        "token_ids",
        5,
        "token",
        ("id_i = vocabulary[token_i]", r"\mathrm{id}_i = \mathrm{vocabulary}[\mathrm{token}_i]"),
        ("Token numbers", "토큰 번호"),
        (
            "The text is cut into tokens, and each token is replaced by its number in the vocabulary.",
            "문장을 토큰으로 나누고 각 토큰을 어휘집 안의 번호로 바꾼다.",
        ),
    ),
    lesson(
        "token_embedding",
        6,
        "token width",
        ("e_i = E[id_i]", r"e_i = E[\mathrm{id}_i]"),
        ("Token embedding", "토큰 임베딩"),
        (
            "Each number picks its row of the embedding table E: a vector that training has shaped.",
            "번호마다 임베딩 표 E에서 자기 행을 꺼낸다. 훈련으로 다듬어진 벡터이다.",
        ),
    ),
    lesson(
        "embedding_cosine",
        7,
        "token token",
        (
            "cos_ij = e_i · e_j / (‖e_i‖ ‖e_j‖)",
            r"\cos_{ij} = \frac{e_i \cdot e_j}{\lVert e_i \rVert \lVert e_j \rVert}",
        ),
        ("Similarity of the embeddings", "임베딩의 유사도"),
        (
            "The cosine of the angle between two embeddings: 1 in the same direction, 0 at right angles, -1 opposite. "
            "The context plays no part yet.",
            "두 임베딩 사이 각도의 코사인이다. 방향이 같으면 1, 직각이면 0, 반대이면 -1이다. "
            "아직 문맥은 들어 있지 않다.",
        ),
    ),
    lesson(
        "token_scaled",
        None,
        "token width",
        ("√d_model e_i", r"\sqrt{d_\mathrm{model}}\, e_i"),
        ("Embedding times the root of its width", "폭의 제곱근을 곱한 임베딩"),
        (
            "The paper multiplies the embedding by the root of its width before positions are added (section 3.4). "
            "The newsletter leaves this out, and BERT does not do it.",
            "논문은 위치를 더하기 전에 임베딩에 폭의 제곱근을 곱한다(3.4절). "
            "뉴스레터에는 이 단계가 없고 BERT도 하지 않는다.",
        ),
        True,
    ),
    lesson(
        "segment_embedding",
        None,
        "token width",
        ("g_i = G[type_i]", r"g_i = G[\mathrm{type}_i]"),
        ("Segment embedding", "문장 구분 임베딩"),
        (
            "A trained vector for the first and one for the second sentence of a pair: BERT's own addition.",
            "문장 쌍에서 첫째 문장과 둘째 문장을 구분하는 훈련된 벡터이다. BERT에서 추가되었다.",
        ),
        False,
    ),
    lesson(
        "position_frequencies",
        8,
        "frequency",
        ("f_k = 1 / 10000^(2k / d_model)", r"f_k = 10000^{-2k / d_\mathrm{model}}"),
        ("Frequencies of the positions", "위치 인코딩의 주파수"),
        (
            "Radians a position. Each frequency serves two dimensions: 2k has its sine, 2k + 1 its cosine.",
            "위치가 하나 늘 때 나아가는 각도(라디안)이다. 주파수 하나를 두 차원이 나누어 쓴다. "
            "2k 차원은 사인, 2k + 1 차원은 코사인이다.",
        ),
        True,
    ),
    lesson(
        "position_encoding",
        8,
        "token width",
        (
            "P[pos, 2k] = sin(pos f_k), P[pos, 2k + 1] = cos(pos f_k)",
            r"P_{pos,2k} = \sin(pos\, f_k),\quad P_{pos,2k+1} = \cos(pos\, f_k)",
        ),
        ("Sinusoidal positions", "사인·코사인 위치 인코딩"),
        (
            "A vector for each position, so that order counts. Every position has sines and cosines: they alternate "
            "by dimension.",
            "순서를 알 수 있도록 위치마다 주는 벡터이다. 모든 위치가 사인과 코사인을 다 가지며 "
            "둘은 차원에 따라 번갈아 나온다.",
        ),
        True,
    ),
    lesson(
        "position_encoding",
        8,
        "token width",
        ("p_i = P[i]", r"p_i = P[i]"),
        ("Learned positions", "학습된 위치 임베딩"),
        (
            "A trained vector for each position, read out of a table. BERT learns what the paper computes from sines "
            "and cosines.",
            "위치마다 훈련된 벡터를 표에서 꺼낸다. 논문이 사인과 코사인으로 계산하는 것을 BERT는 학습한다.",
        ),
        False,
    ),
    lesson(
        "embedding_sum",
        9,
        "token width",
        ("s_i = √d_model e_i + P[i]", r"s_i = \sqrt{d_\mathrm{model}}\, e_i + P_i"),
        ("Embedding with position", "위치를 더한 임베딩"),
        (
            "What a token is and where it stands, added number by number.",
            "토큰이 무엇인지와 어디에 있는지를 차원마다 더한다.",
        ),
        True,
    ),
    lesson(
        "embedding_sum",
        9,
        "token width",
        ("s_i = e_i + g_i + p_i", r"s_i = e_i + g_i + p_i"),
        ("Sum of the three embeddings", "세 임베딩의 합"),
        (
            "What a token is, which sentence it belongs to and where it stands, added number by number.",
            "토큰이 무엇인지, 어느 문장에 속하는지, 어디에 있는지를 차원마다 더한다.",
        ),
        False,
    ),
    small_number(paper=False),
    *norm("embedding", "0", ("of the embedding", "임베딩"), paper=False),
    normalised("embedding_normalised", None, "x", "s", "0"),
    lesson(
        "x",
        9,
        "token width",
        ("x", "x"),
        ("Input of the layer", "층의 입력"),
        (
            "What this layer reads: the embedding in layer 0, otherwise the output of the layer before.",
            "이 층이 읽는 값이다. 0번 층에서는 임베딩이고 그다음 층부터는 바로 앞 층의 출력이다.",
        ),
    ),
]

SIMPLIFIED = [
    lesson(
        "simple_weights",
        3,
        "key",
        ("w_j = softmax_j(x_i · x_j)", r"w_j = \mathrm{softmax}_j(x_i \cdot x_j)"),
        ("Simplified: weights of one token", "단순화: 한 토큰의 가중치"),
        (
            "Figure 3's idea, simplified: the query token against every token, with no projections, no scale and no "
            "heads. The model itself does not compute this.",
            "그림 3의 개념을 단순화한 것이다. 투영, 스케일, 헤드 없이 질의 토큰을 모든 토큰과 곱한다. "
            "모델이 실제로 하는 계산은 아니다.",
        ),
    ),
    lesson(
        "simple_weighted",
        3,
        "key width",
        ("w_j x_j", "w_j x_j"),
        ("Simplified: weighted vectors", "단순화: 가중된 벡터"),
        (
            "Each token's vector times its weight; the vector itself stands in for the value.",
            "토큰 벡터마다 가중치를 곱한다. 여기서는 토큰 벡터가 값(Value)을 대신한다.",
        ),
    ),
    lesson(
        "simple_sum",
        3,
        "width",
        ("c_i = Σ_j w_j x_j", r"c_i = \sum_j w_j x_j"),
        ("Simplified: context-aware vector", "단순화: 문맥이 담긴 벡터"),
        (
            "The weighted vectors added up: the query token, mixed with what it looked at.",
            "가중된 벡터를 모두 더한 것이다. 질의 토큰에 주목한 토큰들이 섞여 있다.",
        ),
    ),
]

PROJECTIONS = [
    *projection("Q", "Query", "질의(Query)", "d_k"),
    *projection("K", "Key", "키(Key)", "d_k"),
    *projection("V", "Value", "값(Value)", "d_v"),
    lesson(
        "product_parts",
        10,
        "head width",
        ("x_im W_Q[m, 0]", r"x_{im} W^Q_{m0}"),
        ("One worked product: its parts", "행렬 곱 한 칸 풀이: 항"),
        (
            "Row i of x (the query token) times column 0 of W_Q, before they are added. Nothing is transposed.",
            "x의 i번째 행(질의 토큰)과 W_Q의 0번 열을 차원마다 곱한 값이다. 전치는 필요하지 않다.",
        ),
    ),
    lesson(
        "product",
        10,
        "head",
        ("Q[i, 0] = Σ_m x_im W_Q[m, 0] + b_Q[0]", r"Q_{i0} = \sum_m x_{im} W^Q_{m0} + b^Q_0"),
        ("One worked product: its sum", "행렬 곱 한 칸 풀이: 합"),
        (
            "The parts and the bias, added up, are one entry of Q.",
            "항과 편향을 모두 더하면 Q의 한 칸이 된다.",
        ),
    ),
    projected(
        "Q",
        "Query",
        "질의(Query)",
        "d_k",
        "What each token looks for: one affine layer, without an activation.",
        "각 토큰이 찾는 것이다. 활성화 함수가 없는 선형 층 하나를 지난 결과이다.",
    ),
    projected(
        "K",
        "Key",
        "키(Key)",
        "d_k",
        "What each token offers to be found by.",
        "각 토큰이 찾아지기 위해 내놓는 것이다.",
    ),
    projected(
        "V",
        "Value",
        "값(Value)",
        "d_v",
        "What each token hands over to those that look at it. It is projected, too: not the token's vector itself.",
        "각 토큰이 자신을 보는 토큰에 넘겨주는 것이다. 값도 투영된 것이며 토큰 벡터 그대로가 아니다.",
    ),
]

ATTENTION = [
    lesson(
        "qk_cosine",
        12,
        "head query key",
        ("q_i · k_j / (‖q_i‖ ‖k_j‖)", r"\frac{q_i \cdot k_j}{\lVert q_i \rVert \lVert k_j \rVert}"),
        ("Cosine of query and key", "질의와 키의 코사인 유사도"),
        (
            "For comparison only. Attention does not divide by the lengths of the vectors, so a long key draws more "
            "weight than its direction alone would give it.",
            "비교를 위한 값이다. 어텐션은 벡터의 길이로 나누지 않으므로 "
            "긴 키는 방향만으로 받을 몫보다 큰 점수를 받을 수 있다.",
        ),
    ),
    lesson(
        "scores",
        15,
        "head query key",
        ("S = Q Kᵀ", r"S = Q K^\top"),
        ("Scores", "어텐션 점수"),
        (
            "The dot product of each query (row) with each key (column): how well they fit. Any real number.",
            "각 질의(행)와 각 키(열)의 내적이다. 얼마나 잘 맞는지를 나타내며 어떤 실수든 될 수 있다.",
        ),
    ),
    lesson(
        "strongest_key",
        15,
        "head",
        ("j* = argmax_j S_ij", r"j^* = \arg\max_j S_{ij}"),
        ("Strongest key", "가장 강한 키"),
        ("The token that the query token's query fits best.", "질의 토큰의 질의와 가장 잘 맞는 토큰의 번호이다."),
    ),
    lesson(
        "elementwise",
        15,
        "head d_k",
        ("q_i ∘ k_j*", r"q_i \circ k_{j^*}"),
        ("Query times its strongest key", "질의와 가장 강한 키의 원소별 곱"),
        (
            "Dimension by dimension; their sum is the score. It shows which dimensions make the match.",
            "차원마다 곱한 값이며 모두 더하면 점수가 된다. 어느 차원이 둘을 이어 주는지 보인다.",
        ),
    ),
    lesson(
        "scale",
        17,
        "",
        ("√d_k", r"\sqrt{d_k}"),
        ("Scale", "스케일"),
        (
            "The root of the width of a key. It has nothing to do with the number of tokens.",
            "키 벡터 폭의 제곱근이다. 토큰의 개수와는 관계가 없다.",
        ),
    ),
    lesson(
        "scaled",
        17,
        "head query key",
        ("Z = S / √d_k", r"Z = \frac{S}{\sqrt{d_k}}"),
        ("Scaled scores", "스케일된 점수"),
        (
            "Dot products grow with the width of the key; divided by its root they stay where softmax still has a "
            "gradient (section 3.2.1).",
            "내적은 키의 폭이 클수록 커진다. 그 제곱근으로 나누면 softmax의 기울기가 살아 있는 범위에 머문다(3.2.1절).",
        ),
    ),
    lesson(
        "scores_std",
        17,
        "head",
        ("std(S)", r"\mathrm{std}(S)"),
        ("Spread before scaling", "스케일 전의 표준편차"),
        ("Standard deviation of all scores of a head.", "한 헤드의 모든 점수의 표준편차이다."),
    ),
    lesson(
        "scaled_std",
        17,
        "head",
        ("std(Z)", r"\mathrm{std}(Z)"),
        ("Spread after scaling", "스케일 후의 표준편차"),
        (
            "The same after scaling. It is 1 when queries and keys are independent with variance 1; trained ones "
            "need not be.",
            "스케일한 뒤의 표준편차이다. 질의와 키가 서로 독립이고 분산이 1이면 1이 되지만 "
            "훈련된 모델에서는 그렇지 않을 수 있다.",
        ),
    ),
    lesson(
        "formula",
        18,
        "head d_v",
        ("softmax(q_i Kᵀ / √d_k) V", r"\mathrm{softmax}\!\left(\frac{q_i K^\top}{\sqrt{d_k}}\right) V"),
        ("The whole equation at once", "식 전체를 한 번에"),
        (
            "Equation 1 of the paper for the query token in one go. The next steps take it apart; it is row i of "
            "the filtered value.",
            "논문의 식 (1)을 질의 토큰에 대해 한 번에 계산한 것이다. "
            "다음 단계들이 이를 나누어 보이며 결과는 필터된 값의 i번째 행과 같다.",
        ),
    ),
    lesson(
        "attention",
        19,
        "head query key",
        ("A_ij = exp(Z_ij) / Σ_k exp(Z_ik)", r"A_{ij} = \frac{\exp Z_{ij}}{\sum_k \exp Z_{ik}}"),
        ("Attention", "어텐션"),
        (
            "softmax of each row: the weights of one query, between 0 and 1, which share out exactly 1.",
            "행마다 softmax를 적용한다. 한 질의의 가중치들은 0과 1 사이이고 합이 정확히 1이다.",
        ),
    ),
    lesson(
        "row_sums",
        19,
        "head query",
        ("Σ_j A_ij", r"\sum_j A_{ij}"),
        ("Row sums", "행의 합"),
        ("1 for each query, but for rounding.", "반올림 오차를 빼면 질의마다 1이다."),
    ),
    lesson(
        "row_entropy",
        19,
        "head query",
        ("−Σ_j A_ij ln A_ij", r"-\sum_j A_{ij} \ln A_{ij}"),
        ("Row entropy", "행의 엔트로피"),
        (
            "Nats: 0 when a query looks at one token alone, ln T when it looks at all T alike.",
            "단위는 나트이다. 한 토큰만 보면 0, T개를 똑같이 보면 ln T이다.",
        ),
    ),
    lesson(
        "weighted_values",
        20,
        "head key d_v",
        ("A_ij v_j", "A_{ij} v_j"),
        ("Weighted values of one query", "한 질의의 가중된 값"),
        (
            "For the query token: what each token contributes to it.",
            "질의 토큰에 각 토큰이 보태는 몫이다.",
        ),
    ),
    lesson(
        "filtered",
        20,
        "head token d_v",
        ("F = A V", "F = A V"),
        ("Filtered value", "필터된 값"),
        (
            "The weighted values added up, for every query: each token's new vector in this head.",
            "질의마다 가중된 값을 더한 것이다. 이 헤드에서 각 토큰이 얻는 새 벡터이다.",
        ),
    ),
    lesson(
        "joined",
        21,
        "token joined",
        ("C = [F_1 … F_H]", r"C = [F_1; \dots; F_H]"),
        ("Heads side by side", "헤드를 이어 붙임"),
        (
            "The filtered values of all heads, one beside the other. Always whole, even when one head is asked for.",
            "모든 헤드의 필터된 값을 나란히 붙인다. 헤드 하나만 요청해도 전체를 준다.",
        ),
    ),
    lesson(
        "W_O",
        21,
        "joined width",
        ("W_O", "W^O"),
        ("Output weights", "출력 가중치"),
        (
            "The matrix that mixes the heads and brings them back to the width of the model.",
            "헤드들을 섞어 모델의 폭으로 되돌리는 행렬이다.",
        ),
    ),
    lesson(
        "b_O",
        21,
        "width",
        ("b_O", "b^O"),
        ("Output bias", "출력 편향"),
        ("Added to each row of the product.", "행렬 곱의 각 행에 더하는 값이다."),
    ),
    lesson(
        "attention_output",
        21,
        "token width",
        ("O = C W_O + b_O", "O = C W^O + b^O"),
        ("Output of multi-head attention", "멀티 헤드 어텐션의 출력"),
        (
            "What attention adds to each token's vector.",
            "어텐션이 각 토큰 벡터에 더해 주는 것이다.",
        ),
    ),
]

BLOCK = [
    lesson(
        "residual",
        4,
        "token width",
        ("r = x + O", "r = x + O"),
        ("First residual", "첫째 잔차 연결"),
        (
            "The layer's input is added to what attention found, so that nothing is lost on the way.",
            "층의 입력에 어텐션의 결과를 더한다. 입력의 정보가 사라지지 않는다.",
        ),
    ),
    small_number(paper=True),
    *norm("norm1", "1", ("after attention", "어텐션 뒤")),
    normalised("normed", 4, "n", "r", "1"),
    lesson(
        "W_1",
        4,
        "width hidden",
        ("W_1", "W_1"),
        ("Feed-forward: weights that widen", "순방향 신경망: 넓히는 가중치"),
        (
            "From the width of the model to the wider hidden layer.",
            "모델의 폭에서 더 넓은 은닉층으로 가는 행렬이다.",
        ),
    ),
    lesson(
        "b_1",
        4,
        "hidden",
        ("b_1", "b_1"),
        ("Feed-forward: first bias", "순방향 신경망: 첫째 편향"),
        ("Added to each row of the product.", "행렬 곱의 각 행에 더하는 값이다."),
    ),
    lesson(
        "expanded",
        4,
        "token hidden",
        ("u = n W_1 + b_1", "u = n W_1 + b_1"),
        ("Feed-forward: widened", "순방향 신경망: 넓힘"),
        (
            "Each token by itself: no token sees another here.",
            "토큰마다 따로 계산한다. 여기서는 다른 토큰을 보지 않는다.",
        ),
    ),
    lesson(
        "activated",
        4,
        "token hidden",
        ("a = max(0, u)", r"a = \max(0, u)"),
        ("Feed-forward: ReLU", "순방향 신경망: ReLU"),
        (
            "Negative numbers become 0 (section 3.3).",
            "음수를 0으로 바꾼다(3.3절).",
        ),
        True,
    ),
    lesson(
        "activated",
        4,
        "token hidden",
        ("a = u Φ(u)", r"a = u\, \Phi(u)"),
        ("Feed-forward: GELU", "순방향 신경망: GELU"),
        (
            "Each number times the normal distribution up to it; BERT has this where the paper has a ReLU.",
            "각 수에 표준정규분포의 누적확률을 곱한다. 논문의 ReLU 자리에 BERT는 GELU를 쓴다.",
        ),
        False,
    ),
    lesson(
        "W_2",
        4,
        "hidden width",
        ("W_2", "W_2"),
        ("Feed-forward: weights that narrow", "순방향 신경망: 좁히는 가중치"),
        (
            "From the hidden layer back to the width of the model.",
            "은닉층에서 모델의 폭으로 돌아오는 행렬이다.",
        ),
    ),
    lesson(
        "b_2",
        4,
        "width",
        ("b_2", "b_2"),
        ("Feed-forward: second bias", "순방향 신경망: 둘째 편향"),
        ("Added to each row of the product.", "행렬 곱의 각 행에 더하는 값이다."),
    ),
    lesson(
        "contracted",
        4,
        "token width",
        ("v = a W_2 + b_2", "v = a W_2 + b_2"),
        ("Feed-forward: narrowed", "순방향 신경망: 좁힘"),
        (
            "What the feed-forward network adds to each token's vector.",
            "순방향 신경망이 각 토큰 벡터에 더해 주는 것이다.",
        ),
    ),
    lesson(
        "residual2",
        4,
        "token width",
        ("t = n + v", "t = n + v"),
        ("Second residual", "둘째 잔차 연결"),
        (
            "The input of the feed-forward network is added to its output.",
            "순방향 신경망의 출력에 그 입력을 더한다.",
        ),
    ),
    *norm("norm2", "2", ("after the feed-forward network", "순방향 신경망 뒤")),
    normalised("layer_output", 4, "y", "t", "2"),
]

LESSONS = EMBEDDING + SIMPLIFIED + PROJECTIONS + ATTENTION + BLOCK
