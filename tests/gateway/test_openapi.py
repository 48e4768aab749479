"""One document out of many: names prefixed, references whole, valid."""

from typing import Any

from openapi_spec_validator import validate

from gateway.openapi import merge


def document(path: str, schema: str) -> dict[str, Any]:
    answer = {"schema": {"$ref": f"#/components/schemas/{schema}"}}
    operation = {
        "operationId": "ask",
        "responses": {"200": {"description": "ok", "content": {"application/json": answer}}},
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {path: {"get": operation}},
        "components": {"schemas": {schema: {"type": "object", "properties": {"operationId": {"type": "string"}}}}},
        "tags": [{"name": path}],
    }


def merged() -> dict[str, Any]:
    services = {"one": document("/one/ask", "Movie"), "two": document("/two/ask", "Movie")}
    return merge(document("/health", "Live"), services)


def references(node: Any) -> list[str]:
    if isinstance(node, list):
        return [found for item in node for found in references(item)]
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [found for item in node.values() for found in references(item)]
    return []


def test_the_merged_document_is_valid() -> None:
    validate(merged())


def test_two_services_keep_schemas_of_the_same_name_apart() -> None:
    assert set(merged()["components"]["schemas"]) == {"gateway.Live", "one.Movie", "two.Movie"}


def test_operations_carry_their_services_name() -> None:
    operations = {path: item["get"]["operationId"] for path, item in merged()["paths"].items()}
    assert operations == {"/health": "gateway.ask", "/one/ask": "one.ask", "/two/ask": "two.ask"}


def test_no_reference_dangles() -> None:
    whole = merged()
    for reference in references(whole):
        name = reference.removeprefix("#/components/schemas/")
        assert name in whole["components"]["schemas"]


def test_a_property_that_is_called_operation_id_stays_as_it_is() -> None:
    assert merged()["components"]["schemas"]["one.Movie"]["properties"] == {"operationId": {"type": "string"}}
