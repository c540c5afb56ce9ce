"""The effects of one plan: rescue, writes in order, the commit of a pull, the base. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace

from syncd.errors import (
    Interrupted,
    KestraDenied,
    KestraReplaced,
    KestraUnavailable,
    ObjectMoved,
    SyncdError,
)
from syncd.model import Change, Key, Kind, Resource, Verdict, held_by_base
from syncd.order import Steps, steps
from syncd.plan import Direction, Plan, agreed
from syncd.report import Failure, Report, headline
from syncd.sides import World


class Application:
    """The effects of one plan: rescue, writes in order, the commit, the base."""

    def __init__(self, world: World, decided: Plan) -> None:
        self.world = world
        self.plan = replace(decided, changes=tuple(_in_memory(change) for change in decided.changes))
        self.side = world.target(decided.direction)
        self.total = len(decided.writes)
        self.agreed = agreed(decided.changes, decided.direction)
        self.applied: list[Key] = []
        self.failed: list[Failure] = []
        self.moved: dict[Key, Change] = {}
        self.fatal: SyncdError | None = None

    def report(self) -> Report:
        """Applies the plan and says how it went. The base is saved however it ends."""
        todo = steps(self.plan)
        self._rescue()
        try:
            self._apply(todo)
            message = headline(self.plan.direction, self._written())
            commit = self.world.finish(message) if self.plan.direction is Direction.PULL else None
        except SyncdError:
            self._save_after_a_stop()
            raise
        base = self.world.base.save(self.agreed, message)
        changes = tuple(self.moved.get(change.key, change) for change in self.plan.changes)
        outcome = replace(self.plan, changes=changes)
        return Report(outcome, tuple(self.applied), tuple(self.failed), commit, base)

    def _save_after_a_stop(self) -> None:
        """Records what the server has; a pull that was not committed is not agreed on, and the next run takes it up."""
        pulled = self.plan.direction is Direction.PULL
        recorded = agreed(self.plan.changes, self.plan.direction) if pulled else self.agreed
        self.world.base.save(recorded, headline(self.plan.direction, () if pulled else self._written()))

    def _written(self) -> list[Change]:
        applied = set(self.applied)
        return [change for change in self.plan.writes if change.key in applied]

    def _rescue(self) -> None:
        """Bytes that a write is about to replace, and that the base does not hold, are kept first."""
        lost = [
            (change.target, change.reason) for change in self.plan.writes if change.target and not held_by_base(change)
        ]
        if lost:
            self.world.base.rescue(self.plan.direction.target.lower(), lost)

    def _apply(self, todo: Steps) -> None:
        with ThreadPoolExecutor(self.side.workers) as pool:
            self._at_once(chain[0] for chain in todo.files if len(chain) == 1)
            self._chains(pool, todo.files)
            self._at_once(change for flows in todo.flows for change in flows)
            for flows in todo.flows:
                self._chains(pool, ((change,) for change in flows))
            self._chains(pool, ((change,) for change in todo.deletions if self._may_leave(change)))

    def _at_once(self, changes: Iterable[Change]) -> None:
        """Creates many objects at once, as far as the side can; the rest is left to be written one by one."""
        creates = {change.key: change for change in changes if change.verdict is Verdict.CREATE}
        wanted = [change.write for change in creates.values() if change.write]
        for key, observed in self.side.create_many(wanted).items():
            self._done(creates[key], observed)

    def _chains(self, pool: ThreadPoolExecutor, chains: Iterable[tuple[Change, ...]]) -> None:
        """Applies chains side by side, those of one chain one after the other; what is done is left out."""
        left = [chain for chain in chains if chain[-1].key not in self.agreed]
        for future in as_completed([pool.submit(self._chain, chain) for chain in left]):
            for change, outcome in future.result():
                self._note(change, outcome)
        if self.fatal:
            raise self.fatal

    def _chain(self, chain: tuple[Change, ...]) -> list[tuple[Change, Resource | SyncdError | None]]:
        outcomes: list[tuple[Change, Resource | SyncdError | None]] = []
        for change in chain:
            if self.fatal or self.world.stopping():
                self.fatal = self.fatal or Interrupted("stopped between two objects; what was written is in the base")
                break
            try:
                outcomes.append((change, self.side.apply(change)))
            except SyncdError as error:
                outcomes.append((change, error))
                break
        return outcomes

    def _note(self, change: Change, outcome: Resource | SyncdError | None) -> None:
        if isinstance(outcome, ObjectMoved):
            reason = f"changed during the run: {outcome}"
            self.moved[change.key] = replace(change, verdict=Verdict.CONFLICT, reason=reason, write=None)
        elif isinstance(outcome, SyncdError):
            self.failed.append(Failure(change.key, str(outcome)))
            if _ends_the_run(outcome):
                self.fatal = self.fatal or outcome
        else:
            self._done(change, outcome)

    def _done(self, change: Change, observed: Resource | None) -> None:
        """Notes what was read back. The base holds Git's bytes, which the repository keeps anyway."""
        self.agreed[change.key] = (
            observed if self.plan.direction is Direction.PULL or observed is None else change.source
        )
        self.applied.append(change.key)
        self.world.progress(change, self.total)

    def _may_leave(self, change: Change) -> bool:
        """A flow that moved to another namespace leaves the old one only when it has arrived in the new one."""
        unwritten = {*(failure.key for failure in self.failed), *self.moved}
        for key in unwritten:
            if change.key.kind is Kind.FLOW and key.kind is Kind.FLOW and key.name == change.key.name:
                self.failed.append(Failure(change.key, f"not deleted, because {key} could not be written"))
                return False
        return True


def _in_memory(change: Change) -> Change:
    """The change with the bytes that its write will replace, as far as nothing else holds them: reread is too late."""
    if not change.verdict.writes or change.target is None or held_by_base(change):
        return change
    target = change.target
    kept = Resource.of(change.key, target.load(), path=target.path, revision=target.revision)
    return replace(change, target=kept)


def _ends_the_run(error: SyncdError) -> bool:
    """Whether nothing else would work either: credentials, reachability, identity. One object's 500 does not."""
    if isinstance(error, KestraUnavailable):
        return error.status != 500
    return isinstance(error, KestraDenied | KestraReplaced | Interrupted)
