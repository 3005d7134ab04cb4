import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stages.clean.corpus import check_something_is_left
from stages.clean.duplicates import find_contradictions, find_near_repeats, find_repeats, group_duplicates
from stages.clean.filters import find_unusable, list_unusable
from stages.clean.parameters import CleanParameters
from stages.clean.repair import repair
from stages.clean.tables import write_tables
from stages.common.core.messages import UserError
from stages.common.core.validation import read_yaml
from stages.common.documents.table import read_documents, read_flags, read_rejected
from stages.common.words.splitting import count_words
from tests.imports import ROOT

PARAMETERS = CleanParameters.model_validate(read_yaml(ROOT / "params.yaml")["clean"])


def test_sentences_of_a_token_classification_corpus_stay_as_they_are(make_documents, open_tables):
    tokens = [["EU", "&amp;"], ["EU", "&amp;"]]
    documents = make_documents(["EU &amp;"] * 2, label=None, tokens=tokens, tags=[["B-ORG", "O"]] * 2)
    repaired = repair(documents, PARAMETERS)
    assert repaired["text"].tolist() == ["EU &amp;"] * 2
    assert find_unusable(repaired, repaired[["text"]].apply(count_words), PARAMETERS, "en").empty
    tables = open_tables(documents)
    group_duplicates(tables.corpus)
    assert tables.groups() == {"d0": "d0", "d1": "d1"}
    assert not tables.pairs()
    assert tables.judged(lambda corpus: find_repeats(corpus, PARAMETERS.duplicates)) == [[], ["d1"]]


TEXTS = st.sampled_from(["one two three", "One  two three", "four five six", "", "x", "\ufffd a b c"])


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(TEXTS, st.sampled_from("ab"), st.sampled_from([None, "train", "validation", "test"])), min_size=1
    )
)
def test_every_row_is_kept_or_rejected_and_published_test_rows_stay(make_documents, open_tables, rows):
    texts, labels, splits = map(list, zip(*rows, strict=True))
    documents = make_documents(texts, label=labels, published_split=splits)
    tables = open_tables(documents)
    group_duplicates(tables.corpus)
    tables.judged(
        list_unusable,
        lambda corpus: find_contradictions(corpus, PARAMETERS.contradictions),
        lambda corpus: find_repeats(corpus, PARAMETERS.duplicates),
        lambda corpus: find_near_repeats(corpus, PARAMETERS.near_duplicates),
    )
    folder = tables.parts[0].folder
    write_tables(tables.corpus, tables.parts, True, folder)
    kept, gone = read_documents(folder / "documents.parquet"), read_rejected(folder / "rejected.parquet")
    assert sorted([*kept["id"], *gone["id"]]) == sorted(documents["id"])
    assert not gone["published_split"].isin(["validation", "test"]).any()
    assert set(read_flags(folder / "flags.parquet")["id"]) <= set(kept["id"])
    trained = kept[~kept["published_split"].isin(["validation", "test"])]
    assert not trained["text"].str.lower().str.split().str.join(" ").duplicated().any()


def test_a_corpus_in_which_everything_is_rejected_is_an_error(make_documents, open_tables):
    tables = open_tables(make_documents(["x", "y"]))
    faults = pd.DataFrame({"number": [0, 1], "rule": "too_short", "reason": "1 words, fewer than 3"})
    tables.judged(lambda corpus: corpus.from_df(faults))
    with pytest.raises(UserError, match="all 2 documents were rejected, most of them by the rule 'too_short'"):
        check_something_is_left(tables.corpus)


def test_a_lost_row_is_noticed(make_documents, open_tables):
    tables = open_tables(make_documents(["x", "y"]))
    group_duplicates(tables.corpus)
    short = [part._replace(rows=part.rows + 1) for part in tables.parts]
    with pytest.raises(AssertionError):
        write_tables(tables.corpus, short, True, tables.parts[0].folder)
