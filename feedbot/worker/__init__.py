"""Runs a named pure function on bytes in a process that can be killed; knows no noun of feedbot."""

from feedbot.worker.pool import Answer, Worker, WorkerDied

__all__ = ["Answer", "Worker", "WorkerDied"]
