"""Divides documents with several labels each: iterative stratification, over whole groups."""

from collections import Counter
from collections.abc import Mapping, Sequence

REST = "train"  # takes what the shares leave


def deal_out(groups: Mapping[str, Sequence[Sequence[str]]], shares: Mapping[str, float]) -> dict[str, str]:
    """Deals groups of documents out so that each split gets its share of the documents of every label.

    The rarest label that is left goes first: each of its groups to the split that lacks most of this label, of equals
    to the one that lacks most documents, of equals to the first (Sechidis, Tsoumakas & Vlahavas 2011, On the
    Stratification of Multi-Label Data, ECML PKDD, figure 2; where it tosses a coin, the order decides here). Documents
    without a label come last.

    Args:
        groups: The labels of the documents of each group, in the order in which equal groups are dealt out.
        shares: For each split but ``train`` its share of the documents.

    Returns:
        The split of each group; ``train`` for those that the shares leave.
    """
    parts = {**shares, REST: 1 - sum(shares.values())}
    counts = {group: Counter(label for labels in rows for label in labels) for group, rows in groups.items()}
    left = sum(counts.values(), Counter[str]())
    lacking = {split: {label: share * count for label, count in left.items()} for split, share in parts.items()}
    documents = {split: share * sum(map(len, groups.values())) for split, share in parts.items()}
    having: dict[str, list[str]] = {label: [] for label in left}
    for group, labels in counts.items():
        for label in labels:
            having[label].append(group)

    chosen: dict[str, str] = {}

    def place(group: str, split: str) -> None:
        chosen[group] = split
        documents[split] -= len(groups[group])
        for label, count in counts[group].items():
            lacking[split][label] -= count
            left[label] -= count

    while any(left.values()):
        rarest = min((label for label, count in left.items() if count), key=lambda label: (left[label], label))
        for group in having[rarest]:
            if group not in chosen:
                place(group, max(parts, key=lambda split: (lacking[split][rarest], documents[split])))
    for group in groups:
        if group not in chosen:
            place(group, max(parts, key=documents.__getitem__))
    return chosen
