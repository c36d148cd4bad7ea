"""Quotes: a server may repeat what it was told, and nobody may read it in the log."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_mihu.api.quotes import quoted

TOKEN = "17|AbC+dEf/ghi="  # noqa: S105 - of nobody


@pytest.mark.parametrize(
    "said",
    [
        "17|AbC+dEf/ghi=",
        "AbC+dEf/ghi=",
        "17|abc+def/GHI=",
        "17%7CAbC%2BdEf%2Fghi%3D",
        "AbC%2bdEf%2fghi%3d",
    ],
)
def test_a_token_is_masked_in_every_form(said: str) -> None:
    assert quoted(f"The token {said} is wrong.", [TOKEN]) == "The token *** is wrong."


@pytest.mark.parametrize("said", ["Jane O'Doe", "jane  o'doe", "Jane+O%27Doe", "Jane%20O%27Doe"])
def test_a_filter_is_masked_in_every_form(said: str) -> None:
    assert quoted(f"Nobody is named '{said}'.", ["Jane O'Doe"]) == "Nobody is named '***'."


def test_a_short_filter_is_masked_only_where_it_stands_alone() -> None:
    assert quoted("No a in parameter a.", ["a"]) == "No *** in parameter ***."


def test_a_quote_is_one_line_of_at_most_300_characters() -> None:
    assert quoted(" a\r\n b\tc ", []) == "a b c"
    assert quoted("x" * 400, []) == "x" * 300


def test_no_beginning_of_a_secret_is_left_at_the_end() -> None:
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
