import pytest

from stages.augment.passage import Passage
from stages.augment.thesaurus import Thesaurus, read_thesaurus
from stages.common.core.messages import UserError


def alike(text, word, thesaurus):
    passage = Passage(text, thesaurus)
    return passage.synonyms.get(passage.words.index(word))


@pytest.mark.parametrize(
    ("text", "word", "expected"),
    [
        ("Shares surged in May", "surged", ("rose",)),
        ("Shares have surged in May", "surged", ("risen",)),
        ("They surged ahead", "surged", ("rose",)),
        ("the surge in prices", "surge", ("rush",)),
        ("prices will surge again", "surge", ("rise",)),
        ("a rose in bloom", "rose", ("rosebush",)),
        ("it rose again", "rose", ("climbed",)),
        ("profit rose the most", "rose", ("climbed",)),
        ("the market's rose garden", "rose", ("rosebush",)),
        ("a deal of cards", "deal", ("bargain",)),
        ("to deal with it", "deal", ("cover",)),
        ("new films", "films", ("movies", "moving pictures")),
        ("she films birds", "films", ("shoots",)),
    ],
)
def test_the_neighbours_say_which_part_of_speech_a_word_is(text, word, expected, thesaurus):
    assert alike(text, word, thesaurus) == expected


def test_without_a_word_from_the_neighbours_the_commoner_reading_counts_if_it_is_much_commoner(thesaurus):
    assert alike("shares rose sharply", "rose", thesaurus) == ("climbed",)
    assert alike("new deal today", "deal", thesaurus) is None


def test_a_neighbour_beyond_punctuation_says_nothing(thesaurus):
    assert alike("a plan to, deal today", "deal", thesaurus) is None


@pytest.mark.parametrize("text", ["can", "two", "3.5%", "Turkey", "a Company", "FILM"])
def test_function_words_numbers_and_names_have_no_synonyms(text, thesaurus):
    assert Passage(f"we saw {text} there", thesaurus).replaceable == []


def test_a_missing_or_empty_table_is_named_with_what_would_make_it(tmp_path):
    with pytest.raises(UserError, match=r"synonyms\.tsv: there is no such file.*fetch_models@lexicon"):
        read_thesaurus(tmp_path)
    (tmp_path / "synonyms.tsv").write_text("\n")
    with pytest.raises(UserError, match=r"synonyms\.tsv: holds no synonyms.*fetch_models@lexicon"):
        read_thesaurus(tmp_path)


def test_the_same_word_has_different_synonyms_in_different_places():
    thesaurus = Thesaurus({"surge": "surge|NN|6|rush\tsurge|VB|11|rise"})
    assert Passage("the surge to surge", thesaurus).synonyms == {1: ("rush",), 3: ("rise",)}
