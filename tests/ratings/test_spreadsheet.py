"""The newsletter's .xlsx: read whole, or refused with the place of every fault."""

import re
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from services.ratings.dataset import Dataset
from services.ratings.sources.complaints import BadRows, Refused
from services.ratings.sources.reading import read_source
from tests.ratings.conftest import PRODUCTS, USERS, Rows, write_xlsx


def read_xlsx(path: Path) -> Dataset:
    return read_source(str(path)).data


def read(path: Path, *, products: Rows | None = None, users: Rows | None = None) -> None:
    read_xlsx(write_xlsx(path / "bad.xlsx", {"products": products or PRODUCTS, "users": users or USERS}))


def with_row(rows: Rows, *row: object) -> Rows:
    return [*rows, list(row)]


def test_a_small_spreadsheet_is_read_as_it_stands(spreadsheet: Path) -> None:
    data = read_xlsx(spreadsheet)
    assert data.movies.to_numpy().tolist() == [
        [1, "Toy Story", 1995, "Adventure|Animation|Children"],
        [2, "The Matrix", 1999, "Action|Sci-Fi"],
        [3, "Babylon 5", 0, ""],
    ]
    assert data.ratings.to_numpy().tolist() == [list(map(float, row)) for row in USERS[1:]]
    assert data.users["user_id"].tolist() == [1, 7]
    assert data.warnings == []


def test_a_movie_without_genres_is_kept_with_a_warning_that_names_its_row(tmp_path: Path) -> None:
    path = write_xlsx(
        tmp_path / "a.xlsx", {"products": with_row(PRODUCTS, 4, "Steins", None), "users": with_row(USERS, 1, 4, 3, 5)}
    )
    data = read_xlsx(path)
    assert len(data.movies) == 4
    assert data.warnings == [
        "sheet products, row 5, column genres: an empty cell names no genres; the movie is kept, without any"
    ]


def test_a_genre_of_ones_own_is_kept_with_a_warning(tmp_path: Path) -> None:
    path = write_xlsx(
        tmp_path / "a.xlsx", {"products": with_row(PRODUCTS, 4, "Parasite (2019)", "K-Drama"), "users": USERS}
    )
    data = read_xlsx(path)
    assert data.genres[19:] == ["K-Drama"]
    assert "row 5, column genres: K-Drama is not a genre of MovieLens; kept" in data.warnings[0]


def test_excels_own_dates_are_taken_as_utc(tmp_path: Path) -> None:
    rows = [*USERS, [7, 2, 3, datetime(2000, 7, 30, 18, 45, 3)]]  # noqa: DTZ001 (Excel's dates have no zone)
    data = read_xlsx(write_xlsx(tmp_path / "a.xlsx", {"products": PRODUCTS, "users": rows}))
    assert data.ratings["timestamp"].iloc[-1] == 964982703


def test_other_columns_and_another_order_do_not_matter(tmp_path: Path) -> None:
    turned = [[*row[::-1], "more"] for row in USERS]
    data = read_xlsx(write_xlsx(tmp_path / "a.xlsx", {"notes": [], "products": PRODUCTS, "users": turned}))
    assert data.ratings["stars"].tolist() == [4.0, 0.5, 5.0]


def test_empty_rows_are_passed_over_and_rows_counted_as_excel_does(tmp_path: Path) -> None:
    blank: list[Any] = [None, None, None, None]
    with pytest.raises(Refused, match="sheet users, row 6, column rating: 9 is off the scale"):
        read(tmp_path, users=[*USERS, blank, [7, 2, 9, 964982224]])


@pytest.mark.parametrize(
    ("row", "column", "what"),
    [
        ([7, 99, 3, 964982224], "movieId", "99 is not in sheet products"),
        ([7, 2, "good", 964982224], "rating", "'good' is not a number"),
        ([7, 2, None, 964982224], "rating", "an empty cell is not a number"),
        ([7, 2, True, 964982224], "rating", "'True' is not a number"),
        ([7, 2, 0, 964982224], "rating", "0 is off the scale of 0.5 to 5 stars"),
        ([7, 2, "inf", 964982224], "rating", "inf is not a number"),
        ([7, 2, 3, "yesterday"], "timestamp", "'yesterday' is not a time"),
        ([7, 2, 3, -5], "timestamp", "-5 lies before 1970"),
        ([7, 2, 3, 964982224000], "timestamp", "964982224000 lies in the future"),
        ([1.5, 2, 3, 964982224], "userId", "1.5 is not an id"),
        ([7, -1, 3, 964982224], "movieId", "-1 is not an id"),
        ([7, 1, 3, 964982224], "movieId", "1 was rated by the same user in an earlier row"),
    ],
)
def test_a_bad_rating_names_sheet_row_and_column(row: list[Any], column: str, what: str, tmp_path: Path) -> None:
    with pytest.raises(BadRows) as refusal:
        read(tmp_path, users=[*USERS, row])
    assert f"sheet users, row 5, column {column}: {what}" in str(refusal.value)
    assert "1 bad row; nothing was imported" in str(refusal.value)


@pytest.mark.parametrize(
    ("row", "column", "what"),
    [
        (["x", "Alien (1979)", "Horror"], "movieId", "'x' is not an id"),
        ([1, "Alien (1979)", "Horror"], "movieId", "1 stands in an earlier row already"),
        ([4, " ", "Horror"], "title", "' ' is not a title"),
    ],
)
def test_a_bad_movie_names_sheet_row_and_column(row: list[Any], column: str, what: str, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=f"sheet products, row 5, column {column}: {what}"):
        read(tmp_path, products=[*PRODUCTS, row])


def test_many_bad_rows_are_counted_and_the_first_twenty_shown(tmp_path: Path) -> None:
    with pytest.raises(BadRows) as refusal:
        read(tmp_path, users=[*USERS, *[[8 + n, 1, 6, 0] for n in range(30)]])
    lines = str(refusal.value).splitlines()
    assert lines[0] == "bad.xlsx: 30 bad rows; nothing was imported"
    assert len(lines) == 1 + 20 + 1
    assert lines[-1] == "  ... and 10 more"


def test_a_missing_sheet_is_named_with_those_that_are_there(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", {"products": PRODUCTS, "people": USERS})
    with pytest.raises(Refused, match="no sheet users; it has products, people"):
        read_xlsx(path)


def test_a_missing_column_is_named_with_those_that_are_there(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="sheet users has no column rating; it has userId, movieId, stars, timestamp"):
        read(tmp_path, users=[["userId", "movieId", "stars", "timestamp"], *USERS[1:]])


def test_a_sheet_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="sheet users has no rows"):
        read(tmp_path, users=USERS[:1])


@pytest.mark.parametrize("content", [b"userId,movieId\n1,1\n", b"", b"PK\x03\x04 and no more"])
def test_a_file_that_is_no_xlsx_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(content)
    with pytest.raises(Refused, match=r"a\.xlsx: it is not an \.xlsx file"):
        read_xlsx(tmp_path / "a.xlsx")


def test_a_truncated_xlsx_is_refused(spreadsheet: Path) -> None:
    whole = spreadsheet.read_bytes()
    spreadsheet.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(Refused, match="not a whole one"):
        read_xlsx(spreadsheet)


def test_no_row_is_lost_when_the_file_is_wrong_about_its_size(spreadsheet: Path, tmp_path: Path) -> None:
    lying = tmp_path / "lying.xlsx"
    with zipfile.ZipFile(spreadsheet) as source, zipfile.ZipFile(lying, "w") as target:
        for name in source.namelist():
            target.writestr(name, re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1:D2"', source.read(name)))
    assert len(read_xlsx(lying).ratings) == len(read_xlsx(spreadsheet).ratings) == len(USERS) - 1


def test_a_cell_that_is_not_what_it_says_is_refused_without_a_traceback(spreadsheet: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.xlsx"
    with zipfile.ZipFile(spreadsheet) as source, zipfile.ZipFile(broken, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name).replace(b"<v>964982703</v>", b"<v>abc</v>"))
    with pytest.raises(Refused, match="nothing was imported"):
        read_xlsx(broken)
