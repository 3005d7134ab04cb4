"""What export would write, for the page to show."""

import pandas as pd

from tests.report.evaluation import write_json

SAME = {"value": 0.0, "low": 0.0, "high": 0.0, "outcome": "no clear difference"}


def write_export(folder, handed_over):
    """Writes all that the page reads of reports/export/: 8 bits are handed over and one answer flips, or neither."""
    flips = [("d1", "<b>a", "b", 1e-5)] if handed_over else []
    why_not = None if handed_over else "macro F1 may be worse by 0.0310, which is more than 0.005"
    worse = {"value": -0.02, "low": -0.031, "high": -0.01, "outcome": "worse"}
    parity = {"largest_logit_difference": 4.2e-6, "flips": len(flips), "headline_difference": SAME}
    eight = {"largest_logit_difference": 0.58, "flips": 3, "headline_difference": SAME if handed_over else worse}
    summary = {
        "test_documents": 30,
        "float32": parity,
        "int8": {"handed_over": handed_over, "why_not": why_not, **eight},
        "predict.py": {"rules_left_out": ["mojibake"], "different_answers": 1},
    }
    write_json(folder / "summary.json", summary)
    write_json(folder / "environment.json", {"int8": {"speed_up": 1.58} if handed_over else {}})
    shapes = {"tokens": [16, 128], "documents_a_batch": [1, 8], "difference": [1e-6, 2e-6]}
    pd.DataFrame(shapes).to_csv(folder / "shapes.csv", index=False)
    pd.DataFrame(flips, columns=["id", "torch", "exported", "margin"]).to_csv(
        folder / "exported_flips.csv", index=False
    )
