"""The rate limit beside others, by a clock of its own: spread, within the share, no slower."""

import re
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_mihu.api.quota import Quota
from tap_mihu.api.rate_limit import RateLimit
from tests.readme import PAGES
from tests.unit.api.throttled import Read, Server

EVERY_FOUR_SECONDS = [4.0 * number + 1.3 for number in range(1000)]


@pytest.mark.parametrize("others", [(), EVERY_FOUR_SECONDS], ids=["alone", "beside another"])
@pytest.mark.parametrize(
    ("requests", "limit", "percent", "workers"),
    [(1, 60, 50, 4), (40, 60, 20, 32), (200, 60, 80, 1), (200, 60, 100, 4), (999, 300, 80, 9)],
)
def test_a_run_takes_its_share_and_the_time_for_it_and_another_client_sees_no_refusal(
    requests: int, limit: int, percent: int, workers: int, others: Sequence[float]
) -> None:
    run = Read(requests, Server(limit), RateLimit(percent), workers=workers, others=others)
    share = limit * percent / 100
    assert max(run.used.values()) <= share
    assert run.refused == 0 or (others and percent == 100)
    assert run.others_refused == 0 or percent == 100
    assert run.seconds <= (60 / share + bool(others)) * requests + 60


def test_the_docs_show_what_comes_of_two_clients() -> None:
    ways = [(False, 100), (True, 100), (True, 80), (True, 50)]
    runs = [
        Read(200, Server(60, tells=tells), RateLimit(percent), others=EVERY_FOUR_SECONDS)
        for tells, percent in ways
    ]
    shown = re.findall(r"\| (\d+) s \| (\d+) \| (\d+) of (\d+) \|", PAGES["docs/speed.md"])
    assert [tuple(map(int, row)) for row in shown] == [
        (round(run.seconds), max(run.used.values()), run.others_refused, run.others_asked)
        for run in runs
    ]


@pytest.mark.parametrize("at_once", [1, 30], ids=["evenly", "at once"])
@pytest.mark.parametrize("per_minute", [12, 15, 30])
def test_beside_others_that_need_more_a_run_takes_what_they_leave(
    per_minute: int, at_once: int
) -> None:
    """Less three, in case they need a little more than they did."""
    together = min(at_once, per_minute)
    every = 60 * together / per_minute
    starts = [every / 3 + every * number for number in range(1000)]
    others = [at + 0.3 * number for at in starts for number in range(together)]
    run = Read(1000, Server(60), RateLimit(80), others=others)
    assert run.others_refused == 0
    assert run.seconds <= 1000 / min(48, 60 - per_minute - 3) * 60 + 60


def test_requests_are_spread() -> None:
    run = Read(200, Server(60), RateLimit(80), workers=8)
    gaps = [later - earlier for earlier, later in pairwise(run.sent[8:])]
    assert max(gaps) < 3 * 60 / 48


@pytest.mark.parametrize("seconds", [1, 10, 120, 600])
def test_the_length_of_the_window_is_learnt(seconds: float) -> None:
    limit = RateLimit(80)
    run = Read(600, Server(60, seconds), limit, latency=seconds / 600)
    assert limit.seconds == pytest.approx(seconds, rel=0.15)
    # Until then, 60 s are assumed: that costs a window at the most.
    assert run.seconds <= 600 / 48 * seconds + max(seconds, 60 / 48) + seconds
    later = [used for window, used in run.used.items() if window > 1]
    assert max(later) <= 48 + (seconds > 60)


def test_a_told_window_and_end_are_believed() -> None:
    limit = RateLimit(50)
    limit.note_sent(0)
    limit.note_response(Quota(10, 9, 2, 20), 0, 0.5)
    for sent in range(4):
        limit.note_sent(1 + sent / 10)
    assert limit.seconds == 20
    assert limit.earliest(1.5) == 2.5


def test_a_refusal_tells_the_end_of_the_window() -> None:
    limit = RateLimit(80)
    for sent in range(60):
        limit.note_sent(sent / 100)
    limit.note_response(Quota(60, 59), 0, 0.1)
    limit.note_refusal(9, 1)
    assert limit.earliest(1) == 10
    assert limit.seconds == 10


@pytest.mark.parametrize(
    ("server", "percent"),
    [(Server(None), 1), (Server(10**6, tells=False), 1), (Server(5000), 80)],
    ids=["none", "not told", "high"],
)
def test_without_a_limit_or_with_a_high_one_nothing_is_slower(server: Server, percent: int) -> None:
    run = Read(1000, server, RateLimit(percent), workers=4, latency=0.1)
    assert run.seconds == pytest.approx(25, rel=0.02)


@pytest.mark.parametrize("per_minute", [1, 60, 600])
def test_a_limit_of_the_users_own(per_minute: int) -> None:
    run = Read(50, Server(None), RateLimit(80, per_minute), workers=8, latency=0.5)
    gaps = [later - earlier for earlier, later in pairwise(run.sent)]
    assert min(gaps) >= 60 / per_minute - 1e-9
    assert run.seconds <= 49 * 60 / per_minute + 1


@given(
    st.integers(1, 100),
    st.integers(2, 300),
    st.sampled_from([1.0, 5.0, 60.0, 600.0]),
    st.integers(1, 8),
    st.lists(st.floats(0, 600), max_size=50),
)
def test_it_never_stops(
    percent: int, limit: int, seconds: float, workers: int, others: list[float]
) -> None:
    run = Read(
        60,
        Server(limit, seconds),
        RateLimit(percent),
        workers=workers,
        latency=0.05,
        others=[at * seconds / 60 for at in others],
    )
    share = max(1, int(limit * percent / 100))
    windows = 60 / max(1, share / 4) + 2
    assert run.seconds <= windows * max(seconds, 60) * (2 + 2 * len(others))
