import duckdb
import pandas as pd
import pytest

from stages.clean.changes import draw_examples, passages, show_changes, write_drawn
from stages.clean.parameters import CleanParameters, Examples
from stages.clean.parts import Part
from stages.clean.repair import repair
from stages.common.core.validation import read_yaml
from tests.imports import ROOT

PARAMETERS = CleanParameters.model_validate(read_yaml(ROOT / "params.yaml")["clean"])


@pytest.fixture
def shown(tmp_path):
    """Shows the changes in documents that lie in three parts."""
    parts = [Part(tmp_path, number, 0, 0) for number in range(3)]
    (tmp_path / "drawn").mkdir()

    def show(documents, per_rule, seed=1):
        for part, rows in zip(parts, range(3), strict=True):
            here = documents.iloc[rows::3]
            drawn = draw_examples(repair(here, PARAMETERS), Examples(seed=seed, per_rule=per_rule))
            write_drawn(drawn, part.path("drawn"))
        with duckdb.connect() as corpus:
            return show_changes(corpus, parts, PARAMETERS.text_rules(), per_rule)

    return show


def test_each_rule_is_shown_at_work_on_a_few_documents(make_documents, shown):
    documents = make_documents(["fine", "&lt;b&gt;bold", " x ", "a &amp; b", "c &amp; d"])
    found = shown(documents, per_rule=2)
    assert found["rule"].value_counts().to_dict() == {"entities": 2, "tags": 1, "whitespace": 1}
    tags = found[found["rule"].eq("tags")].iloc[0]
    assert (tags["id"], tags["before"], tags["after"]) == ("d1", "<b>bold", "bold")


def test_the_choice_depends_on_seed_and_ids_and_not_on_the_order_of_rows(make_documents, shown):
    documents = make_documents([f"a &amp; {number}" for number in range(40)])
    one = shown(documents, per_rule=5)
    pd.testing.assert_frame_equal(one, shown(documents.iloc[::-1], per_rule=5))
    assert one["id"].tolist() != shown(documents, per_rule=5, seed=2)["id"].tolist()


def test_only_the_passage_that_differs_is_shown():
    before, after = passages("x" * 500 + "&amp;" + "y" * 500, "x" * 500 + "&" + "y" * 500)
    assert before == "…" + "x" * 59 + "&amp;" + "y" * 60 + "…"
    assert after == "…" + "x" * 59 + "&" + "y" * 60 + "…"
    assert passages("same", "same!") == ("same", "same!")


def test_without_a_change_nothing_is_shown(make_documents, shown):
    assert shown(make_documents(["fine", "also fine"]), per_rule=3).empty
