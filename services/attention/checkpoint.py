"""Any local Hugging Face folder as a model to look into: an encoder, a decoder, or an encoder-decoder.

transformers is an optional extra, imported when a folder is loaded and not before. Nothing is fetched, no code and no
pickle of the folder is run.
"""

import re
import warnings
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from services.attention.features import Tokens, tokenise, whole_sentences
from services.attention.models import Look
from services.attention.schemas.common import Kind, ModelInfo, Part
from shared.commands import CannotDo
from shared.problems import Unprocessable

PARTS: dict[Kind, tuple[Part, ...]] = {
    "encoder": ("self",),
    "decoder": ("self",),
    "encoder-decoder": ("self", "decoder", "cross"),
}
# Where transformers leaves the attention of each part.
ATTENTIONS: dict[Part, str] = {"self": "attentions", "decoder": "decoder_attentions", "cross": "cross_attentions"}
VOCABULARIES = ("tokenizer.json", "vocab.*", "*.model", "*.spm", "*.tiktoken")
LISTS = ("tokens", "ids", "offsets", "words", "segments", "special", "types")  # of Tokens, one entry a token
LOCAL: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}


class NotACheckpoint(CannotDo):
    """A folder that cannot be looked into; the message names it and says what is missing."""


@dataclass(frozen=True)
class CheckpointModel:
    """A checkpoint, loaded. An encoder-decoder reads `text` with its encoder and `pair` with its decoder."""

    info: ModelInfo
    network: Any  # transformers' PreTrainedModel
    tokenizer: Tokenizer

    def tokenise(self, text: str, pair: str | None = None) -> Tokens:
        if self.info.kind != "encoder-decoder" or pair is None:
            return self.known(cut(self.tokenizer, text, pair))
        written = offset_by_one(cut(self.tokenizer, pair), self.start())
        return self.known(side_by_side(cut(self.tokenizer, text), written))

    def known(self, tokens: Tokens) -> Tokens:
        """The tokens, if the model has a vector for each; tokens added to a tokenizer later may have none."""
        rows = self.network.get_input_embeddings().num_embeddings
        for token, number in zip(tokens.tokens, tokens.ids, strict=True):
            if number >= rows:
                raise Unprocessable(f"token {token!r} is number {number}, and {self.info.name} knows 0 to {rows - 1}")
        return tokens

    def start(self) -> tuple[str, int] | None:
        """The token that a decoder reads before it has written anything."""
        number = getattr(self.network.config, "decoder_start_token_id", None)
        return None if number is None else (self.tokenizer.id_to_token(number) or f"<{number}>", number)

    @torch.inference_mode()
    def look(self, tokens: Tokens, part: Part = "self", hidden: bool = False) -> Look:
        queries, keys = self.sides(tokens, part)
        read = of_segment(tokens, 0) if part == "decoder" else keys
        written = None if part == "self" else self.tensor(queries.ids)  # (1, Tq)
        attention, states = attend(self.network, self.tensor(read.ids), part, written, self.types(read))
        return Look(queries, keys, attention, states if hidden else None)

    def sides(self, tokens: Tokens, part: Part) -> tuple[Tokens, Tokens]:
        """The tokens that look and those looked at."""
        name, kind = self.info.name, self.info.kind
        if part not in PARTS[kind]:
            raise Unprocessable(f"no part {part!r}: {name} has {', '.join(PARTS[kind])} (its kind: {kind})")
        if kind != "encoder-decoder":
            return tokens, tokens
        read, written = of_segment(tokens, 0), of_segment(tokens, 1)
        if part != "self" and not written.ids:
            raise Unprocessable(f"part {part!r} of {name} needs `pair`: its encoder reads `text`, its decoder `pair`")
        return {"self": (read, read), "decoder": (written, written), "cross": (written, read)}[part]

    def types(self, tokens: Tokens) -> Tensor | None:
        """Token types, for a model that has learned what the second text of a pair is."""
        learned: int = getattr(self.network.config, "type_vocab_size", 0) if self.info.kind == "encoder" else 0
        return self.tensor(tokens.types) if max(tokens.types, default=learned) < learned else None

    def static(self, ids: list[int]) -> Tensor:
        rows: Tensor = self.network.get_input_embeddings().weight[ids].detach()
        return rows

    def tensor(self, numbers: list[int]) -> Tensor:
        return torch.tensor([numbers], device=self.network.device)  # (1, T)

    def positions(self) -> Tensor | None:
        return None

    def parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.network.parameters())


def load_checkpoint(folder: Path, name: str, device: str, max_tokens: int) -> CheckpointModel:
    """The checkpoint in `folder`; it has looked at a few tokens once, so that what cannot be done is said at start."""
    check_files(folder)
    with quiet_transformers(folder) as transformers:
        network = load_network(transformers, folder).to(device)
        tokenizer = load_fast_tokenizer(transformers, folder)
    with naming(folder, "its attention cannot be had"):
        kind, attention, hidden = probe(network)
    check_vocabulary(folder, network, tokenizer.backend_tokenizer)
    layers, heads, width = len(attention), attention.shape[1], hidden.shape[-1]
    info = ModelInfo(
        name=name,
        kind=kind,
        layers=layers,
        heads=heads,
        d_model=width,
        d_k=getattr(network.config, "head_dim", None) or width // heads,
        max_tokens=min(max_tokens, tokenizer.model_max_length, positions(network) or max_tokens),
        languages=["und"],
        prefix="",
        steps=False,
        default=False,
    )
    return CheckpointModel(info, network, whole_sentences(tokenizer.backend_tokenizer))


def check_files(folder: Path) -> None:
    if not folder.exists():
        raise NotACheckpoint(f"{folder}: there is no such folder; name one with config.json, weights and a tokenizer")
    if not folder.is_dir():
        raise NotACheckpoint(f"{folder} is a file; name the folder with config.json, weights and a tokenizer")
    if not (folder / "config.json").is_file():
        raise NotACheckpoint(f"{folder}: config.json is missing; is it a Hugging Face checkpoint?")
    if not any(folder.glob("*.safetensors")):
        pickled = " (pickled weights can run code and are not read)" if any(folder.glob("*.bin")) else ""
        raise NotACheckpoint(f"{folder}: model.safetensors is missing{pickled}; write it with save_pretrained")
    if not any(True for pattern in VOCABULARIES for _ in folder.glob(pattern)):
        raise NotACheckpoint(f"{folder}: tokenizer.json is missing; write it with the tokenizer's save_pretrained")


@contextmanager
def quiet_transformers(folder: Path) -> Iterator[Any]:
    """transformers, without the warnings and bars it prints while it loads: what matters is checked, and raised."""
    try:
        import transformers
    except ImportError as error:
        raise CannotDo(f"{folder} needs the package transformers: pip install --group transformers") from error
    log: Any = transformers.utils.logging
    verbosity, bars = log.get_verbosity(), log.is_progress_bar_enabled()
    log.set_verbosity_error()
    log.disable_progress_bar()
    try:
        with warnings.catch_warnings(action="ignore"):
            yield transformers
    finally:
        log.set_verbosity(verbosity)
        if bars:
            log.enable_progress_bar()


@contextmanager
def naming(folder: Path, problem: str) -> Iterator[None]:
    """Whatever a library raises over a broken folder, in one sentence that names the folder."""
    try:
        yield
    except Exception as error:  # transformers has no error of its own: OSError, KeyError, RuntimeError, TypeError, ...
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise NotACheckpoint(f"{folder}: {problem}: {said[:300]}") from error


def load_network(transformers: Any, folder: Path) -> Any:
    with naming(folder, "config.json cannot be used"):
        config = transformers.AutoConfig.from_pretrained(folder, **LOCAL)
        config.use_cache = False
    with naming(folder, "the weights cannot be loaded"):
        network, report = transformers.AutoModel.from_pretrained(
            folder,
            config=config,
            attn_implementation="eager",  # The default computes the attention without ever writing it down.
            dtype=torch.float32,
            use_safetensors=True,
            ignore_mismatched_sizes=True,  # They are in the report, which says more than the error would.
            output_loading_info=True,
            **LOCAL,
        )
    check_weights(folder, network, report)
    return network.eval().requires_grad_(False)


def check_weights(folder: Path, network: Any, report: dict[str, Any]) -> None:
    """transformers draws by chance what the weights lack, and goes on; only a pooler plays no part in attention."""
    if missing := sorted(name for name in report["missing_keys"] if "pooler" not in name):
        raise NotACheckpoint(f"{folder}: the weights lack {few(missing)}, which config.json asks for")
    if wrong := sorted(report["mismatched_keys"]):
        name, found, asked = wrong[0]
        raise NotACheckpoint(f"{folder}: {name} is {tuple(found)} in the weights, and {tuple(asked)} by config.json")
    if more := layers_left_over(network, report["unexpected_keys"]):
        raise NotACheckpoint(f"{folder}: the weights have layers that config.json does not count: {few(more)}")


def layers_left_over(network: Any, names: Iterable[str]) -> list[str]:
    """Layers 6 and 7 of weights whose config.json says six; the weights of a head are no such thing."""
    modules = {name for name, _ in network.named_modules()}
    own = [name.removeprefix(f"{network.base_model_prefix}.") for name in names]
    found = {match[1] for name in own if (match := re.match(r"(.+?\.\d+)\.", name))}
    return sorted(layer for layer in found if layer.rpartition(".")[0] in modules and layer not in modules)


def few(names: list[str], shown: int = 3) -> str:
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more


def load_fast_tokenizer(transformers: Any, folder: Path) -> Any:
    # AutoTokenizer builds the tokenizer that the model's type usually has: of a BERT that cuts with SentencePiece, such
    # as multilingual E5, it makes a WordPiece. tokenizer.json says how the text is cut, so it goes first.
    described = (folder / "tokenizer.json").is_file()
    maker = transformers.PreTrainedTokenizerFast if described else transformers.AutoTokenizer
    with naming(folder, "the tokenizer cannot be loaded"):
        tokenizer = maker.from_pretrained(folder, **LOCAL)
    kind = type(tokenizer).__name__
    if not tokenizer.is_fast:
        raise NotACheckpoint(f"{folder}: {kind} has no fast version, so no offsets; tokenizer.json is missing")
    # Without its files transformers makes an empty tokenizer and says nothing.
    files = {"tokenizer.json", *tokenizer.vocab_files_names.values()}
    if not any((folder / file).is_file() for file in files):
        raise NotACheckpoint(f"{folder}: {kind} needs one of {', '.join(sorted(files))}, and none is there")
    return tokenizer


def check_vocabulary(folder: Path, network: Any, tokenizer: Tokenizer) -> None:
    words, rows = tokenizer.get_vocab_size(with_added_tokens=False), network.get_input_embeddings().num_embeddings
    if words > rows:
        raise NotACheckpoint(f"{folder}: the tokenizer knows {words} tokens and the model {rows}; they do not belong")
    with naming(folder, "the tokenizer cannot cut every text"):
        tokenizer.encode("a 가 \U0001f44d")  # Some stop at a letter that they do not know.


def positions(network: Any) -> int | None:
    """How many tokens a text may have; None where positions are relative, as in T5.

    RoBERTa's rows begin behind the one of its padding: 514 rows are 512 positions.
    """
    table = getattr(getattr(network, "embeddings", None), "position_embeddings", None)
    if isinstance(table, nn.Embedding):
        return table.num_embeddings - (0 if table.padding_idx is None else table.padding_idx + 1)
    most: int | None = getattr(network.config, "max_position_embeddings", None)
    return most


@torch.inference_mode()
def probe(network: Any) -> tuple[Kind, Tensor, Tensor]:
    """The kind of a model with its attention and hidden states, from a look at three tokens.

    What it does decides and not what it is called: a decoder leaves everything above the diagonal at 0.
    """
    ids = torch.arange(3, device=network.device)[None]  # (1, 3)
    attention, hidden = attend(network, ids)
    if network.config.is_encoder_decoder:
        for part in ("decoder", "cross"):
            attend(network, ids, part, written=ids)
        return "encoder-decoder", attention, hidden
    return "encoder" if attention.triu(1).any() else "decoder", attention, hidden


def attend(
    network: Any, read: Tensor, part: Part = "self", written: Tensor | None = None, types: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Attention (L, H, Tq, Tk) and hidden states (L + 1, Tq, D) of one text; `read` and `written` are (1, T)."""
    inputs: dict[str, Any] = {"input_ids": read, "attention_mask": torch.ones_like(read)}
    inputs |= {} if types is None else {"token_type_ids": types}
    inputs |= {} if written is None else {"decoder_input_ids": written}
    if part == "self" and network.config.is_encoder_decoder:
        network = network.get_encoder()
    seen = network(**inputs, output_attentions=True, output_hidden_states=True)
    attention = checked(getattr(seen, ATTENTIONS[part], None))
    return attention, torch.cat(seen.hidden_states if part == "self" else seen.decoder_hidden_states)


def checked(attentions: tuple[Tensor | None, ...] | None) -> Tensor:
    """The attention of all layers, (L, H, Tq, Tk), if it is attention: weights that sum to 1 in each row."""
    layers = [layer for layer in attentions or () if layer is not None]
    if not layers or len(layers) != len(attentions or ()) or len({layer.shape for layer in layers}) > 1:
        raise Unprocessable("the model returns no attention, or not one of the same heads for every layer")
    attention = torch.cat(layers)  # (L, H, Tq, Tk)
    sums = attention.sum(-1)  # (L, H, Tq)
    if wrong := (~((sums - 1).abs() <= 1e-4)).nonzero().tolist():  # NaN is not near 1 either
        layer, head, row = wrong[0]
        total = sums[layer, head, row].item()
        raise Unprocessable(f"the weights of layer {layer}, head {head}, row {row} sum to {total:.4g} and not to 1")
    return attention


def cut(tokenizer: Tokenizer, text: str, pair: str | None = None) -> Tokens:
    """The tokens, legible and each with its word."""
    tokens = tokenise(tokenizer, text, pair)
    # GPT-2, RoBERTa and Llama 3 spell the bytes of a text in letters of their own: Ġtrain, and 기 is ê ¸ °.
    bytes_spelt = "ByteLevel" in repr(tokenizer.pre_tokenizer) + repr(tokenizer.decoder)
    return in_words(legible(tokens) if bytes_spelt else tokens)


def legible(tokens: Tokens) -> Tokens:
    """Each token of spelt bytes as the text it stands for; ▁ is the space before it, as in SentencePiece."""

    def label(token: str, piece: str) -> str:
        return ("▁" if token.startswith("Ġ") else "") + piece if piece else token

    rows = zip(tokens.tokens, pieces(tokens), strict=True)
    return replace(tokens, tokens=[label(token, piece) for token, piece in rows])


def pieces(tokens: Tokens) -> list[str]:
    """The text of each token, without the spaces around it; nothing for a special token."""
    rows = zip(tokens.segments, tokens.offsets, strict=True)
    return [tokens.texts[segment][start:end].strip() for segment, (start, end) in rows]


def in_words(tokens: Tokens) -> Tokens:
    """Words between spaces where the tokenizer counts none: Llama's takes the whole text for one word."""
    words = list(tokens.words)
    for segment, text in enumerate(tokens.texts):
        own = [place for place in range(len(tokens)) if tokens.segments[place] == segment and words[place] is not None]
        starts = [word.start() for word in re.finditer(r"\S+", text)]
        if len({words[place] for place in own}) == 1 and len(starts) > 1:
            for place in own:
                words[place] = max(bisect_right(starts, first_letter(text, *tokens.offsets[place])) - 1, 0)
    return replace(tokens, words=words)


def first_letter(text: str, start: int, end: int) -> int:
    """Where the piece text[start:end] begins, behind the spaces that may open it."""
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip())


def pick(tokens: Tokens, places: Iterable[int]) -> Tokens:
    some = list(places)
    lists: dict[str, Any] = {name: [getattr(tokens, name)[place] for place in some] for name in LISTS}
    return replace(tokens, **lists)


def of_segment(tokens: Tokens, segment: int) -> Tokens:
    return pick(tokens, (place for place, one in enumerate(tokens.segments) if one == segment))


def side_by_side(text: Tokens, pair: Tokens) -> Tokens:
    """Two texts cut apart as one list of tokens, the second as segment 1."""
    second = replace(pair, segments=[1] * len(pair))
    lists: dict[str, Any] = {name: getattr(text, name) + getattr(second, name) for name in LISTS}
    return replace(text, **lists, texts=text.texts + pair.texts)


def offset_by_one(tokens: Tokens, start: tuple[str, int] | None) -> Tokens:
    """What a decoder reads while it writes `tokens`: the start token, then all but the closing one.

    "The output embeddings are offset by one position" (Vaswani et al. 2017, section 3.1), so that each token is
    predicted from those before it.
    """
    if start is None:
        return tokens
    token, number = start
    closing = tokens.special[-1:] == [True]
    kept = pick(tokens, range(len(tokens) - closing))
    first = Tokens([token], [number], [(0, 0)], [None], [0], [True], (), [0])
    return replace(side_by_side(first, kept), segments=[0] * (len(kept) + 1), texts=tokens.texts)
