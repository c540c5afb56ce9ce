"""The flows, namespace files, Compose file and guides of this repository, checked and run as they are."""
