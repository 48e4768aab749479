"""Writes `.env.example`: every setting of every process with its default, read off the Settings classes."""

import importlib
import json
from textwrap import wrap
from typing import Any

from shared.services import names

HEAD = """\
# Every setting of every process, with its default. Copy to .env and change what you need;
# a variable of the environment wins over this file. Written by `make env`.
"""


def main() -> None:
    print(text(), end="")


def text() -> str:
    return "\n".join([HEAD, *(section(package) for package in ["gateway", *(f"services.{name}" for name in names())])])


def section(package: str) -> str:
    settings = importlib.import_module(f"{package}.settings").Settings
    prefix = settings.model_config["env_prefix"]
    lines = [f"# ---- {package.removeprefix('services.')}"]
    for name, field in settings.model_fields.items():
        lines += [f"# {line}" for line in wrap(field.description, 100)]
        lines.append(f"{prefix}{name.upper()}={value(field.default)}")
    return "\n".join([*lines, ""])


def value(default: Any) -> str:
    return json.dumps(default) if isinstance(default, dict | list) else str(default)


if __name__ == "__main__":
    main()
