// Words of the walk: [English, Korean].

export const WALK = {
  walk_lead: [
    "Every step of one layer with the numbers of your sentence, in the order of the newsletter's figures. Choose a query, a key and a place in their vectors, or click a number in any table: it is followed through all steps.",
    "뉴스레터의 그림 순서대로, 한 레이어의 모든 단계를 입력한 문장의 수치로 보여 줍니다. 쿼리와 키, 벡터 안의 차원을 고르거나 표의 숫자를 누르면 그 수가 모든 단계에서 표시됩니다.",
  ],
  path: [
    "From “{query}” to “{key}”, dimension {dim}: one number from the embedding to the output. Choose one to go to its step.",
    "“{query}”에서 “{key}”로, 차원 {dim}: 임베딩에서 출력까지 따라가는 숫자입니다. 누르면 해당 단계로 이동합니다.",
  ],
  walk_bar: ["The number that is followed", "따라갈 숫자"],
  walk_query: ["Query", "쿼리"],
  walk_key: ["Key", "키"],
  walk_dim: ["Dimension", "차원"],
  walk_previous: ["Previous step", "이전 단계"],
  walk_next: ["Next step", "다음 단계"],
  walk_steps: ["Steps", "단계"],
  figure: ["Figure {figure}", "그림 {figure}"],
  no_figure: ["Without a figure", "그림 없음"],
  numbers_of: ["Numbers: {title}", "수치: {title}"],
  shape: ["{rows} × {columns}", "{rows} × {columns}"],
  first_rows: ["{shown} of {all} rows", "{all}행 중 {shown}행"],
  first_columns: ["{shown} of {all} columns", "{all}열 중 {shown}열"],
  recomputed: [
    "Recomputed from {inputs}: off by at most {difference}.",
    "{inputs} 값으로 다시 계산한 결과와의 최대 차이는 {difference}입니다.",
  ],
  fetch_numbers: ["Fetch these {count} numbers", "숫자 {count}개 불러오기"],
  correction: ["Correction of the newsletter", "뉴스레터 정정"],
  other_corrections: ["What no number here can show", "여기의 수치로 보일 수 없는 정정"],
  post: ["part {post}", "{post}편"],
  says: ["It says", "뉴스레터의 설명"],
  fact: ["It is", "정정"],
  source: ["Source", "출처"],
  measured: ["In your sentence", "입력한 문장에서"],
};
