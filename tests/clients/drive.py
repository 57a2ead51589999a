"""Drives every method of `jurat rpc` as a program in another language would, and checks what validation-lib's users rely on.

    drive.py stdio PROGRAM ARGUMENT...
    drive.py tcp HOST PORT TOKEN

The working directory holds `data/loans.json`, the sample loans, and the server may read it.
"""

import json
import os
import sys

from client import Client, JuratError

V1 = "https://schemas.example.com/loan/v1.0.0"
V2 = "https://schemas.example.com/loan/v2.0.0"
LOAN = {
    "$schema": V1,
    "id": "L-1",
    "loan_number": "LN-1",
    "financial": {"principal_amount": 100000, "outstanding_balance": 50000, "currency": "EUR", "interest_rate": 0.05},
    "dates": {"origination_date": "2023-01-15", "maturity_date": "2033-01-15"},
    "status": "active",
}
BAD_LOAN = {**LOAN, "id": "L-2", "status": "nonsense"}
FACILITY = {"$schema": "https://schemas.example.com/facility/v1.0.0", "financial": {"limit_amount": 60000}}
RESULT = ["rule_id", "description", "status", "message", "execution_time_ms", "children"]
STATUSES = ["PASS", "WARN", "FAIL", "NORUN", "ERROR"]


def equal(found, expected):
    assert found == expected, f"found {found!r}, expected {expected!r}"


def is_result(result):
    """A rule's result has every member that it had in validation-lib, and its children are results."""
    missing = [name for name in RESULT if name not in result]
    assert not missing, f"{missing} not in {result}"
    assert result["status"] in STATUSES, result
    assert isinstance(result["message"], str) and isinstance(result["execution_time_ms"], (int, float)), result
    for child in result["children"]:
        is_result(child)


def statuses(results):
    for result in results:
        is_result(result)
    return [(result["rule_id"], result["status"]) for result in results]


def refused(kind, code, call, *arguments, **params):
    try:
        call(*arguments, **params)
    except JuratError as error:
        equal((error.kind, error.code), (kind, code))
        assert error.data["correlation_id"], error.data
        return str(error)
    raise AssertionError(f"it is not refused: {arguments} {params}")


def validate(client):
    results = client.call("validate", entity_type="loan", entity_data=LOAN, ruleset_name="thorough")
    equal(statuses(results), [(f"rule_00{n}_v1", "PASS") for n in (1, 2, 3, 5)])
    equal(statuses(results[2]["children"]), [("rule_004_v1", "PASS")])
    results = client.call("validate", entity_type="loan", entity_data=BAD_LOAN, ruleset_name="thorough")
    equal((results[2]["status"], results[2]["code"]), ("FAIL", "status_unknown"))
    equal(results[2]["fields"], [{"name": "status", "pointer": "/status", "value": '"nonsense"'}])
    equal(results[2]["children"][0]["status"], "NORUN")
    equal(client.call("validate", entity_type="facility", entity_data={"id": "F-1"}, ruleset_name="quick"), [])
    results = client.call(
        "validate", entity_type="loan", entity_data=LOAN, ruleset_name="related", associated={"parent": FACILITY}
    )
    equal((results[0]["status"], results[0]["code"]), ("FAIL", "principal_above_facility_limit"))
    refused("unknown_ruleset", -32000, client.call, "validate", entity_type="loan", entity_data=LOAN, ruleset_name="quik")
    refused("unknown_entity_type", -32000, client.call, "validate", entity_type="lone", entity_data=LOAN, ruleset_name="quick")


def digits(client):
    """What Python would round is sent as text, and comes back as it was sent."""
    amount = "1.0000000000000000000000000002"
    record = json.dumps({**LOAN, "financial": {"principal_amount": 1, "outstanding_balance": "AMOUNT"}})
    params = f'{{"entity_type": "loan", "entity_data": {record}, "ruleset_name": "quick"}}'.replace('"AMOUNT"', amount)
    line = f'{{"jsonrpc": "2.0", "id": "exact", "method": "validate", "params": {params}}}'
    client.send_text(line)
    result = client.receive("exact")[1]
    equal(result["message"], f"balance is {amount}, expected no more than the principal, 1")


def batches(client):
    def check(batch):
        equal([(one["entity_id"], one["entity_type"]) for one in batch], [("L-1", "loan"), ("L-2", "loan")])
        for one in batch:
            equal([status for _, status in statuses(one["results"])], ["PASS"] * 3)

    check(client.call("batch_validate", entities=[LOAN, BAD_LOAN], id_fields=["id"], ruleset_name="quick"))
    batch = client.call("batch_validate", entities=[LOAN, {"id": 3}], id_fields=["loan_number", "id"], ruleset_name="quick")
    equal([one["entity_id"] for one in batch], ["LN-1-L-1", "3"])
    equal((batch[1]["entity_type"], batch[1]["status"], batch[1]["results"]), (None, "ERROR", []))
    equal(batch[1]["error"]["code"], "no_entity_type")
    equal(client.call("batch_validate", entities=[], id_fields=["id"], ruleset_name="quick"), [])
    with open("data/two.ndjson", "w", encoding="utf-8") as file:
        file.writelines(json.dumps(loan) + "\n" for loan in [LOAN, BAD_LOAN])
    for name, text in [("two.json", json.dumps([LOAN, BAD_LOAN])), ("one.json", json.dumps(LOAN))]:
        with open(f"data/{name}", "w", encoding="utf-8") as file:
            file.write(text)
    for name in ["two.json", "two.ndjson"]:
        check(in_file(client, name))
    equal([one["entity_id"] for one in in_file(client, "one.json")], ["L-1"])
    equal(len(in_file(client, "loans.json")), 12)
    refused("data_not_found", -32000, in_file, client, "none.json")


def in_file(client, name):
    uri = "file://" + os.path.abspath(f"data/{name}")
    return client.call("batch_file_validate", file_uri=uri, entity_types=["loan"], id_fields=["id"], ruleset_name="quick")


def discovery(client):
    rules = client.call("discover_rules", entity_type="loan", entity_data=LOAN, ruleset_name="thorough")
    equal(list(rules), [f"rule_00{n}_v1" for n in range(1, 6)])
    for rule_id, rule in rules.items():
        members = ["rule_id", "entity_type", "description", "required_data", "field_dependencies", "applicable_schemas"]
        assert all(name in rule for name in members), rule
        equal((rule["rule_id"], rule["entity_type"]), (rule_id, "loan"))
        equal(rule["applicable_schemas"], [V1, V2])
    equal(rules["rule_005_v1"]["required_data"], [])
    equal(
        rules["rule_005_v1"]["field_dependencies"],
        [["principal", "financial.principal_amount"], ["balance", "financial.outstanding_balance"]],
    )
    v2 = client.call("discover_rules", entity_type="loan", entity_data={"$schema": V2}, ruleset_name="quick")
    assert ["rate", "financial.rate"] in v2["rule_002_v1"]["field_dependencies"], v2
    related = client.call("discover_rules", entity_type="loan", entity_data=V1, ruleset_name="related")
    equal(related["rule_006_v1"]["required_data"], ["parent"])
    rulesets = client.call("discover_rulesets")
    equal(sorted(rulesets), ["quick", "related", "thorough"])
    equal(rulesets["quick"]["metadata"]["purpose"], "Checks while a record is typed in")
    equal(
        rulesets["quick"]["stats"],
        {
            "total_rules": 9,
            "rules_by_schema": {V1: 3, V2: 3, "loan": 3, "facility": 0, "deal": 0},
            "supported_entities": ["deal", "facility", "loan"],
            "supported_schemas": [V1, V2],
        },
    )


def upkeep(client):
    reloaded = client.call("reload_logic")
    equal((reloaded["status"], sorted(reloaded)), ("ok", ["message", "status"]))
    age = client.call("get_cache_age")
    assert list(age) == ["cache_age"] and age["cache_age"] >= 0, age
    equal(client.call("health")["status"], "ok")
    status = client.call("status")
    equal((status["health"], status["tenants"][0]["release"]["name"]), ("ok", "loan"))
    assert client.call("version")["version"], "no version"


def mistakes(client):
    assert "not found" in refused("unknown_method", -32601, client.call, "validat")
    message = refused("missing_parameter", -32602, client.call, "validate", entity_type="loan", ruleset_name="quick")
    assert "entity_data" in message, message
    client.send_text('{"jsonrpc": "2.0", "id": 1.5, "method": "validate", "params": ["loan", {}, "quick"]}')
    assert "entity_type" in refused("parameters_by_name", -32602, client.receive, 1.5)
    client.send_text('{"jsonrpc": "1.0", "id": "a", "method": "health"}')
    refused("invalid_request", -32600, client.receive, "a")
    equal(client.call("health")["status"], "ok")


def not_json(client):
    client.send_text('{"jsonrpc": "2.0", "id": 7')
    refused("parse_error", -32700, client.receive)


def main():
    kind, *where = sys.argv[1:]
    client = Client.spawn(*where) if kind == "stdio" else Client.connect(where[0], int(where[1]))
    # Who need not say who they are may do so.
    equal(client.call("authenticate", token=where[2] if kind == "tcp" else "anything"), {"status": "ok"})
    # Over a socket, the last part closes the connection.
    parts = [validate, digits, batches, discovery, upkeep, mistakes, not_json]
    for part in parts:
        part(client)
    ended = client.close()
    assert not ended, f"the server ended with {ended}"
    print(f"{len(parts)} parts over {kind}")


main()
