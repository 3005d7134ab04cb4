"""A linear model on the shapes of words and of their neighbours: the plain tagger that an encoder has to beat."""

import re
from collections.abc import Iterator, Sequence

import numpy as np
from scipy.sparse import csr_array
from sklearn.feature_extraction import FeatureHasher
from sklearn.linear_model import SGDClassifier
from threadpoolctl import threadpool_limits

from stages.common.core.messages import UserError, progress
from stages.common.documents.spans import decode_tags
from stages.common.metrics.tagging import Tags, span_tally
from stages.evaluate.inputs import Inputs
from stages.evaluate.logistic import PlainModel
from stages.evaluate.parameters import EvaluateParameters

COLUMNS = 2**18  # of hashed features: that some share one costs little, and the weights stay in the cache
AFFIXES = (1, 2, 3, 4)  # letters of the prefixes and suffixes
PASSES = 4  # over the training words
NEIGHBOURS = (-2, -1, 1, 2)
EDGES = ("<before>", "<after>")
UNSURE = 1e-9  # the least probability of a tag, so that its logarithm is finite


def linear_tagger(inputs: Inputs, tags: Sequence[str], parameters: EvaluateParameters) -> tuple[Tags, PlainModel]:
    """Logistic regression on each word by itself, decoded into valid spans, with the penalty that validates best.

    Args:
        inputs: The splits.
        tags: The names of the tags.
        parameters: The section ``evaluate`` of params.yaml: the seed, and the penalties of the baseline.

    Returns:
        The tags of the test documents' words, and how the model was made.

    Raises:
        UserError: If all training words have one tag.
    """
    place = {tag: index for index, tag in enumerate(tags)}
    target = np.array([place[tag] for row in inputs.train["tags"] for tag in row], dtype=np.int64)
    if len(np.unique(target)) < 2:
        raise UserError("data/audited/train.parquet: all words have one tag.", "A tagger needs two or more.")
    train, validation, test = (
        features(split["tokens"].tolist()) for split in (inputs.train, inputs.validation, inputs.test)
    )
    types = list(dict.fromkeys(tag[2:] for tag in tags if tag[2:]))
    actual = inputs.validation["tags"].tolist()
    models, scores = {}, {}
    for c in progress(sorted(set(parameters.baseline.c)), "baseline", "penalty"):
        with threadpool_limits(limits=1):
            model = SGDClassifier(
                loss="log_loss",
                alpha=1 / (c * len(target)),
                max_iter=PASSES,
                tol=None,
                average=True,
                random_state=parameters.seed,
            )
            models[c] = model.fit(train, target)
        given = _decoded(models[c], validation, inputs.validation["tokens"].tolist(), tags)
        scores[c] = _span_f1(actual, given, types)
    best = max(scores, key=scores.__getitem__)  # the first, which is the strongest penalty, wins a tie
    made = PlainModel(COLUMNS, len(inputs.train), best, "span_f1", scores)
    return _decoded(models[best], test, inputs.test["tokens"].tolist(), tags), made


def features(sentences: Sequence[Sequence[str]]) -> csr_array:
    """What the tagger sees of each word, hashed (Weinberger et al. 2009): shape (words, :data:`COLUMNS`)."""
    hasher = FeatureHasher(COLUMNS, input_type="string", alternate_sign=False, dtype=np.float32)
    return csr_array(hasher.transform(seen for words in sentences for seen in word_features(words)))


def word_features(words: Sequence[str]) -> Iterator[list[str]]:
    """The features of each word: itself, its shape and affixes, and its neighbours, by their words and shapes."""
    lower, shapes = [word.lower() for word in words], [shape(word) for word in words]
    for position, word in enumerate(words):
        small = lower[position]
        seen = ["bias", f"word={word}", f"lower={small}", f"shape={shapes[position]}"]
        seen += [f"prefix={small[:length]}" for length in AFFIXES if len(small) > length]
        seen += [f"suffix={small[-length:]}" for length in AFFIXES if len(small) > length]
        for step in NEIGHBOURS:
            near = position + step
            inside = 0 <= near < len(words)
            edge = EDGES[step > 0]
            seen += [f"{step}={lower[near] if inside else edge}", f"{step}:{shapes[near] if inside else edge}"]
        before = lower[position - 1] if position else EDGES[0]
        after = lower[position + 1] if position + 1 < len(words) else EDGES[1]
        yield [*seen, f"pair={before} {small}", f"pair after={small} {after}"]


def shape(word: str) -> str:
    """The word with X for runs of capitals, x for small letters, 0 for digits; other signs as they are."""
    signs = ("X" if sign.isupper() else "x" if sign.isalpha() else "0" if sign.isdigit() else sign for sign in word)
    return re.sub(r"(.)\1{2,}", r"\1\1", "".join(signs))


def _decoded(model: SGDClassifier, seen: csr_array, sentences: Sequence[Sequence[str]], tags: Sequence[str]) -> Tags:
    probability = np.zeros((seen.shape[0], len(tags)))
    probability[:, model.classes_] = model.predict_proba(seen)
    ends = np.cumsum([len(words) for words in sentences])[:-1]
    return [decode_tags(part, tags) for part in np.split(np.log(np.maximum(probability, UNSURE)), ends)]


def _span_f1(actual: Tags, given: Tags, types: Sequence[str]) -> float:
    right, there, predicted = (float(part.sum()) for part in span_tally(actual, given, types))
    return 2 * right / max(there + predicted, 1.0)
