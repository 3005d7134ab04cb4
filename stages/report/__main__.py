"""report: one static page that shows what a run did and what came of it."""

from pathlib import Path

from stages.common.entry import run_stage
from stages.common.messages import closing_line
from stages.common.outputs import new_outputs
from stages.common.parameters import load_section, load_value
from stages.report import sections
from stages.report.inputs import read_corpus, read_results
from stages.report.page import render
from stages.report.parameters import ReportParameters

PAGE = Path("reports/index.html")


def main() -> None:
    """Reads what the stages before have written, and writes the page."""
    parameters, model = load_section("report", ReportParameters), load_value("model")
    corpus, results = read_corpus(), read_results()
    page = render(
        {
            "sections": sections.SECTIONS,
            "card": corpus.card,
            "model": model,
            "metrics": results.metrics,
            "confidence": f"{100 * results.summaries['evaluate']['confidence']:.4g} %",
            "samples": results.summaries["evaluate"]["bootstrap_samples"],
            "data": sections.data(corpus, results, parameters),
            "cleaning": sections.cleaning(corpus, results, parameters),
            "labels": sections.labels(corpus, results, parameters),
            "augmentation": sections.augmentation(corpus, results, parameters),
            "training": sections.training(results),
            "results": sections.evaluation(corpus, results),
            "errors": sections.errors(corpus, results, parameters),
            "environment": results.environment,
        }
    )
    with new_outputs(PAGE) as (file,):
        file.write_text(page, encoding="utf-8")
    closing_line("report", f"{PAGE}, {len(page.encode()) / 1e6:.1f} MB: open it in a browser")


if __name__ == "__main__":
    run_stage(main, "Writes the page that shows what the run did.")
