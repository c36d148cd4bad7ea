"""Fixtures for all tests."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Cases = dict[Callable[[], Any], Future[Any]]

_SIDE_BY_SIDE = 4


@pytest.fixture(scope="session")
def cases(request: pytest.FixtureRequest) -> Iterator[Cases]:
    """Call what all selected tests have as parameter `case`: once each, some side by side."""
    called: Cases = {}
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        for item in request.session.items:
            parameters = item.callspec.params if hasattr(item, "callspec") else {}
            case = parameters.get("case")
            if case is not None and case not in called:
                called[case] = pool.submit(case)
        yield called
        pool.shutdown(cancel_futures=True)


@pytest.fixture
def outcome(cases: Cases, case: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever it gives
    """What the test's parameter `case` gives when it is called."""
    return cases[case].result()
