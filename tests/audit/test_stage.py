import json
import shutil

import pandas as pd
import pytest

from stages.audit.__main__ import main
from stages.common.core.messages import UserError
from stages.common.documents.card import read_card, write_card
from stages.common.documents.table import read_documents, read_rejected, write_documents
from tests.audit.conftest import WRONG, set_parameters


def audited(folder):
    return read_documents(folder / "data/audited/train.parquet").set_index("id")


def given(folder):
    return read_documents(folder / "data/splits/train.parquet").set_index("id")


def summary(folder):
    return json.loads((folder / "reports/audit/summary.json").read_text())


def test_wrong_labels_are_listed_worst_first_and_nothing_is_changed(workplace):
    main()
    issues = pd.read_csv(workplace / "reports/audit/label_issues.csv")
    assert sorted(issues["id"]) == WRONG
    assert issues["quality"].is_monotonic_increasing
    assert issues.set_index("id").loc["sport-03", ["label", "suggested"]].tolist() == ["tech", "sport"]
    assert issues[["verdict", "new_label"]].isna().all(axis=None)
    pd.testing.assert_frame_equal(audited(workplace), given(workplace))
    quality = pd.read_parquet(workplace / "data/audited/quality.parquet")
    assert len(quality) == 80
    assert quality["quality"].between(0, 1).all()
    assert summary(workplace)["judged"] == 80


def test_what_is_dropped_goes_with_its_variants_and_is_kept_with_the_reason(workplace):
    set_parameters(workplace, action="drop", confidence=0.5)
    main()
    gone = {*WRONG, "sport-03#swap-1", "tech-07#swap-1"}
    assert set(given(workplace).index) - set(audited(workplace).index) == gone
    rejected = read_rejected(workplace / "data/audited/rejected.parquet")
    assert set(rejected["id"]) == gone
    assert rejected["reason"].str.startswith("labelled tech, but sport has the probability").any()


def test_what_is_relabelled_takes_its_variants_along(workplace):
    set_parameters(workplace, action="relabel", confidence=0.5)
    main()
    labels = audited(workplace)["label"]
    assert len(labels) == len(given(workplace))
    assert labels[["sport-03", "sport-03#swap-1", "tech-07", "tech-21"]].tolist() == ["sport", "sport", "tech", "tech"]


def test_nothing_is_done_below_the_confidence(workplace):
    set_parameters(workplace, action="drop", confidence=1.0)
    main()
    pd.testing.assert_frame_equal(audited(workplace), given(workplace))


def test_a_reviewed_list_is_applied_and_goes_before_the_rule(workplace):
    set_parameters(workplace, action="drop", confidence=0.5)
    rows = [
        "id,verdict,new_label,note",
        "sport-03,keep,,looks fine",
        "tech-07,relabel,tech,",
        "tech-00,drop,,",
        "sport-00,,,",
    ]
    (workplace / "review.csv").write_text("\n".join([*rows, "testsport-00,drop,,"]))
    main()
    left = audited(workplace)
    assert left["label"][["sport-03", "tech-07", "sport-00"]].tolist() == ["tech", "tech", "sport"]
    assert not {"tech-00", "tech-00#swap-1", "tech-21"} & set(left.index)
    assert summary(workplace)["reviewed"] == 4
    assert summary(workplace)["reviewed_not_in_training"] == 1


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("nobody,drop,", "review.csv, line 2: no document has the id 'nobody'"),
        ("sport-00,relabel,sports", "there is no label 'sports'. Did you mean 'sport'"),
        ("sport-00,remove,", "unknown verdict 'remove'"),
        ("sport-00,drop,\nsport-00,keep,", "the id 'sport-00' has two verdicts"),
    ],
)
def test_a_wrong_review_is_one_clear_line(workplace, row, said):
    (workplace / "review.csv").write_text(f"id,verdict,new_label\n{row}\n")
    with pytest.raises(UserError, match=said):
        main()
    assert not (workplace / "data/audited").exists()


def test_a_missing_review_or_column_is_one_clear_line(workplace):
    (workplace / "review.csv").write_text("id,verdict\n")
    with pytest.raises(UserError, match="the column 'new_label' is missing"):
        main()
    (workplace / "review.csv").unlink()
    with pytest.raises(UserError, match=r"review\.csv: there is no such file"):
        main()


def test_labels_of_validation_and_test_are_not_looked_at(workplace):
    main()
    before = {path.name: path.read_bytes() for path in (workplace / "data/audited").iterdir()}
    for name in ("validation", "test"):
        path = workplace / f"data/splits/{name}.parquet"
        rows = pd.read_parquet(path)
        rows.assign(label="tech", text="other").to_parquet(path)
    main()
    assert {path.name: path.read_bytes() for path in (workplace / "data/audited").iterdir()} == before


def test_the_order_of_rows_changes_no_byte(workplace):
    main()
    before = (workplace / "data/audited/quality.parquet").read_bytes()
    shutil.rmtree(workplace / "data/audited")
    path = workplace / "data/splits/train.parquet"
    pd.read_parquet(path).sample(frac=1, random_state=1).to_parquet(path, index=False)
    main()
    assert (workplace / "data/audited/quality.parquet").read_bytes() == before


def test_documents_without_labels_are_passed_on(workplace):
    path = workplace / "data/splits/train.parquet"
    pd.read_parquet(path).assign(label=None).to_parquet(path)
    main()
    assert len(audited(workplace)) == 100
    assert summary(workplace)["judged"] == 0


def of_task(workplace, task, change):
    """Makes the splits those of another task."""
    for name in ("train", "validation", "test"):
        path = workplace / f"data/splits/{name}.parquet"
        write_documents(change(read_documents(path).drop(columns=["tokens", "tags"])), path)
    write_card(read_card(workplace / "data/splits").model_copy(update={"task": task}), workplace / "data/splits")


def test_labels_of_pairs_are_judged_by_both_texts(workplace):
    of_task(workplace, "pairs", lambda documents: documents.assign(text_pair=documents["text"], text="nothing at all"))
    main()
    assert summary(workplace)["judged"] == 80
    issues = pd.read_csv(workplace / "reports/audit/label_issues.csv")
    assert set(WRONG) <= set(issues["id"])
    assert issues["excerpt"].str.startswith("nothing at all / ").all()


@pytest.mark.parametrize(("task", "column", "value"), [("multi-label", "labels", []), ("regression", "value", 0.5)])
def test_what_is_not_judged_is_said_in_words(workplace, capsys, task, column, value):
    def change(documents):
        return documents.drop(columns="label").assign(**{column: [value] * len(documents)})

    of_task(workplace, task, change)
    main()
    said = summary(workplace)
    assert said["judged"] == 0
    assert said["not_judged"] == f"documents of the task {task} have no single label to compare with others"
    assert said["rows_out"] == 100
    out = capsys.readouterr().out
    assert "no label was judged" in out
    assert "look wrong" not in out

    (workplace / "review.csv").write_text("id,verdict,new_label\nsport-01,relabel,tech\n")
    with pytest.raises(UserError, match=r"review\.csv, line 2: these documents have no single label to replace"):
        main()
    (workplace / "review.csv").write_text("id,verdict,new_label\nsport-01,drop,\n")
    main()
    assert summary(workplace)["rows_out"] == 98
