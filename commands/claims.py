"""claims/<name>.yaml: what is claimed of a run, in a form that `make verify` can check."""

import datetime
import hashlib
import json
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field

from commands.lock import leading_to
from commands.records import (
    ENVIRONMENT,
    METRICS,
    MODEL,
    SUMMARY,
    cached_outputs,
    content_at,
    git,
    read_json,
    read_lock,
    read_params,
)
from stages.common.core.changes import flat
from stages.common.core.messages import UserError, suggestion
from stages.common.core.validation import Strict, load_yaml, read_yaml, validate

CLAIMS = Path("claims")
PATHS = CLAIMS / "paths.yaml"  # no claim, but what became of outputs that claims name
WEIGHTS = "model.safetensors"
MACHINE = (
    "python",
    "system",
    "processor",
    "instruction_set",
    "math_libraries",
    "cores",
    "threads",
    "device",
    "precision",
    "packages",
)
HEAD = "# Made by `make claim`, never by hand; `make verify` checks it. claims/README.md says what each line means.\n"


class Estimate(Strict):
    """A metric on the test split and its interval."""

    value: float
    low: float
    high: float


class Claim(Strict):
    """What is claimed.

    Attributes:
        dataset: The entry of catalog/datasets.
        model: The entry of catalog/models.
        revision: The git revision whose code, params.yaml and catalog made the run.
        date: When the claim was made, year-month-day.
        parameters: Values that differ from params.yaml at that revision, by their dotted names.
        seeds: The seed of each stage that has one.
        confidence: The share of bootstrap resamples that each interval covers.
        documents: How many test documents there are.
        metrics: By classifier and metric, such as ``encoder.accuracy``; the file calls them ``figures``.
        tokens_trained: ``real`` tokens of documents that were computed in training, and ``computed`` ones with padding.
        machine: What the run was made on.
        outputs: For each stage the hashes that DVC gave its outputs.
        weights: SHA-256 of the model's weights alone; None in claims that were made before it was recorded.
        digest: SHA-256 of all the rest, so that a change by hand shows.
    """

    dataset: str
    model: str
    revision: str = Field(pattern="^[0-9a-f]{40}$")
    date: str
    parameters: dict[str, Any]
    seeds: dict[str, int]
    confidence: float
    documents: int
    metrics: dict[str, Estimate] = Field(min_length=1, alias="figures")
    tokens_trained: dict[str, int]
    machine: dict[str, Any]
    outputs: dict[str, dict[str, str]]
    weights: str | None = None
    digest: str

    @property
    def content(self) -> dict[str, Any]:
        """What the file holds."""
        return self.model_dump(by_alias=True, exclude={"weights"} if self.weights is None else None)

    @property
    def true_digest(self) -> str:
        """What :attr:`digest` is if nothing was changed since the claim was made."""
        return _digest({name: value for name, value in self.content.items() if name != "digest"})


class Paths(Strict):
    """What became of outputs that claims name: ``claims/paths.yaml``.

    Attributes:
        moved: From the path that a claim names to the path that the output has now.
        dropped: Outputs that no stage makes any more, each with the reason: they are not compared.
    """

    moved: dict[str, str]
    dropped: dict[str, str]


def read_claim(name: str) -> Claim:
    """Reads claims/<name>.yaml.

    Raises:
        UserError: If there is no such claim, or something in it is missing or wrong.
    """
    path = CLAIMS / f"{name}.yaml"
    if not path.exists():
        mend = f"Make it from a finished run with `make claim CLAIM={name}`. {suggestion(name, claim_names())}"
        raise UserError(f"{path}: there is no such claim.", mend)
    return validate(Claim, read_yaml(path), str(path))


def claim_names() -> list[str]:
    """The names of all claims."""
    return sorted(path.stem for path in CLAIMS.glob("*.yaml") if path != PATHS)


def read_paths() -> Paths:
    """Reads claims/paths.yaml.

    Raises:
        UserError: If it is missing, or something in it is wrong.
    """
    return validate(Paths, read_yaml(PATHS), str(PATHS))


def write_claim(claim: Claim, path: Path) -> None:
    """Writes a claim as YAML."""
    content = yaml.safe_dump(claim.content, sort_keys=False, allow_unicode=True, width=120)
    path.write_text(HEAD + content, encoding="utf-8")


def claim_of_this_run() -> Claim:
    """The claim that the run in the working tree supports.

    Raises:
        UserError: If a part of the run is missing.
    """
    stages, params = read_lock(), read_params()
    committed = load_yaml(content_at("HEAD", "params.yaml") or "") or {}
    here, there = flat(params), flat(committed)
    claimed = leading_to(stages, str(METRICS.parent))  # what a verification runs again
    metrics, summary, environment = (read_json(path) for path in (METRICS, SUMMARY, ENVIRONMENT))
    content = {
        "dataset": params["dataset"],
        "model": params["model"],
        "revision": git("rev-parse", "HEAD"),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "parameters": {name: value for name, value in here.items() if name not in there or there[name] != value},
        "seeds": {name: params[name]["seed"] for name in stages if "seed" in flat(params.get(name, {}))},
        "confidence": params["evaluate"]["confidence"],
        "documents": metrics["documents"],
        "figures": metrics_of(metrics),
        "tokens_trained": {kind: summary[f"{kind}_tokens"] for kind in ("real", "computed")},
        "machine": {name: environment[name] for name in MACHINE if name in environment},
        "outputs": {stage: outs for stage, outs in cached_outputs(stages).items() if outs and stage in claimed},
    }
    weights = weights_hash(MODEL)
    content |= {"weights": weights} if weights else {}
    return validate(Claim, {**content, "digest": _digest(content)}, "the claim")


def metrics_of(metrics: dict[str, Any]) -> dict[str, dict[str, float]]:
    """The metrics of reports/evaluate/metrics.json that have an interval, by their dotted names."""
    return {
        f"{name}.{metric}": {bound: estimate[bound] for bound in ("value", "low", "high")}
        for name, group in metrics.items()
        if isinstance(group, dict)
        for metric, estimate in group.items()
        if isinstance(estimate, dict) and estimate.get("value") is not None and {"low", "high"} <= estimate.keys()
    }


def weights_hash(model: Path) -> str | None:
    """SHA-256 of a model's weights; None if there are none."""
    path = model / WEIGHTS
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
