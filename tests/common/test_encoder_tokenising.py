import numpy as np
import pytest
from transformers import AutoTokenizer

from stages.common.encoder.tokenising import CHUNK, tokenise
from tests.common.tiny_encoder import article, save_tokenizer


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokenizer")
    save_tokenizer(folder)
    return AutoTokenizer.from_pretrained(folder)


def test_each_text_has_its_own_tokens_also_over_several_chunks(tokenizer):
    texts = [article("tech", number, words=3 + number % 9) for number in range(CHUNK + 7)]
    tokens = tokenise(tokenizer, texts, 64)
    for text in (0, 1, CHUNK - 1, CHUNK, CHUNK + 6):
        assert tokens.of(text).tolist() == tokenizer(texts[text])["input_ids"]
    assert tokens.lengths.sum() == len(tokens.ids)


def test_a_long_text_keeps_its_first_tokens_and_the_closing_one(tokenizer):
    text = article("sport", 1, words=40)
    whole = tokenizer(text)["input_ids"]
    assert tokenise(tokenizer, [text], 10).of(0).tolist() == [*whole[:9], whole[-1]]


def test_an_empty_text_is_its_special_tokens_and_no_text_is_no_tokens(tokenizer):
    assert tokenise(tokenizer, [""], 10).lengths.tolist() == [2]
    assert np.array_equal(tokenise(tokenizer, [], 10).starts, [0])
