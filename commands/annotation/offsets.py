"""Offsets into texts: in code points, as Python counts, or in UTF-16 units, as JavaScript does."""

CODE_POINTS = "code-points"
UTF_16 = "utf-16"  # a character beyond the basic plane, such as most emoji, counts as two


def in_code_points(text: str, offset: int, units: str) -> int:
    """An offset in code points.

    Args:
        text: The text.
        offset: Where, counted in ``units`` from the beginning.
        units: :data:`CODE_POINTS` or :data:`UTF_16`.

    Raises:
        ValueError: If it lies outside the text or inside a character; the message ends a sentence about it.
    """
    if offset < 0:
        raise ValueError("begins before the text")
    if units == CODE_POINTS:
        if offset > len(text):
            raise ValueError(f"does not lie in the text of {len(text)} characters")
        return offset
    encoded = text.encode("utf-16-le", "surrogatepass")
    if 2 * offset > len(encoded):
        raise ValueError(f"does not lie in the text of {len(encoded) // 2} UTF-16 units")
    try:
        return len(encoded[: 2 * offset].decode("utf-16-le"))
    except UnicodeDecodeError:
        raise ValueError("cuts a character in two") from None


def in_units(text: str, offset: int, units: str) -> int:
    """An offset in code points, counted in other units."""
    if units == CODE_POINTS:
        return offset
    return len(text[:offset].encode("utf-16-le", "surrogatepass")) // 2
