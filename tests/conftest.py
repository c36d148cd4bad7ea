"""Property tests draw the same examples everywhere; slow cases are worked out side by side.

A test's parameter `case` is something to call; what it gives is the fixture `outcome`. Tests with
the same case share one call, and tests with a case come last.
"""

from __future__ import annotations

import os
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Cases = dict[Callable[[], Any], Future[Any]]

_SIDE_BY_SIDE = 3

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
    """Give a test's case, if it has one."""
    parameters: dict[str, Any] = item.callspec.params if hasattr(item, "callspec") else {}
    return parameters.get("case")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put tests with a case last."""
    items.sort(key=lambda item: _case(item) is not None)


@pytest.fixture(scope="session", autouse=True)
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
def outcome(cases: Cases, case: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever it gives
    """Wait for what the test's case gives."""
    return cases[case].result()
