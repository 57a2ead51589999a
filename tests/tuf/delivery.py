"""What a hostile or broken server can do with files that are signed as they should be, by name.

Each changes what is served at one step: a dictionary from paths to bytes, in which `FAILS` stands for an answer that says
nothing about the file.
"""

from forgery import Forged, flipped

EDITS = {}
FAILS = None


def edit(function):
    EDITS[function.__name__] = function
    return function


def some_file(served, rng, publisher):
    """One of the files that a client would get now."""
    roles = ["root", "timestamp", "snapshot", "targets", *publisher.roles_of_tenants()]
    paths = [publisher.path(role) for role in roles]
    for role in publisher.roles_of_tenants():
        targets = publisher.payloads[role]["targets"].items()
        paths += [publisher.location(path, entry["hashes"]["sha256"]) for path, entry in targets]
    return rng.choice([path for path in paths if path in served])


def changing(name, change):
    def apply(served, rng, publisher, others):
        path = some_file(served, rng, publisher)
        served[path] = change(served[path], rng)

    EDITS[name] = apply


changing("file_fails", lambda data, rng: FAILS)
changing("file_cut", lambda data, rng: data[: rng.randrange(len(data))])
changing("file_grows_by_a_space", lambda data, rng: data + b" ")
changing("file_is_endless", lambda data, rng: data + b" " * 600_000)
changing("file_is_garbage", lambda data, rng: rng.randbytes(300))
changing("file_is_a_page", lambda data, rng: b"<!doctype html><title>Sign in</title>")
changing("file_is_empty", lambda data, rng: b"")
changing("file_bit", lambda data, rng: flipped(data, rng.randrange(8 * len(data))))


@edit
def file_missing(served, rng, publisher, others):
    del served[some_file(served, rng, publisher)]


@edit
def everything_missing(served, rng, publisher, others):
    served.clear()


@edit
def everything_fails(served, rng, publisher, others):
    served.update(dict.fromkeys(served, FAILS))


@edit
def files_swapped(served, rng, publisher, others):
    one, other = some_file(served, rng, publisher), some_file(served, rng, publisher)
    served[one], served[other] = served[other], served[one]


@edit
def timestamp_of_earlier(served, rng, publisher, others):
    served["metadata/timestamp.json"] = rng.choice(others["timestamps"])


@edit
def everything_of_earlier(served, rng, publisher, others):
    served.clear()
    served.update(rng.choice(others["steps"]))


@edit
def snapshot_of_earlier(served, rng, publisher, others):
    earlier(served, rng, publisher, "snapshot")


@edit
def targets_of_earlier(served, rng, publisher, others):
    earlier(served, rng, publisher, "targets")


@edit
def tenant_of_earlier(served, rng, publisher, others):
    for role in publisher.roles_of_tenants():
        earlier(served, rng, publisher, role)


def earlier(served, rng, publisher, role):
    """The bytes of an earlier version under the name of the current one."""
    version = rng.randint(1, publisher.version(role))
    served[publisher.path(role)] = publisher.files[f"metadata/{version}.{role}.json"]


@edit
def tenant_of_other_tenant(served, rng, publisher, others):
    roles = publisher.roles_of_tenants()
    one, other = rng.choice(roles), rng.choice(roles)
    served[publisher.path(one)] = publisher.files[publisher.path(other)]


@edit
def root_again_as_next(served, rng, publisher, others):
    version = publisher.version("root")
    served[f"metadata/{version + 1}.root.json"] = publisher.files[publisher.path("root")]


@edit
def root_first_as_next(served, rng, publisher, others):
    served[f"metadata/{publisher.version('root') + 1}.root.json"] = publisher.files["metadata/1.root.json"]


@edit
def root_skipped(served, rng, publisher, others):
    """The one before the last is withheld, or the last stands under its name."""
    version = publisher.version("root")
    if version > 1 and rng.random() < 0.5:
        served[f"metadata/{version - 1}.root.json"] = served[publisher.path("root")]
    else:
        served.pop(f"metadata/{max(2, version - 1)}.root.json", None)


@edit
def roots_withheld(served, rng, publisher, others):
    for version in range(2, publisher.version("root") + 1):
        served.pop(f"metadata/{version}.root.json", None)


@edit
def next_root_fails(served, rng, publisher, others):
    served[f"metadata/{publisher.version('root') + 1}.root.json"] = FAILS


@edit
def next_root_is_garbage(served, rng, publisher, others):
    served[f"metadata/{publisher.version('root') + 1}.root.json"] = b"not found, sorry"


@edit
def other_repository_by_same_people(served, rng, publisher, others):
    """All of another repository that has the same keys, as in staging and production."""
    served.update(others["same people"])


@edit
def other_repository_by_other_people(served, rng, publisher, others):
    served.update(others["other people"])


@edit
def one_file_of_other_repository(served, rng, publisher, others):
    path = some_file(served, rng, publisher)
    if path in others["same people"]:
        served[path] = others["same people"][path]


@edit
def timestamp_padded_to_the_cap(served, rng, publisher, others):
    pad(served, 16384)


@edit
def timestamp_padded_beyond_the_cap(served, rng, publisher, others):
    pad(served, 16385)


def pad(served, length):
    data = served["metadata/timestamp.json"]
    served["metadata/timestamp.json"] = data + b" " * (length - len(data))


@edit
def signatures_stripped(served, rng, publisher, others):
    path = publisher.path(rng.choice(["root", "timestamp", "snapshot", "targets", *publisher.roles_of_tenants()]))
    forged = Forged.read(served[path])
    forged.signatures = forged.signatures[1:]
    served[path] = forged.to_bytes()
