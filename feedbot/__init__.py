"""feedbot: article sources in, Atom feeds and Telegram messages out."""
