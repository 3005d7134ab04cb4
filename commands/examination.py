"""Holds a run against a claim: data byte by byte, parameters, weights, metrics, and what it ran on."""

import json
import math
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from commands.claims import MACHINE, Claim, Paths, metrics_of, read_paths, weights_hash
from commands.lock import Stages, outputs_of
from commands.parameters import section_model
from commands.records import (
    ENVIRONMENT,
    METRICS,
    MODEL,
    PARAMS,
    content_at,
    data_stages,
    git,
    hash_on_disk,
    read_json,
    read_lock,
    read_params,
    with_values,
)
from stages.common.core.changes import flat
from stages.common.core.messages import UserError
from stages.common.core.validation import load_yaml

# With the same weights, other kernels add up in another order, and metrics of probabilities differ in their last
# digits: measured between SSE4, AVX2 and AVX-512, by 2e-7 of themselves at most. This is fifty times as much, and
# still far less than the four decimals that are shown.
RELATIVE, ABSOLUTE = 1e-5, 1e-6

AFTER_THE_METRICS = ("report",)  # sections of params.yaml that cannot change a metric


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        what: What it is, in a few words, such as ``data`` or ``another seed``.
        says: What was found.
        outcome: ``holds``, ``against`` the claim, or a ``note`` that decides nothing.
    """

    what: str
    says: str
    outcome: str


@dataclass
class Verdict:
    """All that was found, and what follows from it."""

    name: str
    claim: Claim
    where: str
    findings: list[Finding] = field(default_factory=list)

    @property
    def against(self) -> list[str]:
        """What speaks against the claim."""
        return [finding.what for finding in self.findings if finding.outcome == "against"]

    @property
    def holds(self) -> bool:
        """Whether nothing does."""
        return not self.against

    @property
    def conclusion(self) -> str:
        """The verdict in one line."""
        return "the claim holds" if self.holds else f"the claim is not confirmed: {', '.join(self.against)}"

    def add(self, what: str, says: str, outcome: str = "holds") -> None:
        """Adds a finding."""
        self.findings.append(Finding(what, says, outcome))

    def text(self) -> str:
        """The verdict for a terminal."""
        lines = [f"  {finding.outcome:8}{finding.what}: {finding.says}" for finding in self.findings]
        head = f"{self.name}: claimed on {self.claim.date} for {self.claim.dataset}, examined in {self.where}"
        return "\n".join([head, *lines, f"  verdict {self.conclusion}"])


def examine(name: str, claim: Claim, root: Path, where: str) -> Verdict:
    """Holds the run in a checkout against a claim.

    Args:
        name: What the claim is called.
        claim: What it says.
        root: The checkout.
        where: How a person calls it.

    Returns:
        The verdict.

    Raises:
        UserError: If there is no run.
    """
    verdict = Verdict(name, claim, where)
    if claim.digest != claim.true_digest:
        verdict.add("tampered claim", f"claims/{name}.yaml was changed after it was made", "against")
    alike = [
        compare_parameters(verdict, read_params(root)),
        compare_outputs(verdict, read_lock(root), read_paths(), root),
        compare_code(verdict, root),
        weights := compare_weights(verdict, root),
    ]
    compare_metrics(verdict, metrics_of(read_json(root / METRICS)), exact=all(alike))
    compare_machines(verdict, read_json(root / ENVIRONMENT), weights)
    return verdict


def failed_run(name: str, claim: Claim, where: str, stage: str, reason: str) -> Verdict:
    """The verdict on a run that did not come to its end.

    Args:
        name: What the claim is called.
        claim: What it says.
        where: Where it ran.
        stage: The stage that failed.
        reason: What it said.
    """
    verdict = Verdict(name, claim, where)
    verdict.add("failed run", f"the stage {stage or 'that comes first'} failed: {reason}", "against")
    return verdict


def settings_of(claim: Claim, today: Mapping[str, Any]) -> dict[str, Any]:
    """What a claim's run had of the settings that there are today, by their dotted names.

    Those that params.yaml did not have yet at the claim's revision were off, which is their default; those that cannot
    change a metric are left out. In a clone that lacks the revision, only those that the claim changed.

    Args:
        claim: The claim.
        today: The settings, by their dotted names.
    """
    at_revision = content_at(claim.revision, PARAMS)
    if at_revision is None:
        return dict(claim.parameters)
    settings: dict[str, Any] = {}
    for name, section in with_values(load_yaml(at_revision), claim.parameters).items():
        with suppress(ValidationError, ModuleNotFoundError):  # a section with other settings today, or none at all
            section = section_model(name).model_validate(section).model_dump(mode="json")
        settings |= flat(section, name)
    known = {n: settings[n] for n in today if n in settings and n.split(".")[0] not in AFTER_THE_METRICS}
    return known | claim.parameters


def compare_parameters(verdict: Verdict, params: dict[str, Any]) -> bool:
    """Names each value that is not the claimed one: seeds by themselves."""
    claim = verdict.claim
    at_revision = content_at(claim.revision, PARAMS)
    if at_revision is None:
        seeds = {f"{stage}.seed": seed for stage, seed in claim.seeds.items()}
        claimed = {"dataset": claim.dataset, "model": claim.model, **seeds, **claim.parameters}
        verdict.add(
            "parameters", f"this clone lacks revision {claim.revision[:10]}: only the claim's own compared", "note"
        )
    else:
        claimed = flat(with_values(load_yaml(at_revision), claim.parameters))
    here = flat(params)
    differing = [n for n in claimed if n.split(".")[0] not in AFTER_THE_METRICS and here.get(n) != claimed[n]]
    missing = [name for name in differing if name not in here]
    for what, names in (
        ("another seed", [name for name in differing if name.endswith("seed") and name in here]),
        ("other parameters", [name for name in differing if not name.endswith("seed") and name in here]),
    ):
        if names:
            says = "; ".join(f"{name} is {here[name]!r}, claimed with {claimed[name]!r}" for name in names)
            verdict.add(what, says, "against")
    if missing:
        verdict.add("parameters", f"no longer there: {', '.join(missing)}", "note")
    if not differing:
        verdict.add("parameters", "those of the claim, seeds included")
    return not differing


def compare_outputs(verdict: Verdict, stages: Stages, paths: Paths, root: Path) -> bool:
    """Compares each output that the claim names with the one that this run has in its place.

    What the data stages made must be the claimed bytes, as it lies on the disk; of what a model made it is only noted.

    Args:
        verdict: Where findings go.
        stages: What dvc.lock records of this run.
        paths: What became of outputs since claims were made.
        root: The checkout.

    Returns:
        Whether the data are the claimed bytes.
    """
    outputs, data = outputs_of(stages), data_stages(stages)
    alike: dict[str, list[str]] = {stage: [] for stage in stages}
    other: dict[str, list[str]] = {stage: [] for stage in stages}
    for claimed_path, claimed in sorted((p, h) for made in verdict.claim.outputs.values() for p, h in made.items()):
        path = claimed_path if claimed_path in outputs else paths.moved.get(claimed_path, claimed_path)
        if path in paths.dropped and path not in outputs:
            verdict.add("output", f"{path} is not compared: {paths.dropped[path]}", "note")
            continue
        if path not in outputs:
            verdict.add("missing output", f"no stage of this run makes {path}, which the claim names", "against")
            continue
        stage, recorded = outputs[path]
        present = hash_on_disk(root / path)
        if present != recorded:
            verdict.add("changed file", f"{changed_files(root, path)} changed after {stage} made it", "against")
        (alike if present == claimed else other)[stage].append(path)
    same = [stage for stage in data if alike[stage] and not other[stage]]
    differing = [stage for stage in data if other[stage]]
    if differing:
        named = ", ".join(path for stage in differing for path in other[stage])
        says = f"other bytes from the stage {differing[0]} on: {named}; the same: {', '.join(same) or 'none'}"
        verdict.add("other data", says, "against")
    elif same:
        verdict.add("data", f"the outputs of {', '.join(same)} are the claimed bytes")
    else:
        verdict.add("missing output", "the claim names no output of a data stage", "against")
    by_model = [path for stage in stages if stage not in data for path in other[stage] if path != str(MODEL)]
    if by_model:
        verdict.add("outputs of a model", f"other bytes than the claimed ones: {', '.join(by_model)}", "note")
    return bool(same) and not differing


def changed_files(root: Path, output: str) -> str:
    """The files of an output that are not as DVC's cache holds them; the output's own name if that cannot be told."""
    command = ["dvc", "data", "status", "--granular", "--json"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    changes = json.loads(done.stdout).get("uncommitted", {}) if done.returncode == 0 else {}
    paths = sorted(
        path for kind in ("modified", "added", "deleted") for path in changes.get(kind, []) if path.startswith(output)
    )
    return ", ".join(path for path in paths if path.rstrip("/") != output) or output


def compare_code(verdict: Verdict, root: Path) -> bool:
    """Names the files of stages/ and catalog/, and the pins, that are not those of the claim's revision."""
    try:
        code = ("stages", "catalog", "pins.yaml")
        changed = git("diff", "--relative", "--name-only", verdict.claim.revision, "--", *code, root=root)
    except UserError:
        verdict.add("code", f"this clone lacks revision {verdict.claim.revision[:10]}", "note")
        return False
    names = changed.splitlines()
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    says = f"other than at {verdict.claim.revision[:10]}: {', '.join(names[:10])}{more}"
    if names:
        verdict.add("code", says, "note")
    else:
        verdict.add("code", f"that of revision {verdict.claim.revision[:10]}")
    return not names


def compare_weights(verdict: Verdict, root: Path) -> bool:
    """Says whether the model has the claimed weights, which another kind of machine does not make.

    Claims that were made before weights had a hash of their own have that of the model's whole folder.
    """
    claim = verdict.claim
    weights, folder = weights_hash(root / MODEL), hash_on_disk(root / MODEL)
    alike = weights == claim.weights if claim.weights else folder == claim.outputs.get("finetune", {}).get(str(MODEL))
    if alike:
        verdict.add("weights", "the claimed bytes")
    elif claim.weights:
        verdict.add("weights", "other bytes than the claimed ones", "note")
    else:
        says = f"cannot be compared: the claim has the hash of all of {MODEL} alone, and some file there differs"
        verdict.add("weights", says, "note")
    return alike


def compare_metrics(verdict: Verdict, metrics: Mapping[str, Mapping[str, float]], exact: bool) -> None:
    """Compares each metric with the claimed interval; the same code, data and weights must give the same metrics.

    Args:
        verdict: Where findings go.
        metrics: This run's, by their dotted names.
        exact: Whether code, data and weights are the claimed ones.
    """
    for name, claimed in verdict.claim.metrics.items():
        if name not in metrics:
            verdict.add("missing metric", f"{name} is not defined in this run", "against")
            continue
        value = metrics[name]["value"]
        interval = f"the claimed {claimed.value:.4f} ({claimed.low:.4f} to {claimed.high:.4f})"
        if exact and not all(nearly_equal(metrics[name][bound], number) for bound, number in claimed):
            low, high = (metrics[name][bound] for bound in ("low", "high"))
            says = f"the same code, data and weights give {name} {value:.6f} ({low:.6f} to {high:.6f}), not {interval}"
            verdict.add("tampered claim", says, "against")
        elif claimed.low <= value <= claimed.high:
            verdict.add("metric", f"{name} {value:.4f} lies inside {interval}")
        else:
            verdict.add("metric outside", f"{name} {value:.4f} lies outside {interval}", "against")


def nearly_equal(one: float, other: float) -> bool:
    """Whether two metrics differ by no more than another machine's kernels make them with the same weights."""
    return math.isclose(one, other, rel_tol=RELATIVE, abs_tol=ABSOLUTE)


def compare_machines(verdict: Verdict, environment: Mapping[str, Any], weights: bool) -> None:
    """Names what the two runs ran on, where it differs or the claim does not say it.

    Args:
        verdict: Where findings go.
        environment: What reports/finetune/environment.json says of this run.
        weights: Whether the weights are the claimed ones.
    """
    here = flat({name: environment[name] for name in MACHINE if name in environment})
    claimed = flat(verdict.claim.machine)
    names = [name for name in {**claimed, **here} if here.get(name) != claimed.get(name)]
    if names:
        says = "; ".join(f"{name}: {here.get(name)}, {_claimed(claimed, name)}" for name in names)
    elif weights:
        says = f"the claim's {', '.join(name.replace('_', ' ') for name in MACHINE if name in verdict.claim.machine)}"
    else:
        says = "no recorded property of the machine, the threads or the packages differs, and yet the weights may"
    verdict.add("environment", says, "holds" if weights and not names else "note")


def _claimed(claimed: Mapping[str, Any], name: str) -> str:
    return f"claimed with {claimed[name]}" if name in claimed else "which the claim does not name"
