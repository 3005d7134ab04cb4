"""report: one static page that shows what a run did and what came of it."""

from stages.common.core.entry import run_stage

if __name__ == "__main__":  # before the imports below, which take seconds
    run_stage("report", "Writes the page that shows what the run did.")

from pathlib import Path

from stages.common.core.messages import closing_line
from stages.common.core.outputs import new_outputs
from stages.common.core.parameters import load_section, load_value
from stages.report.inputs import read_corpus, read_results
from stages.report.page import render
from stages.report.parameters import ReportParameters
from stages.report.sections import corpus, outcome
from stages.report.sections.annotation import annotation
from stages.report.sections.explanations import explanations
from stages.report.sections.exported import exported
from stages.report.sections.probe import probe

PAGE = Path("reports/index.html")


def main() -> None:
    """Reads what the stages before have written, and writes the page."""
    parameters, model = load_section("report", ReportParameters), load_value("model")
    documents, results = read_corpus(), read_results()
    page = render(
        {
            "card": documents.card,
            "model": model,
            "metrics": results.metrics,
            "confidence": f"{100 * results.summaries['evaluate']['confidence']:.4g} %",
            "samples": results.summaries["evaluate"]["bootstrap_samples"],
            "summary": outcome.summary(documents, results),
            "annotation": annotation(documents, results, parameters),
            "data": corpus.data(documents, results, parameters),
            "cleaning": corpus.cleaning(documents, results, parameters),
            "labels": corpus.labels(documents, results, parameters),
            "augmentation": corpus.augmentation(documents, results, parameters),
            "training": outcome.training(documents, results),
            "results": outcome.evaluation(documents, results, parameters),
            "calibration": outcome.calibration(results),
            "robustness": outcome.robustness(results, parameters),
            "probe": probe(results, parameters),
            "errors": outcome.errors(documents, results, parameters),
            "explanations": explanations(documents, results, parameters),
            "cost": results.cost,
            "export": exported(documents, results, parameters),
            "environment": results.environment,
        }
    )
    with new_outputs(PAGE) as (file,):
        file.write_text(page, encoding="utf-8")
    closing_line("report", f"{PAGE}, {len(page.encode()) / 1e6:.1f} MB: open it in a browser")
