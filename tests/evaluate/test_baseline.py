"""The TF-IDF baseline: chosen on validation, never on test."""

import numpy as np
import pandas as pd
import pytest

from stages.common.core.messages import UserError
from stages.evaluate.baseline import fit_baseline
from stages.evaluate.parameters import BaselineParameters

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


def test_it_learns_what_words_say():
    baseline = fit_baseline(TRAIN, VALIDATION, ["match of the team", "software for a chip"], LABELS, settings())
    assert baseline.predicted.tolist() == [0, 1]
    np.testing.assert_allclose(baseline.probability.sum(axis=1), 1)


def test_the_penalty_with_the_best_validation_macro_f1_is_taken():
    """Rare words carry the signal, common ones mislead: too strong a penalty gets validation wrong."""
    train = split(["goal x y z"] * 30 + ["chip x y z"] * 0, ["chip x y z"] * 3)
    baseline = fit_baseline(train, split(["goal x y z"], ["chip x y z"]), ["chip x"], LABELS, settings(c=[1e-4, 10.0]))
    assert baseline.c == 10.0
    assert baseline.validation_macro_f1[10.0] == 1.0 > baseline.validation_macro_f1[1e-4]


def test_the_stronger_penalty_wins_a_tie():
    assert fit_baseline(TRAIN, VALIDATION, ["cup"], LABELS, settings(c=[100.0, 10.0])).c == 10.0


def test_test_texts_change_neither_the_penalty_nor_the_features():
    one = fit_baseline(TRAIN, VALIDATION, ["cup"], LABELS, settings())
    other = fit_baseline(TRAIN, VALIDATION, ["quite other words", "chip chip", "team"], LABELS, settings())
    assert (one.c, one.validation_macro_f1, one.features) == (other.c, other.validation_macro_f1, other.features)


def test_no_feature_at_all_names_the_parameter_to_lower():
    with pytest.raises(UserError, match=r"no word occurs in 17 of its 16 documents.*Lower evaluate\.baseline\.min_df"):
        fit_baseline(TRAIN, VALIDATION, ["cup"], LABELS, settings(min_df=17))


def test_training_documents_of_one_label_are_refused():
    with pytest.raises(UserError, match="one label"):
        fit_baseline(TRAIN[TRAIN["label"] == "tech"], VALIDATION, ["cup"], LABELS, settings())


def test_a_label_that_training_lacks_has_probability_0():
    baseline = fit_baseline(TRAIN, VALIDATION, ["match"], ["arts", *LABELS], settings())
    assert baseline.probability[0, 0] == 0
    assert baseline.probability[0].sum() == pytest.approx(1)
