"""The web: pages, feeds, health and metrics over HTTP."""
