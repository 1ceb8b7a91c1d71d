"""Alembic's entry: migrate the connection that feedbot hands over, inside its transaction."""

from alembic import context

from feedbot.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
