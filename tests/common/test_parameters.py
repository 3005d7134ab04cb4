import re

import pytest

from stages.clean.parameters import CleanParameters
from stages.common.core.messages import UserError
from stages.common.core.parameters import load_section, load_value
from tests.imports import ROOT


@pytest.fixture
def params(tmp_path, monkeypatch):
    """Writes params.yaml into an empty folder, with one replacement made in the committed one."""
    monkeypatch.chdir(tmp_path)

    def write(old="", new=""):
        text = (ROOT / "params.yaml").read_text()
        assert old in text
        (tmp_path / "params.yaml").write_text(text.replace(old, new, 1))

    return write


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  duplicates:", "  duplicate:", "clean.duplicate: there is no such key. Did you mean 'duplicates'?"),
        ("words: 3,", "word: 3,", "clean.too_short.word: there is no such key. Did you mean 'words'?"),
        ("words: 3,", "words: 0,", "clean.too_short.words: input should be greater than or equal to 1. It is '0'."),
        ("words: 3,", 'words: "3",', "clean.too_short.words: input should be a valid integer. It is '3'."),
        ("form: NFC", "form: NFX", "clean.unicode_form.form: input should be 'NFC' or 'NFKC'. It is 'NFX'."),
        ("words: 3,", "words: 30000,", "clean: too_short.words is above too_long.words"),
        ("\nclean:", "\nclaen:", "the key 'clean' is missing. Did you mean 'claen'?"),
        ("\nclean:", "\nclean: [", "line"),
    ],
)
def test_a_wrong_parameter_ends_in_one_line_that_names_it(params, old, new, said):
    params(old, new)
    with pytest.raises(UserError, match=re.escape(said)) as caught:
        load_section("clean", CleanParameters)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(params, tmp_path):
    with pytest.raises(UserError, match=r"params.yaml: there is no such file"):
        load_value("dataset")


def test_a_name_must_be_a_string(params):
    params("dataset: bbc_news", "dataset: 20")
    with pytest.raises(UserError, match="dataset: must be a name, but it is 20"):
        load_value("dataset")
