"""What people rated: the ratings of N people in one flat list, person after person."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Histories:
    """Person n has the entries from offsets[n] up to offsets[n + 1]."""

    movie: Tensor  # (R,) positions in the catalogue
    y: Tensor  # (R,) stars less their mean over all training ratings
    at: Tensor  # (R,) seconds since 1970; 0 is unknown
    offsets: Tensor  # (N + 1,)

    @classmethod
    def group(cls, person: Tensor, movie: Tensor, y: Tensor, at: Tensor, people: int) -> "Histories":
        """From ratings in any order; each person's are in the order of time."""
        order = at.argsort(stable=True)
        order = order[person[order].argsort(stable=True)]
        offsets = torch.bincount(person, minlength=people).cumsum(0)
        return cls(movie[order], y[order], at[order], torch.cat([offsets.new_zeros(1), offsets]))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def counts(self) -> Tensor:
        return self.offsets.diff()  # (N,)

    @property
    def person(self) -> Tensor:
        """Whose each rating is."""
        return torch.arange(len(self)).repeat_interleave(self.counts)  # (R,)

    def of(self, people: Tensor) -> "Histories":
        """The histories of some of the people, in the order given."""
        counts = self.counts[people]
        offsets = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
        rows = torch.arange(int(offsets[-1])) + (self.offsets[people] - offsets[:-1]).repeat_interleave(counts)
        return Histories(self.movie[rows], self.y[rows], self.at[rows], offsets)

    def first(self, counts: Tensor) -> "Histories":
        """Only the first so many ratings of each person."""
        place = torch.arange(len(self.movie)) - self.offsets[:-1].repeat_interleave(self.counts)
        kept = place < counts.repeat_interleave(self.counts)
        return Histories.group(self.person[kept], self.movie[kept], self.y[kept], self.at[kept], len(self))

    def padded(self) -> tuple[Tensor, Tensor]:
        """Where each person's ratings stand, filled up to the longest, and which of the places are real; (N, h)."""
        place = torch.arange(int(self.counts.max()) if len(self) else 0)
        real = place < self.counts[:, None]
        return (self.offsets[:-1, None] + place).where(real, 0), real
