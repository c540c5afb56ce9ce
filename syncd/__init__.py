"""Keeps Kestra flows and namespace files in step with a Git repository; `docs/architecture.md` maps this package."""

__version__ = "0.1.0"
