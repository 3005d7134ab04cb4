"""Which documents a round asks about: at random, where a model learns most, or where people disagreed."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from commands.annotation.answers import Answer
from commands.annotation.corpus import RAW, Corpus
from commands.annotation.forms import Kind
from commands.annotation.rounds import all_rounds
from commands.annotation.selection import by_badge, by_clusters, by_coreset, by_entropy, by_margin
from commands.annotation.tools.sheet import Prediction
from stages.common.core.messages import UserError
from stages.common.core.seeding import derived_seed
from stages.common.documents.answer_forms import label_list, number_text, spans_text
from stages.common.documents.answers import ADJUDICATOR, ANSWERS, read_answers
from stages.common.documents.targets import joined_texts

if TYPE_CHECKING:
    from stages.common.model.scorer import Scorer

Floats = npt.NDArray[np.float64]
PRETRAINED = Path("models/fetched/pretrained")
SEEN = 128  # tokens of a document that are embedded


class Asked(NamedTuple):
    """What a model says of documents.

    Attributes:
        answers: By id.
        entropy: In nats, [documents].
        probability: Of each label, [documents, labels]; without columns where the task has tags or numbers.
    """

    answers: dict[str, Prediction]
    entropy: Floats
    probability: Floats


def shuffled(ids: Iterable[str], seed: int, *names: str) -> list[str]:
    """The ids in an order that the seed alone decides, whatever order they come in."""
    return sorted(ids, key=lambda row_id: (derived_seed(seed, *names, row_id), row_id))


def earlier_answers(corpus: Corpus) -> list[Answer]:
    """All that people answered so far: in the rounds, and in the data itself."""
    found = [answer for planned in all_rounds(corpus) for answer in planned.answers]
    if (RAW / ANSWERS).exists():
        rows = read_answers(RAW / ANSWERS)[["id", "annotator", "answer"]]
        found += [Answer(*row) for row in rows.itertuples(index=False)]
    return list({(answer.id, answer.annotator, answer.answer): answer for answer in found}.values())


def by_disagreement(
    answers: Sequence[Answer], among: Iterable[str], seed: int, known: Collection[str] = ()
) -> list[str]:
    """The documents that people answered differently, those with the least agreement first.

    Agreement is the share of the most frequent answer. What was adjudicated, or is known anyway, is settled.
    """
    settled = {answer.id for answer in answers if answer.annotator == ADJUDICATOR} | set(known)
    share = top_shares(answers)
    contested = [row_id for row_id in among if row_id not in settled and share.get(row_id, 1.0) < 1]
    return sorted(shuffled(contested, seed, "disagreement"), key=lambda row_id: share[row_id])


def top_shares(answers: Sequence[Answer]) -> dict[str, float]:
    """By document, the share of its most frequent answer; decisions do not count."""
    said: dict[str, Counter[str]] = defaultdict(Counter)
    for answer in answers:
        if answer.annotator != ADJUDICATOR:
            said[answer.id][answer.answer] += 1
    return {row_id: max(counts.values()) / counts.total() for row_id, counts in said.items()}


def by_uncertainty(
    corpus: Corpus, ids: Sequence[str], model: Path, device: str
) -> tuple[list[str], dict[str, Prediction]]:
    """The documents by how unsure a model is, the least sure first, and what it answers.

    Unsure is the entropy of its probabilities: of a label's; the mean over labels, or over words, where there are
    several.

    Raises:
        UserError: If the model answers another question, or numbers, of which it does not say how sure it is.
    """
    if corpus.task.answer == "value":
        raise UserError("--by uncertainty: a model of numbers does not say how sure it is.", "Choose at random.")
    ids = sorted(ids)  # of equals the first by its id
    answers, entropy, _ = ask(corpus, ids, model, device)
    return [ids[row] for row in by_entropy(entropy)], answers


def by_learning(
    corpus: Corpus, ids: Sequence[str], way: str, count: int, model: Path, device: str, seed: int
) -> tuple[list[str], dict[str, Prediction]]:
    """The documents from which a model would learn most (:mod:`commands.annotation.selection`), and what it answers.

    Args:
        corpus: The documents.
        ids: Those that may be asked about.
        way: ``margin``, ``badge``, ``coreset`` or ``clusters``; the last asks no model, but the pretrained encoder.
        count: How many are wanted.
        model: A fine-tuned model's folder.
        device: Where it computes.
        seed: Of what is drawn.

    Raises:
        UserError: If documents have not one label each, or the model is of another task or has other labels.
    """
    if corpus.task.answer != "label" and way in ("margin", "badge"):
        raise UserError(f"--by {way}: goes with one label a document.", "Choose by uncertainty, coreset or clusters.")
    count = min(count, len(ids))
    asked = ask(corpus, ids, model, device) if way in ("margin", "badge") else None
    if way == "margin" and asked:
        rows = by_margin(asked.probability)[:count]
    elif way == "badge" and asked:
        rows = by_badge(_vectors(corpus, ids, model), asked.probability, count, seed)
    elif way == "coreset":
        known = sorted({answer.id for answer in earlier_answers(corpus)} & set(corpus.documents.index))
        both = _vectors(corpus, [*ids, *known], model)
        rows = by_coreset(both[: len(ids)], both[len(ids) :], count)
    else:
        rows = by_clusters(_vectors(corpus, ids, PRETRAINED), count, seed)
    return [ids[row] for row in rows], asked.answers if asked else {}


def _vectors(corpus: Corpus, ids: Sequence[str], model: Path) -> Floats:
    """The mean state of each document in a model, of length 1, [ids, hidden size]."""
    from stages.common.model.embedding import embed

    texts = joined_texts(corpus.documents.loc[list(ids)], "\n").tolist()
    return np.asarray(embed(model, texts, SEEN, threads=2), dtype=np.float64)


def ask(corpus: Corpus, ids: Sequence[str], model: Path, device: str) -> Asked:
    """What a model answers about documents, cleaned as those that it was trained on.

    Raises:
        UserError: If the model is of another task or has other labels than the card.
    """
    from commands.origin import model_hash
    from commands.prediction import Predictor
    from commands.texts import Row
    from stages.common.model.device import compute_alike

    compute_alike(seed=0, threads=2)
    predictor = Predictor.load(model, device)
    inference = predictor.scorer.inference
    if inference.task != corpus.task.name:
        raise UserError(f"{model}: answers {inference.task}, not {corpus.task.name}.", "Name another with --model.")
    if set(inference.labels) != set(corpus.labels):
        raise UserError(f"{model}: has other labels than {RAW}.", "Train one on this dataset, or name it with --model.")
    rows = [Row(row_id, [corpus.documents.loc[row_id, name] for name in corpus.task.inputs]) for row_id in ids]
    columns, _ = predictor.answer(rows, "asking the model")
    named = model_hash(model)[:12]
    if corpus.task.answer == "tags":
        entropy = _word_entropy(predictor.scorer, [row.inputs[0] for row in rows])
    else:
        entropy = _entropy(columns, inference.labels, corpus.task.answer)
    said = zip(ids, columns[corpus.task.target if corpus.task.answer != "tags" else "spans"], strict=True)
    sure = columns.get("probability", [None] * len(ids))
    found = {
        row_id: Prediction(_text(value, corpus.task.answer), None if p is None else round(p, 6), named)
        for (row_id, value), p in zip(said, sure, strict=True)
        if value is not None
    }
    return Asked(found, entropy, _probability(columns, corpus.labels))


def _word_entropy(scorer: "Scorer", sentences: list[list[str]]) -> Floats:
    """The mean entropy of the words' tags, [sentences]."""
    from stages.common.metrics.probabilities import softmax

    logits = scorer.logits(pd.DataFrame({"tokens": pd.Series(sentences, dtype=object)}), "asking the model")
    means = []
    for words in logits:
        each = np.clip(softmax(np.asarray(words), scorer.inference.divisor), 1e-12, 1)
        means.append(float(-(each * np.log(each)).sum(axis=1).mean()) if len(each) else 0.0)
    return np.array(means)


def _text(value: object, kind: Kind) -> str:
    if isinstance(value, list):
        if kind == "tags":
            return spans_text([(span["start"], span["end"], span["label"]) for span in value])
        return label_list(value)
    return number_text(value) if isinstance(value, float) else str(value)


def _entropy(columns: dict[str, list[object]], labels: Sequence[str], kind: Kind) -> Floats:
    each = _probability(columns, labels)
    if not each.size:
        return np.zeros(len(each))
    each = np.clip(np.nan_to_num(each, nan=0.5), 1e-12, 1 - 1e-12)
    if kind == "labels":
        return np.asarray(-(each * np.log(each) + (1 - each) * np.log(1 - each)).mean(axis=1))
    return np.asarray(-(each * np.log(each)).sum(axis=1))


def _probability(columns: dict[str, list[object]], labels: Sequence[str]) -> Floats:
    there = [columns[f"p:{label}"] for label in labels if f"p:{label}" in columns]
    return np.array(there, dtype=np.float64).reshape(len(there), len(next(iter(columns.values())))).T
