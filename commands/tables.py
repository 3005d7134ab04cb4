"""Makes the tables of README.md from dvc.yaml and reports/, and prints the result table after a run."""

import argparse
import csv
import statistics
from pathlib import Path
from typing import Any

from commands.claims import Claim, claim_names, read_claim
from commands.examination import settings_of
from commands.records import METRICS as TEST_METRICS
from commands.records import PARAMS, read_json
from stages.common.core.changes import flat, written
from stages.common.core.entry import run_command
from stages.common.core.messages import UserError
from stages.common.core.validation import load_yaml, read_yaml
from stages.common.metrics.names import METRICS, title

README = Path("README.md")
SUMMARY = Path("reports/evaluate/summary.json")
SEEDS = Path("reports/seeds")
PUBLISHED = Path("catalog/published.yaml")


def main(what: str) -> None:
    """Prints the result table (``results``) or writes all tables into README.md (``write``)."""
    if what == "results":
        print("\n" + result_table())
        print("\nThe page: reports/index.html; DVC's plots: `dvc plots show` writes dvc_plots/index.html")
    else:
        README.write_text(with_tables(README.read_text(encoding="utf-8")), encoding="utf-8")


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
    for name, stage in load_yaml(Path("dvc.yaml").read_text(encoding="utf-8"))["stages"].items():
        each = stage.get("do", stage)  # with foreach, DVC makes a stage of what stands under do, for each item
        outs = [out if isinstance(out, str) else next(iter(out)) for out in each["outs"]]
        made = dict.fromkeys(_shown(out) for out in outs if not out.startswith("reports/finetune"))
        rows.append([f"`{name}`", each["desc"], ", ".join(made)])
    return _markdown(rows)


def _shown(out: str) -> str:
    """An output as the stage table names it: of what a stage writes to reports/, the folder."""
    folder = out.startswith("reports/evaluate")
    place = "reports/evaluate/" if folder else out.replace("${item}", "<role>").replace("${key}", "<role>")
    return f"`{place}`"


def result_table() -> str:
    """Encoder and baseline on the test split of the run in the working tree, each metric with its interval.

    Raises:
        UserError: If there is no run yet.
    """
    metrics, summary = read_json(TEST_METRICS), read_json(SUMMARY)
    names = list(metrics["encoder"])
    rows = [["on the test split", *map(_title, names)]]
    for classifier, shown in (("encoder", "fine-tuned encoder"), ("baseline", "baseline")):
        rows.append([shown, *(_estimate(metrics[classifier][name]) for name in names)])
    rows.append(["difference (paired)", *(_estimate(metrics["difference"][name], "+.4f") for name in names)])
    verdict = f"Against the baseline, the encoder is: **{metrics['encoder_vs_baseline']}**."
    basis = f"{metrics['documents']} test documents; in brackets {_percent(summary['confidence'])} bootstrap intervals"
    return f"{_markdown(rows)}\n\n{verdict} {basis} over documents."


def claim_table() -> str:
    """Every claim's metrics on the test split, beside the baseline and what others published, with the command."""
    rows = [["dataset", "metric", "fine-tuned encoder", "baseline", "published"]]
    commands = []
    for name in claim_names():
        claim = read_claim(name)
        published = read_yaml(PUBLISHED).get(claim.dataset, [])
        few = claim.parameters.get("split.train_per_class")
        labels = f", {few} labels a class" if few else ""
        dataset = f"{claim.dataset}{labels}, {claim.documents:,} test documents"
        for metric in [key.removeprefix("encoder.") for key in claim.metrics if key.startswith("encoder.")]:
            both = [_estimate(claim.metrics[f"{who}.{metric}"].model_dump()) for who in ("encoder", "baseline")]
            others = [f"{p['value']} {p['model']} ({p['source']})" for p in published if p["metric"] == metric]
            rows.append([dataset, _title(metric), *both, "; ".join(others)])
            dataset = ""
        commands.append(f"- `{name}`: `{_command(claim)}`, then `make verify CLAIM={name}` for the verdict")
    return "\n".join([_markdown(rows), "", *commands])


def _command(claim: Claim) -> str:
    """The command that makes a claim's run, from what params.yaml says today."""
    today = flat(read_yaml(PARAMS))
    changes = {name: value for name, value in settings_of(claim, today).items() if value != today.get(name)}
    if not changes:
        return "make repro"
    return " ".join(["dvc exp run", *(f"-S {name}={written(value)}" for name, value in sorted(changes.items()))])


def seed_table() -> str:
    """Mean and spread over training seeds, for each dataset that ``make seeds`` ran on."""
    rows = [["dataset", "seeds", "metric", "mean", "standard deviation", "each seed"]]
    for path in sorted(SEEDS.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            runs = list(csv.DictReader(file))
        for column in [name for name in runs[0] if name != "seed"]:
            values = [float(run[column]) for run in runs]
            spread = f"{statistics.stdev(values):.4f}" if len(values) > 1 else "-"
            each = ", ".join(f"{value:.4f}" for value in values)
            seeds = ", ".join(run["seed"] for run in runs)
            split, _, metric = column.partition("_")
            rows.append([path.stem, seeds, f"{split} {_title(metric)}", f"{statistics.mean(values):.4f}", spread, each])
    return _markdown(rows)


def _title(metric: str) -> str:
    """How a metric is called, and that less of it is better where that is so."""
    return title(metric) + ("" if METRICS[metric].higher_is_better else " (lower is better)")


def _estimate(estimate: dict[str, Any], form: str = ".4f") -> str:
    """A metric with its interval, or why there is none."""
    if estimate["value"] is None:
        return f"undefined: {estimate['reason']}"
    return f"{estimate['value']:{form}} ({estimate['low']:{form}} to {estimate['high']:{form}})"


def _percent(share: float) -> str:
    return f"{100 * share:g} %"


def _markdown(rows: list[list[str]]) -> str:
    head, *body = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([head, "|---" * len(rows[0]) + "|", *body])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    words = "results prints the result table, write renews the tables of README.md"
    parser.add_argument("what", choices=("results", "write"), help=words)
    run_command(lambda given: main(given.what), parser)
