import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.clean.parameters import CleanParameters
from stages.common.text_rules.chain import apply_rules
from stages.common.text_rules.characters import normal_form, plain_spaces, remove_controls
from stages.common.text_rules.entities import undo_entities
from stages.common.text_rules.normalisation import duplicate_key
from stages.common.text_rules.tags import strip_tags
from stages.common.validation import read_yaml
from tests.imports import ROOT

PIECES = st.sampled_from(
    ["&amp;", "&lt;", "lt;", "<b>", "<", ">", "b", "/", "&#60;", "&#0;", "\x00", "\n", "\u00a0", "é", "e\u0301"]
)
MESSY = st.lists(st.one_of(PIECES, st.text(max_size=4)), max_size=12).map("".join)


def default_rules():
    return CleanParameters.model_validate(read_yaml(ROOT / "params.yaml")["clean"]).text_rules()


@pytest.mark.parametrize(
    ("raw", "undone"),
    [
        ("Tom &amp; Jerry", "Tom & Jerry"),
        ("&amp;amp;lt;b", "<b"),
        ("&pound;15.8m &#8364;3", "£15.8m €3"),
        ("AT&T; R&D;", "AT&T; R&D;"),
        ("?a=1&copy=2", "?a=1&copy=2"),
        ("&#0; &#xD800;", "&#0; &#xD800;"),
        ("100% & more", "100% & more"),
    ],
)
def test_entities_are_undone_and_what_only_looks_like_one_stays(raw, undone):
    assert undo_entities(pd.Series([raw])).tolist() == [undone]


@pytest.mark.parametrize(
    ("raw", "stripped"),
    [
        ("H<sub>2</sub>O", "H2O"),
        ("one<br/>two", "one two"),
        ('<a href="x">link</a>', "link"),
        ("<script>alert(1)</script>text<!-- note -->", " text "),
        ("I <3 you, x<y and y>z", "I <3 you, x<y and y>z"),
        ("a<b and c>d", "a<b and c>d"),
        ("<unknown> <john@example.org>", "<unknown> <john@example.org>"),
    ],
)
def test_tags_go_and_other_angle_brackets_stay(raw, stripped):
    assert strip_tags(pd.Series([raw])).tolist() == [stripped]


def test_control_characters_go_but_emoji_joiners_and_right_to_left_text_stay():
    family, persian, hebrew = "👨\u200d👩\u200d👧", "می\u200cخواهم", "\u200fשלום"
    texts = pd.Series(["a\x00b", "a\x0bb", "\ufeffbom", "a\tb\n", family, persian, hebrew])
    assert remove_controls(texts).tolist() == ["ab", "a b", "bom", "a\tb\n", family, persian, hebrew]


def test_white_space_becomes_plain_and_paragraphs_stay():
    assert plain_spaces(pd.Series([" a\u00a0 b \r\n\r\n\r\n c\t"])).tolist() == ["a b\n\nc"]


def test_unicode_forms_join_accents_and_replace_ligatures():
    assert normal_form(pd.Series(["e\u0301 ﬁ"]), "NFC").tolist() == ["é ﬁ"]
    assert normal_form(pd.Series(["e\u0301 ﬁ"]), "NFKC").tolist() == ["é fi"]


@settings(max_examples=300, deadline=None)
@given(st.lists(MESSY, min_size=1, max_size=4))
def test_cleaning_twice_changes_nothing(texts):
    once, _ = apply_rules(pd.Series(texts, dtype="str"), default_rules())
    twice, changed = apply_rules(once, default_rules())
    assert twice.tolist() == once.tolist()
    assert not any(rows.any() for rows in changed.values())


def test_each_rule_says_which_rows_it_changed():
    texts, changed = apply_rules(pd.Series(["fine", "&lt;b&gt;bold", " x "]), default_rules())
    assert texts.tolist() == ["fine", "bold", "x"]
    assert {name: rows.tolist() for name, rows in changed.items() if rows.any()} == {
        "entities": [False, True, False],
        "tags": [False, True, False],
        "whitespace": [False, False, True],
    }


def test_a_text_of_a_megabyte_is_cleaned_in_seconds():
    text = "<" * 300_000 + "&amp;" * 100_000 + " <b" * 100_000
    cleaned, _ = apply_rules(pd.Series([text]), default_rules())
    assert cleaned[0].count("&") == 100_000


def test_entities_nested_a_million_deep_are_undone_in_seconds():
    assert undo_entities(pd.Series(["&" + "amp;" * 1_000_000 + "lt;b"])).tolist() == ["<b"]


def test_the_same_text_in_another_dress_has_the_same_key():
    texts = ["Fish & Chips  today", "FISH &amp;amp; chips\ntoday ", "ﬁsh & chips today"]
    assert duplicate_key(pd.Series(texts)).nunique() == 1
    assert duplicate_key(pd.Series(["fish and chips", "fish & chips"])).nunique() == 2


@given(MESSY)
def test_a_key_is_its_own_key(text):
    key = duplicate_key(pd.Series([text], dtype="str"))
    assert duplicate_key(key).tolist() == key.tolist()
