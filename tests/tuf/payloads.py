"""What a signer can get wrong in a payload of any role, by name. Each changes a payload or gives its bytes; keys sign it."""

import json

EDITS = {}


def edit(function):
    EDITS[function.__name__] = function
    return function


def setting(name, member, value):
    def change(payload, rng):
        payload[member] = value

    EDITS[name] = change


def written(payload, change):
    """The bytes, changed as text."""
    return change(json.dumps(payload, ensure_ascii=False)).encode()


setting("version_zero", "version", 0)
setting("version_negative", "version", -1)
setting("version_text", "version", "1")
setting("version_fraction", "version", 1.5)
setting("version_null", "version", None)
setting("version_2_to_53", "version", 1 << 53)
setting("version_2_to_64", "version", 1 << 64)
setting("spec_2", "spec_version", "2.0.0")
setting("spec_other_minor", "spec_version", "1.9.99")
setting("spec_short", "spec_version", "1.0")
setting("spec_one", "spec_version", "1")
setting("spec_long", "spec_version", "1.0.0.0")
setting("spec_word", "spec_version", "latest")
setting("spec_padded", "spec_version", "01.0.0")
setting("spec_number", "spec_version", 1.0)
setting("type_unknown", "_type", "mirrors")
setting("type_null", "_type", None)
setting("expires_past", "expires", "2020-01-01T00:00:00Z")
setting("expires_far", "expires", "9999-12-31T23:59:59Z")
setting("expires_offset", "expires", "2036-01-01T00:00:00+00:00")
setting("expires_fraction", "expires", "2036-01-01T00:00:00.000Z")
setting("expires_without_padding", "expires", "2036-1-1T0:0:0Z")
setting("expires_day", "expires", "2036-01-01")
setting("expires_lower_case", "expires", "2036-01-01t00:00:00z")
setting("expires_space", "expires", "2036-01-01 00:00:00Z")
setting("expires_leap_second", "expires", "2036-12-31T23:59:60Z")
setting("expires_no_such_day", "expires", "2035-02-29T00:00:00Z")
setting("expires_number", "expires", 2082758400)
setting("other_repository", "x-jurat", {"repo": "somebody-elses"})
setting("repository_number", "x-jurat", {"repo": 7})
setting("unknown_member", "x-note", {"a": [1, {"b": None}]})
setting("deep_member_just_inside", "x-note", json.loads("[" * 25 + "]" * 25))
setting("deep_member", "x-note", json.loads("[" * 40 + "]" * 40))


@edit
def version_as_float(payload, rng):
    payload["version"] = float(payload["version"])


@edit
def version_up(payload, rng):
    payload["version"] += rng.choice([1, 5, 1000])


@edit
def version_down(payload, rng):
    payload["version"] -= rng.choice([1, 2])


@edit
def type_of_other_role(payload, rng):
    payload["_type"] = rng.choice([kind for kind in KINDS if kind != payload["_type"]])


KINDS = ["root", "targets", "snapshot", "timestamp"]


@edit
def member_missing(payload, rng):
    del payload[rng.choice(["_type", "spec_version", "version", "expires"])]


@edit
def own_part_missing(payload, rng):
    del payload["x-jurat"]


@edit
def own_part_with_condition(payload, rng):
    payload["x-jurat"] = payload["x-jurat"] | {"only_on": ["host-7"]}


@edit
def member_twice(payload, rng):
    return written(payload, lambda text: text[:-1] + f', "version": {payload["version"]}' + "}")


@edit
def member_twice_by_escape(payload, rng):
    return written(payload, lambda text: '{"\\u0065xpires": "2020-01-01T00:00:00Z", ' + text[1:])


@edit
def deep_member_twice(payload, rng):
    return written(payload, lambda text: text[:-1] + ', "x-more": [{"a": 1, "a": 2}]}')


@edit
def members_shuffled(payload, rng):
    items = list(payload.items())
    rng.shuffle(items)
    payload.clear()
    payload.update(items)


@edit
def pretty(payload, rng):
    return json.dumps(payload, indent=2).encode()


@edit
def not_a_number(payload, rng):
    return written(payload, lambda text: text[:-1] + ', "x-more": NaN}')


@edit
def infinite_number(payload, rng):
    return written(payload, lambda text: text[:-1] + ', "x-more": 1e999}')


@edit
def lone_surrogate(payload, rng):
    return written(payload, lambda text: text[:-1] + ', "x-more": "\\ud800"}')


@edit
def not_utf8(payload, rng):
    return json.dumps(payload).encode()[:-1] + b', "x-more": "\xff"}'


@edit
def control_character(payload, rng):
    return written(payload, lambda text: text[:-1] + ', "x-more": "a\nb"}')


@edit
def byte_order_mark(payload, rng):
    return b"\xef\xbb\xbf" + json.dumps(payload).encode()


@edit
def more_after_it(payload, rng):
    return json.dumps(payload).encode() + b" {}"


@edit
def trailing_comma(payload, rng):
    return written(payload, lambda text: text[:-1] + ",}")


@edit
def comment(payload, rng):
    return b"// note\n" + json.dumps(payload).encode()


@edit
def a_list(payload, rng):
    return json.dumps([payload]).encode()


@edit
def nothing(payload, rng):
    return b""
