"""A publisher of a repository in Jurat's layout, who writes all metadata with python-tuf.

What it holds is plain data in the form of TUF's payloads, so that it can be copied: an attacker who has stolen every key is a
copy of the publisher that goes on from here.
"""

import copy
import datetime
import hashlib
import json

from tuf.api.dsse import Root, SimpleEnvelope, Snapshot, Targets, Timestamp

from keys import key

SPEC_VERSION = "1.0.34"
CLASSES = {"root": Root, "timestamp": Timestamp, "snapshot": Snapshot, "targets": Targets}
TOP_ROLES = ["root", "targets", "snapshot", "timestamp"]
DAY = datetime.timedelta(days=1)


def text_of(time):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def manifest(name, version, note):
    """The bytes of a release manifest."""
    config = f"rulesets: {{}} # {note}\n".encode()
    entry = {
        "path": "business-config.yaml",
        "sha256": hashlib.sha256(config).hexdigest(),
        "length": len(config),
        "kind": "business_config",
    }
    document = {
        "schema": "jurat.release/1",
        "name": name,
        "version": version,
        "world": "jurat:rule@0.1.0",
        "files": [entry],
        "components": [],
    }
    return json.dumps(document).encode()


class Edit:
    """What happens to the metadata of one role while it is written; everything that vouches for it fits the result."""

    def __init__(self, role, payload=None, envelope=None, keys=None):
        self.role, self.payload, self.envelope, self.keys = role, payload, envelope, keys


class Publisher:
    """The payloads, the keys, and `files`: all that was ever uploaded."""

    def __init__(self, rng, label, repository, now):
        self.rng, self.label, self.repository = rng, label, repository
        self.keys_made = 0
        # Whether root has given the online roles other keys: hosts then forget what they have seen of them.
        self.has_rotated_online_keys = False
        self.files = {}
        self.keys = {}
        self.payloads = {}
        self.tenants = []
        self.lives = {
            "root": rng.choice([30, 90, 365]) * DAY,
            "targets": rng.choice([20, 60, 180]) * DAY,
            "tenant": rng.choice([5, 30, 90]) * DAY,
            "snapshot": rng.choice([3, 7]) * DAY,
            "timestamp": rng.choice([1, 1, 3]) * DAY,
        }
        for role in TOP_ROLES:
            self.keys[role] = self.new_keys(3 if role in ("root", "targets") else 2)
        roles = {role: self.key_list(role) for role in TOP_ROLES}
        self.payloads["root"] = self.payload("root", consistent_snapshot=True, roles=roles)
        self.payloads["targets"] = self.payload("targets", targets={})
        self.payloads["snapshot"] = self.payload("snapshot", meta={})
        self.payloads["timestamp"] = self.payload("timestamp", meta={})
        for role in TOP_ROLES:
            self.payloads[role]["version"] = 0
            if rng.random() < 0.2:
                self.payloads[role]["x-note"] = {"by": "somebody", "list": [1, None, "ü"]}
        for tenant in rng.sample(["acme", "bolt", "cargo", "delta"], rng.randint(1, 3)):
            self.add_tenant(tenant)
        self.publish(now, ["root", "targets", *self.roles_of_tenants()])

    def copy(self):
        other = copy.copy(self)
        for name in ("files", "keys", "tenants"):
            setattr(other, name, copy.copy(getattr(self, name)))
        other.payloads = copy.deepcopy(self.payloads)
        return other

    # Keys.

    def new_keys(self, most):
        """Some new keys, and how many of them must sign."""
        count = self.rng.randint(1, most)
        keys = []
        for _ in range(count):
            self.keys_made += 1
            keys.append(key(f"{self.label}/{self.keys_made}"))
        return keys, self.rng.randint(1, count)

    def key_list(self, role):
        keys, threshold = self.keys[role]
        return {"keyids": [key.id for key in keys], "threshold": threshold}

    def rotate(self, role, now):
        """Gives a role other keys. Whoever vouches for the role is published by it, and the role anew."""
        old, _ = self.keys[role]
        kept = self.rng.sample(old, self.rng.randint(0, len(old) - 1)) if self.rng.random() < 0.5 else []
        fresh, _ = self.new_keys(3 if role in ("root", "targets") else 2)
        self.keys[role] = (kept + fresh, self.rng.randint(1, len(kept + fresh)))
        if role in TOP_ROLES:
            self.has_rotated_online_keys |= role in ("snapshot", "timestamp")
            self.payloads["root"]["roles"][role] = self.key_list(role)
            others = {"root": [], "targets": ["targets"]}
            self.publish(now, ["root", *others.get(role, [])], old_root_keys=old if role == "root" else [])
        else:
            self.delegate(role)
            self.publish(now, ["targets", role])

    # Tenants.

    def roles_of_tenants(self):
        return ["t-" + tenant for tenant in self.tenants]

    def add_tenant(self, tenant):
        role = "t-" + tenant
        if role not in self.payloads:
            self.payloads[role] = self.payload("targets", targets={})
            self.payloads[role]["version"] = 0
        self.keys[role] = self.new_keys(3)
        self.tenants.append(tenant)
        self.delegate(role)
        for _ in range(self.rng.randint(0, 2)):
            self.add_release(tenant)

    def delegate(self, role):
        delegations = self.payloads["targets"].setdefault("delegations", {"keys": {}, "roles": []})
        tenant = role.removeprefix("t-")
        entry = {
            "name": role,
            **self.key_list(role),
            "terminating": True,
            "paths": [f"t/{tenant}/*/*.json"],
        }
        others = [other for other in delegations["roles"] if other["name"] != role]
        delegations["roles"] = [*others, entry]
        self.list_keys(self.payloads["targets"])

    def remove_tenant(self, tenant):
        """Takes the delegation away. The role stays in snapshot, as nothing may vanish from there."""
        self.tenants.remove(tenant)
        delegations = self.payloads["targets"]["delegations"]
        delegations["roles"] = [role for role in delegations["roles"] if role["name"] != "t-" + tenant]
        self.list_keys(self.payloads["targets"])

    def add_release(self, tenant):
        name = self.rng.choice(["loan", "orders"])
        path = f"t/{tenant}/{self.rng.choice(['prod', 'test'])}/{name}.json"
        version = f"1.{self.rng.randint(0, 9)}.{self.rng.randint(0, 9)}"
        data = manifest(name, version, f"{self.label} {self.rng.random()}")
        digest = hashlib.sha256(data).hexdigest()
        custom = {"kind": "release", "version": version}
        if self.rng.random() < 0.2:
            custom["channel"] = ["x", {"deep": 1.5}]
        entry = {"length": len(data), "hashes": {"sha256": digest}, "custom": custom}
        self.payloads["t-" + tenant]["targets"][path] = entry
        self.files[self.location(path, digest)] = data

    @staticmethod
    def location(path, digest):
        directory, _, name = path.rpartition("/")
        return f"targets/{directory}/{digest}.{name}"

    def remove_release(self, tenant):
        payload = self.payloads["t-" + tenant]
        if payload["targets"]:
            path = self.rng.choice(sorted(payload["targets"]))
            digest = payload["targets"].pop(path)["hashes"]["sha256"]
            if self.rng.random() < 0.5:
                revoked = payload["x-jurat"].setdefault("revoked", [])
                revoked.append(digest)

    # Publishing.

    def payload(self, kind, **members):
        return {"_type": kind, "spec_version": SPEC_VERSION, "x-jurat": {"repo": self.repository}, **members}

    def list_keys(self, payload):
        """Says what the keys are that a root or targets names."""
        roles = payload["roles"].values() if payload["_type"] == "root" else payload["delegations"]["roles"]
        known = {key.id: key.entry for keys, _ in self.keys.values() for key in keys}
        entries = {id: copy.deepcopy(known[id]) for role in roles for id in role["keyids"] if id in known}
        (payload if payload["_type"] == "root" else payload["delegations"])["keys"] = entries

    def version(self, role):
        return self.payloads[role]["version"]

    def path(self, role):
        if role == "timestamp":
            return "metadata/timestamp.json"
        return f"metadata/{self.version(role)}.{role}.json"

    def publish(self, now, roles, edit=None, old_root_keys=()):
        """Writes the next version of these roles, and snapshot and timestamp, each with the digests of what it vouches for."""
        for role in ["root", "targets", *self.roles_of_tenants()]:
            if role in roles:
                self.write(now, role, edit, old_root_keys if role == "root" else ())
        if any(role not in ("root", "timestamp") for role in roles) or self.has_new_signers("snapshot"):
            self.write(now, "snapshot", edit)
        self.write(now, "timestamp", edit)

    def has_new_signers(self, role):
        return self.payloads[role].get("_signers") != [key.id for key in self.keys[role][0]]

    def write(self, now, role, edit, more_keys=()):
        payload = self.payloads[role]
        payload["version"] += 1
        life = self.lives["tenant" if role.startswith("t-") else role]
        payload["expires"] = text_of(now + life)
        if role == "root":
            self.list_keys(payload)
        keys, _ = self.keys[role]
        payload["_signers"] = [key.id for key in keys]
        keys = list(dict.fromkeys([*more_keys, *keys]))
        edit = edit if edit and edit.role == role else None
        data = self.seal(payload, keys, edit)
        self.files[self.path(role)] = data
        # Both are optional in TUF.
        entry = {"version": payload["version"]}
        if self.rng.random() < 0.9:
            entry |= {"length": len(data), "hashes": {"sha256": hashlib.sha256(data).hexdigest()}}
        if role == "snapshot":
            self.payloads["timestamp"]["meta"] = {"snapshot.json": entry}
        elif role == "targets" or role.startswith("t-"):
            self.payloads["snapshot"]["meta"][f"{role}.json"] = entry

    def seal(self, payload, keys, edit):
        """The envelope. An honest one is made by python-tuf alone."""
        payload = {name: value for name, value in payload.items() if name != "_signers"}
        if edit is None:
            signed = CLASSES[payload["_type"]].from_dict(copy.deepcopy(payload))
            envelope = SimpleEnvelope.from_signed(signed)
            for key in keys:
                envelope.sign(key.signer)
            return envelope.to_bytes()
        return edit_and_seal(payload, keys, edit)


def edit_and_seal(payload, keys, edit):
    from forgery import Forged

    payload = copy.deepcopy(payload)
    if edit.payload:
        changed = edit.payload(payload)
        payload = payload if changed is None else changed
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    if edit.keys:
        keys = edit.keys(keys)
    forged = Forged(data, keys)
    if edit.envelope:
        changed = edit.envelope(forged)
        if isinstance(changed, bytes):
            return changed
    return forged.to_bytes()
