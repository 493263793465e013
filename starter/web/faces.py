"""The faces of the web process, in one list: whoever builds another one adds it here.

Owns the list. Must never hold a route. Called by serving.py.
"""

from starter.web.api.face import api_faces
from starter.web.console.face import console_faces
from starter.web.metrics import metrics_face
from starter.web.parts import Face, WebParts
from starter.web.portal.face import portal_faces
from starter.web.unsubscribe import unsubscribe_face
from starter.web.webhooks import configured_webhook_faces


def faces_of(parts: WebParts) -> list[Face]:
    """Raises SettingsError if a face cannot be built from these settings."""
    return [
        unsubscribe_face(parts),
        *configured_webhook_faces(parts),
        *api_faces(parts),
        metrics_face(parts),
        *portal_faces(parts),
        *console_faces(parts),
    ]
