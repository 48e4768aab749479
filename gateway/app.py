"""The gateway's own face: front page, one Swagger UI, health of everything, metrics. The rest is forwarded."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import fastapi_offline
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field
from starlette.middleware import Middleware
from starlette.staticfiles import StaticFiles

from gateway.openapi import Document, merge
from gateway.proxy import Proxy, open_session
from gateway.settings import Settings
from gateway.upstreams import ServiceState, Upstreams
from shared import __version__
from shared.docs import METRICS_IN_DOCS, operation_id, problem_in_docs, refuse_unknown_query
from shared.middleware import BodyLimit, HeadAsGet, Metrics, RequestId, Telemetry
from shared.pages import add_page
from shared.problems import Unavailable, add_problem_handlers
from shared.schemas import Live

PAGE = Path(__file__).parent / "web"
SWAGGER = Path(fastapi_offline.__file__).parent / "static"
SUMMARY = "Three lessons in deep learning, each a service, behind one door."

router = APIRouter(
    tags=["gateway"], responses={"default": problem_in_docs()}, dependencies=[Depends(refuse_unknown_query)]
)


class Ready(BaseModel):
    status: str = Field(
        description="Always `ready`: every service is; else the answer is 503 and names those that are not."
    )
    services: list[ServiceState] = Field(description="Each service.")


def build(settings: Settings) -> FastAPI:
    metrics = Metrics("gateway")
    app = FastAPI(
        title="Triptych",
        summary=SUMMARY,
        version=__version__,
        openapi_url=None,
        openapi_tags=[{"name": "gateway", "description": SUMMARY}],
        lifespan=lifespan,
        generate_unique_id_function=operation_id,
        middleware=[
            Middleware(RequestId),
            Middleware(Telemetry, metrics=metrics),
            Middleware(HeadAsGet),
            Middleware(BodyLimit, max_body_bytes=settings.max_body_bytes),
        ],
    )
    app.state.settings, app.state.metrics = settings, metrics
    app.state.upstreams = Upstreams(settings.services, settings.health_seconds)
    add_problem_handlers(app)
    app.include_router(router)
    add_page(app, "", PAGE)
    app.mount("/docs/static", StaticFiles(directory=SWAGGER))
    app.mount("/", Proxy(settings.services))
    return app


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with open_session(app.state.settings) as app.state.session:
        yield


async def states(request: Request) -> list[ServiceState]:
    upstreams: Upstreams = request.app.state.upstreams
    return await upstreams.states(request.app.state.session)


@router.get("/health/live", summary="Is the gateway alive?")
async def health_live() -> Live:
    return Live(status="alive")


@router.get("/health/ready", summary="Is every service ready?")
async def health_ready(request: Request) -> Ready:
    services = await states(request)
    if waiting := [f"{service.name} ({service.detail})" for service in services if not service.ready]:
        listed = [service.model_dump() for service in services]
        raise Unavailable(f"not ready: {', '.join(waiting)}", headers={"Retry-After": "1"}, services=listed)
    return Ready(status="ready", services=services)


@router.get(
    "/metrics", summary="The gateway's own Prometheus metrics", response_class=Response, responses=METRICS_IN_DOCS
)
async def prometheus_metrics(request: Request) -> Response:
    return Response(generate_latest(request.app.state.metrics.registry), media_type=CONTENT_TYPE_LATEST)


@router.get("/openapi.json", include_in_schema=False)
async def openapi(request: Request) -> Document:
    app = request.app
    return merge(app.openapi(), await app.state.upstreams.fresh_documents(app.state.session))


@router.get("/docs", include_in_schema=False)
async def docs() -> HTMLResponse:
    return get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Triptych",
        swagger_js_url="/docs/static/swagger-ui-bundle.js",
        swagger_css_url="/docs/static/swagger-ui.css",
        swagger_favicon_url="/docs/static/favicon.png",
    )


app = build(Settings())
