import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.common.encoder.loading import load_pretrained
from stages.common.encoder.scoring import score
from tests.common.tiny_encoder import TOPICS, article, save_encoder

TEXTS = [article(topic, number, words=2 + number % 30) for number in range(40) for topic in TOPICS]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    torch.manual_seed(0)
    return load_pretrained(save_encoder(tmp_path_factory.mktemp("encoder")), list(TOPICS), dropout=0.5)


def test_scores_are_the_models_own_for_each_text(encoder):
    model, tokenizer = encoder
    model.eval()
    logits = score(model, tokenizer, TEXTS, 32, batch_tokens=128)
    for row in (0, 7, 119):
        inputs = tokenizer(TEXTS[row], truncation=True, max_length=32, return_tensors="pt")
        alone = model(**inputs).logits.detach().numpy()[0]
        np.testing.assert_allclose(logits[row], alone, atol=1e-6)
    assert logits.shape == (120, 3)
    assert logits.dtype == np.float32


@settings(max_examples=15, deadline=None)
@given(st.permutations(range(len(TEXTS))))
def test_scores_are_the_same_bytes_for_any_order_of_the_texts(encoder, order):
    model, tokenizer = encoder
    logits = score(model, tokenizer, TEXTS, 32, batch_tokens=200)
    shuffled = score(model, tokenizer, [TEXTS[row] for row in order], 32, batch_tokens=200)
    assert shuffled.tobytes() == logits[list(order)].tobytes()


def test_a_repeated_text_gets_the_same_bytes_and_changes_no_other(encoder):
    model, tokenizer = encoder
    once = score(model, tokenizer, TEXTS, 32)
    twice = score(model, tokenizer, TEXTS + TEXTS[::-1], 32)
    assert twice.tobytes() == np.concatenate([once, once[::-1]]).tobytes()


def test_no_text_gives_no_row(encoder):
    assert score(*encoder, [], 32).shape == (0, 3)


@pytest.mark.parametrize("training", [True, False])
def test_scoring_drops_nothing_and_leaves_the_model_in_the_mode_it_was_in(encoder, training):
    model, tokenizer = encoder
    model.train(training)
    assert np.array_equal(score(model, tokenizer, TEXTS, 32), score(model, tokenizer, TEXTS, 32))
    assert model.training is training
