"""To which conversation a message belongs, and why."""

from __future__ import annotations

from agentdesk.base.ids import new_id
from agentdesk.commands.arrival import Arrival, Thread
from agentdesk.domain.threading import Claim, Decision, Rule, decide
from agentdesk.server.lookup import Lookup


def apply(arrival: Arrival, lookup: Lookup) -> None:
    """Find the conversation, or begin one; the reason is kept with the message."""
    if arrival.thread is not None:  # a second reading: it stays where it was shown
        arrival.reason = {"rule": Rule.NEW.value, "evidence": ""}
        return
    decision = decide(arrival.sender, _claims(arrival, lookup))
    if decision.place is None and arrival.flooding and arrival.sender is not None:
        flood = lookup.flood_thread(arrival.sender)
        if flood is not None:
            decision = Decision(flood, Rule.FLOOD)
    arrival.reason = {"rule": decision.rule.value, "evidence": decision.evidence}
    if isinstance(decision.place, Thread):
        arrival.thread = decision.place
        arrival.origin_id = decision.home if decision.home != decision.place.id else None
        arrival.flooding = decision.rule is Rule.FLOOD
    else:
        arrival.thread = _begun(arrival)
        arrival.thread.related_id = decision.related.id if decision.related else None


def _claims(arrival: Arrival, lookup: Lookup) -> list[Claim]:
    signed = lookup.signed_threads(arrival)
    claims = [Claim(thread, Rule.TOKEN, evidence, home) for thread, home, evidence in signed]
    for reference in reversed(arrival.references):
        found = lookup.thread_of(reference)
        if found is not None:
            claims.append(Claim(found[0], Rule.REFERENCES, reference, found[1]))
    early = lookup.answered_early(arrival.external_id)
    if early is not None:
        claims.append(Claim(early, Rule.ANSWERED, arrival.external_id))
    rooted = lookup.rooted(arrival)
    if rooted is not None:
        claims.append(Claim(rooted, Rule.SAME_ROOT, arrival.root))
    for reference in arrival.references:
        sibling = lookup.sibling_of(reference)
        if sibling is not None:
            claims.append(Claim(sibling, Rule.SAME_ROOT, reference))
    return claims


def _begun(arrival: Arrival) -> Thread:
    """A new conversation: its writer takes part in it, and whoever the first message was addressed to."""
    source = arrival.source
    thread = Thread(new_id(), source.inbox_id, source.account_id, source.channel, None, is_new=True)
    thread.root = arrival.root or None
    if arrival.sender is not None:
        thread.participants.add(arrival.sender)
    return thread
