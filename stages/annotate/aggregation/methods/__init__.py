"""The methods that aggregate answers. One more takes a file of its own and a line here."""

from collections.abc import Callable

from stages.annotate.aggregation.answers import CodedAnswers
from stages.annotate.aggregation.methods.dawid_skene import dawid_skene
from stages.annotate.aggregation.methods.glad import glad
from stages.annotate.aggregation.methods.mace import mace
from stages.annotate.aggregation.methods.majority import majority
from stages.annotate.aggregation.methods.one_coin import one_coin
from stages.annotate.aggregation.result import Aggregate
from stages.annotate.aggregation.settings import Settings

Method = Callable[[CodedAnswers, Settings], Aggregate]

# From the one that assumes least about annotators to those that estimate most.
METHODS: dict[str, Method] = {
    "majority": majority,
    "one_coin": one_coin,
    "dawid_skene": dawid_skene,
    "mace": mace,
    "glad": glad,
}
