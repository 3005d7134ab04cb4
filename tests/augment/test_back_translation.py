import os
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from stages.augment import apertium
from stages.augment.back_translation import changed_share, open_engine, there_and_back, translate_back
from stages.augment.marian import Marian
from stages.augment.parameters import BackTranslationParameters
from stages.augment.translations import FOLDER, translate_once
from stages.common.core.messages import UserError
from stages.common.words.sentences import split_sentences
from tests.augment.tiny_models import record_roles, save_marian

TEXTS = ["The team won. It was a good match!\n\nThe bank said no.", 'Mr. Smith said: "Yes." He left.', "..."]


def parameters(**said):
    usual = {
        "count": 1,
        "rate": 1.0,
        "engine": "apertium",
        "pair": "eng-spa",
        "batch_size": 2,
        "beams": 1,
        "threads": 1,
    }
    return BackTranslationParameters(**{**usual, **said})


class Backwards:
    """An engine that writes words backwards there, and in capitals back."""

    identity = "backwards"

    def __init__(self):
        self.asked = []

    def translate(self, sentences, back):
        self.asked.append((back, len(sentences)))
        return [sentence.upper() if back else sentence[::-1] for sentence in sentences]


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    return tmp_path


@pytest.fixture(scope="module")
def installed():
    if shutil.which("apertium") is None:
        message = "Apertium is not installed (Debian: apt-get install apertium apertium-eng-spa)"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)


@pytest.fixture
def no_apertium(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)


@given(st.text(alphabet='aB.!? \n"', max_size=40))
def test_a_text_taken_apart_into_sentences_is_still_the_text(text):
    assert "".join(split_sentences(text)) == text


def test_sentences_end_where_one_does():
    assert split_sentences(TEXTS[0])[::2] == ["The team won.", "It was a good match!", "The bank said no."]
    assert split_sentences(TEXTS[1])[::2] == ['Mr. Smith said: "Yes."', "He left."]


def test_sentences_are_translated_and_what_is_between_them_stays(make_documents):
    made = {row.row: row for row in translate_back(make_documents(TEXTS), parameters(), Backwards(), 1)}
    assert made[0].text == ".NOW MAET EHT !HCTAM DOOG A SAW TI\n\n.ON DIAS KNAB EHT"
    assert made[2].text is None


def test_the_rate_chooses_sentences_and_more_variants_keep_the_earlier_ones(make_documents):
    documents = make_documents(TEXTS)
    few, many = (
        {
            (row.row, row.number): row.text
            for row in translate_back(documents, parameters(count=n, rate=0.34), Backwards(), 1)
        }
        for n in (2, 6)
    )
    assert few.items() <= many.items()
    assert len({text for (row, _), text in many.items() if row == 0}) == 3
    assert all("the" in text.lower() for (row, _), text in many.items() if row == 0)


def test_a_sentence_is_translated_once_and_kept_for_the_next_run():
    engine = Backwards()
    first = there_and_back(["One.", "Two.", "One."], engine)
    assert engine.asked == [(False, 2), (True, 2)]
    assert there_and_back(["Two.", "Three."], engine) == {"Two.": first["Two."], "Three.": ".EERHT"}
    assert engine.asked[2:] == [(False, 1), (True, 1)]


def test_a_damaged_store_is_begun_anew_and_other_engines_have_their_own_entries(place):
    assert translate_once(["a"], "one", lambda part: ["b"]) == {"a": "b"}
    assert translate_once(["a"], "two", lambda part: ["c"]) == {"a": "c"}
    (place / FOLDER / "translations.sqlite").write_bytes(b"no database" * 1000)
    assert translate_once(["a"], "one", lambda part: ["d"]) == {"a": "d"}


def test_the_share_of_words_changed_is_that_of_words_that_are_gone():
    assert changed_share("a b c d", "a x c d") == 0.25
    assert changed_share("a b", "a b") == 0
    assert changed_share("", "") == 1


def test_without_apertium_the_message_says_how_to_install_it(no_apertium):
    with pytest.raises(UserError, match=r"`apertium` is missing.*apt-get install apertium apertium-eng-spa"):
        open_engine(parameters(), "en", place)


def test_without_models_marian_says_where_they_come_from(place):
    with pytest.raises(UserError, match=r"forward/model.json: is missing.*fetch_optional_models"):
        open_engine(parameters(engine="marian"), "en", place)
    with pytest.raises(UserError, match=r"no MarianMT models.*fetch_models.forward"):
        open_engine(parameters(engine="marian"), "en", record_roles(place, forward=None, backward=None))
    german, spanish = {"source": "de", "target": "es"}, {"source": "es", "target": "de"}
    recorded = record_roles(place, forward=german, backward=spanish)
    with pytest.raises(UserError, match="translates from 'de', but the documents are in 'en'"):
        open_engine(parameters(engine="marian"), "en", recorded)
    recorded = record_roles(place, forward={"source": "en", "target": "es"}, backward={"source": "fr", "target": "en"})
    with pytest.raises(UserError, match="backward does not translate back what forward does"):
        open_engine(parameters(engine="marian"), "en", recorded)


def test_marian_translates_there_and_back_in_batches_like_one_by_one(place, make_documents):
    there, back = {"source": "en", "target": "es"}, {"source": "es", "target": "en"}
    models = record_roles(place, forward=there, backward=back)
    save_marian(models / "forward", "en", "es", 1)
    save_marian(models / "backward", "es", "en", 2)
    sentences = ["The club won.", "bank market profit share price", "The bank lost!", "team", "win league"]
    one, many = (Marian(models, parameters(engine="marian", batch_size=size), "en") for size in (1, 3))
    alone, together = (engine.translate(sentences, back=False) for engine in (one, many))
    assert alone == together
    assert len(set(alone)) > 1
    assert many.translate(sentences, back=True) != together
    variants = list(translate_back(make_documents(TEXTS[:1]), parameters(engine="marian"), many, 1))
    assert variants[0].text.count("\n\n") == 1
    assert variants[0].share > 0
    (models / "forward/model.safetensors").unlink()
    with pytest.raises(UserError, match=r"forward: no MarianMT model with weights in safetensors"):
        one.translate(["x"], back=False)


@pytest.mark.apertium
def test_apertium_translates_many_sentences_like_one_by_one(installed):
    engine = apertium.Apertium("eng-spa", "en-GB")
    hard = [
        "New",
        "York",
        "the house of",
        "my father is big",
        "[b] a^b $5 {x} \\ / @ *s #39;s",
        "...",
        "U.S.",
        '"',
        "I",
    ]
    together = engine.translate(hard, back=False)
    assert together == [engine.translate([sentence], back=False)[0] for sentence in hard]
    assert together[3].lower() == "mi padre es grande"
    assert engine.translate(["mi padre es grande"], back=True)[0].lower() == "my father is big"


@pytest.mark.apertium
@hypothesis_settings(max_examples=5)
@given(st.lists(st.text(alphabet="aI house.!?[]{}^$\\/<>@*~&;'\"", min_size=1, max_size=20), min_size=1, max_size=6))
def test_apertium_gives_back_as_many_sentences_whatever_they_hold(installed, sentences):
    sentences = [" ".join(sentence.split()) for sentence in sentences]
    assert len(apertium.Apertium("eng-spa", "en").translate(sentences, back=False)) == len(sentences)


@pytest.mark.apertium
def test_apertium_says_which_directions_there_are(installed, place):
    with pytest.raises(UserError, match=r"no direction 'eng-fra' here.*eng-spa"):
        open_engine(parameters(pair="eng-fra"), "en", place)
    with pytest.raises(UserError, match=r"translates from 'eng', but the documents are in 'de' \(deu\)"):
        open_engine(parameters(), "de", place)


def test_a_chunk_that_comes_back_with_another_number_of_sentences_is_halved(monkeypatch):
    def say(*arguments, given=""):
        sentences = given.split("\n\n")[:-1]
        return "\n\n".join([*sentences, ""]) if len(sentences) == 1 else "merged\n\n"

    monkeypatch.setattr(apertium, "_say", say)
    assert apertium._translate(["one", "two", "three"], "eng-spa") == ["one", "two", "three"]


def test_a_failing_apertium_is_one_line(monkeypatch):
    failed = subprocess.CompletedProcess([], 1, "", "broken\npipe")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(UserError, match="`apertium -l` failed: broken pipe"):
        apertium._say("-l")
