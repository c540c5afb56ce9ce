"""The running engine: its Micronaut context and the beans that the routes ask. No routes here."""

import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .java import java, java_list

TENANT = "main"
_CORE = "io.kestra.core."


@dataclass(frozen=True)
class Engine:
    """Kestra's services; `line` is 1 for 1.3 and 2 for 2.0."""

    context: Any
    version: str
    instance: str = field(default_factory=lambda: uuid.uuid4().hex[:22])

    @property
    def line(self) -> int:
        return int(self.version.partition(".")[0])

    def bean(self, name: str) -> Any:
        """The singleton of that class below `io.kestra.core`."""
        return self.context.getBean(java(_CORE + name))

    @property
    def flows(self) -> Any:
        return self.bean("repositories.FlowRepositoryInterface")

    @property
    def flow_service(self) -> Any:
        return self.bean("services.FlowService")

    def files(self, namespace: str) -> Any:
        """The file store of a namespace."""
        storage = self.bean("storages.StorageInterface")
        return self.bean("storages.NamespaceFactory").of(TENANT, namespace, storage)

    def key_values(self, namespace: str) -> Any:
        """The key-value store of a namespace."""
        return self.bean("services.KVStoreService").get(TENANT, namespace, namespace)

    def json(self, value: Any) -> bytes:
        """The value as the server's own mapper writes it."""
        mapper = self.context.getBean(java("com.fasterxml.jackson.databind.ObjectMapper"))
        return str(mapper.writeValueAsString(value)).encode()

    def read_json(self, text: str, class_name: str) -> Any:
        """The text read by the server's own mapper."""
        mapper = self.context.getBean(java("com.fasterxml.jackson.databind.ObjectMapper"))
        return mapper.readValue(text, java(class_name))

    def page_json(self, results: list[Any], total: int) -> bytes:
        """A page of a search as the API wraps it."""
        return b'{"results":%s,"total":%d}' % (self.json(java_list(results)), total)


def boot(directory: Path, grpc_port: int) -> Engine:
    """Starts the Micronaut context with an empty database in memory and an empty file store in the folder."""
    settings = {"facade.directory": str(directory), "facade.grpc-port": str(grpc_port)}
    builder = java("io.micronaut.context.ApplicationContext").builder()
    context = builder.deduceEnvironment(False).eagerInitSingletons(False).properties(settings).start()
    version = str(context.getBean(java(_CORE + "utils.VersionProvider")).getVersion())
    return Engine(context, version)
