"""Search: what was indexed is found again, in every language, on both databases."""

from __future__ import annotations

import asyncio
import re
import unicodedata
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, text
from tests.store.rows import filled

from agentdesk.base.clock import now
from agentdesk.base.ids import new_id
from agentdesk.store import search
from agentdesk.store.engine import Database
from agentdesk.store.search import find_conversations, index_messages, remove, search_text
from agentdesk.store.tables import contact, conversation, inbox, message
from agentdesk.store.words import TEXT_LIMIT, parse_query, tokens, words

LANGUAGES = {
    "English": "Where is my parcel? I ordered it on Monday; don't tell me it is lost.",
    "German": "Größe und Straße stimmen, aber die Äpfel für Jörg fehlen.",
    "French": "J'ai été facturé deux fois pour l'abonnement à l'étranger, ça suffit.",
    "Spanish": "¿Cuándo llegará el envío del señor Ibáñez a Logroño?",
    "Polish": "Zażółć gęślą jaźń, proszę o zwrot pieniędzy za łódź.",
    "Turkish": "İstanbul'dan sipariş ettiğim ürün ışıltılı değil.",
    "Russian": "Ёлка сломана, верните деньги за мой заказ, ещё вчера обещали.",
    "Greek": "Καλησπέρα, η παραγγελία μου δεν έφτασε ποτέ στην Ελλάδα.",
    "Hebrew": "שָׁלוֹם, החבילה לא הגיעה בזמן",
    "Arabic": "مرحبًا، لم تصل الطلبيّة إلى العنوان أعلاه",
    "Persian": "سلام، کتاب‌های من هنوز نرسیده است",
    "Hindi": "नमस्ते, मेरा पैकेज अभी तक नहीं पहुँचा है।",
    "Chinese": "你好，我的退款申请已经提交两周了，请帮忙查一下。",
    "Japanese": "東京都に住んでいますが、ﾌﾟﾘﾝﾀｰが届きません。",
    "Korean": "안녕하세요, 주문하신 상품이 아직 도착하지 않았습니다.",
    "Thai": "สวัสดีครับ สินค้าที่สั่งยังไม่มาถึงเลย",
    "Lao": "ສະບາຍດີ ເຄື່ອງທີ່ສັ່ງຍັງບໍ່ມາ",
    "Khmer": "សួស្តី ទំនិញរបស់ខ្ញុំមិនទាន់មកដល់ទេ",
    "Burmese": "မင်္ဂလာပါ ကျွန်တော့်ပစ္စည်းမရောက်သေးပါ",
    "Vietnamese": "Xin chào, đơn hàng của tôi chưa được giao đến Đà Nẵng.",
}


class Shelf:
    """An inbox with conversations of one message each."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.inbox = new_id()
        self.contact = new_id()
        self.count = 0

    async def open(self, inbox_id: UUID) -> None:
        async with self.db.write() as conn:
            row = {"id": inbox_id, "name": str(inbox_id), "everyone": True, "created_at": now(), "ver": 1}
            await conn.execute(insert(inbox).values(row))

    async def start(self) -> None:
        await self.open(self.inbox)
        texts = dict.fromkeys(("name", "company", "place", "language", "time_zone", "notes"), "")
        async with self.db.write() as conn:
            await conn.execute(
                insert(contact).values(
                    id=self.contact, fields={}, blocked=False, created_at=now(), ver=1, **texts
                )
            )

    async def put(self, body: str, inbox_id: UUID | None = None) -> tuple[UUID, UUID]:
        """Keep a conversation with one message; return the ids of both."""
        message_id, conversation_id = new_id(), new_id()
        self.count += 1
        at = now() + timedelta(minutes=self.count)
        row = {
            "id": conversation_id,
            "inbox_id": inbox_id or self.inbox,
            "channel": "email",
            "contact_id": self.contact,
            "number": self.count,
            "subject": "",
            "preview": "",
            "status": "open",
            "priority": "normal",
            "tags": [],
            "language": "",
            "unread": False,
            "last_message_at": at,
            "created_at": at,
            "updated_at": at,
            "ver": 1,
        }
        async with self.db.write() as conn:
            await conn.execute(insert(conversation).values(row))
            said = {"id": message_id, "conversation_id": conversation_id, "inbox_id": row["inbox_id"]}
            await conn.execute(insert(message).values(filled(message, said)))
            await index_messages(conn, [(message_id, conversation_id, row["inbox_id"], body)])
        return message_id, conversation_id

    async def find(self, query: str, inboxes: list[UUID] | None = None, limit: int = 200) -> list[UUID]:
        async with self.db.read() as conn:
            return await find_conversations(conn, query, inboxes=inboxes, limit=limit)


@pytest.fixture
async def shelf(migrated_url: str) -> AsyncIterator[Shelf]:
    shelf = Shelf(Database(migrated_url))
    await shelf.start()
    yield shelf
    await shelf.db.close()


_CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]{2,}")


async def test_every_word_of_every_language_is_found(shelf: Shelf) -> None:
    kept = {language: (await shelf.put(body))[1] for language, body in LANGUAGES.items()}
    missed = [
        (language, word)
        for language, body in LANGUAGES.items()
        for word in body.split()
        if kept[language] not in await shelf.find(word + " ")
    ]
    assert missed == []


async def test_any_two_neighbours_are_found_where_there_are_no_blanks(shelf: Shelf) -> None:
    for language in ("Chinese", "Japanese", "Korean", "Thai", "Lao", "Khmer", "Burmese"):
        body = unicodedata.normalize("NFKC", LANGUAGES[language])
        _, conversation_id = await shelf.put(body)
        letters = tokens(body).split()
        assert len(letters) > 10
        runs = [run for run in re.split(r"[\s，。、！？,.]+", body) if len(run) > 1]
        pairs = {run[at : at + 2] for run in runs for at in range(len(run) - 1)}
        missed = [pair for pair in pairs if conversation_id not in await shelf.find(pair)]
        assert missed == [], language


FOUND = [
    ("Straße", "STRASSE "),
    ("GRÖSSE", "größe "),
    ("Zażółć", "zazolc "),
    ("İstanbul", "istanbul "),
    ("Đà Nẵng", "da nang "),
    ("ёлка", "ЕЛКА "),
    ("ﾌﾟﾘﾝﾀｰ", "プリンター"),
    ("مرحبًا", "مرحبا "),
    ("الطلبيّة", "الطلبيه "),
    ("שָׁלוֹם", "שלום "),
    ("کتاب", "كتاب "),
    ("Nguyễn", "nguyen "),
    ("parcel", "par"),
    ("order 4711-22", "4711-22 "),
    ("write to Foo.Bar@shop.example", "foo.bar@shop.example "),
    ("東京都", "都"),
    ("東京都", "東"),
    ("iPhone手机坏了", "手机 iphone "),
    ("the big blue box", '"big blue"'),
    ("the big blue box", "“big blue”"),
    ("退款申请已经提交", '"申请已经"'),
    ("पहुँचा है", "पहुँचा "),
    ("１２３ＡＢＣ", "123abc "),
    ("e\u0301te\u0301", "été "),
    ("🙂 hello", "hello"),
]
NOT_FOUND = [
    ("parcel", "par "),
    ("the big blue box", '"blue big"'),
    ("the big blue box", "box -blue"),
    ("the big blue box", 'box -"big blue"'),
    ("blue sky", "blue box"),
    ("東京", "京東"),
    ("already", "-nothing"),
    ("already", ""),
    ("already", "  ?! "),
    ("AND OR NOT NEAR", "xor"),
    ("shop.example@foo", "foo@shop.example "),
]
_ODD = r"""" "" ' \ a'b * a* ( ) a:b ! & | <-> NOT AND NEAR(a) - -- -" ^a {a} % ;-- –a""".split()  # noqa: SIM905
_ODD += ["\x00", "\ud800", "\u0301", "NEAR(a b)", "–a b", "a" * 10_000, "\ufdfa" * 1000]


async def test_what_is_found(shelf: Shelf) -> None:
    _, other = await shelf.put("something else")
    for body, query in FOUND:
        _, conversation_id = await shelf.put(body)
        found = await shelf.find(query)
        assert conversation_id in found, (body, query)
        assert other not in found, (body, query)


async def test_what_is_not_found(shelf: Shelf) -> None:
    for body, query in NOT_FOUND:
        _, conversation_id = await shelf.put(body)
        assert conversation_id not in await shelf.find(query), (body, query)


async def test_common_words_are_found_in_the_same_places(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies, queries = zip(*FOUND, *NOT_FOUND, strict=True)
    for body in bodies:
        await shelf.put(body)
    asked = [
        query for query in {*queries, "the -blue ", "box", "東 -京", '"the big" box'} if parse_query(query)
    ]
    rare = {query: await shelf.find(query) for query in asked}
    monkeypatch.setattr(search, "_COMMON", 0)
    monkeypatch.setattr(search, "_AT_A_LOOK", 7)
    assert {query: await shelf.find(query) for query in asked} == rare
    assert await shelf.find("the ", limit=2) == rare['"big blue"'][:2]
    assert await shelf.find("the ", [new_id()]) == []


async def test_a_search_for_common_words_stops_and_says_where(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "_COMMON", 1)
    old, _, last, _ = [(await shelf.put(body))[1] for body in ("blue", "blue", "red", "red")]
    async with shelf.db.read() as conn:
        found = await search.look_for(conn, "blue ", inboxes=None, limit=1, most=2)
        assert (found.ids, found.stopped and found.stopped[1]) == ([], last)
        found = await search.look_for(conn, "blue ", inboxes=None, limit=9, most=4)
        assert (found.ids[-1], len(found.ids), found.stopped) == (old, 2, None)


async def test_no_query_is_an_error(shelf: Shelf) -> None:
    await shelf.put("a b")
    for query in _ODD:
        assert len(await shelf.find(query)) <= 1


async def test_newest_first_within_the_limit_and_the_inboxes(shelf: Shelf) -> None:
    other = new_id()
    await shelf.open(other)
    mine = [(await shelf.put(f"blue {n}"))[1] for n in range(5)]
    theirs = [(await shelf.put(f"blue {n}", other))[1] for n in range(3)]
    assert await shelf.find("blue ") == [*reversed(theirs), *reversed(mine)]
    assert await shelf.find("blue ", [shelf.inbox]) == mine[::-1]
    assert await shelf.find("blue ", [other], limit=2) == theirs[:0:-1]
    assert await shelf.find("blue ", []) == []


async def test_what_is_removed_or_replaced_is_no_longer_found(shelf: Shelf) -> None:
    first, first_conversation = await shelf.put("secret parcel 東京")
    _, second_conversation = await shelf.put("secret letter")
    async with shelf.db.write() as conn:
        await remove(conn, [first, new_id()])
    assert await shelf.find("secret ") == [second_conversation]
    assert await shelf.find("東京") == []
    async with shelf.db.write() as conn:
        for body in ("first words", "other words"):
            await index_messages(conn, [(first, first_conversation, shelf.inbox, body)])
    assert await shelf.find("first ") == []
    assert await shelf.find("other ") == [first_conversation]


async def test_removed_words_leave_the_sqlite_index_for_good(migrated_sqlite_url: str) -> None:
    shelf = Shelf(Database(migrated_sqlite_url))
    await shelf.start()
    kept = [(await shelf.put(f"number{n} confidential"))[0] for n in range(50)]
    async with shelf.db.write() as conn:
        await remove(conn, kept)
        await conn.execute(text("INSERT INTO search_index (search_index) VALUES ('optimize')"))
        await conn.execute(
            text("CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab(main, search_index, row)")
        )
        assert (await conn.execute(text("SELECT term FROM vocabulary"))).all() == []
        await conn.execute(text("DROP TABLE temp.vocabulary"))
    await shelf.db.close()


async def test_texts_of_any_size(shelf: Shelf) -> None:
    for number, letter in enumerate(["x ", "東", "\ufdfa", "字𠀀", "ab1 "]):
        _, conversation_id = await shelf.put(f"beginning{number} {letter * 300_000}")
        assert await shelf.find(f"beginning{number} ") == [conversation_id]
    varied = "start " + " ".join(f"w{n}ö" for n in range(100_000)) + "".join(map(chr, range(0x4E00, 0x9FFF)))
    _, conversation_id = await shelf.put(varied)
    assert await shelf.find("start w7999ö ") == [conversation_id]


async def test_a_text_of_all_different_ideographs_fits(shelf: Shelf) -> None:
    body = "".join(map(chr, range(0x20000, 0x20000 + TEXT_LIMIT)))
    _, conversation_id = await shelf.put(body)
    assert await shelf.find(body[5000:5002]) == [conversation_id]
    assert await shelf.find(body[TEXT_LIMIT - 2 :]) == [conversation_id]


_TEXTS = st.text(
    alphabet=st.one_of(
        st.characters(codec="utf-8"),
        st.sampled_from("abc xyzÄÖßéñ 東京都に住ひらカナ안녕สวัสดีمرحبנהहिन्दी.,-'\"@/"),
    ),
    max_size=60,
)


async def test_found_by_each_of_its_words(shelf: Shelf) -> None:
    """Whatever the text: each word between blanks finds it, unless it is nothing but signs."""
    loop = asyncio.get_running_loop()

    async def check(body: str) -> None:
        _, conversation_id = await shelf.put(body)
        for word in body.split():
            if words(word) and not word.startswith(("-", "\u2212", "\u2013")):
                assert conversation_id in await shelf.find(f"{word} ", limit=10_000), word
        for run in _CJK.findall(body):
            for at in range(len(run) - 1):
                assert conversation_id in await shelf.find(run[at : at + 2], limit=10_000)

    @settings(
        max_examples=150,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
    )
    @given(_TEXTS)
    def each(body: str) -> None:
        asyncio.run_coroutine_threadsafe(check(body), loop).result(60)

    await asyncio.to_thread(each)


def test_search_text_puts_what_matters_first() -> None:
    joined = search_text("Subject", "body " * TEXT_LIMIT, ["Ada", "ada@example.org"])
    assert joined.startswith("Subject\nAda\nada@example.org\nbody")
    assert len(joined) == TEXT_LIMIT


@given(st.text())
def test_tokens_are_letters_digits_and_marks_of_bounded_length(body: str) -> None:
    for word in tokens(body).split(" "):
        assert len(word) <= 64
        assert not set(word) & set("\"'*()&|!<>:\\\x00")
    assert tokens(tokens(body).upper()) is not None
    parse_query(body)
