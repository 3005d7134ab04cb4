import pandas as pd
import pytest
from ftfy.badness import MOJIBAKE_CATEGORIES, is_bad
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.clean.parameters import CleanParameters
from stages.common.core.validation import read_yaml
from stages.common.text_rules.addresses import replace_emails, replace_urls
from stages.common.text_rules.chain import apply_rules, trace_rule
from stages.common.text_rules.characters import normal_form, plain_spaces, remove_controls, remove_zero_width
from stages.common.text_rules.columns import matching
from stages.common.text_rules.datelines import remove_datelines
from stages.common.text_rules.entities import undo_entities
from stages.common.text_rules.mojibake import SUSPECT, fix_mojibake
from stages.common.text_rules.normalisation import duplicate_key
from stages.common.text_rules.reduction import (
    lemmatise,
    lowercase,
    remove_punctuation,
    remove_stop_words,
    shorten_repeats,
)
from stages.common.text_rules.remains import break_at_backslashes, undo_broken_entities
from stages.common.text_rules.tags import strip_tags
from tests.imports import ROOT

MARKUP = "&amp; &lt; lt; <b> < > b / &#60; &#0; #39;s amp; amp;lt;b \\ \\$ quot; &quot; #38;"
CHARACTERS = "é e\u0301 Ã© â€œ \x92 Â \u200d \u200c \u00ad 👨 \ufe0f می @ !!!!! ...."
WORDS = "AP - (Reuters) LONDON www.a.org/b http://x.y/(z). a.b@c.org leaves Found don't the IS"
SPACES = [" ", "  ", " #39;", "  quot;", "\x00", "\n", "\u00a0", "\t", "\u2028", "\r\n", "NEW YORK (Reuters) - "]
PIECES = st.sampled_from([*MARKUP.split(" "), *CHARACTERS.split(" "), *WORDS.split(" "), *SPACES])
MESSY = st.lists(st.one_of(PIECES, st.text(max_size=4)), max_size=12).map("".join)


def default_rules(**changed):
    section = read_yaml(ROOT / "params.yaml")["clean"] | changed
    return CleanParameters.model_validate(section).text_rules()


def all_rules():
    classic = dict.fromkeys(("lowercase", "punctuation", "stop_words", "lemmas"), True)
    return default_rules(urls="mask", emails="drop", unicode_form={"enabled": True, "form": "NFKC"}, **classic)


@pytest.mark.parametrize(
    ("raw", "undone"),
    [
        ("Tom &amp; Jerry", "Tom & Jerry"),
        ("&amp;amp;lt;b", "<b"),
        ("&pound;15.8m &#8364;3", "£15.8m €3"),
        ("AT&T; R&D;", "AT&T; R&D;"),
        ("?a=1&copy=2", "?a=1&copy=2"),
        ("&#0; &#xD800;", "&#0; &#xD800;"),
        ("100% & more", "100% & more"),
    ],
)
def test_entities_are_undone_and_what_only_looks_like_one_stays(raw, undone):
    assert undo_entities(pd.Series([raw])).tolist() == [undone]


@pytest.mark.parametrize(
    ("raw", "stripped"),
    [
        ("H<sub>2</sub>O", "H2O"),
        ("one<br/>two", "one two"),
        ('<a href="x">link</a>', "link"),
        ("<script>alert(1)</script>text<!-- note -->", " text "),
        ("I <3 you, x<y and y>z", "I <3 you, x<y and y>z"),
        ("a<b and c>d", "a<b and c>d"),
        ("<unknown> <john@example.org>", "<unknown> <john@example.org>"),
    ],
)
def test_tags_go_and_other_angle_brackets_stay(raw, stripped):
    assert strip_tags(pd.Series([raw])).tolist() == [stripped]


def test_control_characters_go_but_emoji_joiners_and_right_to_left_text_stay():
    family, persian, hebrew = "👨\u200d👩\u200d👧", "می\u200cخواهم", "\u200fשלום"
    texts = pd.Series(["a\x00b", "a\x0bb", "\ufeffbom", "a\tb\n", family, persian, hebrew])
    assert remove_controls(texts).tolist() == ["ab", "a b", "bom", "a\tb\n", family, persian, hebrew]


def test_white_space_becomes_plain_and_paragraphs_stay():
    assert plain_spaces(pd.Series([" a\u00a0 b \r\n\r\n\r\n c\t"])).tolist() == ["a b\n\nc"]


def test_unicode_forms_join_accents_and_replace_ligatures():
    assert normal_form(pd.Series(["e\u0301 ﬁ"]), "NFC").tolist() == ["é ﬁ"]
    assert normal_form(pd.Series(["e\u0301 ﬁ"]), "NFKC").tolist() == ["é fi"]


@pytest.mark.parametrize("rules", [default_rules(), all_rules()], ids=["default", "all"])
@settings(max_examples=150, deadline=None)
@given(texts=st.lists(MESSY, min_size=1, max_size=4))
def test_cleaning_twice_changes_nothing(rules, texts):
    once, _ = apply_rules(pd.Series(texts, dtype="str"), rules)
    twice, changed = apply_rules(once, rules)
    assert twice.tolist() == once.tolist()
    assert not any(rows.any() for rows in changed.values())


def test_each_rule_says_which_rows_it_changed():
    texts, changed = apply_rules(pd.Series(["fine", "&lt;b&gt;bold", " x "]), default_rules())
    assert texts.tolist() == ["fine", "bold", "x"]
    assert {name: rows.tolist() for name, rows in changed.items() if rows.any()} == {
        "entities": [False, True, False],
        "tags": [False, True, False],
        "whitespace": [False, False, True],
    }


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(MESSY, min_size=2, max_size=6))
def test_a_column_is_cleaned_as_each_of_its_texts_alone(texts):
    together, _ = apply_rules(pd.Series(texts, dtype="str"), all_rules())
    assert together.tolist() == [apply_rules(pd.Series([text], dtype="str"), all_rules())[0][0] for text in texts]


@pytest.mark.parametrize(
    ("raw", "mended"),
    [
        ("Iraq #39;s oil", "Iraq's oil"),
        ("said,  quot;Hello, quot; twice", 'said, "Hello," twice'),
        ("said, quot;Hello quot;", 'said, "Hello"'),
        ("Johnson  amp; Johnson and AT amp;T", "Johnson & Johnson and AT&T"),
        ("worth  #36;10 million  #151; or so", "worth $10 million — or so"),
        ("quot;Yes quot;", '"Yes"'),
        ("an amp; it hums", "an amp; it hums"),
        ("room #39; and #12, 1st lt; said", "room' and #12, 1st lt; said"),
        ("issue#39;", "issue#39;"),
    ],
)
def test_entities_that_lost_their_ampersand_are_mended(raw, mended):
    assert undo_broken_entities(pd.Series([raw])).tolist() == [mended]


@pytest.mark.parametrize(
    ("raw", "mended"),
    [
        ("a second\\team, for\\privately", "a second team, for privately"),
        ("worth \\$35 million", "worth $35 million"),
        ("In House?\\\\The next", "In House? The next"),
        ("C:\\temp\\new", "C:\\temp\\new"),
        ("\\\\server\\share", "\\\\server\\share"),
        ("the sum \\frac{1}{2}\\alpha", "the sum \\frac{1}{2}\\alpha"),
        ("a pattern \\d+ of", "a pattern \\d+ of"),
        ("too bad :-\\ is", "too bad :-\\ is"),
    ],
)
def test_a_backslash_for_a_line_end_goes_and_one_that_is_meant_stays(raw, mended):
    assert break_at_backslashes(pd.Series([raw])).tolist() == [mended]


def test_mojibake_is_decoded_anew_and_sound_text_never_touched():
    damaged = ["cafÃ© â€œhiâ€\x9d", "voilÃ  lÃ ", "it\x92s"]
    assert fix_mojibake(pd.Series(damaged)).tolist() == ["café “hi”", "voilà là ", "it’s"]
    sound = ["café “curly” ﬁne…", "Ａ", "naïve £5 – ½", "Œuvre", "日本語", "a\r\nb"]
    assert fix_mojibake(pd.Series(sound)).tolist() == sound


SENTENCES = [
    "Der Bäcker öffnet früh, und die Straße ist schön.",
    "L’élève a reçu où il était une très bonne leçon : « c’est sûr ».",
    "El niño comió piñas mañana también, ¿verdad?",
    "Não há razão para a confusão na estação, João.",
    "Zażółć gęślą jaźń, powiedział źródłowy świadek.",
    "Мой сосед вчера открыл окно и долго смотрел на снег.",
    "Český kůň úpěl ďábelské ódy, řekl žák.",
    "Perché la città è così bella? Perciò.",
    "Şoför yağmurda çok hızlı gitti, değil mi İstanbul’da?",
    "Árvíztűrő tükörfúrógép őrzi az úr kertjét.",
    "Smörgåsbord på ön, så är det också här.",
    "この店はとても親切で、また行きたいです。",
    "这家餐厅非常热情，以后还会再来。",
    "Το σπίτι είναι μεγάλο και ο κήπος όμορφος.",
]
SOUND = [
    "A placa dizia «MAÇÃ» e riram.", "“IRMÃ” e ‘AMANHÃ’", "Disse LÃ”, e MANHÃ… sim", "É a letra Ã”", "MAÇÃ– e ROMÃ»,",
    "AMANHÃ\u00a0: oui", "Er sagte: Viel Spaß“", "« café»…", "FÜ“ und GRÖß»", "«ORIÃ»-1", "TRADIÇÃO – MAÇû™",
]  # fmt: skip


@pytest.mark.parametrize("encoding", ["latin-1", "sloppy-windows-1252"])
@pytest.mark.parametrize("times", [1, 2])
def test_sentences_decoded_wrongly_once_or_twice_come_back_whole_and_sound_ones_stay(encoding, times):
    damaged = SENTENCES
    for _ in range(times):
        damaged = [text.encode().decode(encoding) for text in damaged]
    assert fix_mojibake(pd.Series(damaged)).tolist() == SENTENCES
    assert fix_mojibake(pd.Series(SENTENCES)).tolist() == SENTENCES


def test_a_capital_before_a_quotation_mark_is_no_damage_unless_more_speaks_for_it():
    assert fix_mojibake(pd.Series(SOUND)).tolist() == SOUND
    damaged = ["CAFÃ‰", "Il va Ã\u00a0 Paris", "Ãºltimo", "10Â°C", "donâ€™t", "fine\n“LÃ” cafÃ©"]
    assert fix_mojibake(pd.Series(damaged)).tolist() == [
        "CAFÉ", "Il va à Paris", "último", "10°C", "don’t", "fine\n“LÔ café",
    ]  # fmt: skip


@settings(max_examples=1000, deadline=None)
@given(st.text(st.sampled_from(sorted(set("".join(MOJIBAKE_CATEGORIES.values())) | set("aZ À\xa0.ÃÂœ"))), max_size=4))
def test_what_ftfy_calls_bad_is_always_looked_at(text):
    if is_bad(text):
        assert matching(pd.Series([text], dtype="str"), SUSPECT).all()


@pytest.mark.parametrize(
    ("raw", "masked", "dropped"),
    [
        ("see http://a.org/b?c=1&d=(e).", "see [URL].", "see  ."),
        ("(www.bbc.co.uk/news)", "([URL])", "( )"),
        ("www is no address, nor http:", "www is no address, nor http:", "www is no address, nor http:"),
    ],
)
def test_web_addresses_are_masked_or_dropped(raw, masked, dropped):
    assert replace_urls(pd.Series([raw]), "mask").tolist() == [masked]
    assert replace_urls(pd.Series([raw]), "drop").tolist() == [dropped]


def test_email_addresses_are_masked_or_dropped():
    texts = pd.Series(["Ask john.o'neil+x@mail.example.org.", "@home a@b"])
    assert replace_emails(texts, "mask").tolist() == ["Ask [EMAIL].", "@home a@b"]
    assert replace_emails(texts, "drop").tolist() == ["Ask  .", "@home a@b"]


def test_characters_without_width_go_but_joiners_that_join_stay():
    family, persian, hindi, thai = "👨\u200d👩\u200d👧", "می\u200cخواهم", "क्\u200dष", "ไทย\u200bไทย"
    texts = pd.Series(
        ["so\u00adft", "a\u200bb\u2060c", "x\u200dy", "a\u200c b", family, persian, hindi, thai, "\u200fשלום"]
    )
    assert remove_zero_width(texts).tolist() == ["soft", "abc", "xy", "a b", family, persian, hindi, thai, "\u200fשלום"]


@pytest.mark.parametrize(
    ("raw", "left"),
    [
        ("NEW YORK (Reuters) - Stocks fell", "Stocks fell"),
        ("Oil Rises\nWASHINGTON, Aug. 14 (AP) -- The", "Oil Rises\nThe"),
        ("Dollar Falls .  LONDON (Reuters) - The dollar", "Dollar Falls . The dollar"),
        ("AP - A company", "A company"),
        ("He told Reuters - in London (Reuters) - that", "He told Reuters - in London (Reuters) - that"),
        ("LONDON - A man", "LONDON - A man"),
    ],
)
def test_the_dateline_of_a_wire_service_goes(raw, left):
    assert remove_datelines(pd.Series([raw]), ["AP", "Reuters"]).tolist() == [left]


def test_runs_of_punctuation_are_cut():
    texts = pd.Series(["What?!!!!!! " + "-" * 30, "e.g. a... and 1,000", "((((x))))"])
    assert shorten_repeats(texts, 3).tolist() == ["What?!!! ----------", "e.g. a... and 1,000", "((((x))))"]


@pytest.mark.parametrize("mark", "*#+-=_~/:")
def test_marks_that_may_be_counted_keep_their_number(mark):
    rated = [f"rated {mark * number} by me" for number in range(1, 11)]
    assert (
        apply_rules(pd.Series(rated), default_rules(datelines={"enabled": False, "agencies": ["AP"]}))[0].tolist()
        == rated
    )


@pytest.mark.parametrize("text", ["http://a.org/x----y!!!!z?q=A....B&The=IS", "mail the-one----two@Mail.example.org"])
def test_no_rule_changes_an_address_that_is_kept(text):
    classic = dict.fromkeys(("lowercase", "punctuation", "stop_words", "lemmas"), True)
    address = text.split()[-1]
    assert apply_rules(pd.Series([f"See {text}, they said!!!!!"]), default_rules(**classic))[0][0].split() == (
        ["mail", address, "say"] if "@" in text else [address, "say"]
    )


@pytest.mark.parametrize(
    "face",
    [
        r"\(≧▽≦)/", r"\(^o^)/", r"\o/", r"¯\_(ツ)_/¯", r"\m/", r"\ (•◡•) /", r"(^_^)\ ", r"\(o_o)/", r":-\ ", r"\^o^/",
        r"\(*^▽^*)/", r"\0/", r"ヽ(´▽`)\ ", r"\(´∀｀)", r"=\ ", r"<(^.^)\ ", r"\(•_•)", r"^\__/^", r"\(@^0^@)/",
    ],
)  # fmt: skip
def test_faces_keep_all_their_characters(face):
    text = f"so happy {face} today"
    assert apply_rules(pd.Series([text]), default_rules())[0][0] == " ".join(text.split())


def test_the_classic_steps_take_away_case_punctuation_stop_words_and_inflection():
    assert lowercase(pd.Series(["It's A Test"])).tolist() == ["it's a test"]
    assert remove_punctuation(pd.Series(["It's “well-known”, isn’t it?"])).tolist() == ["Its  well known   isnt it "]
    assert remove_stop_words(pd.Series(["The cat and the hat"])).tolist() == [" cat   hat"]
    assert lemmatise(pd.Series(["Mice ran from the cats"])).tolist() == ["Mouse run from the cat"]


def test_an_example_shows_what_a_rule_got_and_what_it_made():
    before, after = trace_rule("&lt;b&gt;bold &amp; fine", default_rules(), "tags")
    assert (before, after) == ("<b>bold & fine", "bold & fine")
    with pytest.raises(ValueError, match="does not change"):
        trace_rule("fine", default_rules(), "tags")


def test_a_text_of_a_megabyte_is_cleaned_in_seconds():
    text = "<" * 300_000 + "&amp;" * 100_000 + " <b" * 100_000
    cleaned, _ = apply_rules(pd.Series([text]), default_rules())
    assert cleaned[0].count("&") == 100_000


def test_entities_nested_a_million_deep_are_undone_in_seconds():
    assert undo_entities(pd.Series(["&" + "amp;" * 1_000_000 + "lt;b"])).tolist() == ["<b"]


def test_the_same_text_in_another_dress_has_the_same_key():
    texts = ["Fish & Chips  today", "FISH &amp;amp; chips\ntoday ", "ﬁsh & chips today"]
    assert duplicate_key(pd.Series(texts)).nunique() == 1
    assert duplicate_key(pd.Series(["fish and chips", "fish & chips"])).nunique() == 2


@given(MESSY)
def test_a_key_is_its_own_key(text):
    key = duplicate_key(pd.Series([text], dtype="str"))
    assert duplicate_key(key).tolist() == key.tolist()
