"""The words by which a recipient ends, resumes or asks about text messages, and what is answered.

Owns the words, which answers are ours to give, and their texts. Must never take a sentence for a keyword: only a message that is the
word alone is one, as at Twilio. Sources: provider-facts 1.3; "Twilio support for opt-out keywords", "Advanced Opt-Out" in Twilio's
documentation: on long codes, toll-free numbers and in messaging services Twilio answers STOP, START and HELP by itself and still passes
them to the webhook; after STOP anything we answered would be refused with 21610. A bare short code it leaves to us. Called by the
endpoint of inbound text messages.
"""

from xml.sax.saxutils import escape

from starter.web.webhooks.shops import Shop
from store.keywords import Keyword

_TWILIOS = {
    **dict.fromkeys(("STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL"), Keyword.STOP),
    **dict.fromkeys(("START", "YES", "UNSTOP"), Keyword.START),
    **dict.fromkeys(("HELP", "INFO"), Keyword.HELP),
}
# What a customer writes who is written to in German, French or Spanish. Twilio knows these only where the operator has added them.
_OURS = {
    **dict.fromkeys(("STOPP", "ABMELDEN", "ARRET", "ARRÊT", "DESABONNER", "DÉSABONNER", "BAJA", "ALTO", "PARAR"), Keyword.STOP),
    **dict.fromkeys(("ANMELDEN", "REPRENDRE", "ALTA", "REANUDAR"), Keyword.START),
    **dict.fromkeys(("HILFE", "AIDE", "AYUDA"), Keyword.HELP),
}
_OPT_OUT_TYPES = {"STOP": Keyword.STOP, "START": Keyword.START, "HELP": Keyword.HELP}
# Also words of a conversation ("Did the money arrive?"): only after a STOP do they ask for messages again.
ALSO_AN_ANSWER = frozenset({"YES"})

_TEXTS = {
    ("en", Keyword.STOP): "{name}: you will get no more text messages from us. Answer START to get them again.",
    ("en", Keyword.START): "{name}: you will get text messages from us again. Answer STOP to end them.",
    ("en", Keyword.HELP): "{name}: messages about your order.{reach} Answer STOP to end text messages.",
    ("en", None): " A person answers at {reach}.",
    ("de", Keyword.STOP): "{name}: Sie erhalten keine SMS mehr von uns. Mit START erhalten Sie wieder welche.",
    ("de", Keyword.START): "{name}: Sie erhalten wieder SMS von uns. Mit STOP beenden Sie das.",
    ("de", Keyword.HELP): "{name}: Nachrichten zu Ihrer Bestellung.{reach} Mit STOP beenden Sie die SMS.",
    ("de", None): " Einen Menschen erreichen Sie unter {reach}.",
    ("fr", Keyword.STOP): "{name} : vous ne recevrez plus de SMS de notre part. Répondez START pour en recevoir à nouveau.",
    ("fr", Keyword.START): "{name} : vous recevrez de nouveau nos SMS. Répondez STOP pour les arrêter.",
    ("fr", Keyword.HELP): "{name} : messages au sujet de votre commande.{reach} Répondez STOP pour arrêter les SMS.",
    ("fr", None): " Une personne vous répond ici : {reach}.",
    ("es", Keyword.STOP): "{name}: no recibirá más SMS nuestros. Responda START para volver a recibirlos.",
    ("es", Keyword.START): "{name}: volverá a recibir nuestros SMS. Responda STOP para dejar de recibirlos.",
    ("es", Keyword.HELP): "{name}: mensajes sobre su pedido.{reach} Responda STOP para dejar de recibir SMS.",
    ("es", None): " Una persona le atiende en {reach}.",
}
# To who writes to a case that has ended. A person is told of the words by the drain; nothing is promised but that.
_ENDED = {
    "en": "{name}: your case is closed. We pass your message on to a person.{reach}",
    "de": "{name}: Ihr Fall ist abgeschlossen. Wir geben Ihre Nachricht an einen Menschen weiter.{reach}",
    "fr": "{name} : votre dossier est clos. Nous transmettons votre message à une personne.{reach}",
    "es": "{name}: su caso está cerrado. Pasamos su mensaje a una persona.{reach}",
}
_REACHED = {
    "en": " You reach one at {reach}.",
    "de": " Sie erreichen uns auch unter {reach}.",
    "fr": " Vous pouvez aussi nous joindre ici : {reach}.",
    "es": " También puede contactar con nosotros en {reach}.",
}
SILENCE = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


def keyword_of(body: str, opt_out_type: str | None) -> Keyword | None:
    """What Twilio's Advanced Opt-Out has matched, else the one word that the message is. None: it is a message."""
    if opt_out_type and opt_out_type.upper() in _OPT_OUT_TYPES:
        return _OPT_OUT_TYPES[opt_out_type.upper()]
    word = _word(body)
    return _TWILIOS.get(word) or _OURS.get(word)


def is_also_an_answer(body: str, opt_out_type: str | None) -> bool:
    return not opt_out_type and _word(body) in ALSO_AN_ANSWER


def answered_by_twilio(keyword: Keyword, body: str, opt_out_type: str | None, twilio_answers: bool) -> bool:
    """Whether Twilio has answered already. Its plain HELP names no shop and no person: that one we answer all the same."""
    if opt_out_type:
        return True
    return twilio_answers and _word(body) in _TWILIOS and keyword is not Keyword.HELP


def answer(keyword: Keyword, shop: Shop, locale: str) -> str:
    """The TwiML that answers in the shop's name."""
    language = locale.lower()[:2] if (locale.lower()[:2], None) in _TEXTS else "en"
    reach = _TEXTS[language, None].format(reach=shop.reach) if shop.reach else ""
    text = _TEXTS[language, keyword].format(name=shop.name, reach=reach)
    return f'<?xml version="1.0" encoding="UTF-8"?><Response><Message>{escape(text)}</Message></Response>'


def ended(shop: Shop, locale: str) -> str:
    """The TwiML that says that the case has ended and what becomes of the words."""
    language = locale.lower()[:2] if locale.lower()[:2] in _ENDED else "en"
    said = _ENDED[language].format(name=shop.name, reach=_REACHED[language].format(reach=shop.reach) if shop.reach else "")
    return f'<?xml version="1.0" encoding="UTF-8"?><Response><Message>{escape(said)}</Message></Response>'


def _word(body: str) -> str:
    return body.strip().strip(".!").upper()
