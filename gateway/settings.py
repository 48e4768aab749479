"""The gateway's settings: which services there are, and how patient to be with them."""

from pydantic import Field

from shared.settings import ProcessSettings


class Settings(ProcessSettings, env_prefix="GATEWAY_"):
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 lets the system choose.")
    services: dict[str, str] = Field(
        {},
        description='Name and base URL of each service, as JSON: {"name": "http://127.0.0.1:8001"}. '
        "Empty: `make up` fills it with the services it finds on disk.",
    )
    connect_seconds: float = Field(0.5, gt=0, description="How long a service may take to accept a connection.")
    queue_seconds: float = Field(10, gt=0, description="How long to wait for one of the connections to a busy service.")
    answer_seconds: float = Field(60, gt=0, description="How long a service may be silent before it is too slow (504).")
    health_seconds: float = Field(1, gt=0, description="How long a service may take to say how it is.")
    max_connections: int = Field(256, ge=1, description="Most connections to one service at a time.")
