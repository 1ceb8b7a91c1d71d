"""Conversations with people: commands in private chats."""
