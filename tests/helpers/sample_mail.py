"""The conversations of the invented shop Larkfield Home, as in the pictures of the interface."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from agentdesk.domain.party import Party
from agentdesk.queries.rows import ContactDetail, IdentityRow, InboxRow, UserRow
from tests.helpers.sample_world import Thread, World

DAY = 60 * 24


@dataclass(frozen=True)
class Team:
    """Who works at the shop; ``jonas`` is signed in."""

    jonas: UserRow
    maria: UserRow
    elif_: UserRow
    inbox: InboxRow


def png(width: int, height: int, rgb: tuple[int, int, int] = (168, 118, 72)) -> bytes:
    """A valid PNG of one colour."""
    line = b"\0" + bytes(rgb) * width
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(line * height)),
        (b"IEND", b""),
    ]
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def sample_world(now: datetime) -> tuple[World, Team]:
    """All of it, as it stands at ``now`` (aware, UTC)."""
    world = World(now)
    jonas, maria = world.user("Jonas Weber"), world.user("Maria Costa", "supervisor")
    team = Team(jonas, maria, world.user("Elif Demir"), world.inbox("Support"))
    world.inbox("Billing", "billing@larkfield.example")
    _templates(world)
    for build in (_ana, _tom, _yuki, _sara, _lea, _noah, _peter, _marek, _grace, _carla):
        build(world, team)
    for build in (_unreadable, _wei, _hostile, _snoozed, _resolved):
        build(world, team)
    return world, team


def _templates(world: World) -> None:
    world.template(
        "Late delivery, new date",
        "late",
        "Hi {{ contact.first_name }},\n\nI am sorry that order {{ conversation.number }} is late. "
        "I have asked the carrier and write again today.\n\n{{ agent.name }}",
    )
    world.template(
        "Apology for a late answer",
        "sorry",
        "Hi {{ contact.first_name }},\n\nthank you for your patience, and sorry that you had to wait.",
    )
    world.template(
        "Entrega con retraso",
        "tarde",
        "Hola {{ contact.first_name }}:\n\nsiento que tu pedido llegue tarde. {{ agent.name }}",
        language="es",
    )
    world.template(
        "Refund is on its way",
        "refund",
        "Hi {{ contact.first_name }},\n\nyour refund of {{ order.amount }} left us today.",
        folder="Refunds",
    )
    world.template("Greeting", "hi", "Hi {{ contact.first_name }},\n\n")


def _ana(world: World, team: Team) -> None:
    twitter = IdentityRow(
        id=world.new_id(),
        kind="email",
        value="ana@work.example",
        display="ana@work.example",
        verified=False,
        bouncing=None,
    )
    ana = world.contact(
        "Ana Ruiz",
        "ana.ruiz@example.com",
        place="Madrid, Spain",
        time_zone="Europe/Madrid",
        language="es",
        notes="Third floor, no lift. Ask for the two-person delivery.",
        identities=(twitter,),
    )
    thread = world.conversation(
        ana, 4417, "Walnut desk still not delivered", team.inbox, assignee=team.jonas, priority="high",
        tags=("Delivery",),
    )  # fmt: skip
    thread.event(2 * DAY + 60, "created")
    thread.customer(
        2 * DAY + 58,
        "Hola, ¿me pueden decir cuándo llega el escritorio de nogal? La página de seguimiento dice "
        "«en preparación» desde el martes.",
        reason={"rule": "new", "evidence": ""},
    )
    thread.event(2 * DAY, "assigned", team.maria, assignee_id=str(team.jonas.id), assignee="Jonas Weber")
    thread.event(2 * DAY, "tags", team.maria, added=["Delivery"], removed=[])
    thread.ours(
        team.jonas,
        DAY + 20,
        "Hola Ana, siento el silencio. Acabo de preguntar al almacén y te escribo en cuanto sepa algo.",
        delivery="delivered",
    )
    thread.customer(
        4,
        "Buenos días, Jonas. Gracias por escribir. La página de seguimiento no se ha movido desde el martes "
        "y el 28 tengo invitados. ¿Me puedes decir sinceramente si el escritorio estará aquí para entonces?"
        "\n\nPuedes seguirlo en https://track.example/LH-4417.",
        subject="Order 4417, walnut desk",
        quoted_text="El martes, Jonas Weber escribió:\n> Hola Ana, siento el silencio.",
        files=[
            ("hallway.jpg", "image/png", png(64, 48), {"size": 1_200_000}),
            ("confirmation.pdf", "application/pdf", b"%PDF-1.4 confirmation", {"size": 84_000}),
        ],
    )
    words = "Warehouse confirms it left Valencia this morning. @Jonas Weber you can offer a credit, approved"
    thread.note(team.maria, 1, f"{words} up to €40.", mentions=(team.jonas,))


def _tom(world: World, team: Team) -> None:
    tom = world.contact(
        "Tom Baker", "tom.baker@example.com", place="Leeds, UK", time_zone="Europe/London", language="en"
    )
    thread = world.conversation(
        tom,
        4390,
        "Refund for order 4390",
        team.inbox,
        assignee=team.jonas,
        priority="urgent",
        tags=("Refund",),
    )
    thread.customer(47, "I sent the chair back ten days ago. Your robot keeps giving me the same article.")
    thread.ours(
        team.jonas,
        45,
        "Hi Tom, I am Jonas, a person, and I have your order open in front of me.",
        delivery="read",
    )
    thread.customer(42, "OK. Here is the receipt from the post office.", files=[
        ("receipt.png", "image/png", png(320, 120)),
    ])  # fmt: skip
    thread.ours(
        team.jonas,
        40,
        "Thank you, that is what I needed. The refund of £212 leaves us today.",
        delivery="uncertain",
        delivery_detail={"text": "The mail server did not confirm this one.", "args": {}},
    )
    thread.ours(
        team.jonas,
        39,
        "And here is the note for your records.",
        delivery="failed",
        delivery_detail={
            "text": "The mail server did not accept the message: {words}",
            "args": {"words": "552 5.3.4 Message size exceeds fixed limit"},
        },
        files=[("Refund-note-4390.pages", "application/octet-stream", b"pages")],
    )
    thread.set(waiting_since=world.ago(42))


def _yuki(world: World, team: Team) -> None:
    yuki = world.contact(
        "田中 由紀", "yuki.tanaka@example.jp", place="大阪", time_zone="Asia/Tokyo", language="ja"
    )
    thread = world.conversation(yuki, 5121, "オーク材の棚は在庫がありますか", team.inbox)
    thread.customer(
        0.5,
        "はじめまして。田中と申します。\n\nオーク材の棚(幅90cm)の在庫はありますでしょうか。"
        "来週の引っ越しに間に合うように届けていただけると助かります。\n\nよろしくお願いいたします。\n"
        "田中 由紀",
        reason={"rule": "new", "evidence": ""},
    )


def _sara(world: World, team: Team) -> None:
    sara = world.contact(
        "سارة خليل", "sara.khalil@example.com", place="دبي", time_zone="Asia/Dubai", language="ar"
    )
    thread = world.conversation(
        sara, 5120, "هل يمكن تغيير عنوان التسليم؟", team.inbox, assignee=team.jonas, tags=("Delivery",)
    )
    thread.customer(
        33, "مرحبًا، انتقلت إلى شقة جديدة الأسبوع الماضي. هل يمكن إرسال الطلب 5120 إلى العنوان الجديد؟"
    )
    thread.ours(team.jonas, 31, "أهلًا سارة، نعم، ما زال ذلك ممكنًا اليوم. ما هو العنوان الجديد من فضلك؟")
    thread.note(
        team.maria, 20, "المستودع يقبل تغيير العنوان حتى الساعة 16:00 اليوم. الرمز في النظام WH-20931."
    )
    thread.customer(6, "شارع الوحدة 14، الطابق 3، دبي. ورقم الهاتف نفسه +971 50 000 0000\n\nThank you!")


def _lea(world: World, team: Team) -> None:
    lea = world.contact("Léa Martin", "lea.martin@example.fr", time_zone="Europe/Paris", language="fr")
    thread = world.conversation(lea, 5118, "Gamme chêne de printemps", team.inbox)
    thread.customer(
        18,
        "Bonjour,\n\nEst-ce que la table ronde existe aussi en 120 cm ? Je ne la trouve que dans le "
        "catalogue papier.\n\nMerci d'avance,\nLéa Martin",
        cc=(Party("email", "paul.martin@example.fr", "Paul Martin"),),
        reason={"rule": "new", "evidence": ""},
    )


def _noah(world: World, team: Team) -> None:
    noah = world.contact(
        "Noah Fischer", "noah.fischer@example.de", company="Fischer Innenausbau", language="de"
    )
    thread = world.conversation(noah, 5102, "Angebot für zwölf Stühle", team.inbox, assignee=team.jonas)
    html = (
        "<p>Guten Tag,</p><p>wir brauchen für ein Café in <b>Köln</b> bis zum <i>15. Januar</i>:</p>"
        "<table><tr><th>Anzahl</th><th>Artikel</th><th>Farbe</th></tr>"
        "<tr><td>12</td><td>Stuhl „Lark“</td><td>Esche natur</td></tr>"
        "<tr><td>4</td><td>Tisch rund, 80 cm</td><td>Nussbaum</td></tr></table>"
        "<ul><li>Lieferung frei Bordsteinkante</li><li>Zahlung auf Rechnung</li></ul>"
        '<p>So soll es aussehen:<br><img src="cid:skizze@fischer" alt="Skizze"></p>'
        '<p><img data-src="https://fischer.example/logo.png" alt="Logo"></p>'
        '<p>Mehr über uns: <a href="https://www.fischer.example/ueber-uns">fischer.example</a></p>'
        "<p>Freundliche Grüße<br>Noah Fischer</p>"
    )
    thread.customer(
        25,
        "Guten Tag,\nwir brauchen für ein Café in Köln bis zum 15. Januar: 12 Stühle, 4 Tische.",
        html=html,
        remote_images=1,
        quoted_html="<blockquote><p>Am Montag schrieb Maria Costa: gern, schicken Sie sie.</p></blockquote>",
        files=[
            ("skizze.png", "image/png", png(240, 90, (90, 120, 150)), {
                "content_id": "skizze@fischer", "inline": True,
            }),
        ],
    )  # fmt: skip
    world.pictures["https://fischer.example/logo.png"] = png(120, 40, (20, 90, 60))


def _peter(world: World, team: Team) -> None:
    peter = world.contact("Peter Lindqvist", "peter@lindqvist.example", language="sv")
    thread = world.conversation(peter, 5099, "Faktura för april", team.inbox, tags=("Billing",))
    thread.customer(
        3 * DAY, "Hej! Kan ni skicka fakturan för april igen?", reason={"rule": "new", "evidence": ""}
    )
    thread.ours(team.maria, 2 * DAY + 300, "Hej Peter, här kommer den.", files=[
        ("faktura-april.pdf", "application/pdf", b"%PDF-1.4 faktura", {"size": 120_000}),
    ])  # fmt: skip
    thread.customer(
        2 * DAY + 299,
        "Jag är på semester till den 30 november och läser inte min e-post.",
        subject="Autosvar: Faktura för april",
        automatic="auto_reply",
    )
    lines = "\n".join(f"{row:02d}. Rad {row} av min lista: stol, bord, hylla, lampa" for row in range(1, 61))
    thread.customer(62, f"Tack. Kan ni kontrollera de här raderna?\n\n{lines}\n\nHälsningar, Peter")


def _marek(world: World, team: Team) -> None:
    marek = world.contact("Marek Nowak", "marek.nowak@example.pl", language="pl")
    world.contacts[marek.id] = marek = _bouncing(marek)
    thread = world.conversation(marek, 5088, "Dwa krzesła, jedna faktura", team.inbox, assignee=team.jonas)
    thread.customer(200, "Dzień dobry, wysłałem zamówienie na dwa krzesła, ale dostałem fakturę na jedno.")
    thread.ours(
        team.jonas,
        190,
        "Dzień dobry, już sprawdzam.",
        delivery="failed",
        delivery_detail={
            "text": "This address does not exist.",
            "args": {},
            "words": "550 5.1.1 User unknown",
        },
    )
    thread.customer(
        189,
        "This is the mail system at host mx.example.pl. I'm sorry to have to inform you that your message "
        "could not be delivered to one or more recipients.",
        subject="Undelivered Mail Returned to Sender",
        automatic="bounce",
        sender=Party("email", "mailer-daemon@mx.example.pl", "Mail Delivery System"),
        reason={"rule": "report", "evidence": ""},
    )


def _bouncing(contact: ContactDetail) -> ContactDetail:
    broken = msgspec.structs.replace(
        contact.identities[0], bouncing={"text": "This address does not exist.", "args": {}}
    )
    return msgspec.structs.replace(contact, identities=(broken,))


def _grace(world: World, team: Team) -> None:
    grace = world.contact("Grace Okafor", "grace.okafor@example.ng", language="en")
    thread = world.conversation(grace, 5071, "That solved it, thank you", team.inbox, assignee=team.jonas)
    thread.customer(300, "The drawer sticks when I close it. What can I do?")
    thread.ours(team.jonas, 180, "Hi Grace, loosen the two screws at the back by half a turn.")
    thread.customer(121, "That solved it, thank you!", protection="smime-signed")
    thread.ours(team.jonas, 120, "Lovely. Enjoy the drawer.")


def _carla(world: World, team: Team) -> None:
    carla = world.contact("Carla Neri", "carla.neri@example.it", language="it")
    thread = world.conversation(carla, 5064, "Campione di tessuto", team.inbox, assignee=team.maria)
    thread.customer(
        240,
        "",
        protection="pgp-encrypted",
        warnings=(
            "This message is encrypted. It can be opened with the mail program that holds the key.",
            "The sender's name looks like an address, but a different address sent it.",
        ),
        files=[
            ("encrypted.asc", "application/pgp-encrypted", b"-----BEGIN PGP MESSAGE-----"),
            ("campione.exe", "application/x-msdownload", b"MZ", {
                "note": "This kind of file can run programs. Open it only if you expected it.",
            }),
        ],
    )  # fmt: skip


def _unreadable(world: World, team: Team) -> None:
    unknown = world.contact("", "unknown@larkfield.example")
    thread = world.conversation(unknown, 5063, "", team.inbox)
    thread.customer(
        260, "", sender=None, subject="", reason={"rule": "unreadable", "evidence": ""},
    )  # fmt: skip


def _wei(world: World, team: Team) -> None:
    wei = world.contact("陈伟", "wei.chen@example.cn", language="zh", time_zone="Asia/Shanghai")
    thread = world.conversation(wei, 4901, "批发订单", team.inbox, assignee=team.jonas)
    for turn in range(75):
        start = 10 * DAY - turn * 180
        thread.customer(start, f"第{turn + 1}封邮件:请问这批货什么时候能发?数量是{turn + 10}件。")
        thread.ours(team.jonas, start - 60, f"{turn + 1}. 您好,我们已经安排,明天告诉您。")


def _hostile(world: World, team: Team) -> None:
    name = 'Tom & <b>Jerry</b> <img src="/etc/hostname.png">\u202egnp.exe'
    jerry = world.contact(name, "jerry@example.net", language="en", company="<img src='file:///etc/passwd'>")
    thread = world.conversation(jerry, 5050, "<img src='file:///etc/hosts'> & co", team.inbox)
    thread.customer(
        500,
        "See https://good.example@evil.example/ and javascript:alert(1)",
        html=(
            '<p>Please sign in at <a href="https://evil.example/">https://bank.example</a> or '
            '<a href="https://аррӏе.example/">here</a> or <a href="file:///etc/passwd">there</a>.</p>'
            '<p><img src="file:///etc/hostname"><img src="//evil.example/s"></p>'
        ),
        files=[("photo\u202egnp.exe", "application/octet-stream", b"MZ")],
    )


def _snoozed(world: World, team: Team) -> None:
    hugo = world.contact("Hugo Silva", "hugo.silva@example.pt", language="pt")
    until = world.now + timedelta(days=2)
    thread = world.conversation(
        hugo, 5040, "Encomenda adiada", team.inbox, assignee=team.jonas, status="snoozed", snoozed_until=until
    )
    _short(thread, team, "Podem entregar só na próxima semana?", "Claro, até lá.")


def _resolved(world: World, team: Team) -> None:
    emma = world.contact("Emma de Vries", "emma@devries.example", language="nl")
    thread = world.conversation(
        emma, 5030, "Kast geleverd", team.inbox, assignee=team.jonas, status="resolved"
    )
    _short(thread, team, "De kast is aangekomen, dank je wel!", "Graag gedaan, Emma.")
    thread.event(3 * DAY - 30, "status", team.jonas, status="resolved")


def _short(thread: Thread, team: Team, theirs: str, ours: str) -> None:
    thread.customer(3 * DAY, theirs)
    thread.ours(team.jonas, 3 * DAY - 20, ours)
