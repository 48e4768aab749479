"""What every service promises. Services are found on disk: a new folder is tested the day it appears."""

import importlib
import io
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from fastapi.testclient import TestClient
from openapi_spec_validator import validate

from shared.arrays import NPY, npy_bytes
from shared.services import names
from tests.conftest import ready

SERVICES = names()


@pytest.fixture(scope="session", params=SERVICES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def client(name: str) -> Iterator[TestClient]:
    with ready(importlib.import_module(f"services.{name}.app").app, name) as client:
        yield client


@pytest.fixture(scope="session")
def document(name: str, client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/{name}/openapi.json").json()
    return found


Operation = tuple[str, str, dict[str, Any]]


def operations(document: dict[str, Any]) -> list[Operation]:
    return [(path, method, op) for path, item in document["paths"].items() for method, op in item.items()]


def is_problem(answer: Any, status: int) -> bool:
    body = answer.json()
    return (
        answer.status_code == body["status"] == status
        and answer.headers["content-type"] == "application/problem+json"
        and {"type", "title", "detail", "request_id"} <= set(body)
        and body["request_id"] == answer.headers["x-request-id"]
        and "Traceback" not in answer.text
    )


# ---- health, card, page, metrics


def test_it_is_alive(name: str, client: TestClient) -> None:
    assert client.get(f"/{name}/health/live").json() == {"status": "alive"}


def test_ready_says_what_is_loaded(name: str, client: TestClient) -> None:
    ready = client.get(f"/{name}/health/ready").json()
    assert (ready["status"], ready["name"]) == ("ready", name)
    assert re.fullmatch(r"\d+\.\d+\.\d+", ready["version"])
    assert re.fullmatch(r"[0-9a-f]{64}", ready["sha256"])
    assert ready["device"].split(":")[0] in ("cpu", "cuda", "mps")


def test_the_card_tells_data_command_and_quality(name: str, client: TestClient) -> None:
    card = client.get(f"/{name}/card").json()
    assert card["name"] == name
    assert all(card[field] for field in ("summary", "task", "data", "licence", "command", "sizes", "limits"))
    assert card["figures"]
    assert all(
        figure["metric"] and figure["data"] and (figure["baselines"] or figure["note"]) for figure in card["figures"]
    )


def test_the_page_is_files_of_ours_alone(name: str, client: TestClient) -> None:
    page = client.get(f"/{name}/")
    sources = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert page.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "web/main.js" in sources
    assert [client.get(f"/{name}/{source}").status_code for source in sources] == [200] * len(sources)


def test_the_page_is_found_without_its_last_slash_and_by_the_port_alone(name: str, client: TestClient) -> None:
    assert client.get(f"/{name}").url.path == client.get("/").url.path == f"/{name}/"


def test_the_code_that_answers_can_be_read(name: str, client: TestClient) -> None:
    code = client.get(f"/{name}/code/app.py")
    assert (code.status_code, code.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert is_problem(client.get(f"/{name}/code/../../.env"), 404)


def test_metrics_count_requests_by_route(name: str, client: TestClient) -> None:
    client.get(f"/{name}/health/live")
    assert f'route="/{name}/health/live"' in client.get(f"/{name}/metrics").text


def test_docs_load_nothing_from_another_host(name: str, client: TestClient) -> None:
    sources = re.findall(r'(?:src|href)="([^"]+)"', client.get(f"/{name}/docs").text)
    assert sources
    assert all(source.startswith(f"/{name}/") for source in sources)
    assert [client.get(source).status_code for source in sources] == [200] * len(sources)


# ---- OpenAPI


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    validate(document)


def test_every_path_carries_the_services_name(name: str, document: dict[str, Any]) -> None:
    assert all(path.startswith(f"/{name}/") for path in document["paths"])


def test_every_operation_says_what_it_does(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        assert operation["summary"], (path, method)
        for parameter in operation.get("parameters", []):
            described = parameter.get("description") or parameter["schema"].get("description")
            assert described, (path, parameter["name"])


def test_every_field_is_described(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for schema_name, schema in schemas.items():
        for field, definition in schema.get("properties", {}).items():
            assert "description" in definition or "$ref" in definition, f"{schema_name}.{field}"


def test_every_example_is_answered(name: str, client: TestClient, document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        for content in request_bodies(document, operation):
            url, query = filled(path, operation)
            answer = client.request(method, url, params=query, **content)
            assert answer.status_code in (200, 201), f"{method} {url} {query}: {answer.text[:300]}"


def filled(path: str, operation: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    values = {p["name"]: (p["in"], example_of(p)) for p in operation.get("parameters", [])}
    url = path.format(**{name: value for name, (place, value) in values.items() if place == "path"})
    return url, {name: value for name, (place, value) in values.items() if place == "query" and value is not None}


def example_of(parameter: dict[str, Any]) -> Any:
    schema = parameter["schema"]
    found = parameter.get("example", next(iter(schema.get("examples", [])), schema.get("default")))
    assert found is not None or not parameter.get("required"), f"{parameter['name']} has no example"
    return found


def request_bodies(document: dict[str, Any], operation: dict[str, Any]) -> list[dict[str, Any]]:
    """What to send, once for each kind of body the operation takes; a picture where it takes bytes."""
    contents = operation.get("requestBody", {}).get("content", {})
    return [body_of(document, media, content) for media, content in contents.items()] or [{}]


def body_of(document: dict[str, Any], media: str, content: dict[str, Any]) -> dict[str, Any]:
    if media == "application/json":
        schema = content["schema"]
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]] if "$ref" in schema else schema
        return {"json": content.get("example", schema.get("examples", [None])[0])}
    if media == "multipart/form-data":
        fields = content["schema"]["properties"]
        files = {name: file_of(field.get("items", field)) for name, field in fields.items() if is_file(field)}
        return {"files": files, "data": content.get("example", {})}
    kind = media.rsplit("/", 1)[-1].upper()
    kind = kind if kind in ("PNG", "JPEG", "GIF", "WEBP", "BMP") else "PNG"
    return {"content": picture(kind), "headers": {"Content-Type": media.replace("*", "png")}}


def is_file(field: dict[str, Any]) -> bool:
    return bool(field.get("items", field).get("format") == "binary")


def file_of(field: dict[str, Any]) -> tuple[str, bytes, str]:
    if field["contentMediaType"] == NPY:
        return "matrix.npy", matrix(), NPY
    return "picture.png", picture("PNG"), "image/png"


@cache
def matrix() -> bytes:
    """Of two tokens, each looking at itself."""
    import numpy as np

    return npy_bytes(np.eye(2))


@cache
def picture(kind: str) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.linear_gradient("L").resize((64, 64)).convert("RGB").save(buffer, kind)
    return buffer.getvalue()


# ---- bad input


def test_an_unknown_path_is_a_problem(name: str, client: TestClient) -> None:
    assert is_problem(client.get(f"/{name}/no-such-thing"), 404)


def test_a_wrong_method_is_a_problem_that_names_the_right_one(name: str, client: TestClient) -> None:
    answer = client.delete(f"/{name}/card")
    assert is_problem(answer, 405)
    assert "GET" in answer.json()["detail"]


def test_a_wrong_method_is_told_all_the_right_ones(client: TestClient, document: dict[str, Any]) -> None:
    for path, item in document["paths"].items():
        answer = client.put(path)
        assert is_problem(answer, 405)
        assert {method.lower() for method in answer.headers["allow"].split(", ")} == set(item), path


def test_an_unknown_query_parameter_is_refused_by_name(name: str, client: TestClient) -> None:
    answer = client.get(f"/{name}/card", params={"colour": "red"})
    assert is_problem(answer, 422)
    assert "colour" in answer.json()["detail"]


def json_posts(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Every operation that takes JSON, with the example it gives."""
    posts = [(path, op) for path, method, op in operations(document) if method == "post"]
    bodies = [(path, op.get("requestBody", {}).get("content", {}).get("application/json")) for path, op in posts]
    return [(path, body_of(document, "application/json", content)["json"]) for path, content in bodies if content]


def test_an_unknown_field_is_refused_by_name(client: TestClient, document: dict[str, Any]) -> None:
    for path, example in json_posts(document):
        answer = client.post(path, json=example | {"colour": "red"})
        assert is_problem(answer, 422), path
        assert "colour" in answer.json()["detail"]


def test_json_that_is_not_json_is_400(client: TestClient, document: dict[str, Any]) -> None:
    for path, _ in json_posts(document):
        answer = client.post(path, content=b'{"text": ', headers={"Content-Type": "application/json"})
        assert is_problem(answer, 400), path


def posts(document: dict[str, Any]) -> list[str]:
    return [path for path, method, op in operations(document) if method == "post" and "requestBody" in op]


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_413(client: TestClient, document: dict[str, Any], chunked: bool) -> None:
    piece = b" " * 1_000_000
    for path in posts(document):
        body: Any = iter([piece] * 11) if chunked else piece * 11
        answer = client.post(path, content=body, headers={"Content-Type": "application/json"})
        assert is_problem(answer, 413), path
        assert "10,000,000 bytes" in answer.json()["detail"]


# ---- identity


def test_a_harmless_request_id_is_kept_and_another_replaced(name: str, client: TestClient) -> None:
    live = f"/{name}/health/live"
    assert client.get(live, headers={"X-Request-ID": "mine_1-2"}).headers["x-request-id"] == "mine_1-2"
    assert client.get(live, headers={"X-Request-ID": "a b"}).headers["x-request-id"] != "a b"
