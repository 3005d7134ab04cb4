import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.clean.duplicates import find_contradictions, find_near_repeats, find_repeats, group_duplicates, text_keys
from stages.clean.filters import find_unusable
from stages.clean.near_duplicates import find_near_duplicates
from stages.clean.parameters import CleanParameters
from stages.clean.repair import repair
from stages.clean.verdict import check_outcome, judge
from stages.common.messages import UserError
from stages.common.validation import read_yaml
from tests.imports import ROOT

NO_PAIRS = pd.DataFrame({"one": [], "other": [], "similarity": []}, dtype="str")


@pytest.fixture
def parameters():
    return CleanParameters.model_validate(read_yaml(ROOT / "params.yaml")["clean"])


def test_sentences_of_a_token_classification_corpus_stay_as_they_are(make_documents, parameters):
    tokens = [["EU", "&amp;"], ["EU", "&amp;"]]
    documents = make_documents(["EU &amp;"] * 2, label=None, tokens=tokens, tags=[["B-ORG", "O"]] * 2)
    repaired = repair(documents, parameters)
    assert repaired["text"].tolist() == ["EU &amp;"] * 2
    keys = text_keys(repaired)
    assert group_duplicates(repaired, keys, NO_PAIRS).tolist() == ["d0", "d1"]
    assert find_near_duplicates(repaired, parameters.near_duplicates).empty
    verdict = judge(repaired, find_repeats(repaired, keys, parameters.duplicates))
    assert verdict.rejected.empty
    assert verdict.flags["id"].tolist() == ["d1"]
    assert find_unusable(repaired, parameters, "en").empty


TEXTS = st.sampled_from(["one two three", "One  two three", "four five six", "", "x", "\ufffd a b c"])


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(TEXTS, st.sampled_from("ab"), st.sampled_from([None, "train", "validation", "test"])), min_size=1
    )
)
def test_every_row_is_kept_or_rejected_and_published_test_rows_stay(make_documents, rows):
    parameters = CleanParameters.model_validate(read_yaml(ROOT / "params.yaml")["clean"])
    texts, labels, splits = map(list, zip(*rows, strict=True))
    documents = make_documents(texts, label=labels, published_split=splits)
    kept, rejected = documents, []
    for find in (
        lambda d: find_unusable(d.assign(private=None), parameters, "en"),
        lambda d: find_contradictions(d, text_keys(d), parameters.contradictions),
        lambda d: find_repeats(d, text_keys(d), parameters.duplicates),
        lambda d: find_near_repeats(d, find_near_duplicates(d, parameters.near_duplicates), parameters.near_duplicates),
    ):
        verdict = judge(kept, find(kept))
        kept, rejected = verdict.kept, [*rejected, verdict.rejected]
    gone = pd.concat(rejected)
    assert sorted([*kept["id"], *gone["id"]]) == sorted(documents["id"])
    assert not gone["published_split"].isin(["validation", "test"]).any()
    trained = kept[~kept["published_split"].isin(["validation", "test"])]
    assert not text_keys(trained).duplicated().any()


def test_a_corpus_in_which_everything_is_rejected_is_an_error(make_documents):
    documents = make_documents(["x", "y"])
    rejected = documents.assign(rule="too_short", reason="1 words, fewer than 3")
    with pytest.raises(UserError, match="all 2 documents were rejected, most of them by the rule 'too_short'"):
        check_outcome(documents, documents.iloc[:0], rejected)


def test_a_lost_row_is_noticed(make_documents):
    documents = make_documents(["x", "y"])
    with pytest.raises(AssertionError):
        check_outcome(documents, documents.iloc[:1], documents.iloc[:0])
