"""Snapshots of the volumes that a takeover replaces: made before, and kept for a time.

An end that was active after its last point has data that exists nowhere else. A takeover of that end replaces
its volumes with the data of the other end. So it first makes a snapshot of each volume. The ledger of that
end records until when the snapshots stay. Snapshots that no entry names stay until a person deletes them.
"""

from collections.abc import Collection, Iterable

from portinfra.errors import LeaseHeldError, PortinfraError
from portinfra.execution.connection import Connection
from portinfra.execution.options import RunOptions
from portinfra.format import iso
from portinfra.model.address import Address
from portinfra.model.evidence import LeftAside
from portinfra.model.observed import Observation
from portinfra.model.resources import Snapshot, Spec, Volume
from portinfra.recovery.ledger.kept_snapshots import KIND, KeptEntry, kept_entry, read_kept
from portinfra.recovery.ledger.ledger import Ledger
from portinfra.recovery.ledger.points import id_of, new_id, snapshot_name, volume_of
from portinfra.recovery.ledger.takeovers import short_id
from portinfra.recovery.points.snapshot_store import SnapshotStore
from portinfra.recovery.recovery import Recovery
from portinfra.rollout.waves import Say
from portinfra.value import frozen


@frozen
class KeptVolumes:
    """The kept snapshots at one end, of volumes that takeovers replaced. `recovery` leads to that end."""

    recovery: Recovery
    place: Connection
    ledger: Ledger
    run_options: RunOptions

    def keep(self, volumes: Collection[Address], takeover: str, data: str, seconds: int) -> None:
        """Make a snapshot of each volume, and keep it for `seconds`. The hosts of the volumes are off.

        A volume is left out if this takeover has its snapshot, and the same `data` has replaced it since. A
        volume that was not replaced gets a second snapshot, as hosts may have written to it since the first.
        Raises ProviderError, LeaseHeldError and ApplyError.
        """
        run_options = self.run_options
        seen = self.place.observe(self.recovery.target_scope).resources
        data_volumes = {address: each for address, each in seen.items() if isinstance(each.spec, Volume)}
        with self.place.start_run(
            self.recovery.kept_scope,
            borrowed=data_volumes,
            run_options=run_options,
        ) as run:
            known = read_kept(self.ledger.entries(KIND))
            mine = [each for each in known if (each.takeover, each.data) == (takeover, data)]
            existing = self.place.observe(self.recovery.kept_scope)
            made = {(id_of(a), volume_of(a)) for a in _ready(existing)}
            missing = [
                volume
                for volume in sorted(set(volumes))
                if not any((kept.id, volume) in made and kept.is_replaced(seen.get(volume)) for kept in mine)
            ]
            if not missing:
                return
            now = self.place.now()
            for kept in mine:
                renewed = kept_entry(kept.id, takeover, data, now, seconds)
                self.ledger.rewrite(kept.entry, {**renewed, "of": kept.entry.said.get("of", "")})
            id = new_id(now, [*(each.id for each in known), *map(id_of, existing.resources)])
            of = " ".join(short_id(seen[volume].id) for volume in missing if volume in seen)
            self.ledger.add({**kept_entry(id, takeover, data, now, seconds), "of": of})
            snapshots = [Snapshot(snapshot_name(volume, id), volume) for volume in missing]
            store = SnapshotStore(
                self.place, run, self.recovery.kept_scope, self.place.catalogue(), run_options.listen
            )
            store.change({each.address: each for each in snapshots})

    def remove_outlived(self) -> int:
        """Remove the snapshots whose time is over, and their entries. Return how many snapshots it removed.

        Where the provider has no clock, a wrong clock here could remove them too early, so a person deletes
        them. Then this removes only entries whose snapshots do not exist. Raises ProviderError,
        LeaseHeldError and ApplyError.
        """
        now, run_options = self.place.now(), self.run_options
        over = [each for each in read_kept(self.ledger.entries(KIND)) if each.is_over(now)]
        if not over:
            return 0
        with self.place.start_run(self.recovery.kept_scope, run_options) as run:
            # A takeover may have extended some since they were read:
            ledger = Ledger.after_settling(self.place, self.recovery.ledger)
            judged = {each.id: each.entry.said for each in over}
            known = read_kept(ledger.entries(KIND))
            over = [each for each in known if each.entry.said == judged.get(each.id)]
            if not self.ends_by_time:
                snapshots = self.place.observe(self.recovery.kept_scope)
                exist = {*map(id_of, snapshots.resources)}
                over = [each for each in over if not snapshots.unknown and each.id not in exist]
            ids = {each.id for each in over}
            store = SnapshotStore(
                self.place, run, self.recovery.kept_scope, self.place.catalogue(), run_options.listen
            )
            gone: dict[Address, Spec | None] = {a: None for a in store.snapshots() if id_of(a) in ids}
            store.change(gone)
            for each in over:  # the last write: until then the entries say until when the rest stays
                ledger.remove(each.entry)
        return len(gone)

    @property
    def ends_by_time(self) -> bool:
        """Whether portinfra removes the snapshots when their time is over: only if the provider has
        a clock.
        """
        return self.place.clock_offset is not None

    def list_volumes(self, kept: Iterable[KeptEntry] | None = None) -> list[LeftAside]:
        """Return the kept snapshots by the names of their volumes. `kept` are the entries of the ledger."""
        kept = read_kept(self.ledger.entries(KIND)) if kept is None else tuple(kept)
        return self._complete(kept, self.place.observe(self.recovery.kept_scope)) if kept else []

    def list_overwritten(self, volumes: Collection[str], takeover: str) -> tuple[LeftAside, ...]:
        """Return the volumes that a takeover or refresh replaced, by name, with their kept snapshots.

        A snapshot in a zone that does not answer has no id, and the time of its entry.
        """
        if not volumes:
            return ()
        mine = [each for each in read_kept(self.ledger.entries(KIND)) if each.takeover == takeover]
        if not mine:
            return tuple(LeftAside(name, "", "") for name in sorted(volumes))
        snapshots = self.place.observe(self.recovery.kept_scope)
        seen, ends = self._complete(mine, snapshots), self.ends_by_time
        until = iso(max(each.until for each in mine)) if snapshots.unknown else ""
        missing = sorted({*volumes} - {each.volume for each in seen})
        return (*seen, *(LeftAside(name, "", until, ends) for name in missing))

    def _complete(self, kept: Collection[KeptEntry], snapshots: Observation) -> list[LeftAside]:
        """Return the kept snapshots that are complete."""
        until, ends = {each.id: iso(each.until) for each in kept}, self.ends_by_time
        return [
            LeftAside(volume_of(a).name, snapshots.resources[a].id, until[id_of(a)], ends)
            for a in sorted(_ready(snapshots))
            if id_of(a) in until
        ]


def remove_outlived(recovery: Recovery, place: Connection, run_options: RunOptions, say: Say) -> None:
    """Remove, at the target of a recovery, kept snapshots whose time is over. Report a failure with `say`: it
    must not hide the result of the run, and the next retention tries again.

    While another run makes or removes such snapshots, the next retention removes them.
    """
    ledger = Ledger(place, recovery.ledger)
    try:
        KeptVolumes(recovery, place, ledger, run_options).remove_outlived()
    except LeaseHeldError:
        return
    except PortinfraError as error:
        say(
            f"kept snapshots whose time is over are left in {recovery.target.name} ({error.first_line}): "
            "the next replication tries again"
        )


def _ready(snapshots: Observation) -> list[Address]:
    """Return the snapshots that are complete."""
    return [
        address
        for address, seen in snapshots.resources.items()
        if isinstance(seen.spec, Snapshot) and seen.state == "ready"
    ]
