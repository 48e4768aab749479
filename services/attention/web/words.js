// The words of this page: [English, Korean].

import { COMPARE } from "./words_compare.js";
import { LOOK } from "./words_look.js";
import { MEASURE } from "./words_measure.js";
import { WALK } from "./words_walk.js";

export const WORDS = {
  title: ["Attention", "어텐션"],
  lead: [
    "Type a sentence and see who looks at whom inside a transformer: every layer, every head, every number.",
    "문장을 입력하면 트랜스포머 안에서 어떤 토큰이 어떤 토큰을 보는지, 모든 레이어와 헤드의 수치를 볼 수 있습니다.",
  ],
  text: ["Sentence", "문장"],
  examples: ["Examples", "예문"],
  example_game: ["The game of thrones", "왕좌의 게임"],
  example_train: ["The train and its station", "기차와 역"],
  example_banks: ["The two banks", "두 가지 bank"],
  example_korean: ["A Korean sentence", "한국어 문장"],
  korean: ["{model} was not trained on Korean.", "{model} 모델은 한국어를 학습하지 않았습니다."],
  read_with: ["Read it with {model}", "{model} 모델로 읽기"],
  no_text: ["Type a sentence above.", "위에 문장을 입력해 주십시오."],
  views: ["Views", "보기"],
  tab_look: ["Look", "한눈에 보기"],
  tab_walk: ["Walk through", "따라가기"],
  tab_compare: ["Compare", "비교"],
  tab_measure: ["Measure", "측정"],
  model: ["Model", "모델"],
  model_minilm: ["English", "영어"],
  model_e5: ["Korean and 92 others", "한국어 외 92개 언어"],
  model_toy: ["to be redone by hand", "손으로 계산할 수 있는 모델"],
  layer: ["Layer", "레이어"],
  head: ["Head", "헤드"],
  words: ["Whole words", "단어(어절) 단위"],
  marks: ["Show the model's marks ([CLS], [SEP])", "모델의 특수 토큰([CLS], [SEP]) 표시"],
  zoom_in: ["Larger", "확대"],
  zoom_out: ["Smaller", "축소"],
  arrows: [
    "Arrow keys move, Enter holds, Escape lets go.",
    "화살표 키로 이동하고 Enter 키로 고정하며 Escape 키로 해제합니다.",
  ],
  ...LOOK,
  ...WALK,
  ...COMPARE,
  ...MEASURE,
};
