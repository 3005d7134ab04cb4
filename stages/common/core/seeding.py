"""Randomness that depends on a seed and on names alone: never on order, clock, process count or Python's hash seed."""

import random
from hashlib import blake2b


def derived_seed(seed: int, *names: str | int) -> int:
    """A 64-bit seed made of a stage's seed and what it is used for, such as a row's id and a method's name.

    Args:
        seed: The stage's own seed.
        *names: What tells this use from every other.

    Returns:
        A whole number from 0 to 2**64 - 1, the same on every machine.
    """
    key = "\x1f".join([str(seed), *map(str, names)])
    return int.from_bytes(blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def generator(seed: int, *names: str | int) -> random.Random:
    """A generator of random numbers for one use; the arguments are those of :func:`derived_seed`."""
    return random.Random(derived_seed(seed, *names))
