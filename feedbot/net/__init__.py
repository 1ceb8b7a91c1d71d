"""The only sockets towards strangers: an egress guard and one polite client."""
