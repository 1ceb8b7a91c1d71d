"""The bot's token: from the environment or from a file, never from config.toml."""

import os
import re
import stat
from pathlib import Path

from feedbot.config.sections import Config, reason
from feedbot.errors import ConfigError

_MOST_BYTES = 4096


def read_token(config: Config) -> tuple[str | None, str | None]:
    """The bot token and a warning about its file; (None, None) where no token is configured.

    The order: FEEDBOT_TELEGRAM__TOKEN, `token_file`, the systemd credential `telegram_token`.
    Raises ConfigError for a file that cannot be read or holds no token.
    """
    told = config.telegram.token.get_secret_value().strip() if config.telegram.token else ""
    if told:  # an empty variable is how a container says that there is none
        return _check_token(told, "FEEDBOT_TELEGRAM__TOKEN"), None
    credential = _credential()
    path = config.telegram.token_file or credential
    if path is None:
        return None, None
    try:
        with path.open("rb") as file:  # of a device or a wrong file no more than a token is read
            text, mode = file.read(_MOST_BYTES).decode(), path.stat().st_mode
    except (OSError, ValueError) as error:
        raise ConfigError(f"telegram.token_file: {path}: cannot be read: {reason(error)}") from error
    open_to_others = path != credential and mode & (stat.S_IRGRP | stat.S_IROTH)
    warning = f"telegram.token_file: {path} can be read by others; chmod 600 would be right"
    return _check_token(text, f"telegram.token_file: {path}"), warning if open_to_others else None


def _credential() -> Path | None:
    """The file systemd hands over (systemd.exec(5), LoadCredential=), if there is one."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    path = Path(folder) / "telegram_token" if folder else None
    return path if path and path.exists() else None


def _check_token(text: str, where: str) -> str:
    token = text.strip()
    if not re.fullmatch(r"\d+:[\w-]{3,}", token, re.ASCII):
        raise ConfigError(f"{where}: no bot token in it; BotFather's look like 123456789:AA…")
    return token
