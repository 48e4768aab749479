"""One OpenAPI document out of the documents of all services: names prefixed, no reference left dangling."""

import re
from collections.abc import Mapping
from typing import Any

Document = dict[str, Any]

REFERENCE = re.compile(r"^#/components/([^/]+)/(.+)$")


def merge(own: Document, documents: Mapping[str, Document]) -> Document:
    """`own` (the gateway's) with the paths, components and tags of `documents`, by service name.

    Two services may both have a schema `Movie` or an operation `search`: each gets its service's name in front.
    """
    merged: Document = own | {"paths": {}, "components": {}, "tags": []}
    for name, document in {"gateway": own, **documents}.items():
        merged["paths"] |= prefixed(document["paths"], name)
        merged["tags"] += document.get("tags", [])
        add_components(merged, name, document)
    return merged


def add_components(merged: Document, service: str, document: Document) -> None:
    for kind, components in document.get("components", {}).items():
        target = merged["components"].setdefault(kind, {})
        target |= {component_name(service, name): prefixed(value, service) for name, value in components.items()}


def component_name(service: str, name: str) -> str:
    return f"{service}.{name}"


def prefixed(node: Any, service: str) -> Any:
    """A copy of `node` whose references and operation ids carry the service's name."""
    if isinstance(node, list):
        return [prefixed(item, service) for item in node]
    if not isinstance(node, dict):
        return node
    return {key: prefixed_value(key, value, service) for key, value in node.items()}


def prefixed_value(key: str, value: Any, service: str) -> Any:
    if key == "$ref" and isinstance(value, str) and (match := REFERENCE.match(value)):
        return f"#/components/{match[1]}/{component_name(service, match[2])}"
    if key == "operationId" and isinstance(value, str):
        return f"{service}.{value}"
    return prefixed(value, service)
