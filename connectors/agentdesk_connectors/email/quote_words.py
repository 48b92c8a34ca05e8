"""The words by which mail programs announce history, in the languages that they speak.

Every pattern is linear: no repetition inside a repetition, and none that two parts of a pattern could share.
"""

from __future__ import annotations

import re

_WROTE = (
    "wrote|writes|schrieb|geschrieben|écrit|ecrit|escribió|escribio|escribía|escreveu|scritto|scrisse|"
    "schreef|"
    "geschreven|skrev|skreiv|kirjoitti|napisał|napisała|napísal|napísala|napsal|napsala|pisze|пишет|"
    "написал|написала|"
    "писал|писала|пише|написав|написала|напісаў|написа|yazdı|yazmış|írta|scris|έγραψε|έγραψες|napisao|"
    "napisala|"
    "rašė|rakstīja|kirjutas|ritaði|skrifaði|viết|menulis|tulis|sumulat|escrigué|escribiu|idatzi zuen|"
    "ysgrifennodd|schrijft"
)
WROTE = re.compile(
    rf"\b(?:{_WROTE})\b|napisał\(a\)|написал\(а\)|写道|寫道|写到|書きました|のメール|のメッセージ|"
    r"작성|님이 쓴|เขียน|כתב|כתבה|كتب|كتبت|نوشت|लिखा",
    re.IGNORECASE,
)
"""A word for "wrote"."""

OPENER = re.compile(
    r"\A[>\s*_\-–—\"'(]{0,40}+(?:(?:on|at|am|le|el|il|op|em|den|dnia|w dniu|dne|dňa|dana|pada|vào|pe|la|"
    r"på|ons|"
    r"στις|στη|u|ti|an|tarihinde|date|datum|на|у|в|во|от|mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so|"
    r"lun|mar|mer|jeu|"
    r"ven|sam|dim|mié|jue|vie|sáb|dom|lunes|martes|miércoles|jueves|viernes|sábado|domingo|понедельник|"
    r"вторник|среда|"
    r"четверг|пятница|суббота|воскресенье|пн|вт|ср|чт|пт|сб|вс|нд|ma|ke|to|pe|la|su|в понеделник)\b|\d|在|"
    r"于|於|في|בתאריך|ב-|เมื่อ)",
    re.IGNORECASE,
)
"""How a line begins that tells the day of an earlier message."""

_FROM = (
    "from|von|de|da|van|från|fra|od|от|от кого|відправник|від|lähettäjä|kimden|gönderen|feladó|expéditeur|"
    "remitente|"
    "mittente|afzender|de la|από|απο|из|nuo|saatja|pošiljatelj|pošiljatel|odesílatel|odosielateľ|nadawca|"
    "dari|từ|จาก|"
    "发件人|寄件者|寄件人|差出人|送信者|보낸 사람|보낸사람|من|מאת|sendt av|afsender|avsändare|"
    "lähetti|keneltä|frá"
)
_OTHER = (
    "sent|date|to|cc|bcc|subject|reply-to|gesendet|gesendet am|datum|an|kopie|betreff|antwort an|envoyé|"
    "envoyé le|à|objet|répondre à|"
    "enviado|enviado el|enviado em|enviada em|enviada|para|asunto|assunto|fecha|data|inviato|a|oggetto|"
    "risposta|verzonden|aan|"
    "onderwerp|skickat|till|ämne|sendt|til|emne|wysłano|do|temat|dw|odesláno|komu|předmět|kopia|předmet|"
    "predmet|отправлено|кому|"
    "тема|дата|надіслано|lähetetty|vastaanottaja|aihe|päivämäärä|kime|konu|gönderildi|gönderme tarihi|"
    "tarih|elküldve|címzett|"
    "tárgy|trimis|către|subiect|στάλθηκε|προς|θέμα|ημερομηνία|dikirim|kepada|subjek|ngày|tới|chủ đề|ถึง|"
    "เรื่อง|วันที่|ส่ง|"
    "发送时间|发送日期|收件人|抄送|主题|日期|寄件日期|收件者|副本|主旨|送信日時|日時|宛先|件名|날짜|"
    "받는 사람|받는사람|제목|참조|보낸 날짜|"
    "التاريخ|إلى|الموضوع|تاريخ الإرسال|תאריך|אל|נושא|נשלח|sendt den|dato|svar til|skickades|sänt|kopio"
)
FROM_LABEL = re.compile(
    rf"\A[>\s*_]{{0,40}}+(?:{_FROM})\*{{0,2}}\s{{0,3}}[:：]\*{{0,2}}\s{{0,5}}\S", re.IGNORECASE
)
"""A line that names the sender of an earlier message."""
OTHER_LABEL = re.compile(rf"\A[>\s*_]{{0,40}}+(?:{_OTHER})\*{{0,2}}\s{{0,3}}[:：]", re.IGNORECASE)
"""A line that names its date, recipients or subject."""

_ORIGINAL = (
    "original message|original email|original appointment|ursprüngliche nachricht|originalnachricht|"
    "urspr\\. nachricht|mensaje original|"
    "message d['’]origine|message original|messaggio originale|mensagem original|oorspronkelijk bericht|"
    "ursprungligt meddelande|originalmeddelande|opprinnelig melding|oprindelig meddelelse|"
    "alkuperäinen viesti|"
    "wiadomość oryginalna|oryginalna wiadomość|původní zpráva|pôvodná správa|eredeti üzenet|mesaj original|"
    "исходное сообщение|оригинальное сообщение|вихідне повідомлення|orijinal mesaj|αρχικό μήνυμα|"
    "原始邮件|原始郵件|原邮件|原件|元のメッセージ|原始訊息|원본 메시지|원본메시지|الرسالة الأصلية|"
    "הודעה מקורית|thư gốc|pesan asli|"
    "izvorna poruka"
)
_FORWARDED = (
    "forwarded message|forwarded by|begin forwarded message|weitergeleitete nachricht|"
    "anfang der weitergeleiteten nachricht|"
    "message transféré|message transmis|début du message (?:transféré|réexpédié)|mensaje reenviado|"
    "inicio del mensaje reenviado|"
    "messaggio inoltrato|inizio messaggio inoltrato|inoltrato|mensagem encaminhada|"
    "início da mensagem (?:encaminhada|reencaminhada)|"
    "doorgestuurd bericht|begin doorgestuurd bericht|vidarebefordrat (?:meddelande|mejl)|"
    "videresendt (?:melding|besked|e-post)|"
    "välitetty viesti|edelleenlähetetty viesti|przekazana wiadomość|wiadomość przekazana|"
    "přeposlaná zpráva|preposlaná správa|"
    "továbbított (?:üzenet|levél)|пересылаемое сообщение|пересланное сообщение|переслане повідомлення|"
    "iletilmiş mesaj|"
    "yönlendirilen ileti|mesaj redirecționat|προωθημένο μήνυμα|转发的邮件|转发邮件|轉寄的郵件|"
    "轉寄郵件|転送されたメッセージ|"
    "전달된 메시지|전달된 메일|رسالة معاد توجيهها|הודעה שהועברה|thư chuyển tiếp|pesan terusan"
)
SEPARATOR = re.compile(
    rf"\A[>\s]{{0,40}}+\*?(?:[-–—_=]{{2,60}}+\*?\s{{0,5}}[\"“]?(?:{_ORIGINAL}|{_FORWARDED})|"
    rf"(?:begin forwarded message|anfang der weitergeleiteten nachricht|début du message (?:transféré|"
    rf"réexpédié)|"
    rf"inicio del mensaje reenviado|inizio messaggio inoltrato|início da mensagem (?:encaminhada|"
    rf"reencaminhada)|"
    rf"begin doorgestuurd bericht|vidarebefordrat mejl|videresendt besked|videresendt melding|"
    rf"początek przekazywanej wiadomości|начало переадресованного сообщения|开始转发的邮件|"
    rf"以下是转发的邮件|"
    rf"転送されたメッセージ)\s{{0,3}}[:：])",
    re.IGNORECASE,
)
"""A line like ``-----Original Message-----``."""

DEVICE = re.compile(
    r"\A[<(\s]{0,5}+(?:sent (?:from|via|with|by|using) |(?:someone )?from my |(?:someone )?from mobile|"
    r"get outlook for|get \[?outlook|sent (?:on|off) (?:my|the)|"
    r"envoyé (?:depuis|de|à partir)|télécharge[rz]? outlook|von meinem |"
    r"(?:diese nachricht wurde )?(?:gesendet (?:von|mit|über|aus)|von mein)|"
    r"diese nachricht wurde von mein|"
    r"holen sie sich outlook|enviado (?:desde|do|a partir|pelo|via|de) |obtener outlook|obter o outlook|"
    r"obtenga outlook|inviato (?:da|dal|con) |ottieni outlook|"
    r"scarica outlook|verzonden (?:vanaf|met|via|vanuit|van) |verstuurd (?:vanaf|met) |outlook (?:voor|"
    r"downloaden)|skickat från |skickades från|sendt fra |hämta outlook|hent outlook|"
    r"lähetetty |wysłane z|wysłano z|pobierz outlook|odesláno z|odoslané z|отправлено (?:с|из) |"
    r"надіслано з |iphone['’]umdan gönderildi|"
    r"gönderildi|küldve |trimis (?:de pe|din) |στάλθηκε από|从我的|發自我的|发自我的|來自我的|"
    r"從我的|从 |iphoneから送信|"
    r"私の.{1,20}から送信|나의 .{1,20}에서 보냄|"
    r"내 .{1,20}에서 보냄|أرسلت من|أُرسلت من|נשלח מ|dikirim dari|đã gửi từ|ส่งจาก)",
    re.IGNORECASE,
)
"""A line by which a device signs."""
