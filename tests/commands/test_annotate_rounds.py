"""A round asks about training documents only, blind and seeded; decisions outrank its answers."""

import csv
from collections import Counter
from hashlib import sha256
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
import yaml

from commands.annotation.answers import Answer, read_answer_file
from commands.annotation.choosing import by_disagreement
from commands.annotation.planning import shared_out
from stages.audit.review import read_review
from stages.common.core.messages import UserError
from stages.common.documents.answers import SCHEMA, write_answers
from stages.common.documents.card import read_card, write_card
from stages.common.documents.consensus import SCHEMA as CONSENSUS_COLUMNS
from stages.common.documents.consensus import write_consensus
from stages.common.documents.table import read_documents, write_documents
from tests.commands.annotated import TOPICS, annotate, load, rows, save_sentences, save_topics

ROUNDS = Path("catalog/annotation/tiny")
GUIDELINE = Path("catalog/guidelines/tiny.md")


def plan(name, *arguments, annotators="a1,a2,a3", items=6, overlap=2):
    annotate("plan", name, "--annotators", annotators, "--items", items, "--overlap", overlap, *arguments)


def held_out():
    return set(read_documents(Path("data/splits/test.parquet"))["id"])


def answer_all(name, wrong=()):
    """Fills in a round's CSV tasks with the true labels, but for some (document, annotator)."""
    truth = dict(zip(*read_documents(Path("data/raw/documents.parquet"))[["id", "label"]].T.to_numpy(), strict=True))
    files = []
    for path in sorted((ROUNDS / name / "tasks").glob("*.csv")):
        table = rows(path)
        for row in table:
            others = [label for label in TOPICS if label != truth[row["id"]]]
            row["answer"] = others[0] if (row["id"], path.stem) in wrong else truth[row["id"]]
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, table[0])
            writer.writeheader()
            writer.writerows(table)
        files.append(path)
    annotate("import", name, *files)


def test_a_guideline_is_drafted_once_from_the_card_and_training_documents(topics):
    drafted = GUIDELINE.read_text()
    shown = {line.rpartition("<!-- ")[2].removesuffix(" -->") for line in drafted.splitlines() if "<!--" in line}
    assert len(shown) == 2 * len(TOPICS) and not shown & held_out()
    for topic in TOPICS:
        assert f"## {topic}\n\nAbout \\*{topic}\\* &amp; the like.\n" in drafted
    with pytest.raises(UserError, match="is there already"):
        annotate("guideline")
    GUIDELINE.unlink()
    annotate("guideline", "--seed", 2)
    assert GUIDELINE.read_text() != drafted
    GUIDELINE.unlink()
    annotate("guideline")
    assert GUIDELINE.read_text() == drafted


def test_guidelines_for_entities_show_what_is_marked(tmp_path, monkeypatch, make_documents):
    monkeypatch.chdir(tmp_path)
    save_sentences(tmp_path, make_documents)
    write_card(read_card(Path("data/raw")), Path("data/splits"))
    annotate("guideline", "--examples", 9)
    assert "- 🎉 Ann Lee joins Acme .: **Ann Lee** <!-- d0 -->" in GUIDELINE.read_text()
    assert "d3" not in GUIDELINE.read_text()  # a test document


def test_a_plan_is_blind_seeded_and_leaves_held_out_documents_alone(topics):
    plan("first", "--gold", 3, "--tool", "csv")
    planned = rows(ROUNDS / "first/plan.csv")
    examples = {line.rpartition("<!-- ")[2].removesuffix(" -->") for line in GUIDELINE.read_text().splitlines()}
    assert not {row["id"] for row in planned} & (held_out() | examples)
    assert {row["guideline"] for row in planned} == {sha256(GUIDELINE.read_bytes()).hexdigest()}
    assert (ROUNDS / "first/guideline.md").read_bytes() == GUIDELINE.read_bytes()
    times = Counter(row["id"] for row in planned if row["kind"] == "item")
    assert len(times) == 6 and set(times.values()) == {2}
    gold = Counter(row["id"] for row in planned if row["kind"] == "gold")
    assert set(gold.values()) == {3} and set(gold) == {row["id"] for row in rows(ROUNDS / "first/gold.csv")}
    assert Counter(row["annotator"] for row in planned) == {"a1": 7, "a2": 7, "a3": 7}
    for name in ("a1", "a2", "a3"):
        given = rows(ROUNDS / f"first/tasks/{name}.csv")
        assert [row["id"] for row in given] == [row["id"] for row in planned if row["annotator"] == name]
        assert all("gold" not in row.values() and row["answer"] == "" and "model" not in row for row in given)
        assert {row["id"] for row in given[:3]} != set(gold)  # mixed in, not in front
    before = {path.name: path.read_bytes() for path in (ROUNDS / "first").glob("*.csv")}
    with pytest.raises(UserError, match="is there already"):
        plan("first")
    (ROUNDS / "first").rename(Path("aside"))
    plan("first", "--gold", 3, "--tool", "csv")
    assert {path.name: path.read_bytes() for path in (ROUNDS / "first").glob("*.csv")} == before
    plan("second", "--seed", 2)
    again = {row["id"] for row in rows(ROUNDS / "second/plan.csv")}
    assert not again & {row["id"] for row in planned}


def test_held_out_documents_are_labelled_on_purpose_only(topics):
    plan("held-out", "--split", "test")
    assert {row["id"] for row in rows(ROUNDS / "held-out/plan.csv")} <= held_out()
    assert yaml.safe_load((ROUNDS / "held-out/round.yaml").read_text())["split"] == "test"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"annotators": "a1,anna@example.org"}, "cannot name an annotator"),
        ({"annotators": "a1,a1"}, "cannot name an annotator"),
        ({"annotators": "a1,adjudicator"}, "cannot name an annotator"),
        ({"overlap": 4}, "--overlap: 4 of 3 annotators"),
        ({"overlap": 0}, "--overlap: 0 of 3 annotators"),
        ({"items": 500}, "--items 500: there are 24 train documents"),
        ({"items": 0}, "--items 0"),
    ],
)
def test_a_plan_that_cannot_be_made_says_why(topics, arguments, said):
    with pytest.raises(UserError, match=said):
        plan("first", **arguments)
    with pytest.raises(UserError, match="cannot name a round"):
        plan("../first")
    assert not ROUNDS.exists()


@pytest.mark.parametrize("said", ["--gold=-1", "--items=x", "--overlap=1.5"])
def test_what_is_no_number_is_refused(topics, said, capsys):
    with pytest.raises(SystemExit):
        plan("first", said)
    assert "is no number of things" in capsys.readouterr().err


def test_splits_of_another_dataset_are_not_taken_for_those_of_this_one(topics):
    write_card(read_card(Path("data/raw")).model_copy(update={"name": "other"}), Path("data/splits"))
    with pytest.raises(UserError, match="holds the splits of other"):
        plan("first")


def test_documents_that_a_publisher_holds_out_are_not_chosen_before_a_split(tmp_path, monkeypatch, make_documents):
    monkeypatch.chdir(tmp_path)
    save_topics(tmp_path, make_documents)
    raw = read_documents(Path("data/raw/documents.parquet"))
    raw["published_split"] = ["test" if place % 2 else None for place in range(len(raw))]
    write_documents(raw, Path("data/raw/documents.parquet"))
    Path("data/splits/card.json").unlink()
    annotate("guideline")
    assert "<!--" not in GUIDELINE.read_text()
    plan("first", items=20)
    assert not {row["id"] for row in rows(ROUNDS / "first/plan.csv")} & set(
        raw.loc[raw["published_split"].eq("test"), "id"]
    )


def test_work_is_shared_evenly_and_pairs_are_mixed():
    shared = shared_out([f"d{n}" for n in range(300)], ["a", "b", "c", "d"], 2, seed=1)
    assert max(Counter(name for names in shared.values() for name in names).values()) == 150
    pairs = Counter(frozenset(names) for names in shared.values())
    assert len(pairs) == 6 and min(pairs.values()) > 25
    assert shared == shared_out([f"d{n}" for n in reversed(range(300))], ["a", "b", "c", "d"], 2, seed=1)


def test_answers_under_another_guideline_are_refused_until_they_are_allowed(topics, capsys):
    plan("first", "--tool", "csv")
    planned = sha256(GUIDELINE.read_bytes()).hexdigest()
    GUIDELINE.write_text(GUIDELINE.read_text() + "Read twice.\n")
    now = sha256(GUIDELINE.read_bytes()).hexdigest()
    annotate("export", "first", "--out", "again")
    path = Path("again/a1.csv")
    path.write_text(path.read_text().replace(",a1,,", ",a1,garden,"))
    with pytest.raises(UserError, match=f"a1.csv:2: was answered under the guideline {now[:12]}, not .*{planned[:12]}"):
        annotate("import", "first", path)
    assert not (ROUNDS / "first/answers.csv").exists()
    annotate("import", "first", path, "--allow", now[:12])
    assert {answer.guideline for answer in read_answer_file(ROUNDS / "first/answers.csv")} == {now}
    annotate("status")
    assert "planned under an earlier guideline: first" in capsys.readouterr().out


def test_answers_that_nobody_was_asked_for_are_kept_aside(topics, capsys):
    plan("first", "--tool", "csv", annotators="a1,a2", overlap=1)
    other = next(row["id"] for row in rows(ROUNDS / "first/plan.csv") if row["annotator"] == "a2")
    Path("x.csv").write_text(f"id,annotator,answer\n{other},a1,garden\n{other},a9,garden\n")
    annotate("import", "first", "x.csv")
    said = capsys.readouterr().out
    assert f"x.csv:2: a1 was not asked about {other!r}" in said and "x.csv:3: nothing says whose this is" in said
    annotate("import", "first", "x.csv", "--unplanned")
    assert [answer.annotator for answer in read_answer_file(ROUNDS / "first/answers.csv")] == ["a1"]


def test_an_answer_that_was_imported_before_stays_unless_the_new_one_is_later_or_asked_for(topics, capsys):
    plan("first", "--tool", "csv", annotators="a1", overlap=1)
    row_id = rows(ROUNDS / "first/plan.csv")[0]["id"]

    def give(answer, time, *more):
        Path("x.csv").write_text(f"id,annotator,answer,time\n{row_id},a1,{answer},{time}\n")
        annotate("import", "first", "x.csv", *more)
        return read_answer_file(ROUNDS / "first/answers.csv")[0].answer

    assert give("garden", "") == "garden"
    assert give("kitchen", "") == "garden"
    assert "x.csv:2: another answer to it was imported before; --replace" in capsys.readouterr().out
    assert give("kitchen", "", "--replace") == "kitchen"
    assert give("harbour", "2026-03-02") == "harbour"
    assert give("garden", "2026-03-01T23:00:00+00:00") == "harbour"
    assert "a later answer to it was imported before" in capsys.readouterr().out


def test_status_says_who_is_missing_and_how_right_they_are(topics, capsys):
    plan("first", "--tool", "csv", "--gold", 2, overlap=3)
    gold = [row["id"] for row in rows(ROUNDS / "first/gold.csv")]
    item = next(row["id"] for row in rows(ROUNDS / "first/plan.csv") if row["kind"] == "item")
    answer_all("first", wrong={(gold[0], "a2"), (item, "a3")})
    kept = read_answer_file(ROUNDS / "first/answers.csv")
    capsys.readouterr()
    annotate("status")
    said = capsys.readouterr().out
    assert "a2: 8 of 8 answered, 1 of 2 gold right" in said and "a1: 8 of 8 answered, 2 of 2 gold right" in said
    assert "agreement: observed agreement 0.833 (" in said and "krippendorff alpha 0.7" in said and "gwet ac1" in said
    assert "a1 and a2: cohen kappa 0.8" in said
    assert "0 answers missing" in said and "contested: 1 open, 0 decided" in said
    assert len(kept) == 24


def test_the_lines_for_the_catalog_entry_name_the_answers_and_their_hash(topics, capsys):
    plan("first", "--tool", "csv")
    answer_all("first")
    said = capsys.readouterr().out.partition("# catalog/datasets/tiny.yaml")[2].partition("\n")[2]
    entry = yaml.safe_load(said)
    assert entry["files"][0]["sha256"] == sha256((ROUNDS / "first/answers.csv").read_bytes()).hexdigest()
    assert Path(entry["files"][0]["sources"][0]["url"]).exists()
    named = entry["answers"][0]
    assert named.pop("file") == entry["files"][0]["name"]
    assert list(named) == SCHEMA.names and all(name in rows(ROUNDS / "first/answers.csv")[0] for name in named.values())


def contested_round():
    plan("first", "--tool", "csv", "--gold", 1, overlap=3)
    ids = sorted({row["id"] for row in rows(ROUNDS / "first/plan.csv") if row["kind"] == "item"})
    gold = rows(ROUNDS / "first/gold.csv")[0]["id"]
    answer_all("first", wrong={(ids[0], "a1"), (ids[1], "a1"), (ids[1], "a2"), (gold, "a1")})
    return ids


def test_the_queue_hides_who_said_what_and_decisions_outrank_all_answers(topics, capsys):
    ids = contested_round()
    annotate("adjudicate", "first")
    path = ROUNDS / "first/tasks/adjudicator.csv"
    queue = rows(path)
    assert {row["id"] for row in queue} == set(ids[:2])
    assert not {"a1", "a2", "a3"} & {value for row in queue for value in (*row, *row.values())}
    truth = {
        answer.id: answer.answer
        for answer in read_answer_file(ROUNDS / "first/answers.csv")
        if answer.annotator == "a3"
    }
    first = next(row for row in queue if row["id"] == ids[0])
    right = next(letter for letter in "ABC" if first[letter] == truth[ids[0]])
    Path("decided.csv").write_text(path.read_text().replace(f"{ids[0]},,", f"{ids[0]},{right},"))
    annotate("adjudicate", "first", "--take", "decided.csv")
    assert "1 decisions in" in (said := capsys.readouterr().out) and "1 contested documents left" in said
    decided = [answer for answer in read_answer_file(ROUNDS / "first/answers.csv") if answer.annotator == "adjudicator"]
    planned = sha256(GUIDELINE.read_bytes()).hexdigest()
    assert decided == [Answer(ids[0], "adjudicator", truth[ids[0]], None, None, "first", planned)]
    assert yaml.safe_load((ROUNDS / "first/round.yaml").read_text())["outranks"] == "adjudicator"
    annotate("adjudicate", "first", "--out", "left.csv")
    assert [row["id"] for row in rows(Path("left.csv"))] == [ids[1]]
    annotate("import", "first", *sorted((ROUNDS / "first/tasks").glob("a?.csv")))  # a later import keeps decisions
    assert decided[0] in read_answer_file(ROUNDS / "first/answers.csv")


def test_letters_say_nothing_about_annotators(topics):
    ids = contested_round()
    letters = Counter()
    for seed in range(12):
        annotate("adjudicate", "first", "--seed", seed, "--out", f"{seed}.csv")
        row = next(row for row in rows(Path(f"{seed}.csv")) if row["id"] == ids[0])
        counts = Counter(row[letter] for letter in "ABC")
        letters[next(letter for letter in "ABC" if counts[row[letter]] == 1)] += 1
    assert len(letters) == 3


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{id},cellar", "decided.csv:2: there is no label 'cellar'"),
        ("d999,garden", "decided.csv:2: the round has no answer about 'd999'"),
        ("{id},garden\n{id},kitchen", "decided.csv:3: .* has two decisions"),
    ],
)
def test_decisions_that_cannot_be_taken_change_nothing(topics, line, said):
    ids = contested_round()
    before = (ROUNDS / "first/answers.csv").read_bytes()
    Path("decided.csv").write_text("id,decision\n" + line.format(id=ids[0]) + "\n")
    with pytest.raises(UserError, match=said):
        annotate("adjudicate", "first", "--take", "decided.csv")
    assert (ROUNDS / "first/answers.csv").read_bytes() == before


def test_a_queue_with_decisions_is_not_written_over(topics):
    contested_round()
    annotate("adjudicate", "first")
    path = ROUNDS / "first/tasks/adjudicator.csv"
    path.write_text(path.read_text().replace(",,", ",A,", 1))
    with pytest.raises(UserError, match="holds decisions"):
        annotate("adjudicate", "first")


def test_the_least_sure_by_the_posterior_come_first(topics):
    ids = contested_round()
    Path("data/annotated").mkdir()
    write_card(read_card(Path("data/raw")), Path("data/annotated"))
    sure = {ids[0]: 0.9, ids[1]: 0.97, ids[2]: 0.3, ids[3]: 0.99}
    table = pd.DataFrame({"id": list(sure), "confidence": list(sure.values()), "seen": False, "left_out": False})
    table["probabilities"] = [[1.0, 0.0, 0.0]] * len(table)
    write_consensus(table.reindex(columns=CONSENSUS_COLUMNS.names), Path("data/annotated/consensus.parquet"))
    annotate("adjudicate", "first", "--below", "0.5", "--out", "queue.csv")
    assert [row["id"] for row in rows(Path("queue.csv"))] == [ids[2], ids[0], ids[1]]


def test_the_audits_queue_is_decided_in_the_same_way(topics, capsys):
    Path("reports/audit").mkdir(parents=True)
    Path("reports/audit/label_issues.csv").write_text(
        "id,verdict,new_label,label,suggested,probability,quality,excerpt\n"
        "d1,,,garden,kitchen,0.8,0.1,seed\nd2,,,harbour,garden,0.6,0.2,boat\nd4,,,garden,harbour,0.7,0.3,seed\n"
    )
    annotate("adjudicate", "--audit")
    path = ROUNDS / "tasks/audit.csv"
    assert [(row["id"], row["A"], row["model"], row["decision"]) for row in rows(path)] == [
        ("d1", "garden", "kitchen", ""),
        ("d2", "harbour", "garden", ""),
        ("d4", "garden", "harbour", ""),
    ]
    Path("decided.csv").write_text("id,decision,A,model\nd1,model,garden,kitchen\nd2,A,harbour,garden\nd4,(drop),,\n")
    annotate("adjudicate", "--audit", "--take", "decided.csv")
    review = read_review(Path("catalog/reviews/tiny.csv"), ["d1", "d2", "d4"], list(TOPICS))
    assert review.to_numpy().tolist() == [["d1", "relabel", "kitchen"], ["d2", "keep", ""], ["d4", "drop", ""]]
    with pytest.raises(UserError, match="name a round, or say --audit"):
        annotate("adjudicate")


def test_the_audits_queue_shows_what_people_answered(topics):
    Path("reports/audit").mkdir(parents=True)
    Path("reports/audit/label_issues.csv").write_text(
        "id,verdict,new_label,label,suggested,probability,quality,excerpt\n"
        "d1,,,garden,kitchen,0.8,0.1,seed\nd2,,,harbour,garden,0.6,0.2,boat\n"
    )
    Path("data/annotated").mkdir()
    write_card(read_card(Path("data/raw")), Path("data/annotated"))
    said = [("d1", "x", "kitchen"), ("d1", "y", "garden"), ("d1", "z", "kitchen"), ("d1", "adjudicator", "harbour")]
    frame = pa.table(dict(zip(("id", "annotator", "answer"), zip(*said, strict=True), strict=True))).to_pandas()
    frame = frame.assign(time=None, seconds=None, round=None, guideline=None)
    write_answers(frame.astype({"seconds": "float64"}), Path("data/answers.parquet"))
    annotate("adjudicate", "--audit")
    first, second = rows(ROUNDS / "tasks/audit.csv")
    assert (first["A"], sorted(first[letter] for letter in "BCD")) == ("garden", ["garden", "kitchen", "kitchen"])
    assert [second[letter] for letter in "ABCD"] == ["harbour", "", "", ""]
    Path("decided.csv").write_text("id,decision,A,B,model\nd1,B,garden,kitchen,kitchen\nd2,harbour,harbour,,garden\n")
    annotate("adjudicate", "--audit", "--take", "decided.csv")
    review = read_review(Path("catalog/reviews/tiny.csv"), ["d1", "d2"], list(TOPICS))
    assert review.to_numpy().tolist() == [["d1", "relabel", "kitchen"], ["d2", "keep", ""]]


def test_disagreement_chooses_what_people_answered_differently(topics):
    ids = contested_round()
    plan("second", "--by", "disagreement", items=2)
    assert {row["id"] for row in rows(ROUNDS / "second/plan.csv")} == set(ids[:2])
    with pytest.raises(UserError, match="there are 2 train documents that were answered differently"):
        plan("third", "--by", "disagreement", items=3)
    answers = [Answer("x", "a", "1"), Answer("x", "b", "2"), Answer("y", "a", "1"), Answer("y", "b", "1")]
    answers += [Answer("z", name, str(place)) for place, name in enumerate("abc")]
    assert by_disagreement(answers, ["x", "y", "z"], seed=1) == ["z", "x"]
    assert by_disagreement([*answers, Answer("z", "adjudicator", "1")], ["x", "y", "z"], seed=1) == ["x"]


def test_answers_that_came_with_the_data_count_as_earlier_ones(topics):
    frame = pa.table(
        {"id": ["d1", "d1", "d2"], "annotator": ["x", "y", "x"], "answer": ["garden", "kitchen", "garden"]}
    ).to_pandas()
    frame = frame.assign(time=None, seconds=None, round=None, guideline=None)
    write_answers(frame.astype({"seconds": "float64"}), Path("data/raw/answers.parquet"))
    if "d1" in GUIDELINE.read_text():
        GUIDELINE.write_text("# none\n")
    plan("first", "--by", "disagreement", items=1)
    assert {row["id"] for row in rows(ROUNDS / "first/plan.csv")} == {"d1"}


def test_a_round_that_is_not_there_or_damaged_is_named(topics):
    plan("first")
    assert load(ROUNDS / "first/tasks/a1.json")
    with pytest.raises(UserError, match=r"has no round 'frist'\. Did you mean 'first'"):
        annotate("export", "frist", "--out", "x")
    (ROUNDS / "first/round.yaml").write_text("dataset: tiny\n")
    with pytest.raises(UserError, match=r"round\.yaml"):
        annotate("export", "first", "--out", "x")
