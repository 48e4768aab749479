"""Loads the models and answers; each answer's mathematics has a file of its own."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Literal

from torch import Tensor

from services.attention import doubts
from services.attention.checkpoint import load_checkpoint
from services.attention.compare import Side, compare
from services.attention.features import Tokens, batch, visible
from services.attention.figures.draw import draw
from services.attention.figures.positions import positions_figure
from services.attention.forms import JSON_DECIMALS, Form
from services.attention.links import ranked
from services.attention.maps import Sent, query_and_key, weights_as
from services.attention.measures.attributions import baseline_vector
from services.attention.measures.measures import DECIMALS as MEASURE_DECIMALS
from services.attention.measures.measures import measure
from services.attention.models import Look, Model, OwnModel, Sharing, load_own
from services.attention.pair import DECIMALS as PAIR_DECIMALS
from services.attention.pair import explain
from services.attention.positions import learned, sinusoidal
from services.attention.schemas.common import TRAIN, ModelList, Part
from services.attention.schemas.compare import CompareRequest
from services.attention.schemas.figure import DrawingRequest, FigureRequest, Kind
from services.attention.schemas.heads import Heads, HeadsRequest
from services.attention.schemas.maps import MapsRequest
from services.attention.schemas.measures import MeasuresRequest
from services.attention.schemas.pair import PairRequest
from services.attention.schemas.positions import Positions, PositionsRequest
from services.attention.schemas.trace import TraceRequest
from services.attention.schemas.views import ViewsRequest
from services.attention.schemas.words import WordsRequest
from services.attention.selection import by_words, chosen, picked
from services.attention.settings import Settings
from services.attention.trace import trace
from services.attention.views.views import given, view
from services.attention.words import compare_words
from shared.arrays import json_bytes, npy_bytes
from shared.artifacts import Manifest, verify
from shared.batching import ModelMetrics
from shared.cards import card_of
from shared.device import choose, lanes, limit_threads
from shared.engine import Card
from shared.figures import Format, picture
from shared.problems import Unprocessable, shorten
from shared.schemas import PageRequest
from shared.turnstile import Turnstile

LIMITS = [
    "Attention shows where values come from, not why the model decides; it is not by itself an explanation.",
    "minilm was trained on English of up to 128 tokens; it reads 512, and other languages as letters or not at all.",
    "e5's weights were published with 4 bits each; what they were before is not known here.",
    "toy has never learned anything: its weights are drawn by chance, to be calculated with by hand.",
    "Most tokens of a short sentence look most at [CLS] or [SEP], where a head that finds little rests.",
]

PositionsForm = Literal["json", "npy"] | Format
ViewForm = Literal["json", "npy"] | Kind
LARGE = 2_000_000  # weights of a pass, 8 MB; as JSON twice that
SHALLOW = 6  # layers up to which a pass is as cheap as max_measured_tokens supposes


class Engine:
    def __init__(
        self, settings: Settings, manifest: Manifest, models: Mapping[str, Model], device: str, metrics: ModelMetrics
    ) -> None:
        self.settings, self.manifest, self.models, self.device = settings, manifest, models, device
        self.sha256 = manifest.sha256
        self.collectors = metrics.collectors()
        passes = lanes(device, settings.threads)
        self.heavy = Turnstile(active=passes, room=max(passes, settings.workers // 2))

    @classmethod
    def load(cls, settings: Settings) -> "Engine":
        limit_threads(settings.threads)
        device, metrics = str(choose(settings.device)), ModelMetrics(settings.name)
        manifest = verify(settings.artifacts)
        models = load_models(settings, device, metrics)
        if settings.default_model not in models:
            raise ValueError(f"ATTENTION_DEFAULT_MODEL is {settings.default_model}: there is {', '.join(models)}")
        return cls(settings, manifest, models, device, metrics)

    def list_models(self, asked: PageRequest) -> ModelList:
        default = self.settings.default_model
        infos = [model.info.model_copy(update={"default": name == default}) for name, model in self.models.items()]
        return ModelList(items=infos[asked.window], total=len(infos), limit=asked.limit, offset=asked.offset)

    def maps(self, asked: MapsRequest, form: Form) -> Sent:
        model = self.model(asked.model)
        tokens = self.tokens(model, asked.text, asked.pair)
        with self.room_for(model, tokens):
            look = model.look(tokens, asked.part)
            return query_and_key(asked, model.info, look) if form == "qk" else weights_as(form, asked, model.info, look)

    def figure(self, asked: FigureRequest, kind: Kind) -> bytes:
        model = self.model(asked.model)
        tokens = self.tokens(model, asked.text, asked.pair)
        with self.room_for(model, tokens):
            look = model.look(tokens, asked.part)
            return self.drawing(by_words(look) if asked.merge else look, asked, kind, model.info.name)

    def trace(self, asked: TraceRequest, form: Literal["json", "npz"]) -> bytes:
        model = self.own(asked.model)
        tokens = self.tokens(model, asked.text, asked.pair)
        with self.room_for(model, tokens):
            traced = trace.trace(
                model.encoder,
                batch([tokens], self.device),
                tokens,
                model=model.info.name,
                layer=asked.layer,
                head=asked.head,
                query=asked.query,
                fields=asked.fields,
                most=trace.MOST if form == "json" else trace.MOST_IN_NPZ,
                warnings=doubts.of_texts(model.info, tokens),
            )
            return trace.as_json(traced) if form == "json" else trace.as_npz(traced)

    def measures(self, asked: MeasuresRequest) -> bytes:
        model = self.own(asked.model)
        tokens = self.tokens(model, asked.text, asked.pair)
        self.check_measurable(model, tokens)
        target, beside = self.target(model, asked.target)
        with self.heavy():
            measured = measure(
                model.encoder,
                batch([tokens], self.device),
                tokens,
                baseline_vector(model.encoder, model.mask_id),
                target,
                model=model.info.name,
                maps=asked.maps,
                warnings=[*doubts.of_texts(model.info, tokens), *beside],
            )
        return json_bytes(measured.model_dump(), MEASURE_DECIMALS)

    def target(self, model: OwnModel, text: str | None) -> tuple[Tensor | None, list[str]]:
        """(D,) the vector of the sentence to be near to, and what must be said about it."""
        if text is None:
            return None, []
        look = self.look(model, text, hidden=True)
        assert look.hidden is not None
        prefix = model.info.prefix
        said = f"both texts are read without {prefix!r}, which /attention/pair adds: its cosine differs a little"
        return look.hidden[-1].mean(0), [*doubts.of_texts(model.info, look.queries), *([said] if prefix else [])]

    def check_measurable(self, model: OwnModel, tokens: Tokens) -> None:
        most = self.settings.max_measured_tokens * SHALLOW // max(SHALLOW, model.info.layers)
        if len(tokens) > most:
            raise Unprocessable(
                f"the text has {len(tokens)} tokens; measures are taken of at most {most} with {model.info.name}, for "
                "each token is deleted and put back many times: shorten the text"
            )

    def pair(self, asked: PairRequest) -> bytes:
        model = self.model(asked.model)
        for text in (asked.a, asked.b):
            self.tokens(model, text)  # Before a prefix hides that there is nothing in it.
        a, b = (self.look(model, model.info.prefix + text, hidden=True) for text in (asked.a, asked.b))
        return json_bytes(explain(model.info, a, b).model_dump(), PAIR_DECIMALS)

    def compare(self, asked: CompareRequest) -> bytes:
        one, other = self.model(asked.model), self.model(asked.model_b if asked.model_b is not None else asked.model)
        a = Side(one.info, self.look(one, asked.a))
        b = Side(other.info, self.look(other, asked.b if asked.b is not None else asked.a))
        return json_bytes(compare(asked, a, b).model_dump(), JSON_DECIMALS)

    def heads(self, asked: HeadsRequest) -> Heads:
        model = self.model(asked.model)
        look = self.look(model, asked.text, asked.pair, asked.part)
        return ranked(asked, model.info.name, look, doubts.of_texts(model.info, look.queries, look.keys))

    def words(self, asked: WordsRequest) -> bytes:
        model = self.model(asked.model)
        compared = compare_words(asked, model, lambda text: self.tokens(model, text))
        return json_bytes(compared.model_dump(), MEASURE_DECIMALS)

    def positions(self, asked: PositionsRequest) -> Positions:
        model = self.model(asked.model)
        if asked.kind == "sinusoidal":
            return sinusoidal(asked, model.info.d_model)
        return learned(asked, model.info, model.positions())

    def positions_as(self, asked: PositionsRequest, form: PositionsForm) -> bytes:
        found = self.positions(asked)
        if form == "json":
            return json_bytes(found.model_dump(), JSON_DECIMALS)
        if form == "npy":
            return npy_bytes(found.table)
        owner = found.model or "sines and cosines"
        return picture(positions_figure(found.table, f"positions: {owner}"), form)

    def view(self, asked: ViewsRequest, drawing: DrawingRequest, form: ViewForm) -> bytes:
        """Attention that came with the request."""
        look = given(asked)
        if form == "json":
            return json_bytes(view(look).model_dump(), MEASURE_DECIMALS)
        if form == "npy":
            return npy_bytes(look.attention.numpy())
        return self.drawing(look, drawing, form, None)

    def drawing(self, look: Look, asked: DrawingRequest, kind: Kind, name: str | None) -> bytes:
        """The picture of a pass: one layer and head, or all of them in a grid."""
        one = asked.view != "grid"
        layers, heads = (
            chosen([number] if one else None, count, what, name or "your attention")
            for number, count, what in zip(
                (asked.layer, asked.head), look.attention.shape[:2], ("layer", "head"), strict=True
            )
        )
        self.check_drawable(max(len(look.queries), len(look.keys)), kind)
        return draw(
            asked.view,
            kind,
            queries=look.queries.tokens,
            keys=look.keys.tokens,
            weights=picked(look.attention, layers, heads).cpu().numpy(),
            title=name,
            layers=layers,
            heads=heads,
            language=asked.language,
            segments=look.queries.segments if look.queries is look.keys else None,
        )

    def check_drawable(self, tokens: int, kind: Kind) -> None:
        most = self.settings.max_svg_tokens
        if kind == "svg" and tokens > most:
            raise Unprocessable(
                f"the text has {tokens} tokens; an SVG draws at most {most}: ask for format=png or format=html, or "
                "shorten the text"
            )

    def room_for(self, model: Model, tokens: Tokens) -> AbstractContextManager[None]:
        """Waits for its turn when the attention of these tokens is large."""
        weights = model.info.layers * model.info.heads * len(tokens) ** 2
        return self.heavy() if weights > LARGE else nullcontext()

    def model(self, name: str | None) -> Model:
        name = name if name is not None else self.settings.default_model
        if name not in self.models:
            raise Unprocessable(f"no model {shorten(name)}: there is {', '.join(self.models)}")
        return self.models[name]

    def own(self, name: str | None) -> OwnModel:
        """A model whose every step can be had."""
        model = self.model(name)
        if not isinstance(model, OwnModel):
            raise Unprocessable(f"{model.info.name} runs inside transformers: its steps are there for {self.owned()}")
        return model

    def owned(self) -> str:
        return ", ".join(name for name, model in self.models.items() if isinstance(model, OwnModel))

    def tokens(self, model: Model, text: str, pair: str | None = None) -> Tokens:
        """The tokens of a request, within the limits of characters and tokens."""
        length, most = len(text) + len(pair or ""), self.settings.max_chars
        if length > most:
            raise Unprocessable(f"the text has {length:,} characters; the limit is {most:,}: send it in parts")
        tokens = model.tokenise(text, pair)
        if len(tokens) > model.info.max_tokens:
            raise Unprocessable(
                f"the text has {len(tokens)} tokens, those that the model adds included; {model.info.name} reads at "
                f"most {model.info.max_tokens}: shorten it or send it in parts"
            )
        for part, one in enumerate(tokens.texts):
            if not visible(tokens, part):
                raise Unprocessable(f"no token is left of {shorten(one)}: it has only characters that cannot be seen")
        return tokens

    def look(self, model: Model, text: str, pair: str | None = None, part: Part = "self", hidden: bool = False) -> Look:
        return model.look(self.tokens(model, text, pair), part, hidden)

    def card(self) -> Card:
        return card_of(
            self.manifest,
            self.settings.artifacts,
            self.device,
            summary="Who looks at whom inside a transformer: the attention of every layer and head for any sentence.",
            summary_ko="트랜스포머 안에서 누가 누구를 보는가: 어떤 문장이든 모든 레이어와 헤드의 어텐션을 보여 줍니다.",
            picture="/attention/figure?text=when+you+play+the+game+of+thrones&layer=0&head=4",
            task="Sentence embedding (by the authors of the models); served here for their attention.",
            licence="all-MiniLM-L6-v2: Apache-2.0; multilingual-e5-small: MIT, by their authors; see NOTICE.",
            sizes={f"{name} parameters": model.parameters() for name, model in self.models.items()},
            limits=LIMITS,
        )

    def examples(self) -> dict[str, object]:
        return {"model": self.settings.default_model, "text": TRAIN}


def load_models(settings: Settings, device: str, metrics: ModelMetrics) -> dict[str, Model]:
    """What `train` laid out, a folder a model; then the checkpoints that a setting names."""
    most, sharing = settings.max_tokens, Sharing(settings.batch_tokens, lanes(device, settings.threads), metrics)
    folders = sorted(path for path in settings.artifacts.iterdir() if path.is_dir())
    models: dict[str, Model] = {path.name: load_own(path, device, most, sharing) for path in folders}
    for name, path in settings.checkpoints.items():
        if name in models:
            raise ValueError(f"ATTENTION_CHECKPOINTS names {path} {name!r}, and there is a model of that name already")
        models[name] = load_checkpoint(path, name, device, most)
    return models
