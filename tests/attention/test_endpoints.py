"""What the endpoints beside maps and figure answer over HTTP, with the real models, and what they refuse."""

import io
import json
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

TRAIN = "the train left the station on time"
THRONES = "when you play the game of thrones"
BUS = "the bus departed from the terminal punctually"
LONG = "word " * 511


def ask(client: TestClient, path: str, **asked: Any) -> dict[str, Any]:
    answer = client.post(f"/attention/{path}", json=asked)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def refusal(answer: Any, status: int = 422) -> str:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    detail: str = answer.json()["detail"]
    return detail


# ---- trace


def steps(trace: dict[str, Any]) -> dict[str, np.ndarray]:
    return {step["name"]: np.array(step["values"]) for step in trace["steps"] if step["values"] is not None}


def test_the_newsletters_figures_can_be_redone_by_hand_with_the_toy(client: TestClient) -> None:
    trace = ask(client, "trace", text=THRONES, model="toy", layer=0, head=0)
    found = steps(trace)
    assert found["x"].shape == (7, 5)
    assert found["W_Q"].shape == (5, 3)
    query, key = found["x"] @ found["W_Q"] + found["b_Q"], found["x"] @ found["W_K"] + found["b_K"]
    scaled = query @ key.T / 3**0.5
    weights = np.exp(scaled) / np.exp(scaled).sum(1, keepdims=True)
    assert np.abs(weights - found["attention"]).max() < 1e-6
    assert float(found["scale"]) == pytest.approx(3**0.5)
    assert trace["recompute"] <= 1e-5
    assert any(correction["figure"] == 17 for correction in trace["corrections"])


@pytest.mark.parametrize(("model", "layer"), [("minilm", 5), ("e5", 11), ("toy", 1)])
def test_a_trace_says_what_the_maps_say(client: TestClient, model: str, layer: int) -> None:
    maps = client.post(
        "/attention/maps",
        json={"text": TRAIN, "model": model, "layers": [layer]},
        headers={"Accept": "application/x-npy"},
    )
    traced = ask(client, "trace", text=TRAIN, model=model, layer=layer, fields=["attention"])
    assert np.abs(np.load(io.BytesIO(maps.content))[0] - steps(traced)["attention"]).max() <= 1e-5
    assert traced["recompute"] <= 1e-5


def test_a_trace_as_npz_carries_the_same_numbers_and_its_words(client: TestClient) -> None:
    asked = {"text": TRAIN, "layer": 2, "head": 3, "fields": ["Q", "scores", "W_Q"]}
    answer = client.post("/attention/trace", json=asked, headers={"Accept": "application/x-npz"})
    whole = np.load(io.BytesIO(answer.content))
    plain = steps(ask(client, "trace", **asked))
    assert all(np.array_equal(whole[name], values.astype(whole[name].dtype)) for name, values in plain.items())
    assert json.loads(whole["trace.json"])["layer"] == 2


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"layer": 6}, "no layer 6"),
        ({"head": 12}, "no head 12"),
        ({"query": "orange"}, "no word 'orange' in the text; its words are: [CLS], the, train"),
        ({"query": 9}, "no token 9: the text has 9 tokens, 0 to 8"),
        ({"query": " "}, "query"),
        ({"fields": ["soul"]}, "no step 'soul': the steps of minilm are"),
        ({"text": LONG}, "513 tokens"),
        ({"model": "gpt"}, "no model 'gpt'"),
    ],
)
def test_a_trace_that_cannot_be_made_says_why(client: TestClient, asked: Any, said: str) -> None:
    assert said in refusal(client.post("/attention/trace", json={"text": TRAIN} | asked))


# ---- measures


def test_six_measures_each_within_its_own_check(client: TestClient) -> None:
    found = ask(client, "measures", text=TRAIN, target=BUS)
    names = [measure["name"] for measure in found["measures"]]
    assert names == ["raw", "rollout", "norm", "gradient_x_attention", "integrated_gradients", "ablation"]
    for measure in found["measures"]:
        assert measure["check"]["value"] <= measure["check"]["goal"], measure["name"]
        assert measure["faithfulness"]["random"]["std"] > 0
    assert np.shape(found["measures"][-1]["importance"]) == (6, 12)


def test_too_long_a_text_for_measures_is_refused_with_the_limit_of_the_model(client: TestClient) -> None:
    long = "word " * 63
    assert "at most 64 with minilm" in refusal(client.post("/attention/measures", json={"text": long}))
    assert "at most 32 with e5" in refusal(client.post("/attention/measures", json={"text": long, "model": "e5"}))


# ---- pair and compare


@pytest.mark.parametrize("model", ["minilm", "e5", "toy"])
def test_the_cosine_of_a_pair_is_the_sum_of_its_matrix(client: TestClient, model: str) -> None:
    found = ask(client, "pair", a=TRAIN, b=BUS, model=model)
    assert abs(np.sum(found["matrix"]) - found["cosine"]) <= 1e-6
    assert np.shape(found["matrix"]) == (len(found["a"]["tokens"]), len(found["b"]["tokens"]))


def test_a_pair_in_e5_is_read_with_its_prefix(client: TestClient) -> None:
    found = ask(client, "pair", a="기차가 역을 떠났다", b="열차가 출발했다", model="e5")
    assert found["a"]["text"] == "query: 기차가 역을 떠났다"
    assert found["cosine"] > 0.8


@pytest.mark.parametrize("asked", [{"a": TRAIN, "b": " "}, {"a": "", "b": TRAIN}])
def test_a_pair_with_an_empty_half_is_refused(client: TestClient, asked: Any) -> None:
    assert "empty or blank" in refusal(client.post("/attention/pair", json=asked))


def test_one_changed_word_leaves_the_others_aligned(client: TestClient) -> None:
    found = ask(client, "compare", a=TRAIN, b="the bus left the station on time", layers=[0], heads=[4])
    assert (found["a"]["only_here"], found["b"]["only_here"]) == ([2], [2])
    assert found["alignment"] == [[place, place] for place in (0, 1, 3, 4, 5, 6, 7, 8)]
    assert np.shape(found["difference"]) == (1, 1, 8, 8)


def test_two_models_are_compared_word_by_word(client: TestClient) -> None:
    found = ask(client, "compare", a=THRONES, model="minilm", model_b="e5")
    assert found["unit"] == "word"
    assert found["layers"][0] == [0, 0]
    assert found["layers"][-1] == [5, 11]


def test_comparing_with_nothing_is_refused(client: TestClient) -> None:
    assert "nothing to compare" in refusal(client.post("/attention/compare", json={"a": TRAIN}))


# ---- heads


def test_the_head_that_links_station_to_train_is_found(client: TestClient) -> None:
    found = ask(client, "heads", text=TRAIN, **{"from": "station", "to": "train"}, limit=3)
    first = found["items"][0]
    weights = ask(client, "maps", text=TRAIN, layers=[first["layer"]], heads=[first["head"]])["weights"][0][0]
    assert first["link"] == pytest.approx(weights[5][2], abs=1e-4)
    assert first["link"] > 3 * found["uniform"]
    assert (found["total"], len(found["items"])) == (72, 3)


def test_a_word_that_is_not_there_is_refused_with_those_that_are(client: TestClient) -> None:
    detail = refusal(client.post("/attention/heads", json={"text": TRAIN, "from": "station", "to": "plane"}))
    assert "no word 'plane' in the text; its words are: [CLS], the, train, left, station, on, time, [SEP]" in detail


# ---- words and positions


def test_play_is_nearer_to_game_than_to_orange(client: TestClient) -> None:
    cosine = ask(client, "words", words=["play", "game", "orange"])["cosine"]
    assert cosine[0][1] > 0.3 > max(cosine[0][2], cosine[1][2])


def test_the_bank_of_the_river_is_another_bank(client: TestClient) -> None:
    texts = ["I sat by the bank of the river", "I opened an account at the bank", "the bank lent her the money"]
    cosine = ask(client, "words", texts=texts, word="bank")["cosine"]
    assert cosine[1][2] > max(cosine[0][1], cosine[0][2])


@pytest.mark.parametrize("query", ["length=7&width=5", "kind=learned&model=e5&length=4", "length=3&model=toy"])
def test_positions_as_numbers_and_as_a_picture(client: TestClient, query: str) -> None:
    found = client.get(f"/attention/positions?{query}").json()
    assert np.shape(found["table"]) == (found["length"], found["width"])
    array = client.get(f"/attention/positions?{query}", headers={"Accept": "application/x-npy"})
    assert np.abs(np.load(io.BytesIO(array.content)) - found["table"]).max() <= 0.5e-4 + 1e-8
    picture = client.get(f"/attention/positions?{query}", headers={"Accept": "image/png"})
    assert picture.content.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("kind=learned&model=toy", "toy"),
        ("kind=learned&model=minilm&width=5", "384"),
        ("kind=learned&length=600", "512"),
        ("length=0", "length"),
        ("width=2000", "width"),
    ],
)
def test_positions_that_cannot_be_had_say_why(client: TestClient, query: str, said: str) -> None:
    assert said in refusal(client.get(f"/attention/positions?{query}"))


# ---- views

OWN = {"tokens": ["a", "b"], "weights": [[0.25, 0.75], [1.0, 0.0]]}


def send(client: TestClient, file: bytes, accept: str = "application/json", **fields: str) -> Any:
    files = {"file": ("x.npy", file, "application/x-npy")}
    return client.post("/attention/views", files=files, data=fields, headers={"Accept": accept})


def npy(array: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(array))
    return buffer.getvalue()


def test_own_weights_come_back_bit_by_bit(client: TestClient) -> None:
    weights = np.random.default_rng(0).dirichlet(np.ones(5), (2, 3, 5)).astype(np.float32)
    answer = send(client, npy(weights), "application/x-npy", tokens=json.dumps(list("abcde")))
    assert np.array_equal(np.load(io.BytesIO(answer.content)), weights)


def test_own_weights_as_json_and_as_a_file_are_described_alike(client: TestClient) -> None:
    by_file = send(client, npy(OWN["weights"]), tokens='["a", "b"]')
    assert by_file.json() == ask(client, "views", **OWN)
    assert by_file.json()["shape"] == [1, 1, 2, 2]


@pytest.mark.parametrize("kind", ["svg", "png", "html"])
def test_own_weights_can_be_drawn(client: TestClient, kind: str) -> None:
    answer = client.post(f"/attention/views?format={kind}&view=head", json=OWN)
    assert answer.status_code == 200
    assert len(answer.content) > 1000


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"weights": [[0.5, 0.5], [0.5, 0.4]]}, "weights[1] sums to 0.9"),
        ({"weights": [[1.0, 0.0]]}, "weights"),
        ({"weights": [[1.5, -0.5], [0, 1]]}, "weights[0][1]"),
        ({"tokens": ["a", "b", "c"]}, "3"),
        ({"weights": None}, "send either `weights`"),
        ({"colour": "red"}, "colour: unknown field"),
        ({"tokens": []}, "tokens"),
    ],
)
def test_own_weights_that_are_none_are_refused_by_place(client: TestClient, asked: Any, said: str) -> None:
    assert said in refusal(client.post("/attention/views", json=OWN | asked))


def test_not_a_number_is_named_by_its_place(client: TestClient) -> None:
    detail = refusal(send(client, npy([[0.5, 0.5], [np.nan, 1]]), tokens='["a", "b"]'))
    assert "weights[1][0]" in detail


def test_a_body_of_another_kind_is_refused_with_the_kinds_there_are(client: TestClient) -> None:
    answer = client.post("/attention/views", content=b"x", headers={"Content-Type": "text/plain"})
    assert "send JSON or a form" in refusal(answer, 415)


# ---- unusual text, everywhere

STRANGE = ["right to left: שלום עולם", "emoji 👩‍👩‍👧 ok", "tab\tand\x00control", "x" * 5000, "역역역 기차 e\u0301"]
# For minilm a word of 5,000 letters is one [UNK], for the toy one word; e5 cuts it into 1,667 pieces, and reads 510.
UNREAD = ("x" * 5000, "e5")


@pytest.mark.parametrize("text", STRANGE)
@pytest.mark.parametrize("model", ["minilm", "e5", "toy"])
def test_unusual_text_is_answered_wherever_the_model_can_read_all_of_it(
    client: TestClient, text: str, model: str
) -> None:
    expected = 422 if (text, model) == UNREAD else 200
    same = {"text": text, "model": model}
    asked: dict[str, Any] = {
        "maps": same | {"merge": "words", "layers": [0], "heads": [0]},
        "trace": same | {"head": 0, "fields": ["attention"]},
        "measures": same,
        "heads": same,
        "pair": {"a": text, "b": TRAIN, "model": model},
        "compare": {"a": text, "b": text + " now", "model": model, "layers": [0], "heads": [0]},
        "words": {"words": [text, "play"], "model": model},
    }
    for path, body in asked.items():
        answer = client.post(f"/attention/{path}", json=body)
        assert answer.status_code == expected, (path, answer.text)
    for kind in ("svg", "png", "html"):
        answer = client.get("/attention/figure", params=same | {"format": kind, "view": "head"})
        assert answer.status_code == expected, (kind, answer.text)
