"""A lexicon of a few words in the form of WordNet's database files, and methods with their settings."""

import pytest

from stages.augment.parameters import AugmentParameters

LICENCE = "  1 This software and database is being provided to you, the LICENSEE, by  \n  2 Princeton University.  \n"
DATA = {
    "noun": """\
00000010 10 n 04 film 0 movie 0 picture 1 moving_picture 0 002 @ 00000020 n 0000 ~ 00000030 n 0000 | a story on a screen
00000020 10 n 02 film 1 coating 0 000 | a thin layer
00000030 10 n 02 film 2 membrane 0 000 | a rare sense of the word
00000040 14 n 03 company 0 firm 0 Firm_Inc 0 000 | a business; "she works for a company"
00000050 15 n 02 Turkey 0 republic 0 000 | a country
00000060 05 n 02 turkey 0 gobbler 0 000 | a bird
00000070 20 n 02 rose 0 rosebush 0 000 | a flower
00000080 20 n 02 service 0 help 0 000 | work for others
00000090 20 n 02 services 0 forces 0 000 | the military
00000100 20 n 02 can 0 tin 0 000 | a container
00000110 20 n 02 deal 0 bargain 0 000 | an agreement
00000120 27 n 03 gold 0 atomic_number_79 0 Au 0 000 | a metal
00000130 28 n 01 day 0 000 | one word alone
00000140 28 n 02 oz 0 ounce 0 000 | an abbreviation
""",
    "verb": """\
00000210 30 v 02 deal 0 cover 0 000 01 + 02 00 | treat of
00000220 30 v 02 rise 0 climb 0 000 01 + 02 00 | go up
""",
    "adj": """\
00000310 00 s 03 happy 0 glad(p) 0 well-chosen 0 000 | feeling joy
00000320 00 a 02 quick 0 fast 0 000 | not slow
""",
    "adv": "00000410 02 r 02 truly 0 really 0 000 | in truth\n",
}
INDEX = {
    "noun": """\
film n 3 2 @ ~ 3 2 00000010 00000020 00000030
movie n 1 1 @ 1 1 00000010
company n 1 1 @ 1 1 00000040
turkey n 2 0 @ 2 0 00000050 00000060
rose n 1 1 @ 1 1 00000070
service n 1 1 @ 1 1 00000080
services n 1 0 @ 1 0 00000090
can n 1 1 @ 1 1 00000100
deal n 1 0 @ 1 3 00000110
gold n 1 0 1 1 00000120
day n 1 0 1 1 00000130
oz n 1 0 1 1 00000140
""",
    "verb": "deal v 1 0 1 4 00000210\nrise v 1 0 1 1 00000220\n",
    "adj": "happy a 1 1 & 1 1 00000310\nquick a 1 0 1 0 00000320\n",
    "adv": "truly r 1 0 1 1 00000410\n",
}
EXCEPTIONS = {"noun": "", "verb": "rose rise\n", "adj": "", "adv": ""}


def write_lexicon(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for part in DATA:
        (folder / f"data.{part}").write_text(LICENCE + DATA[part])
        (folder / f"index.{part}").write_text(LICENCE + INDEX[part])
        (folder / f"{part}.exc").write_text(EXCEPTIONS[part])
    return folder


@pytest.fixture(scope="session")
def lexicon(tmp_path_factory):
    return write_lexicon(tmp_path_factory.mktemp("data") / "lexicon")


@pytest.fixture(scope="session")
def settings():
    """Builds the stage's parameters; a method that is not named is off: ``settings(swap=(2, 0.1))``."""

    def build(seed=1, **methods):
        off = {name: {"count": 0, "rate": 0.1} for name in ("synonym", "insertion", "swap", "deletion")}
        on = {name: {"count": count, "rate": rate} for name, (count, rate) in methods.items()}
        return AugmentParameters.model_validate({"seed": seed, **off, **on})

    return build
