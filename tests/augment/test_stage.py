"""The stage as a program: what it reads, writes and says."""

import json
import os
import subprocess
import sys

import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

from stages.augment.__main__ import main
from stages.augment.methods import TAGGED_METHODS, TEXT_METHODS
from stages.common.core.entry import run_program
from stages.common.documents.card import Card, Label, read_card, write_card
from stages.common.documents.table import read_documents, read_rejected, write_documents
from tests.augment.conftest import write_table
from tests.augment.tiny_models import record_roles, save_marian, save_masked_language_model
from tests.common.tiny_encoder import article
from tests.imports import ROOT

METHOD = {"count": 2, "rate": 0.2}
EDA = ("synonym", "insertion", "swap", "deletion")
SECTION = yaml.safe_load((ROOT / "params.yaml").read_text())["augment"]
OFF = {name: said | {"count": 0} if "count" in said else said for name, said in SECTION.items() if name != "seed"}
PARAMETERS = {"seed": 1, **OFF, **dict.fromkeys(EDA, METHOD)}
CARD = Card(
    name="tiny",
    title="Tiny",
    task="text-classification",
    language="en-GB",
    licence="none",
    citation="none",
    known_faults=[],
    labels=[Label(name="a", definition="A.")],
    sources=[],
    rows=4,
)


@pytest.fixture
def place(tmp_path, monkeypatch, make_documents):
    """A folder with the stage's inputs, made the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLUMBLINE_WORKERS", "1")
    texts = ["The quick company saw a film.", "A happy service of the company, truly.", "word", "quick film"]
    documents = make_documents(texts, published_split=[None, "test", None, None])
    (tmp_path / "data/clean").mkdir(parents=True)
    write_documents(documents, tmp_path / "data/clean/documents.parquet")
    write_card(CARD, tmp_path / "data/clean")
    write_table(tmp_path / "models/fetched/lexicon")
    (tmp_path / "params.yaml").write_text(yaml.safe_dump({"augment": PARAMETERS}))
    return tmp_path


def run_and_read_error(capsys):
    with pytest.raises(SystemExit) as ended:
        run_program(main, debug=False)
    assert ended.value.code == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    return lines[0]


def test_the_corpus_stays_as_it_is_and_variants_join_it(place):
    main()
    before, after = (
        read_documents(place / "data/clean/documents.parquet"),
        read_documents(place / "data/augmented/documents.parquet"),
    )
    originals = after[after["method"] == "original"].reset_index(drop=True)
    pd.testing.assert_frame_equal(originals, before)
    variants = after[after["method"] != "original"]
    assert len(variants) > 6
    assert {(origin,) for origin in ("d0", "d3")} == set(map(tuple, variants["derived_from"]))
    assert read_card(place / "data/augmented") == CARD


def test_every_variant_asked_for_is_kept_rejected_or_counted_as_impossible(place, capsys):
    main()
    summary = json.loads((place / "reports/augment/summary.json").read_text())
    rejected = read_rejected(place / "data/augmented/rejected.parquet")
    after = read_documents(place / "data/augmented/documents.parquet")
    assert (summary["documents"], summary["augmented_documents"]) == (4, 3)
    for name, said in summary["methods"].items():
        assert said["made"] == said["kept"] + sum(said["rejected"].values())
        assert said["made"] + 2 * said["documents_with_nothing_to_change"] == 6
        assert said["kept"] == sum(after["method"] == name)
        assert sum(said["rejected"].values()) == sum(rejected["method"] == name)
        assert said["documents_with_nothing_to_change"] == 1
        assert 0 < said["mean_share_of_words_changed"] <= 1
    assert rejected["reason"].notna().all()
    assert f"{len(after) - 4} variants of 3 documents by 4 methods, {len(rejected)} rejected" in capsys.readouterr().out


def run_stage_as_program(place, **settings):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **settings}
    command = [sys.executable, "-m", "stages.augment"]
    return subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("name", [*TEXT_METHODS, *TAGGED_METHODS])
@pytest.mark.parametrize("held_out", ["validation", "test"])
def test_no_method_makes_variants_of_published_validation_or_test_rows_or_takes_tokens_from_them(
    place, make_documents, name, held_out
):
    planted = ["Trap", "company", "film", "trapped"]
    tokens = [["Anna", "saw", "a", "film"], ["Bert", "left", "the", "company"], planted]
    tags = [["B-PER", "O", "O", "O"], ["B-PER", "O", "O", "O"], ["B-PER", "I-PER", "O", "O"]]
    tagged = name in TAGGED_METHODS
    columns = {"tokens": tokens, "tags": tags, "label": None} if tagged else {}
    documents = make_documents(
        [" ".join(words) for words in tokens], published_split=["train", None, held_out], **columns
    )
    write_documents(documents, place / "data/clean/documents.parquet")
    task = "token-classification" if tagged else "text-classification"
    write_card(CARD.model_copy(update={"task": task}), place / "data/clean")
    method = {name: {"count": 9, "rate": 0.5}}
    (place / "params.yaml").write_text(yaml.safe_dump({"augment": {"seed": 1, **OFF, **method}}))
    main()
    pool = read_documents(place / "data/augmented/documents.parquet")
    rejected = read_rejected(place / "data/augmented/rejected.parquet")
    made = pd.concat([pool[pool["method"] == name], rejected])
    assert len(made) > 2
    assert not made["derived_from"].map(lambda donors: "d2" in donors).any()
    assert not made["text"].str.contains("trap", case=False).any()
    assert set(made["published_split"].dropna()) <= {"train"}


@pytest.mark.parametrize("held_out", ["validation", "test"])
def test_models_make_no_variants_of_published_validation_or_test_rows_either(place, make_documents, held_out):
    texts = [article("sport", 1), article("tech", 2), article("business", 3) + " Trap."]
    documents = make_documents(texts, published_split=["train", None, held_out])
    write_documents(documents, place / "data/clean/documents.parquet")
    models = place / "models/fetched"
    save_masked_language_model(place / "models/fetched/pretrained")
    save_marian(models / "forward", "en", "es", 1)
    save_marian(models / "backward", "es", "en", 2)
    there, back = {"source": "en", "target": "es"}, {"source": "es", "target": "en"}
    record_roles(models, masked_language_model=None, forward=there, backward=back)
    on = {
        "contextual": SECTION["contextual"] | {"count": 3, "rate": 0.5, "max_length": 32, "threads": 1},
        "back_translation": SECTION["back_translation"] | {"count": 1, "engine": "marian", "threads": 1},
        "gate": {"enabled": True, "similarity": -1.0, "max_length": 32, "threads": 1},
    }
    (place / "params.yaml").write_text(yaml.safe_dump({"augment": {"seed": 1, **OFF, **on}}))
    main()
    pool = read_documents(place / "data/augmented/documents.parquet")
    variants = pool[pool["method"] != "original"]
    assert set(variants["method"]) == {"contextual", "back_translation"}
    assert {tuple(donors) for donors in variants["derived_from"]} == {("d0",), ("d1",)}
    said = json.loads((place / "reports/augment/summary.json").read_text())["methods"]
    assert all(-1 <= method["mean_similarity"] <= 1 for method in said.values())
    first = (place / "data/augmented/documents.parquet").read_bytes()
    main()
    assert (place / "data/augmented/documents.parquet").read_bytes() == first


def test_methods_of_the_other_task_are_passed_over(place):
    main()
    methods = json.loads((place / "reports/augment/summary.json").read_text())["methods"]
    assert list(methods) == list(EDA)
    write_card(CARD.model_copy(update={"task": "token-classification", "language": "de"}), place / "data/clean")
    documents = read_documents(place / "data/clean/documents.parquet")
    documents["tokens"] = documents["text"].str.split()
    documents["tags"] = documents["tokens"].map(lambda tokens: ["O"] * len(tokens))
    write_documents(documents, place / "data/clean/documents.parquet")
    on = {"label_wise_replacement": {"count": 1, "rate": 0.5}}
    (place / "params.yaml").write_text(yaml.safe_dump({"augment": {**PARAMETERS, **on}}))
    main()
    assert list(json.loads((place / "reports/augment/summary.json").read_text())["methods"]) == list(on)


def test_a_mistake_that_a_worker_process_finds_is_one_line_too(place, make_documents):
    write_documents(make_documents(["quick film"] * 1001), place / "data/clean/documents.parquet")
    (place / "models/fetched/lexicon/synonyms.tsv").unlink()
    done = run_stage_as_program(place, PLUMBLINE_WORKERS="2")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "models/fetched/lexicon/synonyms.tsv: there is no such file" in done.stderr


def test_the_same_bytes_for_any_order_number_of_workers_and_hash_seed(place, make_documents):
    texts = [
        f"The quick company number {number} saw a happy film, and the film was truly good." for number in range(1100)
    ]
    write_documents(make_documents(texts), place / "data/clean/documents.parquet")
    made = []
    for hash_seed, workers, order in (("0", "1", 1), ("5", "2", -1)):
        table = pq.read_table(place / "data/clean/documents.parquet")
        pq.write_table(table.take(list(range(len(texts)))[::order]), place / "data/clean/documents.parquet")
        done = run_stage_as_program(place, PYTHONHASHSEED=hash_seed, PLUMBLINE_WORKERS=workers)
        assert done.returncode == 0
        made.append({path.name: path.read_bytes() for path in (place / "data/augmented").iterdir()})
    assert made[0] == made[1]
    assert len(made[0]["documents.parquet"]) > 50_000


def test_with_all_methods_off_the_pool_is_the_corpus(place):
    (place / "params.yaml").write_text(yaml.safe_dump({"augment": {"seed": 1, **OFF}}))
    main()
    clean, pool = (place / f"data/{folder}/documents.parquet" for folder in ("clean", "augmented"))
    assert pool.read_bytes() == clean.read_bytes()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"synonym": {"count": 1, "rate": 1.5}},
            "params.yaml: augment.synonym.rate: input should be less than or equal",
        ),
        ({"swap": {"count": -1, "rate": 0.1}}, "params.yaml: augment.swap.count"),
        ({"synonyms": METHOD}, "augment.synonyms: there is no such key. Did you mean 'synonym'?"),
    ],
)
def test_a_wrong_parameter_is_one_line(place, capsys, change, said):
    (place / "params.yaml").write_text(yaml.safe_dump({"augment": {**PARAMETERS, **change}}))
    assert said in run_and_read_error(capsys)
    assert not (place / "data/augmented").exists()


def test_an_english_lexicon_is_not_used_on_another_language(place, capsys):
    write_card(CARD.model_copy(update={"language": "de"}), place / "data/clean")
    assert "augment.synonym: the lexicon is English, but the documents are in 'de'" in run_and_read_error(capsys)


def of_task(place, task, **columns):
    """Makes the stage's input one of another task."""
    path = place / "data/clean/documents.parquet"
    documents = read_documents(path).drop(columns=["tokens", "tags"])
    write_documents(documents.drop(columns=[] if task == "pairs" else ["label"]).assign(**columns), path)
    write_card(CARD.model_copy(update={"task": task}), place / "data/clean")


def test_pairs_get_no_variants_and_the_summary_says_why(place, capsys):
    of_task(place, "pairs", text_pair=["x", "y", "z", "w"])
    main()
    pool = read_documents(place / "data/augmented/documents.parquet")
    assert pool["method"].eq("original").all()
    assert pool["text_pair"].tolist() == ["x", "y", "z", "w"]
    said = json.loads((place / "reports/augment/summary.json").read_text())
    assert said["methods"] == {}
    assert said["no_variants"] == "in other words, a document of the task pairs may have another label"
    assert "no variants" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("task", "column", "values"),
    [("multi-label", "labels", [["a"], [], ["b"], ["a", "b"]]), ("regression", "value", [1.0, 2.0, 3.0, 4.0])],
)
def test_a_variant_has_the_labels_or_the_number_of_its_origin(place, task, column, values):
    of_task(place, task, **{column: values})
    main()
    pool = read_documents(place / "data/augmented/documents.parquet")
    said = dict(zip(pool["id"], pool[column], strict=True))
    variants = pool[pool["method"].ne("original")]
    assert len(variants) > 6
    assert all(said[variant["derived_from"][0]] == variant[column] for _, variant in variants.iterrows())
