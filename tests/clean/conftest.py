import pytest

from stages.clean.corpus import judge, load_facts, open_corpus
from stages.clean.duplicates import match_texts
from stages.clean.near_duplicates import find_near_duplicates
from stages.clean.parameters import CleanParameters, NearDuplicates
from stages.clean.parts import cut
from stages.clean.rows import clean_part
from stages.common.core.validation import read_yaml
from stages.common.documents.partitions import Workers
from stages.common.documents.table import write_documents
from tests.imports import ROOT

FILTERS = ("too_short", "too_long", "letters", "repetition", "language")


def near(**changed):
    section = {"enabled": True, "keep": "first", "threshold": 0.8, "shingle_words": 5, "recall": 0.9995}
    return NearDuplicates.model_validate(section | changed)


class Tables:
    """The corpus of some documents after the row rules, with filters off, texts matched and near-duplicates found."""

    def __init__(self, corpus, parts):
        self.corpus, self.parts = corpus, parts

    def rows(self, query):
        """What a query, or a relation, gives: a list of tuples."""
        return (self.corpus.sql(query) if isinstance(query, str) else query).fetchall()

    def named(self, faults):
        """The ids and reasons of faults, sorted."""
        found = {number: reason for number, _, reason in faults.fetchall()}
        ids = dict(self.rows("SELECT number, id FROM documents"))
        return {ids[number]: reason for number, reason in sorted(found.items())}

    def pairs(self):
        return self.rows("""
            SELECT a.id, b.id, similarity FROM pairs JOIN documents AS a ON a.number = one
            JOIN documents AS b ON b.number = other ORDER BY ALL
        """)

    def groups(self):
        own = {name: name for (name,) in self.rows("SELECT id FROM documents ORDER BY id")}
        return own | dict(self.rows('SELECT id, "group" FROM groups JOIN documents USING (number)'))

    def judged(self, *finds):
        """Judges one find after the other: the ids that are rejected, and those that are flagged."""
        for find in finds:
            judge(self.corpus, find(self.corpus))
        return [
            [name for (name,) in self.rows(f"SELECT id FROM {table} JOIN documents USING (number) ORDER BY id")]
            for table in ("rejected", "flags")
        ]


@pytest.fixture
def open_tables(tmp_path):
    """Opens the corpus of some documents."""
    opened = []

    def build(documents, settings=None):
        folder = tmp_path / f"tables{len(opened)}"
        folder.mkdir()
        section = read_yaml(ROOT / "params.yaml")["clean"]
        section |= {"undecodable": False, "empty": False, "near_duplicates": (settings or near()).model_dump()}
        section |= {name: section[name] | {"enabled": False} for name in FILTERS}
        parameters = CleanParameters.model_validate(section)
        write_documents(documents, folder / "documents.parquet")
        opened.append(open_corpus(folder))
        corpus = opened[-1].__enter__()
        parts = cut(corpus, folder / "documents.parquet", folder)
        for part in parts:
            clean_part(part, parameters, "en")
        tables = Tables(corpus, parts)
        load_facts(tables.corpus, parts)
        match_texts(tables.corpus)
        pairs = "text_pair" in documents
        find_near_duplicates(tables.corpus, parts, Workers(None), parameters.near_duplicates, pairs)
        return tables

    yield build
    for corpus in opened:
        corpus.__exit__(None, None, None)
