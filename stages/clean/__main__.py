"""Cleans the documents: repairs texts, drops what is unusable, repeated or contradictory, and says why row by row."""

from stages.common.core.entry import run_stage

if __name__ == "__main__":  # before the imports below, which take seconds
    run_stage("clean", "Clean the documents.")

import tempfile
from functools import partial
from pathlib import Path

from stages.clean.causes import name_causes
from stages.clean.changes import show_changes, write_changes
from stages.clean.corpus import check_something_is_left, judge, load_facts, open_corpus
from stages.clean.duplicates import (
    find_contradictions,
    find_near_repeats,
    find_repeats,
    group_duplicates,
    list_leaks,
    match_texts,
)
from stages.clean.escaped_markup import decide_markup
from stages.clean.filters import find_outliers, list_unusable
from stages.clean.losses import SHOWN_AT_END, check_losses, in_words, list_losses
from stages.clean.near_duplicates import find_near_duplicates
from stages.clean.parameters import CleanParameters
from stages.clean.parts import cut
from stages.clean.rows import clean_part
from stages.clean.summary import summarise
from stages.clean.tables import write_tables
from stages.common.core.messages import closing_line
from stages.common.core.outputs import new_outputs, write_json
from stages.common.core.parameters import load_section
from stages.common.documents.card import read_card, write_card
from stages.common.documents.partitions import start_workers
from stages.common.tasks import task_of
from stages.common.text_rules.settings import NAMES, TextRules

ANNOTATED, CLEAN, REPORTS = Path("data/annotated"), Path("data/clean"), Path("reports/clean")


def main() -> None:
    """Cleans data/annotated into data/clean."""
    parameters, card = load_section("clean", CleanParameters), read_card(ANNOTATED)

    with (
        new_outputs(CLEAN, REPORTS) as (data, reports),
        tempfile.TemporaryDirectory(prefix=".parts-", dir=data.resolve()) as scratch,
        open_corpus(Path(scratch)) as corpus,
    ):
        parts = cut(corpus, ANNOTATED / "documents.parquet", Path(scratch))
        with start_workers(sum(part.rows for part in parts), Path(scratch)) as workers:
            markup = decide_markup(parts, workers, parameters)
            parameters = parameters.model_copy(update={"markup": markup["decided"]})
            model = NAMES.resolve()  # workers of a cluster may have started elsewhere
            clean = partial(clean_part, parameters=parameters, language=card.language, names_model=model)
            counts = workers.map(clean, parts, "rules")
            load_facts(corpus, parts)
            judge(corpus, list_unusable(corpus))
            judge(corpus, find_outliers(corpus, parameters.length_outliers))

            match_texts(corpus)
            pairs = "text_pair" in task_of(card).inputs
            find_near_duplicates(corpus, parts, workers, parameters.near_duplicates, pairs)
        group_duplicates(corpus)
        leaks = list_leaks(corpus, parts, card.shows_texts)
        name_causes(corpus, parts, parameters.text_rules())
        judge(corpus, find_contradictions(corpus, parameters.contradictions))
        judge(corpus, find_repeats(corpus, parameters.duplicates))
        judge(corpus, find_near_repeats(corpus, parameters.near_duplicates))
        check_something_is_left(corpus)
        check_losses(corpus, parts, max(parameters.most_dropped, card.most_dropped or 0), card.name)
        losses = in_words(list_losses(corpus, parts, SHOWN_AT_END))

        changes = show_changes(corpus, parts, parameters.text_rules(), parameters.examples.per_rule)
        kept = write_tables(corpus, parts, parameters.private_data.action == "report", data)
        write_changes(changes, data / "changes.parquet")
        write_card(card, data)
        summary = {**summarise(corpus, counts, leaks), "markup": markup}
        write_json(reports / "summary.json", summary)
        write_json(reports / "text_rules.json", parameters.model_dump(include=set(TextRules.model_fields)))
        leaks.to_csv(reports / "leaks.csv", index=False, lineterminator="\n")
    total = summary["documents_in"]
    closing_line("clean", f"{total:,} documents in, {kept:,} out, {total - kept:,} rejected{losses}")
