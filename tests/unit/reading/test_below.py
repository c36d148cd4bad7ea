"""Reading the listings below each item of another one: proven as a whole, or not at all."""

from collections.abc import Iterator
from functools import partial

import pytest

from tap_mihu.reading.below import scan_below
from tap_mihu.reading.progress import Progress
from tap_mihu.reading.scan import Done, Rows, scan
from tests.simulated.families import Family
from tests.simulated.server import EVERYTHING, QUIET, Change, SimulatedServer, churn

CHURN = churn({Change.EDIT: 0.3, Change.INSERT: 0.05, Change.DELETE: 0.05, Change.SWAP: 0.01})
DELETES = churn({Change.DELETE: 0.03, Change.INSERT: 0.02})


def family(seed: int = 0, items: int = 6, *, moves: bool = False, forbids: int = 0) -> Family:
    """Return pools of 5 to 45 contacts each, in pages of ten; so many of them are refused."""
    return Family(
        SimulatedServer(seed=seed, size=items, changes=DELETES if moves else QUIET),
        lambda number: SimulatedServer(
            seed=100 * seed + number, size=5 + 8 * (number % 6), changes=CHURN if moves else QUIET
        ),
        forbids,
    )


def test_nothing_is_lost_in_silence_while_all_of_it_changes() -> None:
    proven = deleted = 0
    for seed in range(20):
        pools = family(seed, moves=True)
        pools.read()
        assert len(pools.done) == 1
        assert len(pools.emitted) == len({*pools.emitted})
        if pools.proven:
            assert pools.missing == set()
            deleted += bool(pools.deleted)
        proven += pools.proven
    assert proven > 10
    assert deleted > 5, "that an item is deleted meanwhile is no reason for doubt"


def test_an_item_that_is_there_and_refused_is_told_and_the_others_are_read() -> None:
    pools = family(forbids=1)
    pools.read()
    assert [one.cause for one in pools.done] == ["a page cannot be read (in 1 of 6 pools)"]
    assert "404" in str(pools.refusal)
    assert len({key for key, _ in pools.emitted}) == 5


def test_where_everything_is_refused_not_everything_is_asked_for() -> None:
    pools = family(items=30, forbids=30)
    pools.read()
    assert pools.refusal is not None
    assert [one.proven for one in pools.done] == [False]
    assert len(pools.below) <= 4


@pytest.mark.parametrize("items", [0, 6])
def test_what_is_not_proven_above_or_below_is_told_after_one_look_at_what_is_gone(
    items: int,
) -> None:
    server, looks = SimulatedServer(size=6), 0
    unproven = Done(EVERYTHING, proven=False, cause="moved")

    def above() -> Iterator[Rows | Done]:
        nonlocal looks
        looks += 1
        return scan(server.fetch, EVERYTHING, concurrency=1) if items else iter([unproven])

    def below(key: str, progress: Progress) -> Iterator[Rows | Done]:
        yield unproven

    (done,) = scan_below(above, below, Progress(), above_name="pools")
    where = "in 6 of 6 pools" if items else "in the list of pools"
    assert done == Done(EVERYTHING, proven=False, cause=f"moved ({where})")
    assert looks == (2 if items else 1)


def test_progress_counts_what_is_read_below() -> None:
    above, total = SimulatedServer(size=6), Progress()

    def below(key: str, progress: Progress) -> Iterator[Rows | Done]:
        server = SimulatedServer(size=5)
        return scan(server.fetch, EVERYTHING, concurrency=1, progress=progress)

    looks = partial(scan, above.fetch, EVERYTHING, concurrency=1)
    seen = [total.read for _ in scan_below(looks, below, total, above_name="pools")]
    assert seen[-1] == total.passed_on == 6 * 5
    assert seen == sorted(seen)
    assert total.windows == 6
