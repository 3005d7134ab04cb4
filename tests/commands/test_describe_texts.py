"""Tagged sentences, languages and what cleaning leaves, from the file to data/clean.

Each kind has three files or more, each made here; what is expected is what was written.
"""

from pathlib import Path

import pytest

from stages.annotate import __main__ as annotate
from stages.clean import __main__ as clean
from stages.common.core.messages import UserError
from stages.common.documents.table import read_rejected
from tests.commands.drafting import NUMBERS, ROWS, SENTENCES, TEXTS, each, table


def sentences(*odd):
    """Tagged sentences, with odd tokens among the others."""
    made = []
    for place in range(8):
        tokens, tags = (
            ["Dr", "Ada", "Okoro", "flew", "to", "Oslo", f"{place}"],
            ["O", "B-PER", "I-PER", "O", "O", "B-LOC", "O"],
        )
        for number, token in enumerate(odd):
            tokens.insert(number + place % 3, token)
            tags.insert(number + place % 3, "O")
        made.append((tokens, repaired(tags)))
    return made


def repaired(tags):
    """Tags with a beginning for each entity that an odd token cut in two."""
    return [
        "B" + tag[1:] if tag.startswith("I-") and before == "O" else tag
        for before, tag in zip(["O", *tags], tags, strict=False)
    ]


def in_columns(made, line="{token}\t{tag}", end="\n", between="", before="", last=True):
    """Sentences a token a line, with what an empty line holds."""
    blocks = [
        end.join(line.format(n=n, token=token, tag=tag) for n, (token, tag) in enumerate(zip(*one, strict=True), 1))
        for one in made
    ]
    return before + f"{end}{between}{end}".join(blocks) + (end + between + end if last else end)


PLAIN, SPACED, VANISHING = sentences(), sentences("no 12 34"), sentences("\u200b", "\u200d")
ALONE = [*PLAIN, (["\u200b\ufe0f"], ["O"]), (["\u2060"], ["O"]), (["\u00ad"], ["O"])]
OF_2003 = "-DOCSTART- -X- -X- O\r\n\r\n"
TAGS = {
    "DOCSTART, CR LF and BOM": [
        ("\ufeff" + in_columns(PLAIN, "{token} NN I-NP {tag} ", "\r\n", " ", OF_2003), PLAIN),
        (in_columns(PLAIN, "{token} {tag}", before="-DOCSTART- O\n\n"), PLAIN),
        ("\ufeff" + in_columns(PLAIN, end="\r\n", before="-DOCSTART-\tO\r\n\r\n"), PLAIN),
    ],
    "blanks in tokens": [
        (in_columns(SPACED), SPACED),
        (in_columns(sentences("10\u00a0000"), "{token}\tCD\t{tag}"), sentences("10\u00a0000")),
        (in_columns(sentences("New  York", "\u3000"), end="\r\n"), sentences("New  York", "\u3000")),
    ],
    "tokens that vanish": [
        (in_columns(VANISHING), VANISHING),
        (in_columns(VANISHING, "{token} {tag}"), VANISHING),
        (in_columns(sentences("\U0001f3e1", "\ufe0f", "\u00ad")), sentences("\U0001f3e1", "\ufe0f", "\u00ad")),
    ],
    "nothing but these": [
        (in_columns(ALONE), ALONE),
        (in_columns(ALONE, "{token} {tag}"), ALONE),
        (in_columns(ALONE, "{n}\t{token}\t{tag}", "\r\n"), ALONE),
    ],
    "no empty line at the end": [
        (in_columns(PLAIN, last=False), PLAIN),
        (in_columns(PLAIN, "{token} {tag}", last=False).rstrip("\n"), PLAIN),
        (in_columns(PLAIN, "{n}\t{token}\t{tag}", "\r\n", last=False), PLAIN),
    ],
    "numbers and comments": [
        (in_columns(PLAIN, "{n} {token} {tag}"), PLAIN),
        ("# text = a\n" + in_columns(PLAIN, "{n}\t{token}\t_\t{tag}", between="\n# text = b"), PLAIN),
        ("# newdoc\n" + in_columns(sentences("#"), "{n}\t{token}\t{tag}", between="\n# sent_id = 1"), sentences("#")),
    ],
}


@pytest.mark.parametrize(("content", "made"), each(TAGS))
def test_tokens_and_tags_are_those_of_the_file_up_to_the_cleaned_table(drafted, content, made):
    draft = drafted(content, "mine.conll")
    assert draft.marked == []
    expected = sorted((" ".join(tokens), tokens, tags) for tokens, tags in made)
    for folder in ("raw", "clean"):
        frame = draft.documents(folder)
        rows = zip(frame["text"], frame["tokens"].map(list), frame["tags"].map(list), strict=True)
        assert sorted(rows) == expected


@pytest.mark.parametrize(
    ("line", "end"), [("{token} {tag}", "\n"), ("{token}\t{tag}", "\r\n"), ("{n}\t{token}\tNN\t{tag}", "\n")]
)
def test_a_file_that_is_one_sentence_is_marked(drafted, line, end):
    whole = [([token for one in PLAIN for token in one[0]], [tag for one in PLAIN for tag in one[1]])]
    draft = drafted(in_columns(whole, line, end, last=False), "mine.conll")
    assert draft.marked == ["columns"]
    assert "no empty line" in draft.reader["columns"]
    documents = draft.documents(columns=line.count("{") + line.count("NN"))
    assert documents["tokens"].map(list).tolist() == [whole[0][0]]


LANGUAGES = {
    "de": "Die Köchin {} öffnete heute früh einen schönen Mantel, obwohl es draußen heftig stürmte und regnete",
    "hi": "यह दुकान {} सबको पसंद है और हम फिर आएंगे क्योंकि खाना अच्छा था",
    "zh": "我的邻居{}非常热情，昨天的会议大家都很满意，以后我们还会再去",
    "ja": "となりの{}人はとても親切で、昨日の会議にはみんなが満足していました",
    "ar": "جارنا {} لطيف جدا وكان الجميع راضين عن الاجتماع أمس",
    "es": "Mi vecino {} es muy amable y todos quedaron contentos con la reunión de ayer",
    "ko": "우리 {} 이웃은 매우 친절하고 어제 회의에 모두가 만족했습니다",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_lost_for_its_language(drafted, language):
    rows = [(LANGUAGES[language].format(f"{word}{place}"), "ab"[place % 2]) for place, word in enumerate(NUMBERS)]
    draft = drafted(table(rows))
    assert (draft.card["language"], draft.marked) == (language, [])
    assert {text for text, _ in draft.records()} == {text for text, _ in rows}
    draft.run(annotate, clean)
    rejected = read_rejected(Path("data/clean/rejected.parquet"))
    assert set(rejected["rule"]) <= {"near_duplicates"}  # they differ in one word


def test_a_language_that_is_another_than_the_card_says_stops_the_run(drafted):
    rows = [(LANGUAGES["de"].format(word) + f" {SENTENCES['de']} {word}", "ab"[len(word) % 2]) for word in NUMBERS]
    draft = drafted(table(rows))
    draft.said = draft.said.replace("language: de", "language: en")
    with pytest.raises(UserError, match="language"):
        draft.run(annotate, clean)


ORDER = (
    "Dear customer, we write to tell you that the order {} which you placed in our shop on Monday has been {} and that"
)
LETTER = (
    "The {} of the year {} was written in the same room and by the same hand as all of the others that we have seen"
)
SIGN = "A placa número {} na porta dizia {} e todos riram muito ao ler."
CLEANING = {
    "texts that differ in a number": [
        [(ORDER.format(10_000 + 37 * place, "sent"), "ab"[place % 2]) for place in range(20)],
        [(LETTER.format("letter", 1800 + place), "ab"[place % 2]) for place in range(20)],
        [
            (f"Room {place} costs {place * 7} euros a night, with a view of the sea", "ab"[place % 2])
            for place in range(20)
        ],
    ],
    "sound letters before quotation marks": [
        [(SIGN.format(place, said), "ab"[place % 2]) for place, said in enumerate(["«MAÇû", "“IRMÔ", "‘AMANHÒ"] * 4)],
        [(SIGN.format(place, said), "ab"[place % 2]) for place, said in enumerate(["„LÄ“", "»SÃO«", "‹Ñ›"] * 4)],
        [(f"Él escribió “{place} AÑO” y “CORAZÓN” en la pared", "ab"[place % 2]) for place in range(12)],
    ],
    "texts that differ in a sign": [
        [("What is x² plus one?", "a"), ("What is x2 plus one?", "b"), ("And what is more than that?", "a")],
        [(f"{TEXTS[3 * place]} {'*' * (place % 5 + 1)}", "ab"[place % 2]) for place in range(12)],
        [(f"{TEXTS[3 * place]} {'<>'[place % 2]} {place} C{'#+'[place % 2]}", "ab"[place % 2]) for place in range(12)],
    ],
    "tags that are written about": [
        [(f"In row {n} how do I put a &lt;div&gt; inside a &lt;form&gt;?", "ab"[n % 2]) for n in range(12)],
        [(f"My method {n} returns List&lt;Option&gt; and wants Map&lt;Label&gt;", "ab"[n % 2]) for n in range(12)],
        [(f"What does &lt;title&gt; do in page {n}, beside &lt;body&gt;?", "ab"[n % 2]) for n in range(12)],
    ],
}


@pytest.mark.parametrize("rows", each({kind: [(rows,) for rows in cases] for kind, cases in CLEANING.items()}))
def test_cleaning_leaves_what_was_meant(drafted, rows):
    meant = [(text.replace("&lt;", "<").replace("&gt;", ">"), label) for text, label in rows]
    assert drafted(table(rows)).records("clean") == sorted(meant)


@pytest.mark.parametrize(
    ("one", "other", "cause"),
    [
        ("Turn the light ON now", "turn the light on now", "upper and lower case"),
        ("Is Polish easy to learn", "is polish easy to learn", "upper and lower case"),
        ("They live in Reading now", "they live in reading NOW", "upper and lower case"),
    ],
)
def test_texts_of_two_labels_that_a_comparison_makes_equal_are_named(drafted, one, other, cause):
    rows = [(f"{text} in the year {place}", label) for place, (text, label) in enumerate(ROWS)]
    draft = drafted(table([*rows, (one, "busy"), (other, "calm")]))
    assert draft.records("clean") == sorted(rows)
    rejected = read_rejected(Path("data/clean/rejected.parquet"))
    assert rejected["rule"].tolist() == ["contradictions"] * 2
    assert all(cause in reason for reason in rejected["reason"])
