"""The gateway's path, through real sockets: unchanged, streamed both ways, clear when a service is down or slow."""

import socket
import time
from collections.abc import Iterator

import httpx
import pytest

from gateway.app import build
from gateway.settings import Settings
from shared.serve import free_port
from tests.conftest import running
from tests.gateway.conftest import toy


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    dead = f"http://127.0.0.1:{free_port()}"
    with running(toy) as url:
        settings = Settings(services={"toy": url, "dead": dead}, answer_seconds=1, max_body_bytes=5_000_000)
        with running(build(settings)) as gateway, httpx.Client(base_url=gateway, timeout=10) as client:
            yield client


def headers_seen(answer: httpx.Response) -> list[tuple[str, str]]:
    return [(name, value) for name, value in answer.json()["headers"]]


def test_path_and_query_arrive_as_the_client_wrote_them(client: httpx.Client) -> None:
    answer = client.get("/toy/a%20b/%ED%95%9C?text=caf%C3%A9&x=1&x=2")
    assert answer.json()["path"] == "/toy/a%20b/%ED%95%9C"
    assert answer.json()["query"] == "text=caf%C3%A9&x=1&x=2"


def test_a_large_body_comes_back_the_same(client: httpx.Client) -> None:
    body = bytes(range(256)) * 16_000
    assert client.post("/toy/echo", content=body).content == body


def test_a_chunked_body_comes_back_the_same(client: httpx.Client) -> None:
    pieces = [bytes([n]) * 300_000 for n in range(10)]
    assert client.post("/toy/echo", content=iter(pieces)).content == b"".join(pieces)


def test_an_answer_is_passed_on_before_it_is_complete(client: httpx.Client) -> None:
    with client.stream("GET", "/toy/ticks") as answer:
        start = time.perf_counter()
        pieces = [(piece, time.perf_counter() - start) for piece in answer.iter_raw()]
    assert b"".join(piece for piece, _ in pieces) == b"012"
    assert pieces[-1][1] - pieces[0][1] > 0.2


def test_repeated_response_headers_stay_repeated(client: httpx.Client) -> None:
    assert client.get("/toy/seen").headers.get_list("set-cookie") == ["a=1", "b=2"]


def test_headers_of_one_connection_stay_behind(client: httpx.Client) -> None:
    answer = client.get(
        "/toy/seen", headers={"Connection": "x-secret", "X-Secret": "1", "TE": "trailers", "X-Kept": "1"}
    )
    names = [name for name, _ in headers_seen(answer)]
    assert "x-kept" in names
    assert not {"connection", "x-secret", "te"} & set(names)
    assert "x-private" not in answer.headers


def test_a_client_cannot_speak_in_the_gateways_name(client: httpx.Client) -> None:
    answer = client.get("/toy/seen", headers={"X-Forwarded-For": "1.2.3.4", "X-Request-ID": "mine-1"})
    seen = dict(headers_seen(answer))
    assert seen["x-forwarded-for"] == "127.0.0.1"
    assert seen["x-request-id"] == answer.headers["x-request-id"] == "mine-1"


def test_date_and_request_id_come_once(client: httpx.Client) -> None:
    answer = client.get("/toy/seen")
    assert len(answer.headers.get_list("date")) == len(answer.headers.get_list("x-request-id")) == 1


def test_an_unknown_service_is_404_and_names_the_known(client: httpx.Client) -> None:
    answer = client.get("/nobody/x")
    assert answer.status_code == 404
    assert "/toy/, /dead/" in answer.json()["detail"]


def test_a_service_that_is_down_is_503_in_under_a_second(client: httpx.Client) -> None:
    start = time.perf_counter()
    answer = client.get("/dead/x")
    assert time.perf_counter() - start < 1
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert "the service dead is down" in answer.json()["detail"]
    assert client.get("/toy/ready").status_code == 200


def test_a_service_that_is_too_slow_is_504(client: httpx.Client) -> None:
    answer = client.get("/toy/sleep")
    assert answer.status_code == 504
    assert "did not answer in time" in answer.json()["detail"]


def test_half_an_answer_is_cut_not_completed(client: httpx.Client) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("/toy/break")


def test_a_body_over_the_limit_is_413(client: httpx.Client) -> None:
    answer = client.post("/toy/seen", content=b"x" * 6_000_000)
    assert answer.status_code == 413
    assert "5,000,000 bytes" in answer.json()["detail"]


def test_a_chunked_body_over_the_limit_never_looks_whole(client: httpx.Client) -> None:
    with pytest.raises(httpx.TransportError):
        client.post("/toy/echo", content=iter([b"x" * 1_000_000] * 6))
    assert client.get("/toy/ready").status_code == 200


@pytest.mark.parametrize("path", ["/toy/..%2fdead/x", "/toy/%2e%2e/dead", "/toy/a%5cb", "/toy/a%00"])
def test_a_disguised_path_is_refused(client: httpx.Client, path: str) -> None:
    host, port = client.base_url.host, client.base_url.port
    with socket.create_connection((host, port or 80), timeout=5) as sock:  # httpx would tidy the path up
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        assert sock.recv(1000).startswith(b"HTTP/1.1 400")


def test_a_service_that_comes_back_needs_no_restart_of_the_gateway() -> None:
    port = free_port()
    gateway_app = build(Settings(services={"toy": f"http://127.0.0.1:{port}"}))
    with running(gateway_app) as gateway, httpx.Client(base_url=gateway, timeout=5) as client:
        assert client.get("/toy/ready").status_code == 503
        with running(toy, port):
            assert client.get("/toy/ready").status_code == 200
        assert client.get("/toy/ready").status_code == 503
        with running(toy, port):
            assert client.get("/toy/ready").status_code == 200
