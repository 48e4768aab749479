// The words of the front page.

export const WORDS = {
  title: ["Triptych: three lessons in deep learning", "Triptych: 딥러닝 수업 세 편"],
  lead: [
    "Each lesson is a trained model that answers your own sentence, your own ratings, your own pictures, and shows every number behind its answer.",
    "세 수업은 모두 실제로 학습된 모델입니다. 여러분의 문장, 별점, 사진에 답하고, 그 답에 쓰인 모든 숫자를 보여 줍니다.",
  ],
  open: ["Open {name}", "{name} 열기"],
  code: ["Code", "코드"],
  all_docs: ["Every operation of every service", "모든 서비스의 모든 연산"],
  health: ["Health", "상태"],
  metrics: ["Metrics", "메트릭"],
  no_services: [
    "The gateway knows no service: set GATEWAY_SERVICES.",
    "게이트웨이에 등록된 서비스가 없습니다. GATEWAY_SERVICES를 설정하세요.",
  ],
  picture: ["What {name} shows", "{name} 서비스의 그림"],
};
