from pathlib import Path

import pytest

from commands.drafts import describe
from tests.commands.annotated import annotate, save_sentences, save_topics
from tests.commands.drafting import Draft


@pytest.fixture
def topics(tmp_path, monkeypatch, make_documents):
    monkeypatch.chdir(tmp_path)
    save_topics(tmp_path, make_documents)
    annotate("guideline")


@pytest.fixture
def sentences(tmp_path, monkeypatch, make_documents):
    monkeypatch.chdir(tmp_path)
    save_sentences(tmp_path, make_documents)
    annotate("guideline")


@pytest.fixture
def drafted(tmp_path, monkeypatch, capsys):
    """Writes a file and drafts its entry."""
    monkeypatch.chdir(tmp_path)

    def draft(content, name="mine.csv"):
        Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
        describe([Path(name)])
        return Draft(capsys.readouterr().out)

    return draft
