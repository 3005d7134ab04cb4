import os

import pandas as pd
import pytest
from hypothesis import settings

# No deadline: how long an example takes says more about the machine. CI tries the same examples each time.
settings.register_profile("plumbline", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("plumbline")


@pytest.fixture(scope="session")
def make_documents():
    """Builds a document table from texts; a column can be given for all rows or row by row."""

    def build(texts, **columns):
        ids = columns.pop("id", [f"d{number}" for number in range(len(texts))])
        row = {"label": "a", "tokens": None, "tags": None, "published_split": None, "group": ids, "method": "original"}
        frame = pd.DataFrame({"id": ids, "text": list(texts)})
        for name, value in {**row, **columns}.items():
            values = value if isinstance(value, list) else [value] * len(frame)
            frame[name] = pd.Series(values, dtype=object)
        frame["derived_from"] = [[row_id] for row_id in ids]
        return frame

    return build
