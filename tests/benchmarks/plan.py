"""How much is measured, and how often."""

from dataclasses import dataclass

LATENCY_MS = 50
CONCURRENCY = 8


@dataclass(frozen=True)
class Plan:
    """Numbers of measured runs, and of contacts in the scenarios' workspaces."""

    runs: int = 5
    contacts: int = 200_000
    slow: int = 100_000
    """Behind a slow line."""
    sizes: tuple[int, ...] = (10_000, 100_000, 300_000, 1_000_000)
    costs: tuple[int, ...] = (10_000, 20_000, 100_000, 300_000)
    loaded: int = 100_000
    """Into warehouses."""
    every_warehouse: bool = True
    """Or only the first one."""


SMOKE = Plan(1, 300, 300, (100, 300), (100, 300), 300, every_warehouse=False)
