"""McNemar's test, the flipped documents, and `--compare`."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from stages.common.core.messages import UserError
from stages.common.metrics.significance import comparison, flips, mcnemar
from stages.evaluate.__main__ import main
from stages.evaluate.runs import compare_runs
from tests.evaluate.conftest import LABELS


@given(st.integers(0, 200), st.integers(0, 200))
def test_mcnemars_test_is_exact_for_few_flips_and_close_to_exact_for_many(one, other):
    found = mcnemar(one, other)
    exact = binomtest(one, one + other).pvalue if one + other else 1.0
    assert found["method"] == ("exact" if one + other < 25 else "chi-squared")
    assert found["p_value"] == pytest.approx(exact, abs=1e-12 if one + other < 25 else 0.03)
    assert found["p_value"] == pytest.approx(mcnemar(other, one)["p_value"])


def test_each_document_is_counted_in_one_of_four_ways():
    right, right_too = np.array([1, 1, 0, 0, 1], dtype=bool), np.array([1, 0, 1, 0, 0], dtype=bool)
    found = comparison(("a", "b"), right, right_too, {})
    counts = [found[name] for name in ("both_right", "only_a_right", "only_b_right", "both_wrong")]
    assert counts == [1, 2, 1, 1] and found["documents"] == 5


def test_a_document_flips_if_exactly_one_of_both_is_right():
    label, one, other = (np.array(list(signs), dtype=object) for signs in ("aaab", "abba", "abaa"))
    table = flips(["1", "2", "3", "4"], label, one, other)
    assert table[["id", "encoder", "other", "outcome"]].to_numpy().tolist() == [["3", "b", "a", "lost"]]


def save_predictions(path, said, labels=LABELS):
    """Predictions of a run for 60 documents, which is right where ``said`` is true."""
    actual = np.arange(60) % len(labels)
    chosen = np.where(said, actual, (actual + 1) % len(labels))
    names = np.array(labels)
    probability = 0.1 + 0.7 * np.eye(len(labels))[chosen]
    columns = {f"p:{label}": probability[:, index] for index, label in enumerate(labels)}
    table = pd.DataFrame({"id": [f"d{n:02}" for n in range(60)], "label": names[actual], "predicted": names[chosen]})
    path.parent.mkdir(parents=True, exist_ok=True)
    table.assign(**columns).to_parquet(path)
    return path


def test_two_runs_are_compared_by_their_files_or_their_folders(workplace, capsys):
    good = save_predictions(workplace / "good/data/predictions.parquet", np.arange(60) > 2)
    bad = save_predictions(workplace / "bad.parquet", np.arange(60) > 20)
    compare_runs("good", str(bad))
    said = capsys.readouterr().out
    assert "accuracy: a 0.9500" in said and "a is better" in said
    assert "McNemar's test (exact): p = 7.629e-06; only a is right on 18, only b on 0" in said
    assert "d03: is politics; a says politics, b says sport" in said and "... and 8 more" in said
    compare_runs(str(good), str(good))
    assert "a is not told apart from b (no clear difference)" in capsys.readouterr().out


def test_a_run_is_compared_with_the_working_tree(workplace, capsys):
    main()
    compare_runs("workspace", ".")
    assert "p = 1; only a is right on 0, only b on 0" in capsys.readouterr().out


def test_runs_that_cannot_be_compared_are_refused_in_one_line(workplace):
    good = save_predictions(workplace / "a.parquet", np.ones(60, dtype=bool))
    other = save_predictions(workplace / "b.parquet", np.ones(60, dtype=bool), ("arts", "food"))
    with pytest.raises(UserError, match="not tested on the same documents"):
        compare_runs(str(good), str(other))
    pd.DataFrame({"id": ["d1"], "label": ["tech"], "predicted": ["tech"]}).to_parquet(workplace / "plain.parquet")
    with pytest.raises(UserError, match=r"plain.parquet: its predictions lack the probabilities of the labels"):
        compare_runs("plain.parquet", str(good))
    (workplace / "text.parquet").write_text("no table")
    with pytest.raises(UserError, match="not a table of predictions"):
        compare_runs("text.parquet", str(good))
    silent = pd.read_parquet(good).assign(predicted=None)
    silent.to_parquet(workplace / "silent.parquet")
    with pytest.raises(UserError, match="says nothing of some documents"):
        compare_runs("silent.parquet", str(good))


def test_a_run_that_is_not_there_is_named(workplace):
    with pytest.raises(UserError, match="no-such-run: no file, and DVC finds no predictions of such a run"):
        compare_runs("no-such-run", "workspace")
