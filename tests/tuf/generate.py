"""Random repositories, what goes wrong with them, and what python-tuf makes of it.

    generate.py SEED COUNT

Prints one history a line: those of SEED, SEED + 1 and so on. Each is a repository as it is served to one host at one step after
the other, with what was done to it (`mutations`), and the outcome at each step by python-tuf. `oracle.py` says how files and
outcomes are written.
"""

import datetime
import json
import random
import sys

import delivery
import forgery
import oracle
import payloads
import roles
from publisher import Edit, Publisher, text_of

MINUTE = datetime.timedelta(minutes=1)
START = datetime.datetime(2026, 3, 1, tzinfo=datetime.timezone.utc)
PAUSES = [10, 10, 60, 180, 20 * 60, 26 * 60, 4 * 1440, 9 * 1440, 40 * 1440]


ROLES = ["root", "timestamp", "snapshot", "targets", "tenant"]
# All that can go wrong: how it is done, its name, and the role that it is done to.
ALL = [
    *(("delivery", name, None) for name in delivery.EDITS),
    *(("envelope", name, role) for name in forgery.EDITS for role in ROLES),
    *(("payload", name, role) for name in payloads.EDITS for role in ROLES),
    *(("payload_of_role", name, role) for role in ROLES for name in roles.EDITS[role]),
    *(("signers", name, role) for name in roles.SIGNERS for role in ROLES),
    *(("rotation", name, role) for name in ("signed_by_old_keys_only", "signed_by_new_keys_only") for role in ROLES),
    *(("key_under_two_names", "key_under_two_names", role) for role in ROLES),
    *(("versions_fast_forward", "fast_forward", None) for _ in ROLES),
]


class History:
    """Makes one history, from its seed alone."""

    def __init__(self, seed):
        self.seed = seed
        self.rng = random.Random(seed)
        self.now = START + self.rng.randrange(100_000) * MINUTE
        self.publisher = Publisher(self.rng, f"{seed}", "acme-prod", self.now)
        for _ in range(self.rng.choice([0, 0, 1, 3])):
            self.live()
        publisher = self.publisher
        self.anchor = publisher.files[f"metadata/{self.rng.randint(1, publisher.version('root'))}.root.json"]
        self.mutations, self.steps = [], []
        self.is_forked = False
        self.served = []
        self.timestamps = [publisher.files["metadata/timestamp.json"]]
        self.paths = self.interesting_paths()

    def make(self):
        count = self.rng.randint(2, 5)
        # One of all that can go wrong, each in its turn, and some more by chance; or nothing at all.
        planned = [ALL[self.seed % len(ALL)]] if self.rng.random() < 0.9 else []
        planned += [self.rng.choice(ALL) for _ in range(self.rng.choice([0, 0, 1, 2]))] if planned else []
        mutated = [(self.rng.randrange(count), mutation) for mutation in planned]
        for number in range(count):
            self.publisher.has_rotated_online_keys = False
            self.live()
            self.timestamps.append(self.publisher.files["metadata/timestamp.json"])
            self.served.append(dict(self.publisher.files))
            files = dict(self.publisher.files)
            for _, (family, name, role) in (entry for entry in mutated if entry[0] == number):
                self.is_forked = False
                files, role = getattr(self, family)(files, name, role)
                self.mutations.append({"name": name, "step": number, "role": role, "forked": self.is_forked})
            if self.publisher.has_rotated_online_keys:
                # Nothing wrong, but it explains things.
                self.mutations.append({"name": "online_keys_rotated", "step": number, "role": None, "forked": False})
            if self.rng.random() < 0.02:
                self.mutations.append({"name": "clock_set_back", "step": number, "role": None, "forked": False})
                self.now -= self.rng.choice([1, 4, 6, 600, 100_000]) * MINUTE
            self.steps.append((self.now, files, self.paths))

    # Honest days.

    def live(self):
        """Some time goes by, and the publisher does something."""
        rng, publisher = self.rng, self.publisher
        self.now += rng.choice(PAUSES) * MINUTE
        if rng.random() < 0.3:
            publisher.publish(self.now, [])
        for _ in range(rng.choice([0, 1, 1, 2])):
            self.act()
        if rng.random() < 0.9:
            self.renew()

    def act(self):
        rng, publisher, now = self.rng, self.publisher, self.now
        tenant = rng.choice(publisher.tenants)
        action = rng.randrange(12)
        if action < 4:
            publisher.add_release(tenant)
            publisher.publish(now, ["t-" + tenant])
        elif action == 4:
            publisher.remove_release(tenant)
            publisher.publish(now, ["t-" + tenant])
        elif action == 5:
            publisher.rotate("root", now)
        elif action == 6:
            publisher.rotate(rng.choice(["timestamp", "snapshot"]), now)
        elif action == 7:
            publisher.rotate("targets", now)
        elif action == 8:
            publisher.rotate("t-" + tenant, now)
        elif action == 9:
            publisher.publish(now, ["root"])
        elif action == 10 and len(publisher.tenants) > 1:
            publisher.remove_tenant(tenant)
            publisher.publish(now, ["targets"])
        elif action == 11 and "echo" not in publisher.tenants:
            publisher.add_tenant("echo")
            publisher.publish(now, ["targets", "t-echo"])

    def renew(self):
        """Whatever has expired is written anew."""
        publisher = self.publisher
        names = ["root", "targets", *publisher.roles_of_tenants(), "snapshot", "timestamp"]
        expired = [role for role in names if publisher.payloads[role]["expires"] <= text_of(self.now)]
        if expired:
            publisher.publish(self.now, expired)

    def interesting_paths(self):
        paths = [path for role in self.publisher.roles_of_tenants() for path in self.publisher.payloads[role]["targets"]]
        chosen = self.rng.sample(sorted(paths), min(2, len(paths)))
        self.tenant = tenant = self.rng.choice(self.publisher.tenants)
        more = [f"t/{tenant}/prod/loan.json", f"t/{tenant}/prod/nothing.json", "t/nobody/prod/loan.json", "loan.json"]
        return list(dict.fromkeys([*chosen, *more]))

    # Bad days.

    def delivery(self, files, name, role):
        others = {
            "timestamps": self.timestamps,
            "steps": self.served,
            "same people": self.other_repository(True),
            "other people": self.other_repository(False),
        }
        try:
            delivery.EDITS[name](files, self.rng, self.publisher, others)
        except (KeyError, IndexError, ValueError, TypeError):
            # Another mutation of this step has taken away what this one would change.
            return files, "nothing"
        return files, None

    def other_repository(self, has_same_people):
        other = self.publisher.copy()
        if not has_same_people:
            return Publisher(random.Random(self.seed + 1), "other people", "acme-prod", self.now).files
        other.files = {}
        for payload in other.payloads.values():
            payload["x-jurat"] = payload["x-jurat"] | {"repo": "acme-staging"}
        other.publish(self.now, ["root", "targets", *other.roles_of_tenants()])
        return other.files

    def named(self, role):
        """The role that is meant. The host asks about one tenant more than about others."""
        if role != "tenant":
            return role
        tenants = self.publisher.tenants
        return "t-" + (self.tenant if self.tenant in tenants else self.rng.choice(tenants))

    def envelope(self, files, name, role):
        def change(forged):
            forged.rng = self.rng
            return forgery.EDITS[name](forged)

        return self.forge(files, Edit(self.named(role), envelope=change)), role

    def payload(self, files, name, role):
        change = lambda payload: payloads.EDITS[name](payload, self.rng)
        return self.forge(files, Edit(self.named(role), payload=change)), role

    def payload_of_role(self, files, name, role):
        change = lambda payload: roles.EDITS[role][name](payload, self.rng, self.forger)
        return self.forge(files, Edit(self.named(role), payload=change)), role

    def signers(self, files, name, role):
        threshold = self.publisher.keys[self.named(role)][1]
        change = lambda keys: roles.SIGNERS[name](keys, threshold, self.rng)
        return self.forge(files, Edit(self.named(role), keys=change)), role

    def rotation(self, files, name, role):
        """The keys of a role are rotated, and the new metadata is signed by the old ones or the new ones alone."""
        named, forger = self.named(role), self.publisher.copy()
        old, _ = forger.keys[named]
        forger.keys[named] = forger.new_keys(2)
        new, _ = forger.keys[named]
        edit = Edit(named, keys=lambda keys: old if name == "signed_by_old_keys_only" else new)
        if named == role:
            forger.payloads["root"]["roles"][role] = forger.key_list(role)
            more = ["targets"] if role == "targets" else []
            forger.publish(self.now, ["root", *more], edit, old_root_keys=old if role == "root" else [])
        else:
            forger.delegate(named)
            forger.publish(self.now, ["targets", named], edit)
        return self.after(files, forger), role

    def key_under_two_names(self, files, name, role):
        return self.two_names(files, self.publisher.copy(), self.named(role)), role

    def versions_fast_forward(self, files, name, role):
        return self.fast_forward(files, self.publisher.copy()), role

    def two_names(self, files, forger, role):
        """Two names for one key, where two keys must sign."""
        keys, _ = forger.keys[role]
        first = keys[0]

        def name_twice(payload):
            entries = payload["keys"] if role in payload.get("roles", {}) else payload["delegations"]["keys"]
            places = payload["roles"] if "roles" in payload else {
                entry["name"]: entry for entry in payload["delegations"]["roles"]
            }
            entries["second-name"] = first.entry
            places[role] |= {"keyids": [first.id, "second-name"], "threshold": 2}

        def sign_twice(forged):
            forged.keys = [*forged.keys, first]
            forged.sign()
            forged.signatures = [entry for entry in forged.signatures if entry["keyid"] == first.id]
            forged.signatures = [forged.signatures[0], forged.signatures[0] | {"keyid": "second-name"}]

        if role == "root":
            # The root that says so is signed by the keys before it; the one after it counts on the names.
            forger.publish(self.now, ["root"], Edit("root", payload=name_twice))
            forger.publish(self.now, ["root"], Edit("root", payload=name_twice, envelope=sign_twice))
            return self.after(files, forger)
        above = "targets" if role.startswith("t-") else "root"
        forger.write(self.now, above, Edit(above, payload=name_twice))
        forger.publish(self.now, [role] if role != "timestamp" else [], Edit(role, envelope=sign_twice))
        return self.after(files, forger)

    def fast_forward(self, files, forger):
        """Somebody with the online keys makes the versions as high as can be. Recovery is a rotation of these keys."""
        forger.payloads["timestamp"]["version"] += 1000
        forger.payloads["snapshot"]["version"] += self.rng.choice([0, 1000])
        forger.publish(self.now, ["snapshot"])
        files = self.after(files, forger, keep=False)
        if self.rng.random() < 0.6:
            for role in self.rng.choice([["timestamp"], ["snapshot"], ["timestamp", "snapshot"]]):
                self.publisher.rotate(role, self.now)
        return files

    def forge(self, files, edit):
        self.forger = self.publisher.copy()
        wanted = [] if edit.role == "timestamp" else [edit.role]
        self.forger.publish(self.now, wanted, edit)
        return self.after(files, self.forger)

    def after(self, files, forger, keep=None):
        """What is served after the forger's work. Sometimes the publisher goes on from there, sometimes without knowing of it."""
        fresh = {path: data for path, data in forger.files.items() if self.publisher.files.get(path) != data}
        if self.rng.random() < 0.6 if keep is None else keep:
            self.publisher = forger
        else:
            self.is_forked = True
        return files | fresh

    # The result.

    def to_json(self):
        outcomes = oracle.replay(self.anchor, self.steps)
        contents, numbers = [], {}

        def number(data):
            if data is None:
                return None
            if data not in numbers:
                numbers[data] = len(contents)
                contents.append(data)
            return numbers[data]

        anchor, before, steps = number(self.anchor), {}, []
        for (now, files, _), outcome in zip(self.steps, outcomes):
            put = {path: number(data) for path, data in files.items() if path not in before or before[path] != data}
            gone = [path for path in before if path not in files]
            reopened = self.rng.random() < 0.5
            steps.append({"now": text_of(now), "reopened": reopened, "put": put, "gone": gone, "outcome": outcome})
            before = files
        return json.dumps(
            {
                "seed": self.seed,
                "repository": "acme-prod",
                "anchor": anchor,
                "paths": self.paths,
                "mutations": self.mutations,
                "steps": steps,
                "contents": [content(data) for data in contents],
            }
        )


def content(data):
    try:
        return data.decode()
    except UnicodeDecodeError:
        return {"bytes": list(data)}


def main():
    seed, count = map(int, sys.argv[1:])
    for number in range(seed, seed + count):
        history = History(number)
        history.make()
        print(history.to_json())


if __name__ == "__main__":
    main()
