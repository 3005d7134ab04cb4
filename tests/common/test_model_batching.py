import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from stages.common.model.batching import MEGABATCH, bucketed_batches, budgeted_batches, make_batch
from stages.common.model.tokenising import Tokens

lengths_of_texts = st.lists(st.integers(2, 64), min_size=1, max_size=400).map(lambda ns: np.array(ns, dtype=np.int64))


class Padding:
    pad_token_id = 9
    padding_side = "right"


@given(lengths_of_texts, st.integers(1, 40), st.integers(0, 2**32 - 1), st.integers(1, 50))
def test_every_document_is_in_one_batch_of_an_epoch(lengths, batch_size, seed, epoch):
    batches = bucketed_batches(lengths, batch_size, seed, epoch)
    assert sorted(np.concatenate(batches)) == list(range(len(lengths)))
    assert len(batches) == -(-len(lengths) // batch_size)
    assert all(len(batch) == batch_size for batch in sorted(batches, key=len)[1:])


def test_batches_differ_between_epochs_and_seeds_and_are_the_same_for_the_same():
    lengths = np.random.default_rng(0).integers(2, 64, 500)
    first, again, later, other = (
        [batch.tolist() for batch in bucketed_batches(lengths, 16, seed, epoch)]
        for seed, epoch in ((1, 1), (1, 1), (1, 2), (2, 1))
    )
    assert first == again
    assert first != later
    assert first != other


@pytest.mark.parametrize("documents", [1_000, 1_637, 5_000])
def test_less_than_three_percent_of_the_computed_tokens_are_padding(documents):
    lengths = np.random.default_rng(0).lognormal(3.8, 0.5, documents).astype(np.int64).clip(3, 256)
    batches = bucketed_batches(lengths, 16, seed=1, epoch=1)
    computed = sum(len(batch) * lengths[batch].max() for batch in batches)
    assert lengths.sum() / computed > 0.97


def test_the_longest_documents_do_not_always_come_last():
    lengths = np.arange(4_000)
    longest = [int(batch.max()) for batch in bucketed_batches(lengths, 10, seed=1, epoch=1)]
    assert longest != sorted(longest)
    assert len(longest) == 4 * MEGABATCH


@given(lengths_of_texts, st.integers(1, 500))
def test_a_scoring_batch_stays_within_its_budget_unless_it_is_one_document(lengths, budget):
    batches = budgeted_batches(lengths, budget)
    assert sorted(np.concatenate(batches)) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * lengths[batch].max() <= budget


def test_no_document_makes_no_scoring_batch():
    assert budgeted_batches(np.zeros(0, np.int64), 100) == []


@pytest.mark.parametrize(("side", "shorter"), [("right", [1, 2, 9]), ("left", [9, 1, 2])])
def test_a_batch_is_padded_to_its_longest_document_on_the_side_of_the_tokenizer(side, shorter):
    tokens = Tokens(np.array([1, 2, 3, 4, 5, 6, 7, 8, 8, 8], np.int32), np.array([0, 2, 5, 10]), np.arange(4))
    tokenizer = Padding()
    tokenizer.padding_side = side
    batch = make_batch(tokens, np.array([1, 0]), tokenizer, torch.device("cpu"))
    assert batch["input_ids"].tolist() == [[3, 4, 5], shorter]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [int(token != 9) for token in shorter]]
