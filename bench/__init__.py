"""What a poll costs, as ratios of one run; `make bench`."""
