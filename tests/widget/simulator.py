"""A chat server that keeps docs/chat-protocol.md to the letter, with switches for what goes wrong.

It shows no mercy: a frame that the protocol does not know, or a field of a wrong kind, is kept in `wrong`,
and every test looks there at its end. A page of a shop stands beside it under another origin, with a policy
that lets in nothing but this server's script and connections.
"""

from __future__ import annotations

import asyncio
import contextlib
import html
import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from aiohttp import WSMsgType, web

from agentdesk.server.chat.script import built, script_answer, with_settings
from agentdesk.server.chat.words import choose, labels, wished, wishes, words

WIDGET = "0198f0c2-7a51-7c9e-8f1d-0123456789ab"
EPOCH = "e1"
PREFIX = f"/chat/v1/{WIDGET}"

POLICY = (
    "default-src 'none'; script-src {server}; connect-src {server} {socket}; "
    "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
)
PAGE = """<!doctype html><html lang="{lang}" dir="{dir}"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head><body><main><h1>{title}</h1></main>
<script async src="{server}/chat/v1/{script}" {more}></script></body></html>"""

_FIELDS: dict[str, dict[str, tuple[type, ...]]] = {
    "hello": {
        "v": (int,),
        "token": (str, type(None)),
        "epoch": (str, type(None)),
        "cursor": (int,),
        "page": (dict,),
        "language": (str,),
        "time_zone": (str,),
        "identity": (dict, type(None)),
    },
    "page": {"page": (dict,)},
    "message": {"id": (str,), "text": (str,), "files": (list,)},
    "edit": {"id": (str,), "of": (str,), "text": (str,)},
    "delete": {"id": (str,), "of": (str,)},
    "typing": {"on": (bool,)},
    "seen": {"upto": (int,), "state": (str,)},
    "older": {"before": (int,), "most": (int,)},
    "end": {"id": (str,)},
    "survey": {"id": (str,), "score": (int,), "effort": (int, type(None)), "text": (str,)},
    "transcript": {"id": (str,), "email": (str,)},
    "ping": {},
}
_MAY_HAVE = {"message": {"invitation"}, "typing": {"text"}}
_CLOSES = {
    "unauthorized": 4001,
    "version": 4002,
    "identity": 4003,
    "widget": 4004,
    "blocked": 4005,
    "too_many": 4029,
}
_PROFILE = {"name": str, "email": str, "topic": str, "consent": bool}


def settings(**changes: Any) -> dict[str, Any]:
    """The public settings of the widget, with changes."""
    return {
        "v": 1,
        "widget": WIDGET,
        "name": "Larkfield Home",
        "colour": "#22523f",
        "position": "end",
        "theme": "auto",
        "languages": [],
        "texts": {"greeting": "", "offline": "", "consent": ""},
        "pre_chat": [],
        "consent": False,
        "online": True,
        "can": ["typing", "seen", "read", "files", "edits", "end", "survey", "transcript"],
        "limits": {"text": 5000, "file": 1000, "files": 5, "frame": 65536},
        **changes,
    }


@dataclass(slots=True)
class Simulator:
    """One widget with one session. What the page sent is in `frames`, by kind."""

    settings: dict[str, Any] = field(default_factory=settings)
    token: str | None = None
    lines: list[dict[str, Any]] = field(default_factory=list)
    profile: dict[str, Any] = field(
        default_factory=lambda: {"name": "", "email": "", "topic": "", "consent": False}
    )
    frames: list[dict[str, Any]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    uploads: dict[str, dict[str, Any]] = field(default_factory=dict)
    here: list[dict[str, Any]] = field(default_factory=list)
    """What pages of visitors said who agreed to be seen."""
    asked: dict[str, str] | None = None
    """How an agent invites whoever is there."""
    faces: dict[str, bytes] = field(default_factory=dict)
    """Pictures of agents, by their digest."""
    faces_given: list[str] = field(default_factory=list)
    asked_for_settings: int = 0
    """How often a page had to ask, as they did not come with its script."""
    settings_held: asyncio.Event | None = None
    """Who asks for them is not answered before this is set."""
    told: list[str] = field(default_factory=list)
    """What became of invitations."""
    refuse: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Kind of frame or ``upload`` → the error that answers the next one."""
    deaf: bool = False
    """Takes frames and answers nothing."""
    held: asyncio.Event | None = None
    """No hello is answered before this is set."""
    lines_held: bool = False
    """What is new is told to nobody before :meth:`catch_up`: an answer comes ahead of its line."""
    sockets_refused: bool = False
    network_down: bool = False
    sockets: list[web.WebSocketResponse] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    real: tuple[str, str] | None = None
    """Address and widget of a real server that the pages of the shop use in place of this one."""
    runner: web.AppRunner | None = None
    port: int = 0

    # --- what a test says and asks ---

    @property
    def server(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def page(self, path: str = "", **query: str) -> str:
        """The address of a page of the shop: another origin than the server's."""
        return f"http://localhost:{self.port}/shop{path}?{urlencode(query)}"

    def sent(self, kind: str) -> list[dict[str, Any]]:
        return [frame for frame in self.frames if frame["t"] == kind]

    def texts(self) -> list[str]:
        """The texts of the visitor's messages that the server has taken."""
        return [line["text"] for line in self.lines if line.get("from") == "visitor"]

    async def says(
        self,
        text: str,
        agent: str | dict[str, Any] = "Jonas Weber",
        files: list[dict[str, Any]] | None = None,
        **more: Any,
    ) -> None:
        """An agent answers."""
        who = agent if isinstance(agent, dict) else {"name": agent, "picture": None}
        said = {"kind": "message", "from": "agent", "text": text, "agent": who, "files": files or []}
        await self.add({**said, **more})

    async def add(self, line: dict[str, Any]) -> int:
        """Put a line into the log and tell everybody who is there."""
        number = self._write(line)
        await self._tell_lines(number)
        return number

    async def catch_up(self) -> None:
        """Tell all lines, also those that were held back."""
        self.lines_held = False
        await self._tell_lines(1)

    async def tell(self, frame: dict[str, Any]) -> None:
        for socket in tuple(self.sockets):
            with contextlib.suppress(ConnectionError):
                await socket.send_json(frame)

    async def _tell_lines(self, first: int) -> None:
        if self.lines_held or first > len(self.lines):
            return
        await self.tell({"t": "lines", "lines": self.lines[first - 1 :], "first": False})
        self.changed.set()
        self.changed = asyncio.Event()

    async def cut(self) -> None:
        """Cut all connections."""
        for socket in tuple(self.sockets):
            await socket.close(code=1001)

    async def __aenter__(self) -> Simulator:
        app = web.Application()
        app.add_routes(
            [
                web.get("/shop{path:.*}", self._shop),
                web.get("/frame", self._frame),
                web.get("/chat/v1/widget.js", self._script),
                web.get("/chat/v1/{widget}/widget.js", self._script),
                web.get(f"{PREFIX}/settings", self._settings),
                web.get(f"{PREFIX}/socket", self._socket),
                web.post(f"{PREFIX}/poll", self._poll),
                web.post(f"{PREFIX}/invitation", self._invitation),
                web.post(f"{PREFIX}/here", self._here),
                web.options(f"{PREFIX}/files", self._preflight),
                web.post(f"{PREFIX}/files", self._upload),
                web.get("/chat/v1/files/{name}", self._download),
                web.get("/chat/v1/pictures/{digest}", self._face),
            ]
        )
        self.runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0)
        await site.start()
        self.port = self.runner.addresses[0][1]
        return self

    async def __aexit__(self, *_error: object) -> None:
        assert self.runner is not None
        await self.cut()
        await self.runner.cleanup()

    # --- pages and files ---

    async def _face(self, request: web.Request) -> web.Response:
        digest = request.match_info["digest"]
        self.faces_given.append(digest)
        if digest not in self.faces:
            raise web.HTTPNotFound
        headers = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-store"}
        return web.Response(body=self.faces[digest], content_type="image/jpeg", headers=headers)

    async def _shop(self, request: web.Request) -> web.Response:
        own = ("lang", "dir", "script")
        asked = {name: value for name, value in request.query.items() if name not in own}
        more = " ".join(f'data-{name}="{html.escape(value)}"' for name, value in asked.items())
        shown = {"lang": request.query.get("lang", "en"), "dir": request.query.get("dir", "ltr")}
        server, widget = self.real or (self.server, WIDGET)
        script = request.query.get("script", f"{widget}/widget.js")
        body = PAGE.format(server=server, script=script, title="A shop", more=more, **shown)
        policy = POLICY.format(server=server, socket=server.replace("http", "ws"))
        return web.Response(text=body, content_type="text/html", headers={"Content-Security-Policy": policy})

    async def _frame(self, request: web.Request) -> web.Response:
        """A page of somebody else, with the shop in a frame."""
        shop = f"{self.server}/shop?{html.escape(request.query_string)}"
        body = f'<!doctype html><iframe src="{shop}" width="600" height="700"></iframe>'
        return web.Response(text=body, content_type="text/html")

    async def _script(self, request: web.Request) -> web.Response:
        script, languages = built(), self.settings["languages"]
        if "widget" in request.match_info:
            accepted = request.headers.get("Accept-Language", "")
            told = self._told_to(wished(request.query.get("language", ""), accepted))
            named = {"widget": request.match_info["widget"], "labels": labels(languages)}
            script = with_settings(script, {**told, **named})
        return script_answer(request, script, {})

    async def _settings(self, request: web.Request) -> web.Response:
        self.asked_for_settings += 1
        if self.settings_held:
            await self.settings_held.wait()
        return _json(self._told_to(wishes(request.query.get("language", ""))), request)

    def _told_to(self, visitor: tuple[str, ...]) -> dict[str, Any]:
        language = choose(visitor, self.settings["languages"])
        return {**self.settings, "language": language, "words": words(language)}

    async def _invitation(self, request: web.Request) -> web.Response:
        told = json.loads(await request.text())
        if told["id"] not in {one["id"] for one in self.settings["invitations"]}:
            self.wrong.append(f"an unknown invitation {told}")
        self.told.append(told["what"])
        return web.Response(status=204, headers=_cors(request))

    async def _here(self, request: web.Request) -> web.Response:
        said = json.loads(await request.text())
        if not re.fullmatch("[A-Za-z0-9_-]{8,64}", said["key"]):
            self.wrong.append(f"a visit without a key {said}")
        self.here.append(said)
        asked = self.asked if said.get("state") == "free" else None
        return _json({"next": 1, "invitation": asked}, request)

    async def _preflight(self, request: web.Request) -> web.Response:
        allow = {"Access-Control-Allow-Headers": "authorization, content-type, x-file-id, x-file-name"}
        return web.Response(status=204, headers={**_cors(request), **allow})

    async def _upload(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            self.wrong.append("an upload without the token")
        body = await request.read()
        if error := self.refuse.pop("upload", None):
            return _json(_error(**error), request, 415)
        reference = f"file-{len(self.uploads) + 1}"
        name = request.headers["X-File-Name"]
        if not re.fullmatch("[A-Za-z0-9_-]{8,64}", request.headers.get("X-File-Id", "")):
            self.wrong.append("an upload without an id")
        self.uploads[reference] = {"name": name, "type": request.content_type, "body": body, "free": True}
        answer = {"file": reference, "name": name, "type": request.content_type, "size": len(body)}
        return _json(answer, request)

    async def _download(self, request: web.Request) -> web.Response:
        upload = self.uploads[request.match_info["name"]]
        headers = {"Access-Control-Allow-Origin": "*", "Content-Disposition": "attachment"}
        return web.Response(body=upload["body"], content_type=upload["type"], headers=headers)

    # --- the session ---

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        if self.sockets_refused or self.network_down:
            return web.Response(status=403)
        socket = web.WebSocketResponse(protocols=("agentdesk.chat.v1",), compress=False)
        await socket.prepare(request)
        if socket.ws_protocol != "agentdesk.chat.v1":
            self.wrong.append("no subprotocol")
        try:
            async for message in socket:
                if message.type is not WSMsgType.TEXT:
                    self.wrong.append(f"a frame of type {message.type}")
                    continue
                await self._answer(socket, json.loads(message.data))
        finally:
            with contextlib.suppress(ValueError):
                self.sockets.remove(socket)
        return socket

    async def _answer(self, socket: web.WebSocketResponse, frame: dict[str, Any]) -> None:
        if frame["t"] == "hello" and self.held:
            await self.held.wait()
        after = len(self.lines)
        answers = self._take(frame)
        for answer in answers:
            await socket.send_json(answer)
        if frame["t"] != "hello":
            await self._tell_lines(after + 1)
        elif answers[0]["t"] == "error":
            await socket.close(code=_CLOSES.get(answers[0]["code"], 1008))
        elif not socket.closed:
            self.sockets.append(socket)
            for missing in self._missing(frame["cursor"]):
                await socket.send_json(missing)

    async def _poll(self, request: web.Request) -> web.Response:
        if self.network_down:
            return web.Response(status=502)
        asked = json.loads(await request.text())
        changed, after, cursor = self.changed, len(self.lines), asked["frames"][0]["cursor"]
        answers = [answer for frame in asked["frames"] for answer in self._take(frame)]
        if answers[0]["t"] == "error":
            return _json(answers[0], request, 403)
        await self._tell_lines(after + 1)
        missing = self._missing(cursor)
        if len(answers) == 1 and not missing and asked["wait"]:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(asked["wait"]):
                    await changed.wait()
            missing = self._missing(cursor)
        return _json({"frames": answers + missing}, request)

    def _take(self, frame: dict[str, Any]) -> list[dict[str, Any]]:
        self.frames.append(frame)
        self._check(frame)
        kind = frame["t"]
        if error := self.refuse.pop(kind, None):
            return [_error(key=frame.get("id"), **error)]
        if self.deaf and kind != "hello":
            return []
        if kind == "hello":
            return self._hello(frame)
        if kind == "ping":
            return [{"t": "pong"}]
        if kind == "older":
            found = [line for line in self.lines if line["n"] < frame["before"]][-frame["most"] :]
            return [{"t": "lines", "lines": found, "first": not found or found[0]["n"] == 1}]
        return self._command(frame) if "id" in frame else []

    def _hello(self, frame: dict[str, Any]) -> list[dict[str, Any]]:
        if frame["token"] is not None and frame["token"] != self.token:
            return [_error("unauthorized")]
        new = frame["token"] is None
        self.token = self.token or "t" * 43
        welcome = {
            "t": "welcome",
            "v": 1,
            "session": "s",
            "epoch": EPOCH,
            "fresh": False,
            "ping": 25,
            "cursor": len(self.lines),
            "from": self._from(frame["cursor"]),
            "verified": False,
            "online": self.settings["online"],
            "back": self.settings.get("back"),
            "agent": None,
            "can": self.settings["can"],
            "time": "2026-11-22T12:00:00.000Z",
            "profile": self.profile,
            **({"token": self.token} if new else {}),
        }
        return [welcome]

    def _from(self, cursor: int) -> int:
        return max(cursor, len(self.lines) - 50) + 1

    def _missing(self, cursor: int) -> list[dict[str, Any]]:
        first = self._from(cursor)
        found = self.lines[first - 1 :]
        return [{"t": "lines", "lines": found, "first": False}] if found and not self.lines_held else []

    def _command(self, frame: dict[str, Any]) -> list[dict[str, Any]]:
        number = next((line["n"] for line in self.lines if line["id"] == frame["id"]), 0)
        if number:
            return [{"t": "ack", "id": frame["id"], "n": number}]
        if frame["t"] == "profile":
            self.profile = {**self.profile, **{key: frame[key] for key in _PROFILE if key in frame}}
        if frame["t"] == "message":
            return self._message(frame)
        if (frame["t"] == "survey" and not self._last("ended")) or (
            frame["t"] == "transcript" and not any(line["from"] == "agent" for line in self.lines)
        ):
            return [_error("invalid", frame["id"])]
        number = 0
        if frame["t"] in ("edit", "delete"):
            kind = {"edit": "edited", "delete": "deleted"}[frame["t"]]
            change = {"kind": kind, "of": frame["of"], "text": frame.get("text", "")}
            number = self._write({**change, "id": frame["id"], "from": "visitor"})
        elif frame["t"] == "end" and self._last("message", "ended") == "message":
            number = self._write({"kind": "ended", "id": frame["id"], "from": "visitor"})
        return [{"t": "ack", "id": frame["id"], "n": number}]

    def _last(self, *kinds: str) -> str:
        """The kind of the last line that is of one of these."""
        return next((line["kind"] for line in reversed(self.lines) if line["kind"] in kinds), "")

    def _message(self, frame: dict[str, Any]) -> list[dict[str, Any]]:
        if not all(self.uploads.get(reference, {}).get("free") for reference in frame["files"]):
            return [_error("file", frame["id"])]
        given = self.settings.get("invitations", ())
        invited = [one for one in given if one["id"] == frame.get("invitation")]
        if invited and not self.lines:
            key, text = f"invited-{frame['id']}", invited[0]["text"]
            self._write({"kind": "invited", "id": key, "from": "system", "text": text})
        files = [self._sent(reference) for reference in frame["files"]]
        line = {"id": frame["id"], "from": "visitor", "text": frame["text"], "files": files}
        return [{"t": "ack", "id": frame["id"], "n": self._write(line)}]

    def _sent(self, reference: str) -> dict[str, Any]:
        """A file of a message; no other can bring it."""
        upload = self.uploads[reference]
        upload["free"] = False
        return {
            "name": upload["name"],
            "type": upload["type"],
            "size": len(upload["body"]),
            "url": f"/chat/v1/files/{reference}",
            "picture": upload["type"].startswith("image/"),
        }

    def _write(self, line: dict[str, Any]) -> int:
        """Add a line with all its fields; return its number."""
        number = len(self.lines) + 1
        plain = {"n": number, "kind": "message", "id": f"line-{number:06}", "from": "system", "text": ""}
        plain |= {"at": "2026-11-22T12:00:00.000Z", "agent": None, "files": [], "of": None}
        self.lines.append({**plain, "choices": [], "cards": [], **line})
        return number

    def _check(self, frame: dict[str, Any]) -> None:
        kind = frame.get("t", "")
        if kind == "profile":
            wrong = {key: value for key, value in frame.items() if not self._fits_profile(key, value)}
            self.wrong += [f"profile: {wrong}"] if wrong else []
            return
        if kind not in _FIELDS:
            self.wrong.append(f"the frame {frame}")
            return
        known = _FIELDS[kind]
        if frame.keys() - {"t"} - _MAY_HAVE.get(kind, set()) != known.keys():
            self.wrong.append(f"fields of {frame}")
        self.wrong += [
            f"{key} of {frame}" for key, kinds in known.items() if not isinstance(frame.get(key), kinds)
        ]
        if kind == "message" and not (frame["text"] or frame["files"]):
            self.wrong.append("an empty message")
        if kind == "seen" and (
            frame["state"] not in ("delivered", "read") or frame["upto"] > len(self.lines)
        ):
            self.wrong.append(f"seen what is not there: {frame}")

    @staticmethod
    def _fits_profile(key: str, value: object) -> bool:
        return (
            key == "t" or (key == "id" and isinstance(value, str)) or isinstance(value, _PROFILE.get(key, ()))
        )


def _error(code: str, key: str | None = None, retry: int | None = None) -> dict[str, Any]:
    return {"t": "error", "code": code, "text": "for developers", "id": key, "retry": retry}


def _cors(request: web.Request) -> dict[str, str]:
    return {"Access-Control-Allow-Origin": request.headers.get("Origin", "null")}


def _json(value: dict[str, Any], request: web.Request, status: int = 200) -> web.Response:
    return web.json_response(value, status=status, headers=_cors(request))
