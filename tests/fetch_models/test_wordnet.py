import pytest

from stages.common.core.messages import UserError
from stages.fetch_models.wordnet import read_wordnet


@pytest.fixture
def entries(lexicon):
    return {(entry.lemma, entry.part): entry for entry in read_wordnet(lexicon)}


def test_synonyms_come_from_the_two_most_frequent_senses_in_their_order(entries):
    assert entries["film", "noun"].synonyms == ("movie", "picture", "moving picture", "coating")


def test_a_word_that_has_the_sense_as_a_rare_one_only_is_no_synonym(entries):
    assert entries["shot", "noun"].synonyms == ()


def test_synonyms_that_were_never_met_in_tagged_text_count_only_where_none_was(entries):
    assert entries["happy", "adj"].synonyms == ("glad",)
    assert entries["rise", "verb"].synonyms == ("surge",)
    assert entries["quick", "adj"].synonyms == ("fast",)


def test_frequencies_are_added_up_over_senses(entries):
    assert entries["rise", "verb"].frequency == 30
    assert entries["film", "noun"].frequency == 0


def test_names_and_formulas_are_no_synonyms(entries):
    assert entries["company", "noun"].synonyms == ("firm",)
    assert entries["gold", "noun"].synonyms == ()


def test_a_word_is_not_looked_up_among_names(entries):
    assert entries["turkey", "noun"].synonyms == ("gobbler",)


def test_what_is_too_short_is_left_out(entries):
    assert ("oz", "noun") not in entries


def test_a_missing_file_is_named_with_what_would_fetch_it(lexicon):
    (lexicon / "index.verb").unlink()
    with pytest.raises(UserError, match=r"index\.verb: there is no such file.*fetch_models@lexicon"):
        read_wordnet(lexicon)


def test_files_without_synonyms_are_an_error(lexicon):
    for path in lexicon.glob("data.*"):
        path.write_text("<html>not found</html>\n")
    with pytest.raises(UserError, match="hold no synonyms"):
        read_wordnet(lexicon)
