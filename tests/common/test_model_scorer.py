import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.common.core.messages import UserError
from stages.common.documents.spans import bio_tags
from stages.common.model.loading import load_pretrained
from stages.common.model.scorer import Scorer, document_logits, word_logits
from stages.common.model.tokenising import windows_over
from tests.common.tiny_encoder import TOPICS, article, record, save_encoder

TEXTS = [article(topic, number, words=2 + number % 30) for number in range(40) for topic in TOPICS]


def score(model, tokenizer, texts, max_length, **changes):
    return document_logits(model, tokenizer, texts, record(TOPICS, max_length, **changes), "scoring")


def score_words(model, tokenizer, sentences, max_length, **changes):
    reading = record(["PER", "ORG"], max_length, "token-classification", **changes)
    return word_logits(model, tokenizer, sentences, reading, "scoring")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    torch.manual_seed(0)
    return load_pretrained(save_encoder(tmp_path_factory.mktemp("encoder")), list(TOPICS), 0.5, "document")


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


def test_the_logits_of_a_long_text_in_windows_are_the_mean_over_its_windows(encoder):
    model, tokenizer = encoder
    text = article("sport", 3, words=60)
    pieces = tokenizer(text, add_special_tokens=False)["input_ids"]
    parts = [tokenizer.decode(pieces[window.start : window.stop]) for window in windows_over(len(pieces), 14, 0.5)]
    expected = score(model, tokenizer, parts, 64).mean(axis=0)
    found = score(model, tokenizer, ["the team", text], 16, truncation="windows", window_overlap=0.5)
    np.testing.assert_allclose(found[1], expected, atol=1e-5)
    np.testing.assert_allclose(found[0], score(model, tokenizer, ["the team"], 16)[0], atol=1e-6)


@pytest.fixture(scope="module")
def tagger(tmp_path_factory):
    folder = save_encoder(tmp_path_factory.mktemp("tagger"))
    return load_pretrained(folder, bio_tags(["PER", "ORG"]), 0.5, "word")


def test_a_words_logits_are_those_of_its_first_piece(tagger):
    model, tokenizer = tagger
    model.train(False)
    sentence = ["the", "footballing", "bank", "said"]
    encoded = tokenizer(sentence, is_split_into_words=True, return_tensors="pt")
    with torch.inference_mode():
        every = model(**encoded).logits[0].numpy()
    firsts = [encoded.word_ids(0).index(word) for word in range(4)]
    (found,) = score_words(model, tokenizer, [sentence], 32)
    np.testing.assert_allclose(found, every[firsts], atol=1e-5)


def test_every_word_of_a_sentence_longer_than_the_model_gets_a_score(tagger):
    model, tokenizer = tagger
    sentences = [["bank"] * 3, article("tech", 1, words=90).split(), [], ["the", "\u200b"]]
    found = score_words(model, tokenizer, sentences, 20, batch_tokens=64)
    assert [logits.shape for logits in found] == [(3, 5), (90, 5), (0, 5), (2, 5)]
    assert all(np.abs(logits).sum() > 0 for logits in found[1])
    assert not found[3][1].any()  # no token, no evidence


def test_sentences_in_another_order_get_the_same_bytes(tagger):
    model, tokenizer = tagger
    sentences = [article("tech", number, words=3 + number % 40).split() for number in range(30)]
    found = score_words(model, tokenizer, sentences, 20, batch_tokens=64)
    again = score_words(model, tokenizer, sentences[::-1] + sentences, 20, batch_tokens=64)
    assert [logits.tobytes() for logits in again] == [logits.tobytes() for logits in found[::-1] + found]


def test_a_model_with_other_outputs_than_its_record_names_is_refused(encoder):
    with pytest.raises(UserError, match="the model's outputs are business, sport, tech; its record names a, b"):
        Scorer(*encoder, record(["a", "b"], 32))


def test_a_pair_is_read_as_the_tokenizer_joins_it(encoder):
    model, tokenizer = encoder
    model.train(False)
    pairs = [(article("sport", 1), article("tech", 2)), ("the bank", "said")]
    logits = document_logits(model, tokenizer, pairs, record(TOPICS, 20), "scoring")
    for row, (one, other) in enumerate(pairs):
        inputs = tokenizer(one, other, truncation="longest_first", max_length=20, return_tensors="pt")
        with torch.inference_mode():
            np.testing.assert_allclose(logits[row], model(**inputs).logits.numpy()[0], atol=1e-5)
    assert not np.array_equal(logits[0], document_logits(model, tokenizer, [pairs[0][::-1]], record(TOPICS, 20), "")[0])


def test_a_pair_can_not_be_cut_into_windows(encoder):
    with pytest.raises(UserError, match="a pair of texts cannot be cut by 'windows'"):
        document_logits(*encoder, [("a", "b")], record(TOPICS, 20, truncation="windows"), "")
