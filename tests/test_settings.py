"""Settings: `.env.example` lists exactly what there is, and a wrong value is refused by name."""

import pytest

from gateway.settings import Settings
from shared.env_example import text
from shared.services import ROOT, names, settings_of
from shared.settings import BadSetting


def test_env_example_is_what_the_settings_classes_say() -> None:
    assert (ROOT / ".env.example").read_text() == text(), "run `make env`"


def test_every_process_has_a_port_and_a_prefix_of_its_own() -> None:
    processes = [settings_of(package) for package in ["gateway", *(f"services.{name}" for name in names())]]
    assert len({process.port for process in processes}) == len(processes)
    assert len({process.model_config["env_prefix"] for process in processes}) == len(processes)


@pytest.mark.parametrize("name", names())
def test_a_services_variables_begin_with_its_name(name: str) -> None:
    assert settings_of(f"services.{name}").model_config["env_prefix"] == f"{name.upper()}_"


def test_a_setting_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_PORT", "9999")
    monkeypatch.setenv("GATEWAY_SERVICES", '{"toy": "http://127.0.0.1:1"}')
    assert Settings().port == 9999
    assert Settings().services == {"toy": "http://127.0.0.1:1"}


def test_a_wrong_value_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_PORT", "99999")
    with pytest.raises(BadSetting, match="GATEWAY_PORT=99999: Input should be less than or equal to 65535"):
        Settings()
