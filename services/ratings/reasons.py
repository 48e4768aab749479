"""Why a prediction is what it is, in own ratings; and why a movie was put so high."""

import numpy as np

from services.ratings.base import Known
from services.ratings.catalogue import Catalogue
from services.ratings.predictor import DECIMALS, Estimates, Why
from services.ratings.schemas.estimate import Because, Push
from services.ratings.schemas.recommend import Reason

SHOWN = 3  # reasons of a recommendation


class Reasons:
    """Of one person's predictions."""

    def __init__(self, known: Known, catalogue: Catalogue, mu: float) -> None:
        self.movie = known.own.movie.numpy()  # (R,)
        self.stars = (known.own.y.double().numpy() + mu).round(3)  # (R,)
        self.catalogue = catalogue

    def because(self, why: Why, found: Estimates, row: int, limit: int) -> Because:
        """A sum that is exact: prior + pushes + others + mlp + clip."""
        pushes = why.pushes[row].round(DECIMALS)
        order = np.argsort(-np.abs(pushes), kind="stable")[:limit]
        mlp, clip = found.parts[row, -2:]
        prior = round(float(why.prior[row]), DECIMALS)
        others = float(found.stars[row] - prior - pushes[order].sum() - mlp - clip)
        return Because(
            prior=prior,
            ratings=[self.push(own, pushes[own]) for own in order],
            others=round(others, DECIMALS),
            mlp=float(mlp),
            clip=float(clip),
        )

    def push(self, own: int, push: float) -> Push:
        movie_id, title = self.name(own)
        return Push(movie_id=movie_id, title=title, stars=float(self.stars[own]), push=float(push))

    def name(self, own: int) -> tuple[int, str]:
        return int(self.catalogue.movie_id[self.movie[own]]), self.catalogue.titles[self.movie[own]]

    def strongest(self, weights: np.ndarray) -> list[Reason]:
        """The ratings that spoke most for a movie; `weights` (R,)."""
        order = [own for own in np.argsort(-weights, kind="stable")[:SHOWN] if weights[own] > 0]
        return [self.reason(own, weights[own]) for own in order]

    def reason(self, own: int, weight: float) -> Reason:
        movie_id, title = self.name(own)
        return Reason(movie_id=movie_id, title=title, stars=float(self.stars[own]), weight=round(float(weight), 6))
