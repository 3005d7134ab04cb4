"""What the service takes, and for how long."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What the service takes.

    Attributes:
        body_bytes: The largest body of a request.
        texts: The most texts of a request.
        characters: The longest text; of a pair or a list of words all together.
        queue_texts: The most texts that wait.
        queue_bytes: The most bytes of requests that are read or wait.
        batch_tokens: About so many tokens are computed at once, padding included; a longer text is a batch of its own.
        deadline: Seconds after which a request that says nothing else is given up.
        patience: Seconds that a client has to send a request, and to read the answer.
    """

    body_bytes: int = 2 * 2**20
    texts: int = 1_000
    characters: int = 20_000
    queue_texts: int = 2_000
    queue_bytes: int = 16 * 2**20
    batch_tokens: int = 1_024
    deadline: float = 30.0
    patience: float = 10.0
