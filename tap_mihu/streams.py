"""The streams: what each reads, and where from."""

from __future__ import annotations

from tap_mihu.singer.stream import ListedStream

__all__ = ["STREAMS", "ContactsStream"]


class ContactsStream(ListedStream):
    """The contacts of the workspace."""

    name = "contacts"
    path = "/contacts"
    extra_fields = "custom_fields"
    by_date = True


STREAMS = (ContactsStream,)
