"""Cleans the documents: repairs texts, drops what is unusable, repeated or contradictory, and says why row by row."""

from functools import partial
from pathlib import Path

import pandas as pd

from stages.clean.changes import show_changes, write_changes
from stages.clean.duplicates import (
    find_contradictions,
    find_near_repeats,
    find_repeats,
    group_duplicates,
    list_leaks,
    spread,
    text_keys,
)
from stages.clean.filters import find_held, find_outliers, find_unusable
from stages.clean.near_duplicates import find_near_duplicates
from stages.clean.parameters import CleanParameters
from stages.clean.repair import CHANGED_BY, repair
from stages.clean.summary import summarise
from stages.clean.verdict import check_outcome, judge
from stages.common.card import read_card, write_card
from stages.common.documents import read_documents, write_documents, write_flags, write_rejected
from stages.common.entry import run_stage
from stages.common.messages import closing_line
from stages.common.outputs import new_outputs, write_json
from stages.common.parameters import load_section
from stages.common.partitions import map_partitions

RAW, CLEAN = Path("data/raw"), Path("data/clean")
SUMMARY, LEAKS = Path("reports/clean/summary.json"), Path("reports/clean/leaks.csv")


def main() -> None:
    """Cleans data/raw into data/clean."""
    parameters = load_section("clean", CleanParameters)
    raw, card = read_documents(RAW / "documents.parquet"), read_card(RAW)

    repaired = map_partitions(partial(repair, parameters=parameters), raw, "repair")
    changes = show_changes(raw, repaired[CHANGED_BY], parameters.text_rules(), parameters.examples)

    look = partial(find_unusable, parameters=parameters, language=card.language)
    usable = judge(repaired, map_partitions(look, repaired, "filters"))
    usual = judge(usable.kept, find_outliers(usable.kept, parameters.length_outliers))

    keys = text_keys(usual.kept)
    pairs = find_near_duplicates(usual.kept[usual.kept["id"].eq(keys)], parameters.near_duplicates)
    grouped = usual.kept.assign(group=group_duplicates(usual.kept, keys, pairs))
    leaks = list_leaks(grouped, keys, pairs)

    clear = judge(grouped, find_contradictions(grouped, keys, parameters.contradictions))
    once = judge(clear.kept, find_repeats(clear.kept, keys, parameters.duplicates))
    near = spread(pairs, keys, once.kept)
    apart = judge(once.kept, find_near_repeats(once.kept, near, parameters.near_duplicates))
    documents, verdicts = apart.kept, (usable, usual, clear, once, apart)
    rejected, flags = (pd.concat(parts) for parts in zip(*((v.rejected, v.flags) for v in verdicts), strict=True))
    check_outcome(raw, documents, rejected)
    if parameters.private_data.action == "report":
        flags = pd.concat([flags, find_held(documents)])

    with new_outputs(CLEAN, SUMMARY, LEAKS) as (data, summary_file, leaks_file):
        write_documents(documents, data / "documents.parquet")
        write_rejected(rejected, data / "rejected.parquet")
        write_flags(flags, data / "flags.parquet")
        write_changes(changes, data / "changes.parquet")
        write_card(card, data)
        summary = summarise(raw, repaired, documents, rejected, flags, pairs, leaks)
        write_json(summary_file, summary)
        leaks.to_csv(leaks_file, index=False, lineterminator="\n")
    closing_line("clean", f"{len(raw):,} documents in, {len(documents):,} out, {len(rejected):,} rejected")


if __name__ == "__main__":
    run_stage(main, "Clean the documents.")
