"""Ratings from any form of file: the same rows give the same data, and what is wrong is told by row."""

import hashlib
import socket
import time
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.ratings.dataset import Dataset
from services.ratings.sources import parquet, read_ratings_file, read_source, text
from services.ratings.sources.complaints import BadRows, Refused
from services.ratings.sources.movielens import download
from services.ratings.sources.places import fingerprint
from services.ratings.sources.tables import FLAGS
from shared.fetch import FetchError
from tests.conftest import running
from tests.ratings.conftest import PRODUCTS, USERS, Rows, write_xlsx

PEOPLE: Rows = [["userId", "age", "gender", "occupation"], [7, 25, "M", 4], [1, 56, "F", 20]]
RATINGS_CSV = "userId,movieId,rating,timestamp\n1,1,4.0,964982703\n1,2,0.5,964981247\n7,1,5,964982224\n"
MOVIES_CSV = 'movieId,title,genres\n1,Toy Story (1995),Comedy\n2,"Matrix, The (1999)",Action|Sci-Fi\n'


def lines(rows: Rows, separator: str) -> str:
    return "".join(separator.join(map(str, row)) + "\n" for row in rows)


def quoted(rows: Rows) -> str:
    return "".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in rows)


def files(folder: Path, **contents: str | bytes) -> Path:
    """A folder with these files; "_" in a name stands for the dot."""
    folder.mkdir(exist_ok=True)
    for name, content in contents.items():
        (folder / name.replace("_", ".")).write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def csv_folder(at: Path) -> Path:
    return files(at / "csv", ratings_csv=quoted(USERS), movies_csv=quoted(PRODUCTS))


def dat_folder(at: Path) -> Path:
    return files(at / "dat", ratings_dat=lines(USERS[1:], "::"), movies_dat=lines(PRODUCTS[1:], "::"))


def parquet_folder(at: Path) -> Path:
    folder = files(at / "parquet")
    pd.DataFrame(USERS[1:], columns=USERS[0]).to_parquet(folder / "ratings.parquet")
    pd.DataFrame(PRODUCTS[1:], columns=PRODUCTS[0]).to_parquet(folder / "movies.parquet")
    return folder


def zip_of_csv(at: Path) -> Path:
    with zipfile.ZipFile(at / "small.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for file in csv_folder(at).iterdir():
            archive.write(file, f"deep/inside/{file.name}")
    return at / "small.zip"


def xlsx(at: Path) -> Path:
    return write_xlsx(at / "small.xlsx", {"products": PRODUCTS, "users": USERS})


@pytest.mark.parametrize("form", [csv_folder, dat_folder, parquet_folder, zip_of_csv, xlsx])
def test_the_same_rows_are_the_same_data_in_every_form(form: Callable[[Path], Path], tmp_path: Path) -> None:
    data = read_source(str(form(tmp_path))).data
    assert data.ratings.to_numpy().tolist() == [list(map(float, row)) for row in USERS[1:]]
    assert data.movies["title"].tolist() == ["Toy Story", "The Matrix", "Babylon 5"]
    assert data.movies["year"].tolist() == [1995, 1999, 0]
    assert data.movie_genres == [["Adventure", "Animation", "Children"], ["Action", "Sci-Fi"], []]
    assert data.scale == (0.5, 5.0)
    assert data.timed


def test_ml_100k_as_it_was_published_is_read_with_its_flags_and_people(tmp_path: Path) -> None:
    flags = "|".join("1" if genre in {"Animation", "Children's"} else "0" for genre in FLAGS)
    folder = files(
        tmp_path / "any",
        u_data="196\t1\t3\t881250949\n",
        u_item=f"1|Misérables, Les (1995)|01-Jan-1995||http://x|{flags}\n".encode("latin-1"),
        u_user="196|49|M|writer|55105\n",
    )
    data = read_source(str(folder)).data
    assert data.name == "MovieLens 100K: 1 ratings by 1 users of 1 movies, 1997"
    assert data.scale == (1.0, 5.0)
    assert data.movies.to_numpy().tolist() == [[1, "Les Misérables", 1995, "Animation|Children"]]
    assert data.users.to_dict("list") == {"user_id": [196], "age": [49], "gender": ["M"], "occupation": ["writer"]}


def test_ml_1m_is_known_by_its_name_and_says_occupations_in_words(tmp_path: Path) -> None:
    folder = files(
        tmp_path / "ml-1m",
        ratings_dat="1::1::3::978300760\n",
        movies_dat="1::Fistful: of Dollars, A (1964)::Children's|Western\n",
        users_dat="1::F::1::10::48067\n",
    )
    data = read_source(str(folder)).data
    assert (data.scale, data.warnings) == ((1.0, 5.0), [])
    assert data.movies.to_numpy().tolist() == [[1, "A Fistful: of Dollars", 1964, "Children|Western"]]
    assert data.users.to_dict("list") == {"user_id": [1], "gender": ["F"], "age": [1], "occupation": ["K-12 student"]}


def test_a_file_of_ratings_alone_names_movies_by_id_and_finds_its_scale(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("rating,movieId,userId\n-3,12,5\n10,4,5\n")
    data = read_ratings_file(tmp_path / "mine.csv")
    assert data.movies.to_numpy().tolist() == [[4, "Movie 4", 0, ""], [12, "Movie 12", 0, ""]]
    assert data.users["user_id"].tolist() == [5]
    assert data.scale == (-3.0, 10.0)
    assert data.warnings[0] == "the scale is taken to be -3 to 10, as found; --scale LOW HIGH sets another"


def test_without_times_every_timestamp_is_0(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("userId,movieId,rating\n1,1,3\n")
    data = read_ratings_file(tmp_path / "mine.csv")
    assert data.ratings["timestamp"].tolist() == [0]
    assert not data.timed
    assert data.name == "mine.csv: 1 ratings by 1 users of 1 movies"


def test_movies_of_their_own_go_with_a_single_file(tmp_path: Path) -> None:
    folder = files(tmp_path, ratings_csv=RATINGS_CSV, films_csv=MOVIES_CSV)
    data = read_ratings_file(folder / "ratings.csv", folder / "films.csv", (0.0, 5.0))
    assert data.movies["title"].tolist() == ["Toy Story", "The Matrix"]
    assert (data.scale, data.warnings) == ((0.0, 5.0), [])


def test_what_else_is_known_of_users_is_kept_as_numbers_or_text(tmp_path: Path) -> None:
    people = "userId,visits,city,zip\n9,1.5,Seoul,1\n1,,,2\n"
    data = read_source(str(files(tmp_path / "mine", ratings_csv=RATINGS_CSV, users_csv=people))).data
    assert data.users["user_id"].tolist() == [9, 1, 7]
    assert data.users["city"].tolist() == ["Seoul", "", ""]
    assert data.users["visits"].isna().tolist() == [False, True, True]
    assert "zip" not in data.users
    assert "users.csv does not have 1 of the users who rated, the first is 7" in data.warnings[1]


@pytest.mark.parametrize(
    "moment",
    ["964982703", " 964982703.9 ", "2000-07-30T18:45:03Z", "2000-07-30 18:45:03", "2000-07-31T03:45:03+09:00"],
)
def test_seconds_and_iso_8601_are_the_same_moment(moment: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"userId,movieId,rating,timestamp\n1,1,4,{moment}\n")
    assert read_ratings_file(tmp_path / "a.csv").ratings["timestamp"].tolist() == [964982703]


def test_parquets_own_times_and_text_are_understood(tmp_path: Path) -> None:
    moment = datetime(2000, 7, 30, 18, 45, 3, tzinfo=UTC)
    table = pd.DataFrame({"userId": ["1"], "movieId": [2.0], "rating": ["3.5"], "timestamp": [moment]})
    table.to_parquet(tmp_path / "a.parquet")
    assert read_ratings_file(tmp_path / "a.parquet").ratings.to_numpy().tolist() == [[1, 2, 3.5, 964982703]]


def test_parquets_categories_and_lists_are_understood(tmp_path: Path) -> None:
    folder = files(tmp_path / "mine")
    table = pd.DataFrame({"userId": pd.Categorical([7, 8]), "movieId": pd.Categorical(["1", "1"]), "rating": [3, 4]})
    table.to_parquet(folder / "ratings.parquet")
    pd.DataFrame({"movieId": [1], "title": ["Alien"], "genres": [["Horror", "Sci-Fi"]]}).to_parquet(
        folder / "movies.parquet"
    )
    data = read_source(str(folder)).data
    assert data.ratings["user_id"].tolist() == [7, 8]
    assert data.movie_genres == [["Horror", "Sci-Fi"]]


def test_items_without_genres_are_kept_with_one_warning(tmp_path: Path) -> None:
    folder = files(tmp_path / "mine", ratings_csv=RATINGS_CSV, movies_csv="movieId,title\n1,Tea\n2,Coffee\n")
    data = read_source(str(folder), scale=(0.5, 5.0)).data
    assert data.movie_genres == [[], []]
    assert data.warnings == ["movies.csv: no row names genres; the movies are kept, without any"]


def test_a_header_with_a_mark_windows_lines_and_blank_lines_do_not_matter(tmp_path: Path) -> None:
    folder = files(
        tmp_path / "mine",
        ratings_csv=b"\xef\xbb\xbf" + RATINGS_CSV.replace("\n7", "\n\n7").replace("\n", "\r\n").encode(),
        movies_csv='movieId,title,genres\n1,"Say ""A, B""",\n2,"Two\nlines",Drama\n',
    )
    data = read_source(str(folder)).data
    assert data.ratings["stars"].tolist() == [4.0, 0.5, 5.0]
    assert data.movies["title"].tolist() == ['Say "A, B"', "Two\nlines"]
    assert "movies.csv, row 2, column genres: an empty cell names no genres" in data.warnings[1]


BAD_ROWS = [
    ("7,99,3,964982224", ", column movieId: 99 is not in movies.csv"),
    ("7,2,good,964982224", ", column rating: 'good' is not a number"),
    ("7,2,,964982224", ", column rating: an empty cell is not a number"),
    ("7,2,NaN,964982224", ", column rating: NaN is not a number"),
    ("7,2,inf,964982224", ", column rating: inf is not a number"),
    ("7,2,1e300,964982224", ", column rating: 1e300 is not a number"),
    ("7,2,6,964982224", ", column rating: 6 is off the scale of 0.5 to 5 stars"),
    ("7,2,3,now", ", column timestamp: 'now' is not a time"),
    ("7,2,3,", ", column timestamp: an empty cell is not a time"),
    ("7,2,3,2000-13-01", ", column timestamp: '2000-13-01' is not a time"),
    ("7,2,3,964982224000", ", column timestamp: 964982224000 lies in the future"),
    ("7,2,3,2999-01-01", ", column timestamp: '2999-01-01' lies in the future"),
    ("7,2,3,1969-12-31", ", column timestamp: '1969-12-31' lies before 1970"),
    ("9007199254740993,2,3,5", ", column userId: 9007199254740993 is not an id"),
    (f"{'9' * 10_000},2,3,5", f", column userId: {'9' * 60} is not an id"),
    ("anna,2,3,5", ", column userId: 'anna' is not an id"),
    ("7,1.5,3,5", ", column movieId: 1.5 is not an id"),
    ("7,1,3,5", ", column movieId: 1 was rated by the same user in an earlier row"),
    ("7,2,3", ": '7,2,3' has 3 columns instead of 4"),
    ("7,2,3,5,6", ": '7,2,3,5,6' has 5 columns instead of 4"),
]


@pytest.mark.parametrize(("row", "what"), BAD_ROWS)
def test_a_bad_rating_names_file_row_and_column(row: str, what: str, tmp_path: Path) -> None:
    folder = files(tmp_path, ratings_csv=f"{RATINGS_CSV}{row}\n1,1\n", movies_csv=MOVIES_CSV)
    with pytest.raises(BadRows) as refusal:
        read_source(str(folder), scale=(0.5, 5.0))
    report = str(refusal.value).splitlines()
    assert report[0].endswith(": 2 bad rows; nothing was imported")
    assert report[1].startswith(f"  ratings.csv, row 5{what}")
    assert report[2] == "  ratings.csv, row 6: '1,1' has 2 columns instead of 4"


def test_a_bad_movie_and_a_bad_user_are_told_together_with_the_ratings(tmp_path: Path) -> None:
    folder = files(
        tmp_path / "mine",
        ratings_csv=RATINGS_CSV,
        movies_csv="movieId,title,genres\n1,Alien,Horror\n1,Aliens,Horror\n3, ,Horror\n",
        users_csv="userId,age\n1,20\n1,30\nme,40\n",
    )
    with pytest.raises(BadRows) as refusal:
        read_source(str(folder))
    assert str(refusal.value).splitlines()[1:] == [
        "  movies.csv, row 3, column movieId: 1 stands in an earlier row already",
        "  movies.csv, row 4, column title: ' ' is not a title",
        "  ratings.csv, row 3, column movieId: 2 is not in movies.csv",
        "  users.csv, row 3, column userId: 1 stands in an earlier row already",
        "  users.csv, row 4, column userId: 'me' is not an id (a whole number from 0)",
    ]


def test_rows_of_a_dat_are_lines_from_1(tmp_path: Path) -> None:
    folder = files(tmp_path / "mine", ratings_dat="1::1::4::5\n\n1::2:3::5\n1::2::x::5\n")
    with pytest.raises(BadRows) as refusal:
        read_source(str(folder))
    assert str(refusal.value).splitlines()[1:] == [
        "  ratings.dat, row 3: '1::2:3::5' has 3 columns instead of 4",
        "  ratings.dat, row 4, column rating: 'x' is not a number",
    ]


def test_rows_are_counted_on_from_block_to_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "BYTES_A_BLOCK", 20)
    rows = [f"{user},1,{user % 5},{user}" for user in range(1, 40)]
    rows[3], rows[17], rows[30], rows[38] = "", "18,1", "31,1,bad,31", "1,1,3,1"
    (tmp_path / "a.csv").write_text("userId,movieId,rating,timestamp\n" + "\n".join(rows))
    with pytest.raises(BadRows) as refusal:
        read_ratings_file(tmp_path / "a.csv")
    assert [line.split(",")[1].split(":")[0] for line in str(refusal.value).splitlines()[1:]] == [
        " row 19",
        " row 32",
        " row 40",
    ]


def test_parquets_rows_are_counted_on_from_batch_to_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "ROWS_A_BLOCK", 2)
    table = pd.DataFrame({"userId": [1, 2, 3, 4, 5], "movieId": 1, "rating": [3, 3, None, 3, 3]})
    table.to_parquet(tmp_path / "a.parquet")
    with pytest.raises(BadRows, match="parquet, row 3, column rating: an empty cell is not a number"):
        read_ratings_file(tmp_path / "a.parquet")


@pytest.mark.parametrize("row", ['7,2,"3,5', '7,2,3,"5', '"7,2,3,5'])
def test_an_open_quote_swallows_no_rows(row: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f'{RATINGS_CSV}{row}\n8,2,3,5\n9,2,"3",5\n')
    with pytest.raises(Refused, match=r"a\.csv, row 5: a quote is not closed in its line"):
        read_source(str(tmp_path / "a.csv"), skip_bad_rows=True)


def read_skipping(folder: Path) -> tuple[Dataset, pd.DataFrame]:
    found = read_source(str(folder), skip_bad_rows=True)
    found.left_out.write(folder / "left-out.csv")
    return found.data, pd.read_csv(folder / "left-out.csv", keep_default_na=False)


def test_bad_rows_can_be_left_out_and_each_is_written_down_with_its_reason(tmp_path: Path) -> None:
    folder = files(tmp_path / "mine", ratings_csv=f"{RATINGS_CSV}7,1,3,5\nx,2,y,5\n7,2\n7,2,2,5\n")
    data, left_out = read_skipping(folder)
    assert data.ratings["stars"].tolist() == [4.0, 0.5, 5.0, 2.0]
    assert left_out.to_numpy().tolist() == [
        ["ratings.csv", 5, "movieId", "1", "was rated by the same user in an earlier row"],
        ["ratings.csv", 6, "userId", "'x'", "is not an id (a whole number from 0)"],
        ["ratings.csv", 6, "rating", "'y'", "is not a number"],
        ["ratings.csv", 7, "", "'7,2'", "has 2 columns instead of 4"],
    ]


def test_the_ratings_of_a_movie_that_was_left_out_are_left_out_too(tmp_path: Path) -> None:
    folder = files(tmp_path / "mine", ratings_csv=RATINGS_CSV, movies_csv="movieId,title\n1,Alien\n2,\n")
    data, left_out = read_skipping(folder)
    assert data.ratings["movie_id"].tolist() == [1, 1]
    assert left_out["file"].tolist() == ["movies.csv", "ratings.csv"]


def test_of_two_ratings_of_a_pair_the_first_good_one_stays(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("userId,movieId,rating\n1,1,bad\n1,1,2\n1,1,3\n")
    assert read_source(str(tmp_path / "a.csv"), skip_bad_rows=True).data.ratings["stars"].tolist() == [2.0]


def test_when_no_good_row_is_left_nothing_is_imported(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("userId,movieId,rating\n1,1,bad\n")
    with pytest.raises(Refused, match=r"a\.csv has no good rows; nothing was imported"):
        read_source(str(tmp_path / "a.csv"), skip_bad_rows=True)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "has no column userId; it has none"),
        (b"userId,movieId,rating\n", "has no rows"),
        (b"1,1,4.0,964982703\n", "has no column userId; it has 1, 1, 4.0, 964982703"),
        (b"userId,movieId,rating,rating\n1,1,1,1\n", "has the column rating twice"),
        (b"userId,movieId,rating\n1,1,3\n1,2,\xe9\n", "row 3: not UTF-8"),
        (b"\xff\xfe\x00\x01", "is not a text file in UTF-8"),
    ],
)
def test_a_file_without_ratings_is_refused_with_a_reason(content: bytes, what: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(Refused, match=rf"a\.csv.* ?{what}.*; nothing was imported"):
        read_ratings_file(tmp_path / "a.csv")


@pytest.mark.parametrize("name", ["a.parquet", "a.zip"])
def test_what_is_not_what_its_name_says_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(RATINGS_CSV)
    with pytest.raises(Refused, match=rf"{name} is not a \.?{name[2:]} file, or not a whole one"):
        read_source(str(tmp_path / name))


def test_a_damaged_zip_is_refused(tmp_path: Path) -> None:
    file = zip_of_csv(tmp_path)
    content = bytearray(file.read_bytes())
    content[content.index(b"ratings.csv") + 20] ^= 0xFF
    file.write_bytes(content)
    with pytest.raises(Refused, match=r"cannot be read to its end"):
        read_source(str(file))


def test_a_damaged_parquet_file_is_refused(tmp_path: Path) -> None:
    pd.DataFrame({"userId": range(1000), "movieId": 1, "rating": 3}).to_parquet(tmp_path / "a.parquet")
    content = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "a.parquet").write_bytes(content[:4] + b"\xff" * 100 + content[104:])
    with pytest.raises(Refused, match=r"a\.parquet cannot be read to its end"):
        read_ratings_file(tmp_path / "a.parquet")


def test_a_folder_without_ratings_or_with_two_of_them_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"has none of ratings\.csv, ratings\.dat, u\.data, ratings\.parquet"):
        read_source(str(tmp_path))
    files(tmp_path, ratings_csv=RATINGS_CSV, u_data="1\t1\t3\t5\n")
    with pytest.raises(Refused, match=r"has ratings\.csv and u\.data; give the path of one"):
        read_source(str(tmp_path))


def test_one_user_one_movie_and_one_opinion_are_enough_here(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("userId,movieId,rating\n1,1,3\n")
    assert read_ratings_file(tmp_path / "a.csv").scale == (3.0, 3.0)


def test_a_clock_that_is_an_hour_ahead_is_no_fault(tmp_path: Path) -> None:
    soon = int(time.time()) + 3600
    (tmp_path / "a.csv").write_text(f"userId,movieId,rating,timestamp\n1,1,3,{soon}\n")
    assert read_ratings_file(tmp_path / "a.csv").ratings["timestamp"].tolist() == [soon]


async def grouplens(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        content = {
            "/ml-1m.zip": b"content",
            "/ml-1m.zip.md5": f"MD5 (ml-1m.zip) = {hashlib.md5(b'content').hexdigest()}\n".encode(),
            "/ml-25m.zip": b"content, damaged",
            "/ml-25m.zip.md5": f"{hashlib.md5(b'content').hexdigest()}  ml-25m.zip\n".encode(),
        }.get(scope["path"])
        await Response(content or b"", 404 if content is None else 200)(scope, receive, send)


def test_a_set_is_downloaded_and_checked_by_the_md5_beside_it(tmp_path: Path) -> None:
    with running(grouplens) as site:
        assert download("ml-1m", tmp_path, site).read_bytes() == b"content"
        with pytest.raises(FetchError, match=r"ml-25m\.zip has md5 .* is published: try again; not used"):
            download("ml-25m", tmp_path, site)


def test_where_there_is_no_network_the_way_without_it_is_told(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        site = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(FetchError) as refusal:
            download("ml-32m", tmp_path, site)
    assert f"could not download {site}/ml-32m.zip" in str(refusal.value)
    assert "download ml-32m.zip by hand and give its path" in str(refusal.value)


def test_a_prepared_folder_tells_apart_whatever_it_was_asked_for(tmp_path: Path) -> None:
    assert {file.name for file in csv_folder(tmp_path).iterdir()} == {"ratings.csv", "movies.csv"}
    before = fingerprint(csv_folder(tmp_path))
    (tmp_path / "csv" / "movies.csv").write_text(MOVIES_CSV)
    assert fingerprint(tmp_path / "csv") != before
