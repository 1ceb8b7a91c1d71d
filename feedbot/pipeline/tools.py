"""What the steps work with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from feedbot.net.client import Client
from feedbot.pipeline.reading import Readers
from feedbot.publish.site import Site
from feedbot.rules.filters import Rule
from feedbot.sources.pack import Packs
from feedbot.store import Store
from feedbot.telegram.photos import Photos
from feedbot.worker import Worker


@dataclass(slots=True)
class Hub:
    """The hub that our documents name. `client` reaches the operator's hub wherever it is; None: the hub is
    ours. `told` is what the store was told of our documents, so that it is not told again.
    """

    url: str
    client: Client | None = None
    told: dict[str, str] = field(default_factory=dict)
    changes: int = 0


@dataclass(frozen=True, slots=True)
class Tools:
    """The parts that are open. `authority` names the ids of new entries: the host of `base_url`; `rules` say
    which entries belong to a category by what they say.
    """

    store: Store
    client: Client
    worker: Worker
    packs: Packs
    authority: str
    photos: Photos
    site: Site
    rules: Mapping[str, Sequence[Rule]] = field(default_factory=dict)
    hub: Hub | None = None

    @property
    def readers(self) -> Readers:
        """What reading needs of it."""
        return Readers(self.client, self.worker, self.packs)
