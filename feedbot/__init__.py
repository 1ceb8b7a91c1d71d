"""feedbot: article sources in, an Atom feed per category and Telegram messages out."""

__version__ = "0.1.0"
