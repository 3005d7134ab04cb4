"""A lexicon of a few words in the form of WordNet's database files."""

import pytest

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
00000080 20 n 02 goal 0 point_of_view 0 000 | an aim
00000100 20 n 02 shot 0 snap 0 000 | its synonym has it as a rare sense only
00000120 27 n 03 gold 0 atomic_number_79 0 Au 0 000 | a metal
00000130 28 n 01 day 0 000 | one word alone
00000140 28 n 02 oz 0 ounce 0 000 | an abbreviation
""",
    "verb": """\
00000210 30 v 02 surge 0 rise 0 000 01 + 02 00 | go up
00000220 30 v 03 rise 0 go_up 0 climb 0 000 01 + 02 00 | go up
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
picture n 1 1 @ 1 1 00000010
moving_picture n 1 1 @ 1 1 00000010
coating n 1 1 @ 1 1 00000020
membrane n 1 1 @ 1 1 00000030
company n 1 1 @ 1 1 00000040
firm n 1 1 @ 1 1 00000040
turkey n 2 0 @ 2 0 00000050 00000060
gobbler n 1 0 @ 1 0 00000060
rose n 1 1 @ 1 1 00000070
rosebush n 1 1 @ 1 1 00000070
goal n 1 1 @ 1 1 00000080
point_of_view n 1 1 @ 1 1 00000080
shot n 1 1 @ 1 1 00000100
snap n 3 1 @ 3 1 00000130 00000120 00000100
gold n 1 0 1 1 00000120
day n 1 0 1 1 00000130
oz n 1 0 1 1 00000140
ounce n 1 0 1 1 00000140
""",
    "verb": """\
surge v 1 0 1 1 00000210
rise v 2 0 1 1 00000210 00000220
go_up v 1 0 1 1 00000220
climb v 1 0 1 1 00000220
""",
    "adj": """\
happy a 1 1 & 1 1 00000310
glad a 1 1 & 1 1 00000310
well-chosen a 1 1 & 1 1 00000310
quick a 1 0 1 0 00000320
fast a 1 0 1 0 00000320
""",
    "adv": "truly r 1 0 1 1 00000410\nreally r 1 0 1 1 00000410\n",
}
COUNTS = """\
glad%5:00:00:happy:00 1 3
happy%3:00:00:: 1 9
rise%2:38:00:: 1 26
rise%2:38:01:: 2 4
rose%1:20:00:: 1 5
surge%2:38:00:: 1 3
"""


@pytest.fixture
def lexicon(tmp_path):
    for part in DATA:
        (tmp_path / f"data.{part}").write_text(LICENCE + DATA[part])
        (tmp_path / f"index.{part}").write_text(LICENCE + INDEX[part])
    (tmp_path / "cntlist.rev").write_text(COUNTS)
    return tmp_path
