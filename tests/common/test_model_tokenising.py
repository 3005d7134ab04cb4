import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from stages.common.model.tokenising import CHUNK, cut, tokenise, tokenise_words, unknown_share, windows_over
from tests.common.tiny_encoder import article, save_tokenizer


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokenizer")
    save_tokenizer(folder)
    return AutoTokenizer.from_pretrained(folder)


def test_each_text_has_its_own_tokens_also_over_several_chunks(tokenizer):
    texts = [article("tech", number, words=3 + number % 9) for number in range(CHUNK + 7)]
    tokens = tokenise(tokenizer, texts, 64, "head", 0.0)
    for text in (0, 1, CHUNK - 1, CHUNK, CHUNK + 6):
        assert tokens.of(text).tolist() == tokenizer(texts[text])["input_ids"]
    assert tokens.lengths.sum() == len(tokens.ids)


def test_a_long_text_keeps_its_first_tokens_and_the_closing_one(tokenizer):
    text = article("sport", 1, words=40)
    whole = tokenizer(text)["input_ids"]
    assert tokenise(tokenizer, [text], 10, "head", 0.0).of(0).tolist() == [*whole[:9], whole[-1]]


@pytest.mark.parametrize(
    ("text", "share"), [("a b c", 0.0), ("a \u732b", 0.5), ("\u732b \u72ac \u9ce5 a", 0.75), ("", 0.0)]
)
def test_the_share_of_unknown_tokens_counts_no_special_ones(tokenizer, text, share):
    assert unknown_share(tokenizer, tokenise(tokenizer, [text], 16, "head", 0.0).ids) == share


def test_an_empty_text_is_its_special_tokens_and_no_text_is_no_tokens(tokenizer):
    assert tokenise(tokenizer, [""], 10, "head", 0.0).lengths.tolist() == [2]
    assert np.array_equal(tokenise(tokenizer, [], 10, "head", 0.0).starts, [0])


def pieces_of(tokenizer, text):
    return tokenizer(text, add_special_tokens=False)["input_ids"]


@pytest.mark.parametrize(
    ("truncation", "kept"),
    [
        ("head", lambda pieces: pieces[:8]),
        ("tail", lambda pieces: pieces[-8:]),
        ("head+tail", lambda pieces: pieces[:2] + pieces[-6:]),
    ],
)
def test_truncation_keeps_the_part_of_a_long_text_that_it_names(tokenizer, truncation, kept):
    text = article("sport", 1, words=40)
    tokens = tokenise(tokenizer, [text, "the bank"], 10, truncation, 0.0)
    assert tokens.of(0).tolist() == [2, *kept(pieces_of(tokenizer, text)), 3]
    assert tokens.of(1).tolist() == tokenizer("the bank")["input_ids"]


def test_head_and_tail_of_512_tokens_are_128_and_382_as_published():
    kept = cut(list(range(1_000)), 510, "head+tail", 0.0)
    assert kept == [[*range(128), *range(1_000 - 382, 1_000)]]


@given(st.integers(0, 200), st.integers(1, 40), st.floats(0, 0.95))
def test_windows_cover_a_text_without_gaps_and_are_full_where_it_is_long_enough(length, room, overlap):
    windows = windows_over(length, room, overlap)
    assert set().union(*windows) == set(range(length))
    assert all(len(window) == min(room, length) for window in windows)
    assert [window.start for window in windows] == sorted({window.start for window in windows})


def test_a_long_text_in_windows_keeps_all_its_tokens_each_window_with_special_ones(tokenizer):
    texts = ["the bank", article("sport", 1, words=40), ""]
    tokens = tokenise(tokenizer, texts, 10, "windows", 0.25)
    windows, owners = tokens.windows(np.array([1, 0, 2]))
    rows = [tokens.ids[tokens.starts[window] : tokens.starts[window + 1]].tolist() for window in windows]
    assert all(row[0] == 2 and row[-1] == 3 and len(row) <= 10 for row in rows)
    pieces = pieces_of(tokenizer, texts[1])
    long = [row[1:-1] for row, owner in zip(rows, owners, strict=True) if owner == 0]
    assert long[0] == pieces[:8] and long[1] == pieces[6:14] and long[-1] == pieces[-8:]
    assert rows[-2:] == [tokenizer("the bank")["input_ids"], [2, 3]]
    assert tokens.lengths.tolist() == [4, sum(map(len, rows[:-2])), 2]


WORDS = st.sampled_from(["the", "banks", "footballing", "x.y", "\u200b", "a", "networks"])


@given(
    sentences=st.lists(st.lists(WORDS, max_size=30), max_size=5),
    max_length=st.integers(4, 20),
    overlap=st.floats(0, 0.9),
)
def test_each_word_is_counted_once_at_its_first_piece_however_long_the_sentence(
    tokenizer, sentences, max_length, overlap
):
    made = tokenise_words(tokenizer, sentences, max_length, overlap)
    assert len(made.words) == len(made.tokens.ids)
    for row, sentence in enumerate(sentences):
        low, high = made.tokens.starts[made.tokens.firsts[[row, row + 1]]]
        counted = {
            int(word): int(made.tokens.ids[low + at]) for at, word in enumerate(made.words[low:high]) if word >= 0
        }
        first = {
            place: pieces_of(tokenizer, word)[0] for place, word in enumerate(sentence) if pieces_of(tokenizer, word)
        }
        assert counted == first
        assert (made.words[low:high] >= 0).sum() == len(first)
    assert all(np.diff(made.tokens.starts) <= max_length)
