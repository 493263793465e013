"""The customer's page: where a case stands, and what its customer may do about it, behind the signed links in messages."""
