"""Raw ratings become data/ratings, whole or not at all."""

from pathlib import Path

import pandas as pd
import pytest

from services.ratings import dataset, prepare
from services.ratings.settings import Settings
from shared import commands
from shared.artifacts import is_whole, read_manifest
from tests.ratings.conftest import PRODUCTS, USERS, write_xlsx


def run(monkeypatch: pytest.MonkeyPatch, folder: Path, *arguments: str) -> None:
    monkeypatch.setenv("RATINGS_DATA_DIR", str(folder))
    monkeypatch.setattr("sys.argv", ["prepare", *arguments])
    commands.run(prepare.main)


def test_an_xlsx_becomes_data_that_train_can_read(
    spreadsheet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(monkeypatch, tmp_path, str(spreadsheet))
    data = dataset.read(tmp_path / "ratings")
    assert is_whole(tmp_path / "ratings")
    assert data.ratings["stars"].tolist() == [4.0, 0.5, 5.0]
    assert data.movie_genres == [["Adventure", "Animation", "Children"], ["Action", "Sci-Fi"], []]
    assert data.scale == (0.5, 5.0)


def test_a_bad_xlsx_leaves_the_data_as_it_was(
    spreadsheet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(monkeypatch, tmp_path, str(spreadsheet))
    before = read_manifest(tmp_path / "ratings")
    bad = write_xlsx(tmp_path / "bad.xlsx", {"products": PRODUCTS, "users": [*USERS, [7, 2, 9, 0]]})
    with pytest.raises(SystemExit, match="sheet users, row 5, column rating"):
        run(monkeypatch, tmp_path, str(bad))
    assert read_manifest(tmp_path / "ratings") == before
    assert is_whole(tmp_path / "ratings")


def test_a_bad_xlsx_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = write_xlsx(tmp_path / "bad.xlsx", {"products": PRODUCTS})
    with pytest.raises(SystemExit):
        run(monkeypatch, tmp_path / "data", str(bad))
    assert not list(tmp_path.glob("data/**/*"))


def test_a_file_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match=r"no file nowhere\.xlsx"):
        run(monkeypatch, tmp_path, "nowhere.xlsx")


def test_without_a_source_prepared_data_stays(
    spreadsheet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, tmp_path, str(spreadsheet))
    run(monkeypatch, tmp_path)
    assert "small.xlsx: 3 ratings by 2 users of 3 movies): nothing to do" in capsys.readouterr().out


def test_ml_100k_lies_in_its_own_order() -> None:
    folder = Settings().data
    if not read_manifest(folder).data.startswith("MovieLens 100K"):
        pytest.skip("other data is prepared")
    data = dataset.read(folder)
    assert data.ratings.iloc[0].tolist() == [196, 242, 3, 881250949]
    assert data.ratings["stars"].value_counts().sort_index().tolist() == [6110, 11370, 27145, 34174, 21201]
    assert (len(data.movies), len(data.users)) == (1682, 943)
    assert data.movies.set_index("movie_id").loc[1, "genres"] == "Animation|Children|Comedy"


def test_flags_become_the_names_of_later_movielens_sets() -> None:
    flags = pd.DataFrame({"unknown": [1, 0], "Action": [0, 1], "Children's": [0, 1]})
    assert prepare.genre_names(flags) == ["", "Action|Children"]
