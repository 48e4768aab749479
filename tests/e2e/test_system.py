"""The whole system, once, for real: three main questions through the gateway, and what happens when a part fails."""

import os
import signal
import subprocess
import time
from pathlib import Path

import httpx
import pytest
from openapi_spec_validator import validate

from shared.services import ROOT, names
from tests.e2e.conftest import UP, System, environment, start, wait_until_announced
from tests.test_contract import filled, operations, request_bodies

pytestmark = pytest.mark.e2e


def test_everything_is_ready(client: httpx.Client) -> None:
    answer = client.get("/health/ready")
    assert answer.status_code == 200
    assert [service["name"] for service in answer.json()["services"]] == names()


def test_attention_of_a_sentence(client: httpx.Client) -> None:
    answer = client.post("/attention/maps", json={"text": "the train left the station on time", "layers": [0]})
    maps = answer.json()
    assert maps["tokens"] == ["[CLS]", "the", "train", "left", "the", "station", "on", "time", "[SEP]"]
    assert all(abs(sum(row) - 1) < 1e-3 for row in maps["weights"][0][0])


def test_stars_of_a_user_for_a_movie(client: httpx.Client) -> None:
    answer = client.post("/ratings/predict", json={"pairs": [{"user_id": 1, "movie_id": 1}]})
    (prediction,) = answer.json()["predictions"]
    assert 1 <= prediction["low"] <= prediction["stars"] <= prediction["high"] <= 5
    assert sum(prediction["parts"].values()) == pytest.approx(prediction["stars"], abs=1e-4)


def test_an_indexed_picture_finds_itself(client: httpx.Client) -> None:
    anchor = client.get("/images/anchors", params={"limit": 1}).json()["items"][0]
    picture = client.get(anchor["url"]).content
    answer = client.post("/images/search", content=picture, headers={"Content-Type": "image/png"})
    best = answer.json()["matches"][0]
    assert (best["id"], best["similarity"]) == (anchor["id"], 1.0)


def test_one_document_describes_everything_and_is_valid(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    validate(document)
    tags = {tag for _, _, operation in operations(document) for tag in operation["tags"]}
    assert tags == {"gateway", *names()}


def test_every_operation_can_be_tried_at_the_gateway(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    for path, method, operation in operations(document):
        for content in request_bodies(document, operation):
            url, query = filled(path, operation)
            assert client.request(method, url, params=query, **content).status_code in (200, 201), (
                f"{method} {url} {query}"
            )


def test_the_gateway_answers_what_the_service_answers(system: System, client: httpx.Client) -> None:
    body = {"pairs": [{"user_id": 1, "movie_id": 1}]}
    direct = httpx.post(f"http://127.0.0.1:{system.ports['ratings']}/ratings/predict", json=body, trust_env=False)
    assert client.post("/ratings/predict", json=body).content == direct.content


@pytest.mark.parametrize("name", names())
def test_a_killed_service_is_503_at_once_and_comes_back(system: System, client: httpx.Client, name: str) -> None:
    others = [other for other in names() if other != name]
    os.kill(process_of(system, name), signal.SIGKILL)
    begin = time.monotonic()
    while (answer := client.get(f"/{name}/card")).status_code == 200:  # until the system has buried it
        assert time.monotonic() < begin + 5
    start = time.perf_counter()
    answer = client.get(f"/{name}/card")
    assert (answer.status_code, time.perf_counter() - start < 1) == (503, True)
    assert [client.get(f"/{other}/card").status_code for other in others] == [200] * len(others)
    while client.get("/health/ready").status_code != 200:
        assert time.monotonic() < begin + 120
        time.sleep(0.2)


def process_of(system: System, name: str) -> int:
    """The pid of the service's own process, found by its command and the port in its environment."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().split(b"\0")
            variables = (folder / "environ").read_bytes().split(b"\0")
        except OSError:  # It has ended meanwhile, or is not ours.
            continue
        port = f"{name.upper()}_PORT={system.ports[name]}".encode()
        if command[-3:-1] == [b"shared.serve", f"services.{name}".encode()] and port in variables:
            return int(folder.name)
    raise AssertionError(f"no process of {name}")


def test_a_taken_port_is_a_clear_error(system: System) -> None:
    outcome = subprocess.run(
        UP,
        cwd=ROOT,
        env=environment(system.ports, system.log.parent),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert outcome.returncode == 1
    assert f"port {system.ports['gateway']} of 127.0.0.1 is taken" in outcome.stderr
    assert "GATEWAY_PORT" in outcome.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    own = start(tmp_path / "log.txt")
    wait_until_announced(own)
    own.process.send_signal(number)
    assert own.process.wait(60) == 0
    assert "Traceback" not in own.log.read_text()
    for port in own.ports.values():
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"http://127.0.0.1:{port}/", trust_env=False)
