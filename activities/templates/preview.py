"""`python -m activities.templates.preview`: prints a message with made-up people, for the eye.

Owns only the command line. Must never send anything or read a case. Called by people who write or check texts.
"""

import argparse
import sys

from activities.templates.rendering import Rendered, render
from activities.templates.samples import BRAND, LAST_ANSWER, NAME, REPLY, TODAY, sample_plan
from policies.case.vocabulary import CaseKind, Channel, MessageKind


def preview(kind: CaseKind, message: MessageKind, locale: str, channel: Channel, also: tuple[MessageKind, ...] = ()) -> Rendered:
    """A sample of such a message."""
    return render(
        sample_plan(kind, message, locale, also=also),
        channel,
        name=NAME,
        texts=[REPLY] if MessageKind.REPLY in (message, *also) else [],
        brand=BRAND,
        last_answered_at=LAST_ANSWER,
        asked_provider=True,
        today=TODAY,
    )


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m activities.templates.preview", description="Print a sample message.")
    parser.add_argument("--kind", type=CaseKind, choices=list(CaseKind), default=CaseKind.REFUND)
    parser.add_argument("--message", type=MessageKind, choices=list(MessageKind), default=MessageKind.UPDATE)
    parser.add_argument("--also", type=MessageKind, choices=list(MessageKind), nargs="*", default=[])
    parser.add_argument("--locale", default="en")
    parser.add_argument("--channel", type=Channel, choices=list(Channel), default=Channel.EMAIL)
    parser.add_argument("--html", action="store_true", help="the HTML part instead of the text")
    asked = parser.parse_args(arguments)
    rendered = preview(asked.kind, asked.message, asked.locale, asked.channel, tuple(asked.also))
    if rendered.subject:
        sys.stdout.write(f"Subject: {rendered.subject}\n\n")
    sys.stdout.write((rendered.html or rendered.text) if asked.html else rendered.text)
    sys.stdout.write(f"\n[{rendered.template_id} {rendered.template_version} {rendered.locale}]\n")


if __name__ == "__main__":
    main()
