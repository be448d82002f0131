"""The parts that the watch looks at."""

from dataclasses import dataclass

from tidegate.app.standing import StandingParts
from tidegate.credentials import Credentials
from tidegate.credentials.service import Rotation
from tidegate.identity.assemble import Issuers
from tidegate.identity.distrust.service import KeyDistrust
from tidegate.settings import Settings
from tidegate.store import Store
from tidegate.tokens.ledger.service import Records
from tidegate.upstream.client import StreamClient


@dataclass(frozen=True, slots=True)
class Watched:
    """What is looked at.

    Attributes:
        settings: sound ones.
        client: to Stream.
        issuers: whose keys are looked at.
        distrust: refuses keys of theirs, at an operator's word.
        store: by which replicas share what was found.
        standing: what was revoked, and what Stream was told of it.
        rotation: of the credentials at Stream.
        records: the ledger.
        credentials: sign the canary's tokens.
    """

    settings: Settings
    client: StreamClient
    issuers: Issuers
    distrust: KeyDistrust
    store: Store
    standing: StandingParts
    rotation: Rotation
    records: Records
    credentials: Credentials
