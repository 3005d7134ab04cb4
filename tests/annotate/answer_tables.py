"""Small tables of answers for tests."""

import pandas as pd

from stages.common.documents.answers import SCHEMA


def table(rows):
    """A table of answers from dictionaries; what they do not name is null."""
    frame = pd.DataFrame(rows, columns=SCHEMA.names)
    frame["time"] = pd.to_datetime(frame["time"], utc=True).astype("datetime64[us, UTC]")
    return frame.astype({"seconds": "float64"})


def wide(columns, **further):
    """A table of answers from one list of answers an annotator, None where there is none; documents are 00, 01, ..."""
    return table(
        [
            {"id": f"{row:02}", "annotator": name, "answer": answer, **further}
            for name, answers in columns.items()
            for row, answer in enumerate(answers)
            if answer is not None
        ]
    )
