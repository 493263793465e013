"""What the skeleton's own pages say, in every language of theirs.

Owns these words. Must never hold a case's own words (activities/templates) or a name. Read by pages.py; a test holds the languages
alike.
"""

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "request": "Reference of this request",
        "not_found.title": "This page does not exist",
        "not_found.text": "The address may be incomplete. If you came from a message of ours, open its link again, or answer the message.",
        "link_invalid.title": "This link does not work",
        "link_invalid.text": "It may have been cut off on its way. Open it again from our message, or answer it: a person reads it.",
        "link_expired.title": "This link is no longer valid",
        "link_expired.text": "Please take the link from our latest message, or answer any of our messages: a person reads it.",
        "forbidden.title": "This was not sent from our page",
        "forbidden.text": "For your safety we take forms from our own pages only. Go back, load the page again and send the form again.",
        "too_many.title": "Too many attempts",
        "too_many.text": "Please wait a few minutes and try again.",
        "too_large.title": "That is too much at once",
        "too_large.text": "Please send less text or smaller files.",
        "unusable.title": "Something is missing",
        "unusable.text": "We could not read what was sent. Go back, check the form and send it again.",
        "away.title": "We cannot do this right now",
        "away.text": "Part of our system is not available at the moment. Please try again in a few minutes.",
        "fault.title": "Something went wrong on our side",
        "fault.text": "We have been told. Please try again in a few minutes, or answer one of our messages.",
        "unsubscribe.title": "Stop updates?",
        "unsubscribe.case": "Case",
        "unsubscribe.text": (
            "We will send you no more routine updates and no survey: not about this case, and not to this address about any other."
        ),
        "unsubscribe.still": "What we must tell you, such as the result, you will still get.",
        "unsubscribe.button": "Stop updates",
        "unsubscribed.title": "Updates are stopped",
        "unsubscribed.text": "You get no routine updates and no survey any more. What we must tell you, such as the result, still comes.",
    },
    "de": {
        "request": "Kennung dieses Aufrufs",
        "not_found.title": "Diese Seite gibt es nicht",
        "not_found.text": (
            "Die Adresse ist vielleicht unvollständig. Wenn Sie aus einer Nachricht von uns kommen, öffnen Sie den Link dort noch einmal, "
            "oder antworten Sie auf die Nachricht."
        ),
        "link_invalid.title": "Dieser Link funktioniert nicht",
        "link_invalid.text": (
            "Vielleicht wurde er unterwegs abgeschnitten. Öffnen Sie ihn noch einmal aus unserer Nachricht, oder antworten Sie darauf: "
            "Ein Mensch liest mit."
        ),
        "link_expired.title": "Dieser Link gilt nicht mehr",
        "link_expired.text": (
            "Bitte nehmen Sie den Link aus unserer neuesten Nachricht, oder antworten Sie auf eine unserer Nachrichten: Ein Mensch "
            "liest mit."
        ),
        "forbidden.title": "Das kam nicht von unserer Seite",
        "forbidden.text": (
            "Zu Ihrer Sicherheit nehmen wir Formulare nur von unseren eigenen Seiten an. Gehen Sie zurück, laden Sie die Seite neu und "
            "senden Sie das Formular noch einmal."
        ),
        "too_many.title": "Zu viele Versuche",
        "too_many.text": "Bitte warten Sie einige Minuten und versuchen Sie es dann noch einmal.",
        "too_large.title": "Das ist zu viel auf einmal",
        "too_large.text": "Bitte senden Sie weniger Text oder kleinere Dateien.",
        "unusable.title": "Etwas fehlt",
        "unusable.text": (
            "Wir konnten das Gesendete nicht lesen. Gehen Sie zurück, prüfen Sie das Formular und senden Sie es noch einmal."
        ),
        "away.title": "Das geht gerade nicht",
        "away.text": (
            "Ein Teil unseres Systems ist im Augenblick nicht erreichbar. Bitte versuchen Sie es in einigen Minuten noch einmal."
        ),
        "fault.title": "Bei uns ist etwas schiefgegangen",
        "fault.text": (
            "Wir wissen davon. Bitte versuchen Sie es in einigen Minuten noch einmal, oder antworten Sie auf eine unserer Nachrichten."
        ),
        "unsubscribe.title": "Keine Zwischenstände mehr?",
        "unsubscribe.case": "Vorgang",
        "unsubscribe.text": (
            "Wir senden Ihnen dann keine regelmäßigen Zwischenstände und keine Umfrage mehr: weder zu diesem Vorgang noch an diese "
            "Adresse zu einem anderen."
        ),
        "unsubscribe.still": "Was wir Ihnen mitteilen müssen, etwa das Ergebnis, bekommen Sie weiterhin.",
        "unsubscribe.button": "Zwischenstände abbestellen",
        "unsubscribed.title": "Zwischenstände sind abbestellt",
        "unsubscribed.text": (
            "Ab jetzt bekommen Sie keine regelmäßigen Zwischenstände und keine Umfrage mehr. Was wir Ihnen mitteilen müssen, etwa das "
            "Ergebnis, kommt weiterhin."
        ),
    },
}
