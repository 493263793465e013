"""Cases from files: CSV, JSON and JSON lines become requests, bad ones become reasons with their line."""
