"""From checkpoints to our artifacts, on tiny random BERTs; and the toy, which is the real one."""

import json
import sys
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.processors import TemplateProcessing
from torch import Tensor

from services.attention import evaluate
from services.attention.engine import Engine
from services.attention.model import Config, Encoder
from services.attention.models import OwnModel
from services.attention.settings import Settings
from services.attention.train import EMBEDDING, LAYER, SOURCES, TOY, lay_out, our_config, toy_weights, train
from shared.artifacts import ArtifactDamaged, Manifest, read_manifest, verify, write_manifest
from shared.commands import CannotDo
from shared.schemas import PageRequest
from shared.tensors import load_tensors, save_tensors

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a"]
BERT = {
    "vocab_size": len(WORDS),
    "max_position_embeddings": 20,
    "type_vocab_size": 2,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "hidden_size": 8,
    "intermediate_size": 16,
    "layer_norm_eps": 1e-12,
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with two checkpoints of two layers and six words."""
    for name in SOURCES:
        save_checkpoint(tmp_path / "data" / "attention" / name)
    return tmp_path / "data" / "attention"


def save_checkpoint(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(BERT))
    save_tensors(folder / "model.safetensors", random_weights(our_config(BERT)))
    tokenizer = Tokenizer(WordPiece({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.post_processor = TemplateProcessing("[CLS] $A [SEP]", None, [("[CLS]", 2), ("[SEP]", 3)])
    tokenizer.enable_padding(length=12)  # as MiniLM's own file asks for
    tokenizer.save(str(folder / "tokenizer.json"))
    write_manifest(folder, Manifest(service="attention", version="0", data="tiny", command="test"))


def random_weights(config: Config) -> dict[str, Tensor]:
    """Of an encoder of ours, under BERT's names; test_model.py has a BERT of transformers' own."""
    torch.manual_seed(0)
    theirs = {ours: name for name, ours in EMBEDDING.items()}
    for layer in range(config.layers):
        theirs |= {f"layers.{layer}.{ours}": f"encoder.layer.{layer}.{name}" for name, ours in LAYER.items()}
    weights = Encoder(config).state_dict()
    names = {name: name.rpartition(".") for name in weights}
    return {f"{theirs[part]}.{leaf}": weights[name] for name, (part, _, leaf) in names.items()}


def loaded(artifacts_dir: Path, name: str) -> OwnModel:
    return Engine.load(Settings(artifacts_dir=artifacts_dir)).own(name)


def test_a_model_answers_from_what_train_laid_out(data: Path, tmp_path: Path) -> None:
    train(data, tmp_path / "attention")
    model = loaded(tmp_path, "minilm")
    tokens = model.tokenise("a")
    assert tokens.tokens == ["[CLS]", "a", "[SEP]"]
    assert model.look(tokens).attention.shape == (2, 2, 3, 3)


def test_config_says_what_a_checkpoint_does_not_say_about_itself(data: Path, tmp_path: Path) -> None:
    train(data, tmp_path / "attention")
    minilm, e5 = (json.loads((tmp_path / "attention" / name / "config.json").read_text()) for name in ("minilm", "e5"))
    assert (minilm["languages"], minilm["prefix"], e5["prefix"]) == (["en"], "", "query: ")
    assert {"ko", "en", "ja", "ar"} <= set(e5["languages"])
    assert minilm["mask_id"] == 4


def test_a_checkpoint_beside_it_is_one_more_model(data: Path, tmp_path: Path) -> None:
    train(data, tmp_path / "attention")
    lay_out(data / "minilm", tmp_path / "attention" / "mine", languages=["ko"])
    infos = Engine.load(Settings(artifacts_dir=tmp_path)).list_models(PageRequest()).items
    assert [info.name for info in infos] == ["e5", "mine", "minilm", "toy"]
    assert [(info.languages, info.default) for info in infos[1:3]] == [(["ko"], False), (["en"], True)]


def test_a_default_model_that_is_not_there_stops_the_start(data: Path, tmp_path: Path) -> None:
    train(data, tmp_path / "attention")
    with pytest.raises(ValueError, match="ATTENTION_DEFAULT_MODEL is gpt: there is e5, minilm, toy"):
        Engine.load(Settings(artifacts_dir=tmp_path, default_model="gpt"))


def test_a_weight_that_is_missing_is_named(data: Path, tmp_path: Path) -> None:
    file = data / "minilm" / "model.safetensors"
    weights = load_tensors(file)
    del weights["encoder.layer.1.output.dense.bias"]
    save_tensors(file, weights)
    with pytest.raises(RuntimeError, match=r"layers\.1\.contract\.bias"):
        lay_out(data / "minilm", tmp_path / "mine", languages=["ko"])


@pytest.mark.parametrize("name", SOURCES)
def test_it_is_laid_out_anew_only_when_the_data_of_a_model_change(data: Path, tmp_path: Path, name: str) -> None:
    made = []
    for version in ("0", "0", "1"):
        write_manifest(data / name, Manifest(service="attention", version=version, data="tiny", command="test"))
        train(data, tmp_path / "attention")
        made.append((tmp_path / "attention").stat().st_ino)
    assert made[0] == made[1] != made[2]


def test_the_same_data_give_the_same_bytes(data: Path, tmp_path: Path) -> None:
    train(data, tmp_path / "one")
    train(data, tmp_path / "two")
    assert verify(tmp_path / "one") == verify(tmp_path / "two")


def test_training_says_how_far_each_model_is_from_torch(data: Path, tmp_path: Path) -> None:
    train(data, tmp_path / "attention")
    figures = read_manifest(tmp_path / "attention").figures
    assert [figure.metric.partition(":")[0] for figure in figures] == list(SOURCES)
    assert max(figure.value for figure in figures) <= 1e-5


def test_a_damaged_checkpoint_is_refused_and_leaves_nothing(data: Path, tmp_path: Path) -> None:
    with (data / "e5" / "model.safetensors").open("ab") as file:
        file.write(b"more")
    with pytest.raises(ArtifactDamaged):
        train(data, tmp_path / "attention")
    assert not (tmp_path / "attention").exists()


def test_evaluate_refuses_data_that_a_model_was_not_made_from(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("transformers")  # without it, evaluate says so first
    train(data, tmp_path / "attention")
    write_manifest(data / "e5", Manifest(service="attention", version="1", data="tiny", command="test"))
    monkeypatch.setenv("ATTENTION_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("ATTENTION_ARTIFACTS_DIR", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["evaluate"])
    with pytest.raises(CannotDo, match=r"was made from other data than .*attention/e5: train first"):
        evaluate.main()


def test_the_toys_numbers_can_be_copied_by_hand() -> None:
    for name, tensor in toy_weights(0).items():
        torch.testing.assert_close(tensor * 100, (tensor * 100).round(), atol=1e-3, rtol=0, msg=name)


def test_another_seed_draws_another_toy() -> None:
    one, again, other = toy_weights(0), toy_weights(0), toy_weights(1)
    name = "layers.1.attention.query.weight"
    assert one[name].equal(again[name])
    assert not one[name].equal(other[name])


def test_the_toy_has_heads_that_differ_and_look_somewhere(data: Path, tmp_path: Path) -> None:
    train(data, tmp_path / "attention")
    toy = loaded(tmp_path, "toy")
    attention = toy.look(toy.tokenise("the train left the station on time")).attention  # (2, 2, 7, 7)
    assert attention.shape == (TOY.layers, TOY.heads, 7, 7)
    assert attention.max() > 2 / 7  # twice what a head gives that looks at all alike
    assert (attention[:, 0] - attention[:, 1]).abs().amax(dim=(1, 2)).min() > 0.1
