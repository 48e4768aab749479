"""From a checkpoint to our artifacts, on a tiny random BERT."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.processors import TemplateProcessing
from transformers import BertConfig, BertModel

from services.attention.engine import Engine
from services.attention.schemas import MapsRequest
from services.attention.settings import Settings
from services.attention.train import lay_out, train
from shared.artifacts import ArtifactDamaged, Manifest, verify, write_manifest
from shared.schemas import PageRequest
from shared.tensors import save_tensors

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with a checkpoint of two layers and five words."""
    folder = tmp_path / "data" / "attention" / "minilm"
    folder.mkdir(parents=True)
    torch.manual_seed(0)
    sizes: Any = {"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
    bert = BertModel(BertConfig(vocab_size=len(WORDS), max_position_embeddings=20, **sizes))
    (folder / "config.json").write_text(json.dumps(bert.config.to_dict()))
    save_tensors(folder / "model.safetensors", bert.state_dict())
    tokenizer = Tokenizer(WordPiece({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.post_processor = TemplateProcessing("[CLS] $A [SEP]", None, [("[CLS]", 2), ("[SEP]", 3)])
    tokenizer.save(str(folder / "tokenizer.json"))
    write_manifest(folder, Manifest(service="attention", version="0", data="tiny", command="test"))
    return folder.parent


def test_the_engine_answers_from_what_train_laid_out(data: Path, tmp_path: Path) -> None:
    train(data, tmp_path / "attention")
    maps = Engine.load(Settings(artifacts_dir=tmp_path)).maps(MapsRequest(text="a"))
    assert maps.tokens == ["[CLS]", "a", "[SEP]"]
    assert maps.weights.shape == (2, 2, 3, 3)


def test_a_checkpoint_beside_it_is_one_more_model(data: Path, tmp_path: Path) -> None:
    train(data, tmp_path / "attention")
    lay_out(data / "minilm", tmp_path / "attention" / "mine", languages=["ko"])
    infos = Engine.load(Settings(artifacts_dir=tmp_path)).list_models(PageRequest()).items
    assert [(info.name, info.languages, info.default) for info in infos] == [
        ("mine", ["ko"], False),
        ("minilm", ["en"], True),
    ]


def test_a_default_model_that_is_not_there_stops_the_start(data: Path, tmp_path: Path) -> None:
    train(data, tmp_path / "attention")
    with pytest.raises(ValueError, match="ATTENTION_DEFAULT_MODEL is gpt: there is minilm"):
        Engine.load(Settings(artifacts_dir=tmp_path, default_model="gpt"))


def test_it_is_laid_out_anew_only_when_the_data_change(data: Path, tmp_path: Path) -> None:
    made = []
    for version in ("0", "0", "1"):
        write_manifest(data / "minilm", Manifest(service="attention", version=version, data="tiny", command="test"))
        train(data, tmp_path / "attention")
        made.append((tmp_path / "attention").stat().st_ino)
    assert made[0] == made[1] != made[2]


def test_the_same_data_give_the_same_bytes(data: Path, tmp_path: Path) -> None:
    train(data, tmp_path / "one")
    train(data, tmp_path / "two")
    assert verify(tmp_path / "one") == verify(tmp_path / "two")


def test_a_damaged_checkpoint_is_refused_and_leaves_nothing(data: Path, tmp_path: Path) -> None:
    with (data / "minilm" / "model.safetensors").open("ab") as file:
        file.write(b"more")
    with pytest.raises(ArtifactDamaged):
        train(data, tmp_path / "attention")
    assert not (tmp_path / "attention").exists()
