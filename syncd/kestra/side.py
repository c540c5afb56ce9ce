"""Kestra as one side of a sync: looks at everything in scope, applies one change, validates; decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Self

from syncd.errors import KestraDenied, KestraError, KestraMissing, KestraRejected, KestraReplaced
from syncd.flowtext import Readings
from syncd.kestra import bulk
from syncd.kestra.address import Address
from syncd.kestra.dialect import Dialect, Server
from syncd.kestra.files import Files
from syncd.kestra.flows import Flows
from syncd.kestra.inventory import Inventory
from syncd.kestra.listing import ListingCache
from syncd.kestra.naming import NAMESPACE, content_name, flaw, stored_name, unholdable
from syncd.kestra.refusal import NOT_KESTRA
from syncd.kestra.swap import Store, swap
from syncd.kestra.transport import Transport, path_of
from syncd.kestra.unlisted import asked_by_name
from syncd.kestra.validation import Validation
from syncd.model import Change, Key, Kind, Problem, Resource, Scope, Snapshot

if TYPE_CHECKING:
    import httpx

THREADS = 4
"""Calls at once; a server with H2 writes no faster with more (1.3.25)."""

MANY = 20
"""From so many creates on, they are worth doing together."""

_CONFIGS = path_of("api", "v1", "configs")


class Kestra:
    """
    One tenant of one Kestra server. Safe to use from several threads; writes of one object never overlap.

    Args:
        address: Where it is.
        transport: In place of the network.
        cache: Listings that earlier runs saw, see `ListingCache.default`; `None` reads every file each time.
        readings: Flows that were read before, wherever they were.
    """

    def __init__(
        self,
        address: Address,
        *,
        transport: httpx.BaseTransport | None = None,
        cache: ListingCache | None = None,
        readings: Readings | None = None,
    ) -> None:
        self.address = address
        self._transport = Transport(address, transport)
        self._pool = ThreadPoolExecutor(THREADS, "kestra")
        self._cache = cache
        self._readings = readings or Readings()
        self._elsewhere: dict[str, Callable[[], bytes]] = {}
        self._asking = Lock()
        self._lock = Lock()
        self._server: Server | None = None
        self._writing: dict[Key, Lock] = {}
        self._spelled: dict[str, dict[str, str]] = {}
        self._expected: frozenset[Key] = frozenset()
        self._seen: dict[tuple[str, str], set[Key]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Waits for calls under way and drops the connections."""
        self._pool.shutdown(cancel_futures=True)
        self._transport.close()

    def about(self) -> Server:
        """
        Version, edition and identity, asked once.

        Raises:
            KestraError: Nothing answers there, or something that is not Kestra.
        """
        with self._asking:
            if self._server is None:
                self._server = self._ask()
            return self._server

    def check_identity(self) -> None:
        """
        Asks again who answers at this address.

        Raises:
            KestraReplaced: Another instance than at the start.
        """
        known, now = self.about(), self._ask()
        if known.uuid != now.uuid:
            raise KestraReplaced(
                f"another Kestra instance answers at {self.address.url}: {now.uuid} instead of {known.uuid}",
                "if the server was set up anew on purpose, run the command again",
                url=self.address.url,
            )

    def snapshot(self, scope: Scope) -> Snapshot:
        """
        Everything in scope: flows by one export and one listing, files by one look at each namespace.

        Args:
            scope: `roots` holds every namespace whose files matter: a server cannot list namespaces without flows.

        Raises:
            KestraError: The flows could not be read, the credentials are not enough, or the server is away.
        """
        extra = self._pool.submit(self._pair_namespaces, scope)
        inventory = Inventory(self._files, self._line, self._cache_name, self._cache, self._spelled)
        roots = sorted(name for name in set(scope.roots) if NAMESPACE.fullmatch(name) and scope.covers(name))
        known = self._pool.map(inventory.take, roots)
        flows = self._flows.snapshot(scope, self._pool, self._elsewhere)
        seen = {key.namespace for key in (*flows.resources, *flows.unknown)} | extra.result()
        found = sorted(name for name in seen - set(roots) if NAMESPACE.fullmatch(name) and scope.covers(name))
        snapshot = _merged([flows, *known, *self._pool.map(inventory.take, found)])
        missed = self._expected.difference(snapshot.resources)
        snapshot = asked_by_name(snapshot, filter(self._may_be_asked(scope), missed), self._store, self._pool)
        self._seen = {}
        for key in (*snapshot.resources, *snapshot.unknown):
            self._neighbours(key).add(key)
        return snapshot

    def apply(self, change: Change) -> Resource | None:
        """
        Makes one object what `change.write` says, if it still is what `change.target` says.

        Returns:
            What the server holds afterwards, as read back; `None` after a deletion.

        Raises:
            ObjectMoved: It is something else by now.
            KestraRejected: The server cannot hold it, or refused it.
            KestraError: The server cannot be used.
        """
        key, written = change.key, {change.key} if change.write else set()
        if why := flaw(key, self._line):
            raise KestraRejected(f"{key}: the server cannot hold it: {why}", "rename it, or ignore it")
        with self._lock:
            if written and (others := self._neighbours(key) - written):
                raise KestraRejected(f"{key}: the server would keep one content for it and {min(others)}", "rename one")
            writing = self._writing.setdefault(key, Lock())
        with writing:
            observed = swap(self._store(key.kind), change, self.address.retries)
        self.spell(written)
        with self._lock:
            self._expected = self._expected.difference({key}) | written
            self._neighbours(key).discard(key)
            self._neighbours(key).update(written)
        return observed

    def create_many(self, resources: Iterable[Resource]) -> Mapping[Key, Resource]:
        """
        Creates those of these objects that are absent, with far fewer calls than one `apply` each.

        Returns:
            What the server holds of them afterwards, as read back. For whatever is missing here, `apply` tells why.

        Raises:
            KestraError: The credentials are not enough, or the server is away.
        """
        wanted = list(resources)
        refused = self.unholdable(one.key for one in wanted)
        sound = [one for one in wanted if one.key not in refused]
        flows = [one for one in sound if one.key.kind is Kind.FLOW]
        files = [one for one in sound if one.key.kind is Kind.FILE]
        created: dict[Key, Resource] = {}
        if len(files) >= MANY:
            created.update(bulk.create_files(self._files, self._line, files, self._pool))
        if len(flows) >= MANY:
            created.update(bulk.create_flows(self._flows, self._line, flows, self._pool))
        self.spell(created)
        for key in created:
            self._neighbours(key).add(key)
        return created

    def validate(self, flows: Sequence[Resource]) -> tuple[Problem, ...]:
        """
        What the server would say to each of these flows; writes nothing.

        Raises:
            KestraError: It could not be asked.
        """
        return Validation(self._transport, self._root, self._line).check(flows, self._pool)

    def unholdable(self, keys: Iterable[Key]) -> Mapping[Key, Problem]:
        """Which of these names this server cannot hold, alone, beside the others, or beside what the last look saw."""
        wanted = frozenset(keys)
        if not wanted:
            return {}
        problems = unholdable(wanted.union(*self._seen.values()), self._line)
        return {key: problem for key, problem in problems.items() if key in wanted}

    def expect(self, keys: Iterable[Key]) -> None:
        """
        Tells what both sides had agreed on; to be said before a look.

        What of it a look does not find is asked for by name, so that a listing which lacks something deletes nothing.
        """
        self._expected = frozenset(keys)
        self.spell(self._expected)

    def share(self, held: Iterable[Resource]) -> None:
        """Tells what can be read elsewhere; of flows with the same bytes a look keeps nothing in memory."""
        self._elsewhere = {one.raw: one.load for one in held if one.key.kind is Kind.FLOW}

    def spell(self, keys: Iterable[Key]) -> None:
        """
        Tells how Git spells names that this server lists differently; to be said before a look.

        Up to 1.x a space is listed as a plus. A listed `a+b.txt` then counts as `a b.txt`, unless Git has both names.
        What `apply` writes is learned by itself, so the names in the base are enough.
        """
        line, files = self._line, {key for key in keys if key.kind is Kind.FILE}
        for key in files:
            listed = stored_name(key.name, line)
            if listed != key.name and Key(Kind.FILE, key.namespace, listed) not in files:
                self._spelled.setdefault(key.namespace, {})[listed] = key.name

    def revisions(self, key: Key) -> tuple[Resource, ...]:
        """Older versions of an object, newest first, as far as the server keeps them."""
        if flaw(key, self._line) or key.kind is Kind.KV:
            return ()
        return self._flows.revisions(key) if key.kind is Kind.FLOW else self._files.revisions(key)

    def namespaces(self) -> tuple[str, ...]:
        """Every namespace that holds a flow or a key-value pair, as far as a server can list them."""
        return tuple(sorted({*self._flows.namespaces(), *self._pair_namespaces(Scope(everything=True))}))

    def flow_schema(self) -> bytes:
        """The JSON schema of a flow with all plugins of this server, several MB."""
        root = _CONFIGS.removesuffix("/configs") if self._line.instance_schemas else self._root
        try:
            return self._transport.get(root + path_of("plugins", "schemas", "FLOW"), "the flow schema").body
        except KestraRejected:
            return self._transport.get(root + path_of("plugins", "schemas", "flow"), "the flow schema").body

    def _ask(self) -> Server:
        document = self._transport.get(_CONFIGS, "the server's version").document()
        version = document.get("version")
        if not isinstance(version, str):
            raise KestraError(f"{self.address.url} answers, but not as Kestra does", NOT_KESTRA, url=self.address.url)
        edition = str(document.get("edition") or ("EE" if document.get("tenants") else "OSS"))
        plugins = str(document.get("pluginsHash") or "")
        return Server(version, edition, str(document.get("uuid") or ""), Dialect.of(version, edition), plugins)

    @cached_property
    def _line(self) -> Dialect:
        return self.about().line

    @cached_property
    def _root(self) -> str:
        tenant = (self.address.tenant,) if self._line.tenant_segment else ()
        return path_of("api", "v1", *tenant)

    @cached_property
    def _flows(self) -> Flows:
        return Flows(self._transport, self._root, self._line, self._readings)

    @cached_property
    def _files(self) -> Files:
        return Files(self._transport, self._root, self._line)

    @property
    def _cache_name(self) -> str:
        return f"{self.about().uuid or self.address.url} {self.address.tenant}"

    def _neighbours(self, key: Key) -> set[Key]:
        """What is known to be on the server, or was just written, that it would not keep apart from this."""
        name = content_name(key.name, self._line) if key.kind is Kind.FILE else f"{key.kind} {key.name}"
        return self._seen.setdefault((key.namespace, name), set())

    def _may_be_asked(self, scope: Scope) -> Callable[[Key], bool]:
        return lambda key: key.kind is not Kind.KV and scope.covers(key.namespace) and not flaw(key, self._line)

    def _store(self, kind: Kind) -> Store:
        stores: dict[Kind, Store] = {Kind.FLOW: self._flows, Kind.FILE: self._files}
        return stores[kind]

    def _pair_namespaces(self, scope: Scope) -> set[str]:
        """Namespaces that hold a key-value pair, where the server lists them all at once and this account may ask."""
        if not self._line.lists_keys or not (scope.everything or scope.children):
            return set()
        try:
            query = [("size", "10000")]
            pairs = self._transport.get(self._root + "/kv", "the key-value pairs", query).page()[0]
        except (KestraDenied, KestraMissing):
            return set()
        names = {str(pair.get("namespace")) for pair in pairs}
        return {name for name in names if NAMESPACE.fullmatch(name)}


def _merged(parts: Iterable[Snapshot]) -> Snapshot:
    resources: dict[Key, Resource] = {}
    unknown: dict[Key, Problem] = {}
    incomplete: dict[tuple[Kind, str], Problem] = {}
    problems: list[Problem] = []
    for part in parts:
        resources.update(part.resources)
        unknown.update(part.unknown)
        incomplete.update(part.incomplete)
        problems.extend(part.problems)
    return Snapshot(resources, unknown, incomplete, tuple(problems))
