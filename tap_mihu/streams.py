"""The streams: what each reads, and where from."""

from __future__ import annotations

from tap_mihu.records.shaping import RowFields
from tap_mihu.singer.child_stream import ChildStream
from tap_mihu.singer.stream import ListedStream

__all__ = ["STREAMS", "ContactsStream"]


class ContactsStream(ListedStream):
    """The contacts of the workspace."""

    name = "contacts"
    path = "/contacts"
    extra_fields = "custom_fields"
    by_date = True
    selected_by_default = True


class PoolsStream(ListedStream):
    """The pools: queues of contacts to be worked on."""

    name = "pools"
    path = "/pools"


class PoolContactsStream(ChildStream):
    """Which contacts are in which pool, and how far the work on them is."""

    name = "pool_contacts"
    path = "/pools/{}/contacts"
    parent = PoolsStream
    parent_key = "pool_uuid"
    primary_keys = ("pool_uuid", "contact_uuid")
    # Nothing says when one was changed.
    row = RowFields("contact_uuid", created_at="added_at", updated_at="added_at")


class RulesStream(ListedStream):
    """The rules on how often and when contacts may be addressed."""

    name = "rules"
    path = "/rules"


class ConversationsStream(ListedStream):
    """The conversations, by voice and text."""

    name = "conversations"
    path = "/conversations"
    # So pages hold still.
    params = {"sort_by": "created_at", "sort_dir": "asc"}  # noqa: RUF012 - nobody changes it
    most_per_page = 100


class CampaignsStream(ListedStream):
    """The campaigns."""

    name = "campaigns"
    path = "/campaigns"


class TasksStream(ListedStream):
    """The tasks of agents."""

    name = "tasks"
    path = "/tasks"
    most_per_page = 100


class CallsStream(ListedStream):
    """The calls."""

    name = "calls"
    path = "/calls"


STREAMS = (
    ContactsStream,
    PoolsStream,
    PoolContactsStream,
    RulesStream,
    ConversationsStream,
    CampaignsStream,
    TasksStream,
    CallsStream,
)
"""In the order in which they are read: nothing is read at the cost of contacts."""
