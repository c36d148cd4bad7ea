"""Decoding: a page comes whole, the same on the fast way and the plain one."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tap_mihu.errors import EnvelopeError, MissingKeyError, UnreadableBodyError
from tap_mihu.records import decoding
from tap_mihu.records.decoding import PageDecoder
from tap_mihu.records.extra_names import ExtraNames
from tap_mihu.records.pages import Row
from tap_mihu.records.timestamps import canonical
from tap_mihu.singer.schema import stream_schema
from tests.sandbox.clock import NOON
from tests.sandbox.data import STANDARD_FIELDS, TEXT_FIELDS, TIMESTAMP_FIELDS
from tests.unit.records.decoded import (
    body_of,
    decoder_of,
    exactly,
    parsed,
    read,
    shaper_of,
    with_record,
)
from tests.unit.records.wild import cleaned, wild_contacts

WAYS = pytest.mark.parametrize("typed", [True, False], ids=["fast", "plain"])
VALID = Draft202012Validator(stream_schema("contacts"))
COLUMNS = ("Budget", "x", '"', "a\\", "预算", "never sent")

Outcome = list[Row] | tuple[type[Exception], str]


def outcome(decoder: PageDecoder, body: bytes) -> Outcome:
    try:
        return [with_record(row) for row in read(decoder, body).rows]
    except (EnvelopeError, MissingKeyError, UnreadableBodyError) as error:
        return type(error), str(error)


# Pages and rows.


@WAYS
def test_the_page_is_the_one_asked_for_or_the_last(*, typed: bool) -> None:
    with pytest.raises(UnreadableBodyError, match="page"):
        read(decoder_of(typed=typed), body_of('[{"uuid":"a"}]', current_page=1, last_page=5), 2)
    body = body_of('[{"uuid":"a"}]', current_page=3, last_page=3, total=31)
    page = read(decoder_of(typed=typed), body, 4)
    assert (page.number, page.last_page, page.total) == (4, 3, 31)


def test_a_list_may_come_keyed() -> None:
    """As PHP sends a list whose keys do not begin at 0."""
    body = body_of('{"100":{"uuid":"a","x":1},"101":{"uuid":"b","x":2}}')
    assert [row.uuid for row in read(decoder_of(), body).rows] == ["a", "b"]
    assert not read(decoder_of(), body_of("{}")).rows


@WAYS
@pytest.mark.parametrize("version", [None, 1_700_000_000])
def test_a_line_is_a_message_or_the_row_of_a_file(version: int | None, *, typed: bool) -> None:
    body = body_of('[{"uuid":"a","created_at":"2025-06-01 10:00:00"}]')
    messages, files = (
        decoder_of(typed=typed, version=version, in_file=in_file, without=frozenset({"tags"}))
        for in_file in (False, True)
    )
    (row,), (in_file,) = (read(one, body).rows for one in (messages, files))
    assert (row.uuid, row.created_at, row.updated_at) == ("a", "2025-06-01T10:00:00.000000Z", None)
    message = parsed(row.payload)
    record = message.pop("record")
    assert record.keys() == {*STANDARD_FIELDS, "custom_fields"} - {"tags"}
    versioned = {} if version is None else {"version": version}
    at = NOON.isoformat()
    assert message == {"type": "RECORD", "stream": "contacts", "time_extracted": at} | versioned
    beside = {f"_sdc_table_{name}": value for name, value in versioned.items()}
    assert parsed(in_file.payload) == record | beside | {"_sdc_extracted_at": at}
    assert [line.payload.index(b"\n") - len(line.payload) for line in (row, in_file)] == [-1, -1]


def test_without_a_form_of_lines_a_row_carries_its_record() -> None:
    (row,) = read(PageDecoder(shaper_of()), body_of('[{"uuid":5,"x":1}]')).rows
    assert (row.uuid, row.payload["uuid"], row.payload["custom_fields"]) == ("5", "5", {"x": 1})


@pytest.mark.parametrize("without", ['{"name":"x"}', '{"uuid":null}', '{"uuid":""}'])
def test_a_contact_without_key_is_named_by_its_place(without: str) -> None:
    body = body_of(f'[{{"uuid":"a"}},{{"uuid":"b"}},{without}]')
    outcomes = [outcome(decoder_of(typed=typed), body) for typed in (True, False)]
    assert outcomes == [(MissingKeyError, "('uuid', 3)")] * 2


def test_custom_fields_that_were_seen_once_are_decoded_the_fast_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    decoder, body = decoder_of(), body_of('[{"uuid":"a","x":1}]')
    slow = outcome(decoder, body)
    monkeypatch.setattr(decoding, "plain_rows", None)
    assert outcome(decoder, body) == slow


def test_both_ways_judge_an_envelope_alike() -> None:
    odd: list[Any] = [0, 2, -1, 1.0, 1.5, 1e30, "1", "x", "", True, None, [], {}, 2**64, 10**30]
    for field in ("current_page", "last_page", "total"):
        for value in odd:
            body = body_of('[{"uuid":"a"}]', **{field: value})
            outcomes = [outcome(decoder_of(typed=typed), body) for typed in (True, False)]
            assert outcomes[0] == outcomes[1], (field, value)


# Anything at all.


def is_text_of(stored: str | None, sent: Any) -> bool:
    as_text = sent is None or isinstance(sent, str)
    return bool((stored if as_text or stored is None else parsed(stored)) == cleaned(sent))


def assert_tags(stored: list[dict[str, Any]], sent: list[Any]) -> None:
    """All are there in order, each with its keys; ids are numbers or null."""
    known = ("uuid", "name", "id")
    ones = [one if isinstance(one, dict) else {"name": one} for one in sent if one is not None]
    for tag, one in zip(stored, ones, strict=True):
        kept = cleaned(one)
        assert tag == kept | {name: tag[name] for name in known if name in kept}
        assert all(is_text_of(tag.get(name), one.get(name)) for name in ("uuid", "name"))
        assert type(one.get("id")) is not int or tag["id"] == one["id"]


def assert_whole(
    row: Row, sent: dict[str, Any], without: frozenset[str], columns: set[str]
) -> None:
    record = row.payload
    assert VALID.is_valid(record)
    further = {name: one for name, one in sent.items() if name not in STANDARD_FIELDS}
    assert record.keys() == {*STANDARD_FIELDS, "custom_fields", *columns} - without
    assert row.uuid == record["uuid"]
    assert record.get("custom_fields", cleaned(further)) == cleaned(further)
    for name in {*TEXT_FIELDS, *columns} - without:
        assert is_text_of(record[name], sent.get(name))
    if isinstance(sent.get("tags"), list) and "tags" in record:
        assert_tags(record["tags"], sent["tags"])
    odd = []
    for name in TIMESTAMP_FIELDS:
        value = sent.get(name)
        moment = canonical(value) if isinstance(value, str) else None
        assert record.get(name, moment) == moment
        odd += [name] if moment is None and value is not None else []
    assert [name for name in row.invalid if name != "tags.id"] == odd


pages = st.lists(wild_contacts(odd=False), max_size=4) | st.lists(
    wild_contacts(odd=False) | wild_contacts(odd=True), max_size=4
)


@given(
    st.lists(pages, min_size=1, max_size=4),
    st.sampled_from([None, "2025-06-01T00:00:00.000000Z"]),
    st.frozensets(st.sampled_from([*STANDARD_FIELDS[1:], "custom_fields"])),
    st.dictionaries(st.sampled_from(COLUMNS), st.booleans()),
)
def test_any_pages_come_whole_on_both_ways(
    run: list[list[str]], since: str | None, without: frozenset[str], columns: dict[str, bool]
) -> None:
    """Columns are selected or not, as other fields are."""
    without |= {name for name, selected in columns.items() if not selected}
    names = [ExtraNames(), ExtraNames()]
    fast, plain = (
        decoder_of(
            typed=typed, since=since, without=without, columns=sorted(columns), names=names[typed]
        )
        for typed in (True, False)
    )
    there: set[str] = set()
    for contacts in run:
        body = body_of(f"[{','.join(contacts)}]")
        sent = [json.loads(text, parse_float=exactly, parse_constant=str) for text in contacts]
        for _ in range(2):  # the second time all keys are known
            rows = outcome(fast, body)
            assert rows == outcome(plain, body)
        if any(contact["uuid"] in (None, "") for contact in sent):
            assert rows[0] is MissingKeyError
            continue
        for row, contact in zip(rows, sent, strict=True):
            assert isinstance(row, Row)
            due = since is None or row.updated_at is None or row.updated_at >= since
            assert (row.payload is not None) is due
            if due:
                assert_whole(row, contact, without, {*columns})
            there |= {*cleaned(contact)}.difference(STANDARD_FIELDS)
        assert names[False].met == names[True].met == frozenset(there)
