"""What the gateway costs: processor time a forwarded request, beside FastAPI + httpx and beside no gateway at all.

`python -m gateway.bench` starts all three behind real sockets and asks them in turns from 16 connections. Processor
time of the measured process is counted, not seconds: it holds on a busy machine. Linux only (/proc).
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import aiohttp
import httpx
import orjson
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse

from shared.serve import free_port

UPSTREAM = "BENCH_UPSTREAM"
CONNECTIONS = 16

upstream = FastAPI()


@upstream.get("/toy/small")
async def small() -> dict[str, int]:
    return {"answer": 42}


def usual() -> FastAPI:
    """The proxy most tutorials end with: one FastAPI route, one httpx client, streamed."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with httpx.AsyncClient(base_url=os.environ[UPSTREAM], trust_env=False) as app.state.client:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/{path:path}")
    async def forward(path: str, request: Request) -> StreamingResponse:
        client: httpx.AsyncClient = request.app.state.client
        answer = await client.send(client.build_request("GET", f"/{path}"), stream=True)
        return StreamingResponse(answer.aiter_raw(), answer.status_code)

    return app


@contextmanager
def process(command: list[str], port: int, **variables: str) -> Iterator[tuple[int, str]]:
    """A running server: its pid and its URL."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen([sys.executable, "-m", *command], env=os.environ | variables, **quiet)  # type: ignore[call-overload]
    url = f"http://127.0.0.1:{port}"
    wait_until_listening(url)
    try:
        yield server.pid, f"{url}/toy/small"
    finally:
        server.terminate()
        server.wait()


def wait_until_listening(url: str) -> None:
    while True:
        try:
            httpx.get(url, trust_env=False)
        except httpx.ConnectError:
            time.sleep(0.05)
        else:
            return


def uvicorn(target: str, port: int, *options: str) -> list[str]:
    return ["uvicorn", f"gateway.bench:{target}", "--port", str(port), "--no-access-log", *options]


@contextmanager
def candidates() -> Iterator[dict[str, tuple[int, str]]]:
    ports = [free_port() for _ in range(3)]
    url = f"http://127.0.0.1:{ports[0]}"
    ours = {"GATEWAY_PORT": str(ports[1]), "GATEWAY_SERVICES": orjson.dumps({"toy": url}).decode()}
    with ExitStack() as stack:
        yield {
            "no gateway": stack.enter_context(process(uvicorn("upstream", ports[0]), ports[0])),
            "this gateway": stack.enter_context(process(["shared.serve", "gateway"], ports[1], **ours)),
            "FastAPI + httpx": stack.enter_context(
                process(uvicorn("usual", ports[2], "--factory"), ports[2], **{UPSTREAM: url})
            ),
        }


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def ask(url: str, requests: int) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS)) as session:

        async def one_connection() -> None:
            for _ in range(requests // CONNECTIONS):
                async with session.get(url) as answer:
                    await answer.read()

        await asyncio.gather(*(one_connection() for _ in range(CONNECTIONS)))


def microseconds(pid: int, url: str, requests: int) -> float:
    before = cpu_seconds(pid)
    asyncio.run(ask(url, requests))
    return (cpu_seconds(pid) - before) / requests * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=3200, help="a round and candidate")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with candidates() as servers:
        for pid, url in servers.values():
            microseconds(pid, url, 320)  # warm
        rounds = [
            {name: microseconds(*server, arguments.requests) for name, server in servers.items()}
            for _ in range(arguments.rounds)
        ]
    median = {name: round(statistics.median(one[name] for one in rounds)) for name in servers}
    print(orjson.dumps(median).decode() if arguments.json else table(median))


def table(median: dict[str, int]) -> str:
    ours = median["this gateway"]
    lines = ["| processor time a request, 16 connections | µs | x this gateway |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {value} | {value / ours:.1f} |" for name, value in median.items())])


if __name__ == "__main__":
    main()
