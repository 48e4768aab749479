"""Company: singular vectors, and people found again by the same sum."""

import torch
from torch import Tensor

from services.ratings.company import Company
from services.ratings.history import Histories

# People 0 and 1 see movies 0 to 2, people 2 and 3 see movies 3 to 5; person 3 also saw movie 0.
SEEN = [[0, 1, 2], [0, 1, 2], [3, 4, 5], [0, 3, 4, 5]]


def histories(seen: list[list[int]], stars: float = 0.0) -> Histories:
    person = torch.tensor([n for n, movies in enumerate(seen) for _ in movies], dtype=torch.long)
    movie = torch.tensor([movie for movies in seen for movie in movies], dtype=torch.long)
    return Histories.group(person, movie, torch.full((len(movie),), stars), torch.zeros_like(movie), len(seen))


def matrix() -> Tensor:
    """Users x movies, 1 / sqrt(ratings of the user * ratings of the movie)."""
    table = torch.zeros(4, 6)
    for person, movies in enumerate(SEEN):
        table[person, movies] = 1
    return table / (table.sum(1, keepdim=True) * table.sum(0)).sqrt()


def test_coordinates_are_the_singular_vectors_of_who_rated_what() -> None:
    found = Company.fit(histories(SEEN), 6, 2, seed=0)
    left, _, right = torch.linalg.svd(matrix())
    for column in range(2):
        torch.testing.assert_close(found.movies[:, column].abs(), right[column].abs() * 6**0.5, atol=1e-4, rtol=1e-4)
        mine = found.of(histories(SEEN))[:, column].abs()
        torch.testing.assert_close(mine, left[:, column].abs() * 4**0.5, atol=1e-4, rtol=1e-4)


def test_a_newcomer_stands_where_others_with_the_same_movies_stand() -> None:
    found = Company.fit(histories(SEEN), 6, 2, seed=0)
    newcomer = found.of(histories([[0, 1, 2]]))[0]
    torch.testing.assert_close(newcomer, found.of(histories(SEEN))[0])


def test_who_has_rated_nothing_keeps_no_company() -> None:
    found = Company.fit(histories(SEEN), 6, 2, seed=0)
    assert not found.of(histories([[]])).any()


def test_stars_play_no_role() -> None:
    one, other = (Company.fit(histories(SEEN, stars), 6, 2, seed=0) for stars in (-1.0, 1.0))
    assert torch.equal(one.movies, other.movies)
