"""Which unseen movies a user would choose: EASE on graded ratings beside a low-rank filter, in closed form.

    score_u = x_u (B + w L)                x_u: the grade (0 to 1) of every movie that u rated, else 0
    B = I - P diag(1 / diag P)             EASE, Steck 2019, "Embarrassingly Shallow Autoencoders", eq. 8
    P = (Z' Z + Lambda)^-1                 Z: the rows x_u, and below them the features of the movies
    L = D^-1/2 V V' D^1/2                  GF-CF's ideal low-pass filter, Shen et al. 2021, "How Powerful is Graph
                                           Convolution for Recommendation?", without its linear term

Where we depart from EASE: a rating is a grade and not 1, so that a movie disliked says less than one that was liked;
the row of a user who rated n movies weighs n^-user_power, so that who rated everything does not decide everything;
Lambda grows with how often a movie was rated (as the dropout of Steck 2020, "Autoencoders that don't overfit towards
the Identity", but more slowly); each feature is one more row, as if a user had chosen all dramas. All of it was chosen
on validation folds inside the training rows.

Only x_u is a user's own, so a newcomer is served as everybody is, and every rated movie's share of a score is exact.

Axes: U users, R ratings, M movies, N the most rated movies, F features, D rows of Z (U + F), K weights kept, S factors.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

BLOCK = 512  # columns of a matrix that are dense at a time
SPARE_FACTORS = 8  # a randomised SVD finds the wanted vectors exactly when it looks for some more
POWER_ITERATIONS = 8
EARLIEST, LATEST, DECADE = 1920, 2020, 10


@dataclass(frozen=True)
class RankingRecipe:
    """The settings, chosen by NDCG@10 on validation folds of the training rows of ML-100K and of ml-latest-small; where
    the two disagree, what loses least on both."""

    l2: float = 200.0  # of a movie rated as often as the mean
    l2_power: float = 0.25  # how l2 grows with (ratings + 1) / mean: 0 is EASE, 1 is dropout
    user_power: float = 0.35  # a row's weight is (ratings / mean)^-user_power; 0 is EASE
    grades: tuple[float, ...] = (0.3, 0.4, 0.75, 1.0, 1.0)  # of the fewest stars, a quarter up the scale, ... the most
    feature_weight: float = 3.0  # a feature counts as 3^2 users
    factors: int = 32  # S: vectors of the low-pass filter; 24 to 48 are as good
    factor_weight: float = 0.15  # w; ML-100K would have 0.25, ml-latest-small 0.1 or nothing
    strongest: int = 300  # K: weights kept of each rated movie; 200 lose 0.15 % of NDCG@10
    most_movies: int = 10_000  # N: P has N^2 numbers, and its inverse takes N^3 steps


@dataclass(frozen=True)
class Choices:
    """Who rated what, and how good a sign that is, of the N most rated movies."""

    user: Tensor  # (R,)
    movie: Tensor  # (R,) 0 to N - 1
    grade: Tensor  # (R,) 0 to 1
    users: int
    movies: int

    def per_user(self) -> Tensor:
        return torch.bincount(self.user, minlength=self.users).double().clamp(min=1)  # (U,)

    def per_movie(self) -> Tensor:
        return torch.bincount(self.movie, minlength=self.movies).double() + 1  # (N,)

    def matrix(self, weight: Tensor, features: Tensor) -> Tensor:
        """The grades, each times its weight, and below them the features; sparse."""
        row, column = features.T.nonzero().unbind(1)
        index = torch.stack([torch.cat([self.user, self.users + row]), torch.cat([self.movie, column])])
        values = torch.cat([self.grade * weight, features.T[row, column]])
        size = (self.users + features.shape[1], self.movies)
        return torch.sparse_coo_tensor(index, values, size, check_invariants=False).coalesce()  # (D, N)


@dataclass(eq=False)
class RankingHead:
    """Scores of all movies for anybody, from the movies he rated. Movies that are not among the N score 0.

    A rated movie keeps its K strongest weights and its factors; that is all there is to store.
    """

    movies: int
    known: np.ndarray  # (N,) the movies that the rows below stand for
    targets: np.ndarray  # (N, K) for which of the N a rated movie speaks
    weights: np.ndarray  # (N, K) and how much
    left: np.ndarray  # (N, S) what a rated movie adds to each factor
    right: np.ndarray  # (N, S) what each factor adds to a movie's score
    scale: np.ndarray  # (2,) fewest and most stars
    grades: np.ndarray  # the grades at equal steps between them

    def __post_init__(self) -> None:
        self.place = np.full(self.movies, -1)  # (M,) each movie's row, -1: none
        self.place[self.known] = np.arange(len(self.known))

    @classmethod
    def fit(
        cls,
        user: np.ndarray,
        movie: np.ndarray,
        stars: np.ndarray,
        users: int,
        movies: int,
        recipe: RankingRecipe | None = None,
        features: np.ndarray | None = None,  # (M, F), see `side_features`
    ) -> "RankingHead":
        recipe = recipe or RankingRecipe()
        known = most_rated(movie, movies, recipe.most_movies)  # (N,)
        scale, points = np.array([stars.min(), stars.max()], float), np.array(recipe.grades)
        choices = choices_of(user, movie, graded(stars, scale, points), users, known)
        side = np.zeros((movies, 0)) if features is None else features
        weight = recipe.feature_weight * torch.from_numpy(side[known]).double()  # (N, F)
        targets, weights = strongest(ease(choices, weight, recipe), recipe.strongest)
        left, right = low_pass(choices, recipe)
        return cls(movies, known, targets, weights, left, right, scale, points)

    def scores(self, movie: np.ndarray, stars: np.ndarray) -> np.ndarray:
        """Of one user, old or new, by the movies he rated and the stars he gave: (M,)."""
        place, grade = self.rated(movie, stars)
        spoken = (grade[:, None] * self.weights[place]).ravel()  # (R K,)
        found = np.bincount(self.targets[place].ravel(), spoken, minlength=len(self.known))  # (N,)
        scores = np.zeros(self.movies)
        scores[self.known] = found + self.right @ (grade @ self.left[place])
        return scores

    def reasons(self, movie: np.ndarray, stars: np.ndarray, target: int) -> np.ndarray:
        """How much each rated movie adds to the score of `target`; sums to it: (R,)."""
        place, grade = self.rated(movie, stars)
        speaks = (self.targets[place] == self.place[target]) & (self.place[target] >= 0)  # (R, K)
        direct = np.where(speaks, self.weights[place], 0).sum(1)  # (R,)
        through = self.left[place] @ self.right[self.place[target]] * (self.place[target] >= 0)
        return np.asarray(grade * (direct + through))

    def rated(self, movie: np.ndarray, stars: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The rows of the movies, and the grades; 0 for a movie that is not among the N."""
        place = self.place[movie]
        return place, np.where(place >= 0, graded(stars, self.scale, self.grades), 0.0)

    def tensors(self) -> dict[str, Tensor]:
        """What safetensors stores."""
        small = {"left": self.left, "right": self.right, "weights": self.weights}
        whole = {"known": self.known, "targets": self.targets}
        exact = {"scale": self.scale, "grades": self.grades, "movies": np.array([self.movies])}
        return {
            **{name: torch.tensor(value, dtype=torch.float32) for name, value in small.items()},
            **{name: torch.tensor(value, dtype=torch.int32) for name, value in whole.items()},
            **{name: torch.tensor(value) for name, value in exact.items()},
        }

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor]) -> "RankingHead":
        """Factors are used in float64: in float32 a score and the sum of its reasons differ in the eighth digit."""
        stored = {name: tensor.numpy() for name, tensor in tensors.items() if name != "movies"}
        factors = {name: stored.pop(name).astype("float64") for name in ("left", "right")}
        return cls(int(tensors["movies"]), **stored, **factors)


def side_features(flags: np.ndarray, year: np.ndarray) -> np.ndarray:
    """Of each movie: its genres as a vector of unit length, and between which decades it was made (0: unknown)."""
    genres = flags / np.sqrt(flags.sum(1, keepdims=True).clip(min=1))  # (M, G)
    decades = np.arange(EARLIEST, LATEST + 1, DECADE)
    distance = np.abs(year.clip(EARLIEST, LATEST)[:, None] - decades) / DECADE
    near = np.where(year[:, None] > 0, (1 - distance).clip(min=0), 0.0)  # (M, decades)
    return np.concatenate([genres, near / np.sqrt((near**2).sum(1, keepdims=True)).clip(min=0.5)], axis=1)


def graded(stars: np.ndarray, scale: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Stars as 0 to 1: a straight line between the points, which lie evenly from the fewest stars to the most."""
    return np.asarray(np.interp(stars, np.linspace(scale[0], scale[1], len(points)), points))


def most_rated(movie: np.ndarray, movies: int, most: int) -> np.ndarray:
    """The movies rated most often, in their own order; of equals the first."""
    often = np.bincount(movie, minlength=movies)
    return np.sort(np.argsort(-often, kind="stable")[:most])


def choices_of(user: np.ndarray, movie: np.ndarray, grade: np.ndarray, users: int, known: np.ndarray) -> Choices:
    """The ratings of the known movies."""
    place = np.searchsorted(known, movie).clip(max=len(known) - 1)
    ours = known[place] == movie
    columns = [torch.from_numpy(np.asarray(column)[ours]) for column in (user, place, grade)]
    return Choices(columns[0].long(), columns[1].long(), columns[2].double(), users, len(known))


def ease(choices: Choices, features: Tensor, recipe: RankingRecipe) -> Tensor:
    """B of EASE, for each rated movie a row: B_st = -P_st / P_tt, and 0 where s is t.

    With l = sqrt(diag Lambda) and Q = (I + (Z / l)' (Z / l))^-1, it is B_st = -Q_st / Q_tt * l_t / l_s.
    """
    often, diligence = choices.per_movie(), choices.per_user()
    root = (recipe.l2 * (often / often.mean()) ** recipe.l2_power).sqrt()  # (N,)
    weight = (diligence / diligence.mean()) ** (-recipe.user_power / 2)  # (U,)
    matrix = choices.matrix(weight[choices.user], features)
    scaled = torch.sparse_coo_tensor(
        matrix.indices(), matrix.values() / root[matrix.indices()[1]], matrix.shape, check_invariants=False
    )
    inverse = inverse_of(scaled)  # (N, N)
    weights = inverse.mul_(-root / inverse.diagonal()).div_(root[:, None])
    return weights.fill_diagonal_(0)


def inverse_of(matrix: Tensor) -> Tensor:
    """(I + Z' Z)^-1 of a sparse Z (D, N): by Cholesky, or where there are more movies than rows by Woodbury's identity,
    I - Z' (I + Z Z')^-1 Z."""
    rows, movies = matrix.shape
    if movies <= rows:
        return torch.cholesky_inverse(torch.linalg.cholesky(plus_one(gram(matrix))))
    dense = matrix.to_dense()
    inner = torch.linalg.solve(plus_one(dense @ dense.T), dense)  # (D, N)
    return plus_one((dense.T @ inner).neg_())


def gram(matrix: Tensor) -> Tensor:
    """Z' Z, some columns at a time: the rows are too many to be dense, the columns are not."""
    columns = torch.split(torch.arange(matrix.shape[1]), BLOCK)
    transposed = matrix.T.coalesce()
    blocks = [torch.sparse.mm(transposed, matrix.index_select(1, block).to_dense()) for block in columns]
    return torch.cat(blocks, dim=1)  # (N, N)


def plus_one(square: Tensor) -> Tensor:
    """I added in place: these matrices are the largest there are."""
    square.diagonal().add_(1)
    return square


def low_pass(choices: Choices, recipe: RankingRecipe) -> tuple[np.ndarray, np.ndarray]:
    """w L of GF-CF as two factors, D^-1/2 V and w D^1/2 V: V are the first right singular vectors of the grades, each
    divided by the root of its user's number of ratings and of its movie's sum of grades, D (here plus 1)."""
    liked = torch.bincount(choices.movie, choices.grade, minlength=choices.movies) + 1  # (N,)
    weight = choices.per_user()[choices.user] ** -0.5 * liked[choices.movie] ** -0.5  # (R,)
    normal = choices.matrix(weight, liked.new_zeros(choices.movies, 0))  # (U, N)
    vectors = first_vectors(normal, recipe.factors)  # (N, S)
    root = liked.sqrt()[:, None]
    return (vectors / root).numpy(), (recipe.factor_weight * vectors * root).numpy()


def first_vectors(matrix: Tensor, wanted: int) -> Tensor:
    """Right singular vectors by the randomised SVD, always from the same random numbers."""
    width = min(wanted + SPARE_FACTORS, *matrix.shape)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        _, _, vectors = torch.svd_lowrank(matrix, width, POWER_ITERATIONS)
    return vectors[:, :wanted]


def strongest(weights: Tensor, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Of each row the columns of the largest weights by magnitude, in their own order, and these weights: (N, K)."""
    kept = min(most, weights.shape[1])
    blocks = torch.split(weights, BLOCK)
    columns = torch.cat([rows.abs().topk(kept).indices for rows in blocks]).sort().values
    return columns.numpy(), weights.gather(1, columns).numpy()
