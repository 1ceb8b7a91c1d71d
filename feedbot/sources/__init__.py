"""Reading: bytes of strangers become ParsedFeed and ParsedEntry; pure, run in the worker."""
