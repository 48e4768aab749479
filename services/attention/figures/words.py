"""The words that stand in figures, in English and Korean."""

from typing import Literal

Language = Literal["en", "ko"]

# The page of figures/page.js takes the words that it needs by the same names.
WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "query": "query",
        "key": "key",
        "layer": "layer",
        "head": "head",
        "weight": "weight",
        "query_axis": "query: the token that looks",
        "key_axis": "key: the token looked at",
        "row_sums": "weight; each row sums to 1",
        "boundary": "Orange lines mark where the second text begins.",
        "thinned": "One token in {step} is named.",
        "one_head": "{title}, layer {layer}, head {head}",
        "own_attention": "your attention",
        "lines": "Opacity and width grow with the weight; a full line is {largest:.3f}.",
        "faint": "{dropped} of {count} lines are left out: each weighs at most {least:.4f}.",
        "strongest": "Of each token that looks, only its {kept} strongest lines are drawn, fewer when the next is as "
        "strong.",
        "grid": "Queries down, keys across ({queries} x {keys} tokens). "
        "The lightest is 0, the darkest is the largest weight of that head, written below it.",
        "pooled": "A point is the largest of up to {rows} x {columns} weights.",
        "matrix_view": "matrix",
        "lines_view": "lines",
        "smaller": "smaller",
        "larger": "larger",
        "matrix_sides": "Rows: query, the token that looks. Columns: key, the token looked at.",
        "lines_sides": "Left: query, the token that looks. Right: key, the token looked at.",
        "looks_at": "looks at",
        "looked_at_by": "is looked at by",
        "help_matrix": "Hover over a cell, or focus the matrix and press the arrow keys.",
        "help_lines": "Hover over a token to see only its lines, and all of them; click to keep them, Escape to let "
        "go. Arrow keys move between tokens. Weights below 1/510 of the largest have no line.",
        "help_grid": "Choose a head to see it large; arrow keys move between heads. "
        "The colour of the page is 0, the strongest is the largest weight of that head.",
        "precision": "Weights in this page are rounded to 1/255 of the largest of their head: "
        "they differ from the model's by at most {error:.4f}.",
        "all_heads": "all heads",
        "largest": "largest weight",
        "no_script": "This figure is drawn by the script in this page; allow it, or ask for the figure as SVG or PNG.",
        "old_browser": "This browser cannot unpack the weights (DecompressionStream); ask for SVG or PNG.",
    },
    "ko": {
        "query": "쿼리",
        "key": "키",
        "layer": "레이어",
        "head": "헤드",
        "weight": "가중치",
        "query_axis": "쿼리: 바라보는 토큰",
        "key_axis": "키: 바라보이는 토큰",
        "row_sums": "가중치 (각 행의 합은 1)",
        "boundary": "주황색 선은 두 번째 글이 시작하는 곳입니다.",
        "thinned": "토큰 {step}개마다 하나만 이름을 적었습니다.",
        "one_head": "{title}, 레이어 {layer}, 헤드 {head}",
        "own_attention": "보내 주신 어텐션",
        "lines": "가중치가 클수록 선이 진하고 굵으며, 가장 진한 선은 {largest:.3f}입니다.",
        "faint": "선 {count}개 중 {dropped}개는 가중치가 {least:.4f} 이하여서 그리지 않았습니다.",
        "strongest": "바라보는 토큰마다 가장 강한 선 {kept}개까지만 그렸으며, 그다음 가중치가 같으면 더 적습니다.",
        "grid": "세로는 쿼리, 가로는 키입니다 (토큰 {queries} x {keys}개). "
        "가장 옅은 색은 0, 가장 진한 색은 그 헤드의 가장 큰 가중치이며 아래에 적었습니다.",
        "pooled": "한 점은 최대 {rows} x {columns}개 가중치 중 가장 큰 값입니다.",
        "matrix_view": "행렬",
        "lines_view": "선",
        "smaller": "작게",
        "larger": "크게",
        "matrix_sides": "행: 쿼리, 바라보는 토큰. 열: 키, 바라보이는 토큰.",
        "lines_sides": "왼쪽: 쿼리, 바라보는 토큰. 오른쪽: 키, 바라보이는 토큰.",
        "looks_at": "이(가) 바라보는 토큰",
        "looked_at_by": "을(를) 바라보는 토큰",
        "help_matrix": "칸 위에 마우스를 올리거나, 행렬을 선택하고 화살표 키를 누르세요.",
        "help_lines": "토큰 위에 마우스를 올리면 그 토큰의 선만 모두 보입니다. 클릭하면 고정되고 Esc를 누르면 "
        "풀립니다. 화살표 키로 토큰을 옮겨 다닙니다. 가장 큰 가중치의 1/510보다 작으면 선이 없습니다.",
        "help_grid": "헤드를 고르면 크게 보입니다. 화살표 키로 헤드를 옮겨 다닙니다. "
        "페이지 바탕색은 0, 가장 진한 색은 그 헤드의 가장 큰 가중치입니다.",
        "precision": "이 페이지의 가중치는 그 헤드의 가장 큰 가중치의 1/255 단위로 반올림되어, "
        "모델의 값과 최대 {error:.4f} 다릅니다.",
        "all_heads": "모든 헤드",
        "largest": "가장 큰 가중치",
        "no_script": "이 그림은 페이지 안의 스크립트가 그립니다. 스크립트를 허용하거나 SVG 또는 PNG로 요청하세요.",
        "old_browser": "이 브라우저는 가중치를 풀 수 없습니다 (DecompressionStream). SVG 또는 PNG로 요청하세요.",
    },
}
