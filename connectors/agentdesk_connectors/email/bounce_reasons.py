"""Why a delivery failed, from what servers say: is the address itself at fault, or something that may pass?

The words decide before the status code: many servers give ``550 5.0.0`` for everything. Words about passing
troubles are looked for first, because their sentences often mention users and addresses too.
"""

from __future__ import annotations

import re

_ADDRESS_STATUS = re.compile(r"5\.1\.[12346]$|5\.1\.10$|5\.4\.4$|5\.0\.911$|5\.0\.912$")

_REFUSED_CONTENT = re.compile(
    r"end of data|reply to data|after mail from|reply to mail from|data command|smtp command\s{1,5}data|"
    r"after data|>>> \.",
    re.IGNORECASE,
)
_COMMAND = re.compile(r"^[> ]*(?:>>> ?|In: +)([A-Z]{4})|^[> ]*<<< ?(5\d\d)", re.IGNORECASE | re.MULTILINE)
_PRETENDS = re.compile(r"@[a-z0-9.-]{0,100}docomo\.|\b550:? ?: user unknown", re.IGNORECASE)
"""Carriers that answer "unknown user" where their customer's own filter refuses the sender."""
_PIPELINED = re.compile(r"<<< 503|need rcpt|<<< 554[^\n]{0,40}no valid recipients", re.IGNORECASE)
_OF_DOMAIN = re.compile(r"domain|host|\bmx\b|nxdomain", re.IGNORECASE)
"""A fault of the domain: names come and go, so a passing status code is believed."""
_ADDRESSES = re.compile(r"(?<![^\s<>\"'()\[\]:;,])[^\s<>@\"'()\[\]:;,]{1,100}@[^\s<>@\"'()\[\]:;,]{1,200}")

PASSING = re.compile(
    r"\b(?=\w)(?:sender address|sender domain|domain of sender|envelope sender|from address|"
    r"return[- ]path|sender (?:verify|not)|malformed or unexpected|my name was rejected|"
    r"recipient preferences|may not exist|il se peut que|procmail|couldn't create|"
    r"over ?quota|quota exceeded|exceed\w{0,12} (?:\w+ )?(?:quota|storage|mailbox)|"
    r"mailbox (?:is )?(?:full|size limit)|mailbox ?full|"
    r"(?:mail ?box|inbox|account|folder|user|recipient)\w{0,12} (?:is |has |is currently |s mailbox is |"
    r"storage )?(?:over|full|exceeded)|"
    r"insufficient (?:system |disk )?(?:storage|space)|not enough (?:storage|disk )?space|"
    r"disk (?:space )?quota|out of (?:disk )?space|"
    r"no space left|full mailbox|out of storage|allocated storage|"
    r"(?:message|mail|size)[^.\n]{0,40}(?:too (?:large|big|long)|exceed\w{0,12} (?:fixed |maximum |max |"
    r"the )?(?:fixed |maximum )?(?:message |allowed )?(?:size|limit)|larger than)|"
    r"size limit exceeded|exceed\w{0,12} size limit|maximum message size|"
    r"\bspam\b|\bspammer|spamhaus|blacklist|block ?list|blocklist|\bRBL\b|\bDNSBL\b|black list|"
    r"listed (?:in|at|by|on)|"
    r"junk mail|unsolicited|bulk mail|content (?:filter|reject)|virus|infected|malware|banned|"
    r"poor reputation|reputation|refused by policy|policy (?:violation|reasons?|rejection|restriction)|"
    r"local policy|administrative(?:ly)? (?:prohib|policy)|"
    r"\bSPF\b|\bDKIM\b|\bDMARC\b|authentication (?:required|fail|credentials)|not authorized|unauthenticated|"
    r"relay(?:ing)? (?:access )?(?:denied|not (?:permitted|allowed)|prohibited|restrict)|not (?:permitted|"
    r"allowed) to relay|unable to relay|cannot relay|"
    r"greylist|graylist|try (?:again|later)|temporar|deferred|too many|rate limit|throttl|"
    r"timed? ?out|timeout|connection (?:refused|reset|dropped|lost|closed|died)|lost connection|"
    r"network (?:is )?unreachable|no route to host|"
    r"retry time|delivery time expired|message (?:has )?expired|too old|(?:could not|cannot|can't|"
    r"unable to) (?:be delivered|connect|be sent) (?:for|to \S+ for)|queue\w{0,12} (?:too long|lifetime|"
    r"time)|"
    r"hop count|too many hops|mail loop|loops? back|local configuration error|loop detected|"
    r"mail forwarding loop|"
    r"suspended|disabled|inactive|not active|deactivated|expired account|account (?:has )?expired|"
    r"bare lf|bare line|syntax|command (?:unrecognized|not recognized)|protocol error|i/o error|"
    r"internal (?:server )?error|system error|"
    r"access denied|permission|not permitted|prohibited|blocked|reverse (?:dns|lookup)|\bPTR\b|"
    r"dns (?:lookup )?failure(?!: host)|refused to (?:talk|accept)|"
    r"host(?:name)? (?:is )?not allowed|rejected for|message rejected|message (?:was )?refused|"
    r"mail rejected|transaction failed|"
    r"(?:sender|client|helo|ehlo)[^.\n]{0,40}(?:rejected|refused|denied|invalid|verif)|"
    r"server (?:is )?busy|too much mail|not accepting)",
    re.IGNORECASE,
)
"""Trouble that may pass, or that is not the recipient's address."""

ADDRESS = re.compile(
    r"user (?:is |has been |name is )?(?:unknown|not ?found|invalid|does ?n[o']t exist|does not exist)|"
    r"inactive email address|5\.1\.0 address rejected|recipient address rejected(?:: access denied|"
    r"\.?\s*$)|\b521 |not accepting network|not recognized|no valid recipients for|address is correct|"
    r"unknown (?:user|recipient|mailbox|address(?! error)|local|account|login)|"
    r"unknown or illegal alias|user[- ]?unknown|user not (?:exist|known|local|on this)|"
    r"users? (?:was )?not found|no such (?:user|recipient|mailbox|address|person|account|local|email)|"
    r"recipient (?:is |address |not |e?-?mail ?)?(?:is )?(?:unknown|not ?found|invalid|does not exist|"
    r"doesn't exist|no longer|not exist|not a valid)|recipnotfound|recipientnotfound|"
    r"(?:invalid|illegal|bad|nonexistent|non-existent) (?:recipient|mailbox|user|address|final delivery)|"
    r"bad destination (?:mailbox|email)|"
    r"(?:mail ?box|account|address|e-?mail|addressee|alias|destination|name|"
    r"person)\b[^.\n]{0,60}?(?:not ?found|unknown|does ?n[o']t exist|does not exist|do not exist|invalid|"
    r"no longer (?:exist|valid|in use|available|accept|work|on server)|not exist|not valid|not available|"
    r"couldn't be found|could not be found|wasn't found|was not found|has been (?:removed|deleted))|"
    r"not (?:a )?(?:valid|known|our|local) (?:mailbox|user|recipient|address|customer|account|subscriber)|"
    r"no mailbox|not listed in|undeliverable address|"
    r"unrouteable address|un(?:rout|deliver)able (?:mail )?(?:address|recipient)|sorry, (?:no|"
    r"i couldn't find any)|"
    r"does ?n[o']t have an? \S{1,40}(?: \S{1,20})? account|does not have an? (?:email|account)|"
    r"this user does ?n[o']t|isn't in|"
    r"no (?:valid )?recipients?\b(?: were| have)?|no local mailbox|mailbox name not allowed|"
    r"mailbox unavailable|this address (?:no|is no)|"
    r"host (?:or domain name )?(?:is )?(?:unknown|not ?found)|host \S{1,100} not found|"
    r"unknown (?:host|domain|mail domain)|"
    r"(?:domain|host)\b[^.\n]{0,60}?(?:not ?found|does not exist|doesn't exist|unknown|no mail)|"
    r"no such (?:domain|host)|name or service not known|unrouteable mail domain|invalid domain|"
    r"could not find (?:a |any )?(?:mail|host)|couldn't find any host|"
    r"non-?existent (?:host|domain)|nxdomain|null ?mx|indicated no smtp service|domain is not reachable|"
    r"\bdoes not exist\b|does not accept (?:any )?(?:mail|e-?mail)|doesn't accept mail|no mx|"
    r"(?:has )?moved to|new address|address (?:has )?changed|has been replaced by|destination address|"
    r"宛先不明|存在しません|見つかりません|リストにありません|unbekannter? (?:benutzer|empfänger)|"
    r"nicht gefunden|existiert nicht|"
    r"n'existe pas|inconnue?\b|introuvable|no existe|desconocido|"
    r"não existe|inesistente|non esiste|bestaat niet|не существует|не найден|неизвестен",
    re.IGNORECASE,
)
"""The address does not exist, or not any more."""


def is_permanent(status: str, words: str, recipient: str, report: str) -> bool:
    """Say whether the address itself is at fault.

    ``status`` is the enhanced status code (RFC 3463), ``words`` what was said of this ``recipient``,
    ``report`` the whole text with the transcript of the session. A server that first took the recipient
    and refused after the content had been sent does not mean the address, whatever it says.
    """
    if status in ("5.1.7", "5.1.8") or _PRETENDS.search(recipient) or _PRETENDS.search(words):
        return False
    told = _ADDRESS_STATUS.match(status) is not None or "delivery error: dd" in words
    if not told and _refused_content(words, report):
        return False
    words = _ADDRESSES.sub("<>", words)
    address, passing = ADDRESS.search(words), PASSING.search(words)
    if address is None and passing is None and not told:
        words = _ADDRESSES.sub("<>", report)
        address, passing = ADDRESS.search(words), PASSING.search(words)
    if address is not None and (passing is None or address.start() <= passing.start()):
        return not (status.startswith("4.") and _OF_DOMAIN.search(address[0]))
    return told and passing is None


def _refused_content(words: str, report: str) -> bool:
    if _REFUSED_CONTENT.search(words):
        return True
    if _PIPELINED.search(report):
        return False  # the refusal of the recipient is shown after the next command
    command = ""
    for match in _COMMAND.finditer(report):
        if match[1]:
            command = match[1].upper()
        else:
            return command == "DATA"
    return False
