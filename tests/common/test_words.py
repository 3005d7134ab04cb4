import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from stages.common.words.splitting import first_words, spaced_words, split_words, terms, word_pairs


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Ann's well-known co-op, in Rome.", ["Ann's", "well-known", "co-op", ",", "in", "Rome", "."]),
        ("1,000.50 at 10:30 (GMT)!", ["1,000.50", "at", "10:30", "(", "GMT", ")", "!"]),
        ("他说：你好", ["他", "说", "：", "你", "好"]),
        ("हमारा पड़ोसी।", ["हमारा", "पड़ोसी", "।"]),
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


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("  What?  He's well-known. ", ["What?", "He's", "well-known."]),
        ("这家餐厅很好， 再见。", ["这", "家", "餐", "厅", "很", "好，", "再", "见。"]),
        ("“你好”，他说 hello-world!", ["“你", "好”，", "他", "说", "hello-world!"]),
        ("コンピューターを買った", ["コンピューター", "を", "買", "っ", "た"]),
        ("きょうは", ["きょ", "う", "は"]),
        ("สวัสดีครับ", ["ส", "วั", "ส", "ดี", "ค", "รั", "บ"]),
        ("ខ្ញុំស្រឡាញ់", ["ខ្ញុំ", "ស្រ", "ឡា", "ញ់"]),
        ("ສະບາຍດີເຈົ້າ", ["ສະ", "ບາ", "ຍ", "ດີ", "ເຈົ້າ"]),
        ("မြန်မာစာ", ["မြန်", "မာ", "စာ"]),
        ("हमारा पड़ोसी", ["हमारा", "पड़ोसी"]),
        ("한국어를 배워요", ["한국어를", "배워요"]),
        ("， 。", ["，", "。"]),
    ],
)
def test_words_are_counted_by_the_script_they_are_written_in(text, words):
    assert spaced_words(text) == words


def test_the_first_words_are_a_part_of_the_text_where_it_has_no_spaces():
    assert first_words("这家餐厅很好，再见。", 3) == "这家餐"
    assert first_words("one  two\nthree", 2) == "one two"
    assert first_words("", 2) == first_words("好", 0) == ""


@given(st.text())
def test_no_character_of_a_word_is_lost_by_counting(text):
    text = text.replace("\u200b", " ")
    assert "".join(spaced_words(text)) == "".join(text.split())


@given(st.text(st.characters(max_codepoint=0x2FF)))
def test_the_terms_of_a_text_with_spaces_are_those_of_scikit_learn(text):
    assert terms(text) == TfidfVectorizer().build_tokenizer()(text)


def test_terms_keep_words_of_one_character_where_there_are_no_spaces_and_vowel_signs_in_their_words():
    assert terms("他 a 说it हमारा") == ["他", "说", "it", "हमारा"]


def test_neighbouring_characters_stand_for_words_in_a_cloud():
    assert word_pairs("餐厅好，コンピューターを買収") == ["コンピューター", "餐厅", "厅好", "買収"]
