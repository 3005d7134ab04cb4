import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from seqeval.metrics.sequence_labeling import get_entities
from seqeval.scheme import IOB2, Entities

from stages.common.documents.spans import Span, bio_tags, decode_tags, spans_of

TAGS = bio_tags(["PER", "ORG"])
logits_of_sentences = st.integers(0, 7).flatmap(  # of few bits, so that sums are exact and ties stay ties
    lambda words: arrays(np.float32, (words, len(TAGS)), elements=st.integers(-512, 512).map(lambda x: x / 64))
)


def is_valid(tags):
    return all(not tag.startswith("I-") or before[2:] == tag[2:] for before, tag in itertools.pairwise(["O", *tags]))


def test_each_label_has_a_first_tag_and_one_that_follows():
    assert TAGS == ["O", "B-PER", "I-PER", "B-ORG", "I-ORG"]


@given(logits_of_sentences)
def test_decoded_tags_are_always_valid(logits):
    tags = decode_tags(logits, TAGS)
    assert len(tags) == len(logits)
    assert is_valid(tags)


@given(logits_of_sentences.filter(lambda logits: len(logits) <= 5))
def test_no_valid_sequence_has_a_higher_score_than_the_decoded_one(logits):
    def total(tags):
        return sum(float(row[TAGS.index(tag)]) for row, tag in zip(logits, tags, strict=True))

    best = max(total(tags) for tags in itertools.product(TAGS, repeat=len(logits)) if is_valid(tags))
    assert total(decode_tags(logits, TAGS)) == pytest.approx(best)


@given(logits_of_sentences)
def test_where_the_likeliest_tags_are_valid_they_are_kept(logits):
    likeliest = [TAGS[index] for index in logits.argmax(axis=1)]
    if is_valid(likeliest):
        assert decode_tags(logits, TAGS) == likeliest


@given(st.lists(st.sampled_from(TAGS), max_size=12).filter(is_valid))
def test_spans_are_those_that_seqeval_finds(tags):
    assert [(span.label, span.start, span.end - 1) for span in spans_of(tags)] == get_entities(tags)
    strict = Entities([tags], scheme=IOB2).entities[0]
    assert [tuple(span) for span in spans_of(tags)] == [(entity.tag, entity.start, entity.end) for entity in strict]


def test_neighbouring_spans_of_one_label_stay_apart():
    assert spans_of(["B-PER", "I-PER", "B-PER", "O", "B-ORG"]) == [
        Span("PER", 0, 2),
        Span("PER", 2, 3),
        Span("ORG", 4, 5),
    ]
