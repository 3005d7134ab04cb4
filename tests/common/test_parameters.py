import re

import pytest
import yaml

from stages.audit.parameters import AuditParameters
from stages.augment.parameters import AugmentParameters
from stages.clean.parameters import CleanParameters
from stages.common.core.messages import UserError
from stages.common.core.parameters import load_section, load_value, missing_keys
from stages.common.core.validation import validate
from stages.common.text_rules.settings import TextRules
from stages.download.parameters import DownloadParameters
from stages.finetune.parameters import Finetune
from stages.split.parameters import SplitParameters
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


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("1e-4", "write 1.0e-4."),
        ("5E-5", "write 5.0e-5."),
        ("2e5", "write 2.0e+5."),
        ("1.5e3", "write 1.5e+3."),
        ("'0.3'", "Write the number without quotes."),
        ("high", "Change that value."),
    ],
)
def test_a_number_that_yaml_takes_for_text_is_answered_by_how_to_write_it(params, tmp_path, written, said):
    params("threshold: 0.8 ", f"threshold: {written} ")
    with pytest.raises(UserError) as caught:
        load_section("clean", CleanParameters)
    assert "params.yaml: clean" in str(caught.value)
    place = (tmp_path / "params.yaml").read_text().partition(f"threshold: {written}")[0].count("\n") + 1
    assert str(caught.value).endswith(f"{said} See line {place}.")


@pytest.mark.parametrize("written", ["5e-05", "1e-04", "3e-06"])
def test_a_number_as_dvc_writes_it_is_one(params, written):
    """DVC writes ``-S finetune.learning_rate=5.0e-5`` into params.yaml as 5e-05."""
    params("learning_rate: ", f"learning_rate: {written}  # ")
    assert load_section("finetune", Finetune).learning_rate == float(written)


def test_a_missing_file_is_named(params, tmp_path):
    with pytest.raises(UserError, match=r"params.yaml: there is no such file"):
        load_value("dataset")


def test_a_name_must_be_a_string(params):
    params("dataset: rotten_tomatoes", "dataset: 20")
    with pytest.raises(UserError, match="dataset: must be a name, but it is 20"):
        load_value("dataset")


SECTIONS = {
    "download": DownloadParameters,
    "clean": CleanParameters,
    "augment": AugmentParameters,
    "split": SplitParameters,
    "audit": AuditParameters,
}
COMMITTED = yaml.safe_load((ROOT / "params.yaml").read_text())


def without_each(content, path=()):
    """Each key of a mapping and of those inside it, and the mapping without it."""
    for key, value in content.items():
        yield ".".join((*path, key)), {name: said for name, said in content.items() if name != key}
        if isinstance(value, dict):
            yield from ((name, {**content, key: less}) for name, less in without_each(value, (*path, key)))


@pytest.mark.parametrize("section", SECTIONS)
def test_params_yaml_must_name_every_setting(section, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, less in without_each(COMMITTED[section]):
        (tmp_path / "params.yaml").write_text(yaml.safe_dump({section: less}))
        with pytest.raises(UserError, match=re.escape(f"params.yaml: {section}.{name}: is missing")):
            load_section(section, SECTIONS[section])
    assert not list(missing_keys(SECTIONS[section], COMMITTED[section]))


def test_a_rule_that_a_record_does_not_name_is_off():
    assert not validate(TextRules, {}, "record").text_rules()
    clean = validate(CleanParameters, {}, "record")
    rules = {name: getattr(clean, name) for name in CleanParameters.model_fields}
    on = [name for name, rule in rules.items() if getattr(rule, "enabled", rule) is True]
    assert not on
    assert not validate(AugmentParameters, {"seed": 1}, "record").methods
    assert validate(SplitParameters, {"seed": 1, "validation": 0.1, "test": 0.1}, "record").balance.method == "none"


@pytest.mark.parametrize("newest", ["tags", "whitespace", "private_data", "unicode_form"])
def test_a_record_without_the_newest_rule_still_loads(newest):
    section = {name: COMMITTED["clean"][name] for name in TextRules.model_fields if name != newest}
    rules = validate(TextRules, section, "record").text_rules()
    assert newest not in rules
    assert {"entities", "mojibake"} <= rules.keys()
