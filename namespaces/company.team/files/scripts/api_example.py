"""Read how many stars a GitHub repository has and hand the number to Kestra as the output `gh_stars`.

GITHUB_API_URL and GITHUB_REPOSITORY choose another server or repository.
"""

import json
import os

import requests

API_URL = os.environ.get("GITHUB_API_URL", "https://api.github.com").rstrip("/")
REPOSITORY = os.environ.get("GITHUB_REPOSITORY", "kestra-io/kestra")


def stars(repository: str) -> int:
    """Number of GitHub users who starred `repository` (owner/name)."""
    response = requests.get(f"{API_URL}/repos/{repository}", timeout=30)
    response.raise_for_status()
    return int(response.json()["stargazers_count"])


def outputs(**values: int) -> None:
    """Kestra reads outputs from lines of this form. (Its `kestra` package prints the same, but brings NumPy along.)"""
    print(f"::{json.dumps({'outputs': values}, separators=(',', ':'))}::")


if __name__ == "__main__":
    outputs(gh_stars=stars(REPOSITORY))
