"""How long `syncd` takes beside the bare calls that no client can avoid; run with `make bench`, not by pytest."""
