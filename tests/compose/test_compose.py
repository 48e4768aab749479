"""What the compose files say, read without an engine; run.sh starts them."""

import json
from typing import Any

import pytest
import yaml

from shared.services import ROOT, names

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
GPU: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.gpu.yml").read_text())
SERVICES = COMPOSE["services"]
SETTINGS = {line.partition("=")[0] for line in (ROOT / ".env.example").read_text().splitlines()}


def test_every_service_on_disk_has_its_containers_and_its_volume() -> None:
    assert set(SERVICES) == {"gateway", *names(), *(f"{name}-train" for name in names())}
    assert set(COMPOSE["volumes"]) == set(names())


def test_the_gateway_forwards_to_every_service() -> None:
    services = json.loads(SERVICES["gateway"]["environment"]["GATEWAY_SERVICES"])
    assert services == {name: f"http://{name}:8000" for name in names()}


def test_every_process_with_a_model_may_have_the_gpu() -> None:
    assert set(names()) <= set(GPU["services"]) <= set(SERVICES) - {"gateway"}


@pytest.mark.parametrize("name", names())
def test_a_service_is_built_of_its_own_group_and_folder_and_trained_by_the_same_image(name: str) -> None:
    arguments = SERVICES[name]["build"]["args"]
    assert (arguments["GROUP"], arguments["PACKAGE"]) == (name, f"services/{name}")
    assert SERVICES[f"{name}-train"]["image"] == f"${{COMPOSE_PROJECT_NAME}}-{name}"


@pytest.mark.parametrize("name", SERVICES)
def test_what_compose_fixes_is_a_setting(name: str) -> None:
    assert set(SERVICES[name]["environment"]) - SETTINGS == {"HEALTH_URL"}
