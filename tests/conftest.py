"""Property tests draw the same examples everywhere; tests that wait do so beside all others.

A test's parameter `case` is something to call; what it gives is the fixture `outcome`. Tests with
the same case share one call.

With several processes, tests marked `waiting` share one of them, to which the processor goes
first: what they wait for comes as if the others were not there.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer  # type: ignore[import-untyped]
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

Cases = dict[Callable[[], Any], Future[Any]]


_SIDE_BY_SIDE = 3
_TESTS = Path(__file__).parent
_LONGEST = {"recipes", "targets"}

# Neither the machine's speed nor what an earlier run found decides about an example.
for _name, _examples in {"ci": 100, "thorough": 2000}.items():
    settings.register_profile(
        _name,
        max_examples=_examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def _case(item: pytest.Item) -> Callable[[], Any] | None:
    """Return the case whose outcome a test wants, if any."""
    parameters: dict[str, Any] = item.callspec.params if hasattr(item, "callspec") else {}
    wanted = "outcome" in getattr(item, "fixturenames", ())
    return parameters.get("case") if wanted else None


def _is_waiting(item: pytest.Item) -> bool:
    return item.get_closest_marker("waiting") is not None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put first what takes longest, so that no process works alone at the end.

    Tests that wait come first, those with a case behind the others of them.
    """

    def place(item: pytest.Item) -> tuple[bool, bool, bool]:
        folder = item.path.relative_to(_TESTS).parts[0]
        return (not _is_waiting(item), _case(item) is not None, folder not in _LONGEST)

    items.sort(key=place)
    for item in filter(_is_waiting, items):
        test: Any = item
        test.fixturenames.append("cases")


class _ByFile(LoadFileScheduling):  # type: ignore[misc]
    """Gives the files of tests to processes one by one, and those that wait all to the first."""

    def _split_scope(self, nodeid: str) -> str:
        file = str(super()._split_scope(nodeid))
        return "waiting" if _marked_waiting(self.config.rootpath / file) else file


@cache
def _marked_waiting(file: Path) -> bool:
    """Whether a file of tests is marked as a whole: the process that tells this collects none."""
    return "\npytestmark = pytest.mark.waiting\n" in file.read_text("utf-8")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    """Choose how tests are given to processes."""
    return _ByFile(config, log)


@cache
def _stand_back() -> None:
    """Let processes with tests that wait go first from now on."""
    os.nice(5)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Stand back, if this is one of several processes."""
    if "PYTEST_XDIST_WORKER" in os.environ and not _is_waiting(item):
        _stand_back()


@pytest.fixture(scope="session")
def cases(request: pytest.FixtureRequest) -> Iterator[Cases]:
    """Begin to call the cases of all selected tests, once each."""
    called: Cases = {}
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        for case in map(_case, request.session.items):
            if case is not None and case not in called:
                called[case] = pool.submit(case)
        yield called
        pool.shutdown(cancel_futures=True)


@pytest.fixture
def outcome(cases: Cases, case: Callable[[], Any]) -> Any:
    """Wait for what the test's case gives."""
    return cases[case].result()
