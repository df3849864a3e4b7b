"""The hub that an operator names, put together: to be imported only where there is one."""

from feedmirror.adapters.networks import Network
from feedmirror.adapters.websub import WebSubHub
from feedmirror.configuration import MirrorSettings
from feedmirror.jobs.tell_hub import TellHub
from feedmirror.version import user_agent


def hub_of(mirror: MirrorSettings, hub: str, *, allowed_networks: tuple[Network, ...]) -> TellHub:
    """Return what tells a mirror's hub."""
    agent = user_agent(mirror.site, mirror.contact)
    known = WebSubHub(address=hub, user_agent=agent, allowed_networks=allowed_networks)
    return TellHub(known, mirror.site)
