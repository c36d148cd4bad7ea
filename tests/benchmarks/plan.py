"""How much is measured, and how often."""

from dataclasses import dataclass

LATENCY_MS = 50
CONCURRENCY = 8


@dataclass(frozen=True)
class Plan:
    """Numbers of measured runs and of contacts in each scenario's workspaces."""

    runs: int
    contacts: int
    latency_contacts: int
    ideal_contacts: int
    memory_contacts: tuple[int, ...]
    cost_contacts: tuple[int, ...]
    warehouse_contacts: int
    every_warehouse: bool
    """Or only the first one."""


FULL = Plan(
    runs=5,
    contacts=200_000,
    latency_contacts=20_000,
    ideal_contacts=100_000,
    memory_contacts=(10_000, 100_000, 300_000, 1_000_000),
    cost_contacts=(10_000, 20_000, 100_000, 300_000),
    warehouse_contacts=100_000,
    every_warehouse=True,
)
SMOKE = Plan(
    runs=1,
    contacts=300,
    latency_contacts=300,
    ideal_contacts=300,
    memory_contacts=(100, 300),
    cost_contacts=(100, 300),
    warehouse_contacts=300,
    every_warehouse=False,
)
