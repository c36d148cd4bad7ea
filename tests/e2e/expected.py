"""What a run should write: the sandbox's contacts, shaped by the contract's words, once each."""

from datetime import UTC, datetime
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from tests.e2e.running import Run
from tests.sandbox import Contact, Workspace
from tests.sandbox.data import STANDARD_FIELDS, TEXT_FIELDS, TIMESTAMP_FIELDS


def as_record(contact: Contact) -> dict[str, Any]:
    """Shape a contact by the contract's words."""
    record: dict[str, Any] = {name: contact[name] for name in TEXT_FIELDS}
    for name in TIMESTAMP_FIELDS:
        text = contact[name]
        if text is not None:
            moment = datetime.fromisoformat(text)
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
            text = moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        record[name] = text
    record["tags"] = contact["tags"] or []
    record["custom_fields"] = {key: contact[key] for key in contact if key not in STANDARD_FIELDS}
    return record


def source(workspace: Workspace) -> dict[str, dict[str, Any]]:
    """All contacts as records, by key."""
    return {contact["uuid"]: as_record(contact) for contact in workspace.contacts()}


FORMATS = FormatChecker(formats=())
"""Timestamps in the one form that the tap writes."""


@FORMATS.checks("date-time", raises=ValueError)
def _is_date_time(value: object) -> bool:
    if not isinstance(value, str):
        return True
    datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    return len(value) == len("2025-11-25T10:00:00.000000Z")


def assert_valid(run: Run) -> None:
    """Every RECORD follows its SCHEMA and fits it, formats too."""
    validators: dict[str, Draft202012Validator] = {}
    for message in run.messages:
        if message["type"] == "SCHEMA":
            Draft202012Validator.check_schema(message["schema"])
            validators[message["stream"]] = Draft202012Validator(
                message["schema"], format_checker=FORMATS
            )
        if message["type"] == "RECORD":
            validators[message["stream"]].validate(message["record"])


def assert_complete(run: Run, workspace: Workspace) -> None:
    """The run did well, without a word, and its records are the workspace's contacts, once."""
    assert run.status == 0, run.log
    assert run.errors == []
    assert run.warnings == []
    assert len(run.uuids) == len(set(run.uuids))
    assert {record["uuid"]: record for record in run.records} == source(workspace)
    assert_valid(run)
