"""A model is traced from raw file to metric: in its repository, at another revision, and packed on its own."""

import json
import shutil
import subprocess

import pandas as pd
import yaml

from tests.corpus import commit, environment, run


def trace(folder, *arguments, **more):
    return run(folder, "python", "-m", "commands.trace", *arguments, check=False, **more)


def assert_whole_chain(folder, said):
    lock = yaml.safe_load((folder / "dvc.lock").read_text())["stages"]
    for path in ("data/raw", "data/clean", "data/augmented", "data/splits", "data/audited", "models/finetuned"):
        md5 = next(out["md5"] for stage in lock.values() for out in stage["outs"] if out["path"] == path)
        assert f"made  {path}  {md5}" in said
    for entry in ("datasets/tiny", "models/tiny", "lexicons/wordnet"):
        content = yaml.safe_load((folder / f"catalog/{entry}.yaml").read_text())
        file = content["files"][0] if "files" in content else content["archive"]
        assert f"raw file  {file['name']}  sha256:{file['sha256']}" in said
    assert "each stage read what the stages before it made\n" in said
    accuracy = json.loads((folder / "reports/evaluate/metrics.json").read_text())["encoder"]["accuracy"]["value"]
    assert f"metric  encoder.accuracy  {accuracy:.4f}" in said
    assert "machine  Linux" in said


def test_the_chain_names_every_hash_from_raw_file_to_metric(repository):
    done = trace(repository, "models/finetuned")
    assert done.returncode == 0
    assert_whole_chain(repository, done.stdout)


def test_a_model_of_an_earlier_commit_is_found_in_history(repository, tmp_path):
    alone = shutil.copytree(repository / "models/finetuned", tmp_path / "alone")
    made = run(repository, "git", "log", "--format=%H", "-1", "--", "dvc.lock").stdout.strip()
    whole = (repository / "dvc.lock").read_text()
    (repository / "dvc.lock").write_text(whole.partition("  finetune:")[0])
    commit(repository, "a later state without this model")
    done = trace(repository, str(alone))
    (repository / "dvc.lock").write_text(whole)
    assert f"from the run of {made}" in done.stdout
    assert_whole_chain(repository, done.stdout)


def test_a_packed_model_is_traced_without_its_repository(repository, tmp_path):
    assert trace(repository, "models/finetuned", "--pack", str(tmp_path / "packed")).returncode == 0
    command = ["python", "-m", "commands.trace", "packed"]
    elsewhere = environment(PYTHONPATH=str(repository))
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=elsewhere)
    assert done.returncode == 0, done.stderr
    assert_whole_chain(repository, done.stdout)
    for name in ("dvc.lock", "dvc.yaml", "params.yaml", "requirements.txt", "reports/finetune/environment.json"):
        assert (tmp_path / "packed/run" / name).read_text() == (repository / name).read_text()
    predict = ["python", "-m", "commands.predict", "--model", "packed", "--threads", "1"]
    said = subprocess.run(predict, cwd=tmp_path, input="oven\n", capture_output=True, text=True, env=elsewhere)
    assert json.loads(said.stdout)["label"]
    (tmp_path / "packed/config.json").write_text("{}")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=elsewhere)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "was changed after it was packed" in done.stderr


def test_a_folder_that_is_not_there_or_no_model_is_one_line(repository):
    (repository / "alone").mkdir()
    for folder, said in (("absent", "absent: there is no such folder"), ("alone", "names these bytes")):
        done = trace(repository, folder)
        assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
        assert said in done.stderr


def test_a_row_is_followed_from_its_file_to_its_answer(repository):
    tested = pd.read_parquet(repository / "data/predictions.parquet").iloc[0]
    said = trace(repository, "--row", tested["id"]).stdout
    assert said.splitlines()[0] == f"{tested['id']}: tiny.zip: texts/{tested['id']}.txt"
    assert "data/splits/test.parquet: label " in said
    assert f"data/predictions.parquet: label {tested['label']}, predicted {tested['predicted']}" in said
    done = trace(repository, "--row", "nobody")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
