import hashlib
from pathlib import Path

import pytest
import yaml

from stages.common.documents.table import read_documents, read_rejected
from stages.download import __main__ as download

LABELS = [{"name": "a", "definition": "A."}, {"name": "b", "definition": "B."}]
ENTRY = {
    "title": "Tiny",
    "task": "text-classification",
    "language": "en",
    "licence": "none",
    "citation": "none",
    "known_faults": [],
    "labels": LABELS,
}
CSV = {"format": "csv", "text": ["text"], "label": "label"}


class Workbench:
    """An empty repository in which one dataset is made, read and looked at."""

    @staticmethod
    def pinned(name):
        """A file as an entry names it."""
        digest = hashlib.sha256(Path(name).read_bytes()).hexdigest()
        return {"name": Path(name).name, "sha256": digest, "sources": [{"url": name}]}

    def write(self, name, content, reader=CSV, dataset="tiny", most_rejected=1, **said):
        """Puts a file, its entry and params.yaml there; more keys replace those of the entry."""
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
        self.entry(name, reader, dataset, most_rejected, **said)

    def entry(self, name, reader=CSV, dataset="tiny", most_rejected=1, more_files=(), **said):
        """The entry and params.yaml of a file that is there."""
        files = [self.pinned(name), *more_files]
        parts = [{"file": Path(name).name, "reader": reader}]
        Path("catalog/datasets").mkdir(parents=True, exist_ok=True)
        Path("catalog/datasets/tiny.yaml").write_text(yaml.safe_dump({**ENTRY, "files": files, "parts": parts, **said}))
        Path("params.yaml").write_text(
            yaml.safe_dump({"dataset": dataset, "download": {"most_rejected": most_rejected}})
        )

    def read(self):
        """Runs the stage; the documents by id."""
        download.main()
        return read_documents(Path("data/raw/documents.parquet"))

    def texts(self):
        """Runs the stage; text and label of each document, sorted."""
        return sorted(self.read()[["text", "label"]].itertuples(index=False, name=None))

    def rejected(self):
        """The rule and the place of each rejected record."""
        frame = read_rejected(Path("data/raw/rejected.parquet"))
        return sorted(frame[["rule", "place"]].itertuples(index=False, name=None))


@pytest.fixture
def workbench(tmp_path, monkeypatch):
    """An empty repository without a mirror."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATA_MIRROR", raising=False)
    return Workbench()
