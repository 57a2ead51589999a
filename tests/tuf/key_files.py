"""What pyca/cryptography makes of a key file of ours, and a key file that it writes.

    key_files.py < JSON

In: `encrypted` (PEM), `passphrase`, and `message` (text). Out: `public` (hex) and `signature` (hex), by the key of the file, and
`encrypted`: the same key, written by pyca/cryptography under the same passphrase.
"""

import json
import sys

from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)


def main():
    given = json.load(sys.stdin)
    passphrase = given["passphrase"].encode()
    key = load_pem_private_key(given["encrypted"].encode(), passphrase)
    written = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase))
    answer = {
        "public": key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex(),
        "signature": key.sign(given["message"].encode()).hex(),
        "encrypted": written.decode(),
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
