"""Fetches the models that augment and clean work with, where params.yaml names any, by their pinned hashes."""

from pathlib import Path

from stages.common.core.catalog import load_entry
from stages.common.core.entry import run_stage
from stages.common.core.messages import UserError, closing_line
from stages.common.core.outputs import new_outputs, write_json
from stages.common.core.parameters import load_section
from stages.common.fetching.sources import fetch
from stages.common.model.augmenters import LISTED, Augmenters
from stages.fetch_augmenters.entry import AugmenterEntry
from stages.fetch_augmenters.parameters import FetchAugmentersParameters

MODELS = Path("models/augmenters")


def main() -> None:
    """Puts the files of each role's model, and no others, into models/augmenters."""
    parameters = load_section("fetch_augmenters", FetchAugmentersParameters)
    named = {role: name for role, name in parameters if name is not None}
    entries = {role: load_entry("augmenters", name, AugmenterEntry) for role, name in named.items()}
    augmenters = Augmenters(**{role: entry.listed for role, entry in entries.items()})
    check_languages(augmenters)

    with new_outputs(MODELS) as (folder,):
        for role, entry in entries.items():
            (folder / role).mkdir()
            for file in entry.files:
                fetch(file, named[role], folder / role)
        write_json(folder / LISTED, augmenters.model_dump())
    fetched = ", ".join(f"{entry.title} ({role})" for role, entry in entries.items())
    closing_line("fetch_augmenters", fetched or "params.yaml names no model")


def check_languages(augmenters: Augmenters) -> None:
    """Refuses translation models that do not lead back to where they began.

    Raises:
        UserError: If one of the two is missing, or their languages do not fit.
    """
    forward, backward = augmenters.forward, augmenters.backward
    if (forward is None) != (backward is None):
        raise UserError("params.yaml: fetch_augmenters: names one of 'forward' and 'backward'.", "Name both, or none.")
    if forward is not None and backward is not None:
        there, back = forward.languages, backward.languages
        if there is None or back is None or (there.source, there.target) != (back.target, back.source):
            raise UserError(
                f"params.yaml: fetch_augmenters: {backward.title} does not translate back what {forward.title} does.",
                "Name the models of the two directions; their entries say the languages.",
            )


if __name__ == "__main__":
    run_stage(main, "Fetch the models that augment and clean work with.")
