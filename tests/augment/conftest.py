"""A table of synonyms, and methods with their settings."""

import pytest

from stages.augment.parameters import MethodParameters
from stages.augment.thesaurus import Thesaurus

TABLE = {
    "film": "film|NN|38|movie|moving picture\tfilm|VB|2|shoot",
    "films": "film|NNS|38|movies|moving pictures\tfilm|VBZ|2|shoots",
    "company": "company|NN|9|firm",
    "companies": "company|NNS|9|firms",
    "service": "service|NN|5|help",
    "happy": "happy|JJ|9|glad",
    "quick": "quick|JJ|4|fast",
    "truly": "truly|RB|3|really",
    "turkey": "turkey|NN|0|gobbler",
    "surged": "surge|VBD|11|rose\tsurge|VBN|11|risen",
    "surge": "surge|NN|6|rush\tsurge|VB|11|rise",
    "rose": "rise|VBD|114|climbed\trose|NN|5|rosebush",
    "deal": "deal|NN|11|bargain\tdeal|VB|12|cover",
    "firm": "firm|NN|26|company\tfirm|JJ|35|steadfast",
    "enterprise": "enterprise|NN|5|company",
    "growth": "growth|NN|30|increase",
    "bush": "bush|NN|3|shrub",
    "can": "can|NN|9|tin",
    "two": "two|JJ|9|ii",
}


def write_table(folder):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "synonyms.tsv").write_text("".join(f"{form}\t{readings}\n" for form, readings in TABLE.items()))
    return folder


@pytest.fixture(scope="session")
def lexicon(tmp_path_factory):
    return write_table(tmp_path_factory.mktemp("data") / "lexicon")


@pytest.fixture(scope="session")
def thesaurus():
    return Thesaurus(TABLE)


@pytest.fixture(scope="session")
def settings():
    """Builds what methods are told: ``settings(swap=(2, 0.1))``, with count and rate."""

    def build(**methods):
        return {name: MethodParameters(count=count, rate=rate) for name, (count, rate) in methods.items()}

    return build
