"""Names of activities and task queues, once.

Task queues are separate so that a slow mail provider never delays provider checks, each with its own slots and rate limit.
"""

CASES_QUEUE = "cases"  # workflow tasks, and the activities that only touch the books
MESSAGES_QUEUE = "makegood-messages"
PROVIDERS_QUEUE = "makegood-providers"

SEND_MESSAGE = "send_message"
RECORD_CASE = "record_case"
ALERT_PEOPLE = "alert_people"
CHECK_ARRIVAL = "check_arrival"
WATCH_PROVIDER = "watch_provider"
TELL_ALERT = "tell_alert"
TELL_DIGEST = "tell_digest"
TELL_PARK = "tell_park"

# The digest is started and told by an activity (signal with start): activities may not import the names of workflows.
ALERT_DIGEST = "AlertDigest"
ALERT_RAISED = "alert_raised"

# A signal of cases, which the case's first activity sends as well.
PROVIDER_REPORTED = "provider_reported"  # readings from webhooks
