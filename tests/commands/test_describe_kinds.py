"""Files of the kinds that programs write: from the file through commands.describe to the documents, or the message.

Each kind has three files or more, each made here; what is expected is what was written.
"""

import io
import json
import tarfile
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from commands.drafts import describe
from stages.annotate import __main__ as annotate
from stages.clean import __main__ as clean
from stages.common.core.messages import UserError
from stages.common.core.validation import read_yaml
from stages.common.documents.table import read_documents, read_rejected
from stages.download import __main__ as download
from tests.commands.test_describe import decided
from tests.imports import ROOT

TEXTS = [
    f"{who} {did} {what}, after all"
    for who in ("The nurse", "A farmer", "My aunt")
    for did in ("sold", "lost", "found", "drew")
    for what in ("a clock", "the old map", "six plates")
]
LABELS = ["calm" if place % 3 else "busy" for place in range(len(TEXTS))]
ROWS = list(zip(TEXTS, LABELS, strict=True))


class Draft:
    """A draft of the entry of a file, and what the stages make of it."""

    def __init__(self, said):
        self.said, self.card = said, yaml.safe_load(said)

    @property
    def reader(self):
        return self.card["parts"][0]["reader"]

    @property
    def marked(self):
        """The keys of the reader that are to be decided."""
        return [key for key, value in self.reader.items() if str(value).startswith("EDIT")]

    def run(self, *stages, **decisions):
        """Runs stages on the entry, with keys of the reader as somebody decided them."""
        card = yaml.safe_load(decided(self.said))
        card["parts"][0]["reader"] |= decisions
        Path("catalog/datasets").mkdir(parents=True, exist_ok=True)
        if not Path("catalog/functions").exists():
            Path("catalog/functions").symlink_to(ROOT / "catalog/functions")
        Path("catalog/datasets/mine.yaml").write_text(yaml.safe_dump(card))
        Path("params.yaml").write_text(yaml.safe_dump(read_yaml(ROOT / "params.yaml") | {"dataset": "mine"}))
        for stage in (download, *stages):
            stage.main()

    def documents(self, folder="raw", **decisions):
        """The documents after a stage, with those before it."""
        self.run(*((annotate, clean) if folder == "clean" else ()), **decisions)
        return read_documents(Path("data", folder, "documents.parquet"))

    def records(self, folder="raw", **decisions):
        """Text and label of each."""
        return sorted(self.documents(folder, **decisions)[["text", "label"]].itertuples(index=False, name=None))


@pytest.fixture
def drafted(tmp_path, monkeypatch, capsys):
    """Writes a file and drafts its entry."""
    monkeypatch.chdir(tmp_path)

    def draft(content, name="mine.csv"):
        Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
        describe([Path(name)])
        return Draft(capsys.readouterr().out)

    return draft


def table(
    rows=ROWS, between=",", end="\n", quote='"', inner=None, every=False, names=("text", "label"), before="", gap=""
):
    """A table as text: what stands between and around fields, before a quote inside them, before the first line."""

    def field(cell):
        odd = quote and any(mark in cell for mark in (between, quote, "\n", "\r"))
        inside = cell.replace(quote, (inner or quote) + quote) if quote else cell
        return f"{quote}{inside}{quote}" if quote and (every or odd) else inside

    lines = [(between + gap).join(map(field, row)) for row in ([names] if names else []) + list(rows)]
    return before + end.join(lines) + end


def indexed(rows, first=0):
    return [(str(number), *row) for number, row in enumerate(rows, first)]


SAID = [(f'{text}; "{label}", they said', label) for text, label in ROWS]
APOSTROPHES = [(text.replace("My aunt", "It's the sailor's wife who"), label) for text, label in ROWS]
INCHES = [(f'A {place}" pipe: {text}' if place % 5 == 0 else text, lab) for place, (text, lab) in enumerate(ROWS)]
FEET = [(f"{text}, 6'{place % 9}\" long" if place % 4 else text, lab) for place, (text, lab) in enumerate(ROWS)]
UNCLOSED = [(f'"{text}' if place == 7 else text.replace(",", ""), lab) for place, (text, lab) in enumerate(INCHES)]
VERSES = [(f'{text},\n"{label}, again"\n\nYours', label) for text, label in ROWS]
MAILS = [(f"{text}\r\n\r\n> {label}\r\nBye", label) for text, label in ROWS]
DIALECTS = {
    "the index of pandas": [
        (table(indexed(ROWS), names=("", "text", "label")), ROWS),
        (table(indexed(row[::-1] for row in ROWS), "\t", names=("", "label", "message")), ROWS),
        (table(indexed(SAID, 100), ";", names=("", "body", "class")), SAID),
    ],
    "sep= of Excel": [
        ("\ufeff" + table(ROWS, ";", "\r\n", before="sep=;\r\n"), ROWS),
        (table(ROWS, "|", before="sep=|\n"), ROWS),
        (table(SAID, "\t", "\r\n", before='"sep=\t"\r\n'), SAID),
    ],
    "quotes after backslashes": [
        (table(SAID, inner="\\"), SAID),
        (table(SAID, "\t", inner="\\", every=True), SAID),
        (table(SAID, ";", "\r\n", inner="\\", every=True, names=("id", "text", "label")[1:]), SAID),
    ],
    "blanks after separators": [
        (table(ROWS, gap=" "), ROWS),
        (table(SAID, gap=" ", every=True), SAID),
        (table(ROWS, ";", gap="  ", every=True), ROWS),
    ],
    "single quotes": [
        (table(ROWS, quote="'", every=True), ROWS),
        (table(APOSTROPHES, ";", quote="'", every=True), APOSTROPHES),
        (table(ROWS, "|", "\r\n", quote="'", every=True), ROWS),
    ],
    "apostrophes": [
        (table(APOSTROPHES), APOSTROPHES),
        (table(APOSTROPHES, "\t", quote=None), APOSTROPHES),
        (table([(f"'{text}", label) for text, label in ROWS], "\t"), [(f"'{text}", label) for text, label in ROWS]),
    ],
    "carriage returns": [
        (table(ROWS, end="\r"), ROWS),
        (table(SAID, "\t", "\r"), SAID),
        (table(ROWS, ";", "\r", every=True), ROWS),
    ],
    "marks of inches": [
        (table(INCHES, "\t", quote=None), INCHES),
        (table(FEET, "\t", quote=None), FEET),
        (table(UNCLOSED, "|", quote=None), UNCLOSED),
    ],
    "line breaks in fields": [
        (table(VERSES), VERSES),
        (table(MAILS, end="\r\n"), MAILS),
        (table(VERSES, ";", every=True), VERSES),
    ],
    "no names": [
        (table(ROWS, names=None), ROWS),
        (table([row[::-1] for row in SAID], "\t", names=None), SAID),
        (table([row[::-1] for row in ROWS], names=None, every=True), ROWS),
    ],
}


def each(kinds):
    return [
        pytest.param(*case, id=f"{kind} {number}") for kind, cases in kinds.items() for number, case in enumerate(cases)
    ]


@pytest.mark.parametrize("before", ["Exported in May", "Report\n2026", "a,b,c"])
def test_lines_before_the_table_are_marked(drafted, before):
    draft = drafted(f"{before}\n{table()}")
    assert draft.marked == ["skip"]
    lines = before.count("\n") + 1
    assert draft.reader["skip"].startswith(f"EDIT {lines}: the first lines")
    assert draft.records(skip=lines) == sorted(ROWS)


@pytest.mark.parametrize(("content", "rows"), each(DIALECTS))
def test_a_dialect_gives_the_records_that_were_written(drafted, content, rows):
    draft = drafted(content)
    decisions = {}
    if "quote" in draft.marked:  # a quote fails: both readings are counted, and a person says which holds
        assert "bad ones" in draft.reader["quote"]
        decisions["quote"] = None
    assert draft.records(**decisions) == sorted(rows)


SENTENCES = {
    "fr": "L'élève a reçu un gâteau très tôt après la fête, où sa sœur préférée chantait",
    "es": "El niño pequeño comió una piña en el jardín ayer, y mañana irá al café con su compañero",
    "de": "Die Köchin öffnete früh die Tür für Gäste, während draußen ein schöner Bär schlief",
    "pl": "Mój sąsiad zgubił później książkę, a młody człowiek źle włożył ją między gałęzie",
    "cs": "Můj soused ztratil včera večer růžovou košili, kterou měl velmi rád, a hned šel ji hledat",
    "ru": "Наш сосед вчера потерял зелёную книгу, а сегодня её нашёл старый водитель автобуса",
    "uk": "Наш сусід учора загубив зелену книжку, а сьогодні її знайшов водій із іншого міста",
    "tr": "Öğretmen dün akşam güzel bir şarkı söyledi ve komşumuz ışığı açıp çocuğu çağırdı",
    "el": "Ο γείτονάς μας έχασε χθες το πράσινο βιβλίο και σήμερα το βρήκε ένας οδηγός",
    "zh": "我们的邻居昨天丢了一本绿色的书，今天司机在车站找到了它，大家都很高兴",
    "ko": "우리 이웃은 어제 초록색 책을 잃어버렸지만 오늘 운전사가 그것을 역에서 찾았습니다",
    "ja": "となりの人はきのう緑の本をなくしましたが、今日は運転手がそれを見つけました",
}
ENCODINGS = [
    *(("fr", name) for name in ("cp1252", "iso8859-15", "mac-roman")),
    *(("es", name) for name in ("cp1252", "cp850")),
    *(("de", name) for name in ("cp1252", "utf-16", "utf-16-le", "utf-8-sig")),
    *(("pl", name) for name in ("cp1250", "iso8859-2", "utf-16-be")),
    ("cs", "cp1250"),
    *(("ru", name) for name in ("cp1251", "koi8-r", "cp866")),
    ("uk", "cp1251"),
    *(("tr", name) for name in ("cp1254", "iso8859-9", "utf-16")),
    ("el", "cp1253"),
    *(("zh", name) for name in ("gb18030", "big5", "utf-16-le")),
    ("ko", "euc-kr"),
    *(("ja", name) for name in ("shift_jis", "euc-jp")),
]
TRADITIONAL = {"big5": SENTENCES["zh"].translate(str.maketrans("们邻丢绿书车这兴", "們鄰丟綠書車這興"))}


@pytest.mark.parametrize(("language", "encoding"), ENCODINGS)
def test_an_encoding_comes_out_right(drafted, language, encoding):
    sentence = TRADITIONAL.get(encoding, SENTENCES[language])
    words = sentence.split() if " " in sentence else list(sentence)
    between = " " if " " in sentence else ""
    texts = [between.join(words[place % 3 :] + words[: place % 3]) + f" {place}" for place in range(12)]
    rows = list(zip(texts, LABELS, strict=False))
    draft = drafted(table(rows, "\t" if encoding.startswith("utf-16") else ",").encode(encoding))
    assert draft.marked == []
    assert draft.card["language"] == language
    assert draft.records() == sorted(rows)


@pytest.mark.parametrize("odd", [b"na\xefve", b"50 \xa4", b"\xc4pfel"])
def test_one_odd_byte_makes_one_bad_row_among_many_that_are_utf8(drafted, odd):
    rows = [(f"{SENTENCES['de']} {place}", label) for place, label in enumerate(LABELS)]
    draft = drafted(table(rows).encode() + b'"that is ' + odd + b'",calm\n')
    assert "encoding" not in draft.reader
    assert draft.records() == sorted(rows)
    rejected = read_rejected(Path("data/raw/rejected.parquet"))
    assert rejected[["rule", "place"]].to_numpy().tolist() == [["undecodable", f"mine.csv:{len(rows) + 2}"]]


def as_lines(rows):
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def as_parquet(rows):
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return sink.getvalue().to_pybytes()


def labelled(values, name="label", **beside):
    """Objects with some values as labels in turn, and more columns."""
    return [
        {
            "body": text,
            **{key: more[place % len(more)] for key, more in beside.items()},
            name: values[place % len(values)],
        }
        for place, text in enumerate(TEXTS)
    ]


FORMATS = {
    "mine.jsonl": as_lines,
    "mine.parquet": as_parquet,
    "mine.json": lambda rows: json.dumps(rows, indent=1),
}
VALUES = {
    "floats": (labelled([0.0, 1.0, 2.0]), {"0.0", "1.0", "2.0"}),
    "floats beside stars": (labelled([0.0, 1.0], stars=[1, 2, 3, 4, 5]), {"0.0", "1.0"}),
    "floats called target": (labelled([-1.0, 1.0], "target", length=[12, 40, 7]), {"-1.0", "1.0"}),
    "some floats are missing": (labelled([0.0, 1.0, 1.0, 0.0, 1.0, None]), {"0.0", "1.0"}),
    "truth values": (labelled([True, False]), {"true", "false"}),
    "truth values called class": (labelled([False, False, True], "class", source=["a", "b"]), {"true", "false"}),
    "truth values, some missing": (labelled([True, False, False, None]), {"true", "false"}),
    "whole numbers": (labelled([3, 7]), {"3", "7"}),
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("kind", VALUES)
def test_numbers_and_truth_values_are_labels(drafted, kind, name):
    rows, labels = VALUES[kind]
    draft = drafted(FORMATS[name](rows), name)
    column = list(rows[0])[-1]
    assert (draft.reader["text"], draft.reader["label"], draft.marked) == (["body"], column, [])
    missing = sum(row[column] is None for row in rows)
    records = draft.records()
    assert {label.lower() for _, label in records} == labels
    assert len(records) == len(rows) - missing
    assert len(read_rejected(Path("data/raw/rejected.parquet"))) == missing
    shown = {str(row["body"]): str(row[column]).lower() for row in rows}
    assert all(shown[text] == label.lower() for text, label in records)


ODD_LABELS = {
    "words for nothing": (["None", "NA", "N/A", "null", "nan", "-"], "looks like no label at all", 6),
    "numbers in other forms": (["1", "1.0", "01", "True", "2", "two"], None, 0),
    "blanks": (["bar", " bar", "bar ", "foo"], "by blanks", 3),
    "case": (["Café", "café", "CAFÉ", "tea"], "by case", 3),
    "Unicode forms": (["caf\u00e9", "cafe\u0301", "tea"], "by its Unicode form", 2),
    "invisible characters": (["tea", "te\u200ba", "tea\ufeff", "mate"], "by invisible characters", 3),
}


@pytest.mark.parametrize("kind", ODD_LABELS)
@pytest.mark.parametrize("name", ["mine.csv", "mine.jsonl", "mine.parquet"])
def test_odd_labels_stay_as_they_are_and_are_named(drafted, kind, name):
    labels, said, count = ODD_LABELS[kind]
    rows = [(text, labels[place % len(labels)]) for place, text in enumerate(TEXTS)]
    rows[3] = ("NA", rows[3][1])  # a text like any other
    written = table(rows) if name == "mine.csv" else FORMATS[name]([{"text": a, "label": b} for a, b in rows])
    draft = drafted(written, name)
    assert draft.records() == sorted(rows)
    named = [line for line in draft.said.splitlines() if line.startswith("# Label ") and said and said in line]
    assert len(named) == count


def test_labels_of_few_documents_are_all_kept(drafted):
    rows = [
        (f"{text} in the year {place}", "rare" if place == 9 else label) for place, (text, label) in enumerate(ROWS)
    ]
    draft = drafted(table(rows))
    assert [label["name"] for label in draft.card["labels"]] == ["busy", "calm", "rare"]
    assert draft.records("clean") == sorted(rows)


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
NUMBERS = ["eins", "zwei", "三", "四", "пять", "six", "sept", "otto", "nueve", "dez", "elf", "zwölf"]


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


NAMED = list(enumerate(NUMBERS))
SWAPS = [("actor", "actress"), *((word, word[::-1]) for word in NUMBERS)]
BARE = [text.replace(",", "") for text in TEXTS]
REFUSED = {
    "a table of labels": [
        ("mine.json", as_lines([{"label": str(n), "label_des": word} for n, word in NAMED])),
        ("mine.csv", table([(str(n), f"about {word}") for n, word in NAMED], names=("class", "name"))),
        ("mine.tsv", table([(word, f"c{n}") for n, word in NAMED], "\t", names=("category", "label"))),
    ],
    "write no texts": [
        ("mine.jsonl", as_lines([{"question": f"{t}?", "answer": f"#### {n} {t}"} for n, t in enumerate(TEXTS)])),
        ("mine.csv", table([(f"{t}?", t) for t in TEXTS], names=("question", "answer"))),
        ("mine.parquet", as_parquet([{"query": t, "passage": t[::-1]} for t in TEXTS])),
    ],
    "nothing in it to train on": [
        ("mine.json", json.dumps({"nouns": ["nurse", "farmer"], "female": [["aunt", "aunts"]]}, indent=1)),
        ("mine.json", json.dumps({"ability": {"deaf": ["Deaf"], "able": [1, 2]}, "age": {}}, indent=1)),
        ("mine.json", json.dumps({"seed": 1, "rate": 0.5}, indent=1)),
    ],
    "those under 'data'": [("mine.json", json.dumps({"version": 1, "data": [{"text": "a", "label": "b"}]}, indent=1))],
    "to_json": [
        ("mine.json", json.dumps({"text": {"0": "a", "1": "b"}, "label": {"0": "c", "1": "d"}}, indent=1)),
        ("mine.json", json.dumps({"text": ["a", "b", "c"], "label": ["c", "d", "c"]}, indent=1)),
    ],
    "a list of words": [
        ("swaps.txt", table(SWAPS, "\t", names=None)),
        ("pairs.csv", table(SWAPS, names=None)),
        ("pairs.jsonl", as_lines([{"one": a, "other": b} for a, b in SWAPS])),
    ],
    "lines of a few words without labels": [
        ("words.txt", "\n".join(NUMBERS)),
        ("en", "\n".join(f"{word} thing" for word in NUMBERS)),
        ("words.csv", "\r\n".join(NUMBERS)),
    ],
    "lines of text without labels": [
        ("mine.txt", "\n".join(BARE)),
        ("mine.txt.dev", "\n".join(f"{n} [The nurse] met {text}" for n, text in enumerate(BARE))),
        ("mine.csv", "text\n" + "\n".join(BARE)),
    ],
    "is no text": [
        ("mine.pickle", bytes(range(256)) * 9),
        ("model.bin", b"\x80\x04\x95" + bytes(500)),
        ("mine.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(1, 200)) * 5),
    ],
    "is a workbook": [
        ("mine.ods", b"PK\x03\x04" + bytes(500)),
        ("mine.xls", b"\xd0\xcf\x11\xe0" + bytes(500)),
        ("mine.xlsx", b"PK\x03\x04" + bytes(500)),
    ],
}
WRONG = [pytest.param(*case, said, id=f"{said} {n}") for said, cases in REFUSED.items() for n, case in enumerate(cases)]


@pytest.mark.parametrize(("name", "content", "said"), WRONG)
def test_what_is_no_labelled_text_is_called_what_it_is(drafted, name, content, said):
    with pytest.raises(UserError, match=said):
        drafted(content, name)


def packed(members, name="mine.zip"):
    """An archive of some members."""
    written = io.BytesIO()
    if name.endswith(".zip"):
        with zipfile.ZipFile(written, "w") as archive:
            for member, content in members.items():
                archive.writestr(member, content)
    else:
        with tarfile.open(fileobj=written, mode="w:xz") as archive:
            for member, content in members.items():
                info = tarfile.TarInfo(member)
                info.size = len(content.encode())
                archive.addfile(info, io.BytesIO(content.encode()))
    return written.getvalue()


def in_folders(rows, above):
    return {f"{above}/{label}/{place}.txt": text for place, (text, label) in enumerate(rows)}


PARTS = {"train": ROWS[:24], "dev": ROWS[24:28], "test": ROWS[28:]}
FIRST, LAST = ROWS[:18], ROWS[18:]
SPLITS = {
    "files": {f"{split}.csv": table(rows) for split, rows in PARTS.items()},
    "files in several dialects": {
        "train.csv": table(PARTS["train"], ";"),
        "news-dev.tsv": table(PARTS["dev"], "\t", names=("text", "label")),
        "test.csv": table(PARTS["test"], quote="'", every=True),
    },
    "lines of objects": {
        f"mine.{split}.jsonl": as_lines([{"text": text, "label": label} for text, label in rows])
        for split, rows in PARTS.items()
    },
    "members of an archive": {
        "mine.zip": packed({f"data/{split}.csv": table(rows) for split, rows in PARTS.items()} | {"README": "words"})
    },
    "folders in an archive": {
        "mine.tar.xz": packed(
            {name: text for split, rows in PARTS.items() for name, text in in_folders(rows, f"c/{split}").items()},
            "mine.tar.xz",
        )
    },
    "archives of one class": {
        f"c-{split}-{label}.zip": packed(in_folders([row for row in rows if row[1] == label], f"c/{split}"))
        for split, rows in PARTS.items()
        for label in ("calm", "busy")
    },
}


@pytest.mark.parametrize("kind", SPLITS)
def test_several_files_or_members_are_the_published_splits(drafted, capsys, kind):
    for name, content in SPLITS[kind].items():
        Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    describe([Path(name) for name in SPLITS[kind]])
    draft = Draft(capsys.readouterr().out)
    assert draft.marked == []
    assert [label["name"] for label in draft.card["labels"]] == ["busy", "calm"]
    documents = draft.documents()
    for split, rows in PARTS.items():
        found = documents[documents["published_split"] == {"dev": "validation"}.get(split, split)]
        assert sorted(found[["text", "label"]].itertuples(index=False, name=None)) == sorted(rows)


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ("id,text\n" + "".join(f'{n},"{text}"\n' for n, text in enumerate(TEXTS)), "test.csv: has no column of labels"),
        (table([(text, str(place / 7)) for place, text in enumerate(TEXTS)]), "look like several tasks"),
        ("", "test.csv: is empty"),
    ],
)
def test_files_that_do_not_belong_together_are_named(drafted, second, said):
    Path("train.csv").write_text(table())
    Path("test.csv").write_text(second)
    with pytest.raises(UserError, match=said):
        describe([Path("train.csv"), Path("test.csv")])


def test_files_of_which_none_has_labels_are_called_what_they_are(drafted):
    for name in ("train.csv", "test.csv"):
        Path(name).write_text(table([(f"{text}?", text) for text in TEXTS], names=("question", "answer")))
    with pytest.raises(UserError, match="write no texts"):
        describe([Path("train.csv"), Path("test.csv")])
