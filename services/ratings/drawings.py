"""The newsletter's figures of the data and of the model that are served."""

from typing import Any

import numpy as np

from services.ratings.features import NEW_FROM, NO_YEAR
from services.ratings.figures.draw import Name, drawn
from services.ratings.store import Words
from shared.figures import Format


def figure(
    name: Name, kind: Format, source: str, tables: dict[str, np.ndarray], words: Words, scale: tuple[float, float]
) -> bytes:
    return drawn(name, kind, source, **inputs(name, tables, words, scale))


def inputs(name: Name, tables: dict[str, np.ndarray], words: Words, scale: tuple[float, float]) -> dict[str, Any]:
    """What the figure of that name is drawn from."""
    rated = {column: tables[column] for column in ("user", "movie", "stars")}
    match name:
        case "matrix":
            return rated | {"users": len(tables["user_id"]), "movies": len(tables["movie_id"])}
        case "products":
            year = tables["year"]
            old = (year != NO_YEAR) & (year < NEW_FROM)
            return {"flags": tables["flags"] > 0, "genres": words.genres, "old": old, "titles": words.titles}
        case "losses":
            return {"curves": words.curves}
        case "calibration":
            return {column: np.array(values) for column, values in words.calibration.items()}
        case "by-user":
            return {"user": rated["user"], "stars": rated["stars"]}
        case "by-stars":
            return {"stars": rated["stars"], "scale": scale}
