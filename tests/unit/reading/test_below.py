"""Reading the listings below each item of another one: proven as a whole, or not at all."""

from collections.abc import Iterator

from tap_mihu.reading.below import scan_below
from tap_mihu.reading.progress import Progress
from tap_mihu.reading.scan import Done, Rows, scan
from tests.simulated.families import Family
from tests.simulated.server import EVERYTHING, QUIET, Change, Changes, SimulatedServer, churn

CHURN = churn({Change.EDIT: 0.3, Change.INSERT: 0.05, Change.DELETE: 0.05, Change.SWAP: 0.01})
DELETES = churn({Change.DELETE: 0.03, Change.INSERT: 0.02})


def family(
    seed: int = 0,
    *,
    above: Changes = QUIET,
    below: Changes = QUIET,
    items: int = 6,
    forbidden: frozenset[int] = frozenset(),
) -> Family:
    """Return six pools, of 5 to 45 contacts each, in pages of ten."""
    return Family(
        SimulatedServer(seed=seed, size=items, changes=above),
        lambda number: SimulatedServer(
            seed=100 * seed + number, size=5 + 8 * (number % 6), changes=below
        ),
        forbidden,
    )


def test_at_rest_all_is_read_once_and_proven_at_the_end() -> None:
    pools = family()
    pools.read()
    assert pools.proven
    assert pools.missing == set()
    assert len(pools.emitted) == len({*pools.emitted}) == sum(5 + 8 * n for n in range(6))
    assert [one.dates for one in pools.done] == [EVERYTHING]


def test_nothing_is_lost_in_silence_while_all_of_it_changes() -> None:
    proven = deleted = 0
    for seed in range(40):
        pools = family(seed, above=DELETES, below=CHURN)
        pools.read()
        assert len(pools.done) == 1
        assert len(pools.emitted) == len({*pools.emitted})
        if pools.proven:
            assert pools.missing == set()
            deleted += bool(pools.deleted)
        proven += pools.proven
    assert proven > 20
    assert deleted > 10, "that an item is deleted meanwhile is no reason for doubt"


def test_an_item_that_is_there_and_refused_is_told_and_the_others_are_read() -> None:
    pools = family(forbidden=frozenset({1}))
    pools.read()
    assert not pools.proven
    assert [one.cause for one in pools.done] == ["a page cannot be read (in 1 of 6 pools)"]
    assert "404" in str(pools.refusal)
    assert len({key for key, _ in pools.emitted}) == 5


def test_where_everything_is_refused_not_everything_is_asked_for() -> None:
    pools = family(items=30, forbidden=frozenset(range(30)))
    pools.read()
    assert pools.refusal is not None
    assert [one.proven for one in pools.done] == [False]
    assert len(pools.below) <= 4


def test_a_list_of_items_that_is_not_proven_proves_nothing() -> None:
    def above() -> Iterator[Rows | Done]:
        yield Done(EVERYTHING, proven=False, cause="moved")

    def below(key: str, progress: Progress) -> Iterator[Rows | Done]:
        raise AssertionError(key, progress)

    (done,) = scan_below(above, below, Progress(), above_name="pools")
    assert done == Done(EVERYTHING, proven=False, cause="moved (in the list of pools)")


def test_one_look_tells_which_items_are_gone() -> None:
    pools, looks = family(), 0

    def above() -> Iterator[Rows | Done]:
        nonlocal looks
        looks += 1
        return scan(pools.above.fetch, EVERYTHING, concurrency=1, by_date=False)

    def below(key: str, progress: Progress) -> Iterator[Rows | Done]:
        yield Done(EVERYTHING, proven=False, cause="moved")

    (done,) = scan_below(above, below, Progress(), above_name="pools")
    assert done == Done(EVERYTHING, proven=False, cause="moved (in 6 of 6 pools)")
    assert looks == 2


def test_progress_counts_what_is_read_below() -> None:
    pools, progress = family(), Progress()

    def above() -> Iterator[Rows | Done]:
        return scan(pools.above.fetch, EVERYTHING, concurrency=1, by_date=False)

    def below(key: str, progress: Progress) -> Iterator[Rows | Done]:
        fetch = pools.below.setdefault(key, pools.make(0)).fetch
        return scan(fetch, EVERYTHING, concurrency=1, by_date=False, progress=progress)

    events = scan_below(above, below, progress, above_name="pools")
    seen = [progress.read for _ in events]
    assert seen[-1] == progress.passed_on == 6 * 5
    assert seen == sorted(seen)
    assert progress.windows == 6
