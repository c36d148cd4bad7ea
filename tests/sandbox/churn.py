"""A busy workspace: contacts change between one request and the next."""

from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from tests.sandbox.workspace import Workspace

_BACKDATED_DAYS = 300


@dataclass
class Churn:
    """Apply, on average, so many changes before each request: a hook for `before_request`.

    A `swap` deletes one contact and creates another, so that totals stay. A `backdated` contact
    is created as if within the last 300 days.
    """

    edits: float = 1.0
    inserts: float = 0.2
    deletes: float = 0.05
    swap: float = 0.0
    backdated: float = 0.0
    seed: int = 0
    _rng: Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._rng = Random(self.seed)

    def __call__(self, request_number: int, workspace: Workspace) -> None:
        swaps = self._often(self.swap)
        workspace.edit_some(self._rng, self._often(self.edits))
        workspace.delete_some(self._rng, self._often(self.deletes) + swaps)
        for _ in range(self._often(self.inserts) + swaps):
            workspace.insert()
        for _ in range(self._often(self.backdated)):
            age = timedelta(days=self._rng.random() * _BACKDATED_DAYS)
            workspace.insert(created_at=workspace.clock.now() - age)

    def _often(self, average: float) -> int:
        return int(average) + (self._rng.random() < average % 1)
