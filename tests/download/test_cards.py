"""The entries of the catalog, and what comes out of those whose files are at hand."""

import os
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from commands.listing import list_datasets
from stages.common.core.catalog import entry_names, load_entry
from stages.common.core.messages import UserError
from stages.common.documents.table import read_documents
from stages.common.fetching.packed_files import PackedFiles
from stages.download import __main__ as download
from stages.download.entry import DatasetEntry
from tests.imports import ROOT

pytestmark = pytest.mark.slow

DATASETS = sorted(path.stem for path in (ROOT / "catalog/datasets").glob("*.yaml"))
needs_mirror = pytest.mark.skipif("DATA_MIRROR" not in os.environ, reason="$DATA_MIRROR is not set")


@pytest.mark.parametrize("shelf", ["models", "lexicons"])
def test_every_other_entry_can_be_read(monkeypatch, shelf):
    monkeypatch.chdir(ROOT)
    for name in entry_names(shelf):
        load_entry(shelf, name, PackedFiles)


@pytest.mark.parametrize("name", DATASETS)
def test_every_dataset_says_what_it_is_and_what_its_labels_mean(monkeypatch, name):
    monkeypatch.chdir(ROOT)
    entry = load_entry("datasets", name, DatasetEntry)
    assert len(entry.licence) > 10
    assert entry.citation
    assert entry.known_faults
    for label in entry.labels:
        assert len(label.definition.split()) >= 3, label
        assert label.definition.endswith(".")
    assert len({label.definition for label in entry.labels}) == len(entry.labels)


def test_the_list_shows_every_dataset(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    list_datasets()
    rows = capsys.readouterr().out.splitlines()
    assert [row.split("|")[1].strip() for row in rows[2:]] == DATASETS
    assert len({len(row) for row in rows}) == 1


def test_an_unfinished_entry_hides_no_other_from_the_list(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "catalog/datasets", "catalog/datasets")
    finished = Path("catalog/datasets/my_data.yaml").read_text()
    Path("catalog/datasets/draft.yaml").write_text(finished.replace("language: en", "language: EDIT en or de"))
    list_datasets()
    printed = capsys.readouterr()
    assert [row.split("|")[1].strip() for row in printed.out.splitlines()[2:]] == DATASETS
    assert printed.err.startswith("not listed: catalog/datasets/draft.yaml: language still says 'EDIT en or de'")


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Reads a dataset of this repository's catalog in an empty folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "catalog").symlink_to(ROOT / "catalog")

    def run(name):
        (tmp_path / "params.yaml").write_text(f"dataset: {name}\ndownload: {{most_rejected: 100}}\n")
        download.main()
        return read_documents(Path("data/raw/documents.parquet"))

    return run


def test_the_template_is_a_dataset_that_works(read):
    documents = read("my_data")
    assert documents["label"].value_counts().to_dict() == {"complaint": 8, "praise": 8, "question": 8}
    assert documents["id"][0] == "m01"


@pytest.mark.parametrize(
    ("name", "splits", "rejected", "groups"),
    [
        ("bbc_news", {}, 0, 2_225),
        ("movie_reviews", {}, 0, 1_500),
        ("newsgroups20", {"train": 11_293, "test": 7_528}, 0, 18_821),
        ("r8", {"train": 5_485, "test": 2_189}, 0, 7_674),
        ("r52", {"train": 6_532, "test": 2_568}, 1, 9_100),
        ("rotten_tomatoes", {}, 0, 1_449),  # films
    ],
)
def test_published_rows_of_the_datasets_in_packages(read, name, splits, rejected, groups):
    documents = read(name)
    assert documents["group"].nunique() == groups
    assert documents["published_split"].value_counts().to_dict() == splits
    assert pq.read_metadata("data/raw/rejected.parquet").num_rows == rejected


@pytest.mark.mirror
@needs_mirror
def test_every_test_row_of_ag_news_stays_a_test_row(read):
    documents = read("noisy_ag_news")
    assert documents["published_split"].value_counts().to_dict() == {"train": 10_000, "test": 7_600}
    test = documents[documents["published_split"] == "test"]
    assert test["label"].value_counts().to_dict() == dict.fromkeys(["World", "Sports", "Business", "Sci/Tech"], 1_900)


@pytest.mark.mirror
@needs_mirror
def test_the_crowds_answers_come_with_the_true_labels_aside(read):
    documents = read("noisy_ag_news_crowd").set_index("id")
    aside = pq.read_table("data/raw/annotations.parquet").to_pandas().set_index("id")
    assert len(aside) == 10_000
    assert (documents.loc[aside.index, "label"] != aside["gt"]).sum() == 1_975
    true = read("noisy_ag_news").set_index("id")
    assert (true.loc[aside.index, "label"] == aside["gt"]).all()


@pytest.mark.mirror
@needs_mirror
def test_every_test_token_of_conll2003_stays_a_test_token(read):
    documents = read("conll2003")
    tokens = documents.groupby("published_split")["tokens"].agg(lambda column: column.map(len).sum())
    assert tokens.to_dict() == {"train": 203_621, "validation": 51_362, "test": 46_435}
    assert documents["published_split"].value_counts().to_dict() == {
        "train": 14_041,
        "validation": 3_250,
        "test": 3_453,
    }


@pytest.mark.mirror
@needs_mirror
def test_the_missing_training_file_of_ag_news_is_named(read, monkeypatch):
    if (Path(os.environ["DATA_MIRROR"]) / "ag_news" / "train.csv").exists():
        assert read("ag_news")["published_split"].value_counts().to_dict() == {"train": 120_000, "test": 7_600}
        return
    monkeypatch.setattr("stages.common.fetching.transfer.ATTEMPTS", 1)
    with pytest.raises(
        UserError, match=r"ag_news: cannot get train.csv: mirror \$DATA_MIRROR: .*/ag_news/train.csv: there is"
    ):
        read("ag_news")
    assert not Path("data/raw").exists()
