import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.common.words.splitting import split_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Ann's well-known co-op, in Rome.", ["Ann's", "well-known", "co-op", ",", "in", "Rome", "."]),
        ("1,000.50 at 10:30 (GMT)!", ["1,000.50", "at", "10:30", "(", "GMT", ")", "!"]),
        ("", []),
        (" \n", []),
    ],
)
def test_words_and_marks_are_split(text, words):
    assert [word.text for word in split_words(text)] == words


@given(st.text())
def test_each_word_lies_where_it_says_and_all_but_white_space_belongs_to_one(text):
    words = split_words(text)
    assert all(text[word.start : word.end] == word.text and word.text for word in words)
    assert "".join(word.text for word in words) == "".join(text.split())
