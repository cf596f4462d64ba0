"""One package per kind of system; they never import each other."""
