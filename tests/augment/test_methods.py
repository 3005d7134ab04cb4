import random
from collections import Counter

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from stages.augment.chance import choose, count_changes
from stages.augment.deletion import delete_words
from stages.augment.insertion import insert_synonyms
from stages.augment.methods import TAGGED_METHODS, TEXT_METHODS
from stages.augment.noise import (
    LOOK_ALIKE,
    NEIGHBOURS,
    hit_neighbouring_keys,
    misread_characters,
    transpose_letters,
)
from stages.augment.parameters import AugmentParameters, MethodParameters
from stages.augment.passage import Passage
from stages.augment.swap import swap_words
from stages.augment.synonym import replace_by_synonyms
from stages.augment.thesaurus import Thesaurus
from tests.augment.conftest import TABLE

SYNONYMS = Thesaurus({word: TABLE[word] for word in ("film", "growth", "bush", "company", "enterprise")})
NOISE = [hit_neighbouring_keys, misread_characters, transpose_letters]
WORDS = st.lists(
    st.sampled_from(["film", "Film", "growth", "the", "BBC", "3.5%", "a", "Bush"]), min_size=1, max_size=12
)
RATES = st.floats(0, 1)


def draws(seed=0):
    return random.Random(seed).random


def change(method, text, rate, seed=0):
    changed = method(Passage(text, SYNONYMS), rate, draws(seed))
    return changed and changed[0]


def words_of(text):
    return Passage(text, Thesaurus({})).words


@given(st.text())
def test_a_text_taken_apart_is_still_the_text(text):
    assert "".join(Passage(text, SYNONYMS).pieces) == text


def test_words_keep_what_is_inside_them_and_leave_what_is_around_them():
    text = '"Don\'t," said U.S. firm X-Ray (up 3.5% to $1,000) - हिन्दी e-mail…'
    assert words_of(text) == [
        "Don't", "said", "U.S", "firm", "X-Ray", "up", "3.5%", "to", "$1,000", "हिन्दी", "e-mail",
    ]  # fmt: skip


def test_synonyms_stand_in_the_place_of_words_and_everything_else_stays():
    text = "Growth, not film:\n\n  the FILM by Bush (the company) fell 3.5%..."
    assert change(replace_by_synonyms, text, 1.0, seed=1) in {
        f"Increase, not {film}:\n\n  the FILM by Bush (the firm) fell 3.5%..." for film in ("movie", "moving picture")
    }


def test_the_article_before_a_synonym_is_the_one_that_goes_with_it():
    assert change(replace_by_synonyms, "A company saw a growth, an enterprise", 1.0) == (
        "A firm saw an increase, a company"
    )


def test_a_name_at_a_sentences_start_is_known_by_its_capital_elsewhere():
    assert change(replace_by_synonyms, "Bush met a film. Then Bush left.", 1.0).startswith("Bush met")
    assert change(replace_by_synonyms, "Bush and tree.", 1.0) == "Shrub and tree."


def test_a_title_with_a_full_stop_starts_no_sentence():
    assert change(replace_by_synonyms, "He saw Mr. Bush and a company.", 1.0) == "He saw Mr. Bush and a firm."


def test_insertion_keeps_the_text_and_adds_synonyms_of_its_words():
    text = "The company saw growth, and left."
    changed = change(insert_synonyms, text, 0.5)
    added = Counter(words_of(changed)) - Counter(words_of(text))
    assert sum(added.values()) == 3
    assert set(added) <= {"firm", "increase"}
    kept = iter(words_of(changed))
    assert all(word in kept for word in words_of(text))


def test_swap_leaves_spaces_and_punctuation_and_writes_a_sentences_start_with_a_capital():
    assert (
        change(swap_words, "the (big) firm, Bush!", 1.0).translate(str.maketrans("", "", "thebigfrmBus")) == " () , !"
    )
    assert {change(swap_words, "The firm.", 1.0, seed) for seed in range(9)} == {"Firm the."}
    assert {change(swap_words, "Bush left.", 1.0, seed) for seed in range(9)} == {"Left Bush."}


def test_deletion_takes_the_space_that_is_one_too_many():
    assert {change(delete_words, "One, two - three", 0.34, seed) for seed in range(20)} == {
        ", two - three".replace(", t", ", T"),
        "One, - three",
        "One, two -",
    }
    assert {change(delete_words, "A film\n\nBush left.", 0.25, seed) for seed in range(20)} == {
        "Film\n\nBush left.",
        "A\n\nBush left.",
        "A film\n\nLeft.",
        "A film\n\nBush.",
    }


@given(WORDS, RATES, st.integers(0, 9))
def test_swap_moves_words_and_changes_none(words, rate, seed):
    text = ", ".join(words)
    assume(len(set(words)) > 1)
    changed = change(swap_words, text, rate, seed)
    assert Counter(words_of(changed.casefold())) == Counter(words_of(text.casefold()))
    assert Passage(changed, SYNONYMS).pieces[::2] == Passage(text, SYNONYMS).pieces[::2]


@given(WORDS, RATES, st.integers(0, 9))
def test_deletion_leaves_some_words_in_their_order(words, rate, seed):
    assume(len(words) > 1)
    passage = Passage(" ".join(words), SYNONYMS)
    changed, count = delete_words(passage, rate, draws(seed))
    left = words_of(changed)
    assert len(left) == len(words) - count >= 1
    kept = iter(words_of(" ".join(words).casefold()))
    assert all(word.casefold() in kept for word in left)
    assert changed == " ".join(left)


@given(WORDS, RATES, st.integers(0, 9))
def test_synonym_replacement_changes_the_share_it_is_told_to(words, rate, seed):
    passage = Passage(" ".join(words), SYNONYMS)
    made = replace_by_synonyms(passage, rate, draws(seed))
    if made is None:
        assert not passage.replaceable
    else:
        assert made[1] == min(count_changes(rate, len(words)), len(passage.replaceable))


@pytest.mark.parametrize("name", TEXT_METHODS)
@pytest.mark.parametrize("text", ["", "...", "3.4", "a"])
def test_a_text_that_offers_nothing_is_left_alone(name, text):
    assert TEXT_METHODS[name](Passage(text, SYNONYMS), 0.5, draws()) is None


@pytest.mark.parametrize("method", [replace_by_synonyms, insert_synonyms, swap_words, delete_words])
def test_one_word_without_synonyms_is_left_alone(method):
    assert change(method, "word", 0.5) is None


@given(WORDS, RATES, st.sampled_from(NOISE), st.integers(0, 9))
def test_noise_changes_one_letter_of_the_share_of_words_it_is_told_to(words, rate, method, seed):
    text = ", ".join(words)
    made = method(Passage(text, SYNONYMS), rate, draws(seed))
    if made is None:
        assert not any(len(word) > 2 and word.isalpha() for word in words)
        return
    before, after = words_of(text), words_of(made[0])
    changed = [(one, other) for one, other in zip(before, after, strict=True) if one != other]
    assert len(changed) == made[1] <= count_changes(rate, len(words))
    for one, other in changed:
        assert len(one) > 2
        assert len(other) in ({len(one)} if method is not misread_characters else range(len(one) - 1, len(one) + 2))
        if method is transpose_letters:
            assert Counter(one) == Counter(other)


def test_the_keyboard_hits_only_what_lies_beside_a_key_and_keeps_its_case():
    assert NEIGHBOURS["a"] == "qwsz"
    assert NEIGHBOURS["p"] == "ol"
    assert all(letter in NEIGHBOURS[other] for letter, others in NEIGHBOURS.items() for other in others)
    words = {change(hit_neighbouring_keys, "AAA", 1.0, seed) for seed in range(200)}
    assert words == {f"{'A' * place}{hit}{'A' * (2 - place)}" for place in range(3) for hit in "QWSZ"}


def test_a_scanner_reads_what_looks_alike():
    assert {change(misread_characters, "Turn", 1.0, seed) for seed in range(40)} == {"Tnrn", "Tum", "Turu"}
    assert all(one != other for one, other in LOOK_ALIKE.items())


def test_only_different_letters_change_places():
    assert {change(transpose_letters, "aab", 1.0, seed) for seed in range(9)} == {"aba"}
    assert change(transpose_letters, "ooo", 1.0) is None


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 9))
def test_positions_are_different_and_fewer_are_the_first_of_more(fewer, positions, seed):
    chosen = choose(draws(seed), positions, positions)
    assert sorted(chosen) == list(range(positions))
    assert choose(draws(seed), fewer, positions) == chosen[:fewer]


def test_at_least_one_word_changes_unless_the_rate_is_zero():
    assert [count_changes(rate, 10) for rate in (0, 0.01, 0.25, 0.29, 1)] == [0, 1, 3, 3, 10]


def test_each_method_has_its_parameters_in_the_same_order():
    fields = AugmentParameters.model_fields.items()
    assert [name for name, field in fields if field.annotation is MethodParameters] == [*TEXT_METHODS, *TAGGED_METHODS]
