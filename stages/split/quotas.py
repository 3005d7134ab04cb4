"""How many documents a share comes to, rounded so that the parts add up."""

from collections.abc import Mapping
from fractions import Fraction


def rounded(share: float, count: int) -> int:
    """The share of a count, rounded half up, as it is written: 0.29 of 100 is 29, though 0.29 * 100 is less."""
    return int(Fraction(str(share)) * count + Fraction(1, 2))


def quotas(counts: Mapping[str, int], share: float) -> dict[str, int]:
    """How many documents of each class make up a share of all documents, by the method of the largest remainder.

    Args:
        counts: Documents of each class.
        share: The share to take, above 0 and below 1.

    Returns:
        For each class its part, at least 1; they add up to the share of the total, unless a class was raised to 1.
    """
    exact = {label: Fraction(str(share)) * count for label, count in counts.items()}
    quota = {label: int(part) for label, part in exact.items()}
    missing = rounded(share, sum(counts.values())) - sum(quota.values())
    for label in sorted(exact, key=lambda label: (quota[label] - exact[label], label))[:missing]:
        quota[label] += 1
    return {label: max(1, part) for label, part in quota.items()}
