"""The section about the exported model: whether it answers as the fine-tuned one does."""

from typing import Any

from stages.common.metrics.names import title
from stages.common.tasks import task_of
from stages.report.inputs import Corpus, Results
from stages.report.parameters import ReportParameters

FLOAT32, INT8 = "float32", "8 bits a weight"


def exported(corpus: Corpus, results: Results, parameters: ReportParameters) -> dict[str, Any]:
    """The exported model beside the fine-tuned one; empty where none was exported."""
    found = results.export
    if not found:
        return {}
    rows = [{"name": FLOAT32, **found["float32"]}]
    if "flips" in found["int8"]:
        rows.append({"name": INT8, **found["int8"]})
    flips = results.tables["exported_flips"]
    return {
        "documents": found["test_documents"],
        "rows": rows,
        "headline": title(task_of(corpus.card).headline),
        "int8": found["int8"],
        "speed_up": found["times"].get("speed_up"),
        "program": found.get("predict.py"),
        "shapes": results.tables["shapes"].to_dict("records"),
        "flips": flips.head(parameters.listed).to_dict("records"),
        "flip_count": len(flips),
    }
