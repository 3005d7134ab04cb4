"""How well cleaning finds private data that was planted in real texts: one of the tables of bench_clean."""

import random
import re
from collections.abc import Iterable

import phonenumbers

from stages.common.text_rules.private_data import find_private


def private_data(texts: Iterable[str], seed: int) -> None:
    """Plants 500 seeded items in real text: 100 of each kind, each in a text of its own, between two sentences.

    Args:
        texts: Real texts; those that hold private data already are left out.
        seed: Draws the items and the texts.
    """
    drawn = random.Random(seed)
    texts = [text for text in texts if not find_private(text, "GB")]
    makers = {"card": card, "iban": iban, "ip": address, "email": email, "phone": phone}
    print("| kind | planted | found | recall | precision |")
    print("|---|---|---|---|---|")
    for kind, make in makers.items():
        hits = found = 0
        for text in drawn.sample(texts, 100):
            value = make(drawn)
            place = drawn.choice([match.end() for match in re.finditer(r"[.!?] ", text)] or [0])
            planted_text = f"{text[:place]}Write it down: {value}. {text[place:]}"
            spans = [(planted_text[s.start : s.end], s.kind) for s in find_private(planted_text, "GB")]
            hits += (value, kind) in spans
            found += sum(found_kind == kind for _, found_kind in spans)
        # what looks alike but is not: the same, with one digit changed so that the check fails
        spoiled = [f"Say {spoil(make(drawn), drawn)} now" for _ in range(100)]
        decoys = sum(any(span.kind == kind for span in find_private(text, None)) for text in spoiled)
        decoyed = f" ({decoys} of 100 with a wrong check digit)" if kind in ("card", "iban") else ""
        print(f"| {kind} | 100 | {found}{decoyed} | {hits / 100:.2f} | {hits / max(found, 1):.2f} |")


def spoil(value: str, drawn: random.Random) -> str:
    digits = [place for place, character in enumerate(value) if character.isdigit()]
    place = drawn.choice(digits[2:]) if len(digits) > 2 else 0
    other = str((int(value[place]) + drawn.randint(1, 8)) % 10) if value[place].isdigit() else value[place]
    return value[:place] + other + value[place + 1 :]


def luhn(digits: str) -> str:
    doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(digits))]
    return str(-sum(value - 9 * (value > 9) for value in doubled) % 10)


def card(drawn: random.Random) -> str:
    start, length = drawn.choice(
        [("4", 16), ("51", 16), ("55", 16), ("2221", 16), ("34", 15), ("37", 15), ("6011", 16)]
    )
    digits = start + "".join(drawn.choices("0123456789", k=length - len(start) - 1))
    digits += luhn(digits)
    mark = drawn.choice(["", " ", "-"])
    return mark.join(digits[at : at + 4] for at in range(0, length, 4))


def iban(drawn: random.Random) -> str:
    kinds = [("DE", "", 22), ("GB", "WEST", 22), ("FR", "", 27), ("NL", "ABNA", 18), ("ES", "", 24)]
    country, bank, length = drawn.choice(kinds)
    account = bank + "".join(drawn.choices("0123456789", k=length - 4 - len(bank)))
    number = int("".join(str(int(character, 36)) for character in f"{account}{country}00"))
    whole = f"{country}{98 - number % 97:02}{account}"
    return whole if drawn.random() < 0.5 else " ".join(whole[at : at + 4] for at in range(0, length, 4))


def address(drawn: random.Random) -> str:
    if drawn.random() < 0.3:
        return ":".join(f"{drawn.randrange(1, 65536):x}" for _ in range(8))
    return ".".join(str(drawn.randrange(1, 255)) for _ in range(4))


def email(drawn: random.Random) -> str:
    letters = "abcdefghijklmnopqrstuvwxyz"
    local = "".join(drawn.choices(letters, k=drawn.randint(2, 9))) + drawn.choice(["", ".smith", "_x", "+tag", "42"])
    return f"{local}@{''.join(drawn.choices(letters, k=6))}.{drawn.choice(['com', 'co.uk', 'org', 'example'])}"


def phone(drawn: random.Random) -> str:
    region = drawn.choice(["GB", "US", "DE", "FR", "IN"])
    while True:
        example = phonenumbers.example_number(region)
        spoiled = str(example.national_number)[:-4] + f"{drawn.randrange(10_000):04}"
        number = phonenumbers.PhoneNumber(country_code=example.country_code, national_number=int(spoiled))
        if phonenumbers.is_valid_number(number):
            form = phonenumbers.PhoneNumberFormat
            return phonenumbers.format_number(number, drawn.choice([form.INTERNATIONAL, form.E164]))
