"""The names of the files that travel inside a report: what was sealed, and what the seals need to be checked."""

REPORT_RECORD_FILE = "report-record.json"
CLOSING_RECORD_FILE = "closing-record.json"
DEVICE_SIGNATURES_FILE = "device-signatures.json"
CATALOGUES_FILE = "catalogues.json"
ATTACHMENTS = (REPORT_RECORD_FILE, CLOSING_RECORD_FILE, DEVICE_SIGNATURES_FILE, CATALOGUES_FILE)
