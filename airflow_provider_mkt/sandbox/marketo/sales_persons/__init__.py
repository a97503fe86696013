"""Sales persons."""
