"""Mails like those of a support mailbox, made from a seed: languages, charsets, threads, attachments."""

from __future__ import annotations

import random
from base64 import encodebytes
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from quopri import encodestring

_WORDS = {
    "en": (
        "utf-8",
        "order parcel invoice delivery broken please could refund address the a my was not arrived week",
    ),
    "de": (
        "iso-8859-1",
        "Bestellung Lieferung Rechnung größer für über leider bitte könnten Rückgabe ich das war",
    ),
    "fr": (
        "windows-1252",
        "commande livraison facture bonjour déjà reçu problème s'il vous plaît adresse je le la",
    ),
    "ru": (
        "koi8-r",
        "заказ доставка счёт здравствуйте пожалуйста возврат адрес посылка не пришла я уже неделю",
    ),
    "ja": ("iso-2022-jp", "注文 配送 請求書 こんにちは お願いします 返品 住所 荷物 届きません 一週間"),
    "ar": ("utf-8", "طلب توصيل فاتورة مرحبا من فضلك استرداد عنوان الطرد لم يصل منذ أسبوع"),
    "zh": ("gb2312", "订单 配送 发票 你好 请 退款 地址 包裹 没有 收到 一个星期"),
    "pl": (
        "iso-8859-2",
        "zamówienie dostawa faktura dzień dobry proszę zwrot adres paczka nie dotarła już tydzień",
    ),
}
_NAMES = [
    "Anna Müller", "Jean Dupont", "Иван Петров", "田中 太郎", "فاطمة علي", "李伟", "Łukasz Nowak",
    "Bob Smith", "Zoë O'Neil",
]  # fmt: skip
_PEOPLE = 3_000
_START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)


def mails(count: int, seed: int = 7) -> Iterator[bytes]:
    """Yield ``count`` mails: mean about 40 kB, every tenth with an attachment of up to 1 MB, 40 % threads."""
    chance = random.Random(seed)
    sent: list[tuple[str, str]] = []
    for number in range(count):
        yield _mail(chance, number, sent)


def _mail(chance: random.Random, number: int, sent: list[tuple[str, str]]) -> bytes:
    language = chance.choice(list(_WORDS))
    charset, words = _WORDS[language]
    text = _text(chance, words.split())
    answers, sender = sent[chance.randrange(len(sent))] if sent and chance.random() < 0.4 else ("", "")
    if answers:
        text += "\n\nOn Mon, 5 Jan 2026 at 09:12, Support <support@shop.example> wrote:\n> " + _text(
            chance, words.split()
        ).replace("\n", "\n> ")
    message = EmailMessage()
    if not sender:
        address = f"customer{chance.randrange(_PEOPLE)}@mail{chance.randrange(40)}.example"
        sender = f'"{chance.choice(_NAMES)}" <{address}>'
    message["From"] = sender
    message["To"] = "Support <support@shop.example>"
    message["Subject"] = ("Re: " if answers else "") + " ".join(chance.choices(words.split(), k=6))
    message["Date"] = format_datetime(_START + timedelta(minutes=number))
    message_id = f"{number}.{chance.getrandbits(64):x}@mail.example"
    message["Message-ID"] = f"<{message_id}>"
    if answers:
        message["In-Reply-To"] = f"<{answers}>"
        message["References"] = f"<{answers}>"
    when = format_datetime(_START + timedelta(minutes=number))
    for hop in range(5):
        host = f"relay{hop}.example (relay{hop}.example [192.0.2.{hop}])"
        key = f"{chance.getrandbits(48):x}"
        message.add_header(
            "Received", f"from {host} by mx.example with ESMTPS id {key} for <support@shop.example>; {when}"
        )
    message["DKIM-Signature"] = "v=1; a=rsa-sha256; c=relaxed/relaxed; d=mail.example; s=s1; b=" + "Ab3/" * 80
    sent.append((message_id, sender))
    return _with_body(chance, message, text, charset)


def _with_body(chance: random.Random, message: EmailMessage, text: str, charset: str) -> bytes:
    head = message.as_bytes().rstrip(b"\n") + b"\nMIME-Version: 1.0\n"
    plain = _part("text/plain", charset, text)
    kind = chance.random()
    if kind < 0.35:
        return head + plain
    html = _part("text/html", "utf-8", _html(text))
    both = _multipart("alternative", [plain, html]) if kind < 0.9 else html
    if chance.random() < 0.16:
        size = int(min(1_000_000, chance.lognormvariate(12.0, 0.9)))
        file = b'Content-Type: application/pdf; name="file.pdf"\nContent-Transfer-Encoding: base64\n' + (
            b'Content-Disposition: attachment; filename="file.pdf"\n\n' + encodebytes(chance.randbytes(size))
        )
        both = _multipart("mixed", [both, file])
    return head + both


def _part(kind: str, charset: str, text: str) -> bytes:
    data = text.encode(charset, errors="replace")
    if charset == "iso-2022-jp":
        return f"Content-Type: {kind}; charset={charset}\nContent-Transfer-Encoding: 7bit\n\n".encode() + data
    return (
        f'Content-Type: {kind}; charset="{charset}"\nContent-Transfer-Encoding: quoted-printable\n\n'.encode()
        + encodestring(data)
    )


def _multipart(kind: str, parts: list[bytes]) -> bytes:
    boundary = f"----=_{kind}_0123456789"
    lines = [f'Content-Type: multipart/{kind}; boundary="{boundary}"\n\n'.encode()]
    lines += [b"--" + boundary.encode() + b"\n" + part + b"\n" for part in parts]
    return b"".join(lines) + b"--" + boundary.encode() + b"--\n"


def _text(chance: random.Random, words: list[str]) -> str:
    return "\n\n".join(
        "\n".join(" ".join(chance.choices(words, k=10)) for _ in range(chance.randint(2, 8)))
        for _ in range(chance.randint(1, 5))
    )


def _html(text: str) -> str:
    paragraphs = "".join(
        f'<p class="MsoNormal" style="margin:0;color:black"><span style="font-size:11pt">{line}</span></p>'
        for line in text.split("\n")
    )
    head = '<html><head><meta charset="utf-8"><style>p{margin:0}</style></head><body>'
    return head + paragraphs + '<p><a href="https://shop.example/x?y=1&amp;z=2">shop</a></p></body></html>'
