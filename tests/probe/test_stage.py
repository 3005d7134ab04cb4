"""The whole stage on a tiny corpus and a tiny model, and what becomes of suites that do not fit."""

import json
from pathlib import Path

import pandas as pd
import pytest

from stages.common.core.messages import UserError
from stages.common.documents.card import write_card
from stages.common.documents.table import write_documents
from stages.probe.__main__ import main
from stages.probe.asking import TEXTS
from tests.evaluate.conftest import card, documents, save_tiny_model

CASES = (
    "text,label,functionality,group\nthe team,sport,plain,us\nthe cup,sport,plain,them\nthe vote,politics,odd,them\n"
)
COLUMNS = {"text": "text", "label": "label", "functionality": "functionality", "group": "group"}


def summary():
    return json.loads(Path("reports/probe/summary.json").read_text())


def table(name):
    return pd.read_csv(f"reports/probe/{name}.csv")


def test_the_default_suite_is_answered_and_written(workplace):
    main()
    groups = table("groups").set_index("group")
    assert groups["contexts"].tolist() == [6, 6]  # 1 + 2 templates and 3 documents
    assert groups["words"].tolist() == [3, 3]
    assert groups["pairs"].tolist() == [18, 18]
    texts = pd.read_parquet("data/probes.parquet")
    assert list(texts.columns) == TEXTS
    assert len(texts) == 36
    assert "The team and a team." in set(texts["text"])
    assert summary()["left_out"] == {}
    metrics = table("group_metrics")
    assert set(metrics["attribute"]) == {"mentions, names"}


def test_the_stage_writes_the_same_bytes_again_and_for_other_words_before(workplace):
    main()
    first = {path.name: path.read_bytes() for path in (workplace.folder / "reports/probe").iterdir()}
    main()
    assert first == {path.name: path.read_bytes() for path in (workplace.folder / "reports/probe").iterdir()}


def test_no_text_is_in_the_reports(workplace):
    workplace.suite("cases", {"cases.csv": CASES}, cases=[{"file": "cases.csv", "columns": COLUMNS}])
    workplace.choose("names", "cases")
    main()
    for path in (workplace.folder / "reports/probe").iterdir():
        assert "the vote" not in path.read_text()


def test_cases_are_counted_by_functionality_and_group(workplace):
    workplace.suite("cases", {"cases.csv": CASES}, cases=[{"file": "cases.csv", "columns": COLUMNS}])
    workplace.choose("cases")
    main()
    texts = pd.read_parquet("data/probes.parquet")
    assert texts["failed"].tolist() == (texts["predicted"] != texts["expected"]).tolist()
    counted = table("failures").set_index(["functionality", "group"])
    assert counted.loc[("(all)", "(all)"), "cases"] == 3
    assert counted.loc[("plain", "them"), "cases"] == 1
    assert counted.loc[("(all)", "them"), "verdict"] == "no verdict: 2 of the 4 that it takes"


def test_no_suite_and_no_attribute_leave_empty_tables(workplace):
    workplace.choose()
    main()
    assert len(table("groups")) == 0
    assert len(pd.read_parquet("data/probes.parquet")) == 0
    assert summary()["suites"] == []


def test_a_suite_of_texts_that_were_trained_on_is_no_test(workplace, capsys):
    trained = documents("train", 4)["text"][0]
    rows = f'text,label\n"{trained.upper()}",politics\nthe vote,politics\n'
    workplace.suite("cases", {"cases.csv": rows}, cases=[{"file": "cases.csv", "columns": {"label": "label"}}])
    workplace.choose("cases")
    main()
    (suite,) = summary()["suites"]
    assert (suite["known"], suite["mechanics_only"]) == (1, True)
    assert "cases shows the mechanics only: the model was trained on 1 of its texts" in capsys.readouterr().out


def cases(**more):
    return {"cases": [{"file": "cases.csv", "columns": COLUMNS, **more}]}


def csv(row, header="text,label,functionality,group"):
    return {"cases.csv": f"{header}\n{row}\n"}


TESTS = "text,label,functionality,group,test,reference,direction"
ALL_COLUMNS = {name: name for name in TESTS.split(",")}
REFUSED = {
    "labels that do not map": (
        csv("a,hateful,x,y"),
        cases(),
        "its label 'hateful' is none of this dataset's (politics",
    ),
    "an empty text": (csv(" ,sport,x,y"), cases(), "cases.csv, line 2: the text is empty"),
    "no such column": (csv("a,b", "text,label"), cases(), "cases.csv: has no column 'functionality'"),
    "no cases": (
        {"cases.csv": "text,label,functionality,group\n"},
        cases(),
        "cases.csv: has no cases",
    ),
    "no reference": (
        csv("a,,x,y,invariance,,", TESTS),
        cases() | {"cases": [{"file": "cases.csv", "columns": ALL_COLUMNS}]},
        "cases.csv, line 2: invariance without a reference",
    ),
    "no such direction": (
        csv("a,sport,x,y,direction,b,sideways", TESTS),
        cases() | {"cases": [{"file": "cases.csv", "columns": ALL_COLUMNS}]},
        "cases.csv, line 2: the direction is 'sideways'",
    ),
    "no such test": (
        csv("a,sport,x,y,unit,b,up", TESTS),
        cases() | {"cases": [{"file": "cases.csv", "columns": ALL_COLUMNS}]},
        "cases.csv, line 2: there is no test 'unit'",
    ),
    "another language": ({}, {"language": "zh", "words": {"groups": {"a": ["x", "y"], "b": ["v", "w"]}}}, "in zh"),
    "a placeholder without words": (
        {},
        {"words": {"groups": {"a": ["x", "y"], "b": ["v", "w"]}, "templates": ["{word} in {city}"]}},
        "the template '{word} in {city}' has a placeholder {city} without words",
    ),
    "no placeholder": (
        {},
        {"words": {"groups": {"a": ["x", "y"], "b": ["v", "w"]}, "templates": ["in a city"]}},
        "has no place for a word",
    ),
    "one word": ({}, {"words": {"groups": {"a": ["x", " "], "b": ["v", "w"]}}}, "the group 'a' has 1 words"),
    "one group": ({}, {"words": {"groups": {"a": ["x", "y"]}}}, "it has 1 group"),
    "a word in two groups": (
        {},
        {"words": {"groups": {"a": ["x", "y"], "b": ["Y", "w"]}}},
        "the word 'Y' is in the groups",
    ),
    "no place": ({}, {"words": {"groups": {"a": ["x", "y"], "b": ["v", "w"]}}}, "there is no place for its words"),
    "nothing to swap": ({}, {"swap": {"method": "english"}}, "no test document has a word that it could swap"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_suite_that_does_not_fit_is_named_in_one_line_and_the_stage_goes_on(workplace, kind, capsys):
    files, form, reason = REFUSED[kind]
    workplace.suite("odd", files, **form)
    workplace.choose("odd", "names")
    main()
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("probe: odd is left out: ")]
    assert reason in line
    assert list(summary()["left_out"]) == ["odd"]
    assert [suite["name"] for suite in summary()["suites"]] == ["names"]


def test_params_can_map_labels(workplace):
    workplace.suite("odd", csv("the team,hateful,x,y"), labels={"hateful": []}, **cases())
    workplace.choose("odd", labels={"odd": {"hateful": "sport"}})
    main()
    assert pd.read_parquet("data/probes.parquet")["expected"].tolist() == ["sport"]


def test_a_suite_that_was_not_fetched_is_named(workplace, capsys):
    workplace.suite("odd", csv("the team,sport,x,y"), **cases())
    record = {"names": None, "odd": "its files could not be fetched"}
    (workplace.folder / "models/fetched/probes/probes.json").write_text(json.dumps(record))
    workplace.choose("odd")
    main()
    assert "odd is left out: its files could not be fetched" in capsys.readouterr().out


def test_a_missing_record_of_fetching_an_unknown_suite_and_attribute_end_in_one_line(workplace):
    workplace.choose("nmes")
    with pytest.raises(UserError, match=r"has no entry 'nmes'.*'names'"):
        main()
    workplace.choose("names", attributes=["regoin"])
    with pytest.raises(UserError, match=r"the documents have no 'regoin'.*'region'"):
        main()
    (workplace.folder / "models/fetched/probes/probes.json").unlink()
    with pytest.raises(UserError, match=r"probes.json: is missing.*fetch_probes"):
        main()


def test_groups_of_test_documents_come_from_attributes_too(workplace):
    workplace.choose("names", attributes=["region"])
    main()
    metrics = table("group_metrics")
    north = metrics[(metrics["group"] == "north") & (metrics["label"] == "accuracy")].iloc[0]
    assert (north["documents"], north["share"]) == (6, pytest.approx(2 / 6))
    gap = table("gaps").set_index(["attribute", "gap"]).loc[("region", "accuracy")]
    assert gap["value"] == 0


def test_a_text_of_one_token_hidden_signs_and_a_long_text_are_answered(workplace):
    rows = 'text,label\nx,sport\n"\U0001f600\u202e\u0634",sport\n' + "team " * 200_000 + ",sport\n"
    workplace.suite("cases", {"cases.csv": rows}, cases=[{"file": "cases.csv", "columns": {"label": "label"}}])
    workplace.choose("cases")
    main()
    assert len(pd.read_parquet("data/probes.parquet")) == 3


@pytest.mark.parametrize("task", ["token-classification", "pairs", "multi-label", "regression"])
def test_other_tasks_are_probed_or_told_why_not(workplace, task, capsys):
    labels = [] if task == "regression" else ["politics", "sport", "tech"]
    save_tiny_model(workplace.folder / "models/finetuned", labels, task)
    write_card(card(labels, task), workplace.folder / "data/splits")
    for split, place in (("train", "audited/train"), ("test", "splits/test")):
        rows = documents(split, 4).drop(columns="label")
        words = rows["text"].str.split()
        own = {
            "token-classification": {"label": None, "tokens": words, "tags": [["O"] * len(each) for each in words]},
            "pairs": {"text_pair": "Second.", "label": "sport"},
            "multi-label": {"labels": [["sport"]] * len(rows)},
            "regression": {"value": 1.5},
        }[task]
        write_documents(rows.assign(**own), workplace.folder / f"data/{place}.parquet")
    workplace.suite("cases", {"cases.csv": CASES}, cases=[{"file": "cases.csv", "columns": COLUMNS}])
    workplace.suite("gender", swap={"method": "pairs", "pairs": {"the": "some"}, "null": {"and": "or"}})
    workplace.choose("names", "cases", "gender")
    if task != "pairs":
        pd.DataFrame({"id": ["x"]}).to_parquet("data/predictions.parquet")
    main()
    out = capsys.readouterr().out
    answered = {suite["name"] for suite in summary()["suites"]}
    if task == "token-classification":
        assert answered == set()
        assert "names is left out: each word of these documents has a tag of its own" in out
    elif task == "pairs":
        assert answered == {"names", "gender"}
        assert "cases is left out: its cases are single texts" in out
        assert set(pd.read_parquet("data/probes.parquet")["text_pair"]) == {"Second."}
    elif task == "regression":
        assert answered == {"names", "gender"}
        assert table("swaps")["flips"].isna().all()
        assert table("swaps")["change"].notna().all()
    else:
        assert answered == {"names", "cases", "gender"}
