"""The models that can be looked into, behind one face: text to tokens, tokens to attention."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from services.attention.fast import FastEncoder, Pass
from services.attention.features import Tokenise, Tokens, batch, cut_into_words, load_tokenizer, tokenise
from services.attention.model import Config, Encoder, encoder_of
from services.attention.schemas.common import ModelInfo, Part
from shared.batching import Batcher, ModelMetrics
from shared.problems import Unprocessable
from shared.tensors import load_tensors


class Vectors(NamedTuple):
    """What a layer's attention is made of: softmax(query @ key.mT)."""

    queries: list[Tensor]  # L of (H, T, d_k), divided by sqrt(d_k)
    keys: list[Tensor]  # L of (H, T, d_k)


@dataclass(frozen=True)
class Look:
    """What one pass over one text, or pair of texts, left behind."""

    queries: Tokens  # the tokens that look: rows
    keys: Tokens  # the tokens looked at: columns; the same but in cross-attention
    attention: Tensor  # (L, H, Tq, Tk), each row sums to 1
    hidden: Tensor | None = None  # (L + 1, Tq, D): the embedding, then the output of each layer; when asked for
    vectors: Vectors | None = None  # of a model of ours


class Model(Protocol):
    """One model, loaded."""

    @property
    def info(self) -> ModelInfo: ...

    def tokenise(self, text: str, pair: str | None = None) -> Tokens: ...

    def look(self, tokens: Tokens, part: Part = "self", hidden: bool = False) -> Look:
        """One pass. `hidden` asks for the hidden states too, which cost what follows the last layer's softmax."""
        ...

    def static(self, ids: list[int]) -> Tensor:
        """(len(ids), D): the tokens' rows of the embedding table."""
        ...

    def positions(self) -> Tensor | None:
        """(positions, D): its learned table, when it has one that is known here."""
        ...

    def parameters(self) -> int: ...


@dataclass(frozen=True)
class Sharing:
    """How requests share a model."""

    batch_tokens: int  # most that go through together
    lanes: int  # passes at once
    metrics: ModelMetrics


@dataclass(frozen=True)
class Asked:
    """One text in a batch."""

    tokens: Tokens
    hidden: bool

    @property
    def kind(self) -> tuple[int, bool]:
        return len(self.tokens), self.hidden


class OwnModel:
    """A model of our own encoder: minilm, e5, toy, and what `train.lay_out` laid out beside them."""

    def __init__(
        self,
        info: ModelInfo,
        cut: Tokenise,
        encoder: Encoder,
        mask_id: int | None,
        device: str,
        sharing: Sharing,
    ) -> None:
        self.info, self.cut, self.encoder, self.mask_id, self.device = info, cut, encoder, mask_id, device
        self.fast = FastEncoder(encoder)
        self.together: Batcher[Asked, Look] = Batcher(
            self.look_at_all,
            kind=lambda asked: asked.kind,
            most=lambda asked: max(1, sharing.batch_tokens // len(asked.tokens)),
            lanes=sharing.lanes,
            model=info.name,
            metrics=sharing.metrics,
        )

    def tokenise(self, text: str, pair: str | None = None) -> Tokens:
        return self.cut(text, pair)

    def look(self, tokens: Tokens, part: Part = "self", hidden: bool = False) -> Look:
        if part != "self":
            raise Unprocessable(f"no part {part!r}: {self.info.name} is an encoder and has self")
        return self.together(Asked(tokens, hidden))

    def look_at_all(self, asked: Sequence[Asked]) -> list[Look]:
        """Texts of equal length in one pass."""
        together = batch([one.tokens for one in asked], self.device)
        found = self.fast(together.ids, together.types, attention_only=not asked[0].hidden)
        return [self.look_of(place, one, found) for place, one in enumerate(asked)]

    def look_of(self, place: int, asked: Asked, found: Pass) -> Look:
        """The part of a batch that is one text's."""
        vectors = Vectors([query[place] for query in found.queries], [key[place] for key in found.keys])
        hidden = torch.stack([x[place] for x in found.hidden]) if asked.hidden else None  # (L + 1, T, D)
        return Look(asked.tokens, asked.tokens, found.attention[:, place], hidden, vectors)

    def static(self, ids: list[int]) -> Tensor:
        return self.encoder.embedding.token.weight[torch.tensor(ids, device=self.device)]

    def positions(self) -> Tensor | None:
        embedding = self.encoder.embedding
        return None if embedding.paper else embedding.position.weight

    def parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.encoder.parameters())


def load_own(folder: Path, device: str, max_tokens: int, sharing: Sharing) -> OwnModel:
    """The model that `train` laid out in `folder`; its name is the folder's."""
    described = json.loads((folder / "config.json").read_text())
    config = Config(**described["encoder"])
    encoder = encoder_of(config, load_tensors(folder / "model.safetensors", device))
    info = own_info(folder.name, config, described, max_tokens)
    return OwnModel(info, tokeniser_of(folder, config), encoder, described.get("mask_id"), device, sharing)


def own_info(name: str, config: Config, described: dict[str, Any], max_tokens: int) -> ModelInfo:
    return ModelInfo(
        name=name,
        kind="encoder",
        layers=config.layers,
        heads=config.heads,
        d_model=config.width,
        d_k=config.head_width,
        max_tokens=min(config.positions, max_tokens),
        languages=described["languages"],
        prefix=described.get("prefix", ""),
        steps=True,
    )


def tokeniser_of(folder: Path, config: Config) -> Tokenise:
    file = folder / "tokenizer.json"
    return partial(tokenise, load_tokenizer(file)) if file.exists() else partial(cut_into_words, config.vocabulary)
