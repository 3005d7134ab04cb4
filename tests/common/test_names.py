import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.common.core.messages import UserError
from stages.common.text_rules import names
from stages.common.text_rules.names import mask_names
from tests.common.tiny_encoder import save_tagger
from tests.imports import ROOT

TAGS = {"ann": "B-PER", "lee": "I-PER", "o": "B-PER", "jean": "B-PER", "רות": "B-PER", "acme": "B-ORG"}
PIECES = [
    *("Ann", "Ann Lee", "Ann Ann", "Jean-Luc's", "lee", "רות", "Acme", "[NAME]", "ann@example.org", "+44 20 7946 0958"),
    *("http://www.ann.org/lee", "[EMAIL]", "said it.", ".", "\n", "\n\n", "", "x" * 9),
]


@pytest.fixture(scope="module")
def tagger(tmp_path_factory):
    return save_tagger(tmp_path_factory.mktemp("names"), TAGS)


@pytest.fixture(scope="module")
def mask(tagger):
    def run(*texts):
        masked, counts = mask_names(pd.Series(texts, dtype="str"), None, tagger)
        return masked.tolist(), counts.to_dict()

    return run


@pytest.mark.parametrize(
    ("text", "masked", "count"),
    [
        ("Ann Lee, of Acme, met ANN.", "[NAME], of Acme, met [NAME].", 2),
        ("Ann Ann and Lee", "[NAME] [NAME] and [NAME]", 3),
        ("Ann's, O'Neill's and Jean-Luc's", "[NAME]'s, [NAME]'s and [NAME]'s", 3),
        ("We asked Ann\n\nLee said no", "We asked [NAME]\n\n[NAME] said no", 2),
        ("שלום רות, מה שלומך", "שלום [NAME], מה שלומך", 1),
        ("", "", 0),
        ("nobody, 1.5 %!", "nobody, 1.5 %!", 0),
    ],
)
def test_names_are_masked_and_counted_where_they_stand(mask, text, masked, count):
    assert mask(text) == ([masked], {0: count} if count else {})


def test_an_address_or_a_placeholder_is_no_name(mask):
    text = "mail ann@example.org, http://ann.org/lee or [NAME] [URL], says Ann Lee"
    assert mask(text) == ([text.replace("Ann Lee", "[NAME]")], {0: 1})


def test_a_sentence_longer_than_a_window_or_than_what_is_read_at_once_is_read_to_its_end(mask):
    words = ["word"] * 1200
    for place in (3, 126, 190, 499, 700, 1199):
        words[place] = "Ann"
    assert mask(" ".join(words)) == ([" ".join(words).replace("Ann", "[NAME]")], {0: 6})


@settings(max_examples=25)
@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=8).map(" ".join), max_size=4))
def test_masking_again_changes_nothing_and_no_text_depends_on_the_others(mask, texts):
    masked, counts = mask(*texts)
    assert mask(*masked) == (masked, {})
    assert [mask(text)[0][0] for text in texts] == masked
    assert [masked[row].count("[NAME]") - texts[row].count("[NAME]") for row in counts] == list(counts.values())


def test_what_the_model_finds_only_once_the_rest_is_masked_is_masked_too(mask, monkeypatch):
    read = []

    def last_word(model, tokenizer, sentences, *_, **__):
        read.extend(sentences)
        person = [[n == len([w for w in s if w != "[NAME]"]) - 1 for n in range(len(s))] for s in sentences]
        return [np.array([[1.0, 0, 2.0 * flag] for flag in flags]) for flags in person]

    monkeypatch.setattr(names, "word_logits", last_word)
    assert mask("one two three", "") == (["[NAME] [NAME] [NAME]", ""], {0: 3})
    assert len(read) == 4


def test_all_usual_names_of_labels_for_people_are_known(tmp_path):
    for number, tag in enumerate(("I-PERSON", "PER", "B-per")):
        model = save_tagger(tmp_path / str(number), {"ann": tag})
        assert mask_names(pd.Series(["of Ann"]), None, model)[0].tolist() == ["of [NAME]"]


def test_a_model_that_cannot_be_used_is_one_clear_line(tmp_path):
    texts = pd.Series(["Ann"])
    with pytest.raises(UserError, match=r"there is no model\. Name one for fetch_models\.names"):
        mask_names(texts, None, tmp_path / "nothing")
    with pytest.raises(UserError, match="none of the model's labels stands for people: O, B-ORG"):
        mask_names(texts, None, save_tagger(tmp_path / "without", {"acme": "B-ORG"}))
    pickled = save_tagger(tmp_path / "pickled", TAGS)
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    with pytest.raises(UserError, match=r"pytorch_model\.bin: weights in a pickle are not loaded"):
        mask_names(texts, None, pickled)


def test_cleaning_without_names_does_not_import_torch():
    program = (
        "import pandas, sys, yaml\n"
        "from stages.clean.__main__ import CleanParameters\n"
        "rules = CleanParameters(**yaml.safe_load(open('params.yaml'))['clean'])\n"
        "rules.apply(pandas.Series(['Ann']))\n"
        "sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
