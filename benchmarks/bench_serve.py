"""Measures `commands.serve`: latency, throughput, overload, stopping, refusals, and whether it answers as predict does.

    python -m benchmarks.bench_serve [MODEL] [SECONDS] [PARTS]

MODEL is an exported or a fine-tuned model's folder (models/exported), SECONDS how long the steady load lasts (60),
PARTS some of latency, throughput, steady, wrong, parity, overload, stop, with commas between (all of them). The
texts are AG News' test articles ($DATA_MIRROR/ag_news/test.csv); what the model was trained for makes no difference to
its speed. The service is a process of its own; what it is compared with takes turns with it.
"""

import asyncio
import csv
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import torch

from commands.prediction import Predictor
from commands.texts import Row
from stages.common.model.device import compute_alike

THREADS, ROUNDS, CLIENTS, LENGTH = 2, 5, 16, 128
Ask = Callable[[httpx2.AsyncClient, int], Awaitable[Any]]


def main() -> None:
    model = Path(sys.argv[1] if sys.argv[1:] else "models/exported")
    seconds = float(sys.argv[2]) if sys.argv[2:] else 60.0
    compute_alike(0, THREADS)
    predictor = Predictor.load(model, "cpu")
    texts = articles()
    parts = {
        "latency": lambda url: latency(url, predictor, cut(predictor, " ".join(texts[:40]))),
        "throughput": lambda url: throughput(url, texts),
        "steady": lambda url: steady(url, texts, seconds),
        "wrong": wrong,
        "parity": lambda url: parity(url, predictor, texts),
    }
    chosen = sys.argv[3].split(",") if sys.argv[3:] else [*parts, "overload", "stop"]
    print("| what | measured | bar |\n|---|---|---|", flush=True)
    with served(model) as (url, _):
        for name in parts:
            if name in chosen:
                parts[name](url)
    if "overload" in chosen:
        overload(model, texts)
    if "stop" in chosen:
        stop(model, texts)


def row(what: str, measured: str, bar: str) -> None:
    print(f"| {what} | {measured} | {bar} |", flush=True)


def articles() -> list[str]:
    with (Path(os.environ["DATA_MIRROR"]) / "ag_news/test.csv").open(encoding="utf-8", newline="") as file:
        return [f"{title}. {description}" for _, title, description in csv.reader(file)]


def cut(predictor: Predictor, text: str) -> str:
    """As much of a text as has LENGTH tokens, or as many as the model reads."""
    tokenizer = predictor.scorer.tokenizer
    most = min(LENGTH, predictor.scorer.inference.max_length)
    words = text.split()
    while len(tokenizer(" ".join(words))["input_ids"]) > most:
        words.pop()
    return " ".join(words)


@contextmanager
def served(model: Path, *options: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    with tempfile.TemporaryFile("w+") as log:
        command = [sys.executable, "-m", "commands.serve", str(model), "--port", "0", "--threads", str(THREADS)]
        process = subprocess.Popen([*command, *options], stdout=log, stderr=subprocess.STDOUT)
        try:
            while not (found := re.search(r"answers at (http://\S+?)[.;] ", said(log))):
                assert process.poll() is None, said(log)
                time.sleep(0.1)
            yield found[1], process
        finally:
            process.kill()
            process.wait()


def said(log: Any) -> str:
    log.seek(0)
    return str(log.read())


def run(url: str, clients: int, ask: Ask, timeout: float = 120.0) -> list[Any]:
    async def every() -> list[Any]:
        limits = httpx2.Limits(max_connections=clients, max_keepalive_connections=clients)
        async with httpx2.AsyncClient(base_url=url, timeout=timeout, limits=limits) as session:
            return await asyncio.gather(*(ask(session, number) for number in range(clients)))

    return asyncio.run(every())


def gauge(url: str, name: str) -> float:
    found = re.search(rf"^plumbline_{name} (\S+)$", httpx2.get(f"{url}/metrics").text, re.MULTILINE)
    return float(found[1]) if found else float("nan")


def latency(url: str, predictor: Predictor, text: str) -> None:
    """One text at a time beside a bare forward pass of the same text, in turns."""
    scorer = predictor.scorer
    most = scorer.inference.max_length
    batch = scorer.tokenizer([text], truncation=True, max_length=most, return_tensors="pt")
    batch = {name: batch[name] for name in ("input_ids", "attention_mask")}
    bodies = [json.dumps({"texts": [f"{text[:-2]}{number:02}"]}) for number in range(50)]
    own, bare = [], []
    with httpx2.Client(base_url=url) as client, torch.inference_mode():
        for _ in range(ROUNDS):
            one, other = [], []
            for body in bodies:
                begun = time.perf_counter()
                client.post("/predict", content=body, headers={"Content-Type": "application/json"}).raise_for_status()
                one.append(time.perf_counter() - begun)
            for _ in bodies:
                begun = time.perf_counter()
                scorer.model(**batch)
                other.append(time.perf_counter() - begun)
            own.append(np.percentile(one, 95))
            bare.append(statistics.median(other))
    ratios = [one / other for one, other in zip(own, bare, strict=True)]
    tokens = batch["input_ids"].shape[1]
    row(f"p95 of one text of {tokens} tokens, ms", spread([1e3 * each for each in own], ".1f"), "")
    row("median of one bare forward pass, ms", spread([1e3 * each for each in bare], ".1f"), "")
    row("p95 / forward pass", spread(ratios, ".2f"), "at most 1.5")


def throughput(url: str, texts: list[str], count: int = 320) -> None:
    """One client beside sixteen, one text a request, in turns."""
    ratios, rates = [], {1: [], CLIENTS: []}  # type: ignore[var-annotated]
    errors = 0
    for _ in range(ROUNDS):
        for clients in (1, CLIENTS):
            waiting = iter(texts[:count] if clients > 1 else texts[: count // 4])

            async def ask(session: httpx2.AsyncClient, _: int, waiting: Iterator[str] = waiting) -> list[int]:
                return [(await session.post("/predict", json={"texts": [text]})).status_code for text in waiting]

            begun = time.perf_counter()
            statuses = [status for client in run(url, clients, ask) for status in client]
            rates[clients].append(len(statuses) / (time.perf_counter() - begun))
            errors += sum(status != 200 for status in statuses)
        ratios.append(rates[CLIENTS][-1] / rates[1][-1])
    row("texts a second, one client", spread(rates[1], ".1f"), "")
    row(f"texts a second, {CLIENTS} clients", spread(rates[CLIENTS], ".1f"), "")
    row(f"{CLIENTS} clients / one; errors", f"{spread(ratios, '.2f')}; {errors}", "at least 1.8; 0")


def steady(url: str, texts: list[str], seconds: float) -> None:
    until = time.monotonic() + seconds

    async def ask(session: httpx2.AsyncClient, number: int) -> Counter[int]:
        seen: Counter[int] = Counter()
        while time.monotonic() < until:
            text = texts[(number * 997 + seen.total()) % len(texts)]
            seen[(await session.post("/predict", json={"texts": [text]})).status_code] += 1
        return seen

    seen = sum(run(url, 3, ask), Counter[int]())
    row(f"3 clients for {seconds:.0f} s: requests by status", told(seen), "no 5xx")


def wrong(url: str) -> None:
    """What is not as it should be, each with its status."""
    asked: list[tuple[str, bytes]] = [
        ("50,000 characters", json.dumps({"texts": ["a" * 50_000]}).encode()),
        ("an empty text", b'{"texts": [""]}'),
        ("NUL in a text", b'{"texts": ["a\\u0000b"]}'),
        ("10,000 texts", json.dumps({"texts": ["a"] * 10_000}).encode()),
        ("wrong JSON", b'{"texts": ['),
    ]
    headers = {"Content-Type": "application/json"}
    seen = [(what, httpx2.post(f"{url}/predict", content=body, headers=headers)) for what, body in asked]
    row("statuses", ", ".join(f"{what}: {response.status_code}" for what, response in seen), "413, 200, 200, 413, 400")
    assert all("\n" not in response.text for _, response in seen)
    host, _, port = url.removeprefix("http://").partition(":")
    for what, parts, pause in (("half a request", 1, 0.0), ("a slow client", 40, 0.5)):
        begun = time.monotonic()
        status = asyncio.run(drip(host, int(port), parts, pause))
        row(what, f"{status} after {time.monotonic() - begun:.0f} s", "408")


async def drip(host: str, port: int, parts: int, pause: float) -> str:
    """Sends a body byte by byte, and not all of it; gives the status."""
    reader, writer = await asyncio.open_connection(host, port)
    head = "POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    writer.write(head.encode())
    for _ in range(parts):
        writer.write(b"{")
        try:
            line = await asyncio.wait_for(reader.readline(), pause or 60)
            break
        except TimeoutError:
            continue
    else:
        line = await reader.readline()
    writer.close()
    return line.decode().split()[1]


def parity(url: str, predictor: Predictor, texts: list[str]) -> None:
    """All articles, in requests of all sizes at once, beside the same model in this process."""
    columns, _ = predictor.answer([Row(str(place), [text]) for place, text in enumerate(texts)], "expected")
    sizes = [1, 7, 30, 200]
    pieces, start = [], 0
    while start < len(texts):
        pieces.append(slice(start, start + sizes[len(pieces) % len(sizes)]))
        start = pieces[-1].stop
    waiting = iter(pieces)
    answers: list[Any] = [None] * len(texts)

    async def ask(session: httpx2.AsyncClient, _: int) -> None:
        for piece in waiting:
            while (response := await session.post("/predict", json={"texts": texts[piece]})).status_code == 429:
                await asyncio.sleep(float(response.headers["Retry-After"]))
            response.raise_for_status()
            answers[piece] = response.json()["answers"]

    run(url, 8, ask)
    labels = predictor.scorer.inference.labels
    expected = np.array([columns[f"p:{label}"] for label in labels], dtype=float).T
    given = np.array([[answer["probabilities"][label] for label in labels] for answer in answers])
    ordered = np.sort(expected, axis=1)
    margins = ordered[:, -1] - ordered[:, -2]
    flips = [place for place, answer in enumerate(answers) if answer["label"] != columns["label"][place]]
    row(
        f"{len(texts):,} articles: largest difference of a probability", f"{np.abs(given - expected).max():.1e}", "1e-5"
    )
    listed = ", ".join(f"article {place + 1} (margin {margins[place]:.1e})" for place in flips)
    row("labels that differ", f"{len(flips)}{': ' if flips else ''}{listed}", "only where the margin is below 1e-4")


def overload(model: Path, texts: list[str], requests: int = 4_000, clients: int = 160) -> None:
    """Ten times as many clients as keep it busy, who do not wait when they are told to."""
    with served(model, "--queue-texts", "64", "--texts", "32") as (url, _):
        waiting = iter(range(requests))
        run(url, 16, lambda session, number: session.post("/predict", json={"texts": texts[number : number + 4]}))
        memory = [gauge(url, "resident_memory_bytes")]

        async def ask(session: httpx2.AsyncClient, _: int) -> Counter[str]:
            seen: Counter[str] = Counter()
            for number in waiting:
                chosen = [texts[(number + step) % len(texts)] for step in range(1 + number % 4)]
                response = await session.post("/predict", json={"texts": chosen})
                seen[str(response.status_code)] += 1
                if response.status_code == 429:
                    seen["no Retry-After"] += int(response.headers.get("Retry-After", 0)) < 1
                elif response.status_code == 200:
                    again.append((chosen, [answer["probability"] for answer in response.json()["answers"]]))
                if number == requests // 2:
                    memory.append(await memory_now(session))
            return seen

        again: list[tuple[list[str], list[float]]] = []
        seen = sum(run(url, clients, ask), Counter[str]())
        memory.append(gauge(url, "resident_memory_bytes"))
        wrong_order = 0
        with httpx2.Client(base_url=url, timeout=60) as client:
            for chosen, given in again[:: max(1, len(again) // 100)]:
                answers = client.post("/predict", json={"texts": chosen}).json()["answers"]
                wrong_order += any(abs(a["probability"] - b) > 1e-4 for a, b in zip(answers, given, strict=True))
    row(f"{clients} clients, {requests:,} requests: by status", told(seen), "200 and 429 only")
    row("answers in another order than the texts", str(wrong_order), "0")
    row("memory before, amid, after, MiB", ", ".join(f"{each / 2**20:.0f}" for each in memory), "flat")


async def memory_now(session: httpx2.AsyncClient) -> float:
    text = (await session.get("/metrics")).text
    return float(text.partition("\nplumbline_resident_memory_bytes ")[2].split()[0])


def stop(model: Path, texts: list[str]) -> None:
    """SIGTERM while sixteen clients ask: each request is answered, or refused before it was accepted."""
    with served(model) as (url, process):

        async def ask(session: httpx2.AsyncClient, number: int) -> Counter[str]:
            seen: Counter[str] = Counter()
            if number == 0:
                await asyncio.sleep(3)
                process.send_signal(signal.SIGTERM)
                return seen
            while True:
                try:
                    response = await session.post("/predict", json={"texts": texts[number : number + 8]})
                except httpx2.ConnectError:
                    return seen
                except httpx2.HTTPError as error:
                    seen[type(error).__name__] += 1
                    return seen
                seen[str(response.status_code)] += 1
                if response.status_code == 503:
                    await asyncio.sleep(0.1)

        seen = sum(run(url, CLIENTS, ask), Counter[str]())
        code = process.wait(60)
    row("SIGTERM amid 15 clients: requests by status; exit code", f"{told(seen)}; {code}", "200 and 503 only; 0")


def told(seen: Counter[Any]) -> str:
    return ", ".join(f"{count:,} of {status}" for status, count in sorted(seen.items()) if count)


def spread(values: list[float], form: str) -> str:
    return f"{statistics.median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


if __name__ == "__main__":
    main()
