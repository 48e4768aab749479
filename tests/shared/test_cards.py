"""Figures go into the card of the model they were measured on."""

from pathlib import Path

import pytest

from shared.artifacts import Manifest, read_manifest, write_manifest
from shared.cards import read_figures, refuse_other_data, speed_table, write_figures, write_speed
from shared.commands import CannotDo
from shared.engine import Figure


def folder(path: Path, version: str = "0", **made_from: Path) -> Path:
    path.mkdir(exist_ok=True)
    config = {name: read_manifest(data).sha256 for name, data in made_from.items()}
    write_manifest(path, Manifest(service="toy", version=version, data="d", command="c", config=dict(config)))
    return path


def figure(value: float) -> Figure:
    return Figure(metric="m", value=value, data="d")


def test_data_that_a_model_was_made_from_are_let_through(tmp_path: Path) -> None:
    one, other = folder(tmp_path / "one", "1"), folder(tmp_path / "other", "2")
    refuse_other_data(folder(tmp_path / "model", a=one, b=other), {"a": one, "b": other})


@pytest.mark.parametrize("changed", ["one", "other"])
def test_each_of_a_models_sources_is_looked_at(tmp_path: Path, changed: str) -> None:
    one, other = folder(tmp_path / "one", "1"), folder(tmp_path / "other", "2")
    model = folder(tmp_path / "model", a=one, b=other)
    folder(tmp_path / changed, "3")
    with pytest.raises(CannotDo, match=f"made from other data than .*{changed}: train first"):
        refuse_other_data(model, {"a": one, "b": other})


def test_a_model_that_does_not_know_a_source_was_not_made_from_it(tmp_path: Path) -> None:
    one = folder(tmp_path / "one")
    with pytest.raises(CannotDo, match="train first"):
        refuse_other_data(folder(tmp_path / "model"), {"a": one})


def test_quality_and_speed_stand_side_by_side(tmp_path: Path) -> None:
    model = folder(tmp_path / "model")
    write_figures(model, [figure(1)])
    write_speed(model, [figure(2)])
    write_figures(model, [figure(3)])
    assert [one.value for one in read_figures(model)] == [3, 2]


def test_figures_of_the_model_before_are_not_shown(tmp_path: Path) -> None:
    write_figures(folder(tmp_path / "model"), [figure(1)])
    assert read_figures(folder(tmp_path / "model", "1")) == []


def test_the_table_of_speeds_says_how_many_times_ours_the_others_are() -> None:
    made = Figure(metric="ms", value=2, data="ours; toy", baselines={"theirs": 3}, note="a note")
    assert speed_table([made]).splitlines()[-1] == "| ms | 2 (ours) | theirs 3 (1.50x) | a note |"
