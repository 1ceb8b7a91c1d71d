"""Publishing: entries become documents, documents become files and bytes to be served."""
