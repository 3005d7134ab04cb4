"""McNemar's test, the flipped documents, and `python -m commands.compare`."""

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from commands.comparison import compare_runs
from stages.common.core.messages import UserError
from stages.common.metrics.significance import comparison, flips, mcnemar, weigh
from stages.evaluate.__main__ import main
from stages.evaluate.tasks.regression import predictions_table
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


@pytest.mark.parametrize(
    ("accuracy", "macro_f1", "said"),
    [
        ("worse", "worse", "worse"),
        ("worse", "no clear difference", "worse by accuracy; no clear difference by macro F1"),
        ("worse", "better", "mixed: better by macro F1; worse by accuracy"),
        ("no clear difference", "no clear difference", "no clear difference"),
        ("unknown", "unknown", "unknown"),
    ],
)
def test_a_verdict_weighs_every_metric(accuracy, macro_f1, said):
    assert weigh({"accuracy": accuracy, "macro_f1": macro_f1}) == said


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


def test_two_runs_are_compared_by_their_files_or_their_folders(workplace):
    good = save_predictions(workplace / "good/data/predictions.parquet", np.arange(60) > 2)
    bad = save_predictions(workplace / "bad.parquet", np.arange(60) > 20)
    said = "\n".join(compare_runs("good", str(bad)))
    assert "accuracy: a 0.9500" in said and "a is better" in said
    assert "McNemar's test (exact): p = 7.629e-06; only a is right on 18, only b on 0" in said
    assert "d03: is politics; a says politics, b says sport" in said and "... and 8 more" in said
    assert "a is not told apart from b (no clear difference)" in "\n".join(compare_runs(str(good), str(good)))


def test_a_run_is_compared_with_the_working_tree(workplace):
    main()
    assert "p = 1; only a is right on 0, only b on 0" in "\n".join(compare_runs("workspace", "."))


def a_run(folder, said, **changed):
    """A folder that holds a run: its predictions, texts and parameters."""
    table = pd.read_parquet(save_predictions(folder / "data/predictions.parquet", said))
    (folder / "data/splits").mkdir()
    texts = [f"The text of {name}, <b>as it is</b>." for name in table["id"]]
    table[["id", "label"]].assign(text=texts).to_parquet(folder / "data/splits/test.parquet")
    params = {"finetune": {"seed": 1, "learning_rate": 0.1}, "evaluate": {"seed": 1}}
    params["finetune"] |= changed
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    return str(folder)


def test_runs_that_differ_in_seeds_alone_are_not_called_better_or_worse(workplace):
    one, other = a_run(workplace / "one", np.arange(60) > 2), a_run(workplace / "other", np.arange(60) > 20, seed=7)
    said = "\n".join(compare_runs(one, other))
    assert "they differ in seeds alone: finetune.seed (1 and 7)" in said and "neither way is better" in said
    assert "better by seeds alone" in said and "a is better" not in said
    third = a_run(workplace / "third", np.arange(60) > 20, seed=7, learning_rate=0.2)
    said = "\n".join(compare_runs(one, third))
    assert "they differ in: finetune.learning_rate (0.1 and 0.2), finetune.seed (1 and 7)" in said
    assert "a is better" in said and "`make seeds`" in said
    assert "all their parameters are the same" in "\n".join(compare_runs(one, one))


def test_the_text_of_a_document_stands_below_it(workplace):
    one, other = a_run(workplace / "one", np.arange(60) > 2), a_run(workplace / "other", np.arange(60) > 20)
    lines = compare_runs(one, other)
    place = next(number for number, line in enumerate(lines) if line.startswith("d03: is politics"))
    assert lines[place + 1] == "    The text of d03, <b>as it is</b>."
    lines = compare_runs(f"{one}/data/predictions.parquet", other)
    assert "    The text of d03, <b>as it is</b>." in lines
    save_predictions(workplace / "alone.parquet", np.arange(60) > 20)
    assert any("is not known" in line for line in compare_runs("alone.parquet", "alone.parquet"))


def test_runs_that_cannot_be_compared_are_refused_in_one_line(workplace):
    good = save_predictions(workplace / "a.parquet", np.ones(60, dtype=bool))
    other = save_predictions(workplace / "b.parquet", np.ones(60, dtype=bool), ("arts", "food"))
    with pytest.raises(UserError, match="not tested on the same documents"):
        compare_runs(str(good), str(other))
    pd.DataFrame({"id": ["d1"], "label": ["tech"], "predicted": ["tech"]}).to_parquet(workplace / "plain.parquet")
    with pytest.raises(UserError, match=r"plain.parquet: its columns .*those of no task's predictions"):
        compare_runs("plain.parquet", str(good))
    (workplace / "text.parquet").write_text("no table")
    with pytest.raises(UserError, match="not a table of predictions"):
        compare_runs("text.parquet", str(good))
    silent = pd.read_parquet(good).assign(predicted=None)
    silent.to_parquet(workplace / "silent.parquet")
    with pytest.raises(UserError, match="has no answer to some documents"):
        compare_runs("silent.parquet", str(good))


def test_a_run_that_is_not_there_is_named(workplace):
    with pytest.raises(UserError, match="no-such-run: no file, and DVC finds no predictions of such a run"):
        compare_runs("no-such-run", "workspace")


def test_runs_that_know_other_labels_are_refused_also_where_one_knows_all_labels_of_the_other(workplace):
    good = save_predictions(workplace / "a.parquet", np.ones(60, dtype=bool))
    more = pd.read_parquet(good).assign(**{"p:arts": 0.0})
    more.to_parquet(workplace / "more.parquet")
    for pair in ((good, workplace / "more.parquet"), (workplace / "more.parquet", good)):
        with pytest.raises(UserError, match="not tested on the same documents with the same labels"):
            compare_runs(*map(str, pair))


def test_runs_whose_labels_stand_in_another_order_are_compared_by_their_names(workplace):
    good = save_predictions(workplace / "a.parquet", np.arange(60) > 2)
    table = pd.read_parquet(good)
    table[["id", "label", "predicted", *table.columns[:2:-1]]].to_parquet(workplace / "b.parquet")
    assert "only a is right on 0, only b on 0" in "\n".join(compare_runs(str(good), "b.parquet"))


def save_tags(path, wrong):
    """Predictions of 40 sentences, of which some have a wrong span."""
    actual = [["O", "B-PER", "I-PER"]] * 40
    predicted = [["O", "B-PER", "O"] if number < wrong else tags for number, tags in enumerate(actual)]
    ids = [f"s{number:02}" for number in range(40)]
    pd.DataFrame({"id": ids, "label": actual, "predicted": predicted}).to_parquet(path)
    return str(path)


def save_sets(path, wrong):
    """Predictions of 40 documents, of which some lack a label."""
    ids, labels = [f"d{number:02}" for number in range(40)], [["sport", "tech"], ["sport"]] * 20
    predicted = [["sport"] if number < wrong else own for number, own in enumerate(labels)]
    sure = {f"p:{label}": [0.9 if label in own else 0.1 for own in predicted] for label in ("sport", "tech")}
    pd.DataFrame({"id": ids, "labels": labels, "predicted": predicted, **sure}).to_parquet(path)
    return str(path)


def save_values(path, error):
    """Predictions of 40 numbers, all of them too high."""
    test = pd.DataFrame({"id": [f"d{number:02}" for number in range(40)], "value": np.arange(40.0)})
    predictions_table(test, np.arange(40) + error, np.zeros(40)).to_pandas().to_parquet(path)
    return str(path)


@pytest.mark.parametrize(
    ("save", "good", "bad", "line"),
    [
        (save_tags, 1, 20, "span F1: a 0.9750"),
        (save_sets, 2, 30, "subset accuracy: a 0.9750"),
        (save_values, 1.0, 3.0, "mean absolute error: a 1.0000 (1.0000 to 1.0000), b 3.0000"),
    ],
)
def test_runs_of_each_task_are_compared_by_its_own_metrics(workplace, save, good, bad, line):
    printed = compare_runs(save(workplace / "a.parquet", good), save(workplace / "b.parquet", bad))
    shown = next(text for text in printed if text.startswith(line))
    assert shown.endswith("a is better")
    assert sum("; a says " in text for text in printed) == 10
    assert any("a is worse" in text for text in compare_runs("b.parquet", "a.parquet"))


def test_runs_on_different_tasks_are_refused(workplace):
    with pytest.raises(UserError, match="not tested on the same documents"):
        compare_runs(save_tags(workplace / "a.parquet", 1), save_values(workplace / "b.parquet", 1.0))
