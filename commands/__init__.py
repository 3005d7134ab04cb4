"""What a person runs that is no stage. A module that can't be read ends in one line, whichever of them it is."""

import sys

from stages.common.core.entry import end_in_words

sys.excepthook = end_in_words
