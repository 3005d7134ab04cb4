"""Several people's answers beside the classifiers."""

import json

import numpy as np
import pandas as pd
import pytest
from cleanlab.multiannotator import get_label_quality_multiannotator

from stages.annotate.consensus import reach_consensus
from stages.annotate.parameters import AnnotateParameters
from stages.audit import answers as audited_answers
from stages.audit.__main__ import main
from stages.audit.answers import Crowd, beside_answers, by_crowdlab
from stages.common.core.messages import UserError
from stages.common.documents.answers import ADJUDICATOR, SCHEMA, write_answers
from stages.common.documents.consensus import no_consensus, write_consensus
from stages.common.documents.table import write_documents
from stages.common.tasks import task_named
from tests.audit.conftest import WORDS, make_training, set_parameters

LABELS = ["sport", "tech"]
TASK = task_named("text-classification")


def other(label):
    return LABELS[label == LABELS[0]]


def crowd_of(folder, seed=2, size=300):
    """Documents whose words are a weak sign of their label, and answers of four good annotators and four poor ones.

    Returns:
        The answers, and the ids of the documents whose answers come to a wrong label.
    """
    random = np.random.default_rng(seed)
    truth = {f"d{number:03}": LABELS[number % 2] for number in range(size)}
    texts = [
        " ".join(random.choice(WORDS[label if random.random() < 0.65 else other(label)]) for _ in range(8))
        for label in truth.values()
    ]
    rows = [
        (name, f"a{who}", label if random.random() < (0.95 if who < 4 else 0.55) else other(label))
        for name, label in truth.items()
        for who in random.permutation(8)[:3]
    ]
    answers = pd.DataFrame(rows, columns=["id", "annotator", "answer"]).reindex(columns=SCHEMA.names)
    answers = answers.astype({"time": "datetime64[us, UTC]", "seconds": float})
    documents = make_training(size // 2, []).query("method == 'original'").reset_index(drop=True)
    ids = pd.Series(list(truth))
    documents = documents.assign(id=ids, group=ids, derived_from=[[name] for name in ids], text=texts, label=None)
    reached = reach_consensus(answers, documents.assign(gold=None), TASK, LABELS, AnnotateParameters(method="majority"))
    label = reached.table.set_index("id")["label"]
    write_documents(documents.assign(label=documents["id"].map(label)), folder / "data/splits/train.parquet")
    write_answers(reached.latest, folder / "data/answers.parquet")
    write_consensus(reached.table, folder / "data/annotated/consensus.parquet")
    return reached.latest, {name for name, true in truth.items() if label[name] != true}


def found(folder, wrong):
    """How many wrong labels are flagged, of how many flagged ones; and how many are among the least sure ones."""
    flagged = set(pd.read_csv(folder / "reports/audit/label_issues.csv")["id"])
    least_sure = pd.read_parquet(folder / "data/audited/quality.parquet").sort_values("quality")["id"][: len(wrong)]
    return len(flagged & wrong), len(flagged), len(wrong & set(least_sure))


@pytest.mark.parametrize("way", ["posterior", "crowdlab"])
def test_answers_and_classifiers_together_find_more_wrong_labels_than_classifiers_alone(workplace, way, capsys):
    _, wrong = crowd_of(workplace)
    main()
    alone = found(workplace, wrong)
    assert "answers" not in json.loads((workplace / "reports/audit/summary.json").read_text())
    set_parameters(workplace, answers=way)
    main()
    both = found(workplace, wrong)
    assert len(wrong) == 50
    assert both[0] / both[1] > 1.7 * alone[0] / alone[1]
    assert both[2] > alone[2]
    if way == "crowdlab":
        assert (alone[:2], both[:2]) == ((30, 86), (35, 51))
    assert json.loads((workplace / "reports/audit/summary.json").read_text())["answers"] == way
    assert f"classifiers and people's answers ({way})" in capsys.readouterr().out


@pytest.mark.parametrize("way", ["none", "posterior", "crowdlab"])
def test_the_order_of_answers_changes_no_byte(workplace, way):
    answers, _ = crowd_of(workplace, size=80)
    set_parameters(workplace, answers=way)
    main()
    before = [path.read_bytes() for path in sorted((workplace / "data/audited").iterdir())]
    answers.sample(frac=1, random_state=1).to_parquet(workplace / "data/answers.parquet", index=False)
    path = workplace / "data/splits/train.parquet"
    pd.read_parquet(path).sample(frac=1, random_state=2).to_parquet(path, index=False)
    main()
    after = [path.read_bytes() for path in sorted((workplace / "data/audited").iterdir())]
    assert after[1:3] == before[1:3]  # quality.parquet and rejected.parquet


@pytest.mark.parametrize("way", ["posterior", "crowdlab"])
def test_with_one_answer_a_document_every_way_gives_the_same_bytes(workplace, way):
    main()
    before = {path: path.read_bytes() for path in workplace.rglob("*") if path.is_file() and path.suffix != ".yaml"}
    set_parameters(workplace, answers=way)
    main()
    assert {path: path.read_bytes() for path in before} == before


def table_of(rows):
    return pd.DataFrame(rows, columns=["id", "annotator", "answer"])


def judged(labels):
    return pd.DataFrame({"id": [f"d{number}" for number in range(len(labels))], "label": labels})


def consensus_of(documents, probabilities, seen=()):
    table = documents.assign(confidence=1.0, probabilities=probabilities, gold=None, left_out=False)
    return table.assign(seen=documents["id"].isin(seen))


def test_the_posterior_is_multiplied_by_the_classifiers_and_divided_by_the_shares():
    documents = judged(["sport", "sport", "sport", "tech"])
    consensus = consensus_of(documents, [[0.6, 0.4], [1.0, 0.0], None, [0.5, 0.5]])
    by_text = np.array([[0.3, 0.7], [0.1, 0.9], [0.2, 0.8], [0.0, 1.0]])
    answers = table_of([("d0", "x", "sport"), ("d0", "y", "tech"), ("d1", "x", "sport"), ("d3", "x", "tech")])
    both = beside_answers("posterior", documents, LABELS, LABELS, by_text, Crowd(consensus, answers))
    votes = np.array([0.6 * 0.3 / 0.75, 0.4 * 0.7 / 0.25])
    assert both[0] == pytest.approx(votes / votes.sum())
    assert both[1].tolist() == [1.0, 0.0]  # the posterior excludes it
    assert both[2].tolist() == [0.2, 0.8]  # nobody answered
    assert both[3] == pytest.approx([1e-6 / 0.75, 1 / 0.25] / np.sum([1e-6 / 0.75, 1 / 0.25]))
    assert beside_answers("none", documents, LABELS, LABELS, by_text, Crowd(consensus, answers)) is None


def test_crowdlab_is_cleanlabs():
    random = np.random.default_rng(4)
    labels = ["a", "b", "c"]
    truth = random.integers(3, size=60)
    table = np.full((60, 5), np.nan)
    for row, true in enumerate(truth):
        for who in random.permutation(5)[: random.integers(1, 5)]:
            table[row, who] = true if random.random() < 0.7 else random.integers(3)
    by_text = random.dirichlet(np.ones(3), 60) * 0.5 + 0.5 * np.eye(3)[truth]
    ids = [f"d{number:02}" for number in range(60)]
    cells = np.argwhere(~np.isnan(table)).tolist()
    answers = [(ids[row], f"a{who}", labels[int(table[row, who])]) for row, who in cells]
    documents = pd.DataFrame({"id": ids, "label": [labels[true] for true in truth]})
    both = by_crowdlab(documents, labels, by_text, table_of(answers))
    theirs = get_label_quality_multiannotator(table, by_text, consensus_method="majority_vote", verbose=False)
    assert both.sum(axis=1) == pytest.approx(np.ones(60))
    for who in range(5):
        given = np.flatnonzero(~np.isnan(table[:, who]))
        quality = theirs["detailed_label_quality"].iloc[given, who]
        assert both[given, table[given, who].astype(int)] == pytest.approx(quality.to_numpy(), abs=1e-12)
    best = get_label_quality_multiannotator(table, by_text, verbose=False)["label_quality"]["consensus_label"]
    assert (both.argmax(axis=1) == best).all()


def test_what_was_decided_or_is_gold_is_never_flagged():
    documents = judged(["sport", "tech", "sport", "tech"])
    rows = [(name, who, "tech") for name in documents["id"] for who in "xyz"] + [("d0", ADJUDICATOR, "sport")]
    consensus = consensus_of(documents, [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]], seen=["d2"])
    by_text = np.full((4, 2), [0.1, 0.9])
    for way in ("posterior", "crowdlab"):
        both = beside_answers(way, documents, LABELS, LABELS, by_text, Crowd(consensus, table_of(rows)))
        assert both[[0, 2]].tolist() == [[1.0, 0.0], [1.0, 0.0]]
        assert (both[[1, 3], 1] > 0.9).all()


def test_one_answer_a_document_or_none_at_all_leaves_classifiers_alone():
    documents = judged(["sport", "tech"])
    single = table_of([("d0", "x", "sport"), ("d1", "y", "tech"), ("d0", ADJUDICATOR, "sport")])
    for answers in (single, single.iloc[:0]):
        for way in ("posterior", "crowdlab"):
            crowd = Crowd(no_consensus(), answers)
            assert beside_answers(way, documents, LABELS, LABELS, np.eye(2), crowd) is None


def test_a_crowd_too_large_for_cleanlab_is_one_clear_line(monkeypatch):
    monkeypatch.setattr(audited_answers, "MOST_CELLS", 5)
    documents = judged(["sport", "tech"])
    answers = table_of([(name, who, "tech") for name in ("d0", "d1") for who in "xyz"])
    with pytest.raises(UserError, match="a table of 2 documents by 3 annotators"):
        by_crowdlab(documents, LABELS, np.eye(2), answers)
