"""The clouds of words."""

import pandas as pd

from stages.report.word_clouds import CANVAS, MOST_CLASSES, typical_words, word_clouds
from tests.report.conftest import HUGE, document


def training(texts, **columns):
    return pd.DataFrame(
        [document(f"{label}-{n}", text, label, **columns) for label, of in texts.items() for n, text in enumerate(of)]
    )


NEWS = {
    "sport": ["The team said the match was lost", "a cup for the team", "the team said so"],
    "tech": ["The phone said hello", "a phone with a chip", "software for the phone, they said"],
}


def test_a_word_that_is_as_frequent_everywhere_is_typical_of_no_class():
    weights = typical_words({"sport": {"team": 3, "said": 2}, "tech": {"phone": 3, "said": 2}})
    assert weights["sport"].keys() == {"team"}
    assert weights["tech"].keys() == {"phone"}


def test_the_most_typical_word_is_the_first_and_the_largest():
    sport, tech = word_clouds(training(NEWS), ["sport", "tech"], 20, seed=1)
    assert (sport.label, sport.typical[0], tech.typical[0]) == ("sport", "team", "phone")
    assert max(sport.words, key=lambda word: word.size).text == "team"
    assert "the" not in sport.typical


def test_words_stay_on_the_canvas_and_do_not_overlap():
    text = " ".join(f"{a}{b}word" for a in "bcdfghklmn" for b in "aeiou")
    (cloud, _) = word_clouds(training({"a": [text], "b": ["other things"]}), ["a", "b"], 40, seed=1)
    assert len(cloud.words) == 40
    bearing = 0.06  # of the font's size: the space that a letter keeps to its neighbours, without ink
    boxes = [(w.x + bearing * w.size, w.y - 0.5 * w.size, w.x + w.width - bearing * w.size, w.y) for w in cloud.words]
    for left, top, right, bottom in boxes:
        assert left >= -2 and right <= CANVAS[0] + 2 and top >= -2 and bottom <= CANVAS[1] + 2
    for one, box in enumerate(boxes):
        for other in boxes[:one]:
            apart = box[2] <= other[0] + 2 or other[2] <= box[0] + 2 or box[3] <= other[1] + 2 or other[3] <= box[1] + 2
            assert apart, (box, other)


def test_the_same_seed_gives_the_same_cloud_and_another_seed_another():
    first = word_clouds(training(NEWS), ["sport", "tech"], 20, seed=1)
    assert word_clouds(training(NEWS), ["sport", "tech"], 20, seed=1) == first
    assert word_clouds(training(NEWS), ["sport", "tech"], 20, seed=2) != first


def test_variants_do_not_count():
    variants = training({"sport": ["invented " * 20]}, method="swap").assign(id="v")
    sport, _ = word_clouds(pd.concat([training(NEWS), variants]), ["sport", "tech"], 20, seed=1)
    assert "invented" not in sport.typical


def test_a_class_without_words_has_an_empty_cloud():
    sport, tech, _ = word_clouds(
        training({**NEWS, "sport": ["the 42 !!!"], "arts": ["film"]}), ["sport", "tech", "arts"], 20, seed=1
    )
    assert (sport.words, sport.typical) == ([], [])
    assert tech.typical[0] == "phone"


def test_what_is_too_long_for_a_word_is_none():
    sport, _ = word_clouds(training({"sport": ["x" * 100_000, HUGE], "tech": ["phone"]}), ["sport", "tech"], 20, seed=1)
    assert sport.typical == ["enormous"]


def test_only_the_largest_of_many_classes_have_a_cloud():
    texts = {f"class{n:02}": [f"word{chr(97 + n)}" for _ in range(30 - n)] for n in range(MOST_CLASSES + 3)}
    clouds = word_clouds(training(texts), list(texts), 5, seed=1)
    assert [cloud.label for cloud in clouds] == list(texts)[:MOST_CLASSES]
