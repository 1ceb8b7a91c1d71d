"""A sample news site with the page structure of a government news service, its articles all invented.

It knows nothing of feedbot: what it shows is the truth that tests compare with.
"""

from feedbot.demo.site.server import Site

__all__ = ["Site"]
