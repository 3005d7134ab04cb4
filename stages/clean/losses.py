"""Says what each rule dropped and how to keep it, and stops where a rule dropped more than is allowed."""

import math
from typing import NamedTuple

from duckdb import DuckDBPyConnection

from stages.clean.parts import Part
from stages.common.core.messages import UserError, one_line

EXCERPT = 60  # characters of a text that are shown
SHOWN_AT_STOP, SHOWN_AT_END = 3, 2  # documents of a rule
HIDDEN = "private_data"  # the rule whose finds are not shown
COUNTED = "SELECT rule, count(*) FROM rejected GROUP BY rule ORDER BY count(*) DESC, rule"
FIRST = """
SELECT bodies.id, substr("text", 1, $excerpt + 1), reason FROM (
    SELECT id, rejected.reason FROM rejected JOIN documents USING (number)
    WHERE rejected.rule = $rule ORDER BY number LIMIT $count
) AS first JOIN read_parquet($files) AS bodies ON bodies.id = first.id ORDER BY bodies.id
"""


class Loss(NamedTuple):
    """What one rule dropped: how many documents, and some of them in words."""

    rule: str
    documents: int
    examples: list[str]

    def keep(self) -> str:
        """The setting that keeps these documents."""
        if self.rule in ("undecodable", "empty"):
            return f"clean.{self.rule}=false"
        return f"clean.{self.rule}.action=report" if self.rule == HIDDEN else f"clean.{self.rule}.enabled=false"


def list_losses(corpus: DuckDBPyConnection, parts: list[Part], shown: int, reasons: bool = False) -> list[Loss]:
    """What each rule dropped, the one that dropped the most first.

    Args:
        corpus: The tables.
        parts: Their ``texts`` are read.
        shown: Examples of each rule.
        reasons: Whether an example says why it was dropped.
    """
    files = [str(part.path("texts")) for part in parts]
    losses = []
    for rule, count in corpus.sql(COUNTED).fetchall():
        asked = {"excerpt": EXCERPT, "rule": rule, "count": shown, "files": files}
        examples = []
        for name, text, reason in corpus.sql(FIRST, params=asked).fetchall():
            said = "" if rule == HIDDEN else f" “{text[:EXCERPT]}{'…' if len(text) > EXCERPT else ''}”"
            examples.append(one_line(f"{name}{said}{f' ({reason})' if reasons else ''}"))
        losses.append(Loss(rule, count, examples))
    return losses


def check_losses(corpus: DuckDBPyConnection, parts: list[Part], allowed: float, entry: str) -> None:
    """Checks that no rule dropped too many of the documents that may be dropped at all.

    Args:
        corpus: The tables.
        parts: Their ``texts`` are read.
        allowed: The largest share of them.
        entry: The name of the dataset's entry.

    Raises:
        UserError: If one did: which, how many, three of them, and what to write to allow it.
    """
    ((total,),) = corpus.sql("SELECT count(*) FROM documents WHERE NOT must_stay").fetchall()
    if not any(count > allowed * total for _, count in corpus.sql(COUNTED).fetchall()):
        return
    most = list_losses(corpus, parts, SHOWN_AT_STOP, reasons=True)[0]
    needed = math.ceil(100 * most.documents / total) / 100
    raise UserError(
        f"clean: the rule {most.rule!r} dropped {most.documents:,} of {total:,} documents "
        f"({most.documents / total:.0%}), more than clean.most_dropped allows ({allowed:.0%}), "
        f"such as {'; '.join(most.examples)}.",
        f"To keep them, write -S {most.keep()}. If they should go, write -S clean.most_dropped={needed}, or "
        f"`most_dropped: {needed}` in catalog/datasets/{entry}.yaml.",
    )


def in_words(losses: list[Loss]) -> str:
    """What was dropped, for the closing line; empty if nothing was."""
    said = [
        f"{loss.rule} {loss.documents:,}, such as {'; '.join(loss.examples)} (keep: -S {loss.keep()})"
        for loss in losses
    ]
    return ": " + "; ".join(said) if said else ""
