"""The five loan rules in Python, timed for the benches: `python rules.py LOANS EXPECTED`.

LOANS has one record on each line. EXPECTED has, for each record, the statuses of rule_001_v1 to rule_005_v1, separated by tabs.
The program judges all records and compares the statuses first: if one differs, it prints the first differences and exits with 1.
Then it prints `ready`, and each line of standard input requests one pass over all records: `text` from JSON, `parsed` from
dictionaries. The answer is the time in seconds. The program ends at the end of its input.

The schema is read once, from the directory of the rules, and its validator is built once: nothing is fetched. Numbers are exact
decimals, parsed from the JSON text, and dates are dates. A result is the statuses, messages and codes of all rules, as JSON.
"""

import json
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from time import perf_counter

from jsonschema import Draft7Validator
from jsonschema.validators import extend

SCHEMA = Path(__file__).parents[2] / "rules/loan/schemas/loan.v1.0.0.json"
STATUSES = frozenset({"active", "paid_off", "defaulted", "written_off"})
LIMIT = Decimal("0.85")
SHOWN = 5

PASS = ("PASS", "", None)

decode = json.JSONDecoder(parse_float=Decimal).decode
encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def validator():
    """One validator for all records. The package accepts decimals as numbers, but integral decimals as integers only on request."""

    def is_integer(checker, value):
        return Draft7Validator.TYPE_CHECKER.is_type(value, "integer") or (isinstance(value, Decimal) and value % 1 == 0)

    checker = Draft7Validator.TYPE_CHECKER.redefine("integer", is_integer)
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    Draft7Validator.check_schema(schema)
    return extend(Draft7Validator, type_checker=checker)(schema)


def day(text):
    return date.fromisoformat(text) if text else None


class Rules:
    def __init__(self):
        self.schema = validator()

    def judge(self, record):
        """The verdicts on one record, in the order of the rules: status, message, code."""
        financial = record.get("financial") or {}
        dates = record.get("dates") or {}
        principal = financial.get("principal_amount")
        balance = financial.get("outstanding_balance")
        status = record.get("status")

        parent = known_status(status)
        if parent[0] in ("PASS", "WARN"):
            child = balance_fits_status(principal, balance, status)
        else:
            child = ("NORUN", f"not run: its parent `rule_003_v1` is {parent[0]}", "parent")
        return (
            self.fits_schema(record),
            financial_soundness(
                principal,
                balance,
                financial.get("interest_rate"),
                day(dates.get("origination_date")),
                day(dates.get("maturity_date")),
            ),
            parent,
            child,
            utilisation(principal, balance),
        )

    def fits_schema(self, record):
        for error in self.schema.iter_errors(record):
            return ("FAIL", f"{error.json_path}: {error.message}", error.validator)
        return PASS


def financial_soundness(principal, balance, rate, inception, maturity):
    if principal is None:
        return ("NORUN", "not run: `principal` is absent", "input_absent")
    messages, codes = [], []

    def fail(code, message):
        codes.append(code)
        messages.append(message)

    if principal <= 0:
        fail("principal_not_positive", f"principal is {principal}, expected more than 0")
    if rate is not None and rate < 0:
        fail("rate_negative", f"rate is {rate}, expected 0 or more")
    if inception and maturity:
        if inception >= maturity:
            message = f"maturity is {maturity}, expected a day after the inception, {inception}"
            fail("maturity_not_after_inception", message)
    elif inception:
        fail("date_missing", "maturity is missing, expected a date")
    elif maturity:
        fail("date_missing", "inception is missing, expected a date")
    else:
        fail("date_missing", "inception and maturity are missing, expected two dates")
    if balance is not None and balance > principal:
        message = f"balance is {balance}, expected no more than the principal, {principal}"
        fail("balance_above_principal", message)
    return ("FAIL", "; ".join(messages), codes[0]) if codes else PASS


def known_status(status):
    if status in STATUSES:
        return PASS
    expected = "expected active, paid_off, defaulted or written_off"
    if status is None:
        return ("FAIL", f"status is missing, {expected}", "status_missing")
    return ("FAIL", f"status is {status}, {expected}", "status_unknown")


def balance_fits_status(principal, balance, status):
    if principal is None or balance is None:
        return lacks(principal)
    messages, codes = [], []
    if balance > principal:
        codes.append("balance_above_principal")
        messages.append(f"balance is {balance}, expected no more than the principal, {principal}")
    if status == "paid_off" and balance:
        codes.append("paid_off_with_balance")
        messages.append(f"balance is {balance}, expected 0 as the status is {status}")
    elif status == "active" and not balance:
        codes.append("active_without_balance")
        messages.append(f"balance is {balance}, expected more than 0 as the status is {status}")
    return ("FAIL", "; ".join(messages), codes[0]) if codes else PASS


def utilisation(principal, balance):
    if principal is None or balance is None:
        return lacks(principal)
    if principal <= 0:
        message = f"principal is {principal}, so there is no percentage to check"
        return ("NORUN", message, "principal_not_positive")
    if balance <= principal * LIMIT:
        return PASS
    percent = balance / principal * 100
    message = (
        f"balance is {balance}, which is {percent:.1f} % of the principal, {principal}; expected at most 85 %"
    )
    return ("WARN", message, "high_utilisation")


def lacks(principal):
    name = "principal" if principal is None else "balance"
    return ("NORUN", f"not run: `{name}` is absent", "input_absent")


def differences(found, expected):
    """The number of records that were judged differently than expected. Prints the first."""
    if len(found) != len(expected):
        print(f"{len(found)} records were judged instead of {len(expected)}", file=sys.stderr)
        return 1
    wrong = [(line, pair) for line, pair in enumerate(zip(found, expected), 1) if pair[0] != pair[1]]
    for line, (judged, wanted) in wrong[:SHOWN]:
        print(f"record {line}: found {judged!r}, expected {wanted!r}", file=sys.stderr)
    return len(wrong)


def main(loans, expected):
    lines = Path(loans).read_text(encoding="utf-8").split("\n")
    lines = [line for line in lines if line]
    expected = Path(expected).read_text(encoding="utf-8").split()
    expected = ["\t".join(expected[at : at + 5]) for at in range(0, len(expected), 5)]

    rules = Rules()
    records = [decode(line) for line in lines]
    found = ["\t".join(verdict[0] for verdict in rules.judge(record)) for record in records]
    if differences(found, expected):
        return 1
    print("ready", flush=True)
    for command in sys.stdin:
        begun = perf_counter()
        if command == "text\n":
            out = [encode(rules.judge(decode(line))) for line in lines]
        elif command == "parsed\n":
            out = [encode(rules.judge(record)) for record in records]
        else:
            print(f"unknown command `{command.strip()}`", file=sys.stderr)
            return 1
        seconds = perf_counter() - begun
        del out
        print(f"{seconds:.9f}", flush=True)
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python rules.py LOANS EXPECTED")
    sys.exit(main(sys.argv[1], sys.argv[2]))
