"""Tiny random checkpoints of each kind, as save_pretrained writes them; what imports them needs transformers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

transformers: Any = pytest.importorskip("transformers")  # whose types are not whole
TEXT, PAIR = "the train left the station", "le train a quitté la gare"
SPECIAL = ["<pad>", "<unk>", "<s>", "</s>"]
SIZES: Any = {"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
ENDS: Any = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}
BART: Any = {"encoder_layers": 2, "encoder_attention_heads": 2, "encoder_ffn_dim": 16}
BART |= {"decoder_layers": 1, "decoder_attention_heads": 4, "decoder_ffn_dim": 16, "d_model": 8}


def word_level(post: str = "<s> $A </s>", pair: str = "<s> $A </s> $B:1 </s>:1") -> Tokenizer:
    """A word is a token, by the spaces."""
    words = SPECIAL + sorted(set(f"{TEXT} {PAIR}".split()))
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, "<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(post, pair, [("<s>", 2), ("</s>", 3)])
    return tokenizer


def byte_level() -> Tokenizer:
    """GPT-2's way: the bytes of the text in letters of their own, and nothing added."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator([TEXT] * 3, trainer)
    return tokenizer


def llamas() -> Tokenizer:
    """Llama's way: the whole text is one piece, a space is ▁."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(split=False)
    tokenizer.decoder = decoders.Metaspace(split=False)
    trainer = trainers.BpeTrainer(vocab_size=30, special_tokens=SPECIAL, show_progress=False)
    tokenizer.train_from_iterator([TEXT, PAIR], trainer)
    tokenizer.post_processor = processors.TemplateProcessing("<s> $A", "<s> $A <s> $B:1", [("<s>", 2)])
    return tokenizer


def t5() -> Any:
    sizes: Any = {
        "d_model": 8,
        "d_kv": 3,
        "d_ff": 16,
        "num_layers": 2,
        "num_decoder_layers": 3,
        "decoder_start_token_id": 0,
    }
    config = transformers.T5Config(vocab_size=20, num_heads=2, **sizes)
    return transformers.T5ForConditionalGeneration(config)


def bart() -> Any:
    config = transformers.BartConfig(
        vocab_size=20, max_position_embeddings=30, decoder_start_token_id=3, forced_eos_token_id=None, **BART, **ENDS
    )
    return transformers.BartForConditionalGeneration(config)


def bert() -> Any:
    return transformers.BertModel(transformers.BertConfig(vocab_size=20, max_position_embeddings=30, **SIZES))


def roberta() -> Any:
    config = transformers.RobertaConfig(vocab_size=20, max_position_embeddings=30, type_vocab_size=1, **SIZES, **ENDS)
    return transformers.RobertaForMaskedLM(config)


def distilbert() -> Any:
    sizes: Any = {"dim": 8, "n_layers": 2, "n_heads": 2, "hidden_dim": 16}
    return transformers.DistilBertModel(
        transformers.DistilBertConfig(vocab_size=20, max_position_embeddings=30, **sizes)
    )


def gpt2() -> Any:
    sizes: Any = {"n_embd": 8, "n_layer": 2, "n_head": 2, "n_positions": 30}
    return transformers.GPT2LMHeadModel(transformers.GPT2Config(vocab_size=300, **sizes, **ENDS))


def llama() -> Any:
    config = transformers.LlamaConfig(vocab_size=30, max_position_embeddings=40, num_key_value_heads=1, **SIZES, **ENDS)
    return transformers.LlamaForCausalLM(config)


MADE: dict[str, tuple[Callable[[], Any], Callable[[], Tokenizer]]] = {
    "bert": (bert, word_level),
    "roberta": (roberta, lambda: word_level(pair="<s> $A </s> </s> $B </s>")),
    "distilbert": (distilbert, word_level),
    "gpt2": (gpt2, byte_level),
    "llama": (llama, llamas),
    "t5": (t5, lambda: word_level("$A </s>", "$A </s> $B </s>")),
    "bart": (bart, word_level),
}


def save(folder: Path, network: Any, tokenizer: Tokenizer) -> Path:
    """A folder as save_pretrained writes it."""
    names: Any = {"pad_token": "<pad>", "unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>"}
    transformers.utils.logging.disable_progress_bar()
    network.save_pretrained(folder)
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names).save_pretrained(folder)
    return folder
