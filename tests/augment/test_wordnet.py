import shutil

import pytest

from stages.augment.wordnet import read_synonyms
from stages.common.messages import UserError


def test_synonyms_come_from_the_two_most_frequent_senses_in_their_order(lexicon):
    assert read_synonyms(lexicon)["film"] == ("movie", "picture", "moving picture", "coating")


def test_names_and_formulas_are_no_synonyms(lexicon):
    synonyms = read_synonyms(lexicon)
    assert synonyms["company"] == ("firm",)
    assert "gold" not in synonyms


def test_a_word_is_not_looked_up_among_names(lexicon):
    assert read_synonyms(lexicon)["turkey"] == ("gobbler",)


def test_the_mark_of_an_adjectives_place_is_taken_off(lexicon):
    assert read_synonyms(lexicon)["happy"] == ("glad", "well-chosen")


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("can", "a function word"),
        ("rose", "an irregular form"),
        ("services", "a regular form"),
        ("deal", "noun or verb, no one knows"),
        ("oz", "too short"),
        ("day", "no synonym"),
    ],
)
def test_a_word_is_left_out_where_a_synonym_would_rarely_fit(lexicon, word, why):
    assert word not in read_synonyms(lexicon), why


def test_a_missing_file_is_named_with_what_would_fetch_it(lexicon, tmp_path):
    broken = shutil.copytree(lexicon, tmp_path / "lexicon")
    (broken / "index.verb").unlink()
    with pytest.raises(UserError, match=r"lexicon/index\.verb: there is no such file.*fetch_lexicon"):
        read_synonyms(broken)


def test_files_without_synonyms_are_an_error(lexicon, tmp_path):
    broken = shutil.copytree(lexicon, tmp_path / "lexicon")
    for path in broken.glob("data.*"):
        path.write_text("<html>not found</html>\n")
    with pytest.raises(UserError, match="hold no synonyms"):
        read_synonyms(broken)
