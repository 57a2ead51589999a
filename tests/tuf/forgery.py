"""What can be wrong with an envelope, by name. Each changes a `Forged` or gives the bytes to be served.

`fits` says whether everything that vouches for the file is made to fit the result: then nothing but the envelope's own checks
can find it.
"""

import base64
import json

from keys import PAYLOAD_TYPE, key

EDITS = {}


def edit(function):
    EDITS[function.__name__] = function
    return function


class Forged:
    """An envelope in the making, with signatures that hold."""

    def __init__(self, payload, keys):
        self.payload, self.keys = payload, keys
        self.type = PAYLOAD_TYPE
        self.signatures = []
        self.sign()

    def sign(self):
        signatures = [(key.id, key.sign(self.payload, self.type)) for key in self.keys]
        self.signatures = [{"keyid": id, "sig": base64.b64encode(sig).decode()} for id, sig in signatures]

    def document(self):
        payload = base64.b64encode(self.payload).decode()
        return {"payload": payload, "payloadType": self.type, "signatures": self.signatures}

    def to_bytes(self):
        return json.dumps(self.document()).encode()

    @classmethod
    def read(cls, data):
        """From an honest envelope."""
        document = json.loads(data)
        forged = cls(base64.b64decode(document["payload"]), [])
        forged.signatures = document["signatures"]
        return forged

    def with_payload_text(self, text):
        return json.dumps(self.document() | {"payload": text}).encode()


def flipped(data, bit):
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def change_signature(forged, change):
    chosen = forged.rng.choice(forged.signatures)
    chosen["sig"] = base64.b64encode(change(base64.b64decode(chosen["sig"]))).decode()


# Signatures.


@edit
def drop_signature(forged):
    forged.signatures.pop(forged.rng.randrange(len(forged.signatures)))


@edit
def drop_all_signatures(forged):
    forged.signatures.clear()


@edit
def repeat_signature(forged):
    forged.signatures.append(dict(forged.rng.choice(forged.signatures)))


@edit
def alter_signature(forged):
    change_signature(forged, lambda sig: flipped(sig, forged.rng.randrange(512)))


@edit
def short_signature(forged):
    change_signature(forged, lambda sig: sig[:-1])


@edit
def long_signature(forged):
    change_signature(forged, lambda sig: sig + b"\0")


@edit
def empty_signature(forged):
    change_signature(forged, lambda sig: b"")


@edit
def signature_not_base64(forged):
    forged.rng.choice(forged.signatures)["sig"] = "!!!"


@edit
def signature_of_other_type(forged):
    forged.rng.choice(forged.signatures)["sig"] = 7


@edit
def signature_in_url_alphabet(forged):
    for entry in forged.signatures:
        entry["sig"] = entry["sig"].replace("+", "-").replace("/", "_")


@edit
def signature_without_key_id(forged):
    del forged.rng.choice(forged.signatures)["keyid"]


@edit
def signature_with_more_members(forged):
    forged.rng.choice(forged.signatures)["x-hsm"] = {"slot": 1}


@edit
def stranger_signs_too(forged):
    forged.keys = [*forged.keys, key("stranger")]
    forged.sign()


@edit
def stranger_signs_alone(forged):
    forged.keys = [key("stranger"), key("other stranger")]
    forged.sign()


@edit
def stranger_under_known_id(forged):
    chosen = forged.rng.choice(forged.signatures)
    chosen["sig"] = base64.b64encode(key("stranger").sign(forged.payload)).decode()


@edit
def signature_under_other_id(forged):
    forged.rng.choice(forged.signatures)["keyid"] = "0" * 64


@edit
def empty_signature_first(forged):
    """By somebody who is unknown, so that it takes nothing away."""
    forged.signatures.insert(0, {"keyid": key("stranger").id, "sig": ""})


# The payload and its type.


@edit
def payload_type_swapped(forged):
    forged.type = "application/vnd.in-toto+json"


@edit
def payload_type_signed(forged):
    forged.type = "application/json"
    forged.sign()


@edit
def payload_bit(forged):
    forged.payload = flipped(forged.payload, forged.rng.randrange(8 * len(forged.payload)))


@edit
def payload_with_space(forged):
    forged.payload += b" "


@edit
def payload_in_url_alphabet(forged):
    return forged.with_payload_text(base64.urlsafe_b64encode(forged.payload).decode())


@edit
def payload_in_mixed_alphabets(forged):
    # Spaces at the end do not change what JSON says, and bring both alphabets in.
    forged.payload += b"\n" * (-len(forged.payload) % 3)
    forged.sign()
    text = base64.b64encode(forged.payload).decode()
    if text.count("/") < 2:
        return forged.with_payload_text(text.replace("A", "-", 1))
    return forged.with_payload_text(text.replace("/", "_", 1))


@edit
def payload_with_line_break(forged):
    text = base64.b64encode(forged.payload).decode()
    return forged.with_payload_text(text[:64] + "\n" + text[64:])


@edit
def payload_without_padding(forged):
    return forged.with_payload_text(base64.b64encode(forged.payload).decode().rstrip("="))


@edit
def payload_with_loose_bits(forged):
    """A second spelling of the same bytes: the bits after the last byte are not zero."""
    forged.payload += b"\n" * (-(len(forged.payload) + 1) % 3)
    forged.sign()
    text = base64.b64encode(forged.payload).decode()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    at = len(text.rstrip("=")) - 1
    loose = alphabet[alphabet.index(text[at]) | 1]
    return forged.with_payload_text(text[:at] + loose + text[at + 1 :])


@edit
def payload_missing(forged):
    document = forged.document()
    del document["payload"]
    return json.dumps(document).encode()


@edit
def payload_empty(forged):
    forged.payload = b""
    forged.sign()


# The document around them.


@edit
def envelope_with_more_members(forged):
    return json.dumps(forged.document() | {"x-mirror": "eu"}).encode()


@edit
def envelope_member_twice(forged):
    data = forged.to_bytes()
    return b'{"payloadType": "text/plain", ' + data[1:]


@edit
def envelope_signatures_no_list(forged):
    return json.dumps(forged.document() | {"signatures": {}}).encode()


@edit
def envelope_without_signatures(forged):
    document = forged.document()
    del document["signatures"]
    return json.dumps(document).encode()


@edit
def envelope_is_list(forged):
    return b"[" + forged.to_bytes() + b"]"


@edit
def envelope_is_classic(forged):
    """The form that TUF had before DSSE, signatures over canonical JSON."""
    return json.dumps({"signatures": forged.signatures, "signed": json.loads(forged.payload)}).encode()


@edit
def envelope_with_bom(forged):
    return b"\xef\xbb\xbf" + forged.to_bytes()


@edit
def envelope_with_space(forged):
    return b" " + forged.to_bytes() + b"\n\n"


@edit
def envelope_with_more_after(forged):
    return forged.to_bytes() + b"{}"


@edit
def envelope_pretty(forged):
    return json.dumps(forged.document(), indent=3).encode()


@edit
def envelope_with_nan(forged):
    return forged.to_bytes()[:-1] + b', "x": NaN}'


@edit
def envelope_bare_payload(forged):
    return forged.payload
