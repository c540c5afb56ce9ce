"""Kestra's own engines as test servers. Tests of `syncd` against them live here; the sandbox's own tests do not."""
