"""Promotes from one instance to another with the same namespace names: a push of what the first one agreed to."""

from __future__ import annotations

import sys
from dataclasses import replace

from syncd.cli.console import progress
from syncd.cli.options import Options
from syncd.cli.verb import show
from syncd.cli.world import choose, find, opened
from syncd.errors import ConfigError
from syncd.plan import Direction
from syncd.render.views import view_of_run
from syncd.state import BaseRef, Deployment
from syncd.state.shared import PREFIX, Shared
from syncd.stop import stopping
from syncd.sync import run


def promote(source: str, target: str, options: Options) -> None:
    """
    Brings exactly what Git and the source environment agreed on to the target environment, as a push.

    Args:
        source: The environment whose base is taken.
        target: The environment that is written.
        options: The shared options.
    """
    if source == target:
        raise ConfigError(f"{source} cannot be promoted to itself", "name two environments, such as dev prod")
    deployment = _newest(replace(options, env=source))
    with opened(replace(options, env=target), writes=True, deployment=deployment) as environment:
        with progress(f"{source} to {target}") as advance, stopping() as stop:
            report = run(environment.world(advance, stop), environment.request(Direction.PUSH))
        heading = replace(environment.heading, source=f"{source} as agreed")
        view = view_of_run(heading, [report])
        show(view, options)
    if view.exit:
        sys.exit(view.exit)


def _newest(options: Options) -> Deployment:
    """What the environment holds as agreed, brought up to date where it is shared."""
    repository, config = find(options)
    target = choose(config, options)
    share = target.environment.share
    Shared(repository, f"{PREFIX}{target.name}", share).catch_up()
    for deployment in BaseRef(repository, config.settings.layout.layout, target.name, remote=share).history(1):
        return deployment
    raise ConfigError(
        f"nothing was agreed on yet with {target.name}, so there is nothing to promote",
        f"run 'syncd push --env {target.name}' first" + ("" if share else ", or share its base: 'share: origin'"),
    )
