"""Each way in which a run can fail its claim is told apart and named."""

import json
import shutil
from hashlib import sha256
from pathlib import Path

import pytest
import yaml

from commands.claims import Claim, Estimate
from commands.examination import Verdict, compare_metrics
from tests.corpus import commit, run

FETCHED = ("fetch_models@pretrained", "fetch_models@lexicon", "fetch_optional_models")
DATA_STAGES = ("download", *FETCHED, "clean", "augment", "split")


def verify(folder, *arguments):
    done = run(folder, "python", "-m", "commands.verify", *arguments, check=False)
    return done.returncode, done.stdout, done.stderr


def against(folder, name="default"):
    verdict = json.loads((folder / f"reports/verify/{name}.json").read_text())
    return {finding["what"]: finding["says"] for finding in verdict["findings"] if finding["outcome"] == "against"}


def change_claim(folder, change):
    path = folder / "claims/default.yaml"
    claim = yaml.safe_load(path.read_text())
    change(claim)
    path.write_text(yaml.safe_dump(claim, sort_keys=False))


def change_params(folder, section, **values):
    params = yaml.safe_load((folder / "params.yaml").read_text())
    params[section] |= values
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))


def test_the_run_that_was_claimed_is_confirmed_in_words_in_json_and_on_a_page(repository):
    code, said, _ = verify(repository)
    assert code == 0
    assert "verdict the claim holds" in said
    verdict = json.loads((repository / "reports/verify/default.json").read_text())
    assert verdict["holds"] and {finding["outcome"] for finding in verdict["findings"]} == {"holds"}
    assert "the claim holds" in (repository / "reports/verify/default.html").read_text()
    assert run(repository, "git", "status", "--porcelain").stdout == ""


def test_every_number_of_a_claim_is_that_of_the_run(repository):
    claim = yaml.safe_load((repository / "claims/default.yaml").read_text())
    metrics = json.loads((repository / "reports/evaluate/metrics.json").read_text())
    lock = yaml.safe_load((repository / "dvc.lock").read_text())["stages"]
    for classifier in ("encoder", "baseline"):
        for metric in ("accuracy", "macro_f1"):
            assert claim["figures"][f"{classifier}.{metric}"] == metrics[classifier][metric]
    assert claim["weights"] == sha256((repository / "models/finetuned/model.safetensors").read_bytes()).hexdigest()
    for stage in DATA_STAGES:
        made = {out["path"]: out["md5"] for out in lock[stage]["outs"]}
        for path, md5 in claim["outputs"][stage].items():
            assert made[path] == md5
    assert claim["revision"] == run(repository, "git", "rev-parse", "HEAD~1").stdout.strip()


def test_a_claim_needs_a_finished_run_and_committed_code(repository):
    change_params(repository, "evaluate", seed=5)
    done = run(repository, "python", "-m", "commands.claim", check=False)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "the run is not finished; changed since: evaluate" in done.stderr
    (repository / "stages/report/excerpts.py").write_text("")
    done = run(repository, "python", "-m", "commands.claim", check=False)
    assert "changed since the last commit" in done.stderr


def test_a_claim_that_was_changed_by_hand_is_named(repository):
    change_claim(repository, lambda claim: claim["figures"]["encoder.accuracy"].update(value=0.99, high=1.0))
    code, _, said = verify(repository)
    assert code == 1
    assert "not confirmed: default (tampered claim" in said
    assert (
        "claims/default.yaml was changed after it was made" in (repository / "reports/verify/default.html").read_text()
    )


def test_a_false_metric_under_a_fitting_digest_is_named(repository):
    def change(claim):
        claim["figures"]["encoder.accuracy"]["value"] += 0.01
        claim["digest"] = Claim.model_validate(claim).true_digest

    change_claim(repository, change)
    assert verify(repository)[0] == 1
    found = against(repository)
    assert list(found) == ["tampered claim"]
    assert "the same code, data and weights give encoder.accuracy" in found["tampered claim"]


def test_a_changed_data_file_is_named(repository):
    with (repository / "data/splits/test.parquet").open("ab") as file:
        file.write(b"x")
    code, _, said = verify(repository)
    assert (code, len(said.splitlines())) == (1, 1)
    found = against(repository)
    assert found["changed file"] == "data/splits/test.parquet changed after split made it"
    assert found["other data"].startswith("other bytes from the stage split on: data/splits")


def test_a_changed_rule_is_named_with_the_stage_from_which_on_data_differ(repository):
    change_params(repository, "clean", stop_words=True)
    run(repository, "dvc", "repro", "split")
    assert verify(repository)[0] == 1
    found = against(repository)
    assert found["other parameters"] == "clean.stop_words is True, claimed with False"
    other, _, same = found["other data"].partition("; the same: ")
    assert other == "other bytes from the stage clean on: data/clean, data/augmented, data/splits"
    assert set(same.split(", ")) == {"download", "annotate", *FETCHED}
    assert "changed file" not in found


def test_another_seed_is_named_and_other_weights_alone_refute_nothing(repository):
    run(repository, "dvc", "exp", "run", "-S", "finetune.seed=7", "evaluate")
    code, said, _ = verify(repository)
    assert code == 1
    assert against(repository)["another seed"] == "finetune.seed is 7, claimed with 1"
    assert "note    weights: other bytes than the claimed ones" in said
    assert "holds   data: the outputs of" in said


def test_a_claim_is_rerun_in_a_clean_clone_at_its_own_revision(repository):
    change_params(repository, "clean", stop_words=True)  # not committed, and so no part of the clone
    code, said, _ = verify(repository, "all")
    assert code == 0, said
    for line in ("Running stage 'download'", "Running stage 'finetune'", "holds   data: ", "holds   weights: "):
        assert line in said
    assert "verdict the claim holds" in said


def test_todays_code_is_tried_at_head_and_what_changed_in_it_is_named(repository):
    path = repository / "stages/common/text_rules/characters.py"
    other = "\n\ndef plain_spaces(texts: pd.Series) -> pd.Series:\n    return texts.str.strip()\n"
    path.write_text(path.read_text() + other)
    commit(repository, "another rule")
    code, said, _ = verify(repository, "default", "--at", "HEAD")
    assert code == 1
    assert "note    code: other than at" in said and "stages/common/text_rules/characters.py" in said
    assert against(repository)["other data"].startswith("other bytes from the stage clean on: data/clean")


def test_a_source_that_is_no_longer_what_it_was_fails_by_name(repository):
    entry = yaml.safe_load((repository / "catalog/datasets/tiny.yaml").read_text())
    source = Path(entry["files"][0]["sources"][0]["url"])
    content = source.read_bytes()
    try:
        source.write_bytes(content + b"x")
        code, said, _ = verify(repository, "default")
    finally:
        source.write_bytes(content)
    assert code == 1
    assert "against failed run: the stage download failed: " in said


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda claim: claim.pop("figures"), "claims/default.yaml.figures: is missing."),
        (lambda claim: claim.update(revision="main"), "claims/default.yaml.revision"),
        (lambda claim: claim["figures"]["encoder.accuracy"].pop("low"), "figures.encoder.accuracy.low: is missing."),
        (lambda claim: claim.update(documens=1), "there is no such key. Did you mean 'documents'?"),
    ],
)
def test_a_claim_with_a_missing_or_wrong_field_is_one_line(repository, change, said):
    change_claim(repository, change)
    code, _, error = verify(repository)
    assert (code, len(error.splitlines())) == (1, 1)
    assert said in error


def test_a_claim_or_revision_that_is_not_there_is_one_line(repository):
    code, _, said = verify(repository, "defualt")
    assert (code, len(said.splitlines())) == (1, 1)
    assert "Did you mean 'default'?" in said
    change_claim(repository, lambda claim: claim.update(revision="0" * 40))
    code, _, said = verify(repository, "default")
    assert (code, len(said.splitlines())) == (1, 1)
    assert "this clone does not have the revision" in said


def test_without_a_run_in_the_working_tree_that_is_said(repository):
    shutil.rmtree(repository / "data/splits")
    code, _, said = verify(repository)
    assert (code, len(said.splitlines())) == (1, 1)
    assert "data/splits: there is no such folder" in said


@pytest.mark.parametrize(("value", "what"), [(0.84, "metric outside"), (0.86, None), (0.951, "metric outside")])
def test_a_metric_of_another_machine_may_lie_anywhere_in_the_interval_and_nowhere_else(value, what):
    estimate = Estimate(value=0.9, low=0.85, high=0.95)
    claim = Claim.model_construct(metrics={"encoder.accuracy": estimate})
    verdict = Verdict("r8", claim, "a test")
    compare_metrics(verdict, {"encoder.accuracy": {"value": value, "low": 0.0, "high": 1.0}}, exact=False)
    assert verdict.against == ([what] if what else [])
