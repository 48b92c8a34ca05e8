"""Files that go to a network before the message they belong to."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from agentdesk.base.tasks import report_error
from agentdesk.base.text import msg
from agentdesk.sdk.errors import AuthFailed, RateLimited, Rejected, Unreachable
from agentdesk.sdk.outbound import Outbound
from agentdesk.sdk.protocols import Sends, Uploads
from agentdesk.server.leases import LeaseLost

__all__ = ["with_files"]


async def with_files(account: Sends, outbound: Outbound, seconds: float) -> Outbound:
    """Return ``outbound`` with its files handed over, where the channel takes them before the message.

    Raises Unreachable, RateLimited, Rejected or AuthFailed: whatever becomes of a file, the message has
    surely not been sent. Each file may take ``seconds``.
    """
    if not isinstance(account, Uploads) or not outbound.attachments:
        return outbound
    files = []
    for file in outbound.attachments:
        try:
            async with asyncio.timeout(seconds):
                files.append(replace(file, uploaded=await account.upload(file)))
        except (LeaseLost, Unreachable, RateLimited, Rejected, AuthFailed):
            raise
        except TimeoutError:
            raise Unreachable(msg("The file {name} took too long.", name=file.name)) from None
        except Exception as error:  # connectors are anybody's; their faults are told as such
            report_error(error, "upload")
            raise Unreachable(msg("The file {name} could not be handed over.", name=file.name)) from error
    return replace(outbound, attachments=tuple(files))
