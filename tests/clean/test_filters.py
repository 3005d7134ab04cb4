import pandas as pd
import pytest

from stages.clean.filters import find_outliers, find_unusable, held
from stages.clean.parameters import CleanParameters, LengthOutliers
from stages.clean.repair import PRIVATE, repair
from stages.clean.repetition import find_repetition
from stages.common.core.messages import UserError
from stages.common.core.validation import read_yaml, validate
from stages.common.words.splitting import count_words
from tests.common.tiny_encoder import save_tagger
from tests.imports import ROOT

ENGLISH = "The committee said on Friday that it would look into the matter before the end of the month. " * 2
GERMAN = "Der Ausschuss teilte am Freitag mit, er werde sich vor dem Ende des Monats mit der Sache befassen. " * 2
SECTION = read_yaml(ROOT / "params.yaml")["clean"]


def faults(documents, **changed):
    parameters = CleanParameters.model_validate(SECTION | changed)
    repaired = repair(documents, parameters)
    return find_unusable(repaired, repaired[["text"]].apply(count_words), parameters, "en-GB").set_index("id")


def switched_on(name):
    return {name: SECTION[name] | {"enabled": True}}


def test_each_unusable_text_is_rejected_with_its_rule(make_documents):
    texts = ["three good words", "", "... !!", "two words", "caf\ufffd au lait please", "word " * 20_001, "a b c d"]
    found = faults(make_documents([*texts, "x" * 200_001 + " y z", "12 + 34 = 46 (sum)", GERMAN, ENGLISH]))
    assert found["rule"].to_dict() == {
        "d1": "empty",
        "d2": "empty",
        "d3": "too_short",
        "d4": "undecodable",
        "d5": "too_long",
        "d6": "too_short",
        "d7": "too_long",
        "d8": "letters",
        "d9": "language",
    }
    assert found["reason"]["d3"] == "2 words, fewer than 3"
    assert found["reason"]["d6"] == "7 characters, fewer than 10"
    assert found["reason"]["d8"] == "23 % of its characters are letters"
    assert found["reason"]["d9"].startswith("is in 'de' with a probability of 1.000, not in 'en'")


def test_a_rule_that_is_off_rejects_nothing(make_documents):
    off = {"undecodable": False, "empty": False}
    off |= {name: SECTION[name] | {"enabled": False} for name in ("too_short", "letters", "language")}
    assert faults(make_documents(["", "\ufffd", "one", "12 34 56 78 90", GERMAN]), **off).empty


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("\n".join(f"line {n % 6} has some words of its own" for n in range(12)), "50% of its lines are repeats"),
        ("\n".join(["a much longer line " * 6] * 2 + [f"l {n} x" for n in range(12)]), "in lines that repeat another"),
        (" ".join(f"buy now word{n}" for n in range(40)), "are one run of 2 words, 40 times"),
        (" ".join([f"w{n}" for n in range(30)] * 2), "are in runs of 5 words that occurred before"),
    ],
)
def test_texts_that_repeat_themselves_are_found(text, reason):
    limits = CleanParameters.model_validate(SECTION).repetition
    found = find_repetition(pd.Series([text, " ".join(f"w{n}" for n in range(90))]), limits)
    assert found.index.tolist() == [0]
    assert reason in found[0]


def test_repetition_is_off_by_default_and_short_texts_are_left_alone(make_documents):
    documents = make_documents(["again and again it said " * 20, "again and again " * 3])
    assert faults(documents).empty
    assert faults(documents, **switched_on("repetition"))["rule"].to_dict() == {"d0": "repetition"}


def test_length_outliers_are_those_far_from_the_median_in_robust_deviations(make_documents, open_tables):
    tables = open_tables(make_documents(["w " * n for n in [90, 95, 100, 100, 105, 110, 115, 5000]]))
    found = tables.named(find_outliers(tables.corpus, LengthOutliers(enabled=True, deviations=6.0)))
    assert list(found) == ["d7"]
    assert found["d7"].startswith("5000 words, +")
    assert not tables.rows(find_outliers(tables.corpus, LengthOutliers(enabled=False, deviations=6.0)))
    alike = open_tables(make_documents(["w " * 100] * 5 + ["w"]))
    assert not alike.rows(find_outliers(alike.corpus, LengthOutliers(enabled=True, deviations=6.0)))


@pytest.mark.parametrize(
    ("action", "text", "rejected"),
    [("report", "write to me@example.org today", []), ("mask", "write to [EMAIL] today", []), ("drop", None, ["d0"])],
)
def test_private_data_is_reported_masked_or_dropped_and_never_written_down(make_documents, action, text, rejected):
    section = SECTION | {"private_data": SECTION["private_data"] | {"action": action}}
    documents = make_documents(["write to me@example.org today", "nothing of that kind"])
    repaired = repair(documents, CleanParameters.model_validate(section))
    assert text is None or repaired["text"][0] == text
    assert repaired[PRIVATE].dropna().to_dict() == {0: {"email": 1}}
    assert held(repaired[PRIVATE].dropna()).to_dict() == {0: "holds 1 email"}
    assert faults(documents, private_data=section["private_data"]).index.tolist() == rejected


def test_names_are_counted_beside_other_private_data_or_alone_but_not_in_words_with_tags(make_documents, tmp_path):
    model = save_tagger(tmp_path, {"ann": "B-PER"})
    section = SECTION | {"private_data": SECTION["private_data"] | {"names": True, "action": "mask"}}
    parameters = CleanParameters.model_validate(section)
    alone = repair(make_documents(["of Ann", "nobody"]), parameters, model)
    assert alone[PRIVATE].dropna().to_dict() == {0: {"name": 1}}
    documents = make_documents(["of Ann", "nobody", "Ann: a@example.org"], tokens=[["of", "Ann"], None, None])
    repaired = repair(documents, parameters, model)
    assert repaired[PRIVATE].dropna().to_dict() == {2: {"email": 1, "name": 1}}
    assert repaired["text"].tolist() == ["of Ann", "nobody", "[NAME]: [EMAIL]"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"too_short": {"enabled": True, "words": 30_000, "characters": 1}}, "too_short.words is above too_long.words"),
        ({"letters": {"enabled": True, "share": 1.5}}, "letters.share"),
        ({"near_duplicates": SECTION["near_duplicates"] | {"threshold": 1.0}}, "near_duplicates.threshold"),
        ({"private_data": SECTION["private_data"] | {"action": "hide"}}, "private_data.action"),
        ({"urls": "hide"}, "urls"),
    ],
)
def test_a_value_out_of_range_is_one_clear_line(changed, said):
    with pytest.raises(UserError, match=said):
        validate(CleanParameters, SECTION | changed, "params.yaml: clean")
