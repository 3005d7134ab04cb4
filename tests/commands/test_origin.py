"""The run that a model comes from is found, and one whose stages do not fit together is told from one that is whole."""

import shutil

import pytest
import yaml

from commands import trace
from commands.lock import in_order, leading_to, stages_of
from commands.origin import origin_of
from stages.common.core.hashes import directory_hash, hash_inside, list_folder
from stages.common.core.messages import UserError
from tests.commands.recorded import STAGES, make_recorded, record
from tests.corpus import commit, run


@pytest.fixture
def repository(tmp_path, monkeypatch):
    place = make_recorded(tmp_path / "repository")
    monkeypatch.chdir(place)
    return place


def printed(folder, capsys):
    trace.main(folder, None)
    return capsys.readouterr().out


def test_stages_come_in_the_order_in_which_they_read_each_other_also_those_of_several_roles(repository):
    lock = yaml.safe_load((repository / "dvc.lock").read_text())
    turned = yaml.safe_dump({"stages": dict(reversed(lock["stages"].items()))}, sort_keys=False)
    stages = stages_of(turned, "dvc.lock")
    order = in_order(stages)
    for earlier, later in (("download", "clean"), ("audit", "finetune"), ("fetch_models@pretrained", "finetune")):
        assert order.index(earlier) < order.index(later)
    assert set(leading_to(stages, "data/splits")) == set(STAGES) - {"audit", "finetune", "evaluate"}


def test_a_chain_has_every_stage_that_led_to_the_model_and_what_each_made(repository, capsys):
    said = printed(repository / "models/finetuned", capsys)
    for name in STAGES:
        assert f"\n{name}\n" in said
    for path in ("data/raw", "models/fetched/lexicon", "data/audited", "models/finetuned", "reports/evaluate"):
        assert f"  made  {path}  {directory_hash(repository / path)}" in said
    assert "raw file  tiny.zip  sha256:00ff" in said and "raw file  encoder.zip  sha256:11ee" in said
    assert '  with  clean: {"lowercase": false}' in said
    assert "each stage read what the stages before it made\n" in said
    assert "metric  encoder.accuracy  0.9000 (0.8000 to 1.0000)" in said
    assert "AMD EPYC, AVX2, cpu, fp32, 2 threads" in said


def test_a_stage_that_dvc_still_remembers_but_the_graph_has_no_more_is_left_out(repository, capsys):
    lock = yaml.safe_load((repository / "dvc.lock").read_text())
    deps = [{"path": "models/finetuned", "md5": directory_hash(repository / "models/finetuned")}]
    lock["stages"]["distil"] = {"deps": deps, "outs": [{"path": "models/distilled", "md5": "0" * 32}]}
    (repository / "dvc.lock").write_text(yaml.safe_dump(lock, sort_keys=False))
    assert "distil" not in printed(repository / "models/finetuned", capsys)


@pytest.mark.parametrize(
    ("rerun", "said"),
    [
        (("download", "clean"), "augment read data/clean (OLD), but clean made NEW"),
        (("split",), "audit read data/splits (OLD), but split made NEW"),
        (("audit",), "finetune read data/audited/train.parquet (OLD), but audit made NEW"),
        (
            ("fetch_models@pretrained",),
            "augment read models/fetched/pretrained (OLD), but fetch_models@",
        ),
    ],
)
def test_a_lock_that_joins_two_runs_is_refused_and_the_link_that_does_not_agree_is_named(
    tmp_path, monkeypatch, capsys, rerun, said
):
    place = make_recorded(tmp_path / "repository")
    monkeypatch.chdir(place)
    path = said.split()[2]
    old = hash_of(place / path)
    record(place, "another", rerun)
    run(place, "git", "add", "--all")
    run(place, "git", "commit", "--quiet", "--amend", "--message", "two runs in one lock, and no other is known")
    with pytest.raises(UserError, match=r"dvc.lock of .* joins different runs"):
        trace.main(place / "models/finetuned", None)
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("does not agree: ")]
    expected = said.replace("OLD", old).replace("NEW", hash_of(place / path))
    assert any(line.startswith(f"does not agree: {expected}") for line in lines)
    with pytest.raises(UserError, match="joins different runs"):
        trace.main(place / "models/finetuned", tmp_path / "packed")
    assert not (tmp_path / "packed").exists()


def hash_of(path):
    folder = path if path.is_dir() else path.parent
    return directory_hash(path) if path.is_dir() else hash_inside(list_folder(folder), path.name)


def test_the_models_own_run_is_found_in_history_when_the_working_trees_lock_joins_two(repository, capsys):
    whole = run(repository, "git", "rev-parse", "HEAD").stdout.strip()
    shutil.copytree(repository / "data/audited", repository / ".kept")
    record(repository, "another", ("clean",))
    assert origin_of(repository / "models/finetuned").revision == whole
    record(repository, "another", ("audit",))  # the folder is another now, and no cache holds the old one
    said = printed(repository / "models/finetuned", capsys)
    assert f"from the run of {whole}" in said
    assert "not compared: finetune read data/audited/train.parquet" in said
    assert "as far as compared" in said


def test_a_model_that_was_not_tested_yet_has_no_metrics(repository, capsys):
    record(repository, "another", ("finetune",))
    said = printed(repository / "models/finetuned", capsys)
    assert "from the run of the working tree" in said
    assert said.endswith("no metrics yet\n")
    assert "\nevaluate\n" not in said


def test_records_that_are_not_those_of_the_run_are_told(repository, capsys):
    path = repository / "reports/finetune/environment.json"
    path.write_text(path.read_text().replace("AMD EPYC", "Intel"))
    said = printed(repository / "models/finetuned", capsys)
    assert "not compared: reports/finetune/environment.json; the files of reports/finetune as finetune made it" in said
    assert "as far as compared" in said


def test_a_repository_inside_a_larger_git_repository(tmp_path, monkeypatch, capsys):
    place = make_recorded(tmp_path / "larger", "projects/plumbline")
    monkeypatch.chdir(place)
    alone = shutil.copytree(place / "models/finetuned", tmp_path / "alone")
    made = run(place, "git", "rev-parse", "HEAD").stdout.strip()
    assert f"from the run of {made}" in printed(alone, capsys)
    record(place, "another")
    commit(place, "a later run")
    said = printed(alone, capsys)
    assert f"from the run of {made}" in said and "metric  encoder.accuracy" in said


def test_a_packed_model_is_traced_by_what_lies_beside_it(repository, tmp_path, monkeypatch, capsys):
    trace.main(repository / "models/finetuned", tmp_path / "packed")
    capsys.readouterr()
    shutil.rmtree(repository)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    said = printed(tmp_path / "packed", capsys)
    for name in STAGES:
        assert f"\n{name}\n" in said
    assert "each stage read what the stages before it made\n" in said
    assert "raw file  tiny.zip  sha256:00ff" in said
    (tmp_path / "packed/model.safetensors").write_text("other")
    with pytest.raises(UserError, match="was changed after it was packed"):
        trace.main(tmp_path / "packed", None)


def test_a_model_that_nobody_knows_is_refused(tmp_path, monkeypatch):
    (tmp_path / "model").mkdir()
    (tmp_path / "model/model.safetensors").write_text("unknown")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"no dvc.lock of this repository, at any revision, names these bytes"):
        origin_of(tmp_path / "model")
    with pytest.raises(UserError, match="there is no such folder"):
        origin_of(tmp_path / "absent")
