"""Writes a verdict as JSON, for programs, and as a page, for people."""

from dataclasses import asdict
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from commands.examination import Verdict
from stages.common.core.outputs import new_outputs, write_json

VERDICTS = Path("reports/verify")


def write_verdict(verdict: Verdict) -> tuple[Path, Path]:
    """Writes reports/verify/<claim>.json and .html.

    Returns:
        Where they are.
    """
    places = (VERDICTS / f"{verdict.name}.json", VERDICTS / f"{verdict.name}.html")
    content = {
        "claim": verdict.name,
        "examined": verdict.where,
        "holds": verdict.holds,
        "verdict": verdict.conclusion,
        "findings": [asdict(finding) for finding in verdict.findings],
        "claimed": verdict.claim.model_dump(),
    }
    environment = Environment(
        loader=PackageLoader("commands"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    with new_outputs(*places) as (record, page):
        write_json(record, content)
        page.write_text(environment.get_template("verdict.html.jinja").render(content), encoding="utf-8")
    return places
