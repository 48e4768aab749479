// Words of Compare: [English, Korean].

export const COMPARE = {
  compare_lead: [
    "A second sentence beside the one above: what each head does differently, and why the two are alike.",
    "위의 문장과 두 번째 문장을 나란히 놓고, 각 헤드가 무엇을 다르게 보는지와 두 문장이 왜 비슷한지를 보여 줍니다.",
  ],
  other: ["Second sentence", "두 번째 문장"],
  swap: ["Swap the sentences", "두 문장 바꾸기"],
  no_second: ["Type two sentences.", "두 문장을 모두 입력해 주십시오."],
  sentences_title: ["Both sentences", "두 문장"],
  side_a: ["First", "첫째"],
  side_b: ["Second", "둘째"],
  only_here: [
    "Outlined tokens stand in one sentence only; the others are aligned.",
    "테두리가 있는 토큰은 한 문장에만 있고, 나머지는 서로 대응합니다.",
  ],
  difference_title: ["What one head has different", "한 헤드의 차이"],
  difference_lead: [
    "Layer {layer}, head {head}: weight in the first minus weight in the second, between aligned tokens. The largest is {most}.",
    "레이어 {layer}, 헤드 {head}: 대응하는 토큰 사이에서 첫째 문장의 가중치에서 둘째 문장의 가중치를 뺀 값입니다. 가장 큰 차이는 {most}입니다.",
  ],
  difference_name: ["Difference of layer {layer}, head {head}.", "레이어 {layer}, 헤드 {head}의 차이."],
  difference_hint: ["Point at a cell to read it.", "칸을 가리키면 값을 볼 수 있습니다."],
  difference_pair: ["“{from}” → “{to}”: {value} in the first sentence", "“{from}” → “{to}”: 첫째 문장에서 {value}"],
  difference_finding: [
    "The largest difference: “{from}” looks at “{to}” by {value} in the first sentence.",
    "가장 큰 차이: “{from}”에서 “{to}”로의 가중치가 첫째 문장에서 {value}만큼 다릅니다.",
  ],
  no_difference: ["This head does the same in both.", "이 헤드는 두 문장에서 똑같습니다."],
  more_in_a: ["more in the first", "첫째에서 더 큼"],
  more_in_b: ["more in the second", "둘째에서 더 큼"],
  changed_title: ["The heads that changed most", "가장 많이 달라진 헤드"],
  changed_item: ["Layer {layer}, head {head}: {change}", "레이어 {layer}, 헤드 {head}: {change}"],
  long: [
    "The sentences are long: only the heads of layer {layer} are compared. Choose another layer in Look.",
    "문장이 길어 레이어 {layer}의 헤드만 비교합니다. 다른 레이어는 ‘한눈에 보기’에서 고를 수 있습니다.",
  ],
  pair_title: ["Why they are alike", "두 문장이 비슷한 이유"],
  pair_lead: [
    "The cosine of the two sentence vectors is the sum of these cells. Rows: first sentence, columns: second.",
    "두 문장 벡터의 코사인은 이 칸들의 합입니다. 행은 첫째 문장, 열은 둘째 문장입니다.",
  ],
  pair_hint: ["Point at a cell: what its two tokens add.", "칸을 가리키면 두 토큰이 더하는 값을 볼 수 있습니다."],
  pair_adds: ["“{a}” and “{b}” add {value}", "“{a}”와 “{b}”가 더하는 값: {value}"],
  pair_strongest: ["The words that add most", "가장 많이 더하는 단어"],
  adds: ["adds", "더하는 값"],
  cosine: ["Cosine {cosine}.", "코사인 {cosine}."],
  cosine_parts: [
    "Words with words add {words}; the rest comes from pairs with a mark of the model. The sum of the cells is off by {error}.",
    "단어끼리 더하는 값은 {words}이며 나머지는 모델의 특수 토큰이 들어간 쌍에서 옵니다. 칸들의 합의 오차는 {error}입니다.",
  ],
};
