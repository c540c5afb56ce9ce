"""Routes of the key-value pairs of a namespace. Expiry and history are the engine's own."""

import json
from typing import Any

from .call import JSON, Answer, Call
from .engine import TENANT, Engine
from .errors import NOT_FOUND, Refusal
from .filters import key_value_filters, page
from .flows import json_answer
from .java import java, java_list, java_null

_TYPES = "io.kestra.core.models.kv.KVType"
_ENTRY = "io.kestra.core.storages.kv.KVEntry"


def get_value(engine: Engine, call: Call) -> Answer:
    """The value with its type and revision."""
    namespace, key = call.params["namespace"], call.params["key"]
    store = engine.key_values(namespace)
    found = store.getValue(key)
    if not found.isPresent():
        raise Refusal(NOT_FOUND, f"No value found for key '{key}' in namespace '{namespace}'")
    return Answer(body=_value_json(engine, found.get().value(), store.get(key).get()), content_type=JSON)


def put_value(engine: Engine, call: Call) -> Answer:
    """Stores the body, an Ion literal; lifetime and description come as headers."""
    text = call.text
    value = java("io.kestra.core.serializers.JacksonMapper").ofIon().readValue(text, java("java.lang.Object"))
    lifetime = call.headers.get("ttl")
    duration = java("java.time.Duration").parse(lifetime) if lifetime else java_null("java.time.Duration")
    metadata = java("io.kestra.core.storages.kv.KVMetadata")(call.headers.get("description"), duration)
    pair = java("io.kestra.core.storages.kv.KVValueAndMetadata")(metadata, value)
    engine.key_values(call.params["namespace"]).put(call.params["key"], pair)
    return Answer()


def delete_value(engine: Engine, call: Call) -> Answer:
    """Was there a pair to delete?"""
    deleted = bool(engine.key_values(call.params["namespace"]).delete(call.params["key"]))
    return Answer(body=json.dumps(deleted).encode(), content_type=JSON)


def delete_values(engine: Engine, call: Call) -> Answer:
    """Deletes the keys of the list."""
    keys = json.loads(call.body)["keys"]
    deleted = [key for key in keys if engine.key_values(call.params["namespace"]).delete(key)]
    return Answer(body=json.dumps({"keys": deleted}).encode(), content_type=JSON)


def list_namespace(engine: Engine, call: Call) -> Answer:
    """The keys of a namespace, without values."""
    return json_answer(engine, _entries(engine, call.params["namespace"]))


def list_tenant(engine: Engine, call: Call) -> Answer:
    """A page of the keys that pass the filters, of all namespaces, without values."""
    repository = engine.bean("repositories.KvMetadataRepositoryInterface")
    wanted = page(engine, call, "listKeys")
    found = repository.find(wanted, TENANT, key_value_filters(call), False, False)
    entries = [java(_ENTRY).from_(item) for item in found]
    entries.sort(key=lambda entry: (str(entry.namespace()), str(entry.key())))
    return Answer(body=engine.page_json(entries, int(found.getTotal())), content_type=JSON)


def list_inherited(_engine: Engine, _call: Call) -> Answer:
    """Keys of the parents: none in the open-source edition, where a namespace sees only its own."""
    return Answer(body=b"[]", content_type=JSON)


def _entries(engine: Engine, namespace: str) -> Any:
    return java_list(sorted(engine.key_values(namespace).list(), key=lambda entry: str(entry.key())))


def _value_json(engine: Engine, value: Any, entry: Any) -> bytes:
    fields = java("java.util.LinkedHashMap")()
    revision = entry.version() if engine.line == 1 else entry.revision()
    fields.put("type", java(_TYPES).from_(value))
    fields.put("value", value)
    fields.put("revision", revision)
    fields.put("updated", entry.updateDate())
    return engine.json(fields)
