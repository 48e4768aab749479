"""Our own model on the rows of the last step, branch by branch: what was put in place of each of the newsletter's."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from services.ratings.dataset import Dataset
from services.ratings.learn import Recipe, fit_base
from services.ratings.material import columns_of, material_of
from services.ratings.newsletter.measure import Error, K, Table, error_of, table_of, user_tables
from services.ratings.newsletter.protocol import Ratings, split
from services.ratings.protocols import without_timestamps
from services.ratings.trained import learn


@dataclass(frozen=True)
class Ours:
    """Errors in stars."""

    bare: Error  # Bayesian matrix factorisation that is told of no features
    factors: Error  # with features as prior means
    context: Error  # and attention over the own ratings
    whole: Error  # and the MLP: what is served
    coverage: float  # of the 90 % interval
    mean: Table | None  # top 5 of the users with at least 5 movies in the test part


def ours(ratings: Ratings, seed: int, recipe: Recipe) -> Ours:
    """Trained on the training part, time-blind, asked for the test part."""
    training, test = split(ratings, movies_apart=False, seed=seed)
    rows = ratings.data.ratings
    known = without_timestamps(replace(ratings.data, ratings=rows.iloc[training.numpy()]))
    asked = rows.iloc[test.numpy()]
    found = learn(known, recipe, seed).predict(asked["user_id"].to_numpy(), asked["movie_id"].to_numpy(), None)
    truth = ratings.stars[test].double()
    parts = torch.from_numpy(found.parts[:, :-1]).cumsum(1)  # (B, P)
    low, high = known.scale
    by_part = [error_of(parts[:, last].clamp(low, high), truth) for last in (2, 3, 4)]
    inside = (found.low <= truth.numpy()) & (truth.numpy() <= found.high)
    users = sorted(set(ratings.user.tolist()))
    tables = user_tables(ratings.user[test], truth, torch.from_numpy(found.stars), users=users, fewest=K)
    bare = error_of(without_features(known, asked_positions(known, asked), recipe, seed).clamp(low, high), truth)
    factors, context, whole = by_part
    return Ours(bare, factors, context, whole, float(inside.mean()), table_of(tables))


def asked_positions(data: Dataset, asked: pd.DataFrame) -> tuple[Tensor, Tensor]:
    rows = replace(data, ratings=asked)
    return torch.from_numpy(rows.user_index), torch.from_numpy(rows.movie_index)


def without_features(data: Dataset, asked: tuple[Tensor, Tensor], recipe: Recipe, seed: int) -> Tensor:
    """Stars by the factors alone, where only the numbers of ratings are known of users and movies. (B,)"""
    material = material_of(data, columns_of(data.users))
    material = replace(material, profile=material.profile[:, :0], movies=material.movies[:, :0])
    base = fit_base(material, replace(recipe, company=0), recipe.keep, seed)
    known = base.know(material.histories(base.factors.mu), material.profile)
    return base.factors.stars(known.people, *asked).double()


def lines(found: Sequence[Ours]) -> list[list[str]]:
    """A row for each branch: MAE and RMSE, means over the seeds, and the RMSE's spread."""
    names = {
        "ours: Bayesian matrix factorisation without features": "bare",
        "ours: with features as prior means": "factors",
        "ours: and attention over own ratings": "context",
        "ours: and the MLP, as served": "whole",
    }
    return [[name, *cells([getattr(one, field) for one in found])] for name, field in names.items()]


def cells(errors: Sequence[Error]) -> list[str]:
    rmse = [error.rmse for error in errors]
    return [f"{np.mean([error.mae for error in errors]):.4f}", f"{np.mean(rmse):.4f}", f"{np.ptp(rmse):.4f}"]
