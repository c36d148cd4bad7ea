"""A private person, in contacts and in faulty responses; nothing of it may ever be logged."""

from collections.abc import Sequence
from typing import Any

from tests.e2e.running import Run
from tests.sandbox import Contact, contacts
from tests.sandbox.further import Listings, further

PRIVATE = "Privatissima"
SEARCH = "privatissima"
TOKEN = "0123456789|tokenThatNobodyMaySee"  # noqa: S105 - of the sandbox
DEBUG = {"TAP_MIHU_LOGLEVEL": "DEBUG", "LOGLEVEL": "DEBUG"}
"""The environment with which a run logs most."""

BODY = {"success": False, "message": f"{PRIVATE} is not here", "errors": [PRIVATE]}
HTML = f"<html><body>{PRIVATE}</body></html>"
CUT = f'{{"success": true, "data": {{"data": [{{"name": "{PRIVATE}"'

# In small letters; the log is searched in small letters, too.
SECRETS = (
    TOKEN.lower(),
    TOKEN.lower().partition("|")[2],
    SEARCH,
    "secretova",
    "hidden.example",
    "mailbox",
    "90532987",
    "confided",
)


def private_contacts(count: int = 60, **more: Any) -> list[Contact]:
    """Contacts whose personal data cannot be mistaken for anything else."""
    return [
        contact
        | {
            "name": f"{PRIVATE} {number}",
            "surname": f"Secretova {number}",
            "email": f"mailbox{number}@hidden.example",
            "phone_number": f"+90532987{number:05d}",
            "remarks": f"confided {number}",
        }
        for number, contact in enumerate(contacts(count, custom_fields=("remarks",), **more))
    ]


_TEXTS = ("name", "description", "notes", "title", "summary", "escalation_target", "analysis")


def private_listings(of: Sequence[Contact], **more: Any) -> Listings:
    """Other listings, whose texts are as private, and which hold those contacts."""
    listings = further(of, **more)
    for records in listings.values():
        for number, record in enumerate(records):
            record |= {name: f"confided {number}" for name in _TEXTS if name in record}
            record["further"] = f"{PRIVATE} {number}"
    return listings


def leaks(run: Run, *more: str) -> list[str]:
    """The lines of the log that hold what they must not; standard output never has the token."""
    assert TOKEN.encode() not in run.stdout
    uuids = [contact["uuid"] for contact in private_contacts()]
    secrets = (*SECRETS, *uuids, *(secret.lower() for secret in more))
    lines = run.log.splitlines()
    return [line for line in lines if any(secret in line.lower() for secret in secrets)]
