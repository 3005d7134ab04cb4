"""Drafts of files that tests make, and what the stages make of them: what tests of commands.describe share."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from stages.annotate import __main__ as annotate
from stages.clean import __main__ as clean
from stages.common.core.validation import read_yaml
from stages.common.documents.table import read_documents
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


def each(kinds):
    return [
        pytest.param(*case, id=f"{kind} {number}") for kind, cases in kinds.items() for number, case in enumerate(cases)
    ]


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


def as_lines(rows):
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def as_parquet(rows):
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return sink.getvalue().to_pybytes()


NUMBERS = ["eins", "zwei", "三", "四", "пять", "six", "sept", "otto", "nueve", "dez", "elf", "zwölf"]
