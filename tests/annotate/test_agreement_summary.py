"""agreement.json: coefficients overall, by label, pair, round and guideline."""

import json

import numpy as np
import pytest

from stages.annotate.agreement.answering_order import natural
from stages.annotate.agreement.summary import agreement_summary
from stages.common.core.messages import UserError
from stages.common.documents.answers import ADJUDICATOR
from tests.annotate.answer_tables import table, wide

FEW = {"samples": 100}


def summary(answers, answer="label", labels=("ham", "spam"), **further):
    found = agreement_summary(answers, answer, labels, **(FEW | further))
    json.dumps(found, allow_nan=False)
    return found


def value(entry, name, digits=4):
    return round(entry[name]["value"], digits)


def test_what_is_said_overall_by_label_and_by_pair():
    found = summary(
        wide(
            {
                "a": ["ham", "ham", "spam", "spam", "ham", "spam"],
                "b": ["ham", "ham", "spam", "ham", "ham", None],
                "c": ["ham", "spam", None, None, None, None],
            }
        )
    )
    overall = found["overall"]
    assert [overall[name] for name in ("documents", "documents_with_several", "answers", "annotators")] == [6, 5, 13, 3]
    # agreement of the five documents with several: 1, 1/3, 1, 0, 1
    assert value(overall, "observed_agreement") == round((1 + 1 / 3 + 1 + 0 + 1) / 5, 4)
    assert overall["krippendorff_alpha"]["low"] <= value(overall, "krippendorff_alpha") <= 1
    assert found["by_label"][0]["share"] == pytest.approx(8 / 13)
    assert found["by_label"][0]["fleiss_kappa"] == found["by_label"][1]["fleiss_kappa"] == overall["fleiss_kappa"]
    assert [(*pair["annotators"], pair["documents"]) for pair in found["by_pair"]] == [
        ("a", "b", 5),
        ("a", "c", 2),
        ("b", "c", 2),
    ]
    assert value(found["by_pair"][0], "cohen_kappa") == round((0.8 - 0.56) / (1 - 0.56), 4)
    assert found["by_pair"][1]["cohen_kappa"]["reason"] == "they have fewer than 5 documents in common"
    assert found["by_round"] == found["by_guideline"] == []


def test_each_label_is_held_against_the_rest():
    columns = {"a": ["x", "x", "y", "z", "z", "y"], "b": ["x", "x", "z", "y", "z", "y"]}
    by_label = {entry["label"]: entry for entry in summary(wide(columns), labels=["x", "y", "z"])["by_label"]}
    assert value(by_label["x"], "krippendorff_alpha") == 1.0
    assert value(by_label["y"], "observed_agreement") == round(4 / 6, 4)
    assert value(by_label["y"], "krippendorff_alpha") == value(by_label["z"], "krippendorff_alpha") < 1


def test_one_category_gives_null_with_the_reason():
    found = summary(wide({"a": ["ham"] * 6, "b": ["ham"] * 6}))
    assert found["overall"]["observed_agreement"]["value"] == 1.0
    for name in ("fleiss_kappa", "krippendorff_alpha", "gwet_ac1"):
        assert found["overall"][name]["value"] is None
        assert found["overall"][name]["reason"].startswith("only one category occurs, 'ham'")
    assert found["by_pair"][0]["cohen_kappa"]["value"] is None
    assert found["overall"]["paradox"] is None


def test_one_answer_a_document_gives_null_with_the_reason():
    found = summary(wide({"a": ["ham", "spam", None], "b": [None, None, "ham"]}))
    for name in ("observed_agreement", "fleiss_kappa", "krippendorff_alpha", "gwet_ac1"):
        assert found["overall"][name]["reason"] == "no document has two answers"
    assert found["by_pair"] == []


def test_no_answers_at_all_say_so():
    found = summary(table([]))
    assert found["overall"]["reason"] == "there are no answers"
    assert found["annotators"] == found["by_label"] == found["by_pair"] == []


def test_the_paradox_is_told_where_alpha_and_ac1_differ():
    """Gwet's (2002) table: 118 both yes, 5 and 2 one of them, none both no."""
    one, other = ["yes"] * 123 + ["no"] * 2, ["yes"] * 118 + ["no"] * 5 + ["yes"] * 2
    columns = {"a": one, "b": other}
    found = summary(wide(columns), labels=["no", "yes"])["overall"]
    assert (value(found, "gwet_ac1", 2), value(found, "krippendorff_alpha", 2)) == (0.94, -0.02)
    assert found["paradox"].startswith("Alpha is -0.02 and AC1 0.94: 'yes' makes 97 % of the answers, so alpha takes")
    assert "paradox of kappa" in found["paradox"]
    even = summary(wide({"a": ["ham", "spam"] * 20, "b": ["ham", "spam"] * 19 + ["ham", "ham"]}))["overall"]
    assert even["paradox"] is None


def test_low_agreement_is_called_no_paradox():
    columns = {"a": ["yes"] * 70 + ["no"] * 30, "b": ["yes"] * 50 + ["no"] * 20 + ["yes"] * 30}
    assert "is no paradox" in summary(wide(columns), labels=["no", "yes"])["overall"]["paradox"]


def test_rounds_and_guidelines_stand_by_themselves_and_the_last_answer_counts_overall():
    answers = [
        {"id": name, "annotator": annotator, "answer": answer, "round": number, "guideline": guideline}
        for number, guideline, row in [("9", "aa", ["ham", "spam", "ham"]), ("10", "bb", ["spam", "spam", "ham"])]
        for name, own in zip("pqr", row, strict=True)
        for annotator, answer in (("a", own), ("b", ["ham", "spam", "spam"][ord(name) - ord("p")]))
        if not (number == "10" and annotator == "b")
    ]
    found = summary(table(answers))
    assert [(entry["round"], entry["answers"]) for entry in found["by_round"]] == [("9", 6), ("10", 3)]
    assert [entry["guideline"] for entry in found["by_guideline"]] == ["aa", "bb"]
    assert value(found["by_round"][0], "observed_agreement") == round(2 / 3, 4)
    assert found["superseded"] == 3 and found["overall"]["answers"] == 6
    assert value(found["overall"], "observed_agreement") == round(1 / 3, 4)  # a: spam spam ham; b: ham spam spam
    (a, b) = found["annotators"]
    assert a["repeated"] == {"documents": 3, "same": 2} and b["repeated"]["documents"] == 0
    assert sorted(["r10", "r9", "r2b", "r"], key=natural) == ["r", "r2b", "r9", "r10"]


def test_answers_of_no_round_come_last():
    answers = [{"id": "p", "annotator": name, "answer": "ham", "round": None} for name in "ab"]
    answers += [{"id": "q", "annotator": name, "answer": "ham", "round": "1"} for name in "ab"]
    assert [entry["round"] for entry in summary(table(answers))["by_round"]] == ["1", None]


def test_an_adjudicators_decisions_are_no_annotators_answers():
    answers = {"a": ["ham", "spam"], "b": ["ham", "ham"]}
    assert summary(wide(answers)) == summary(wide({**answers, ADJUDICATOR: ["spam", "spam"]}))


def test_the_order_of_the_rows_changes_nothing():
    random = np.random.default_rng(2)
    columns = {name: random.choice(["ham", "spam", "eggs"], 30).tolist() for name in "abcd"}
    answers = wide(columns, round="1")
    labels = ["ham", "spam", "eggs"]
    assert summary(answers, labels=labels) == summary(answers.sample(frac=1, random_state=5), labels=labels)


def test_ordered_labels_have_ordinal_and_interval_coefficients():
    columns = {"a": ["1", "2", "5", "5", "1", "2"], "b": ["1", "2", "5", "2", "2", "2"]}
    found = summary(wide(columns), labels=["1", "2", "5"], ordered=True)
    names = set(found["overall"])
    assert {"krippendorff_alpha_ordinal", "krippendorff_alpha_interval", "gwet_ac2_quadratic"} <= names
    assert {"gwet_ac2_linear", "gwet_ac2_ordinal"} <= names and "cohen_kappa_quadratic" in found["by_pair"][0]
    # alpha, interval: sum of squared differences 9 + 1 of 6 pairs; all 12 numbers 1,1,1,2,2,2,2,2,2,5,5,5
    numbers = np.array([1, 1, 1, 2, 2, 2, 2, 2, 2, 5, 5, 5])
    expected = ((numbers[:, None] - numbers) ** 2).sum() / (12 * 11)
    assert value(found["overall"], "krippendorff_alpha_interval") == round(1 - (2 * 10 / 12) / expected, 4)
    words = summary(
        wide({"a": ["low", "mid"] * 3, "b": ["low", "high"] * 3}), labels=["low", "mid", "high"], ordered=True
    )
    assert "krippendorff_alpha_interval" not in words["overall"] and "gwet_ac2_ordinal" in words["overall"]


def test_several_labels_have_alpha_by_distance_and_coefficients_by_label():
    columns = {"a": ['["x"]', '["x", "y"]', "[]", '["y"]', "[]"], "b": ['["x"]', '["x"]', "[]", '["x", "y"]', "[]"]}
    found = summary(wide(columns), "labels", ["x", "y"])
    assert value(found["overall"], "observed_agreement") == 0.6
    assert (
        found["overall"]["krippendorff_alpha_jaccard"]["value"] > found["overall"]["krippendorff_alpha_masi"]["value"]
    )
    x, y = found["by_label"]
    assert (value(x, "observed_agreement"), value(y, "observed_agreement")) == (0.8, 0.8)
    assert (x["share"], y["share"]) == (0.5, 0.3)
    assert value(found["by_pair"][0], "mean_jaccard") == round((1 + 1 / 2 + 1 + 1 / 2 + 1) / 5, 4)
    assert found["annotators"][0]["against_rest"]["metric"] == "label_f1"
    assert found["annotators"][0]["against_rest"]["value"] == pytest.approx(2 * 3 / (4 + 4))


def test_spans_have_f1_and_kappa_of_words():
    columns = {
        "a": ['[[0, 2, "PER"]]', "[]", '[[1, 2, "LOC"]]', "[]", "[]"],
        "b": ['[[0, 2, "PER"]]', "[]", '[[1, 3, "LOC"]]', '[[0, 1, "PER"]]', "[]"],
    }
    words = {f"{row:02}": 4 for row in range(5)}
    found = summary(wide(columns), "tags", ["PER", "LOC"], words=words)
    assert value(found["overall"], "span_f1") == 0.4  # 2 * 1 / (2 + 3)
    assert value(found["overall"], "token_observed_agreement") == 0.9  # 18 of 20 words
    assert value(found["by_pair"][0], "span_f1") == 0.4
    # words outside, PER, LOC: 17, 2, 1 by a; 15, 3, 2 by b
    chance = (17 * 15 + 2 * 3 + 1 * 2) / 400
    assert value(found["by_pair"][0], "token_cohen_kappa") == round((0.9 - chance) / (1 - chance), 4)
    assert [entry["span_f1"]["value"] for entry in found["by_label"]] == [pytest.approx(2 / 3), 0.0]
    assert found["annotators"][0]["against_rest"]["metric"] == "span_f1"
    unknown = summary(wide(columns), "tags", ["PER", "LOC"])
    assert (
        unknown["overall"]["token_fleiss_kappa"]["reason"]
        == "how many words each document has is not known, or none has any"
    )
    nothing = summary(wide({"a": ["[]"] * 5, "b": ["[]"] * 5}), "tags", ["PER"], words=words)
    assert nothing["overall"]["span_f1"]["reason"] == "no annotator of a pair marked a span"
    assert nothing["overall"]["token_gwet_ac1"]["value"] is None


def test_numbers_have_interval_and_ordinal_alpha():
    columns = {"a": ["1", "2", "5", "5", "1", "2"], "b": ["1", "2.0", "5", "2", "2", "2"]}
    found = summary(wide(columns), "value", [], gold={"00": "2"})
    as_labels = summary(
        wide({"a": columns["a"], "b": ["1", "2", "5", "2", "2", "2"]}), labels=["1", "2", "5"], ordered=True
    )
    for name in ("krippendorff_alpha_interval", "krippendorff_alpha_ordinal"):
        assert value(found["overall"], name) == value(as_labels["overall"], name)
    assert value(found["by_pair"][0], "mean_absolute_difference") == round(4 / 6, 4)
    assert found["annotators"][0]["against_gold"]["value"] == 1.0
    assert found["annotators"][1]["against_rest"]["metric"] == "mean_absolute_error"
    same = summary(wide({"a": ["0.1"] * 3, "b": ["0.1"] * 3}), "value", [])["overall"]
    assert same["krippendorff_alpha_interval"]["reason"] == "all numbers of documents with two answers are the same"


@pytest.mark.parametrize(
    ("answer", "given", "said"),
    [
        ("label", "Spam", "'Spam' is no label of the card. Did you mean 'spam'?"),
        ("labels", '"spam"', "is no JSON array of labels of the card"),
        ("labels", '["eggs"]', "is no JSON array of labels of the card"),
        ("labels", "[" * 100_000, "is no JSON array of labels of the card"),
        ("tags", '[[2, 2, "spam"]]', "is no JSON array of [first word, word after the last, type]"),
        ("tags", '[[0, 9, "spam"]]', "within the document"),
        ("tags", '[[0, true, "spam"]]', "within the document"),
        ("tags", "null", "within the document"),
        ("value", "nan", "'nan' is no number below 1e+100"),
        ("value", "-1e300", "'-1e300' is no number below 1e+100"),
        ("value", "many", "'many' is no number below 1e+100"),
    ],
)
def test_an_answer_of_another_kind_is_named_in_one_line(answer, given, said):
    answers = wide({"a": [{"label": "ham", "value": "1"}.get(answer, "[]")], "b": [given]})
    with pytest.raises(UserError) as error:
        summary(answers, answer, words={"00": 5})
    assert "document '00', annotator 'b'" in str(error.value) and said in str(error.value)
    assert "\n" not in str(error.value)
