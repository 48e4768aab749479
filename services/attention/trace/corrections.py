"""Where the newsletter errs, what is right, where to look it up, and what this very pass shows of it.

The papers cited: Vaswani et al. 2017, "Attention Is All You Need" (arXiv 1706.03762); Devlin et al. 2018, "BERT" (arXiv
1810.04805); Brown et al. 2020, "Language Models are Few-Shot Learners" (arXiv 2005.14165).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from services.attention.features import Tokens
from services.attention.model import Config
from services.attention.schemas.trace import Bilingual, Correction, Measured
from services.attention.trace import evidence
from services.attention.trace.evidence import Evidence, Pass
from services.attention.trace.recompute import Array


@dataclass(frozen=True)
class Mistake:
    """What the newsletter says and what is right, each in English and in Korean."""

    id: str
    post: Literal[1, 2]
    figure: int | None
    says: tuple[str, str]
    fact: tuple[str, str]
    source: str
    steps: tuple[str, ...]  # of the trace, where it can be seen
    measure: Callable[[Pass], Evidence]


MISTAKES = [
    Mistake(
        "scale-is-key-width",
        2,
        17,
        (
            "The scores are divided by the root of the size of the attention filter, which is 7 × 7.",
            "점수를 어텐션 필터의 크기(7 × 7)의 제곱근으로 나눈다.",
        ),
        (
            "They are divided by √d_k, the root of the width of a key: √3 in the newsletter's own 7 × 3 example, "
            "√64 in the paper. The number of tokens plays no part.",
            "키의 폭 d_k의 제곱근으로 나눈다. 뉴스레터의 7 × 3 예에서는 √3이고 논문에서는 √64이다. "
            "토큰의 개수는 관계가 없다.",
        ),
        "Vaswani et al. 2017, section 3.2.1, equation 1",
        ("scale", "scaled", "scores_std", "scaled_std"),
        evidence.of_scale,
    ),
    Mistake(
        "waves-alternate-by-dimension",
        1,
        8,
        (
            "Odd positions take a sine, even positions a cosine.",
            "위치가 홀수이면 사인, 짝수이면 코사인 값을 쓴다.",
        ),
        (
            "Sine and cosine alternate by dimension, not by position: dimension 2k holds sin(pos / 10000^(2k/d)), "
            "dimension 2k + 1 the cosine of the same angle. Every position has both.",
            "사인과 코사인은 위치가 아니라 차원에 따라 번갈아 나온다. 2k 차원은 sin(pos / 10000^(2k/d)), "
            "2k + 1 차원은 같은 각도의 코사인이다. 모든 위치가 둘 다 가진다.",
        ),
        "Vaswani et al. 2017, section 3.5",
        ("position_frequencies", "position_encoding"),
        evidence.of_alternation,
    ),
    Mistake(
        "positions-do-not-repeat-at-six",
        1,
        8,
        (
            "On the wave of i = 4, position 6 has the same value as position 0; the wave of i = 0 tells them apart.",
            "i = 4인 파동에서는 위치 0과 6의 값이 같고 i = 0인 파동이 둘을 구별해 준다.",
        ),
        (
            "That several waves together tell positions apart is right, these values are not. With the paper's "
            "frequencies and d = 512, the sine of i = 4 at position 6 is −0.885, that of i = 0 is sin 6 = −0.279; at "
            "position 0 both are 0.",
            "여러 파동이 함께 위치를 구별한다는 설명은 맞지만 이 값들은 맞지 않다. 논문의 주파수로 d = 512일 때 "
            "위치 6에서 i = 4의 사인은 −0.885, i = 0의 사인은 sin 6 = −0.279이고 위치 0에서는 둘 다 0이다.",
        ),
        "Vaswani et al. 2017, section 3.5; sin(6 / 10000^(8/512)) and sin(6)",
        ("position_frequencies", "position_encoding"),
        evidence.of_repetition,
    ),
    Mistake(
        "learned-positions-and-the-factor",
        1,
        9,
        (
            "Sines and cosines are the way positions are given, and they are added to the embedding as it is.",
            "위치는 사인과 코사인으로 주며 임베딩에 그대로 더한다.",
        ),
        (
            "The paper first multiplies the embedding by √d_model. BERT, MiniLM and multilingual E5 do not, and read "
            "positions from a trained table; the paper found both kinds of positions about equally good.",
            "논문은 먼저 임베딩에 √d_model을 곱한다. BERT, MiniLM, 다국어 E5는 곱하지 않으며 학습된 표에서 "
            "위치를 꺼낸다. 논문은 두 방식의 성능이 거의 같다고 보고했다.",
        ),
        "Vaswani et al. 2017, sections 3.4 and 3.5, table 3 row E; Devlin et al. 2018, figure 2",
        ("token_scaled", "position_encoding", "embedding_sum"),
        evidence.of_embedding,
    ),
    Mistake(
        "no-transpose",
        2,
        10,
        (
            "The embedding is transposed before it enters the linear layer.",
            "임베딩을 전치하여 선형 층에 입력한다.",
        ),
        (
            "Nothing is transposed: x (tokens × d) times W (d × d_k) fits as it stands. In the attention itself only K "
            "is transposed.",
            "전치는 필요하지 않다. x(토큰 × d)와 W(d × d_k)는 그대로 곱해진다. 어텐션에서 전치하는 것은 K뿐이다.",
        ),
        "Vaswani et al. 2017, section 3.2.2",
        ("x", "W_Q", "product_parts", "product", "Q"),
        evidence.of_transpose,
    ),
    Mistake(
        "one-affine-layer",
        2,
        10,
        (
            "The linear part is several fully connected layers; going from 5 to 3 dimensions saves computation.",
            "선형 부분은 다수의 완전연결층이며 5차원을 3차원으로 줄여 연산 비용을 아낀다.",
        ),
        (
            "Query, key and value are each one affine layer (without an activation, as the newsletter says). A head is "
            "narrower because the heads share the width, h d_k = d_model in the paper: all together cost about as much "
            "as a single head of full width.",
            "질의, 키, 값은 각각 선형 층 하나이다(활성화 함수가 없다는 설명은 맞다). 헤드의 폭이 좁은 것은 "
            "헤드들이 폭을 나누어 갖기 때문이다. 논문에서는 h d_k = d_model이고 "
            "전체 비용은 폭이 온전한 헤드 하나와 비슷하다.",
        ),
        "Vaswani et al. 2017, section 3.2.2",
        ("W_Q", "b_Q", "W_K", "b_K", "W_V", "b_V", "Q"),
        evidence.of_heads,
    ),
    Mistake(
        "not-cosine",
        2,
        12,
        (
            "The scaled product of query and key is a cosine similarity; the scale takes the place of its denominator.",
            "질의와 키의 스케일된 곱은 코사인 유사도이며 스케일이 그 분모를 대신한다.",
        ),
        (
            "It is a scaled dot product. A cosine divides by the lengths of the two vectors, another number for each "
            "pair; √d_k is the same for all. The score is not bound to −1 to 1, and the order of the keys can differ.",
            "스케일된 내적이다. 코사인은 쌍마다 다른 두 벡터의 길이로 나누지만 √d_k는 모든 쌍에 같다. "
            "점수는 −1과 1 사이에 갇히지 않으며 키의 순서도 달라질 수 있다.",
        ),
        "Vaswani et al. 2017, section 3.2.1",
        ("qk_cosine", "scores", "scaled"),
        evidence.of_cosine,
    ),
    Mistake(
        "diagonal-and-symmetry",
        2,
        16,
        (
            "A word's highest score is of course with itself, and play with game scores as game with play.",
            "가장 높은 점수는 당연히 자기 자신과의 점수이며 play와 game, game과 play의 점수는 같다.",
        ),
        (
            "Neither holds in general. Query and key have different weights (W_Q ≠ W_K), so S is not symmetric and its "
            "diagonal need not win. In a trained BERT most rows look most at [CLS] or [SEP].",
            "둘 다 일반적으로 성립하지 않는다. 질의와 키의 가중치가 다르므로(W_Q ≠ W_K) S는 대칭이 아니고 "
            "대각선이 가장 클 이유도 없다. 훈련된 BERT에서는 대부분의 행이 [CLS]나 [SEP]를 가장 많이 본다.",
        ),
        'Vaswani et al. 2017, section 3.2.2; Clark et al. 2019, "What Does BERT Look At?", section 3.2',
        ("scores", "attention"),
        evidence.of_diagonal,
    ),
    Mistake(
        "filter-is-not-trained",
        2,
        16,
        (
            "The attention filter is filled with random numbers at first, and training adjusts it.",
            "어텐션 필터는 처음에 임의의 수로 채워지고 훈련을 통해 맞추어진다.",
        ),
        (
            "The weights W_Q and W_K start at random and are trained. The filter is not stored anywhere: it is "
            "computed anew for each text, and is as large as the text is long.",
            "임의의 수로 시작해 훈련되는 것은 가중치 W_Q와 W_K이다. 필터는 저장되지 않으며 문장마다 새로 계산되고 "
            "그 크기는 문장의 길이를 따른다.",
        ),
        "Vaswani et al. 2017, section 3.2.1, equation 1",
        ("W_Q", "W_K", "scores", "attention"),
        evidence.of_filter,
    ),
    Mistake(
        "softmax-by-row",
        2,
        19,
        (
            "softmax turns the numbers of the filter into numbers between 0 and 1.",
            "softmax가 필터의 값들을 0과 1 사이의 값으로 바꾼다.",
        ),
        (
            "It does so row by row: the weights of each query sum to 1, so that more for one key is less for the "
            "others. The columns are free.",
            "행마다 그렇게 한다. 각 질의의 가중치를 더하면 1이 되므로 한 키의 몫이 커지면 다른 키의 몫이 줄어든다. "
            "열의 합은 정해져 있지 않다.",
        ),
        "Vaswani et al. 2017, section 3.2.1, equation 1",
        ("attention", "row_sums"),
        evidence.of_softmax,
    ),
    Mistake(
        "value-is-projected",
        2,
        20,
        (
            "The filter is multiplied with the original value, just as it was at first.",
            "필터를 처음 그대로의 원래 값(Original Value)과 곱한다.",
        ),
        (
            "V = x W_V + b_V is already projected, in each head by other weights and to the width of the head. The "
            "token's own vector comes back only through the residual connection.",
            "V = x W_V + b_V는 이미 투영된 값이며 헤드마다 가중치가 다르고 폭도 헤드의 폭이다. "
            "토큰 벡터 자체는 잔차 연결을 통해서만 더해진다.",
        ),
        "Vaswani et al. 2017, sections 3.1 and 3.2.2",
        ("W_V", "V", "filtered", "residual"),
        evidence.of_value,
    ),
    Mistake(
        "figure-three-is-simplified",
        1,
        3,
        (
            "Self-attention weights the token vectors and adds them up.",
            "셀프 어텐션은 토큰 벡터에 가중치를 곱해 더한다.",
        ),
        (
            "That is the idea, simplified: the model projects to query, key and value, scales, and does it in several "
            "heads. The trace shows both; the steps named simple are the figure's.",
            "개념을 단순화한 것이다. 실제 모델은 질의, 키, 값으로 투영하고 스케일하며 여러 헤드에서 계산한다. "
            "추적은 둘 다 보이며 이름이 simple로 시작하는 단계가 이 그림의 것이다.",
        ),
        "Vaswani et al. 2017, section 3.2",
        ("simple_weights", "simple_weighted", "simple_sum", "attention", "filtered"),
        evidence.of_simplified,
    ),
    Mistake(
        "seven-tokens-seven-vectors",
        1,
        8,
        (
            "The seven embeddings of the sentence are called e0 to e7.",
            "문장의 임베딩 7개를 e0부터 e7까지로 부른다.",
        ),
        (
            "e0 to e7 are eight; seven tokens have e0 to e6. A BERT has more tokens than the sentence has words: it "
            "adds [CLS] and [SEP], and cuts rare words into pieces.",
            "e0부터 e7까지는 8개이다. 토큰이 7개이면 e0부터 e6까지이다. BERT의 토큰은 문장의 단어보다 많다. "
            "[CLS]와 [SEP]를 덧붙이고 드문 단어는 조각으로 나누기 때문이다.",
        ),
        "Devlin et al. 2018, section 3, Input/Output Representations",
        ("token_ids", "token_embedding"),
        evidence.of_counting,
    ),
    Mistake(
        "bert-is-of-2018",
        1,
        None,
        (
            "Google published BERT in 2020.",
            "BERT는 구글이 2020년에 공개했다.",
        ),
        (
            "In October 2018 (arXiv 1810.04805).",
            "2018년 10월에 공개되었다(arXiv 1810.04805).",
        ),
        "Devlin et al. 2018",
        (),
        evidence.nothing,
    ),
    Mistake(
        "gpt-has-no-encoder",
        1,
        4,
        (
            "With GPT-3 a question goes into the encoder, and the decoder writes the answer.",
            "GPT-3에서는 질문을 인코더에 넣고 디코더가 응답을 만든다.",
        ),
        (
            "GPT-3 is a decoder alone: question and answer are one sequence, and each token looks only at itself and "
            "at those before it. Encoder and decoder together are the translator of the paper, or T5.",
            "GPT-3는 디코더만으로 이루어진다. 질문과 응답이 한 열로 이어지고 각 토큰은 자신과 앞의 토큰만 본다. "
            "인코더와 디코더를 함께 쓰는 것은 논문의 번역 모델이나 T5이다.",
        ),
        "Brown et al. 2020, section 2.1; Vaswani et al. 2017, section 3.1",
        (),
        evidence.nothing,
    ),
    Mistake(
        "the-rest-of-the-block",
        1,
        4,
        (
            "Of the encoder block only embedding, positions and multi-head attention are explained.",
            "인코더 블록 가운데 임베딩, 위치, 멀티 헤드 어텐션만 설명한다.",
        ),
        (
            "After attention come a residual connection, layer normalisation, a feed-forward network, and both once "
            "more; and masks, which hide padding and in a decoder the tokens to come.",
            "어텐션 뒤에 잔차 연결, 층 정규화, 순방향 신경망이 오고 다시 잔차 연결과 층 정규화가 온다. "
            "그리고 패딩을 가리고 디코더에서는 뒤의 토큰을 가리는 마스크가 있다.",
        ),
        "Vaswani et al. 2017, sections 3.1, 3.2.3 and 3.3",
        ("residual", "normed", "expanded", "activated", "contracted", "residual2", "layer_output"),
        evidence.of_block,
    ),
    Mistake(
        "scores-are-not-percentages",
        2,
        16,
        (
            "The filter's scores are shown as whole numbers such as 98 and 90.",
            "필터의 점수를 98, 90 같은 정수로 보인다.",
        ),
        (
            "Those are for illustration. Scores are real numbers of either sign, without a fixed top; before softmax "
            "only the differences within a row matter.",
            "설명을 위한 값이다. 점수는 음수도 될 수 있는 실수이고 정해진 최댓값이 없다. "
            "softmax 앞에서는 한 행 안의 차이만이 의미를 가진다.",
        ),
        "Vaswani et al. 2017, section 3.2.1, equation 1",
        ("scores", "scaled"),
        evidence.of_scores,
    ),
]


def corrections(arrays: Mapping[str, Array], tokens: Tokens, config: Config, query: int) -> list[Correction]:
    """All of them, for the `arrays` of one trace; steps in which it cannot be seen are not named."""
    one = Pass(arrays, tokens, config, query)
    return [as_seen(mistake, list(mistake.measure(one)), arrays) for mistake in MISTAKES]


def as_seen(mistake: Mistake, measured: list[Measured], arrays: Mapping[str, Array]) -> Correction:
    return Correction(
        id=mistake.id,
        post=mistake.post,
        figure=mistake.figure,
        says=Bilingual(en=mistake.says[0], ko=mistake.says[1]),
        fact=Bilingual(en=mistake.fact[0], ko=mistake.fact[1]),
        source=mistake.source,
        steps=[step for step in mistake.steps if measured and step in arrays],
        measured=measured,
    )
