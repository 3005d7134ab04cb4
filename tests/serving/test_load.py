"""Under load nothing is lost, nobody waits for others' thousands, and what is too much is refused in words."""

import asyncio
import json
import os
import random
import signal
import socket
import sys
import time
from collections import Counter

import httpx2
import pytest

from tests.corpus import run
from tests.imports import ROOT
from tests.serving.conftest import ARTICLES
from tests.serving.test_answers import address, head

SLOW = [" ".join(["bank market profit share"] * 12)] * 300


def load(service, clients, ask, seconds=60.0):
    """Lets clients ask at once, each one request after the other; gives what each of them saw."""

    async def every():
        limits = httpx2.Limits(max_connections=clients, max_keepalive_connections=clients)
        async with httpx2.AsyncClient(base_url=service.url, timeout=seconds, limits=limits) as session:
            return await asyncio.gather(*(ask(session, number) for number in range(clients)))

    return asyncio.run(every())


@pytest.mark.slow
def test_overload_gets_answers_in_order_or_is_told_when_to_come_back(start):
    with start("--queue-texts", "40", "--texts", "10", "--batch-tokens", "200") as service:
        known = {}
        for place in range(0, len(ARTICLES), 10):
            texts = ARTICLES[place : place + 10]
            known |= zip(texts, service.ask(texts).json()["answers"], strict=True)
        before = service.metrics()["plumbline_resident_memory_bytes"]

        async def ask(session, number):
            drawn, seen = random.Random(number), []
            for _ in range(8):
                texts = drawn.sample(ARTICLES, 10)
                seen.append((texts, await session.post("/predict", json={"texts": texts})))
            return seen

        seen = [each for client in load(service, 40, ask) for each in client]
        statuses = Counter(response.status_code for _, response in seen)
        assert set(statuses) == {200, 429}
        for texts, response in seen:
            if response.status_code == 429:
                assert int(response.headers["Retry-After"]) >= 1
                assert response.json()["error"] in ("Too many texts wait.", "It would take too long.")
                continue
            for text, answer in zip(texts, response.json()["answers"], strict=True):
                assert answer["probability"] == pytest.approx(known[text]["probability"], abs=1e-5)
                assert answer["label"] == known[text]["label"]
        after = service.metrics()
        assert after["plumbline_resident_memory_bytes"] - before < 60e6
        assert after["plumbline_queue_texts"] == after["plumbline_queue_bytes"] == 0
        assert after["plumbline_batch_texts_sum"] > after["plumbline_batch_texts_count"]  # requests shared batches


@pytest.mark.slow
def test_one_text_does_not_wait_for_hundreds(service):
    async def ask(session, number):
        if number:
            await asyncio.sleep(0.3)
        times = []
        for _ in range(5 if number else 1):
            begun = time.monotonic()
            response = await session.post("/predict", json={"texts": SLOW if number == 0 else ARTICLES[:1]})
            assert response.status_code == 200
            times.append(time.monotonic() - begun)
        return times

    (many,), few = load(service, 2, ask)
    assert sorted(few)[2] < many / 4


@pytest.mark.slow
def test_work_for_a_client_that_left_is_dropped(service):
    body = json.dumps({"texts": SLOW}).encode()
    before = service.metrics()["plumbline_batch_texts_sum"]
    with socket.create_connection(address(service), timeout=20) as connection:
        connection.sendall(head(len(body)) + body)
        while not service.metrics()["plumbline_accepted_requests"]:
            time.sleep(0.01)
    time.sleep(0.3)
    after = service.metrics()
    assert after["plumbline_accepted_requests"] == after["plumbline_queue_texts"] == 0
    assert after["plumbline_batch_texts_sum"] - before < 300


@pytest.mark.slow
def test_nothing_that_was_accepted_is_lost_when_it_is_told_to_stop(start):
    with start("--batch-tokens", "200") as service:

        async def ask(session, number):
            seen = Counter()
            if number == 0:
                await asyncio.sleep(1.5)
                os.kill(service.process.pid, signal.SIGTERM)
                ready = await session.get("/ready")
                return Counter({f"ready {ready.status_code}": 1})
            while True:
                try:
                    response = await session.post("/predict", json={"texts": ARTICLES[number : number + 20]})
                except httpx2.ConnectError:
                    return seen
                seen[response.status_code] += 1
                if response.status_code == 200:
                    assert len(response.json()["answers"]) == 20
                else:
                    assert response.json()["error"] == "The service is being stopped."
                    await asyncio.sleep(0.05)

        seen = sum(load(service, 12, ask), Counter())
        code = service.process.wait(60)
        assert code == 0
        assert seen["ready 503"] == 1
        assert set(seen) == {200, 503, "ready 503"}
        assert f"stopped; {seen[200]:,} requests were answered" in service.log.read_text()


@pytest.mark.slow
def test_only_this_machine_is_listened_to(service):
    _, port = address(service)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", port), timeout=5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["nowhere", "--port", "0"], "error: nowhere"),
        (["models/finetuned", "--port", "99999"], "error: --abstain-below, --threads or --port is out of range."),
        (
            ["models/finetuned", "--host", "203.0.113.9", "--port", "0"],
            "error: --host 203.0.113.9 --port 0: cannot assign",
        ),
        (["models/finetuned", "--deadline", "0"], "error: --deadline 0.0 is out of range."),
        (["models/finetuned", "--texts", "5000"], "error: the queue is smaller than a request."),
        (["models/finetuned", "--abstain-below", "2"], "error: --abstain-below, --threads or --port is out of range."),
    ],
)
def test_what_cannot_be_started_ends_in_one_line(texts_run, options, said):
    done = run(texts_run, sys.executable, "-m", "commands.serve", *options, check=False, PYTHONPATH=str(ROOT))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(said)
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
def test_an_address_that_is_taken_ends_in_one_line(texts_run, service):
    _, port = address(service)
    command = [sys.executable, "-m", "commands.serve", "models/finetuned", "--port", str(port)]
    done = run(texts_run, *command, check=False, PYTHONPATH=str(ROOT))
    assert (done.returncode, done.stderr) == (
        1,
        f"error: --host 127.0.0.1 --port {port}: address already in use. Name another; port 0 takes a free one.\n",
    )
