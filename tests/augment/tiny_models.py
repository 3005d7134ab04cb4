"""A masked language model and MarianMT models of a few thousand random weights, made on the spot."""

import json

import sentencepiece
import torch
from transformers import BertConfig, BertForMaskedLM, MarianConfig, MarianMTModel, MarianTokenizer

from tests.common.tiny_encoder import TOPICS, save_tokenizer, vocabulary

SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}


def save_masked_language_model(folder):
    folder.mkdir(parents=True, exist_ok=True)
    save_tokenizer(folder, mask_token="[MASK]")
    torch.manual_seed(0)
    config = BertConfig(vocab_size=len(vocabulary()), max_position_embeddings=64, initializer_range=0.2, **SIZES)
    BertForMaskedLM(config).save_pretrained(folder)
    return folder


def save_marian(folder, source, target, seed):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "words.txt").write_text("\n".join([*TOPICS.values(), "The club won. The bank lost!"] * 20))
    sentencepiece.SentencePieceTrainer.train(
        input=str(folder / "words.txt"), model_prefix=str(folder / "source"), vocab_size=50, minloglevel=2
    )
    (folder / "words.txt").unlink()
    (folder / "source.model").rename(folder / "source.spm")
    lines = (folder / "source.vocab").read_text().splitlines()
    (folder / "source.vocab").unlink()
    (folder / "target.spm").write_bytes((folder / "source.spm").read_bytes())
    pieces = dict.fromkeys(["</s>", "<unk>", *(line.split("\t")[0] for line in lines), "<pad>"])
    pieces.pop("<s>")
    words = {piece: number for number, piece in enumerate(pieces)}
    (folder / "vocab.json").write_text(json.dumps(words))
    names = ("source.spm", "target.spm", "vocab.json")
    MarianTokenizer(*(str(folder / name) for name in names), source_lang=source, target_lang=target).save_pretrained(
        folder
    )
    torch.manual_seed(seed)
    config = MarianConfig(
        vocab_size=len(words),
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        max_position_embeddings=24,
        pad_token_id=words["<pad>"],
        eos_token_id=words["</s>"],
        decoder_start_token_id=words["<pad>"],
        forced_eos_token_id=words["</s>"],
        init_std=0.5,
    )
    MarianMTModel(config).save_pretrained(folder)
    return folder


def record_roles(folder, **roles):
    """Writes what fetch_models records of the model of each role, given by its languages, or None."""
    for role, languages in roles.items():
        (folder / role).mkdir(parents=True, exist_ok=True)
        record = languages and {"title": role, "languages": languages, "prefix": "", "hashes": [role]}
        (folder / role / "model.json").write_text(json.dumps(record))
    return folder
