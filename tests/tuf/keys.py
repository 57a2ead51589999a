"""Keys that are the same in every run: their seed is the digest of their name."""

import functools
import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner, SSlibKey

PAYLOAD_TYPE = "application/vnd.tuf+json"


def pre_authentication_encoding(payload_type, payload):
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


class Key:
    """One person's key."""

    def __init__(self, name):
        self.name = name
        self.private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())
        public = SSlibKey.from_crypto(self.private.public_key())
        self.id = public.keyid
        self.entry = public.to_dict()
        self.signer = CryptoSigner(self.private, public)

    def sign(self, payload, payload_type=PAYLOAD_TYPE):
        return self.private.sign(pre_authentication_encoding(payload_type, payload))


@functools.lru_cache(maxsize=4096)
def key(name):
    return Key(name)
