import pandas as pd
import pytest

from stages.split.parameters import SplitParameters

DEFAULTS = {
    "seed": 1,
    "validation": 0.15,
    "test": 0.15,
    "augmented": 1.0,
    "train_per_class": None,
    "unlabelled": False,
    "label_texts": "none",
}
DEFAULTS["balance"] = {"method": "none", "counts": None}


@pytest.fixture(scope="session")
def settings():
    """Builds the stage's parameters: the defaults, all variants admitted, but for what is given."""
    return lambda **changes: SplitParameters.model_validate({**DEFAULTS, **changes})


@pytest.fixture(scope="session")
def make_documents(make_documents):
    """As in all tests, with the types that a table has when it was read from a file."""
    strings = ["id", "text", "label", "published_split", "group", "method"]
    return lambda *texts, **columns: make_documents(*texts, **columns).astype(dict.fromkeys(strings, "str"))


@pytest.fixture(scope="session")
def add_variants(make_documents):
    """Adds variants to a document table: each is given as the list of the ids that it is derived from."""

    def add(documents, *donors, text=None, **columns):
        origin = documents.set_index("id")
        variants = make_documents(
            [text or f"variant {number} of {', '.join(ids)}" for number, ids in enumerate(donors)],
            id=[f"{ids[0]}#swap-{number}" for number, ids in enumerate(donors)],
            label=[origin["label"][ids[0]] for ids in donors],
            group=[origin["group"][ids[0]] for ids in donors],
            method="swap",
            **columns,
        )
        variants["derived_from"] = list(donors)
        return pd.concat([documents, variants], ignore_index=True)

    return add
