"""What run.sh asks of the running containers, through the gateway and of the engine; the standard library is enough."""

import json
import os
import struct
import sys
import time
import urllib.error
import urllib.request
from typing import Any

GATEWAY = f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}"
SERVICES = ("attention", "images", "ratings")
# A red picture of 8 x 8 pixels.
BITMAP = struct.pack("<2sIIIIiiHHIIiiII", b"BM", 246, 0, 54, 40, 8, 8, 1, 24, 0, 192, 0, 0, 0, 0) + b"\0\0\xff" * 64


def call(path: str, body: bytes | None = None, media: str = "application/json") -> tuple[int, bytes]:
    request = urllib.request.Request(GATEWAY + path, body, {"Content-Type": media})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def ask(path: str, body: bytes | None = None, media: str = "application/json") -> Any:
    status, answer = call(path, body, media)
    assert status == 200, f"{path} answered {status}: {answer[:500]!r}"
    return json.loads(answer)


def attention_rows_sum_to_one() -> None:
    maps = ask("/attention/maps", b'{"text": "The animal did not cross the street"}')
    rows = [row for layer in maps["weights"] for head in layer for row in head]
    assert rows
    assert all(abs(sum(row) - 1) < 0.01 for row in rows)


def a_rating_is_a_number_of_stars() -> None:
    [prediction] = ask("/ratings/predict", b'{"pairs": [{"user_id": 1, "movie_id": 1}]}')["predictions"]
    assert 0.5 <= prediction["stars"] <= 5, prediction


def an_anchor_finds_itself() -> None:
    anchor = ask("/images/anchors?limit=1")["items"][0]["id"]
    status, picture = call(f"/images/anchors/{anchor}/file")
    assert status == 200
    best = ask("/images/search?k=3", picture, "application/octet-stream")["matches"][0]
    assert best["id"] == anchor, best
    assert f"{best['similarity']:.3f}" == "1.000", best


def pages_are_there() -> None:
    for page in ("/", *(f"/{service}/" for service in SERVICES)):
        for path in (page, f"{page}web/main.js", f"{page}web/shared/style.css"):
            assert call(path)[0] == 200, path


def questions() -> None:
    """The main question of each service, their pages, and the gateway's own view of them."""
    attention_rows_sum_to_one()
    a_rating_is_a_number_of_stars()
    an_anchor_finds_itself()
    pages_are_there()
    ask("/health/ready")
    assert {path.split("/")[1] for path in ask("/openapi.json")["paths"]} >= set(SERVICES)


def rate() -> None:
    """Somebody new rates a movie."""
    status, answer = call("/ratings/ratings", b'{"user_id": 70000, "movie_id": 1, "stars": 5}')
    assert status == 201, answer


def add_picture() -> None:
    """Somebody adds a picture of his own."""
    status, answer = call("/images/anchors?file=mine.bmp", BITMAP, "image/bmp")
    assert status == 201, answer


def picture_added() -> None:
    """The picture is still there, and found."""
    best = ask("/images/search?k=1", BITMAP, "image/bmp")["matches"][0]
    assert (best["file"], best["similarity"]) == ("mine.bmp", 1), best


def rated() -> None:
    """The rating is still there."""
    assert ask("/ratings/users/70000")["count"] == 1


def gap(down: str) -> None:
    """`down` was just killed: 503 in under a second until it is back, and no other service notices."""
    seen, deadline = set[int](), time.monotonic() + 60
    while time.monotonic() < deadline:
        started = time.monotonic()
        status, answer = call(f"/{down}/card")
        seconds = time.monotonic() - started
        assert status in (200, 503), f"{status} in the gap: {answer[:500]!r}"
        assert seconds < 1 or status == 200, f"503 took {seconds:.2f} s"
        for other in SERVICES:
            assert other == down or call(f"/{other}/card")[0] == 200, f"{other} noticed that {down} is down"
        seen.add(status)
        if seen == {200, 503} and status == 200:
            return
        time.sleep(0.05)
    raise AssertionError(f"{down} answered only {sorted(seen)} for a minute after it was killed")


def containers() -> None:
    """Reads `docker inspect` of every container: not root, root file system read-only, one loopback port in all."""
    found = json.load(sys.stdin)
    published = [port for container in found for port in container["HostConfig"]["PortBindings"].values()]
    assert published == [[{"HostIp": "127.0.0.1", "HostPort": os.environ["GATEWAY_PORT"]}]], published
    for container in found:
        name, host = container["Name"], container["HostConfig"]
        assert container["Config"]["User"] not in ("", "0", "root"), name
        assert host["ReadonlyRootfs"], name
        assert host["CapDrop"] == ["ALL"], name
        assert "no-new-privileges:true" in host["SecurityOpt"], name
        assert host["Memory"], name


if __name__ == "__main__":
    asked = {
        "questions": questions,
        "rate": rate,
        "rated": rated,
        "add": add_picture,
        "added": picture_added,
        "containers": containers,
    }
    (asked | {"gap": lambda: gap(sys.argv[2])})[sys.argv[1]]()
