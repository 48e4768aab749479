"""What the gateway asks the services for itself: how they are, and what they offer."""

import asyncio
from typing import Any

import aiohttp
import orjson
from pydantic import BaseModel, Field

from gateway.openapi import Document


class ServiceState(BaseModel):
    """How one service is."""

    name: str = Field(description="The service.")
    ready: bool = Field(description="Whether it answers its questions now.")
    detail: str = Field(description="`ready`, or why it is not.")
    url: str = Field(description="Where to find it, under this gateway.")


class Upstreams:
    """The services by name, and the last OpenAPI document each of them gave."""

    def __init__(self, services: dict[str, str], patience: float) -> None:
        self.services = services
        self.timeout = aiohttp.ClientTimeout(total=patience)
        self.documents: dict[str, Document] = {}

    async def states(self, session: aiohttp.ClientSession) -> list[ServiceState]:
        return await asyncio.gather(*(self.state(session, name) for name in self.services))

    async def state(self, session: aiohttp.ClientSession, name: str) -> ServiceState:
        status, answer = await self.ask(session, name, "health/ready")
        detail = "ready" if status == 200 else answer.get("detail", "it answered without saying how it is")
        return ServiceState(name=name, ready=status == 200, detail=detail, url=f"/{name}/")

    async def fresh_documents(self, session: aiohttp.ClientSession) -> dict[str, Document]:
        """Each service's OpenAPI document; of one that is down, the last it gave while the gateway was up."""
        answers = await asyncio.gather(*(self.ask(session, name, "openapi.json") for name in self.services))
        given = zip(self.services, answers, strict=True)
        self.documents |= {name: found for name, (status, found) in given if status == 200 and "paths" in found}
        return self.documents

    async def ask(self, session: aiohttp.ClientSession, name: str, path: str) -> tuple[int, dict[str, Any]]:
        url = f"{self.services[name].rstrip('/')}/{name}/{path}"
        try:
            async with session.get(url, timeout=self.timeout) as answer:
                found = orjson.loads(await answer.read())
                return answer.status, found if isinstance(found, dict) else {}
        except TimeoutError:
            return 0, {"detail": f"it did not answer within {self.timeout.total:g} s"}
        except aiohttp.ClientError:
            return 0, {"detail": "it is down"}
        except orjson.JSONDecodeError:
            return 0, {"detail": "it answered something that is not JSON"}
