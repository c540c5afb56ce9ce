"""The command line, one file a command: parse, wire, call one function, print, exit code. No decision is made here."""
