"""Labels from people: guidelines, rounds of annotation, agreement, and decisions about what is contested."""

import argparse
from pathlib import Path
from typing import get_args

from commands.annotation.tools import Tool
from stages.common.core.entry import run_command

MODEL = Path("models/finetuned")
TOOLS = get_args(Tool)


def main(arguments: argparse.Namespace) -> None:
    """Runs one of the sub-commands.

    Raises:
        UserError: If something that a person gave is not what it should be.
    """
    # Each is imported here, so that --help does not wait for pandas or torch.
    if arguments.command == "guideline":
        from commands.annotation.guideline import draft

        draft(arguments.examples, arguments.seed)
    elif arguments.command == "plan":
        from commands.annotation.planning import plan

        plan(arguments)
    elif arguments.command == "export":
        from commands.annotation.sheets import export

        export(arguments)
    elif arguments.command == "import":
        from commands.annotation.collecting import take_back

        take_back(arguments)
    elif arguments.command == "status":
        from commands.annotation.status import show

        show()
    else:
        from commands.annotation.adjudication import adjudicate

        adjudicate(arguments)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description=__doc__)
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_guideline(commands.add_parser("guideline", help="draft catalog/guidelines/NAME.md from the dataset's card"))
    _add_plan(commands.add_parser("plan", help="make a round: who labels what, and the files for their tool"))
    _add_export(commands.add_parser("export", help="write a round's files again, for any tool"))
    _add_import(commands.add_parser("import", help="take answers back into a round"))
    commands.add_parser("status", help="agreement round by round, and whose answers are missing")
    _add_adjudicate(commands.add_parser("adjudicate", help="write the queue of contested items, take decisions back"))
    return made


def count(said: str) -> int:
    """A number of things, for the command line."""
    if not said.isdecimal():
        raise argparse.ArgumentTypeError(f"{said!r} is no number of things")
    return int(said)


def _add_guideline(made: argparse.ArgumentParser) -> None:
    made.add_argument("--examples", type=count, default=2, help="of each label, from training documents")
    made.add_argument("--seed", type=int, default=1, help="what draws them")


def _add_plan(made: argparse.ArgumentParser) -> None:
    made.add_argument("round", help="the round's name")
    made.add_argument("--annotators", required=True, help="their ids with commas between, such as a1,a2,a3; no names")
    made.add_argument("--items", type=count, required=True, help="how many documents, gold not counted")
    made.add_argument("--overlap", type=count, default=2, help="how many annotators answer each")
    made.add_argument(
        "--gold", type=count, default=0, help="documents of known answer that each annotator gets, unmarked"
    )
    made.add_argument(
        "--by",
        dest="choose",
        choices=("random", "uncertainty", "margin", "badge", "coreset", "clusters", "disagreement"),
        default="random",
        help="documents at random, where --model is least sure (uncertainty, margin), would learn much (badge), has no "
        "labels near (coreset), the middle of groups alike (clusters: no model needed), or answered differently",
    )
    made.add_argument(
        "--split", choices=("train", "validation", "test"), default="train", help="another than train only on purpose"
    )
    made.add_argument("--predictions", action="store_true", help="show annotators what --model answers; not blind then")
    made.add_argument("--model", type=Path, default=MODEL, help="a fine-tuned model's folder")
    made.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"), help="where it computes")
    made.add_argument(
        "--seed", type=int, default=1, help="what draws documents, gold, and who gets what in which order"
    )
    made.add_argument("--tool", choices=TOOLS, default="label-studio", help="what the tasks are written for")


def _add_export(made: argparse.ArgumentParser) -> None:
    made.add_argument("round", help="the round's name")
    made.add_argument("--out", type=Path, required=True, help="a folder that is not there yet")
    made.add_argument("--tool", choices=TOOLS, help="the round's own by default")
    made.add_argument("--answers", action="store_true", help="only what was answered, with the answers")


def _add_import(made: argparse.ArgumentParser) -> None:
    made.add_argument("round", help="the round's name")
    made.add_argument("files", type=Path, nargs="+", metavar="FILE", help="what the tool exported")
    made.add_argument("--tool", choices=(*TOOLS, "wide", "long"), help="the round's own by default; or a crowd's table")
    made.add_argument("--annotators", type=Path, help="a CSV file: name (the tool's), annotator (the plan's id)")
    made.add_argument(
        "--allow", action="append", default=[], metavar="HASH", help="another guideline that is taken, too"
    )
    made.add_argument("--replace", action="store_true", help="let answers without a time replace earlier ones")
    made.add_argument("--unplanned", action="store_true", help="take answers that the plan did not ask for")
    made.add_argument(
        "--offsets", choices=("code-points", "utf-16"), help="how spans are counted; by the tool by default"
    )
    made.add_argument("--id-column", help="of a crowd's table: the document's id")
    made.add_argument("--annotator-column", help="of a long table: who answered")
    made.add_argument(
        "--answer-columns", help="the answer's column; of a wide table those of all annotators, with commas"
    )
    made.add_argument("--values", help="what the table writes for which label, such as 1=entailment,0=no_entailment")


def _add_adjudicate(made: argparse.ArgumentParser) -> None:
    made.add_argument("round", nargs="?", help="the round's name; not with --audit")
    made.add_argument("--audit", action="store_true", help="the label audit's queue, reports/audit/label_issues.csv")
    made.add_argument("--take", type=Path, metavar="FILE", help="the queue with its column decision filled in")
    made.add_argument("--out", type=Path, help="where the queue goes; to the round's tasks by default")
    made.add_argument(
        "--below", type=float, default=0.8, help="show unanimous items, too, whose posterior is below this"
    )
    made.add_argument("--predictions", action="store_true", help="show what --model answers, too")
    made.add_argument("--model", type=Path, default=MODEL, help="a fine-tuned model's folder")
    made.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"), help="where it computes")
    made.add_argument("--seed", type=int, default=1, help="what shuffles which annotator is A, B, C")


if __name__ == "__main__":
    run_command(main, parser())
