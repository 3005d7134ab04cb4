import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.common.words.splitting import split_words
from stages.probe.gender import FEMALE, MALE, TABLE, swap_gender
from stages.probe.gender_words import NOUNS, PRONOUNS, TITLES
from stages.probe.whole_words import exchange, in_case_of, whole_words, with_article

with (Path(__file__).parent / "pronouns.tsv").open(encoding="utf-8", newline="") as file:
    SENTENCES = [tuple(row.values()) for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]


def test_the_key_has_300_sentences_each_once():
    assert len(SENTENCES) >= 300
    assert len({sentence for sentence, _ in SENTENCES}) == len(SENTENCES)


def test_every_sentence_of_the_key_is_swapped_grammatically():
    wrong = [
        (sentence, key, swap_gender(sentence)[0]) for sentence, key in SENTENCES if swap_gender(sentence)[0] != key
    ]
    assert wrong == []


@pytest.mark.parametrize(
    "text",
    [
        "Orson sold sandals in Hershey; the mangoes, heroin and history are themes.",
        "The man-made island, a mannequin, Manchester and human ethics.",
        "Stephen King and the Warner Brothers.",
        "",
        "x",
        "\U0001f600 \u200d \x00 \u202eabc\u202c 中文",
    ],
)
def test_a_part_of_a_word_and_a_name_are_no_match(text):
    assert swap_gender(text) == (text, frozenset())


def test_which_genders_a_text_had_is_told():
    assert swap_gender("He slept.")[1] == {MALE}
    assert swap_gender("Her aunt slept.")[1] == {FEMALE}
    assert swap_gender("She met him.")[1] == {MALE, FEMALE}


GENDERED = {*TABLE, *NOUNS, *PRONOUNS, *TITLES, "her", "his"}


@given(
    st.lists(st.sampled_from(["her", "His", "SON", "Orson", "wife's", "\n", "  ", "…", "字", "the", "gave", "-", "'"]))
)
def test_every_byte_beside_a_swapped_word_stays(words):
    text = " ".join(words)
    swapped, _ = swap_gender(text)
    before, after = split_words(text), split_words(swapped)
    assert len(before) == len(after)
    end = other_end = 0
    for one, other in zip(before, after, strict=True):
        assert text[end : one.start] == swapped[other_end : other.start]
        end, other_end = one.end, other.end
        stem = one.text.lower().partition("'")[0]
        assert one.text == other.text or stem in GENDERED
    assert text[end:] == swapped[other_end:]


def test_words_are_exchanged_both_ways_in_their_case_and_nowhere_inside_others():
    assert exchange("Big film, large MOVIE; filmy bigger", {"big": "large", "movie": "film"}) == (
        "Large movie, big FILM; filmy bigger"
    )
    assert exchange("他说丈夫来了。", {"他": "她", "丈夫": "妻子"}) == "她说妻子来了。"
    assert in_case_of("X", "abc") == "Abc"


def test_a_word_beside_a_hyphen_or_an_apostrophe_is_part_of_another():
    found = whole_words(["son", "Li"])
    assert not found.search("Orson, son-in-law, step-son, persons")
    assert [match[0] for match in found.finditer("my son's, son. (Li)")] == ["son", "son", "Li"]
    assert not whole_words([]).search("")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("Iraqi", "an Iraqi"),
        ("Muslim", "a Muslim"),
        ("European", "a European"),
        ("honest", "an honest"),
        ("Ugandan", "a Ugandan"),
    ],
)
def test_an_article_follows_the_sound(word, said):
    assert with_article(word) == said
