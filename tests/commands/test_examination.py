"""What of a run is compared with a claim: every output that the claim names, wherever it lies now."""

import pytest
import yaml

from commands.claims import Claim, Estimate, Paths, claim_names, metrics_of, read_claim, read_paths, weights_hash
from commands.examination import (
    Verdict,
    compare_machines,
    compare_metrics,
    compare_outputs,
    compare_weights,
    examine,
    nearly_equal,
)
from commands.records import cached_outputs, read_lock
from stages.common.core.validation import read_yaml
from tests.commands.recorded import ENVIRONMENT, METRICS, PARAMS, make_recorded, record
from tests.corpus import commit, run
from tests.imports import ROOT

NOTHING = Paths(moved={}, dropped={})


@pytest.fixture
def repository(tmp_path, monkeypatch):
    place = make_recorded(tmp_path / "repository")
    (place / "claims").mkdir()
    (place / "claims/paths.yaml").write_text((ROOT / "claims/paths.yaml").read_text())
    commit(place, "what became of outputs")
    monkeypatch.chdir(place)
    return place


def claim_of(place, **changes):
    outputs = {stage: outs for stage, outs in cached_outputs(read_lock(place)).items() if outs}
    content = {
        "dataset": "tiny",
        "model": "tiny",
        "revision": run(place, "git", "rev-parse", "HEAD").stdout.strip(),
        "date": "2026-11-22",
        "parameters": {},
        "seeds": {"finetune": 1},
        "confidence": 0.95,
        "documents": 9,
        "figures": metrics_of(METRICS),
        "tokens_trained": {"real": 1, "computed": 2},
        "machine": ENVIRONMENT,
        "outputs": outputs,
        "weights": weights_hash(place / "models/finetuned"),
        **changes,
    }
    claim = Claim.model_validate({**content, "digest": ""})
    return claim.model_copy(update={"digest": claim.true_digest})


def against(verdict):
    return {finding.what: finding.says for finding in verdict.findings if finding.outcome == "against"}


def said(verdict, what):
    return next(finding for finding in verdict.findings if finding.what == what)


def test_a_run_holds_against_its_own_claim_and_nothing_is_left_out(repository):
    claim = claim_of(repository)
    verdict = examine("default", claim, repository, "a test")
    assert {finding.outcome for finding in verdict.findings} == {"holds"}, verdict.text()
    assert said(verdict, "data").says == (
        "the outputs of download, fetch_models@pretrained, fetch_models@lexicon, clean, augment, split are the claimed "
        "bytes"
    )


def test_the_committed_claims_can_be_read_and_none_was_changed_by_hand(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert "default" in claim_names() and "paths" not in claim_names()
    for name in claim_names():
        claim = read_claim(name)
        assert claim.digest == claim.true_digest
        assert claim.content == read_yaml(ROOT / f"claims/{name}.yaml")


def test_every_output_of_the_committed_claims_has_a_place_in_todays_graph_or_a_reason_why_not(monkeypatch):
    monkeypatch.chdir(ROOT)
    graph, paths = read_yaml(ROOT / "dvc.yaml")["stages"], read_paths()
    outs = []
    for stage in graph.values():
        for out in stage.get("do", stage)["outs"]:
            path = out if isinstance(out, str) else next(iter(out))
            outs += [path.replace("${key}", str(key)) for key in stage.get("foreach", [None])]
    for name in claim_names():
        for made in read_claim(name).outputs.values():
            for path in made:
                assert path in paths.dropped or paths.moved.get(path, path) in outs, path
    assert set(paths.moved.values()) <= set(outs)
    assert not set(paths.dropped) & set(outs)


def test_an_output_that_moved_is_compared_where_it_lies_now(repository):
    claim = claim_of(repository)
    moved = {"models/pretrained": "models/fetched/pretrained", "data/lexicon": "models/fetched/lexicon"}
    outputs = {stage: dict(made) for stage, made in claim.outputs.items()}
    outputs["fetch_model"] = {"models/pretrained": outputs.pop("fetch_models@pretrained")["models/fetched/pretrained"]}
    outputs["fetch_lexicon"] = {"data/lexicon": outputs.pop("fetch_models@lexicon")["models/fetched/lexicon"]}
    older = claim_of(repository, outputs=outputs)
    assert not examine("default", older, repository, "a test").against
    for paths, expected in ((NOTHING, {"missing output"}), (Paths(moved=moved, dropped={}), set())):
        verdict = Verdict("default", older, "a test")
        compare_outputs(verdict, read_lock(), paths, repository)
        assert set(against(verdict)) == expected
    outputs["fetch_model"]["models/pretrained"] = "0" * 32
    verdict = examine("default", claim_of(repository, outputs=outputs), repository, "a test")
    assert against(verdict)["other data"].startswith(
        "other bytes from the stage fetch_models@pretrained on: models/fetched/pretrained; the same: download"
    )


def test_a_claimed_output_without_a_counterpart_speaks_against_the_claim_unless_it_was_dropped(repository):
    text = (repository / "dvc.lock").read_text()
    claim = claim_of(repository)
    (repository / "dvc.lock").write_text(text.replace("data/clean", "data/cleaned"))
    (repository / "data/clean").rename(repository / "data/cleaned")
    verdict = examine("default", claim, repository, "a test")
    assert not verdict.holds
    assert against(verdict)["missing output"] == "no stage of this run makes data/clean, which the claim names"
    verdict = Verdict("default", claim, "a test")
    compare_outputs(verdict, read_lock(), Paths(moved={}, dropped={"data/clean": "nobody reads it"}), repository)
    assert verdict.holds
    assert said(verdict, "output").says == "data/clean is not compared: nobody reads it"


def test_a_claim_that_names_no_data_is_not_confirmed_by_comparing_nothing(repository):
    model = {"finetune": claim_of(repository).outputs["finetune"]}
    for outputs in ({}, model):
        verdict = examine("default", claim_of(repository, outputs=outputs), repository, "a test")
        assert against(verdict) == {"missing output": "the claim names no output of a data stage"}


def test_what_a_model_made_may_differ_and_is_noted(repository):
    claim = claim_of(repository)
    record(repository, "another", ("audit", "finetune", "evaluate"))
    verdict = examine("default", claim, repository, "a test")
    assert verdict.holds
    assert said(verdict, "outputs of a model").says == "other bytes than the claimed ones: data/audited"
    assert said(verdict, "weights").says == "other bytes than the claimed ones"


def test_weights_are_compared_by_themselves_where_the_claim_has_their_hash(repository):
    new, old = claim_of(repository), claim_of(repository, weights=None)
    assert "weights" not in old.content
    (repository / "models/finetuned/inference.json").write_text("{}")
    outcomes = []
    for claim in (new, old):
        verdict = Verdict("default", claim, "a test")
        outcomes.append((compare_weights(verdict, repository), said(verdict, "weights").outcome))
    assert outcomes == [(True, "holds"), (False, "note")]
    assert "cannot be compared" in said(verdict, "weights").says


@pytest.mark.parametrize(
    ("value", "high", "outcome"),
    [
        (0.12600687067298635, 0.1981832494936791, "metric"),
        (0.12600687067298635 * (1 + 2e-6), 0.1981832494936791 * (1 - 2e-6), "metric"),  # another kernel's last digits
        (0.12600687067298635 * (1 + 1e-4), 0.1981832494936791, "tampered claim"),
        (0.12600687067298635, 0.1981832494936791 * (1 + 1e-4), "tampered claim"),
    ],
)
def test_the_same_weights_may_give_other_last_digits_and_no_more(value, high, outcome):
    claimed = Estimate(value=0.12600687067298635, low=0.06, high=0.1981832494936791)
    claim = Claim.model_construct(metrics={"calibration.log_loss": claimed})
    verdict = Verdict("default", claim, "a test")
    compare_metrics(verdict, {"calibration.log_loss": {"value": value, "low": 0.06, "high": high}}, exact=True)
    assert [finding.what for finding in verdict.findings] == [outcome]


def test_a_metric_that_is_nought_may_differ_in_the_noise_only():
    assert nearly_equal(0.0, 1e-10)
    assert not nearly_equal(0.0, 1e-5)


def machine(claimed, here, weights):
    verdict = Verdict("default", Claim.model_construct(machine=claimed), "a test")
    compare_machines(verdict, here, weights)
    return verdict.findings[0]


def test_the_instruction_set_is_named_where_it_differs_or_the_claim_does_not_say_it():
    finding = machine(ENVIRONMENT, ENVIRONMENT | {"instruction_set": "AVX512"}, weights=False)
    assert (finding.says, finding.outcome) == ("instruction_set: AVX512, claimed with AVX2", "note")
    old = {name: value for name, value in ENVIRONMENT.items() if name != "instruction_set"}
    finding = machine(old, ENVIRONMENT, weights=False)
    assert (finding.says, finding.outcome) == ("instruction_set: AVX2, which the claim does not name", "note")


def test_no_machine_is_called_the_claims_while_the_weights_differ():
    same = machine(ENVIRONMENT, ENVIRONMENT, weights=True)
    assert same.outcome == "holds" and "processor, instruction set" in same.says
    other = machine(ENVIRONMENT, ENVIRONMENT, weights=False)
    assert other.outcome == "note" and "the claim's" not in other.says


def test_a_claim_is_examined_in_a_repository_inside_a_larger_one(tmp_path, monkeypatch):
    place = make_recorded(tmp_path / "larger", "projects/plumbline")
    monkeypatch.chdir(place)
    (place / "claims").mkdir()
    (place / "claims/paths.yaml").write_text((ROOT / "claims/paths.yaml").read_text())
    (place / "catalog/new.yaml").write_text("")
    verdict = examine("default", claim_of(place), place, "a test")
    assert verdict.holds
    assert said(verdict, "parameters").outcome == said(verdict, "code").outcome == "holds"
    (place / "params.yaml").write_text(yaml.safe_dump(PARAMS | {"finetune": {"seed": 2}}))
    assert against(examine("default", claim_of(place), place, "a test")) == {
        "another seed": "finetune.seed is 2, claimed with 1"
    }
