"""A folder is whole or not there, whatever happens while it is written."""

import threading
import time
from pathlib import Path

import pytest
import torch

from shared.artifacts import (
    ArtifactDamaged,
    ArtifactMissing,
    Manifest,
    is_whole,
    make,
    read_manifest,
    verify,
    whole_folder,
    write_manifest,
)
from shared.cards import read_figures, write_figures
from shared.engine import Figure
from shared.tensors import load_tensors, save_tensors

MANIFEST = Manifest(service="toy", version="1", data="none", command="none", seed=7)


def write(folder: Path, text: str = "one") -> None:
    with whole_folder(folder) as work:
        (work / "file.txt").write_text(text)
        write_manifest(work, MANIFEST)


def write_half(folder: Path) -> None:
    with whole_folder(folder) as work:
        (work / "file.txt").write_text("half")
        raise KeyboardInterrupt


def names_beside(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.parent.iterdir() if not path.name.endswith(".lock"))


def test_a_written_folder_is_whole_and_verifies(tmp_path: Path) -> None:
    write(tmp_path / "toy")
    assert is_whole(tmp_path / "toy")
    assert set(verify(tmp_path / "toy").files) == {"file.txt"}
    assert names_beside(tmp_path / "toy") == ["toy"]


def test_a_second_writing_replaces_the_first(tmp_path: Path) -> None:
    write(tmp_path / "toy", "one")
    write(tmp_path / "toy", "two")
    assert (tmp_path / "toy" / "file.txt").read_text() == "two"
    assert names_beside(tmp_path / "toy") == ["toy"]


def test_an_interrupted_writing_leaves_the_old_folder_as_it_was(tmp_path: Path) -> None:
    write(tmp_path / "toy", "one")
    with pytest.raises(KeyboardInterrupt):
        write_half(tmp_path / "toy")
    assert (tmp_path / "toy" / "file.txt").read_text() == "one"
    assert names_beside(tmp_path / "toy") == ["toy"]


def test_a_run_killed_between_the_two_renames_loses_nothing(tmp_path: Path) -> None:
    write(tmp_path / "toy", "one")
    (tmp_path / "toy").rename(tmp_path / ".toy.old-1")
    (tmp_path / ".toy.new-x").mkdir()
    with pytest.raises(RuntimeError), whole_folder(tmp_path / "toy"):
        raise RuntimeError
    assert (tmp_path / "toy" / "file.txt").read_text() == "one"
    assert names_beside(tmp_path / "toy") == ["toy"]


def test_a_folder_without_a_manifest_is_not_whole(tmp_path: Path) -> None:
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "file.txt").write_text("half")
    assert not is_whole(tmp_path / "toy")
    with pytest.raises(ArtifactMissing, match="make prepare train"):
        read_manifest(tmp_path / "toy")


def test_a_folder_that_lost_a_file_is_not_whole(tmp_path: Path) -> None:
    write(tmp_path / "toy")
    (tmp_path / "toy" / "file.txt").unlink()
    assert not is_whole(tmp_path / "toy")


def test_a_changed_file_is_found_out(tmp_path: Path) -> None:
    write(tmp_path / "toy")
    (tmp_path / "toy" / "file.txt").write_text("other")
    with pytest.raises(ArtifactDamaged, match=r"file\.txt"):
        verify(tmp_path / "toy")


def test_the_same_content_has_the_same_manifest(tmp_path: Path) -> None:
    write(tmp_path / "a")
    write(tmp_path / "b")
    assert read_manifest(tmp_path / "a").sha256 == read_manifest(tmp_path / "b").sha256


def test_what_is_made_already_is_not_made_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = []
    for wanted in (MANIFEST, MANIFEST, MANIFEST.model_copy(update={"seed": 8}), MANIFEST):
        make(tmp_path / "toy", wanted, lambda _: made.append(1) or [], force=False)  # type: ignore[func-returns-value]
    assert len(made) == 3
    assert capsys.readouterr().err.count("nothing to do") == 1


def test_two_writers_wait_for_each_other(tmp_path: Path) -> None:
    order = []

    def slow(name: str) -> None:
        with whole_folder(tmp_path / "toy") as work:
            order.append(name)
            time.sleep(0.2)
            write_manifest(work, MANIFEST)
            order.append(name)

    threads = [threading.Thread(target=slow, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert order in (["a", "a", "b", "b"], ["b", "b", "a", "a"])
    assert is_whole(tmp_path / "toy")


def test_figures_belong_to_the_model_they_were_measured_on(tmp_path: Path) -> None:
    measured = [Figure(metric="RMSE", value=0.9, data="test")]
    write(tmp_path / "toy", "one")
    assert read_figures(tmp_path / "toy") == []
    write_figures(tmp_path / "toy", measured)
    assert read_figures(tmp_path / "toy") == measured
    assert is_whole(tmp_path / "toy")
    card = (tmp_path / "toy" / "card.json").read_bytes()
    write(tmp_path / "toy", "two")
    (tmp_path / "toy" / "card.json").write_bytes(card)
    assert read_figures(tmp_path / "toy") == []


def test_tensors_come_back_as_they_were(tmp_path: Path) -> None:
    tensor = torch.arange(6.0).reshape(2, 3).T  # not contiguous
    save_tensors(tmp_path / "t.safetensors", {"t": tensor})
    assert torch.equal(load_tensors(tmp_path / "t.safetensors")["t"], tensor)
