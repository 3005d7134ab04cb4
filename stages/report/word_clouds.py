"""A cloud of the words that are typical of each class."""

import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from PIL import ImageFont
from wordcloud import STOPWORDS, WordCloud

from stages.common.core.seeding import derived_seed
from stages.common.documents.table import ORIGINAL
from stages.common.documents.targets import has_free_words, label_sets, text_columns
from stages.common.words.splitting import MARKS, UNSPACED, is_unspaced, word_pairs

MOST_CLASSES = 12
MOST_DOCUMENTS = 5_000  # of a class: more change the sizes of words no more
LONGEST_WORD = 24  # characters; what is longer is no word
CANVAS = (440, 280)
FONT = Path(mpl.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"  # measures words; the page shows its own font, fitted
WORD = rf"[^\W\d_](?:['\u2019]?(?:[^\W\d_]|[{MARKS}]))+"
COLOURS = 3


@dataclass(frozen=True)
class Word:
    """A word in a cloud.

    Attributes:
        text: The word.
        x: Where its left end stands, in units of the canvas.
        y: Where its baseline runs.
        width: How long it is.
        size: The font's size.
        colour: The number of one of the page's colours, from 1.
    """

    text: str
    x: int
    y: int
    width: int
    size: int
    colour: int


@dataclass(frozen=True)
class Cloud:
    """The cloud of one class: ``typical`` are its words, the most typical first."""

    label: str
    words: list[Word]
    typical: list[str]


def word_clouds(train: pd.DataFrame, labels: list[str], most_words: int, seed: int) -> list[Cloud]:
    """Makes a cloud for each class, for the twelve largest if there are more.

    A word's size shows how much it sets its class apart (see :func:`typical_words`).

    Args:
        train: Training documents; variants are left out, and documents whose words have tags.
        labels: The classes' names.
        most_words: Words in a cloud, at most.
        seed: Decides where words stand.

    Returns:
        The clouds in the order of the labels; a class without words has an empty one.
    """
    originals = train[(train["method"] == ORIGINAL) & has_free_words(train)]
    labelled = label_sets(originals).explode().dropna()
    largest = labelled.value_counts(sort=True).index[:MOST_CLASSES]
    counts = {}
    for label in labels:
        if label in largest:
            chosen = originals.loc[labelled.index[labelled == label][:MOST_DOCUMENTS]]
            counts[label] = _count_words(chosen[text_columns(train)].fillna("").agg("\n".join, axis=1))
    weights = typical_words(counts)
    return [_lay_out(label, weights[label], most_words, seed) for label in counts]


def typical_words(counts: dict[str, dict[str, int]]) -> dict[str, dict[str, float]]:
    """How much each word sets its class apart from all classes together.

    The weight is the word's part in the Kullback-Leibler divergence of the class's words from all words: p ln(p / q),
    where p is the word's share of the words in the class and q its share of the words in all classes.

    Args:
        counts: For each class how often each word occurs.

    Returns:
        For each class the words that are more frequent there than elsewhere, with a weight above 0.
    """
    overall = Counter[str]()
    for words in counts.values():
        overall.update(words)
    everything = overall.total()
    weights = {}
    for label, words in counts.items():
        total = sum(words.values())
        shares = {word: (count / total, overall[word] / everything) for word, count in words.items()}
        weights[label] = {word: p * math.log(p / q) for word, (p, q) in shares.items() if p > q}
    return weights


def _count_words(texts: pd.Series) -> dict[str, int]:
    counter = WordCloud(regexp=WORD, stopwords=STOPWORDS, collocations=False)
    unspaced = [text for text in texts if is_unspaced(text)]
    spaced = UNSPACED.sub(" ", "\n".join(texts)) if unspaced else "\n".join(texts)
    found = Counter[str](counter.process_text(spaced.lower()))
    found.update(pair for text in unspaced for pair in word_pairs(text))
    return {word: count for word, count in found.items() if len(word) <= LONGEST_WORD}


def _lay_out(label: str, weights: dict[str, float], most_words: int, seed: int) -> Cloud:
    ranked = sorted(weights, key=lambda word: (-weights[word], word))[:most_words]
    if not ranked:
        return Cloud(label, [], [])
    cloud = WordCloud(
        font_path=str(FONT),
        width=CANVAS[0],
        height=CANVAS[1],
        prefer_horizontal=1.0,
        relative_scaling=0.6,
        max_font_size=56,
        min_font_size=9,
        margin=3,
        random_state=derived_seed(seed, "cloud", label) % 2**32,
    )
    cloud.generate_from_frequencies({word: weights[word] for word in ranked})
    words = []
    for rank, ((text, _), size, (y, x), _, _) in enumerate(cloud.layout_):
        font = ImageFont.truetype(str(FONT), size)
        left, top, _, _ = font.getbbox(text)
        words.append(
            Word(
                text=text,
                x=int(x) - round(left),
                y=int(y) - round(top) + font.getmetrics()[0],
                width=round(font.getlength(text)),
                size=size,
                colour=1 + rank % COLOURS,
            )
        )
    return Cloud(label, words, ranked)
