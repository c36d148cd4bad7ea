"""The envelope: taken apart without trust."""

from typing import Any

import pytest

from tap_mihu.errors import EnvelopeError
from tap_mihu.records.envelope import Envelope, open_envelope

PERSONAL = "Ada Lovelace +441234567890"
COUNTS = ("current_page", "last_page", "total")


def a_response(**listing: object) -> dict[str, Any]:
    counts = {"current_page": 2, "last_page": 7, "total": 61, "data": [{"uuid": "a"}]}
    return {"success": True, "message": "ok", "data": counts | listing}


def without(field: str) -> dict[str, Any]:
    response = a_response()
    del response["data"][field]
    return response


def test_only_the_documented_keys_count() -> None:
    further: dict[str, Any] = {"from": None, "to": [], "per_page": "x", "links": 5, "path": {}}
    assert open_envelope(a_response(**further)) == Envelope(2, 7, 61, [{"uuid": "a"}])


@pytest.mark.parametrize("field", COUNTS)
@pytest.mark.parametrize(
    ("sent", "number"), [("0", 0), ("007", 7), (0, 0), (10**12, 10**12), (str(10**12), 10**12)]
)
def test_numbers_may_be_text(field: str, sent: object, number: int) -> None:
    assert getattr(open_envelope(a_response(**{field: sent})), field) == number


NO_NUMBERS = (None, True, -1, 7.0, float("inf"), [7], {"a": 7})
NO_DIGITS = ("-1", "7.0", "", " 7", PERSONAL, "\u0667", "\u00b2")
NO_LISTS: list[Any] = [
    *(None, {"uuid": "a", "name": PERSONAL}, {"0": [{"uuid": "a"}]}, PERSONAL, False),
    *([PERSONAL], [[]], [{"uuid": "a"}, None]),
]
NO_ENVELOPES: list[tuple[Any, str]] = [
    *((of, r"the response\b") for of in ([{"uuid": "a"}], None, PERSONAL)),
    *(({}, r"success\b"), (a_response()["data"], r"success\b")),
    *((a_response() | {"success": of}, r"success\b") for of in ("true", 1, None)),
    ({"success": False, "message": 5}, r"success\b"),
    ({"success": True, "message": "ok"}, r"data\b"),
    *(({"success": True, "data": of}, r"data\b") for of in (None, [{"uuid": "a"}], PERSONAL)),
    *((without(field), rf"data\.{field}\b") for field in (*COUNTS, "data")),
    *((a_response(total=of), r"data\.total\b") for of in (*NO_NUMBERS, *NO_DIGITS)),
    *((a_response(**{field: "x"}), rf"data\.{field}\b") for field in COUNTS),
    *((a_response(data=of), r"data\.data\b") for of in NO_LISTS),
]


@pytest.mark.parametrize(("response", "part"), NO_ENVELOPES)
def test_what_is_wrong_is_told_without_what_was_sent(response: object, part: str) -> None:
    with pytest.raises(EnvelopeError, match=rf"^{part}") as error:
        open_envelope(response)
    assert not {"Ada", "Lovelace", "441234567890"} & set(str(error.value).split())
    assert "\n" not in str(error.value)


def test_a_message_without_success_is_kept_apart_from_our_own_words() -> None:
    response = a_response() | {"success": False, "message": PERSONAL, "error": PERSONAL}
    with pytest.raises(EnvelopeError, match=r"says success: false$") as error:
        open_envelope(response)
    assert error.value.quote == PERSONAL


@pytest.mark.parametrize(
    ("current", "last", "asked", "fits"),
    [(3, 9, 3, True), (1, 9, 3, False), (4, 9, 3, False), (5, 5, 7, True), (1, 0, 1, True)],
)
def test_a_page_that_was_not_asked_for(current: int, last: int, asked: int, *, fits: bool) -> None:
    assert Envelope(current, last, 61, []).is_page(asked) is fits


@pytest.mark.parametrize(("last_page", "endless"), [(1122, False), (1123, True)])
def test_far_more_pages_than_contacts_are_no_listing(last_page: int, *, endless: bool) -> None:
    assert Envelope(1, last_page, 61, []).endless is endless
