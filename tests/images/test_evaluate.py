"""What evaluate measures, checked by hand; its commands on pictures made on the spot."""

import json
import sys
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from services.images.baselines import LEARNED_NOTHING
from services.images.calibration import Calibration
from services.images.engine import Engine
from services.images.evaluate import arguments, by_copies, by_table, by_training
from services.images.learn import Recipe
from services.images.measured import (
    CNN,
    HASH,
    by_chance,
    by_vectors,
    by_words,
    calibrated,
    edited_copies,
    explained,
    searches,
)
from services.images.metrics import Retrieval, unit
from services.images.pixels import of_image
from services.images.settings import Settings
from services.images.trials import Trial, as_table, means, spreads
from shared.commands import CannotDo
from tests.images.pictures import encoded

NOBODY = np.array([-1, -1])


def scene(seed: int, size: int = 160) -> Image.Image:
    """Soft coloured blots, like no other seed's."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (7, 7, 3), dtype=np.uint8))
    return small.resize((size, size), Image.Resampling.BICUBIC)


def scenes(folder: Path, names: list[str], first: int = 0) -> Path:
    for number, name in enumerate(names, start=first):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(encoded(scene(number), "PNG"))
    return folder


@pytest.mark.parametrize("name", list(LEARNED_NOTHING))
def test_the_baselines_find_a_picture_that_only_got_smaller(name: str) -> None:
    def described(image: Image.Image) -> Tensor:
        return torch.from_numpy(LEARNED_NOTHING[name](of_image(image, 224)))

    whole = scene(0, 240)
    others = [whole.rotate(90), whole.transpose(Image.Transpose.FLIP_LEFT_RIGHT), scene(1), whole]
    gallery = torch.stack([described(other) for other in others])
    small = described(whole.resize((120, 120)))
    assert torch.cosine_similarity(gallery, small[None]).argmax() == 3


def test_chance_is_counted_out() -> None:
    assert by_chance(10, [np.array([3])], 5) == pytest.approx(0.5)
    assert by_chance(10, [np.array([3, 4])], 1) == pytest.approx(0.2)
    assert by_chance(10, [np.array([3, 4])], 2) == pytest.approx(1 - 8 / 10 * 7 / 9)
    assert by_chance(3, [np.array([0])], 5) == 1


def test_searches_are_sorted_and_leave_the_picture_itself_out() -> None:
    gallery = unit(np.array([[1, 0], [1, 0.2], [0, 1]], np.float32))
    cosines, right = searches(gallery[:2], gallery, [np.array([1]), np.array([2])], np.array([0, -1]))
    assert right.tolist() == [[True, False, False], [False, False, True]]
    assert (np.diff(cosines) <= 0).all()
    assert cosines[0].tolist() == pytest.approx([1 / 1.04**0.5, 0, -np.inf])


def test_probabilities_are_measured_with_and_without_the_answer() -> None:
    """Two searches whose answer is at cosine 1, all else at 0."""
    gallery = np.eye(4, dtype=np.float32)
    sure = Calibration(cosine=20, contrast=0, lead=0, first=0, bias=-10, usual=0, threshold=0.5, queries=2)
    found = calibrated(sure, gallery[:2], gallery, [np.array([0]), np.array([1])], NOBODY)
    assert found.error < 1e-4
    assert (found.auroc, found.auroc_raw, found.wrongly_none, found.noticed) == (1, 1, 0, 1)


def test_each_part_of_the_copies_vector_has_its_own_nearest() -> None:
    network, bits = np.eye(3, 256, dtype=np.float32), np.eye(3, 64, dtype=np.float32)
    gallery = np.concatenate([network, bits], axis=1)
    query = np.concatenate([network[2], 0.5 * bits[1]])
    assert by_vectors(query, gallery)[CNN] == 2
    assert by_vectors(query, gallery)[HASH] == 1


def test_edited_copies_of_blots_find_their_blots(engine: Engine, tmp_path: Path) -> None:
    folder = scenes(tmp_path, [f"{number}.png" for number in range(6)])
    found = edited_copies(engine.embedder, sorted(folder.iterdir()), seed=0, most=2)
    assert (found.originals, len(found.ours)) == (2, 9)
    assert np.mean(list(found.ours.values())) > 0.9
    assert found.others[HASH]["flip"] < 1 or found.others[HASH]["crop, 50 % of the side"] < 1


def test_a_map_is_measured_against_the_score_that_is_served(engine: Engine, tmp_path: Path) -> None:
    files = sorted(scenes(tmp_path, ["a.png", "b.png"]).iterdir())
    seen = list(engine.embedder.see_many(engine.embedder.read(file.read_bytes()) for file in files))
    others = np.stack([one.vectors["general"] for one in reversed(seen)])
    found = explained(engine.embedder, "general", files, others, seed=0)
    assert found.pairs == 2
    assert found.off < 1e-6
    assert found.fall.strongest > found.fall.weakest


def test_words_are_asked_of_pictures_by_their_vectors(engine: Engine) -> None:
    texts = ["a lion", "a bicycle"]
    vectors = np.stack([engine.embedder.asked(text) for text in reversed(texts)])
    assert by_words(engine.embedder, texts, vectors, [np.array([1]), np.array([0])]).recall(1) == 1


def asked(folder: Path, **words: object) -> Namespace:
    where = {"anchors": folder / "a", "queries": folder / "q", "truth": folder / "pairs.csv"}
    return Namespace(**where | {"embedding": None, "json": True, "classes": None, "label_free": None} | words)


def test_a_table_of_right_answers_prints_json_and_nothing_else(
    engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scenes(tmp_path / "a", ["0.png", "1.png", "2.png"])
    scenes(tmp_path / "q", ["x.png", "y.png", "z.png"])  # the same three again
    (tmp_path / "q" / "z.png").write_bytes(b"\x89PNG and no more")
    (tmp_path / "pairs.csv").write_text("query,anchor\nx.png,0.png\ny.png,1.png\nz.png,2.png\nx.png,7.png\n")
    by_table(asked(tmp_path, embedding="general"), Settings())
    found = json.loads(capsys.readouterr().out)
    assert (found["recall@1"], found["recall@5"], found["map"]) == (1, 1, 1)
    assert (found["queries"], found["anchors"], found["embedding"]) == (2, 3, "general")
    assert found["baselines"] == {
        name: {"recall@1": 1, "recall@5": 1, "map": 1} for name in ("untrained backbone", "pHash")
    }
    assert [problem.split(":")[0] for problem in found["problems"]] == ["pairs.csv, line 5", "z.png"]


def test_a_table_without_a_query_that_can_be_read_says_so(engine: Engine, tmp_path: Path) -> None:
    scenes(tmp_path / "a", ["0.png"])
    scenes(tmp_path / "q", ["x.png"])
    (tmp_path / "q" / "x.png").write_bytes(b"\x89PNG and no more")
    (tmp_path / "pairs.csv").write_text("query,anchor\nx.png,0.png\n")
    with pytest.raises(CannotDo, match=r"no query is left that can be read and has a right answer\nx.png: the PNG"):
        by_table(asked(tmp_path), Settings())


def test_classes_are_trained_on_and_others_asked_about(
    engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"{label}/{number}.png" for label in "abcdefghij" for number in range(3)]
    scenes(tmp_path / "c", names)
    by_training(asked(tmp_path, classes=tmp_path / "c", queries=None, seeds=1), Settings())
    found = json.loads(capsys.readouterr().out)
    (one,) = found["seeds"]
    assert (one["identities trained on"], one["queries"], one["gallery"]) == (5, 15, 15)
    assert list(found["mean"]) == ["adapted", "newsletter's recipe", "general", "untrained backbone", "HOG", "pHash"]
    assert found["spread"] == {}
    assert found["problems"] == []


def test_copies_of_ones_own_pictures_leave_broken_files_out(
    engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scenes(tmp_path, ["0.png", "1.png", "2.png"])
    (tmp_path / "2.png").write_bytes(b"\x89PNG and no more")
    by_copies(Namespace(copies=tmp_path, json=True), Settings())
    (figure,) = json.loads((said := capsys.readouterr()).out)
    assert figure["data"] == "copies of 2 pictures, among 2 pictures"
    assert figure["value"] > 0.9
    assert "2.png: the PNG file's header is cut off" in said.err


def test_seeds_become_means_and_spreads() -> None:
    found = [Retrieval(np.array(ranks), np.array([0.5, 1])) for ranks in ([1, 1], [1, 2])]
    two = [Trial(seed, {"adapted": one}, Recipe(), True, 60.0, 5, 2, 2) for seed, one in enumerate(found)]
    assert means(two)["adapted"] == {"recall@1": 0.75, "recall@5": 1, "map": 0.75}
    assert spreads(two)["adapted"]["recall@1"] == pytest.approx(0.125**0.5)
    assert "0.750 ± 0.354" in as_table(two)
    assert spreads(two[:1]) == {}


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--truth", "t.csv"], "--anchors, --queries and --truth go together"),
        (["--anchors", "a", "--queries", "q"], "--anchors, --queries and --truth go together"),
        (["--label-free", "f"], "--label-free needs --queries"),
        (["--queries", "q"], "--queries goes with"),
        (["--classes", "f", "--copies", "f"], "each go alone"),
        (["--embedding", "general"], "--embedding goes with --truth"),
        (["--seeds", "0"], "at least one"),
    ],
)
def test_what_does_not_go_together_is_refused(
    words: list[str], complaint: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["evaluate", *words])
    with pytest.raises(SystemExit):
        arguments()
    assert complaint in capsys.readouterr().err
