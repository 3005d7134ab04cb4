"""Makes the tables of README.md from dvc.yaml and reports/, and prints the result table after a run."""

import csv
import json
import statistics
import sys
from pathlib import Path
from typing import Any

import yaml

from commands.claims import Claim, claim_names, read_claim
from stages.common.core.entry import run_program
from stages.common.core.messages import UserError
from stages.common.core.validation import read_yaml

README = Path("README.md")
METRICS = Path("reports/evaluate/metrics.json")
SEEDS = Path("reports/seeds")
PUBLISHED = Path("catalog/published.yaml")


def main() -> None:
    """Prints the result table (``results``) or writes all tables into README.md (``write``)."""
    if sys.argv[1:] == ["results"]:
        print("\n" + result_table())
        print("\nThe page: reports/index.html; DVC's plots: `dvc plots show` writes dvc_plots/index.html")
    elif sys.argv[1:] == ["write"]:
        README.write_text(with_tables(README.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        raise UserError(
            "tables takes one word.", "Write 'results' to print the result table, 'write' to renew README.md."
        )


def with_tables(readme: str) -> str:
    """README.md with its generated parts made anew.

    Args:
        readme: Its content.

    Returns:
        The content with what stands between each pair of marks replaced.

    Raises:
        UserError: If a pair of marks is missing.
    """
    tables = {"stages": stage_table, "results": result_table, "claims": claim_table, "seeds": seed_table}
    for name, make in tables.items():
        begin, end = f"<!-- {name}: made by `make tables` -->\n", f"<!-- end of {name} -->"
        head, found, rest = readme.partition(begin)
        _, closed, tail = rest.partition(end)
        if not (found and closed):
            raise UserError(f"{README}: the marks around the table {name!r} are missing.", "Restore them from git.")
        readme = f"{head}{begin}{make()}\n{end}{tail}"
    return readme


def stage_table() -> str:
    """The stages in the order of dvc.yaml: what each does and what it makes."""
    rows = [["stage", "what it does", "makes"]]
    for name, stage in yaml.safe_load(Path("dvc.yaml").read_text(encoding="utf-8"))["stages"].items():
        outs = [out if isinstance(out, str) else next(iter(out)) for out in stage["outs"]]
        kept = [out for out in outs if not out.startswith("reports/finetune")]
        made = dict.fromkeys(
            "`reports/evaluate/`" if out.startswith("reports/evaluate/") else f"`{out}`" for out in kept
        )
        rows.append([f"`{name}`", stage["desc"], ", ".join(made)])
    return _markdown(rows)


def result_table() -> str:
    """Encoder and baseline on the test split of the run in the working tree, each figure with its interval.

    Raises:
        UserError: If there is no run yet.
    """
    try:
        metrics = json.loads(METRICS.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{METRICS}: there is no such file.", "Run `make repro`, which makes it.") from None
    rows = [["on the test split", "accuracy", "macro F1"]]
    for name, title in (("encoder", "fine-tuned encoder"), ("baseline", "TF-IDF + logistic regression")):
        rows.append([title, *(_figure(metrics[name][figure]) for figure in ("accuracy", "macro_f1"))])
    difference = [_figure(metrics["difference"][figure], "+.4f") for figure in ("accuracy", "macro_f1")]
    rows.append(["difference (paired)", *difference])
    verdict = f"Against the baseline, the encoder is: **{metrics['encoder_vs_baseline']}**."
    basis = f"{metrics['documents']} test documents; in brackets 95 % bootstrap intervals over documents."
    return f"{_markdown(rows)}\n\n{verdict} {basis}"


def claim_table() -> str:
    """Every claim's figures on the test split, beside the baseline and what others published, with the command."""
    rows = [["dataset", "figure", "fine-tuned encoder", "baseline", "published"]]
    commands = []
    for name in claim_names():
        claim = read_claim(name)
        published = read_yaml(PUBLISHED).get(claim.dataset, [])
        title = f"{claim.dataset}, {claim.documents:,} test documents"
        for figure in [key.removeprefix("encoder.") for key in claim.figures if key.startswith("encoder.")]:
            both = [_figure(claim.figures[f"{who}.{figure}"].model_dump()) for who in ("encoder", "baseline")]
            others = [f"{p['value']} {p['model']} ({p['source']})" for p in published if p["figure"] == figure]
            rows.append([title, figure.replace("_", " ").replace("f1", "F1"), *both, "; ".join(others)])
            title = ""
        commands.append(f"- `{name}`: `{_command(claim)}`, then `make verify CLAIM={name}` for the verdict")
    return "\n".join([_markdown(rows), "", *commands])


def _command(claim: Claim) -> str:
    """The command that makes a claim's run."""
    if not claim.parameters:
        return "make repro"
    return " ".join(["dvc exp run", *(f"-S {name}={value}" for name, value in sorted(claim.parameters.items()))])


def seed_table() -> str:
    """Mean and spread over training seeds, for each dataset that ``make seeds`` ran on."""
    rows = [["dataset", "seeds", "figure", "mean", "standard deviation", "each seed"]]
    for path in sorted(SEEDS.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            runs = list(csv.DictReader(file))
        for column in [name for name in runs[0] if name != "seed"]:
            values = [float(run[column]) for run in runs]
            spread = f"{statistics.stdev(values):.4f}" if len(values) > 1 else "-"
            each = ", ".join(f"{value:.4f}" for value in values)
            seeds = ", ".join(run["seed"] for run in runs)
            rows.append([path.stem, seeds, column.replace("_", " "), f"{statistics.mean(values):.4f}", spread, each])
    return _markdown(rows)


def _figure(figure: dict[str, Any], form: str = ".4f") -> str:
    if figure["value"] is None:
        return f"undefined: {figure['reason']}"
    return f"{figure['value']:{form}} ({figure['low']:{form}} to {figure['high']:{form}})"


def _markdown(rows: list[list[str]]) -> str:
    head, *body = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([head, "|---" * len(rows[0]) + "|", *body])


if __name__ == "__main__":
    run_program(main, debug=False)
