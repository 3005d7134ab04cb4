"""Spans of words: each word is a question of its own, and the likeliest valid sequence of tags is the answer."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from stages.annotate.aggregation import METHODS, CodedAnswers, Scores, Settings, aggregate
from stages.annotate.aggregation.answers import Floats, Integers
from stages.annotate.agreement.reading import read_spans
from stages.annotate.combining.combiner import Combined, equal
from stages.common.core.seeding import derived_seed
from stages.common.documents.answer_forms import spans_text, tags_of
from stages.common.documents.spans import bio_tags, decode_tags, spans_of

LEAST = 1e-9  # probability of a tag that nobody gave: a valid sequence may need one


class TaggedWords:
    """Combines tags (IOB2) word by word, by the models of annotators, and decodes them to valid ones.

    Word by word is how Dawid & Skene's model is applied to entities, for example in Nguyen et al. (2017), Aggregating
    and Predicting Sequence Labels from Crowd Annotations, ACL; Viterbi's algorithm then finds the most probable
    sequence in which each I- continues an entity of its type. Where tags tie, O comes before an entity: a span that
    only half of the annotators marked is none. Which of two types that tie is taken, a coin decides that the document's
    id tosses. A sentence is as sure as its least sure word.

    Args:
        answers: One answer an annotator and document.
        labels: The types of the spans.
        words: How many words each document has.
        settings: Of the models.
    """

    methods = tuple(METHODS)

    def __init__(
        self, answers: pd.DataFrame, labels: Sequence[str], words: Mapping[str, int], settings: Settings
    ) -> None:
        self.ids = sorted(answers["id"].unique())
        self.labels, self.settings = list(labels), settings
        self.tags = bio_tags(self.labels)
        self.starts = np.cumsum([0, *(words[name] for name in self.ids)])
        codes = {tag: place for place, tag in enumerate(self.tags)}
        documents = pd.Index(self.ids).get_indexer(pd.Index(answers["id"]))
        annotators, names = pd.factorize(answers["annotator"], sort=True)
        sizes = np.diff(self.starts)[documents]
        given = read_spans(answers, self.labels, words)
        values = [
            codes[tag]
            for spans, size in zip(given, sizes, strict=True)
            for tag in tags_of(sorted(spans, key=lambda span: span.start), size)
        ]
        items = [self.starts[document] + np.arange(size) for document, size in zip(documents, sizes, strict=True)]
        counts = int(self.starts[-1]), len(names), len(self.tags)
        self.coded = CodedAnswers.sort(
            np.concatenate(items), np.repeat(annotators, sizes), values, counts, tuple(map(str, names))
        )

    def combine(self, method: str) -> Combined:
        """The spans of the likeliest valid tags."""
        found = aggregate(method, self.coded, self.settings)
        decoded = self._decoded(found.posterior, range(len(self.ids)))
        codes = {tag: place for place, tag in enumerate(self.tags)}
        sure = [
            found.posterior[np.arange(start, start + len(tags)), [codes[tag] for tag in tags]].min(initial=1.0)
            for start, tags in zip(self.starts[:-1], decoded, strict=True)
        ]
        return Combined(_texts(decoded), np.array(sure), None, None, found.converged, found.notes)

    def scores(self, method: str, places: Integers, gold: Sequence[str]) -> Scores:
        """1 where the spans are those of gold."""
        found = aggregate(method, self.coded, self.settings.model_copy(update={"temper": False}))
        return equal(_texts(self._decoded(found.posterior, places.tolist())), gold)

    def certain(self, _: str) -> None:
        """None: there are no probabilities of labels."""

    def counts(self, answers: pd.Series) -> dict[str, int]:
        """How many spans each type has."""
        return dict(sorted(Counter(label for answer in answers for _, _, label in json.loads(answer)).items()))

    @property
    def pairs(self) -> list[list[int]]:
        """None: the agreement of words has them."""
        return []

    def _decoded(self, posterior: Floats, places: Sequence[int]) -> list[list[str]]:
        """The most probable valid tags of some documents."""
        logits = np.log(np.maximum(posterior, LEAST))
        found = []
        for place in places:
            turn = derived_seed(0, "tie", self.ids[place]) % len(self.labels)
            order = [0, *(1 + (np.arange(2 * len(self.labels)) + 2 * turn) % (2 * len(self.labels)))]
            of_document = logits[self.starts[place] : self.starts[place + 1]][:, order]
            found.append(decode_tags(of_document, [self.tags[each] for each in order]))
        return found


def _texts(decoded: Sequence[Sequence[str]]) -> list[str]:
    return [spans_text([(span.start, span.end, span.label) for span in spans_of(tags)]) for tags in decoded]
