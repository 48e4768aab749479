"""The map of a similarity: it sums to it exactly, and points at what matters."""

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from services.images.explaining import BLANK, deletion, hide, similarity_map, strongest


def parts(seed: int = 0) -> tuple[Tensor, nn.Linear, Tensor]:
    """Cells, a head with a bias, and the unit vector of another picture."""
    generator = Generator().manual_seed(seed)
    head = nn.Linear(64, 16)
    with torch.no_grad():
        for parameter in head.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) / 8)
    return torch.rand(64, 7, 5, generator=generator), head, F.normalize(torch.randn(16, generator=generator), dim=0)


def test_the_cells_sum_to_the_similarity() -> None:
    for seed in range(20):
        cells, head, other = parts(seed)
        similarity = F.normalize(head(cells.mean((1, 2))), dim=0) @ other
        assert abs(similarity_map(cells, head.weight, head.bias, other).sum() - similarity) < 1e-6


def test_in_float64_they_sum_to_the_last_digit() -> None:
    cells, head, other = parts()
    head, cells, other = head.double(), cells.double(), other.double()
    similarity = F.normalize(head(cells.mean((1, 2))), dim=0) @ other
    assert abs(similarity_map(cells, head.weight, head.bias, other).sum() - similarity) < 1e-14


def test_a_cell_adds_what_the_formula_says() -> None:
    cells, head, other = parts()
    z = head(cells.mean((1, 2)))
    by_hand = (head(cells[:, 3, 2]) @ other) / (35 * z.norm())
    torch.testing.assert_close(similarity_map(cells, head.weight, head.bias, other)[3, 2].float(), by_hand)


def test_equal_cells_add_equal_parts() -> None:
    _, head, other = parts()
    same = torch.rand(64, 1, 1).expand(64, 7, 7)
    map_ = similarity_map(same, head.weight, head.bias, other)
    torch.testing.assert_close(map_, map_.mean().expand(7, 7))


def test_the_strongest_fifth_is_found() -> None:
    maps = torch.arange(50.0).reshape(2, 5, 5)
    mask = strongest(maps)
    assert mask.sum((1, 2)).tolist() == [5, 5]
    assert mask[:, 4].all()


def test_hiding_a_cell_greys_its_pixels_and_no_others() -> None:
    mask = torch.zeros(1, 2, 2, dtype=torch.bool)
    mask[0, 0, 1] = True
    hidden = hide(torch.zeros(1, 3, 8, 8), mask)
    assert (hidden[:, :, :4, 4:] == BLANK).all()
    assert hidden.sum() == 3 * 16 * BLANK


def test_cells_that_do_not_divide_the_side_cover_it_all() -> None:
    assert (hide(torch.zeros(1, 3, 260, 260), torch.ones(1, 9, 9, dtype=torch.bool)) == BLANK).all()


def test_hiding_what_the_map_points_at_costs_most() -> None:
    """Grey pictures with one bright corner, embedded by how bright each of 16 parts is."""

    def embed(pictures: Tensor) -> Tensor:
        return F.normalize(F.avg_pool2d(pictures.mean(1) - BLANK, 8).flatten(1) + 1, dim=1)  # (N, 16)

    pictures = torch.full((8, 3, 32, 32), float(BLANK))
    pictures[:, :, :8, :8] = 255
    maps = F.avg_pool2d(pictures.mean(1), 8)  # (N, 4, 4)
    fell = deletion(pictures, maps, embed(pictures), embed, Generator().manual_seed(0))
    assert fell.strongest > 2 * fell.random
    assert fell.weakest == 0
