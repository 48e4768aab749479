// Words of Measure: [English, Korean].

export const MEASURE = {
  measure_lead: [
    "Attention is not by itself an explanation. Six measures of what counts, each with a check of its own arithmetic, and each beside random orders.",
    "어텐션 자체가 설명은 아닙니다. 무엇이 중요한지 재는 여섯 가지 지표를 각각의 계산 검증, 무작위 순서와의 비교와 함께 보여 줍니다.",
  ],
  measure_wait: [
    "Texts of up to 64 tokens. Each token and head is taken away and put back many times, which takes a second or more.",
    "64토큰까지 잴 수 있습니다. 토큰과 헤드를 하나씩 여러 번 지우고 되돌리므로 몇 초가 걸릴 수 있습니다.",
  ],
  measuring: ["Measuring: a second or more …", "측정하는 중입니다. 몇 초가 걸릴 수 있습니다 …"],
  target: [
    "Explain the likeness with this sentence (left empty: the sentence's own vector)",
    "이 문장과의 유사도를 설명(비워 두면 문장 자신의 벡터)",
  ],
  measure_raw: ["Raw attention", "원래의 어텐션"],
  measure_rollout: ["Rollout", "어텐션 롤아웃"],
  measure_norm: ["Norm of what is sent", "전달된 벡터의 크기"],
  measure_gradient_x_attention: ["Gradient × attention", "기울기 × 어텐션"],
  measure_integrated_gradients: ["Integrated gradients", "적분 기울기"],
  measure_ablation: ["Ablation of heads", "헤드 제거"],
  meaning_raw: [
    "How much attention a token receives, mean over layers, heads and queries.",
    "토큰이 받는 어텐션을 레이어, 헤드, 쿼리에 대해 평균한 값입니다.",
  ],
  meaning_rollout: [
    "How much of the output comes from a token's input, when attention and residual paths, half each, are multiplied through all layers.",
    "어텐션과 잔차 경로를 절반씩 합쳐 모든 레이어에 걸쳐 곱했을 때, 출력 가운데 그 토큰의 입력에서 온 몫입니다.",
  ],
  meaning_norm: [
    "How long the vector is that a token really sends: much attention to a short vector is little.",
    "토큰이 실제로 전달하는 벡터의 크기입니다. 짧은 벡터에 주는 큰 어텐션은 영향이 작습니다.",
  ],
  meaning_gradient_x_attention: [
    "How much the score would change with each weight of attention, times that weight.",
    "각 어텐션 가중치에 대한 점수의 기울기에 그 가중치를 곱한 값입니다.",
  ],
  meaning_integrated_gradients: [
    "What each token adds to the score on the way from the baseline to the text.",
    "기준 입력에서 실제 문장으로 가는 경로에서 각 토큰이 점수에 더하는 값입니다.",
  ],
  meaning_ablation: [
    "How far the score falls when a head is taken away.",
    "헤드 하나를 제거했을 때 점수가 떨어지는 정도입니다.",
  ],
  importance_of: ["Importance: {title}", "중요도: {title}"],
  of_heads: ["Layers down, heads across", "세로는 레이어, 가로는 헤드"],
  faithful: ["Better than chance here: {names}.", "이 문장에서 무작위보다 나은 지표: {names}."],
  faithful_none: ["No measure is better than chance here.", "이 문장에서 무작위보다 나은 지표는 없습니다."],
  score: [
    "The score that is explained is {score}; with every token deleted it is {baseline}.",
    "설명할 점수는 {score}이며, 모든 토큰을 지웠을 때는 {baseline}입니다.",
  ],
  check_good: ["Checked.", "검증 통과."],
  check_bad: ["Off its goal.", "목표를 벗어남."],
  check: ["{value}, at most {goal} allowed:", "{value}(허용 {goal} 이하):"],
  deletion: ["deletion", "삭제"],
  insertion: ["insertion", "삽입"],
  random: ["random orders, ± 2 standard deviations", "무작위 순서, ± 2 표준편차"],
  areas: [
    "Area under deletion {deletion} (lower is better), under insertion {insertion} (higher is better); random {mean} ± {spread}.",
    "삭제 곡선 아래 넓이 {deletion}(작을수록 좋음), 삽입 곡선 아래 넓이 {insertion}(클수록 좋음), 무작위 {mean} ± {spread}.",
  ],
  is_faithful: [
    "Better than random orders, by more than 2 standard deviations.",
    "무작위 순서보다 2 표준편차 넘게 낫습니다.",
  ],
  not_faithful: [
    "Not better than random orders: do not read it as an explanation here.",
    "무작위 순서보다 낫지 않으므로 이 문장의 설명으로 읽지 마십시오.",
  ],
  no_curve: [
    "The score does not fall as everything is deleted: no curve.",
    "모두 지워도 점수가 떨어지지 않아 곡선이 없습니다.",
  ],
};
