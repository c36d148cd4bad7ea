"""Contacts are made up, and the workspace changes only as it is told."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.sandbox import Clock, Workspace, contacts
from tests.sandbox.client import TIMEOUT


def test_contacts_are_the_same_for_the_same_arguments() -> None:
    until = datetime.now(UTC)
    assert contacts(50, until=until) == contacts(50, until=until)
    assert contacts(50, until=until) != contacts(50, until=until, seed=1)


def test_contacts_are_fictional_and_varied() -> None:
    made = contacts(500)
    assert len({contact["uuid"] for contact in made}) == 500
    emails = [contact["email"] for contact in made if contact["email"] is not None]
    assert emails
    assert all(email.endswith("@example.test") for email in emails)
    assert all(re.fullmatch(r"\+1\d{3}55501\d\d", contact["phone_number"]) for contact in made)
    assert all(any(contact[key] is None for contact in made) for key in ("name", "email"))
    assert any(not str(contact["name"]).isascii() for contact in made)


def test_contacts_were_created_within_the_days_and_edited_later() -> None:
    until = datetime.now(UTC)
    made = contacts(200, until=until, days=10, timestamps="microseconds")
    created = [datetime.fromisoformat(contact["created_at"]) for contact in made]
    updated = [datetime.fromisoformat(contact["updated_at"]) for contact in made]
    assert created == sorted(created)
    assert until - timedelta(days=10) <= created[0]
    assert created[0] < until - timedelta(days=8)
    assert all(at <= later <= until for at, later in zip(created, updated, strict=True))
    assert 0 < sum(at < later for at, later in zip(created, updated, strict=True)) < 200


def test_contacts_imported_together_share_their_timestamps() -> None:
    made = contacts(10, batch=4)
    assert len({contact["created_at"] for contact in made}) == 3
    assert len({(contact["created_at"], contact["updated_at"]) for contact in made}) == 3


@pytest.mark.parametrize(
    ("form", "pattern"),
    [
        ("microseconds", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"),
        ("seconds", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
        ("sql", r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"),
    ],
)
def test_timestamps_have_the_chosen_form(form: Any, pattern: str) -> None:  # noqa: ANN401
    workspace = Workspace(contacts(3, timestamps=form), timestamps=form)
    workspace.edit(workspace.contacts()[0]["uuid"], name="Ada")
    workspace.insert()
    for contact in workspace.contacts():
        assert re.fullmatch(pattern, contact["created_at"])
        assert re.fullmatch(pattern, contact["updated_at"])


@pytest.mark.parametrize(
    ("form", "keys"),
    [
        ("uuid", {("uuid", "name")}),
        ("id", {("id", "name")}),
        ("mixed", {("uuid", "name"), ("id", "name")}),
    ],
)
def test_tags_have_the_chosen_form(form: Any, keys: set[tuple[str, str]]) -> None:  # noqa: ANN401
    assert {tuple(tag) for row in contacts(200, tags=form) for tag in row["tags"]} == keys


def test_an_edit_is_sent_and_moves_the_update_time() -> None:
    clock = Clock(datetime.now(UTC) + timedelta(days=1))
    workspace = Workspace(contacts(3), clock=clock)
    first, second, third = (contact["uuid"] for contact in workspace.contacts())
    before = workspace.get(second)["updated_at"]
    workspace.edit(first, name="Ada")
    workspace.edit(second, touch=False, name="Bob")
    workspace.edit(third, updated_at="2020-02-02 02:02:02")
    assert workspace.get(first)["name"] == "Ada"
    assert datetime.fromisoformat(workspace.get(first)["updated_at"]) == clock.now()
    assert workspace.get(second)["name"] == "Bob"
    assert workspace.get(second)["updated_at"] == before
    assert workspace.get(third)["updated_at"] == "2020-02-02 02:02:02"


def test_inserted_contacts_are_new_unless_told() -> None:
    clock = Clock(datetime.now(UTC))
    workspace = Workspace(contacts(20, custom_fields=("loyalty",)), clock=clock)
    backdated = clock.now() - timedelta(days=100)
    uuids = [workspace.insert() for _ in range(20)]
    told = workspace.insert({"uuid": "told", "name": "Ada"}, created_at=backdated)
    assert len({contact["uuid"] for contact in workspace.contacts()}) == 41
    assert datetime.fromisoformat(workspace.get(uuids[0])["created_at"]) == clock.now()
    assert "loyalty" in workspace.get(uuids[0])
    assert told == "told"
    assert workspace.get(told)["name"] == "Ada"
    assert datetime.fromisoformat(workspace.get(told)["created_at"]) == backdated


def test_the_clock_runs_until_it_is_set() -> None:
    clock = Clock()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=TIMEOUT)
    at = datetime.now(UTC) - timedelta(days=9)
    clock.set(at)
    clock.advance(5)
    assert clock.now() == at + timedelta(seconds=5)
