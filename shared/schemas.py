"""The words on the wire that every service has."""

from pydantic import BaseModel, ConfigDict, Field


class Request(BaseModel):
    """What a client asks. A misspelt field is refused by name: ignored, it would look as if it had worked."""

    model_config = ConfigDict(extra="forbid")


class Live(BaseModel):
    status: str = Field(description="Always `alive`: the process answers.")


class PageRequest(Request):
    """Which part of a list."""

    limit: int = Field(50, ge=1, le=1000, description="How many at most.")
    offset: int = Field(0, ge=0, le=2**53, description="How many to skip.")

    @property
    def window(self) -> slice:
        """What to take of the whole list."""
        return slice(self.offset, self.offset + self.limit)


class Page(BaseModel):
    """A part of a list; `items` comes with each kind of list."""

    total: int = Field(ge=0, description="How many there are in all.")
    limit: int = Field(ge=1, description="How many were asked for at most.")
    offset: int = Field(ge=0, description="How many were skipped.")
