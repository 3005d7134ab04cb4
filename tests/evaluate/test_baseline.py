"""The TF-IDF baseline: chosen on validation, never on test."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from stages.common.core.messages import UserError
from stages.evaluate.baseline import pair_features, text_features
from stages.evaluate.logistic import fit_logistic
from stages.evaluate.parameters import BaselineParameters
from stages.evaluate.predictions import indices

LABELS = ["sport", "tech"]


def split(sport, tech):
    return pd.DataFrame({"text": [*sport, *tech], "label": ["sport"] * len(sport) + ["tech"] * len(tech)})


TRAIN = split(
    ["the team won the cup", "the team lost a match"] * 4, ["a new phone chip", "the software of a phone"] * 4
)
VALIDATION = split(["the team and its cup", "a match was lost"], ["chip and software", "a new phone"])


def settings(**changes):
    return BaselineParameters(
        **{"ngram_max": 2, "min_df": 1, "sublinear_tf": True, "c": [1.0, 10.0], "max_iterations": 100, **changes}
    )


def fit_baseline(train, validation, texts, labels, chosen):
    """The baseline's probabilities of some texts, and how it was made."""
    inputs = SimpleNamespace(train=train, validation=validation, test=pd.DataFrame({"text": texts}))
    features, known = text_features(inputs, chosen), (indices(train, labels), indices(validation, labels))
    return fit_logistic(features, *known, len(labels), chosen.c, chosen.max_iterations, "baseline")


def test_it_learns_what_words_say():
    baseline = fit_baseline(TRAIN, VALIDATION, ["match of the team", "software for a chip"], LABELS, settings())
    assert baseline.probability.argmax(axis=1).tolist() == [0, 1]
    np.testing.assert_allclose(baseline.probability.sum(axis=1), 1)


def test_the_penalty_with_the_best_validation_macro_f1_is_taken():
    """Rare words carry the signal, common ones mislead: too strong a penalty gets validation wrong."""
    train = split(["goal x y z"] * 30 + ["chip x y z"] * 0, ["chip x y z"] * 3)
    baseline = fit_baseline(train, split(["goal x y z"], ["chip x y z"]), ["chip x"], LABELS, settings(c=[1e-4, 10.0]))
    assert baseline.model.c == 10.0
    assert baseline.model.scores[10.0] == 1.0 > baseline.model.scores[1e-4]


def test_the_stronger_penalty_wins_a_tie():
    assert fit_baseline(TRAIN, VALIDATION, ["cup"], LABELS, settings(c=[100.0, 10.0])).model.c == 10.0


def test_test_texts_change_neither_the_penalty_nor_the_features():
    one = fit_baseline(TRAIN, VALIDATION, ["cup"], LABELS, settings())
    other = fit_baseline(TRAIN, VALIDATION, ["quite other words", "chip chip", "team"], LABELS, settings())
    assert one.model == other.model


def test_no_feature_at_all_names_the_parameter_to_lower():
    with pytest.raises(UserError, match=r"no word occurs in 17 of its 16 texts.*Lower evaluate\.baseline\.min_df"):
        fit_baseline(TRAIN, VALIDATION, ["cup"], LABELS, settings(min_df=17))


def test_training_documents_of_one_label_are_refused():
    with pytest.raises(UserError, match="one label"):
        fit_baseline(TRAIN[TRAIN["label"] == "tech"], VALIDATION, ["cup"], LABELS, settings())


def test_a_label_that_training_lacks_has_probability_0():
    baseline = fit_baseline(TRAIN, VALIDATION, ["match"], ["arts", *LABELS], settings())
    assert baseline.probability[0, 0] == 0
    assert baseline.probability[0].sum() == pytest.approx(1)


def test_what_two_texts_share_is_a_feature_of_the_pair():
    """Each word occurs as often with either label: only the overlap tells whether the second follows from the first."""
    words = ["team", "cup", "match", "phone", "chip", "web"]
    rows = [
        (one, other)
        for one in words
        for other in words
        if one == other or words.index(one) % 3 != words.index(other) % 3
    ]
    pairs = pd.DataFrame(rows, columns=["text", "text_pair"])
    same = (pairs["text"] == pairs["text_pair"]).to_numpy().astype(int)
    features = pair_features(SimpleNamespace(train=pairs, validation=pairs, test=pairs), settings())
    assert features.train.shape == features.test.shape == (len(pairs), 3 * len(words) + 3)
    overlap = features.train.toarray()[:, -3:]
    np.testing.assert_allclose(overlap, np.repeat(same[:, None], 3, axis=1))
    fitted = fit_logistic(features, same, same, 2, [100.0], 500, "baseline")
    assert (fitted.probability.argmax(axis=1) == same).all()
