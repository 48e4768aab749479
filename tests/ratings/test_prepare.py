"""Raw ratings become data/ratings, whole or not at all."""

from pathlib import Path

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
    assert "small.xlsx: 3 ratings by 2 users of 3 movies, 2000): nothing to do" in capsys.readouterr().out


def ratings_csv(folder: Path, *more: str) -> Path:
    rows = ["userId,movieId,rating", "1,1,4", "1,2,0", "2,1,10", *more]
    (folder / "mine.csv").write_text("\n".join(rows))
    return folder / "mine.csv"


def test_any_items_on_any_scale_are_prepared_with_their_scale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, tmp_path, str(ratings_csv(tmp_path)))
    assert dataset.read(tmp_path / "ratings").scale == (0.0, 10.0)
    assert "the scale is taken to be 0 to 10, as found" in capsys.readouterr().err


def test_the_same_file_with_another_scale_is_prepared_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(ratings_csv(tmp_path))
    run(monkeypatch, tmp_path, file)
    run(monkeypatch, tmp_path, file, "--scale", "-5", "20")
    assert dataset.read(tmp_path / "ratings").scale == (-5.0, 20.0)
    capsys.readouterr()
    run(monkeypatch, tmp_path, file, "--scale", "-5", "20")
    assert "nothing to do" in capsys.readouterr().out


def test_skipped_rows_are_counted_and_lie_beside_the_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, tmp_path, str(ratings_csv(tmp_path, "2,2,x", "y,2,z")), "--skip-bad-rows")
    assert f"left out: 2 bad rows, listed in {tmp_path / 'ratings' / 'left-out.csv'}" in capsys.readouterr().out
    assert len((tmp_path / "ratings" / "left-out.csv").read_text().splitlines()) == 1 + 3
    assert len(dataset.read(tmp_path / "ratings").ratings) == 3
    assert read_manifest(tmp_path / "ratings").config["left_out"] == 2


def test_a_refusal_tells_of_skipping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match=r"row 5, column rating: 'x' is not a number(.|\n)*--skip-bad-rows imports"):
        run(monkeypatch, tmp_path, str(ratings_csv(tmp_path, "2,2,x")))


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["ml-100k", "--movies", "FILE"], "ml-100k has its own movies"),
        (["FILE", "--movies", "nowhere.csv"], r"no file nowhere\.csv, which --movies names"),
        (["FILE", "--scale", "5", "1"], "--scale 5 1: the first must be less than the second"),
        (["FILE", "--scale", "nan", "1"], "--scale nan 1"),
        (["FOLDER", "--movies", "FILE"], "--movies is for a single file of ratings"),
        (["FILE", "--scale", "1", "5"], r"mine\.csv, row 3, column rating: 0 is off the scale of 1 to 5 stars"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(
    arguments: list[str], what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = {"FILE": str(ratings_csv(tmp_path)), "FOLDER": str(tmp_path)}
    with pytest.raises(SystemExit, match=what):
        run(monkeypatch, tmp_path, *[places.get(word, word) for word in arguments])


def test_ml_100k_lies_in_its_own_order() -> None:
    folder = Settings().data
    if not read_manifest(folder).data.startswith("MovieLens 100K"):
        pytest.skip("other data is prepared")
    data = dataset.read(folder)
    assert data.ratings.iloc[0].tolist() == [196, 242, 3, 881250949]
    assert data.ratings["stars"].value_counts().sort_index().tolist() == [6110, 11370, 27145, 34174, 21201]
    assert (len(data.movies), len(data.users)) == (1682, 943)
    assert data.movies.set_index("movie_id").loc[1, "genres"] == "Animation|Children|Comedy"
