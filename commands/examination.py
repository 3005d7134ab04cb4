"""Holds a run against a claim: data byte by byte, parameters, weights, figures, and what it ran on."""

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from commands.claims import Claim, figures_of
from commands.records import (
    DATA_STAGES,
    ENVIRONMENT,
    METRICS,
    MODEL,
    cached_outputs,
    content_at,
    flat,
    git,
    hash_on_disk,
    read_json,
    read_lock,
    read_params,
    with_values,
)
from stages.common.core.messages import UserError

AFTER_THE_FIGURES = ("report",)  # sections of params.yaml that cannot change a figure


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
    same = [
        compare_parameters(verdict, read_params(root)),
        compare_data(verdict, cached_outputs(read_lock(root)), root),
        compare_code(verdict, root),
        compare_weights(verdict, root),
    ]
    compare_figures(verdict, figures_of(read_json(root / METRICS)), exact=all(same))
    compare_machines(verdict, root)
    return verdict


def failed_run(name: str, claim: Claim, where: str, stage: str, said: str) -> Verdict:
    """The verdict on a run that did not come to its end.

    Args:
        name: What the claim is called.
        claim: What it says.
        where: Where it ran.
        stage: The stage that failed.
        said: How.
    """
    verdict = Verdict(name, claim, where)
    verdict.add("failed run", f"the stage {stage or 'that comes first'} failed: {said}", "against")
    return verdict


def compare_parameters(verdict: Verdict, params: dict[str, Any]) -> bool:
    """Names each value that is not the claimed one: seeds by themselves."""
    claim = verdict.claim
    at_revision = content_at(claim.revision, "params.yaml")
    if at_revision is None:
        seeds = {f"{stage}.seed": seed for stage, seed in claim.seeds.items()}
        claimed = {"dataset": claim.dataset, "model": claim.model, **seeds, **claim.parameters}
        verdict.add(
            "parameters", f"this clone lacks revision {claim.revision[:10]}: only the claim's own compared", "note"
        )
    else:
        claimed = flat(with_values(yaml.safe_load(at_revision), claim.parameters))
    here = flat(params)
    differing = [n for n in claimed if n.split(".")[0] not in AFTER_THE_FIGURES and here.get(n) != claimed[n]]
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


def compare_data(verdict: Verdict, recorded: dict[str, dict[str, str]], root: Path) -> bool:
    """Compares each data stage's outputs, as they lie on the disk, with the claim and with what dvc.lock records."""
    differing = []
    for stage in DATA_STAGES:
        for path, claimed in verdict.claim.outputs.get(stage, {}).items():
            found = hash_on_disk(root / path)
            if found == claimed:
                continue
            if found != recorded.get(stage, {}).get(path):
                says = f"{changed_files(root, path)} changed after {stage} made it"
                verdict.add("changed file", says, "against")
            differing.append((stage, path))
    if not differing:
        verdict.add("data", f"the outputs of {', '.join(DATA_STAGES)} are the claimed bytes")
        return True
    first = differing[0][0]
    same = [stage for stage in DATA_STAGES if stage not in {stage for stage, _ in differing}]
    says = f"other bytes from the stage {first} on: {', '.join(path for _, path in differing)}"
    verdict.add("other data", f"{says}; the same: {', '.join(same) or 'none'}", "against")
    return False


def changed_files(root: Path, output: str) -> str:
    """The files of an output that are not as DVC's cache holds them; the output's own name if that cannot be told."""
    command = ["dvc", "data", "status", "--granular", "--json"]
    said = subprocess.run(command, cwd=root, capture_output=True, text=True)
    changes = json.loads(said.stdout).get("uncommitted", {}) if said.returncode == 0 else {}
    paths = sorted(
        path for kind in ("modified", "added", "deleted") for path in changes.get(kind, []) if path.startswith(output)
    )
    return ", ".join(path for path in paths if path.rstrip("/") != output) or output


def compare_code(verdict: Verdict, root: Path) -> bool:
    """Names the files of stages/ and catalog/, and the pins, that are not those of the claim's revision."""
    try:
        changed = git("diff", "--name-only", verdict.claim.revision, "--", "stages", "catalog", "pins.yaml", root=root)
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
    """Says whether the model has the claimed bytes, which another kind of machine does not make."""
    claimed = verdict.claim.outputs.get("finetune", {}).get(str(MODEL))
    same = hash_on_disk(root / MODEL) == claimed
    says = "the claimed bytes" if same else "other bytes than the claimed ones"
    verdict.add("weights", says, "holds" if same else "note")
    return same


def compare_figures(verdict: Verdict, found: dict[str, dict[str, float]], exact: bool) -> None:
    """Compares each figure with the claimed interval; the same data and weights must give the very same figures."""
    for name, claimed in verdict.claim.figures.items():
        if name not in found:
            verdict.add("missing figure", f"{name} is not defined in this run", "against")
            continue
        value = found[name]["value"]
        interval = f"the claimed {claimed.value:.4f} ({claimed.low:.4f} to {claimed.high:.4f})"
        if exact and found[name] != claimed.model_dump():
            low, high = (found[name][bound] for bound in ("low", "high"))
            says = f"the same code, data and weights give {name} {value:.4f} ({low:.4f} to {high:.4f}), not {interval}"
            verdict.add("tampered claim", says, "against")
        elif claimed.low <= value <= claimed.high:
            verdict.add("metric", f"{name} {value:.4f} lies inside {interval}")
        else:
            verdict.add("metric outside", f"{name} {value:.4f} lies outside {interval}", "against")


def compare_machines(verdict: Verdict, root: Path) -> None:
    """Names what the two runs ran on, where it differs."""
    here = read_json(root / ENVIRONMENT)
    found, claimed = flat({name: here.get(name) for name in verdict.claim.machine}), flat(verdict.claim.machine)
    names = [name for name in {**claimed, **found} if found.get(name) != claimed.get(name)]
    says = "; ".join(f"{name}: {found.get(name)}, claimed with {claimed.get(name)}" for name in names)
    verdict.add("environment", says or "the claim's packages, processor and threads", "note" if says else "holds")
