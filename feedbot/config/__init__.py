"""config.toml and environment become one frozen Config, checked once."""

from feedbot.config.bot_token import read_token
from feedbot.config.loading import load
from feedbot.config.sections import Config
from feedbot.config.values import (
    SLUG,
    check_web_address,
    parse_chat,
    parse_duration,
    parse_interval,
    parse_network,
    split_listen,
)

__all__ = [
    "SLUG",
    "Config",
    "check_web_address",
    "load",
    "parse_chat",
    "parse_duration",
    "parse_interval",
    "parse_network",
    "read_token",
    "split_listen",
]
