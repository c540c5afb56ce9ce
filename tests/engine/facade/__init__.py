"""Kestra's published Java libraries behind the routes of its server: answers are made here, what a flow means there."""
