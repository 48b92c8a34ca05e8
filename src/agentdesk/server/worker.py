"""The process in which doubtful input is interpreted: it may be slow, greedy or die without harm to anybody.

Speaks frames over its standard input and output: four bytes of length (big endian), then a pickle. A request
is (module name, [(raw bytes, facts), …]), the answer a list of what each of them means. Both ends are this
program.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import struct
import sys
from importlib import import_module
from typing import BinaryIO

from agentdesk.server.meaning import interpret_one

LENGTH = struct.Struct(">I")
PIPE_BYTES = 1024 * 1024


def main() -> None:
    """Serve requests until the input ends. Arguments: memory in bytes and seconds per request."""
    memory, seconds = int(sys.argv[-2]), int(sys.argv[-1])
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whoever prints must not disturb the frames
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server decides when to end
    _widen(requests, answers)
    _limit_memory(memory)
    while (frame := _read_frame(requests)) is not None:
        module, items = pickle.loads(frame)  # noqa: S301 - from the server that started us
        _set_alarm(seconds)
        interpret = import_module(module).interpret
        found = [interpret_one(interpret, raw, facts) for raw, facts in items]
        _set_alarm(0)
        data = pickle.dumps(found, protocol=pickle.HIGHEST_PROTOCOL)
        try:
            answers.write(LENGTH.pack(len(data)) + data)
            answers.flush()
        except BrokenPipeError:
            os._exit(0)  # the server is gone; nobody wants to hear of it


def _widen(*pipes: BinaryIO) -> None:
    """Let a whole frame fit into each pipe, so that both sides need not take turns over it (Linux)."""
    if sys.platform == "linux":
        import fcntl

        for pipe in pipes:
            with contextlib.suppress(OSError):  # the system's allowance for pipes is used up
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def _read_frame(stream: BinaryIO) -> bytes | None:
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    return stream.read(length)


def _limit_memory(extra: int) -> None:
    """Let the process have ``extra`` bytes more than it has now, where the system can promise that."""
    if sys.platform == "win32":
        return
    import resource

    with open("/proc/self/statm") if sys.platform == "linux" else open(os.devnull) as file:
        fields = file.read().split()
    used = int(fields[5]) * resource.getpagesize() if fields else 0
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (used + extra, hard))


def _set_alarm(seconds: int) -> None:
    """End the process if it is still at work then, also when the server that started it is gone."""
    if sys.platform != "win32":
        signal.alarm(seconds)


if __name__ == "__main__":
    main()
