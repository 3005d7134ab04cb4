"""Tiny models with random weights, which are as good as any for what scores must add up to."""

import pytest

from stages.common.model.scorer import Scorer
from tests.common.tiny_encoder import article, save_encoder
from tests.evaluate.conftest import save_tiny_model

TOPICS = ("business", "sport", "tech")


@pytest.fixture(scope="session")
def make_scorer(tmp_path_factory):
    """A model of a task, with this record."""

    def make(task="text-classification", labels=("politics", "sport", "tech"), **record):
        folder = tmp_path_factory.mktemp("model")
        save_tiny_model(folder, labels, task, **record)
        return Scorer.load(folder, "cpu")

    return make


@pytest.fixture(scope="session")
def subword_scorer(tmp_path_factory):
    """A model whose tokenizer cuts words into pieces, and knows [PAD] in a text."""
    from transformers import BertConfig, BertForSequenceClassification

    from stages.common.model.inference import write_inference
    from tests.common.tiny_encoder import record, save_tokenizer, vocabulary

    folder = tmp_path_factory.mktemp("subwords")
    save_encoder(folder)
    save_tokenizer(folder, mask_token="[MASK]")
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    config = BertConfig(
        vocab_size=len(vocabulary()),
        max_position_embeddings=64,
        id2label=dict(enumerate(TOPICS)),
        initializer_range=0.2,
        **sizes,
    )
    import torch

    torch.manual_seed(0)
    BertForSequenceClassification(config).save_pretrained(folder)
    write_inference(record(TOPICS, 32), folder)
    return Scorer.load(folder, "cpu")


@pytest.fixture
def articles():
    return [article(topic, number) for number, topic in enumerate(TOPICS)]
