"""The envelope: taken apart without trust."""

from typing import Any

import pytest

from tap_mihu.errors import EnvelopeError
from tap_mihu.records.envelope import Envelope, open_envelope

PERSONAL = "Ada Lovelace +441234567890"


def an_answer(**listing: object) -> dict[str, Any]:
    counts = {"current_page": 2, "last_page": 7, "total": 61, "data": [{"uuid": "a"}]}
    return {"success": True, "message": "ok", "data": counts | listing}


# The envelope.


def test_the_documented_envelope() -> None:
    answer = an_answer(first_page_url="https://acme.mihu.ai/api/v1/contacts?page=1")
    assert open_envelope(answer) == Envelope(2, 7, 61, [{"uuid": "a"}])


def test_no_key_counts_but_the_documented_ones() -> None:
    further: dict[str, Any] = {"from": None, "to": [], "per_page": "x", "links": 5, "path": {}}
    assert open_envelope(an_answer(**further)) == open_envelope(an_answer())


@pytest.mark.parametrize("field", ["current_page", "last_page", "total"])
@pytest.mark.parametrize(
    ("sent", "number"),
    [("7", 7), ("0", 0), ("007", 7), (0, 0), (10**12, 10**12), (str(10**12), 10**12)],
)
def test_numbers_may_be_text(field: str, sent: object, number: int) -> None:
    assert getattr(open_envelope(an_answer(**{field: sent})), field) == number


NO_COUNTS: dict[str, Any] = {
    "null": None,
    "true": True,
    "negative": -1,
    "negative as text": "-1",
    "with a point": 7.0,
    "with a point as text": "7.0",
    "empty": "",
    "space": " 7",
    "words": PERSONAL,
    "other digits": "٧",  # noqa: RUF001 - the point
    "superscript": "²",
    "list": [7],
    "object": {"value": 7},
    "infinite": float("inf"),
}


@pytest.mark.parametrize("field", ["current_page", "last_page", "total"])
@pytest.mark.parametrize("sent", NO_COUNTS.values(), ids=NO_COUNTS)
def test_a_count_that_is_none(field: str, sent: object) -> None:
    with pytest.raises(EnvelopeError, match=rf"data\.{field}\b"):
        open_envelope(an_answer(**{field: sent}))


@pytest.mark.parametrize("field", ["current_page", "last_page", "total", "data"])
def test_a_part_is_missing(field: str) -> None:
    answer = an_answer()
    del answer["data"][field]
    with pytest.raises(EnvelopeError, match=rf"data\.{field}\b"):
        open_envelope(answer)


NO_LISTS: dict[str, Any] = {
    "null": None,
    "a contact": {"uuid": "a", "name": PERSONAL},
    "an object of lists": {"0": [{"uuid": "a"}]},
    "text": PERSONAL,
    "number": 5,
    "false": False,
    "list of texts": [PERSONAL],
    "list of lists": [[]],
    "null among contacts": [{"uuid": "a"}, None],
}


@pytest.mark.parametrize("sent", NO_LISTS.values(), ids=NO_LISTS)
def test_a_list_of_contacts_that_is_none(sent: object) -> None:
    with pytest.raises(EnvelopeError, match=r"data\.data\b"):
        open_envelope(an_answer(data=sent))


NO_ENVELOPES: dict[str, tuple[Any, str]] = {
    "list": ([{"uuid": "a"}], "the response"),
    "null": (None, "the response"),
    "text": (PERSONAL, "the response"),
    "number": (5, "the response"),
    "empty object": ({}, "success"),
    "bare paginator": (an_answer()["data"], "success"),
    "success as text": (an_answer() | {"success": "true"}, "success"),
    "success as number": (an_answer() | {"success": 1}, "success"),
    "success is null": (an_answer() | {"success": None}, "success"),
    "data is missing": ({"success": True, "message": "ok"}, "data"),
    "data is null": ({"success": True, "data": None}, "data"),
    "data is a bare list": ({"success": True, "data": [{"uuid": "a"}]}, "data"),
    "data is text": ({"success": True, "data": PERSONAL}, "data"),
}


@pytest.mark.parametrize(("answer", "part"), NO_ENVELOPES.values(), ids=NO_ENVELOPES)
def test_an_answer_that_is_not_the_envelope(answer: object, part: str) -> None:
    with pytest.raises(EnvelopeError, match=part):
        open_envelope(answer)


@pytest.mark.parametrize(
    "answer",
    [
        *(an_answer(total=of) for of in NO_COUNTS.values()),
        *(an_answer(data=of) for of in NO_LISTS.values()),
        *(answer for answer, _ in NO_ENVELOPES.values()),
    ],
)
def test_what_is_wrong_is_told_without_what_was_sent(answer: object) -> None:
    with pytest.raises(EnvelopeError) as error:
        open_envelope(answer)
    assert not {"Ada", "Lovelace", "441234567890"} & set(str(error.value).split())
    assert "\n" not in str(error.value)


def test_a_message_without_success_is_kept_apart_from_our_own_words() -> None:
    answer = {"success": False, "message": PERSONAL, "error": {"details": PERSONAL}}
    with pytest.raises(EnvelopeError, match="says success: false") as error:
        open_envelope(answer)
    assert PERSONAL not in str(error.value)
    assert error.value.quote == PERSONAL


def test_data_beside_success_false_is_not_read() -> None:
    with pytest.raises(EnvelopeError, match="success"):
        open_envelope(an_answer() | {"success": False})


# A server that ignores `page`.

ANSWERS = {
    "as asked": (3, 9, 3, True),
    "the first instead": (1, 9, 3, False),
    "the one before": (2, 9, 3, False),
    "the one after": (4, 9, 3, False),
    "the one before the last": (8, 9, 9, False),
    "beyond the end, the last instead": (5, 5, 7, True),
    "beyond the end, empty": (7, 5, 7, True),
    "of an empty listing": (1, 0, 1, True),
}


@pytest.mark.parametrize(("current", "last", "asked", "fits"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_to_another_question(current: int, last: int, asked: int, *, fits: bool) -> None:
    assert Envelope(current, last, 61, []).is_page(asked) is fits


@pytest.mark.parametrize(("last_page", "endless"), [(1122, False), (1123, True)])
def test_far_more_pages_than_contacts_are_no_listing(last_page: int, *, endless: bool) -> None:
    assert Envelope(1, last_page, 61, []).endless is endless
