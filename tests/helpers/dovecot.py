"""A real Dovecot on the loopback address: IMAP in the clear, with STARTTLS, and under TLS.

Users are entries in a folder of password files and mail lies in Maildirs, so tests can put mail in, take
stock and damage things with plain file operations, while the program under test speaks IMAP.
"""

from __future__ import annotations

import base64
import hmac
import imaplib
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from tests.helpers.certificates import Certificates, make_certificates
from tests.helpers.processes import accepts, free_port, spawn, stop
from tests.helpers.until import until_sync

_CONFIGURATION = """\
protocols = imap
listen = 127.0.0.1
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/dovecot.log
instance_name = agentdesk-{port}
ssl = yes
ssl_cert = <{certificates.certificate}
ssl_key = <{certificates.key}
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2 oauthbearer
auth_cache_size = 0
auth_failure_delay = 0
auth_verbose = yes
default_internal_user = {internal_user}
default_internal_group = {internal_group}
default_login_user = {login_user}
first_valid_uid = 1
mail_location = maildir:~/Maildir
mail_fsync = never
mail_max_userip_connections = 200
mailbox_list_index = yes
maildir_very_dirty_syncs = no
mailbox_idle_check_interval = 5s
imap_idle_notify_interval = 2 mins
import_environment = TZ
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {home}/users/%u
  mechanisms = plain login
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {home}/oauth2.conf
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {home}/users/%u
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Drafts {{
    auto = subscribe
    special_use = \\Drafts
  }}
  mailbox Sent {{
    auto = subscribe
    special_use = \\Sent
  }}
  mailbox Trash {{
    auto = subscribe
    special_use = \\Trash
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  chroot =
  process_min_avail = 1
  service_count = 0
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service imap {{
  process_limit = 500
}}
service stats {{
  chroot =
}}
"""

# Access tokens are JSON web tokens signed with a key in a file: no identity provider has to run.
_OAUTH2 = """\
introspection_mode = local
local_validation_key_dict = fs:posix:prefix={home}/keys/
username_attribute = email
"""


class Owner(NamedTuple):
    """The account of the operating system to which all mail belongs."""

    user: str
    group: str
    uid: int
    gid: int


def _mail_owner() -> Owner:
    """Return Debian's mail account when we are root (Dovecot refuses mail of root), else our own."""
    import grp  # neither is on Windows
    import pwd

    account = pwd.getpwnam("mail") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    return Owner(account.pw_name, grp.getgrgid(account.pw_gid).gr_name, account.pw_uid, account.pw_gid)


def find_dovecot() -> Path | None:
    """Return the Dovecot program of this machine, or None."""
    found = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    return Path(found) if found else None


class DovecotServer:
    """One running server with any number of users. Stop and start keep all mail."""

    def __init__(self, program: Path) -> None:
        self._program = program
        self.home = Path(tempfile.mkdtemp(prefix="agentdesk-dovecot-"))
        self.port, self.tls_port = free_port(), free_port()
        self.certificates: Certificates = make_certificates(self.home)
        self.owner = _mail_owner()
        self.token_key = secrets.token_bytes(32)
        self._passwords: dict[str, str] = {}
        self._changes = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._write_configuration()
        self.start()

    def _write_configuration(self) -> None:
        self.home.chmod(0o755)
        for name in ("run", "state", "mail", "users", "keys/default/HS256"):
            (self.home / name).mkdir(parents=True)
        (self.home / "keys/default/HS256/default").write_bytes(base64.b64encode(self.token_key))
        shutil.chown(self.home / "mail", self.owner.uid, self.owner.gid)
        root = os.geteuid() == 0
        text = _CONFIGURATION.format(
            home=self.home,
            port=self.port,
            tls_port=self.tls_port,
            certificates=self.certificates,
            internal_user="dovecot" if root else self.owner.user,
            internal_group="dovecot" if root else self.owner.group,
            login_user="dovenull" if root else self.owner.user,
        )
        (self.home / "dovecot.conf").write_text(text)
        (self.home / "oauth2.conf").write_text(_OAUTH2.format(home=self.home))

    def start(self) -> None:
        """Start the server and wait until it takes connections."""
        self._process = spawn(
            [self._program, "-F", "-c", self.home / "dovecot.conf"],
            self.home / "console.log",
            death_signal=signal.SIGTERM,
        )
        until_sync(self._listens, 30, what="Dovecot's start")

    def _listens(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"Dovecot ended at once:\n{self.log()}")
        return accepts(self.port) and accepts(self.tls_port)

    @property
    def running(self) -> bool:
        """Whether the server runs."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Stop the server: every connection is closed, the mail stays."""
        if self._process is not None:
            stop(self._process)
            self._process = None

    def close(self) -> None:
        """Stop the server and remove its files."""
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    def log(self) -> str:
        """Return what the server wrote to its logs."""
        names = ("console.log", "dovecot.log")
        return "".join(
            (self.home / name).read_text(errors="replace") for name in names if (self.home / name).exists()
        )

    def add_user(self, user: str, password: str) -> None:
        """Add a user, or change the password of one; returns when the new password is in force."""
        line = f"{user}:{{PLAIN}}{password}:{self.owner.uid}:{self.owner.gid}::{self.home}/mail/{user}::\n"
        known = user in self._passwords
        self._write_entry(user, line)
        self._passwords[user] = password
        if known:
            until_sync(lambda: self.lets_in(user, password), what="the new password")

    def _write_entry(self, user: str, line: str) -> None:
        aside = self.home / "users.new"
        aside.write_text(line)
        self._changes += 1
        os.utime(aside, (0, self._changes))  # the server sees a change by the whole second
        aside.rename(self.home / "users" / user)

    def remove_user(self, user: str) -> None:
        """Remove a user; returns when the login is refused. The mail stays on disk."""
        self._write_entry(user, "")
        password = self._passwords[user]
        until_sync(lambda: not self.lets_in(user, password), what="the end of the account")

    def lets_in(self, user: str, password: str) -> bool:
        """Say whether this user can log in with this password."""
        client = imaplib.IMAP4("127.0.0.1", self.port, timeout=10)
        try:
            client.login(user, password)
        except imaplib.IMAP4.error:
            return False
        finally:
            client.shutdown()
        return True

    def new_mailbox(self, name: str | None = None) -> Mailbox:
        """Return the empty mailbox of a user ``name@desk.test``; without a name, of a new user.

        A user of an earlier test is used again, and that test's mail is gone.
        """
        address = f"{name or 'agent-' + secrets.token_hex(4)}@desk.test"
        if address in self._passwords:
            shutil.rmtree(self.home / "mail" / address)
        else:
            self.add_user(address, secrets.token_urlsafe(9))
        return Mailbox(self, address, self._passwords[address])


def signed_token(claims: dict[str, object], key: bytes) -> str:
    """Return a JSON web token signed with HMAC-SHA256 (RFC 7519)."""
    parts = [{"alg": "HS256", "typ": "JWT"}, claims]
    signed = ".".join(_base64url(json.dumps(part).encode()) for part in parts)
    signature = hmac.digest(key, signed.encode(), "sha256")
    return f"{signed}.{_base64url(signature)}"


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Mailbox:
    """The mailbox of one user, seen from the server's side. The user's name is also the mail address."""

    def __init__(self, server: DovecotServer, user: str, password: str) -> None:
        self.server = server
        self.user = user
        self.password = password
        self._delivered = 0
        self._make_maildir(self.path())

    @property
    def host(self) -> str:
        """The address to connect to; the certificate is valid for it."""
        return "127.0.0.1"

    @property
    def port(self) -> int:
        """The port for IMAP in the clear and with STARTTLS."""
        return self.server.port

    @property
    def tls_port(self) -> int:
        """The port for IMAP under TLS from the first byte."""
        return self.server.tls_port

    @property
    def address(self) -> str:
        """The mail address whose mail arrives here."""
        return self.user

    @property
    def certificate_authority(self) -> Path:
        """The PEM file that a client must trust to accept this server."""
        return self.server.certificates.authority

    def path(self, folder: str = "INBOX") -> Path:
        """Return the Maildir of a folder. Folder names are plain ASCII, levels separated by ``/``."""
        root = self.server.home / "mail" / self.user / "Maildir"
        return root if folder.upper() == "INBOX" else root / f".{folder.replace('/', '.')}"

    def deliver(self, message: bytes, folder: str = "INBOX", *, seen: bool = False) -> None:
        """Put a message into a folder as a delivery agent does: written aside, then renamed into view."""
        maildir = self.path(folder)
        self._make_maildir(maildir)
        self._delivered += 1
        name = f"{time.time():.6f}.M{self._delivered}P{os.getpid()}R{secrets.token_hex(4)}.test"
        aside = maildir / "tmp" / name
        aside.write_bytes(message)
        self._own(aside)
        aside.rename(maildir / "cur" / f"{name}:2,S" if seen else maildir / "new" / name)

    def messages(self, folder: str = "INBOX") -> list[bytes]:
        """Return every message of a folder in the order of arrival, with the line ends of the wire (CRLF)."""
        files = [file for part in ("new", "cur") for file in (self.path(folder) / part).glob("*")]
        in_order = sorted(files, key=lambda file: float(file.name.partition(".M")[0]))
        return [re.sub(rb"\r?\n", b"\r\n", file.read_bytes()) for file in in_order]

    def remove_messages(self, folder: str = "INBOX") -> None:
        """Remove every message of a folder behind the server's back."""
        for part in ("new", "cur"):
            for file in (self.path(folder) / part).glob("*"):
                file.unlink(missing_ok=True)

    def remove_folder(self, folder: str) -> None:
        """Remove a folder with all its mail."""
        shutil.rmtree(self.path(folder))

    def change_uidvalidity(self, folder: str = "INBOX") -> None:
        """Give the folder new UIDs and another UIDVALIDITY, as a restored or moved mailbox has.

        Connections to the server are cut: a running one would go on with what it remembers.
        """
        maildir = self.path(folder)
        header = (maildir / "dovecot-uidlist").read_text(errors="replace").split("\n", 1)[0]
        old = int(next(word[1:] for word in header.split() if word.startswith("V")))
        self.server.stop()
        for file in maildir.glob("dovecot*"):
            if not file.is_dir():
                file.unlink()
        guid = secrets.token_hex(16)
        uidlist = maildir / "dovecot-uidlist"
        uidlist.write_text(f"3 V{old + 1000} N5000 G{guid}\n")
        self._own(uidlist)
        self.server.start()

    def change_password(self) -> None:
        """Set another password, so that the one that was known is refused from now on."""
        self.password = secrets.token_urlsafe(9)
        self.server.add_user(self.user, self.password)

    def remove(self) -> None:
        """Close the account: nobody can log in to this mailbox any more."""
        self.server.remove_user(self.user)

    def access_token(self, *, expires_in: float = 3600) -> str:
        """Return an OAuth2 access token that lets this user log in for ``expires_in`` seconds."""
        now = int(time.time())
        claims = {"sub": self.user, "email": self.user, "iat": now - 5, "exp": now + int(expires_in)}
        return signed_token(claims, self.server.token_key)

    def _make_maildir(self, maildir: Path) -> None:
        for path in (maildir.parent, maildir, *(maildir / part for part in ("tmp", "new", "cur"))):
            if not path.exists():
                path.mkdir(mode=0o700)
                self._own(path)

    def _own(self, path: Path) -> None:
        if os.geteuid() == 0:
            os.chown(path, self.server.owner.uid, self.server.owner.gid)
