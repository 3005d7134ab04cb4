"""A randomly initialised BERT of a few thousand weights and its WordPiece tokenizer, made on the spot."""

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import (
    AutoConfig,
    AutoModel,
    BertConfig,
    BertForTokenClassification,
    PreTrainedTokenizerFast,
)

from stages.common.model.inference import Inference

TOPICS = {
    "business": "bank market profit share price firm economy trade growth stock",
    "sport": "team match goal player coach cup league win season club",
    "tech": "phone software computer network user web chip game digital online",
}
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
COMMON = ["the", "a", "of", "and", "to", "in", "on", "with", "for", "said", "year", "new", "first", "time", "people"]


def vocabulary():
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    pieces = [*letters, *(f"##{letter}" for letter in letters), *(str(digit) for digit in range(10)), ".", ","]
    words = [word for topic in TOPICS.values() for word in topic.split()]
    inflected = [f"{word}s" for word in words] + ["##s", "##ed", "##ing"]
    return list(dict.fromkeys([*SPECIAL, *pieces, *COMMON, *words, *inflected]))


def save_tokenizer(folder, **settings):
    words = vocabulary()
    tokenizer = Tokenizer(models.WordPiece({word: index for index, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", words.index("[CLS]")), ("[SEP]", words.index("[SEP]"))]
    )
    named = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **{**named, **settings}).save_pretrained(folder)


def save_encoder(folder, architecture="bert", **settings):
    """Saves an encoder without a head, as a pretrained one comes."""
    folder.mkdir(parents=True, exist_ok=True)
    save_tokenizer(folder)
    torch.manual_seed(0)
    config = AutoConfig.for_model(
        architecture,
        **{
            "vocab_size": len(vocabulary()),
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "intermediate_size": 64,
            "max_position_embeddings": 64,
            "pad_token_id": 0,
            "initializer_range": 0.2,  # so that it learns in a few steps
            **settings,
        },
    )
    AutoModel.from_config(config).save_pretrained(folder)
    return folder


def article(topic, number, words=12):
    """A short text on a topic; the same for the same number."""
    own = TOPICS[topic].split()
    chosen = [
        own[(number * 7 + k * 3) % len(own)] if k % 2 else COMMON[(number + k) % len(COMMON)] for k in range(words)
    ]
    return " ".join(chosen) + "."


def record(labels, max_length, task="text-classification", **more):
    """The inference record of a model for some labels."""
    known = {"batch_tokens": 4_096, "truncation": "head", "window_overlap": 0.0}
    if task == "token-classification":
        known |= {"truncation": "windows", "window_overlap": 0.5}
    return Inference(task=task, labels=list(labels), max_length=max_length, **{**known, **more})


def save_tagger(folder, tags, others=("O", "B-ORG")):
    """Saves a model that gives some words their tags wherever they stand, and other words the first of the others.

    Args:
        folder: Where it goes.
        tags: By word, in lower case.
        others: Tags that the model has, too.
    """
    labels = list(dict.fromkeys([*others, *tags.values()]))
    vocabulary = {word: index for index, word in enumerate([*SPECIAL, *tags])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[(name, vocabulary[name]) for name in ("[CLS]", "[SEP]")]
    )
    named = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **named).save_pretrained(folder)
    sizes = {"vocab_size": len(vocabulary), "hidden_size": 16, "intermediate_size": 16, "max_position_embeddings": 128}
    config = BertConfig(num_hidden_layers=0, num_attention_heads=1, id2label=dict(enumerate(labels)), **sizes)
    model = BertForTokenClassification(config)
    with torch.no_grad():
        for table in model.bert.embeddings.children():
            if isinstance(table, torch.nn.Embedding):
                table.weight.zero_()
        model.classifier.weight.copy_(torch.eye(len(labels), 16))
        for word, place in vocabulary.items():
            model.bert.embeddings.word_embeddings.weight[place, labels.index(tags.get(word, others[0]))] = 1.0
    model.save_pretrained(folder)
    return folder
