"""The gateway's own answers: health of everything, docs without internet, the front page."""

import re
from collections.abc import Iterator

import httpx
import pytest

from gateway.app import build
from gateway.settings import Settings
from tests.conftest import running
from tests.gateway.conftest import toy


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with running(toy) as url:
        gateway_app = build(Settings(services={"toy": url, "dead": "http://127.0.0.1:1"}))
        with running(gateway_app) as gateway, httpx.Client(base_url=gateway, timeout=5) as client:
            yield client


def test_the_gateway_is_alive_whatever_its_services_do(client: httpx.Client) -> None:
    assert client.get("/health/live").json() == {"status": "alive"}


def test_ready_names_the_service_that_is_not(client: httpx.Client) -> None:
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["detail"] == "not ready: dead (it is down)"
    assert [service["ready"] for service in answer.json()["services"]] == [True, False]


def test_the_front_page_is_files_of_ours_alone(client: httpx.Client) -> None:
    page = client.get("/")
    sources = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert "web/main.js" in sources
    assert [client.get(f"/{source}").status_code for source in sources] == [200] * len(sources)


def test_docs_load_nothing_from_another_host(client: httpx.Client) -> None:
    page = client.get("/docs").text
    sources = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert sources
    assert all(source.startswith("/") and not source.startswith("//") for source in sources)
    assert [client.get(source).status_code for source in sources] == [200] * len(sources)


def test_metrics_count_requests_by_service_never_by_path(client: httpx.Client) -> None:
    client.get("/toy/one/seen")
    client.get("/toy/two/seen")
    text = client.get("/metrics").text
    assert 'route="/toy"' in text
    assert "/toy/one" not in text
