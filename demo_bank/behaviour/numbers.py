"""The behaviour model's numbers (docs/demo-bank.md, "Behaviour model"). Shares are per person and day unless said otherwise."""

from __future__ import annotations

# --- volumes per person and day ---
ACTIVE_SHARE = 0.30  # of all people, on the mobile bank
DIGITAL_EVENTS = 3.6  # logins, page actions, searches and failed transfers together
CALLS = 0.012
COMPLAINTS = 0.0012
INVITATIONS = 0.010
MESSAGES = 0.12
CONTACTS = 0.020
TASKS = 0.006

# --- service failures ---
INCIDENT_MORE = 1.0  # chance of each further incident on a day; every day has one
SEVERITY_SHARE = (0.34, 0.34, 0.22, 0.10)  # of severity 1, 2, 3, 4
BASE_ERROR = 0.004
ERROR_PER_SEVERITY = 0.16  # chance of an error in an incident's window, per step of severity
SLOWER_PER_SEVERITY = 1.7  # latency factor per step
FAIL_ON_CONFIRM = 0.008  # of transfer confirmations, without an incident

# --- complaints ---
COMPLAINT_PER_EXPOSURE = 0.006  # × severity × temper
WITHOUT_CAUSE_SHARE = 0.30  # of all complaints: fees, staff
ANSWERED_IN_TIME = 0.84
APPEALED = 0.03

# --- satisfaction (0–100) ---
SATISFACTION_MEAN, SATISFACTION_SPREAD = 70.0, 12.0
PER_SEVERE_EXPOSURE = -8.0
PER_LATE_COMPLAINT = -15.0
PER_TIMELY_COMPLAINT = 5.0
RECOVERY = 0.02  # share of the distance to the person's own level regained each day
VERY_UNHAPPY, VERY_HAPPY = 45.0, 85.0

# --- surveys: logit of answering ---
RESPONSE_INTERCEPT = -1.1
RESPONSE_UNHAPPY, RESPONSE_HAPPY, RESPONSE_YOUNG, RESPONSE_AFFLUENT = 0.9, 0.5, -0.4, 0.3
ANONYMOUS_INVITATIONS = 0.30
REST_DAYS = 90

# --- searches before asking ---
SEARCH_SPELL_MONTHLY = 0.015  # of borrowers
EARLY_REPAYMENT_UNCONTACTED, EARLY_REPAYMENT_CONTACTED = 0.40, 0.25

# --- leaving: daily hazard, logit ---
HAZARD_INTERCEPT = -7.2  # moved once per size so that the target share leaves; the coefficients stay
HAZARD = {
    "pain30": 1.1, "salary_moved": 1.4, "unfollowed_maturity": 0.9, "late_complaint": 0.8, "rate_shopper": 0.6,
    "ln_tenure": -0.5, "products": -0.35,
}  # fmt: skip
PERSON_EFFECT = 0.6
LEAVE_PER_QUARTER = 0.05
LEAVING_DAYS = (10, 40)
SILENT_LEAVERS, NOISY_STAYERS = 0.08, 0.06

# --- consent at the start ---
GRANTED = {
    "care": 0.82, "recommendation": 0.65, "research": 0.55, "credit_decision": 0.40, "location": 0.20, "third_party": 0.05,
}  # fmt: skip
CONSENT_CHANGES_MONTHLY = 0.005
PARTIES_DISAGREE = 0.03

# --- managers ---
CUSTOMERS_PER_MANAGER = 120
TASK_IN_TIME = 0.80
