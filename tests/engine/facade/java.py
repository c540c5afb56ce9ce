"""The door to Java: starts the one JVM of this process and hands out its classes. Kestra's names are elsewhere."""

from functools import cache
from pathlib import Path
from typing import Any

import jpype

JavaError = jpype.JException

_OPTIONS = (
    "-Xmx768m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xrs",  # signals belong to Python
    "-Duser.timezone=UTC",
    "-Dfile.encoding=UTF-8",
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
)


def start_jvm(libraries: Path, jdk: Path, **properties: Path) -> None:
    """Starts Java from `jdk` with every jar in `libraries`; dots in property names are written as `__`."""
    jpype.startJVM(
        *_OPTIONS,
        *(f"-D{name.replace('__', '.')}={value}" for name, value in properties.items()),
        jvmpath=str(jdk / "lib/server/libjvm.so"),
        classpath=[str(jar) for jar in sorted(libraries.glob("*.jar"))],
        convertStrings=False,
    )


@cache
def java(name: str) -> Any:
    """The Java class of that full name, nested classes after a `$`."""
    return jpype.JClass(name)


def java_list(values: list[Any]) -> Any:
    """A `java.util.List` of the values."""
    result = java("java.util.ArrayList")()
    for value in values:
        result.add(value)
    return result


def java_bytes(data: bytes) -> Any:
    """An input stream over the bytes."""
    return java("java.io.ByteArrayInputStream")(data)


def java_null(class_name: str) -> Any:
    """A null of that type, for methods of one name that take different types."""
    return jpype.JObject(None, java(class_name))


def java_runnable(action: Any) -> Any:
    """A `java.lang.Runnable` that calls the Python function."""
    return jpype.JProxy("java.lang.Runnable", dict={"run": action})


def optional(value: Any) -> Any:
    """A `java.util.Optional` that is empty for None."""
    return java("java.util.Optional").ofNullable(value)


def causes(error: Any) -> list[Any]:
    """The exception and what caused it, outermost first."""
    chain: list[Any] = []
    while error is not None and error not in chain:
        chain.append(error)
        error = error.getCause()
    return chain
