"""Any local Hugging Face folder: tiny random checkpoints of each kind, beside transformers called directly."""

import json
import shutil
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers
from torch import Tensor

from services.attention.checkpoint import CheckpointModel, NotACheckpoint, load_checkpoint
from services.attention.features import batch
from services.attention.schemas.common import Part
from services.attention.train import lay_out
from shared.commands import CannotDo
from shared.problems import Unprocessable
from shared.tensors import load_tensors
from tests.attention.checkpoints import ENDS, MADE, PAIR, SIZES, TEXT, save, transformers, word_level

KINDS = {"encoder": ["bert", "roberta", "distilbert"], "decoder": ["gpt2", "llama"], "encoder-decoder": ["t5", "bart"]}
ONE_TEXT = KINDS["encoder"] + KINDS["decoder"]
PARTS: list[Part] = ["self", "decoder", "cross"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    torch.manual_seed(0)
    root = tmp_path_factory.mktemp("checkpoints")
    return {name: save(root / name, network(), tokenizer()) for name, (network, tokenizer) in MADE.items()}


@pytest.fixture(scope="module")
def loaded(folders: dict[str, Path]) -> dict[str, CheckpointModel]:
    return {name: load_checkpoint(folder, name, "cpu", max_tokens=512) for name, folder in folders.items()}


@pytest.fixture
def mine(folders: dict[str, Path], tmp_path: Path) -> Path:
    """A copy of the tiny BERT, to be broken."""
    return Path(shutil.copytree(folders["bert"], tmp_path / "mine"))


def directly(folder: Path, ids: list[int], **more: Any) -> Any:
    """transformers' own answer, by its own way of loading."""
    network = transformers.AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
    with torch.inference_mode():
        return network(torch.tensor([ids]), output_attentions=True, output_hidden_states=True, **more)


def differs(ours: Tensor | None, theirs: tuple[Tensor, ...]) -> float:
    assert ours is not None
    return float((ours - torch.cat(theirs)).abs().max())


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, names in KINDS.items() for name in names])
def test_a_checkpoint_says_what_it_is(loaded: dict[str, CheckpointModel], kind: str, name: str) -> None:
    info = loaded[name].info
    assert (info.name, info.kind, info.languages, info.steps) == (name, kind, ["und"], False)
    assert (info.layers, info.heads, info.d_model) == (2, 2, 8)
    assert info.d_k == (3 if name == "t5" else 4)


@pytest.mark.parametrize("name", ONE_TEXT)
def test_attention_and_hidden_states_are_those_of_transformers(
    loaded: dict[str, CheckpointModel], folders: dict[str, Path], name: str
) -> None:
    tokens = loaded[name].tokenise(TEXT)
    look, theirs = loaded[name].look(tokens, hidden=True), directly(folders[name], tokens.ids)
    assert look.attention.shape == (2, 2, len(tokens), len(tokens))
    assert look.hidden is not None
    assert look.hidden.shape == (3, len(tokens), 8)
    assert differs(look.attention, theirs.attentions) <= 1e-6
    assert differs(look.hidden, theirs.hidden_states) <= 1e-5


@pytest.mark.parametrize("name", MADE)
def test_rows_sum_to_one_in_every_part(loaded: dict[str, CheckpointModel], name: str) -> None:
    tokens = loaded[name].tokenise(TEXT, PAIR)
    for part in PARTS if name in KINDS["encoder-decoder"] else PARTS[:1]:
        look = loaded[name].look(tokens, part)
        assert look.attention.shape[2:] == (len(look.queries), len(look.keys))
        assert torch.allclose(look.attention.sum(-1), torch.ones(()), atol=1e-5)


@pytest.mark.parametrize("name", ONE_TEXT)
def test_a_text_and_a_pair_are_cut_as_transformers_cuts_them(
    loaded: dict[str, CheckpointModel], folders: dict[str, Path], name: str
) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(folders[name])
    assert loaded[name].tokenise(TEXT).ids == tokenizer(TEXT).input_ids
    assert loaded[name].tokenise(TEXT, PAIR).ids == tokenizer(TEXT, PAIR).input_ids


@pytest.mark.parametrize("name", ["bert", "gpt2"])
def test_looks_at_the_same_time_do_not_mix(loaded: dict[str, CheckpointModel], name: str) -> None:
    texts = [TEXT, PAIR, "the gare", "la station"] * 25
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda text: loaded[name].look(loaded[name].tokenise(text)).attention, texts))
    for text, attention in zip(texts[:4], together[-4:], strict=True):
        assert torch.allclose(attention, loaded[name].look(loaded[name].tokenise(text)).attention, atol=1e-6)


@pytest.mark.parametrize("name", KINDS["decoder"])
def test_a_decoder_looks_at_nothing_that_comes_later(loaded: dict[str, CheckpointModel], name: str) -> None:
    attention = loaded[name].look(loaded[name].tokenise(TEXT)).attention
    assert not attention.triu(1).any()
    assert (attention.tril()[..., -1, :] > 0).all()


@pytest.mark.parametrize("name", KINDS["encoder-decoder"])
def test_the_three_parts_of_an_encoder_decoder_are_those_of_transformers(
    loaded: dict[str, CheckpointModel], folders: dict[str, Path], name: str
) -> None:
    tokens = loaded[name].tokenise(TEXT, PAIR)
    own, written, cross = (loaded[name].look(tokens, part, hidden=True) for part in PARTS)
    theirs = directly(folders[name], own.keys.ids, decoder_input_ids=torch.tensor([written.keys.ids]))
    assert differs(own.attention, theirs.encoder_attentions) <= 1e-6
    assert differs(written.attention, theirs.decoder_attentions) <= 1e-6
    assert differs(cross.attention, theirs.cross_attentions) <= 1e-6
    assert differs(own.hidden, theirs.encoder_hidden_states) <= 1e-5
    assert differs(cross.hidden, theirs.decoder_hidden_states) <= 1e-5
    assert not written.attention.triu(1).any()


def test_the_decoder_of_an_encoder_decoder_has_layers_and_heads_of_its_own(loaded: dict[str, CheckpointModel]) -> None:
    bart, t5 = loaded["bart"], loaded["t5"]
    assert bart.look(bart.tokenise(TEXT, PAIR), "cross").attention.shape == (1, 4, 8, 7)
    assert t5.look(t5.tokenise(TEXT, PAIR), "cross").attention.shape == (3, 2, 7, 6)


@pytest.mark.parametrize("name", KINDS["encoder-decoder"])
def test_a_decoder_reads_what_transformers_would_train_it_on(
    loaded: dict[str, CheckpointModel], folders: dict[str, Path], name: str
) -> None:
    written = loaded[name].look(loaded[name].tokenise(TEXT, PAIR), "decoder").keys
    tokenizer = transformers.AutoTokenizer.from_pretrained(folders[name])
    network = transformers.AutoModelForSeq2SeqLM.from_pretrained(folders[name])
    labels = torch.tensor([tokenizer(PAIR).input_ids])
    assert written.ids == network.prepare_decoder_input_ids_from_labels(labels)[0].tolist()


def test_text_and_pair_of_an_encoder_decoder_keep_their_places(loaded: dict[str, CheckpointModel]) -> None:
    look = loaded["t5"].look(loaded["t5"].tokenise("the station", "la gare"), "cross")
    assert look.queries.tokens == ["<pad>", "la", "gare"]
    assert look.queries.offsets == [(0, 0), (0, 2), (3, 7)]
    assert look.queries.words == [None, 0, 1]
    assert (look.queries.segments, look.queries.special) == ([1, 1, 1], [True, False, False])
    assert look.keys.tokens == ["the", "station", "</s>"]
    assert look.keys.texts == ("the station", "la gare")


def test_without_a_pair_an_encoder_decoder_shows_its_encoder_and_asks_for_the_rest(
    loaded: dict[str, CheckpointModel],
) -> None:
    tokens = loaded["bart"].tokenise(TEXT)
    assert loaded["bart"].look(tokens).attention.shape == (2, 2, 7, 7)
    with pytest.raises(Unprocessable, match="part 'cross' of bart needs `pair`"):
        loaded["bart"].look(tokens, "cross")


def test_a_part_that_a_kind_does_not_have_is_refused(loaded: dict[str, CheckpointModel]) -> None:
    with pytest.raises(Unprocessable, match="no part 'cross': gpt2 has self"):
        loaded["gpt2"].look(loaded["gpt2"].tokenise(TEXT), "cross")


def test_the_second_text_of_a_pair_has_berts_second_token_type(
    loaded: dict[str, CheckpointModel], folders: dict[str, Path]
) -> None:
    tokens = loaded["bert"].tokenise(TEXT, PAIR)
    look, types = loaded["bert"].look(tokens), torch.tensor([[0] * 7 + [1] * 7])
    assert tokens.segments == types[0].tolist()
    with_types = directly(folders["bert"], tokens.ids, token_type_ids=types)
    assert differs(look.attention, with_types.attentions) <= 1e-6
    assert differs(look.attention, directly(folders["bert"], tokens.ids).attentions) > 1e-4


def test_a_pair_has_two_segments_where_the_model_learned_none(loaded: dict[str, CheckpointModel]) -> None:
    tokens = loaded["roberta"].tokenise("the train", "la gare")
    assert tokens.tokens == ["<s>", "the", "train", "</s>", "</s>", "la", "gare", "</s>"]
    assert tokens.segments == [0, 0, 0, 0, 0, 1, 1, 1]


def test_our_own_encoder_with_the_same_weights_gives_the_same_attention(
    loaded: dict[str, CheckpointModel], folders: dict[str, Path], tmp_path: Path
) -> None:
    tokens = loaded["bert"].tokenise(TEXT, PAIR)
    encoder, one = lay_out(folders["bert"], tmp_path / "ours", languages=["en"]).eval(), batch([tokens])
    with torch.inference_mode():
        ours = encoder(one.ids, one.types)
    look = loaded["bert"].look(tokens, hidden=True)
    assert differs(look.attention, ours.attentions) <= 1e-6
    assert differs(look.hidden, ours.hidden) <= 1e-5


def test_spelt_bytes_are_shown_as_the_text_they_stand_for(loaded: dict[str, CheckpointModel]) -> None:
    tokens = loaded["gpt2"].tokenise("the train 기")
    assert tokens.tokens == ["the", "▁train", "Ġ", "기", "기", "기"]
    assert tokens.words == [0, 1, 2, 2, 2, 2]


def test_words_are_counted_where_the_tokenizer_takes_the_text_for_one(loaded: dict[str, CheckpointModel]) -> None:
    text = "the  train left"
    tokens = loaded["llama"].tokenise(text, "la gare")
    firsts: dict[tuple[int, int | None], str] = {}
    for token, word, segment in zip(tokens.tokens, tokens.words, tokens.segments, strict=True):
        firsts[segment, word] = firsts.get((segment, word), "") + token.replace("▁", "")
    own = {key: spelt for key, spelt in firsts.items() if key[1] is not None}
    assert own == {(0, 0): "the", (0, 1): "train", (0, 2): "left", (1, 0): "la", (1, 1): "gare"}


def test_static_vectors_are_rows_of_the_embedding_table(
    loaded: dict[str, CheckpointModel], folders: dict[str, Path]
) -> None:
    table = load_tensors(folders["bert"] / "model.safetensors")["embeddings.word_embeddings.weight"]
    assert torch.equal(loaded["bert"].static([5, 2, 5]), table[[5, 2, 5]])


def test_parameters_are_counted(loaded: dict[str, CheckpointModel], folders: dict[str, Path]) -> None:
    saved = load_tensors(folders["bert"] / "model.safetensors")
    assert loaded["bert"].parameters() == sum(tensor.numel() for tensor in saved.values())


@pytest.mark.parametrize(
    ("name", "most"), [("bert", 30), ("roberta", 29), ("gpt2", 30), ("llama", 40), ("t5", 512), ("bart", 30)]
)
def test_the_longest_text_that_is_promised_is_read(loaded: dict[str, CheckpointModel], name: str, most: int) -> None:
    model = loaded[name]
    assert model.info.max_tokens == most
    network, ids = model.network, torch.full((1, most), 5)
    more = {"decoder_input_ids": ids} if model.info.kind == "encoder-decoder" else {}
    assert network(ids, **more)[0].shape == (1, most, 8)


def test_the_setting_and_the_tokenizer_may_shorten_the_longest_text(mine: Path) -> None:
    assert load_checkpoint(mine, "mine", "cpu", max_tokens=20).info.max_tokens == 20
    settings = json.loads((mine / "tokenizer_config.json").read_text())
    (mine / "tokenizer_config.json").write_text(json.dumps(settings | {"model_max_length": 10}))
    assert load_checkpoint(mine, "mine", "cpu", max_tokens=20).info.max_tokens == 10


def test_a_token_beyond_the_embedding_table_is_named(mine: Path) -> None:
    tokenizer = Tokenizer.from_file(str(mine / "tokenizer.json"))
    tokenizer.add_tokens([f"added{number}" for number in range(20)])
    tokenizer.save(str(mine / "tokenizer.json"))
    model = load_checkpoint(mine, "mine", "cpu", max_tokens=512)
    with pytest.raises(Unprocessable, match=r"token 'added19' is number [0-9]+, and mine knows 0 to 19"):
        model.tokenise("the added19")


def test_a_tokenizer_that_cuts_and_pads_does_neither_here(mine: Path) -> None:
    tokenizer = Tokenizer.from_file(str(mine / "tokenizer.json"))
    tokenizer.enable_truncation(4)
    tokenizer.enable_padding(length=4)
    tokenizer.save(str(mine / "tokenizer.json"))
    model = load_checkpoint(mine, "mine", "cpu", max_tokens=512)
    assert [len(model.tokenise(text)) for text in ("the", TEXT)] == [3, 7]


def test_loading_leaves_transformers_as_talkative_as_it_was(folders: dict[str, Path], capfd: Any) -> None:
    log = transformers.utils.logging
    log.enable_progress_bar()
    log.set_verbosity_warning()
    before = log.get_verbosity()
    load_checkpoint(folders["roberta"], "roberta", "cpu", max_tokens=512)
    assert (log.get_verbosity(), log.is_progress_bar_enabled()) == (before, True)
    assert capfd.readouterr() == ("", "")


def refused(folder: Path, *said: str) -> None:
    with pytest.raises(NotACheckpoint) as caught:
        load_checkpoint(folder, "mine", "cpu", max_tokens=512)
    assert "\n" not in str(caught.value)
    for words in (str(folder), *said):
        assert words in str(caught.value)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    refused(tmp_path / "nowhere", "there is no such folder")


def test_a_file_is_not_a_folder(mine: Path) -> None:
    refused(mine / "config.json", "is a file")


def test_an_empty_folder_lacks_its_config(tmp_path: Path) -> None:
    refused(tmp_path, "config.json is missing")


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"model_type": "nothing of this name"}', "\x00"])
def test_a_config_that_cannot_be_used_is_named(mine: Path, content: str) -> None:
    (mine / "config.json").write_text(content)
    refused(mine, "config.json cannot be used")


def test_a_config_that_wants_to_run_code_is_refused(mine: Path) -> None:
    config = json.loads((mine / "config.json").read_text())
    code = {"AutoConfig": "theirs.Config", "AutoModel": "theirs.Model"}
    (mine / "config.json").write_text(json.dumps(config | {"model_type": "theirs", "auto_map": code}))
    (mine / "theirs.py").write_text(f"open({str(mine / 'ran')!r}, 'w')")
    refused(mine, "config.json cannot be used")
    assert not (mine / "ran").exists()


def test_weights_that_are_not_there_are_named(mine: Path) -> None:
    (mine / "model.safetensors").unlink()
    refused(mine, "model.safetensors is missing")


def test_pickled_weights_are_not_read(mine: Path) -> None:
    (mine / "model.safetensors").rename(mine / "pytorch_model.bin")
    refused(mine, "model.safetensors is missing", "pickled weights can run code")


def test_pickled_weights_are_not_read_beside_others_either(mine: Path) -> None:
    torch.save(load_tensors(mine / "model.safetensors"), mine / "pytorch_model.bin")
    (mine / "model.safetensors").rename(mine / "other.safetensors")
    refused(mine, "the weights cannot be loaded", "model.safetensors")


def test_broken_weights_are_named(mine: Path) -> None:
    (mine / "model.safetensors").write_bytes(b"not a tensor")
    refused(mine, "the weights cannot be loaded")


def change(folder: Path, changes: Callable[[dict[str, Tensor]], dict[str, Tensor]]) -> None:
    """Write the weights of a folder anew."""
    file = folder / "model.safetensors"
    save_file(changes({name: tensor.clone() for name, tensor in load_tensors(file).items()}), file, {"format": "pt"})


def test_weights_with_a_layer_missing_are_refused(mine: Path) -> None:
    change(mine, lambda tensors: {name: tensor for name, tensor in tensors.items() if "layer.1" not in name})
    refused(mine, "the weights lack encoder.layer.1.", "and 13 more", "config.json")


def test_a_missing_pooler_is_none_of_our_business(mine: Path) -> None:
    change(mine, lambda tensors: {name: tensor for name, tensor in tensors.items() if "pooler" not in name})
    assert load_checkpoint(mine, "mine", "cpu", max_tokens=512).info.layers == 2


def test_weights_of_another_shape_are_refused(mine: Path) -> None:
    name = "embeddings.word_embeddings.weight"
    change(mine, lambda tensors: tensors | {name: torch.zeros(21, 8)})
    refused(mine, f"{name} is (21, 8) in the weights, and (20, 8) by config.json")


@pytest.mark.parametrize(
    ("name", "count", "layer"), [("bert", "num_hidden_layers", "encoder.layer.1"), ("gpt2", "n_layer", "h.1")]
)
def test_a_config_that_counts_fewer_layers_than_the_weights_is_refused(
    folders: dict[str, Path], tmp_path: Path, name: str, count: str, layer: str
) -> None:
    folder = Path(shutil.copytree(folders[name], tmp_path / name))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {count: 1}))
    refused(folder, f"layers that config.json does not count: {layer}")


def test_weights_that_are_not_numbers_are_refused(mine: Path) -> None:
    name = "encoder.layer.1.attention.self.query.weight"
    change(mine, lambda tensors: tensors | {name: torch.full((8, 8), torch.nan)})
    refused(mine, "the weights of layer 1, head 0, row 0 sum to nan and not to 1")


def test_a_model_without_attention_is_refused(mine: Path) -> None:
    sizes: Any = {"vocab_size": 20, "hidden_size": 8, "num_hidden_layers": 1, "state_size": 2}
    shutil.rmtree(mine)
    save(mine, transformers.MambaModel(transformers.MambaConfig(**sizes, **ENDS)), word_level())
    refused(mine, "its attention cannot be had: the model returns no attention")


def test_a_model_that_does_not_read_text_is_refused(mine: Path) -> None:
    shutil.rmtree(mine)
    save(mine, transformers.ViTModel(transformers.ViTConfig(image_size=4, patch_size=2, **SIZES)), word_level())
    refused(mine, "its attention cannot be had")


def test_a_tokenizer_that_is_not_there_is_named(mine: Path) -> None:
    (mine / "tokenizer.json").unlink()
    refused(mine, "tokenizer.json is missing")


def test_an_empty_tokenizer_that_transformers_makes_up_is_refused(mine: Path) -> None:
    for file in mine.glob("tokenizer*"):
        file.unlink()
    (mine / "spiece.model").write_bytes(b"")
    refused(mine, "BertTokenizer needs one of tokenizer.json, vocab.txt")


def test_a_broken_tokenizer_is_named(mine: Path) -> None:
    (mine / "tokenizer.json").write_text("{")
    refused(mine, "the tokenizer cannot be loaded")


def test_a_tokenizer_without_a_fast_version_is_refused(mine: Path) -> None:
    for file in mine.glob("tokenizer*"):
        file.unlink()
    (mine / "vocab.json").write_text(json.dumps({"a": 0, "<unk>": 1}))
    (mine / "merges.txt").write_text("#version\n")
    (mine / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "CTRLTokenizer"}))
    refused(mine, "CTRLTokenizer has no fast version")


def test_a_tokenizer_that_stops_at_an_unknown_letter_is_refused(mine: Path) -> None:
    tokenizer = Tokenizer(models.WordLevel({"the": 0, "train": 1}, "<unk>"))
    tokenizer.save(str(mine / "tokenizer.json"))
    refused(mine, "the tokenizer cannot cut every text")


def test_a_vocabulary_without_tokenizer_json_is_read_as_the_models_type_reads_it(mine: Path) -> None:
    for file in mine.glob("tokenizer*"):
        file.unlink()
    (mine / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "train", "##s"]))
    tokens = load_checkpoint(mine, "mine", "cpu", max_tokens=512).tokenise("Trains")
    assert (tokens.tokens, tokens.ids) == (["[CLS]", "train", "##s", "[SEP]"], [2, 5, 6, 3])


def test_tokenizer_json_goes_before_what_the_models_type_usually_has(mine: Path) -> None:
    pieces = [("<s>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁tra", -1.0), ("ins", -1.0), ("▁", -3.0)]
    unigram = Tokenizer(models.Unigram(pieces, unk_id=2))
    unigram.pre_tokenizer = pre_tokenizers.Metaspace()
    unigram.save(str(mine / "tokenizer.json"))
    (mine / "tokenizer_config.json").unlink()
    assert load_checkpoint(mine, "mine", "cpu", max_tokens=512).tokenise("trains").tokens == ["▁tra", "ins"]


def test_the_tokenizer_of_another_model_is_refused(mine: Path, folders: dict[str, Path]) -> None:
    shutil.copy(folders["gpt2"] / "tokenizer.json", mine / "tokenizer.json")
    refused(mine, "the tokenizer knows", "and the model 20")


def test_without_transformers_the_message_says_how_to_install_it(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)  # Python's own way of saying: not installed
    with pytest.raises(CannotDo, match="mine needs the package transformers: pip install --group transformers"):
        load_checkpoint(mine, "mine", "cpu", max_tokens=512)
