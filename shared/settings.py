"""The settings every process has: read once from the environment and `.env`, one prefix a process."""

import re
from json import JSONDecodeError
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from shared.commands import CannotDo


class BadSetting(CannotDo):
    """A variable of the environment or of `.env` has a value that cannot be."""


def not_json(error: SettingsError, prefix: str) -> str:
    """pydantic-settings names the field and leaves the rest to the error that caused its own."""
    field, cause = re.search(r'field "(\w+)"', str(error)), error.__cause__
    if field is None or not isinstance(cause, JSONDecodeError):
        return str(error)
    return f"{prefix}{field[1].upper()}={cause.doc}: this is not JSON: {cause.msg} at character {cause.pos}"


class ProcessSettings(BaseSettings):
    """What a process that answers HTTP needs to know; the gateway's settings and every service's extend it."""

    model_config = SettingsConfigDict(frozen=True, env_file=".env", extra="ignore", env_ignore_empty=True)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            prefix = str(self.model_config["env_prefix"])
            wrong = [f"{prefix}{str(e['loc'][0]).upper()}={e['input']}: {e['msg']}" for e in error.errors()]
            raise BadSetting("\n".join(wrong)) from error
        except SettingsError as error:
            raise BadSetting(not_json(error, str(self.model_config["env_prefix"]))) from error

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(ge=0, le=65535, description="Port to listen on; 0 lets the system choose.")
    max_body_bytes: int = Field(10_000_000, ge=1, description="Largest request body, in bytes; more is answered 413.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least severe line logged.")
    keep_alive_seconds: int = Field(75, ge=1, description="How long an idle connection is kept open.")
    drain_seconds: int = Field(20, ge=0, description="How long SIGTERM waits for requests in flight.")


class ServiceSettings(ProcessSettings):
    """What a process that serves a model needs to know besides."""

    data_dir: Path = Field(Path("data"), description="Where prepared data lies, a folder a service.")
    artifacts_dir: Path = Field(Path("artifacts"), description="Where trained models lie, a folder a service.")
    state_dir: Path = Field(Path("state"), description="Where what people add is kept, a folder a service.")
    device: Literal["auto", "cpu", "cuda", "mps"] = Field(
        "auto", description="Where the model runs; auto takes a GPU when there is one."
    )
    threads: int = Field(1, ge=1, description="Torch threads while serving; one a process is fastest on shared cores.")

    workers: int = Field(4, ge=1, description="Most answers computed at a time; the others wait their turn.")
    max_in_flight: int = Field(64, ge=1, description="Most requests computed or waiting; more is answered 429.")

    @property
    def name(self) -> str:
        """The service, as its prefix says."""
        return str(self.model_config["env_prefix"]).removesuffix("_").lower()

    @property
    def data(self) -> Path:
        return self.data_dir / self.name

    @property
    def artifacts(self) -> Path:
        return self.artifacts_dir / self.name

    @property
    def state(self) -> Path:
        return self.state_dir / self.name
