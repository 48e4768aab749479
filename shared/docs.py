"""What every OpenAPI document here has in common, and what it is good for: it knows every query parameter."""

from typing import Annotated, Any

from fastapi import Header, Request
from fastapi.routing import APIRoute

from shared.problems import MEDIA_TYPE, ProblemBody, Unprocessable, shorten

# The Accept header, for endpoints that offer several media types; the docs ask for it by the answers they list.
Accept = Annotated[str | None, Header(include_in_schema=False)]

METRICS_IN_DOCS: dict[int | str, dict[str, Any]] = {
    200: {"description": "Prometheus text format.", "content": {"text/plain": {"schema": {"type": "string"}}}}
}


def operation_id(route: APIRoute) -> str:
    return route.name


def problem_in_docs() -> dict[str, Any]:
    schema = ProblemBody.model_json_schema()
    return {"description": "A problem (RFC 9457).", "content": {MEDIA_TYPE: {"schema": schema}}}


def put_examples(document: dict[str, Any], examples: dict[str, object]) -> None:
    """Give the parameters of these names values that exist in the loaded data, unless they have an example already."""
    for path in document["paths"].values():
        for operation in path.values():
            for parameter in operation.get("parameters", []):
                if parameter["name"] in examples and "examples" not in parameter["schema"]:
                    parameter["example"] = examples[parameter["name"]]


async def refuse_unknown_query(request: Request) -> None:
    """A misspelt query parameter is refused by name: silently ignored, it would look as if it had worked."""
    operation = operation_in_docs(request)
    if operation is None:
        return
    known = [p["name"] for p in operation.get("parameters", []) if p["in"] == "query"]
    if unknown := sorted(set(request.query_params) - set(known)):
        offered = f"known are {', '.join(known)}" if known else "there are none here"
        raise Unprocessable(f"unknown query parameter {shorten(', '.join(unknown))}; {offered}")
    names = [name for name, _ in request.query_params.multi_items()]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise Unprocessable(f"the query names {', '.join(repeated)} more than once; send one value")


def operation_in_docs(request: Request) -> dict[str, Any] | None:
    path = request.app.openapi()["paths"].get(getattr(request.scope.get("route"), "path", ""), {})
    operation: dict[str, Any] | None = path.get(request.method.lower())
    return operation
