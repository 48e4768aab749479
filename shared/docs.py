"""What every OpenAPI document here has in common: how operations are named and problems described."""

from typing import Any

from fastapi.routing import APIRoute

from shared.problems import MEDIA_TYPE, ProblemBody

METRICS_IN_DOCS: dict[int | str, dict[str, Any]] = {
    200: {"description": "Prometheus text format.", "content": {"text/plain": {"schema": {"type": "string"}}}}
}


def operation_id(route: APIRoute) -> str:
    return route.name


def problem_in_docs() -> dict[str, Any]:
    schema = ProblemBody.model_json_schema()
    return {"description": "A problem (RFC 9457).", "content": {MEDIA_TYPE: {"schema": schema}}}


def put_examples(document: dict[str, Any], examples: dict[str, object]) -> None:
    """Give the parameters of these names values that exist in the loaded data."""
    for path in document["paths"].values():
        for operation in path.values():
            for parameter in operation.get("parameters", []):
                if parameter["name"] in examples:
                    parameter["example"] = examples[parameter["name"]]
