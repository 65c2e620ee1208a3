"""A finding as an entry for the outbox."""

from liqmon.core.facts import finding_to_facts
from liqmon.core.model import Finding
from liqmon.store.outbox import OutboxEntry

__all__ = ["finding_entry"]


def finding_entry(finding: Finding, route: str) -> OutboxEntry:
    """Return the entry for one route; its key is the same whenever it is judged."""
    name = f"{finding.episode}:{finding.phase}:{finding.severity.name}"
    return OutboxEntry(
        dedup_key=f"{name}@{route}",
        episode=finding.episode,
        kind="finding",
        severity=int(finding.severity),
        payload=finding_to_facts(finding),
        route=route,
    )
