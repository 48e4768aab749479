"""Loads the models and answers: which there are, what they look at, and the picture of it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor

from services.attention import figures
from services.attention.features import Tokens, batch, has_hangul, load_tokenizer, tokenise, unknown_words
from services.attention.heads import statistics
from services.attention.model import Config, Encoder, Encoding
from services.attention.schemas import FigureRequest, Maps, MapsRequest, ModelInfo, ModelList, Statistics
from services.attention.settings import Settings
from shared.artifacts import Manifest, verify
from shared.cards import card_of
from shared.device import choose, limit_threads
from shared.engine import Card
from shared.figures import Format, picture
from shared.problems import Unprocessable
from shared.schemas import PageRequest
from shared.tensors import load_tensors

LIMITS = [
    "Attention shows where values come from, not why the model decides; it is not by itself an explanation.",
    "minilm was trained on English of up to 128 tokens; it reads 512, and other languages as letters or not at all.",
    "Most tokens of a short sentence look most at [CLS] or [SEP], where a head that finds little rests.",
]


@dataclass(frozen=True)
class Model:
    """One model, loaded."""

    info: ModelInfo
    tokenizer: Tokenizer
    encoder: Encoder


class Engine:
    def __init__(self, settings: Settings, manifest: Manifest, models: dict[str, Model], device: str) -> None:
        self.settings = settings
        self.manifest = manifest
        self.models = models
        self.device = device
        self.sha256 = manifest.sha256

    @classmethod
    def load(cls, settings: Settings) -> "Engine":
        limit_threads(settings.threads)
        device = str(choose(settings.device))
        manifest = verify(settings.artifacts)
        folders = sorted(path for path in settings.artifacts.iterdir() if path.is_dir())
        models = {folder.name: load_model(folder, settings, device) for folder in folders}
        if settings.default_model not in models:
            raise ValueError(f"ATTENTION_DEFAULT_MODEL is {settings.default_model}: there is {', '.join(models)}")
        return cls(settings, manifest, models, device)

    def list_models(self, asked: PageRequest) -> ModelList:
        infos = [model.info for model in self.models.values()]
        return ModelList(items=infos[asked.part], total=len(infos), limit=asked.limit, offset=asked.offset)

    def maps(self, asked: MapsRequest) -> Maps:
        model = self.model(asked.model)
        layers = chosen(asked.layers, model.info.layers, "layer", model.info.name)
        heads = chosen(asked.heads, model.info.heads, "head", model.info.name)
        tokens = self.tokens(model, asked.text, asked.pair)
        attention = self.encode(model, tokens).attentions
        weights = torch.stack([attention[layer][0, heads] for layer in layers])  # (layers, heads, T, T)
        return Maps(
            model=model.info.name,
            tokens=tokens.tokens,
            token_ids=tokens.ids,
            offsets=tokens.offsets,
            word_ids=tokens.words,
            segments=tokens.segments,
            special=tokens.special,
            layers=layers,
            heads=heads,
            weights=weights.cpu().numpy(),
            statistics=head_statistics(weights, tokens),
            warnings=doubts(model, tokens, asked.text, asked.pair),
        )

    def figure(self, asked: FigureRequest, kind: Format) -> bytes:
        model = self.model(asked.model)
        [layer] = chosen([asked.layer], model.info.layers, "layer", model.info.name)
        [head] = chosen([asked.head], model.info.heads, "head", model.info.name)
        tokens = self.tokens(model, asked.text, asked.pair)
        if len(tokens) > self.settings.max_figure_tokens:
            raise Unprocessable(
                f"the text has {len(tokens)} tokens; a figure draws at most {self.settings.max_figure_tokens}: "
                "shorten the text, or take the numbers from POST /attention/maps"
            )
        weights = self.encode(model, tokens).attentions[layer][0, head].cpu().numpy()  # (T, T)
        title = f"{model.info.name}, layer {layer}, head {head}"
        return picture(figures.matrix(tokens.tokens, weights, title), kind)

    def model(self, name: str | None) -> Model:
        name = name if name is not None else self.settings.default_model
        if name not in self.models:
            raise Unprocessable(f"no model {name!r}: there is {', '.join(self.models)}; see GET /attention/models")
        return self.models[name]

    def tokens(self, model: Model, text: str, pair: str | None) -> Tokens:
        """The tokens of a request, within the limits of characters and tokens."""
        length, most = len(text) + len(pair or ""), self.settings.max_chars
        if length > most:
            raise Unprocessable(f"the text has {length:,} characters; the limit is {most:,}: send it in parts")
        tokens = tokenise(model.tokenizer, text, pair)
        if len(tokens) > model.info.max_tokens:
            raise Unprocessable(
                f"the text has {len(tokens)} tokens, [CLS] and [SEP] included; {model.info.name} reads at most "
                f"{model.info.max_tokens}: shorten it or send it in parts"
            )
        if all(tokens.special):
            raise Unprocessable("the text has no token: nothing but control characters; send a sentence")
        return tokens

    @torch.inference_mode()
    def encode(self, model: Model, tokens: Tokens) -> Encoding:
        """Hidden states and attention of every layer, B = 1."""
        one = batch([tokens], self.device)
        encoding: Encoding = model.encoder(one.ids, one.segments, one.real)
        return encoding

    def card(self) -> Card:
        parameters = {name: sum(p.numel() for p in model.encoder.parameters()) for name, model in self.models.items()}
        return card_of(
            self.manifest,
            self.settings.artifacts,
            self.device,
            summary="Who looks at whom inside a transformer: the attention of every layer and head for any sentence.",
            task="Sentence embedding (by MiniLM's authors); served here for its attention.",
            licence="all-MiniLM-L6-v2: Apache-2.0, by the authors of sentence-transformers; see NOTICE.",
            sizes={f"{name} parameters": count for name, count in parameters.items()},
            limits=LIMITS,
        )

    def examples(self) -> dict[str, object]:
        return {"model": self.settings.default_model}


def load_model(folder: Path, settings: Settings, device: str) -> Model:
    described = json.loads((folder / "config.json").read_text())
    config = Config(**described["encoder"])
    encoder = Encoder(config).eval().to(device)
    encoder.load_state_dict(load_tensors(folder / "model.safetensors", device))
    info = ModelInfo(
        name=folder.name,
        kind=described["kind"],
        layers=config.layers,
        heads=config.heads,
        d_model=config.width,
        d_k=config.head_width,
        max_tokens=min(config.positions, settings.max_tokens),
        languages=described["languages"],
        default=folder.name == settings.default_model,
    )
    return Model(info, load_tokenizer(folder / "tokenizer.json"), encoder)


def chosen(wanted: Sequence[int] | None, count: int, what: str, name: str) -> list[int]:
    """The numbers wanted, all when none are named; a problem when one is out of range."""
    numbers = list(range(count) if wanted is None else wanted)
    if outside := [number for number in numbers if not 0 <= number < count]:
        raise Unprocessable(f"no {what} {outside[0]}: the {what}s of {name} are 0 to {count - 1}")
    return numbers


def head_statistics(weights: Tensor, tokens: Tokens) -> Statistics:
    marks = {name: torch.tensor([token == name for token in tokens.tokens]) for name in ("[CLS]", "[SEP]")}
    numbers = statistics(weights, marks["[CLS]"].to(weights.device), marks["[SEP]"].to(weights.device))
    return Statistics(**{name: values.cpu().numpy() for name, values in numbers.items()})


def doubts(model: Model, tokens: Tokens, text: str, pair: str | None) -> list[str]:
    """What makes these maps less trustworthy than they look."""
    found = []
    if unknown := unknown_words(tokens, "[UNK]", text, pair):
        few = ", ".join(repr(word[:20]) for word in unknown[:5])
        found.append(f"{len(unknown)} of {len(tokens)} tokens are [UNK], unknown to {model.info.name}: {few}")
    if "ko" not in model.info.languages and has_hangul(text + (pair or "")):
        known = ", ".join(model.info.languages)
        found.append(f"{model.info.name} was not trained on Korean (languages: {known}): maps of Hangul mean little")
    return found
