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
    "fr": {
        "request": "Référence de cette demande",
        "not_found.title": "Cette page n’existe pas",
        "not_found.text": (
            "L’adresse est peut-être incomplète. Si vous venez de l’un de nos messages, rouvrez son lien, ou répondez au message."
        ),
        "link_invalid.title": "Ce lien ne fonctionne pas",
        "link_invalid.text": ("Il a peut-être été coupé en chemin. Rouvrez-le depuis notre message, ou répondez-y : une personne le lit."),
        "link_expired.title": "Ce lien n’est plus valable",
        "link_expired.text": "Prenez le lien de notre dernier message, ou répondez à l’un de nos messages : une personne le lit.",
        "forbidden.title": "Cela ne vient pas de notre page",
        "forbidden.text": (
            "Pour votre sécurité, nous n’acceptons que les formulaires de nos propres pages. Revenez en arrière, rechargez la page et "
            "renvoyez le formulaire."
        ),
        "too_many.title": "Trop d’essais",
        "too_many.text": "Veuillez attendre quelques minutes et réessayer.",
        "too_large.title": "C’est trop à la fois",
        "too_large.text": "Veuillez envoyer moins de texte ou des fichiers plus petits.",
        "unusable.title": "Il manque quelque chose",
        "unusable.text": ("Nous n’avons pas pu lire ce qui a été envoyé. Revenez en arrière, vérifiez le formulaire et renvoyez-le."),
        "away.title": "Ce n’est pas possible en ce moment",
        "away.text": "Une partie de notre système n’est pas disponible. Veuillez réessayer dans quelques minutes.",
        "fault.title": "Une erreur s’est produite chez nous",
        "fault.text": "Nous en sommes informés. Veuillez réessayer dans quelques minutes, ou répondez à l’un de nos messages.",
        "unsubscribe.title": "Ne plus recevoir de points réguliers ?",
        "unsubscribe.case": "Dossier\u00a0",
        "unsubscribe.text": (
            "Nous ne vous enverrons plus ni point régulier ni enquête : ni sur ce dossier, ni à cette adresse sur un autre."
        ),
        "unsubscribe.still": "Ce que nous devons vous dire, comme le résultat, vous parviendra toujours.",
        "unsubscribe.button": "Arrêter les points réguliers",
        "unsubscribed.title": "Les points réguliers sont arrêtés",
        "unsubscribed.text": (
            "Vous ne recevez plus ni point régulier ni enquête. Ce que nous devons vous dire, comme le résultat, vous parvient toujours."
        ),
    },
    "es": {
        "request": "Referencia de esta petición",
        "not_found.title": "Esta página no existe",
        "not_found.text": (
            "Puede que la dirección esté incompleta. Si viene de un mensaje nuestro, abra de nuevo su enlace o responda al mensaje."
        ),
        "link_invalid.title": "Este enlace no funciona",
        "link_invalid.text": (
            "Puede que se cortara por el camino. Ábralo de nuevo desde nuestro mensaje o responda a él: lo lee una persona."
        ),
        "link_expired.title": "Este enlace ya no es válido",
        "link_expired.text": "Use el enlace de nuestro último mensaje, o responda a cualquiera de nuestros mensajes: lo lee una persona.",
        "forbidden.title": "Esto no se envió desde nuestra página",
        "forbidden.text": (
            "Por su seguridad aceptamos solo formularios de nuestras propias páginas. Vuelva atrás, cargue la página de nuevo y envíe "
            "el formulario otra vez."
        ),
        "too_many.title": "Demasiados intentos",
        "too_many.text": "Espere unos minutos y vuelva a intentarlo.",
        "too_large.title": "Es demasiado de una vez",
        "too_large.text": "Envíe menos texto o archivos más pequeños.",
        "unusable.title": "Falta algo",
        "unusable.text": "No hemos podido leer lo que se envió. Vuelva atrás, revise el formulario y envíelo de nuevo.",
        "away.title": "Ahora no es posible",
        "away.text": "Una parte de nuestro sistema no está disponible en este momento. Vuelva a intentarlo dentro de unos minutos.",
        "fault.title": "Algo ha fallado por nuestra parte",
        "fault.text": "Ya lo sabemos. Vuelva a intentarlo dentro de unos minutos, o responda a uno de nuestros mensajes.",
        "unsubscribe.title": "¿No recibir más avisos periódicos?",
        "unsubscribe.case": "Caso",
        "unsubscribe.text": (
            "No le enviaremos más avisos periódicos ni encuestas: ni sobre este caso, ni a esta dirección sobre ningún otro."
        ),
        "unsubscribe.still": "Lo que debemos decirle, como el resultado, lo seguirá recibiendo.",
        "unsubscribe.button": "Dejar de recibir avisos",
        "unsubscribed.title": "Ya no recibirá avisos periódicos",
        "unsubscribed.text": "No recibirá más avisos periódicos ni encuestas. Lo que debemos decirle, como el resultado, le llegará.",
    },
}
