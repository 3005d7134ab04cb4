import pytest

from stages.fetch_models.inflection import forms, inflected
from stages.fetch_models.thesaurus import thesaurus
from stages.fetch_models.wordnet import Entry, read_wordnet


@pytest.mark.parametrize(
    ("phrase", "part", "tag", "expected"),
    [
        ("rise", "verb", "VBD", "rose"),
        ("rise", "verb", "VBN", "risen"),
        ("travel", "verb", "VBN", "traveled"),  # it is no other form than the past
        ("go up", "verb", "VBD", "went up"),
        ("moving picture", "noun", "NNS", "moving pictures"),
        ("point of view", "noun", "NNS", "points of view"),
        ("take-off", "noun", "NNS", "take-offs"),
        ("child", "noun", "NNS", "children"),
        ("large", "adj", "JJR", "larger"),
        ("beautiful", "adj", "JJR", "more beautiful"),
        ("blorf", "verb", "VBD", None),
    ],
)
def test_a_phrase_is_inflected_at_its_head(phrase, part, tag, expected):
    assert inflected(phrase, part, tag) == expected


def test_the_lemma_is_no_other_form_but_where_it_is_the_only_one():
    assert forms("rise", "noun")["NNS"] == ("rises",)
    assert forms("sheep", "noun")["NNS"] == ("sheep",)


def test_every_form_has_the_synonyms_in_its_own_form():
    table = dict(line.split("\t", 1) for line in thesaurus([Entry("surge", "verb", 3, ("rise", "go up"))]).splitlines())
    assert table == {
        "surge": "surge|VB|3|rise|go up",
        "surges": "surge|VBZ|3|rises|goes up",
        "surged": "surge|VBD|3|rose|went up\tsurge|VBN|3|risen|gone up",
        "surging": "surge|VBG|3|rising|going up",
    }


def test_a_reading_without_synonyms_stays_where_it_competes_with_another():
    entries = [Entry("rose", "noun", 5, ("rosebush",)), Entry("rise", "verb", 9, ()), Entry("day", "noun", 1, ())]
    table = dict(line.split("\t", 1) for line in thesaurus(entries).splitlines())
    assert table == {"rose": "rose|NN|5|rosebush\trise|VBD|9", "roses": "rose|NNS|5|rosebushes"}


def test_the_table_of_a_whole_lexicon_is_sorted_and_each_form_stands_once(lexicon):
    lines = [line.split("\t")[0] for line in thesaurus(read_wordnet(lexicon)).splitlines()]
    assert lines == sorted(set(lines))
    assert {"film", "films", "surged", "companies"} <= set(lines)
