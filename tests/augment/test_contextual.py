import pytest

from stages.augment.contextual import Gap, MaskedLanguageModel, _drawn, maskable, substitute
from stages.augment.parameters import ContextualParameters
from stages.augment.passage import Passage
from stages.augment.thesaurus import Thesaurus
from stages.common.core.messages import UserError
from tests.augment.tiny_models import save_masked_language_model
from tests.common.tiny_encoder import article, save_encoder

TEXTS = [
    article(topic, number, words) for topic, number, words in (("sport", 1, 12), ("tech", 2, 30), ("sport", 3, 90))
]


def parameters(**said):
    usual = {"count": 1, "rate": 0.2, "candidates": 5, "max_length": 24, "batch_size": 4, "threads": 1}
    return ContextualParameters(**{**usual, **said})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_masked_language_model(tmp_path_factory.mktemp("model"))


def made(documents, folder, **said):
    asked = parameters(**said)
    rows = substitute(documents, asked, MaskedLanguageModel(folder, asked), 1)
    return {(documents["id"].iloc[row.row], row.number): row for row in rows}


def words_of(text):
    return Passage(text, Thesaurus({})).words


def test_words_change_as_many_as_asked_and_none_is_put_back(make_documents, folder):
    variants = made(make_documents(TEXTS), folder, count=5, rate=0.5, candidates=1000)
    assert len(variants) == 15
    for (origin, _), attempt in variants.items():
        before, after = words_of(TEXTS[int(origin[1:])]), words_of(attempt.text)
        changed = [one != other for one, other in zip(before, after, strict=True)]
        assert sum(changed) == round(attempt.share * len(before)) > 0


def test_a_long_text_is_read_in_windows_to_its_end(make_documents, folder):
    attempt = made(make_documents(TEXTS), folder, rate=1.0)["d2", 1]
    before, after = words_of(TEXTS[2]), words_of(attempt.text)
    changed = [place for place, (one, other) in enumerate(zip(before, after, strict=True)) if one != other]
    assert changed == maskable(Passage(TEXTS[2], Thesaurus({})))
    assert changed[-1] > 80


def test_a_variant_does_not_depend_on_other_documents_on_the_batch_nor_on_the_count(make_documents, folder):
    together = made(make_documents(TEXTS), folder, count=3)
    for row, text in enumerate(TEXTS):
        alone = made(make_documents([text], id=[f"d{row}"]), folder, count=2, batch_size=1)
        for key, attempt in alone.items():
            assert attempt.text == together[key].text


def test_function_words_numbers_and_names_stay(thesaurus):
    passage = Passage("The bank of Rome paid 3.5% to IBM. Trade fell and trade rose in x-ray.", thesaurus)
    assert [passage.words[place] for place in maskable(passage)] == ["bank", "paid", "Trade", "fell", "trade", "rose"]


def test_what_is_drawn_is_likely_and_never_the_original():
    words = {0: "one", 1: "two", 2: "three"}
    gap = Gap(0, ids=[0, 1, 2], weights=[0.6, 0.3, 0.1])
    assert {_drawn(words, gap, "One", 2, chance / 100) for chance in range(100)} == {"two", "three"}
    assert _drawn(words, gap, "One", 2, 0.74) == "two"
    assert _drawn(words, gap, "One", 2, 0.76) == "three"
    assert _drawn(words, gap, "One", 1, 0.99) == "two"
    assert _drawn(words, Gap(0, [0], [1.0]), "one", 5, 0.5) is None


@pytest.mark.parametrize("text", ["", "3.5% IBM", "the", "team [MASK] goal"])
def test_a_text_that_offers_nothing_is_left_alone_and_others_are_not_disturbed(make_documents, folder, text):
    variants = made(make_documents([text, TEXTS[0]]), folder)
    assert variants["d0", 1].text is None
    assert variants["d1", 1].text == made(make_documents(["x", TEXTS[0]]), folder)["d1", 1].text


def test_an_encoder_without_a_head_is_refused_in_one_line(tmp_path):
    with pytest.raises(UserError, match=r"needs a masked-language-model head.*fetch_models"):
        MaskedLanguageModel(save_encoder(tmp_path / "encoder"), parameters())
    with pytest.raises(UserError, match="no masked language model can be loaded"):
        MaskedLanguageModel(tmp_path / "nowhere", parameters())
