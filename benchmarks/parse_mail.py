"""How many mails per second ``interpret`` turns into values, beside a plain parse by the standard library.

Both in one run, in turn.

``python benchmarks/parse_mail.py [COUNT]``. Read the ratios: the machine is part of every absolute figure.
"""

from __future__ import annotations

import email
import hashlib
import statistics
import sys
import time
from collections.abc import Callable
from email.policy import default
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from generated_mail import mails

from agentdesk_connectors.email.wire import interpret

ROUNDS = 5


def main() -> None:
    """Print the corpus, and the median rate of each way over several rounds in turn."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    corpus = list(mails(count))
    with_files = sum(1 for raw in corpus if b'name="file.pdf"' in raw)
    mean = sum(map(len, corpus)) / count
    print(f"{count} mails, mean {mean / 1000:.1f} kB, {with_files / count:.0%} with attachments")
    ways: dict[str, Callable[[bytes], object]] = {
        "interpret": lambda raw: interpret(raw, {}),
        "stdlib compat32, text and files": stdlib,
        "stdlib policy.default, body and files": stdlib_default,
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            start = time.process_time()
            for raw in corpus:
                way(raw)
            rates[name].append(count / (time.process_time() - start))
    base = statistics.median(rates["stdlib compat32, text and files"])
    for name, found in rates.items():
        rate = statistics.median(found)
        print(f"{name:40} {rate:8,.0f}/s   {rate / base:5.2f} x")


def stdlib(raw: bytes) -> None:
    """Parse, decode every text part, decode and hash every file: nothing else."""
    for part in email.message_from_bytes(raw).walk():
        if part.is_multipart():
            continue
        data = part.get_payload(decode=True)
        if part.get_content_maintype() == "text":
            data.decode(part.get_content_charset("utf-8"), errors="replace")
        else:
            hashlib.sha256(data).digest()


def stdlib_default(raw: bytes) -> None:
    """Parse with the modern policy and read subject, sender, body and files."""
    message = email.message_from_bytes(raw, policy=default)
    _ = str(message["subject"]), str(message["from"])
    body = message.get_body(("plain", "html"))
    if body is not None:
        body.get_content()
    for part in message.iter_attachments():
        part.get_content()


if __name__ == "__main__":
    main()
