"""A setting that cannot be read is refused by the name of its variable."""

from pathlib import Path

import pytest
from pydantic import Field

from shared.settings import BadSetting, ProcessSettings


class Settings(ProcessSettings, env_prefix="TOY_"):
    port: int = Field(0, description="Port.")
    folders: dict[str, Path] = Field({}, description="Folders by name, as JSON.")


@pytest.mark.parametrize("value", ["not json", '{"a": ', "/models/gpt2"])
def test_what_is_not_json_is_refused_by_the_name_of_its_variable(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("TOY_FOLDERS", value)
    with pytest.raises(BadSetting) as caught:
        Settings()
    assert str(caught.value).startswith(f"TOY_FOLDERS={value}: this is not JSON: ")
    assert "\n" not in str(caught.value)


def test_so_is_what_is_not_json_in_a_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TOY_FOLDERS=not json\n")
    with pytest.raises(BadSetting, match="TOY_FOLDERS=not json: this is not JSON"):
        Settings(_env_file=tmp_path / ".env")


def test_json_of_another_shape_is_refused_by_name_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOY_FOLDERS", '["a"]')
    with pytest.raises(BadSetting, match=r"TOY_FOLDERS=\['a'\]: Input should be a valid dictionary"):
        Settings()


def test_json_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOY_FOLDERS", '{"gpt2": "/models/gpt2"}')
    assert Settings().folders == {"gpt2": Path("/models/gpt2")}
