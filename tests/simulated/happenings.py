"""What each change does to the contacts of a simulated server."""

from collections.abc import Callable

from tests.simulated.changes import Change, Event
from tests.simulated.moments import DAY_LONG, SECOND, SPAN
from tests.simulated.world import Contact, World

Happening = Callable[[World, int], None]


def happen(world: World, event: Event, moment: int) -> None:
    """Let an event happen at a moment, which never falls."""
    world.now = moment
    _HAPPENINGS[event.change](world, event.choice)


def _edit(world: World, choice: int) -> None:
    if contact := world.pick(choice):
        world.touch(contact)


def _edit_every(nth: int) -> Happening:
    def edit(world: World, choice: int) -> None:
        for contact in world.living[choice % nth :: nth]:
            world.touch(contact)

    return edit


def _edit_recent(world: World, choice: int) -> None:
    if contact := world.pick_recent(choice):
        world.touch(contact)


def _insert(world: World, _choice: int) -> None:
    created = world.now - int(world.odd.delay * SECOND * world.rng.random())
    for _ in range(world.odd.batch):
        _add(world, Change.INSERT, created, created)


def _import(world: World, choice: int) -> None:
    _add(world, Change.IMPORT, world.start - (3 + choice % SPAN.days) * DAY_LONG, world.now)


def _add(world: World, change: Change, created: int, updated: int) -> None:
    contact = world.make(created, updated)
    world.join(contact)
    world.trace(change, contact)


def _delete(world: World, choice: int) -> None:
    if contact := world.pick(choice):
        _drop(world, contact)


def _delete_recent(world: World, choice: int) -> None:
    if contact := world.pick_recent(choice):
        _drop(world, contact)


def _drop(world: World, contact: Contact) -> None:
    world.delete(contact)
    world.trace(Change.DELETE, contact)


def _swap(world: World, choice: int) -> None:
    _delete(world, choice)
    _insert(world, choice)


def _come_in(world: World, choice: int) -> None:
    if world.outside:
        contact = world.outside.pop(choice % len(world.outside))
        world.touch(contact)
        world.join(contact)
        world.trace(Change.JOIN, contact)


def _go_out(world: World, choice: int) -> None:
    if contact := world.pick(choice):
        world.leave(contact)
        world.outside.append(contact)
        world.trace(Change.LEAVE, contact)


def _redate(world: World, choice: int) -> None:
    if contact := world.pick(choice):
        days = 3 + choice // 7 % (SPAN.days - 3)
        world.touch(contact, world.start - days * DAY_LONG)


_HAPPENINGS: dict[Change, Happening] = {
    Change.EDIT: _edit,
    Change.INSERT: _insert,
    Change.DELETE: _delete,
    Change.SWAP: _swap,
    Change.IMPORT: _import,
    Change.STORM: _edit_every(10),
    Change.GALE: _edit_every(33),
    Change.RECENT_EDIT: _edit_recent,
    Change.RECENT_DELETE: _delete_recent,
    Change.JOIN: _come_in,
    Change.LEAVE: _go_out,
    Change.REDATE: _redate,
}
