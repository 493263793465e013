"""What vendors tell us: verified, kept once, and told to its case.

Owns the endpoints /webhooks/... and the drain that empties their inbox. Must never act on what it has not verified, and never decide
what a report means for a case: the case's rules do. Included by the web process.
"""

from starter.web.webhooks.configuration import WebhookSecrets, WebhookSettings, load_webhook_settings
from starter.web.webhooks.faces import configured_webhook_faces, webhook_faces

__all__ = ["WebhookSecrets", "WebhookSettings", "configured_webhook_faces", "load_webhook_settings", "webhook_faces"]
