"""Quotes: a server may repeat what it was told, and nobody may read it in the log."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_mihu.api.quotes import quoted

TOKEN = "17|AbC+dEf/ghi="  # noqa: S105 - of nobody
NAME = "Jane O'Doe"


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        (TOKEN, "AbC+dEf/ghi="),
        (TOKEN, "17|abc+def/GHI="),
        (TOKEN, "17%7CAbC%2BdEf%2Fghi%3D"),
        (TOKEN, "AbC%2bdEf%2fghi%3d"),
        (NAME, "jane  o'doe"),
        (NAME, "Jane+O%27Doe"),
        (NAME, "Jane%20O%27Doe"),
        ('"é"', r"\"\u00e9\""),
    ],
)
def test_a_secret_is_masked_in_every_form(secret: str, said: str) -> None:
    assert (
        quoted(f"With '{said}'\r\n nothing is found.", [secret]) == "With '***' nothing is found."
    )


def test_a_short_secret_is_masked_only_where_it_stands_alone() -> None:
    assert quoted("No a in parameter a.", ["a"]) == "No *** in parameter ***."


def test_a_quote_has_300_characters_and_no_beginning_of_a_secret_at_its_end() -> None:
    assert quoted("x" * 400, []) == "x" * 300
    assert quoted("x" * 295 + " " + TOKEN, [TOKEN]) == "x" * 295 + " ***"


@given(
    st.text(),
    st.text(min_size=4, alphabet=st.characters(codec="ascii", exclude_characters="*")),
    st.text(),
)
def test_a_secret_never_comes_through(before: str, secret: str, after: str) -> None:
    plain = " ".join(secret.split())
    line = quoted(before + secret + after, [secret])
    assert len(plain) < 4 or plain.lower() not in line.lower()
