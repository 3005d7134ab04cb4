"""The whole graph under DVC, on a tiny corpus with a tiny encoder."""

import json
import os
import random
import shutil
import signal
import subprocess
from functools import partial
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

from commands.unrecorded import finished_unrecorded, graph
from stages.common.core.outputs import write_json
from stages.common.tasks import TASKS
from tests.corpus import environment, make_repository, make_texts, run, run_until_killed

pytestmark = pytest.mark.slow

FETCH = ["fetch_models@pretrained", "fetch_models@lexicon"]
DATA_STAGES = ["download", "annotate", "clean", "augment", "split"]
COLUMNS = 100  # of a terminal that `dvc metrics` and `dvc exp show` shall fit


def test_a_stage_writes_what_the_graph_declares_and_nothing_else(finished):
    made = {line[3:] for line in (finished.parent / "made.txt").read_text().splitlines() if line[:7] != "!! .dvc"}
    declared = {"dvc.lock"}
    for stage in yaml.safe_load((finished / "dvc.lock").read_text())["stages"].values():
        declared |= {out["path"] for out in stage["outs"]}
    assert {"models/finetuned/model.safetensors", "data/labels.json"} <= made
    for path in made:
        known = any(path.rstrip("/") == out or path.startswith(f"{out}/") for out in declared)
        assert known or path.endswith((".gitignore", "__pycache__/")) or ".pyc" in path, path


def stages_run(done):
    return {line.split("'")[1] for line in done.stdout.splitlines() if line.startswith("Running stage '")}


def output_hashes(folder):
    lock = yaml.safe_load((folder / "dvc.lock").read_text())
    return {out["path"]: out["md5"] for stage in lock["stages"].values() for out in stage["outs"]}


def test_a_second_run_reruns_nothing(repository):
    done = run(repository, "dvc", "repro")
    assert stages_run(done) == set()
    assert "Data and pipelines are up to date." in done.stdout
    assert run(repository, "git", "status", "--porcelain").stdout == ""


def test_every_row_is_accounted_for_from_raw_to_splits(repository):
    ids = {name: set(pq.read_table(repository / f"data/{name}.parquet")["id"].to_pylist()) for name in (
        "raw/documents", "clean/documents", "clean/rejected", "augmented/documents",
        "splits/train", "splits/validation", "splits/test", "splits/rejected",
    )}  # fmt: skip
    assert ids["raw/documents"] == ids["clean/documents"] | ids["clean/rejected"]
    assert not ids["clean/documents"] & ids["clean/rejected"]
    sides = [ids[f"splits/{name}"] for name in ("train", "validation", "test", "rejected")]
    assert set.union(*sides) == ids["augmented/documents"]
    assert sum(map(len, sides)) == len(ids["augmented/documents"])
    assert len(ids["clean/rejected"]) == 12


def test_planted_duplicates_and_variants_of_test_documents_never_reach_training(repository):
    rows = {name: pq.read_table(repository / f"data/splits/{name}.parquet").to_pylist() for name in ("train", "test")}
    held_out = {row["id"] for row in rows["test"]}
    assert any(row["method"] != "original" for row in rows["train"])
    for row in rows["train"]:
        assert not held_out & {row["id"], *row["derived_from"]}
    plain = {name: {row["text"].casefold() for row in rows[name]} for name in rows}
    assert not plain["train"] & plain["test"]


def test_a_fresh_clone_makes_the_same_bytes(finished, tmp_path):
    run(tmp_path, "git", "clone", "--quiet", str(finished), "clone")
    clone = tmp_path / "clone"
    done = run(clone, "dvc", "repro", PYTHONHASHSEED="77")
    assert stages_run(done) >= {*DATA_STAGES, *FETCH, "audit", "finetune", "evaluate"}
    assert output_hashes(clone)["models/finetuned"] == output_hashes(finished)["models/finetuned"]
    changed = run(clone, "git", "status", "--porcelain").stdout.splitlines()
    assert {line[3:] for line in changed} <= {
        "dvc.lock",
        "reports/finetune/environment.json",
        "reports/evaluate/cost.json",
        "reports/explain/cost.json",
    }
    made, before = output_hashes(clone), output_hashes(finished)
    assert {path: made[path] for path in before if path.startswith("data/")} == {
        path: md5 for path, md5 in before.items() if path.startswith("data/")
    }


@pytest.mark.parametrize("workers", ["1", "2"])
def test_order_hash_seed_and_workers_change_no_byte_of_the_data(tmp_path, workers):
    """Runs the data stages one by one, shuffling the rows of each stage's input before the next one reads it."""
    folder = make_repository(tmp_path / "repository", per_topic=450)
    run(folder, "python", "-m", "stages.fetch_models", "lexicon")
    for stage in DATA_STAGES:
        run(folder, "python", "-m", f"stages.{stage}", PYTHONHASHSEED="0", PLUMBLINE_WORKERS="1")
    places = ("raw", "clean", "augmented", "splits")
    before = {path: path.read_bytes() for place in places for path in (folder / "data" / place).iterdir()}
    shuffled = random.Random(3)
    for stage in DATA_STAGES:
        for place in places:
            table = folder / "data" / place / "documents.parquet"
            if table.exists():
                rows = pq.read_table(table)
                pq.write_table(rows.take(shuffled.sample(range(len(rows)), len(rows))), table)
        run(folder, "python", "-m", f"stages.{stage}", PYTHONHASHSEED="123", PLUMBLINE_WORKERS=workers)
        made = {path: path.read_bytes() for path in before if path.exists()}
        wrong = [path for path in made if stage_of(path) == stage and made[path] != before[path]]
        assert not wrong
        for path in made:
            if stage_of(path) == stage:
                path.write_bytes(before[path])


def stage_of(path):
    return {"raw": "download", "clean": "clean", "augmented": "augment", "splits": "split"}[path.parent.name]


def test_experiments_rerun_only_what_they_must_and_compare_by_validation_metrics(repository):
    done = run(repository, "dvc", "exp", "run", "--name", "plain", "-S", "split.augmented=0.0")
    assert stages_run(done) == {"split", "audit", "finetune", "evaluate", "explain", "probe", "export", "report"}
    said = run(repository, "python", "-m", "commands.compare", "plain", "HEAD").stdout
    assert "a: plain" in said and "McNemar's test" in said
    shown = run(repository, "dvc", "exp", "show", "--only-changed", "--drop", "Created|.*/.*").stdout
    assert "val.loss" in shown and "plain" in shown and "split.augmented" in shown
    changes = run(repository, "dvc", "metrics", "diff").stdout
    assert "val.loss" in changes
    assert widest(shown) <= COLUMNS and widest(changes) <= COLUMNS


def widest(printed):
    return max(map(len, printed.splitlines()))


def test_reviewers_can_read_metrics_plots_and_dag(repository):
    shown = json.loads(run(repository, "dvc", "metrics", "show", "--json").stdout)[""]["data"]
    metrics, summary = (
        json.loads((repository / f"reports/{name}.json").read_text())
        for name in ("evaluate/metrics", "finetune/summary")
    )
    test, validation = (shown.pop(f"reports/{stage}/headline.json")["data"] for stage in ("evaluate", "finetune"))
    assert not shown
    assert test == {"test": {"macro_f1": metrics["encoder"]["macro_f1"]["value"]}}
    assert validation == {"val": {name: summary["validation"][name] for name in ("macro_f1", "loss")}}
    run(repository, "dvc", "plots", "show", "--out", "dvc_plots")
    drawn = (repository / "dvc_plots" / "index.html").read_text()
    titles = "train_loss validation_macro_f1 Confusion_matrix_on_the_test_split F1_per_class Calibration ROC_curves"
    for title in titles.split():
        assert title in drawn
    for stage in (*DATA_STAGES, "audit", "finetune", "evaluate", "report"):
        assert stage in run(repository, "dvc", "dag", "--dot").stdout


def test_metrics_of_any_task_fit_a_terminal(repository):
    for task in TASKS.values():
        val, test = (dict.fromkeys(names, -0.123456789) for names in ((task.headline, "loss"), (task.headline,)))
        write_json(repository / "reports/finetune/headline.json", {"val": val})
        write_json(repository / "reports/evaluate/headline.json", {"test": test})
        assert widest(run(repository, "dvc", "metrics", "show").stdout) <= COLUMNS


def test_the_curves_of_tagged_sentences_are_drawn_where_other_lists_are_empty(repository):
    curves = repository / "reports/finetune/live/plots/metrics/validation"
    (curves / "macro_f1.tsv").rename(curves / "span_f1.tsv")
    for path in repository.glob("reports/evaluate/*.csv"):  # a list to which nothing belongs has its header alone
        path.write_text(path.read_text().splitlines()[0] + "\n")
    run(repository, "dvc", "plots", "show", "--out", "dvc_plots")
    assert "validation_span_f1" in (repository / "dvc_plots" / "index.html").read_text()


def test_the_model_is_an_artifact_that_can_be_tagged_and_got(repository, tmp_path):
    run(repository, "gto", "register", "classifier", "--version", "v0.1.0")
    run(tmp_path, "dvc", "artifacts", "get", str(repository), "classifier", "--out", "got")
    assert (tmp_path / "got" / "model.safetensors").read_bytes() == (
        repository / "models" / "finetuned" / "model.safetensors"
    ).read_bytes()


def test_each_stage_leaves_a_record_that_it_has_finished(finished, monkeypatch):
    """Where DVC had written none of them down, not one would run again."""
    monkeypatch.chdir(finished)
    assert finished_unrecorded(0) == list(graph())
    assert finished_unrecorded(Path("dvc.lock").stat().st_mtime_ns) == []


@pytest.mark.parametrize("where", ["random", "open dvc.lock 6 0.5", "open rwlock 9 0"])
def test_a_killed_run_leaves_nothing_half_written_and_the_next_one_finishes(repository, where):
    """Kills DVC and every process below it with SIGKILL, at any moment or in one in which DVC itself writes."""
    before = output_hashes(repository)
    for place in ("data", "models"):
        shutil.rmtree(repository / place)
    shutil.rmtree(repository / ".dvc" / "cache")
    if where == "random":
        kill_at_random(repository)
    else:
        run_until_killed(repository, where, "dvc", "repro")
    for path in before:
        whole = repository / path
        if whole.is_dir():
            assert not any(name.name.endswith(".partial") for name in whole.rglob("*"))
    run(repository, "python", "-m", "commands.mend")
    run(repository, "dvc", "repro")
    after = output_hashes(repository)
    assert {path: after[path] for path in before if path.startswith(("data", "models"))} == {
        path: before[path] for path in before if path.startswith(("data", "models"))
    }
    assert not list(repository.glob("*/.*.partial"))


def kill_at_random(repository):
    """Kills `dvc repro` after some seconds; on a fast machine it may have ended."""
    with subprocess.Popen(
        ["dvc", "repro"], cwd=repository, env=environment(), start_new_session=True, stdout=subprocess.DEVNULL
    ) as process:
        try:
            process.wait(random.Random().uniform(1, 25))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize("stage", ["clean", "augment", "split"])
def test_a_stage_killed_while_it_writes_leaves_the_old_outputs(repository, stage):
    target = {"clean": "clean", "augment": "augmented", "split": "splits"}[stage]
    folder = repository / "data" / target
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    killed = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    code = (
        "import stages.common.core.outputs as o, runpy\n"
        f"o._flush = lambda path: exec({killed!r})\n"
        f"runpy.run_module('stages.{stage}', run_name='__main__')"
    )
    done = run(repository, "python", "-c", code, check=False)
    assert done.returncode == -signal.SIGKILL
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    run(repository, "python", "-m", f"stages.{stage}")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize(
    ("stage", "change", "said"),
    [
        ("download", {"dataset": "bbc"}, "catalog/datasets has no entry 'bbc'"),
        ("split", {"split": {"seeds": 1}}, "split.seeds: there is no such key. Did you mean 'seed'?"),
        ("split", {"split": {"validation": 0.6, "test": 0.6}}, "split"),
        ("finetune", {"finetune": {"epochs": 0}}, "finetune.epochs"),
        ("evaluate", {"evaluate": {"bootstrap_sample": 1}}, "Did you mean 'bootstrap_samples'?"),
    ],
)
def test_a_wrong_parameter_is_one_line_and_exit_code_1(repository, stage, change, said):
    params = yaml.safe_load((repository / "params.yaml").read_text())
    for section, values in change.items():
        params[section] = {**params[section], **values} if isinstance(values, dict) else values
    (repository / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    done = run(repository, "./py", "-m", f"stages.{stage}", check=False)
    assert done.returncode == 1
    assert said in done.stderr
    assert len([line for line in done.stderr.splitlines() if line.strip()]) == 1


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_a_file_never_seen_goes_from_describe_to_a_metric_with_only_its_card_edited(repository, suffix):
    texts = make_texts(30)
    rows = pd.DataFrame({"topic": [name.split("/")[0] for name, _ in texts], "body": [text for _, text in texts]})
    path = repository / f"mine.{suffix}"
    write = {"csv": partial(rows.to_csv, index=False), "parquet": rows.to_parquet}
    write.get(suffix, partial(rows.to_json, orient="records", lines=True))(path)
    card = run(repository, "python", "-m", "commands.describe", path.name).stdout
    assert "EDIT" in card
    (repository / "catalog/datasets/mine.yaml").write_text(card.replace("EDIT", "edited"))
    run(repository, "dvc", "exp", "run", "-S", "dataset=mine", "evaluate")
    metrics = json.loads((repository / "reports/evaluate/metrics.json").read_text())
    assert metrics["encoder"]["accuracy"]["low"] <= metrics["encoder"]["accuracy"]["value"]
