"""The stage as a program: several people's answers in, one label a document out."""

import json

import numpy as np
import pandas as pd
import pytest

from stages.annotate.__main__ import main
from stages.common.core.messages import UserError
from stages.common.documents.answers import ADJUDICATOR
from stages.common.documents.consensus import read_consensus
from stages.common.documents.table import read_documents, read_rejected
from stages.common.tasks import task_named
from stages.split.gold import with_gold
from tests.annotate.conftest import LABELS, table


def labels_of(folder):
    documents = read_documents(folder / "data/annotated/documents.parquet")
    return dict(zip(documents["id"], documents["label"], strict=True))


def test_one_label_a_document_is_handed_through_byte_by_byte(annotate):
    folder = annotate(["spam", "ham", None])
    for name in ("documents.parquet", "card.json"):
        assert (folder / "data/annotated" / name).read_bytes() == (folder / "data/raw" / name).read_bytes()
    assert read_consensus(folder / "data/annotated/consensus.parquet").empty
    assert read_rejected(folder / "data/annotated/rejected.parquet").empty


def test_the_majority_becomes_the_label_and_gold_stays_beside_it(annotate):
    rows = [("d0", who, "spam") for who in "xy"] + [("d0", "z", "ham"), ("d1", "x", "ham"), ("d1", "y", "ham")]
    folder = annotate(["ham", None, "spam", None], table(*rows), method="majority")
    assert labels_of(folder) == {"d0": "spam", "d1": "ham", "d2": "spam"}  # d2 has gold, and nobody answered
    rejected = read_rejected(folder / "data/annotated/rejected.parquet")
    assert rejected[["id", "rule"]].to_numpy().tolist() == [["d3", "unanswered"]]
    consensus = read_consensus(folder / "data/annotated/consensus.parquet").set_index("id")
    assert consensus.loc["d0", "probabilities"] == pytest.approx([2 / 3, 1 / 3])
    assert consensus.loc["d0", ["gold", "seen", "left_out"]].tolist() == ["ham", False, False]
    assert consensus.loc["d0", "confidence"] == pytest.approx(2 / 3)
    summary = json.loads((folder / "reports/annotate/summary.json").read_text())
    assert (summary["answers"], summary["annotators"], summary["rejected"]) == (5, 3, {"unanswered": 1})


def test_what_is_unsure_is_left_out_of_training_where_asked(annotate):
    rows = [("d0", "x", "spam"), ("d0", "y", "ham"), ("d1", "x", "ham"), ("d1", "y", "ham")]
    for unsure, expected in (("keep", [False, False]), ("leave_out", [True, False])):
        folder = annotate([None, None], table(*rows), method="majority", confidence=0.6, unsure=unsure)
        consensus = read_consensus(folder / "data/annotated/consensus.parquet")
        assert consensus["left_out"].tolist() == expected
        assert len(labels_of(folder)) == 2


def test_an_adjudicator_outranks_all_others(annotate):
    rows = [("d0", who, "spam") for who in "xyz"] + [("d0", ADJUDICATOR, "ham"), ("d1", ADJUDICATOR, "spam")]
    folder = annotate([None, None], table(*rows), method="majority")
    assert labels_of(folder) == {"d0": "ham", "d1": "spam"}
    consensus = read_consensus(folder / "data/annotated/consensus.parquet")
    assert consensus["confidence"].tolist() == [1.0, 1.0]
    assert consensus["probabilities"].map(list).tolist() == [[0.0, 1.0], [1.0, 0.0]]


def crowd(size, seed=0):
    """Gold, and answers of three good annotators and five who are worse than chance."""
    random = np.random.default_rng(seed)
    gold = [LABELS[bit] for bit in random.integers(2, size=size)]
    rows = []
    for number, label in enumerate(gold):
        other = LABELS[label == LABELS[0]]
        rows += [(f"d{number}", f"good{who}", label if random.random() < 0.97 else other) for who in range(3)]
        rows += [(f"d{number}", f"poor{who}", label if random.random() < 0.45 else other) for who in range(5)]
    return gold, table(*rows)


def test_auto_looks_at_gold_of_documents_that_are_never_held_out(annotate):
    gold, answers = crowd(300)
    splits = ["test"] * 100 + [None] * 200
    folder = annotate(gold, answers, published_split=splits, gold_share=0.5)
    consensus = read_consensus(folder / "data/annotated/consensus.parquet").set_index("id")
    seen = consensus.index[consensus["seen"]]
    assert len(seen) == 100
    assert not {f"d{number}" for number in range(100)} & set(seen)
    assert (consensus.loc[seen, "label"] == consensus.loc[seen, "gold"]).all()
    summary = json.loads((folder / "reports/annotate/summary.json").read_text())
    assert summary["method"] in ("dawid_skene", "one_coin", "glad", "mace")
    unseen = consensus[~consensus["seen"]]
    majority = answers.groupby("id")["answer"].agg(lambda said: said.mode()[0])
    better = (unseen["label"] == unseen["gold"]).mean()
    assert better > (majority[unseen.index] == unseen["gold"]).mean() + 0.02


def test_the_gold_of_a_test_document_changes_nothing(annotate):
    gold, answers = crowd(120)
    splits = ["test"] * 60 + [None] * 60
    folder = annotate(gold, answers, published_split=splits, gold_share=0.5)
    before = labels_of(folder)
    wrong = [LABELS[label == LABELS[0]] for label in gold[:60]] + gold[60:]
    assert labels_of(annotate(wrong, answers, published_split=splits, gold_share=0.5)) == before


def test_whole_groups_are_looked_at(annotate):
    gold, answers = crowd(60)
    folder = annotate(gold, answers, group=[f"g{number // 6}" for number in range(60)], gold_share=0.34)
    consensus = read_consensus(folder / "data/annotated/consensus.parquet").set_index("id")
    seen = consensus["seen"].groupby([f"g{int(name[1:]) // 6}" for name in consensus.index]).mean()
    assert sorted(seen) == [0.0] * 7 + [1.0] * 3


def test_the_order_of_answers_changes_no_byte(annotate):
    gold, answers = crowd(80)
    made = []
    for order in (answers, answers.sample(frac=1, random_state=1)):
        folder = annotate(gold, order, method="dawid_skene")
        made.append([path.read_bytes() for path in sorted((folder / "data/annotated").iterdir())])
    assert made[0] == made[1]


def test_answers_about_nothing_are_refused(annotate):
    with pytest.raises(UserError, match="has not the columns"):
        annotate(["spam"], None)
        pd.DataFrame({"id": ["d0"]}).to_parquet("data/raw/answers.parquet")
        main()


def test_agreement_is_held_against_gold_that_is_never_tested_on(annotate):
    gold, answers = crowd(120)
    splits = ["test"] * 40 + ["train"] * 80
    folder = annotate(gold, answers, published_split=splits)
    said = json.loads((folder / "reports/annotate/agreement.json").read_text())
    assert said["overall"]["documents"] == 120
    assert -1 < said["overall"]["krippendorff_alpha"]["value"] < said["overall"]["observed_agreement"]["value"] < 1
    good = next(each for each in said["annotators"] if each["annotator"] == "good0")
    assert good["against_gold"]["documents"] == 80
    assert good["against_gold"]["value"] > 0.9
    assert json.loads((annotate(gold) / "reports/annotate/agreement.json").read_text()) == {}


def test_classes_that_answers_left_too_small_are_named(annotate, capsys):
    rows = [(f"d{number}", "x", "ham" if number < 5 else "spam") for number in range(7)]
    annotate([None] * 7, table(*rows), method="majority")
    assert "fewer documents than the 3 splits: 'spam' (2). " in capsys.readouterr().out
    annotate([None] * 7, table(*rows), method="majority", published_split=["test"] * 3 + ["train"] * 4)
    assert "splits" not in capsys.readouterr().out


OTHERS = {
    "multi-label": ("labels", [["ham"], None, None], '["ham", "spam"]', ["spam", "ham"]),
    "token-classification": ("tags", [["O", "O", "B-ham"], None, None], '[[0, 2, "spam"]]', ["B-spam", "I-spam", "O"]),
    "regression": ("value", [1.5, None, None], "2.5", 2.5),
}


@pytest.mark.parametrize("task", OTHERS)
def test_answers_of_every_kind_become_what_documents_are_labelled_with(annotate, task):
    target, gold, answer, meant = OTHERS[task]
    rows = [(name, who, answer) for name in ("d0", "d1") for who in "xyz"]
    folder = annotate(gold, table(*rows), task=task, published_split=["test", None, None])
    documents = read_documents(folder / "data/annotated/documents.parquet").set_index("id")
    assert documents[target].to_dict() == {"d0": meant, "d1": meant}
    assert read_rejected(folder / "data/annotated/rejected.parquet")["id"].tolist() == ["d2"]
    consensus = read_consensus(folder / "data/annotated/consensus.parquet").set_index("id")
    assert consensus["label"].tolist() == [answer, answer]
    assert consensus.loc["d0", "gold"] == {"labels": '["ham"]', "tags": '[[2, 3, "ham"]]', "value": "1.5"}[target]
    assert (folder / "data/annotated/numbers.parquet").exists() == (target == "value")
    agreement = json.loads((folder / "reports/annotate/agreement.json").read_text())
    assert agreement["overall"]["documents"] == 2
    test = documents.loc[["d0"]].reset_index()
    truth = with_gold(test, consensus.reset_index(), task_named(task), LABELS)
    assert truth[target].tolist() == gold[:1]


@pytest.mark.parametrize(("task", "method"), [("regression", "majority"), ("multi-label", "mean"), ("pairs", "median")])
def test_a_method_for_other_answers_is_one_clear_line(annotate, task, method):
    answers = table(("d0", "x", "1" if task == "regression" else '["ham"]' if task == "multi-label" else "ham"))
    with pytest.raises(UserError, match=f"annotate.method {method} is not for answers of the task {task}"):
        annotate([None], answers, task=task, method=method)


def test_auto_chooses_for_numbers_by_which_is_closer_to_gold(annotate):
    random = np.random.default_rng(3)
    truth = random.normal(0, 5, 200).round(3)
    rows = []
    for number, value in enumerate(truth):
        rows += [(f"d{number}", "sound", str(value + random.normal(0, 0.1)))]
        rows += [(f"d{number}", who, str(value + random.normal(0, 6))) for who in ("wild", "wilder")]
    folder = annotate(truth, table(*rows), task="regression", gold_share=0.5)
    summary = json.loads((folder / "reports/annotate/summary.json").read_text())
    assert summary["method"] == "bias_corrected"
    assert "of 100 gold items bias_corrected is closer on" in summary["why"]
    consensus = read_consensus(folder / "data/annotated/consensus.parquet")
    assert (consensus["label"][consensus["seen"]] == consensus["gold"][consensus["seen"]]).all()
    assert (consensus["confidence"][consensus["seen"]] == 1).all()
    assert summary["standard_error"] > 0
