"""Telegram: what a message says, its picture, and sending it so that the outcome is known."""
