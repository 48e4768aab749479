"""The HTTP face every service has: health, card, docs, metrics, page, problems, limits. A service adds its router."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from fastapi_offline import FastAPIOffline
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field
from starlette.middleware import Middleware

from shared import __version__
from shared.docs import METRICS_IN_DOCS, operation_id, problem_in_docs, put_examples, refuse_unknown_query
from shared.engine import Card, Engine
from shared.middleware import BodyLimit, HeadAsGet, InFlightLimit, Metrics, RequestId, Telemetry
from shared.pages import add_service_page
from shared.problems import Unavailable, add_problem_handlers
from shared.schemas import Live
from shared.settings import ServiceSettings

log = logging.getLogger(__name__)


class Ready(BaseModel):
    status: str = Field(description="Always `ready`; until then the answer is 503.")
    name: str = Field(description="The service.")
    version: str = Field(description="The version of its code.")
    device: str = Field(description="Where its model runs: cpu, cuda or mps.")
    sha256: str = Field(description="Of the manifest of everything that was loaded.")


def create_app(
    *, name: str, summary: str, router: APIRouter, settings: ServiceSettings, load: Callable[[], Engine]
) -> FastAPI:
    """The app of the service `name`; `load` runs in a thread at start, and until it is done every answer is 503."""
    metrics = Metrics(name)
    app = FastAPIOffline(
        title=f"Triptych: {name}",
        summary=summary,
        version=__version__,
        docs_url=f"/{name}/docs",
        redoc_url=None,
        redirect_slashes=False,  # It would send the client past the gateway, to an address of ours.
        openapi_url=f"/{name}/openapi.json",
        static_url=f"/{name}/docs/static",
        swagger_ui_oauth2_redirect_url=f"/{name}/docs/oauth2-redirect",
        lifespan=lifespan_of(load, settings.workers, metrics),
        middleware=[
            Middleware(RequestId),
            Middleware(Telemetry, metrics=metrics),
            Middleware(HeadAsGet),
            Middleware(InFlightLimit, most=settings.max_in_flight, exempt=never_refused(name)),
            Middleware(BodyLimit, max_body_bytes=settings.max_body_bytes),
        ],
        dependencies=[Depends(refuse_unknown_query)],
        generate_unique_id_function=operation_id,
        responses={"default": problem_in_docs()},
        openapi_tags=[{"name": name, "description": summary}],
    )
    app.state.settings, app.state.engine, app.state.failure = settings, None, None
    add_problem_handlers(app)
    app.include_router(promises(name, metrics))
    app.include_router(router)
    add_service_page(app, name)
    app.openapi = lambda: openapi_of(app)  # type: ignore[method-assign]
    return app


def never_refused(name: str) -> re.Pattern[str]:
    """How it is, and its page: what tells people that it is busy must not be busy."""
    return re.compile(rf"/{name}/(health/.*|web/.*)?")


def lifespan_of(load: Callable[[], Engine], workers: int, metrics: Metrics) -> Callable[[FastAPI], Any]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # Starlette runs plain `def` endpoints on 40 threads: memory for 40 answers, on cores for two.
        to_thread.current_default_thread_limiter().total_tokens = workers
        loading = asyncio.create_task(load_into(app, load, metrics))
        yield
        await loading

    return lifespan


async def load_into(app: FastAPI, load: Callable[[], Engine], metrics: Metrics) -> None:
    try:
        engine = app.state.engine = await asyncio.to_thread(load)
        metrics.register(engine.collectors)
        app.openapi_schema = None  # Its examples may now name what was loaded.
    except Exception as error:  # Whatever stops the engine, /health/ready must say so while /health/live answers.
        app.state.failure = f"{type(error).__name__}: {error}"
        log.exception("the engine did not load")


def loaded_engine(request: Request) -> Any:
    """The engine, for `Depends`; 503 while there is none."""
    engine = request.app.state.engine
    if engine is None:
        raise not_ready(request.app.state.failure)
    return engine


def not_ready(failure: str | None) -> Unavailable:
    if failure:
        return Unavailable(f"the model could not be loaded: {failure}", failed=True)
    return Unavailable("the model is being loaded; ask again in a moment", headers={"Retry-After": "1"}, failed=False)


def promises(name: str, metrics: Metrics) -> APIRouter:
    """What design calls the promises of every service."""
    router = APIRouter(prefix=f"/{name}", tags=[name])

    @router.get("/health/live", summary="Is the process alive?")
    async def health_live() -> Live:
        return Live(status="alive")

    @router.get("/health/ready", summary="Is the model loaded?")
    async def health_ready(request: Request) -> Ready:
        engine: Engine = loaded_engine(request)
        return Ready(status="ready", name=name, version=__version__, device=engine.device, sha256=engine.sha256)

    @router.get("/card", summary="The model card: data, seed, command, quality beside its baselines, limits")
    async def card(request: Request) -> Card:
        engine: Engine = loaded_engine(request)
        return engine.card()

    @router.get("/metrics", summary="Prometheus metrics", response_class=Response, responses=METRICS_IN_DOCS)
    async def prometheus_metrics() -> Response:
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return router


def openapi_of(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with examples that exist in the loaded data."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, summary=app.summary, routes=app.routes, tags=app.openapi_tags
        )
        put_examples(document, app.state.engine.examples() if app.state.engine else {})
        app.openapi_schema = document
    return app.openapi_schema
