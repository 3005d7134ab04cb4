import pytest

from tests.commands.annotated import annotate, save_sentences, save_topics


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
