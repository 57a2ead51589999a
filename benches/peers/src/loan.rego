package loan

# All four statuses, in the order of their names.
statuses := [soundness, known_status, balance_fits, utilisation]

# rule_002_v1. ISO 8601 dates are compared as text: they sort like time.
soundness := "PASS" if {
	input.financial.principal_amount > 0
	not input.financial.interest_rate < 0
	input.dates.origination_date < input.dates.maturity_date
	not input.financial.outstanding_balance > input.financial.principal_amount
} else := "NORUN" if {
	not input.financial.principal_amount
} else := "FAIL"

# rule_003_v1
known_status := "PASS" if {
	input.status in {"active", "paid_off", "defaulted", "written_off"}
} else := "FAIL"

# rule_004_v1, below rule_003_v1
balance_fits := "PASS" if {
	input.status == "active"
	input.financial.outstanding_balance != 0
	input.financial.outstanding_balance <= input.financial.principal_amount
} else := "PASS" if {
	input.status == "paid_off"
	input.financial.outstanding_balance == 0
	input.financial.outstanding_balance <= input.financial.principal_amount
} else := "PASS" if {
	input.status in {"defaulted", "written_off"}
	input.financial.outstanding_balance <= input.financial.principal_amount
} else := "NORUN" if {
	known_status != "PASS"
} else := "NORUN" if {
	not input.financial.principal_amount
} else := "NORUN" if {
	not input.financial.outstanding_balance
} else := "FAIL"

# rule_005_v1
utilisation := "PASS" if {
	input.financial.principal_amount > 0
	input.financial.outstanding_balance <= input.financial.principal_amount * 0.85
} else := "WARN" if {
	input.financial.principal_amount > 0
	input.financial.outstanding_balance > input.financial.principal_amount * 0.85
} else := "NORUN"
