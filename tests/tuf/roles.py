"""What a signer can get wrong in the payload of one role, by role and name. What stands there is signed by enough keys.

Each gets the payload, the random numbers and the publisher. An edit of keys that would make the signer's own signature useless
says by its name who signs.
"""

import hashlib

from keys import key

EDITS = {"root": {}, "timestamp": {}, "snapshot": {}, "targets": {}, "tenant": {}}
ZEROS = "0" * 64


def edit(*roles):
    def register(function):
        for role in roles:
            EDITS[role][function.__name__] = function
        return function

    return register


def delegated(payload, rng):
    """One of the places where a payload says who signs a role."""
    if payload["_type"] == "root":
        return payload["roles"][rng.choice(sorted(payload["roles"]))]
    return rng.choice(payload["delegations"]["roles"])


def key_entries(payload):
    return payload["keys"] if payload["_type"] == "root" else payload["delegations"]["keys"]


# Who may sign: root for the top roles, targets for the tenants.


@edit("root", "targets")
def threshold_zero(payload, rng, publisher):
    delegated(payload, rng)["threshold"] = 0


@edit("root", "targets")
def threshold_out_of_reach(payload, rng, publisher):
    delegated(payload, rng)["threshold"] = 9


@edit("root", "targets")
def threshold_text(payload, rng, publisher):
    delegated(payload, rng)["threshold"] = "1"


@edit("root", "targets")
def key_id_twice(payload, rng, publisher):
    role = delegated(payload, rng)
    role["keyids"] = [*role["keyids"], role["keyids"][0]]


@edit("root", "targets")
def key_id_without_key(payload, rng, publisher):
    delegated(payload, rng)["keyids"].append("a" * 64)


@edit("root", "targets")
def no_keys(payload, rng, publisher):
    delegated(payload, rng)["keyids"] = []


@edit("root", "targets")
def keys_missing(payload, rng, publisher):
    (payload if payload["_type"] == "root" else payload["delegations"])["keys"] = {}


@edit("root", "targets")
def key_under_other_name(payload, rng, publisher):
    """Names are names: whoever vouches for the key may give it any. Its signatures then go by the new name."""
    entries, renamed = key_entries(payload), rng.choice(sorted(key_entries(payload)))
    entries["somebody"] = entries.pop(renamed)
    roles = payload["roles"].values() if payload["_type"] == "root" else payload["delegations"]["roles"]
    for role in roles:
        role["keyids"] = ["somebody" if id == renamed else id for id in role["keyids"]]


@edit("root", "targets")
def spare_key_of_other_kind(payload, rng, publisher):
    """A kind that python-tuf knows and we do not; nobody signs with it."""
    value = {"keytype": "ecdsa", "scheme": "ecdsa-sha2-nistp256", "keyval": {"public": "-----BEGIN PUBLIC KEY-----"}}
    key_entries(payload)["b" * 64] = value
    delegated(payload, rng)["keyids"].append("b" * 64)


@edit("root", "targets")
def spare_key_of_unknown_kind(payload, rng, publisher):
    key_entries(payload)["b" * 64] = {"keytype": "future", "scheme": "future-1", "keyval": {"public": "00"}}
    delegated(payload, rng)["keyids"].append("b" * 64)


@edit("root", "targets")
def spare_key_short(payload, rng, publisher):
    key_entries(payload)["b" * 64] = {"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": "00" * 31}}
    delegated(payload, rng)["keyids"].append("b" * 64)


@edit("root", "targets")
def spare_key_weak(payload, rng, publisher):
    """The identity point: anybody can sign for it."""
    public = "01" + "00" * 31
    key_entries(payload)["b" * 64] = {"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": public}}
    delegated(payload, rng)["keyids"].append("b" * 64)


@edit("root", "targets")
def key_with_more_members(payload, rng, publisher):
    entry = rng.choice(list(key_entries(payload).values()))
    entry["x-person"] = "Ada"
    entry["keyval"]["x-slot"] = 1


@edit("root", "targets")
def role_with_more_members(payload, rng, publisher):
    delegated(payload, rng)["x-note"] = [1]


# Root.


@edit("root")
def without_consistent_snapshot(payload, rng, publisher):
    payload["consistent_snapshot"] = False


@edit("root")
def consistent_snapshot_missing(payload, rng, publisher):
    del payload["consistent_snapshot"]


@edit("root")
def role_missing(payload, rng, publisher):
    del payload["roles"][rng.choice(sorted(payload["roles"]))]


@edit("root")
def role_of_mirrors(payload, rng, publisher):
    payload["roles"]["mirrors"] = {"keyids": [], "threshold": 1}


@edit("root")
def one_key_for_all(payload, rng, publisher):
    """Not wise, but not against the specification."""
    entry = publisher.key_list("root")
    for role in ("targets", "snapshot", "timestamp"):
        payload["roles"][role] = {"keyids": [*payload["roles"][role]["keyids"], *entry["keyids"]], "threshold": 1}


# Timestamp.


@edit("timestamp")
def snapshot_version_up(payload, rng, publisher):
    payload["meta"]["snapshot.json"]["version"] += 1


@edit("timestamp")
def snapshot_version_down(payload, rng, publisher):
    payload["meta"]["snapshot.json"]["version"] -= 1


@edit("timestamp")
def snapshot_missing(payload, rng, publisher):
    payload["meta"] = {}


@edit("timestamp")
def more_files(payload, rng, publisher):
    payload["meta"]["x.json"] = {"version": 1}


@edit("timestamp")
def meta_missing(payload, rng, publisher):
    del payload["meta"]


# Timestamp and snapshot: what they say of files.


def vouched(payload, rng):
    return payload["meta"][rng.choice(sorted(payload["meta"]))]


@edit("timestamp", "snapshot")
def wrong_hash(payload, rng, publisher):
    vouched(payload, rng)["hashes"] = {"sha256": ZEROS}


@edit("timestamp", "snapshot")
def wrong_length(payload, rng, publisher):
    entry = vouched(payload, rng)
    entry["length"] = entry.get("length", 2000) + rng.choice([-1, 1, 100000])


@edit("timestamp", "snapshot")
def length_negative(payload, rng, publisher):
    vouched(payload, rng)["length"] = -1


@edit("timestamp", "snapshot")
def only_version(payload, rng, publisher):
    entry = vouched(payload, rng)
    entry.pop("hashes", None)
    entry.pop("length", None)


@edit("timestamp", "snapshot")
def no_hashes(payload, rng, publisher):
    vouched(payload, rng)["hashes"] = {}


@edit("timestamp", "snapshot")
def hash_unknown(payload, rng, publisher):
    entry = vouched(payload, rng)
    entry["hashes"] = entry.get("hashes", {}) | {"md6": ZEROS}


@edit("timestamp", "snapshot")
def second_hash_wrong(payload, rng, publisher):
    entry = vouched(payload, rng)
    entry["hashes"] = entry.get("hashes", {}) | {"sha512": ZEROS * 2}


@edit("timestamp", "snapshot")
def second_hash_right(payload, rng, publisher):
    role = rng.choice(sorted(name.removesuffix(".json") for name in payload["meta"]))
    entry = payload["meta"][role + ".json"]
    data = publisher.files[f"metadata/{entry['version']}.{role}.json"]
    entry["hashes"] = entry.get("hashes", {}) | {"sha512": hashlib.sha512(data).hexdigest()}


@edit("timestamp", "snapshot")
def hash_in_upper_case(payload, rng, publisher):
    entry = vouched(payload, rng)
    if "hashes" in entry:
        entry["hashes"] = {"sha256": entry["hashes"]["sha256"].upper()}


@edit("timestamp", "snapshot")
def version_missing(payload, rng, publisher):
    del vouched(payload, rng)["version"]


@edit("timestamp", "snapshot")
def file_with_more_members(payload, rng, publisher):
    vouched(payload, rng)["x-note"] = 1


# Snapshot.


@edit("snapshot")
def role_vanishes(payload, rng, publisher):
    del payload["meta"][rng.choice(sorted(payload["meta"]))]


@edit("snapshot")
def role_version_down(payload, rng, publisher):
    """The earlier file is still there, and everything fits it."""
    name = rng.choice(sorted(payload["meta"]))
    entry = payload["meta"][name]
    if entry["version"] > 1:
        entry["version"] -= 1
        data = publisher.files[f"metadata/{entry['version']}.{name}"]
        entry |= {"length": len(data), "hashes": {"sha256": hashlib.sha256(data).hexdigest()}}


@edit("snapshot")
def role_version_up(payload, rng, publisher):
    vouched(payload, rng)["version"] += 1


@edit("snapshot")
def role_of_nobody(payload, rng, publisher):
    payload["meta"]["t-nobody.json"] = {"version": 3}


@edit("snapshot")
def role_with_odd_name(payload, rng, publisher):
    payload["meta"]["t nobody/x.json"] = {"version": 3}


@edit("snapshot")
def root_is_listed(payload, rng, publisher):
    payload["meta"]["root.json"] = {"version": publisher.version("root")}


# Targets: the delegations.


@edit("targets")
def delegation_vanishes(payload, rng, publisher):
    roles = payload["delegations"]["roles"]
    roles.remove(rng.choice(roles))


@edit("targets")
def no_delegations(payload, rng, publisher):
    del payload["delegations"]


@edit("targets")
def delegation_twice(payload, rng, publisher):
    payload["delegations"]["roles"].append(dict(payload["delegations"]["roles"][0]))


@edit("targets")
def delegation_to_top_role(payload, rng, publisher):
    payload["delegations"]["roles"].append(dict(payload["delegations"]["roles"][0]) | {"name": "snapshot"})


@edit("targets")
def delegation_goes_on(payload, rng, publisher):
    delegated(payload, rng)["terminating"] = False


@edit("targets")
def delegation_by_hash(payload, rng, publisher):
    role = delegated(payload, rng)
    del role["paths"]
    role["path_hash_prefixes"] = [f"{digit:x}" for digit in range(16)]


@edit("targets")
def delegation_without_paths(payload, rng, publisher):
    del delegated(payload, rng)["paths"]


@edit("targets")
def delegation_of_nothing(payload, rng, publisher):
    delegated(payload, rng)["paths"] = []


@edit("targets")
def delegation_of_everything(payload, rng, publisher):
    delegated(payload, rng)["paths"] = ["*/*/*/*"]


@edit("targets")
def delegation_narrower(payload, rng, publisher):
    role = delegated(payload, rng)
    tenant = role["name"].removeprefix("t-")
    role["paths"] = rng.choice([[f"t/{tenant}/prod/*.json"], [f"t/{tenant}/*/l*n.json"], [f"t/{tenant}/????/loan.json"]])


@edit("targets")
def delegation_with_set(payload, rng, publisher):
    """What python-tuf takes for a set of characters; the specification has `*` and `?` only."""
    role = delegated(payload, rng)
    role["paths"] = [f"t/{role['name'].removeprefix('t-')}/[pt]*/*.json"]


@edit("targets")
def delegation_of_directories(payload, rng, publisher):
    """A star does not stand for a slash."""
    delegated(payload, rng)["paths"] = ["t/*"]


@edit("targets")
def delegations_swap_paths(payload, rng, publisher):
    roles = payload["delegations"]["roles"]
    paths = [role["paths"] for role in roles]
    for role, other in zip(roles, paths[1:] + paths[:1]):
        role["paths"] = other


@edit("targets")
def delegations_share_keys(payload, rng, publisher):
    roles = payload["delegations"]["roles"]
    for role in roles:
        role["keyids"], role["threshold"] = roles[0]["keyids"], roles[0]["threshold"]


@edit("targets")
def delegations_without_keys(payload, rng, publisher):
    del payload["delegations"]["keys"]


# Targets and tenants: the files.


@edit("targets", "tenant")
def targets_missing(payload, rng, publisher):
    del payload["targets"]


@edit("targets", "tenant")
def targets_a_list(payload, rng, publisher):
    payload["targets"] = []


@edit("targets", "tenant")
def release_of_everybody(payload, rng, publisher):
    """Lists what other tenants have: a role speaks for its own paths only, except for the top one."""
    for role in publisher.roles_of_tenants():
        for path, entry in list(publisher.payloads[role]["targets"].items())[:2]:
            payload["targets"][path] = dict(entry) | {"hashes": {"sha256": ZEROS}}


@edit("tenant")
def release_outside(payload, rng, publisher):
    entry = {"length": 3, "hashes": {"sha256": ZEROS}, "custom": {"kind": "release"}}
    payload["targets"]["loan.json"] = entry
    payload["targets"]["t/nobody/prod/loan.json"] = entry


def listed(payload, rng):
    return payload["targets"][rng.choice(sorted(payload["targets"]))] if payload["targets"] else {"hashes": {}}


@edit("tenant")
def release_with_wrong_hash(payload, rng, publisher):
    listed(payload, rng)["hashes"] = {"sha256": ZEROS}


@edit("tenant")
def release_with_wrong_length(payload, rng, publisher):
    entry = listed(payload, rng)
    entry["length"] = entry.get("length", 9) + rng.choice([-1, 1])


@edit("tenant")
def release_without_hashes(payload, rng, publisher):
    listed(payload, rng)["hashes"] = {}


@edit("tenant")
def release_with_second_hash(payload, rng, publisher):
    listed(payload, rng)["hashes"] |= {"sha512": ZEROS * 2}


@edit("tenant")
def release_without_custom(payload, rng, publisher):
    listed(payload, rng).pop("custom", None)


@edit("tenant")
def release_of_other_version(payload, rng, publisher):
    listed(payload, rng)["custom"] = {"kind": "release", "version": "9.9.9"}


@edit("tenant")
def release_with_more_members(payload, rng, publisher):
    listed(payload, rng)["x-note"] = 1


@edit("tenant")
def path_upwards(payload, rng, publisher):
    payload["targets"]["../../etc/passwd"] = {"length": 3, "hashes": {"sha256": ZEROS}}


@edit("tenant")
def path_of_other_kind(payload, rng, publisher):
    payload["targets"]["t/Some Thing/é/x.bin"] = {"length": 3, "hashes": {"sha256": ZEROS}}


@edit("tenant")
def revoked_is_no_list(payload, rng, publisher):
    payload["x-jurat"]["revoked"] = ZEROS


@edit("tenant")
def revoked_listed_release(payload, rng, publisher):
    revoked = payload["x-jurat"].setdefault("revoked", [])
    revoked.extend(entry["hashes"]["sha256"] for entry in payload["targets"].values() if entry["hashes"])


@edit("tenant")
def revocations_forgotten(payload, rng, publisher):
    payload["x-jurat"].pop("revoked", None)


# Who signs. These change the list of keys instead of the payload.

SIGNERS = {}


def signers(function):
    SIGNERS[function.__name__] = function
    return function


@signers
def one_below_threshold(keys, threshold, rng):
    return rng.sample(keys, threshold - 1)


@signers
def just_the_threshold(keys, threshold, rng):
    return rng.sample(keys, threshold)


@signers
def one_key_thrice(keys, threshold, rng):
    return [keys[0]] * 3


@signers
def strangers_for_all(keys, threshold, rng):
    return [key(f"stranger {number}") for number in range(len(keys))]
