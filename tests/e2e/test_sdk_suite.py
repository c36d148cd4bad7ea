"""The SDK's own tests of a tap, against the sandbox."""

from collections.abc import Iterator
from typing import Any

import pytest
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from tap_mihu.tap import TapMihu
from tests.e2e.in_process import signals_kept
from tests.sandbox import Sandbox
from tests.workspaces import workspace_of

# The classes are built when this file is imported, and look at the settings when a test runs:
# until then there is no sandbox.
_CONFIG: dict[str, Any] = {"api_url": "http://127.0.0.1:1/api/v1", "auth_token": "none-yet"}
_MAPPED: dict[str, Any] = _CONFIG | {"stream_maps": {"contacts": {"name": "name"}}}


@pytest.fixture(scope="module", autouse=True)
def sandbox() -> Iterator[Sandbox]:
    """Serve contacts to the tests of this file."""
    with Sandbox(workspace_of(345, custom_fields=("a",))) as served, signals_kept():
        for config in (_CONFIG, _MAPPED):
            config.update(served.config())
        yield served


with signals_kept():
    # A run that stops early, as the SDK's dry run does, and one to the end.
    TestSample, TestEverything = (
        get_tap_test_class(
            TapMihu,
            config=config,
            suite_config=SuiteConfig(max_records_limit=limit),
            # What the caller's environment says must not count.
            parse_env_config=False,
            setup_mapper=True,
        )
        for config, limit in ((_CONFIG, 150), (_MAPPED, None))
    )


def test_the_classes_hold_the_whole_suite() -> None:
    for tests in (TestSample, TestEverything):
        names = {name for name in vars(tests) if name.startswith("test_")}
        assert len(names) >= 13
        assert set(tests.params) <= names
