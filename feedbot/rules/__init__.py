"""Decisions: values in, values out; no clock, no chance, no file, no network."""
