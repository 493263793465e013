"""`makegood templates`: the texts that customers read, as they read them, and the check of a shop's own.

Owns these words. Must never send anything, read a case or show a real person: what is shown are samples. Part of the command line.
"""

import re
from pathlib import Path
from typing import Annotated, Any

import typer

from activities.templates.languages import FOLDERS, language_for
from activities.templates.override_check import check_overrides
from activities.templates.overrides import Overrides, read_overrides
from activities.templates.preview import preview
from activities.templates.rendering import Rendered, names_used
from activities.templates.samples import sample_plan
from policies.case.vocabulary import MESSAGE_CLASS, CaseKind, Channel, MessageKind
from policies.sms_segments import sms_size
from starter.cli.options import Json
from starter.cli.printing import complain, put_json, remark, say, table
from starter.cli.session import failed, settings
from starter.plain_errors import nearest
from starter.settings import SettingsError

_LOCALE = re.compile(r"[a-z]{2}(-[A-Z]{2})?")
_UNSET = "MAKEGOOD_TEMPLATES_DIR is not set: no shop has texts of its own"

Folder = Annotated[Path | None, typer.Option("--dir", metavar="FOLDER", help="Shops' own texts (default: MAKEGOOD_TEMPLATES_DIR).")]

group = typer.Typer(no_args_is_help=True, help="Message texts: list, read, check a shop's own.")


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="templates", rich_help_panel="Rules and forms")


@group.command("list")
def list_texts(folder: Folder = None, json: Json = False) -> None:
    """The kinds of message with the texts they are made of, the languages, and which shops have texts of their own."""
    overrides = _overrides(folder)
    kinds = [(kind, sorted({*_texts_of(kind, Channel.EMAIL), *_texts_of(kind, Channel.SMS)})) for kind in MessageKind]
    shops = [(str(shop), language, sorted(_own(overrides, str(shop), language))) for shop, language in sorted(overrides.sets, key=str)]
    if json:
        put_json(
            {
                "kinds": [{"kind": kind.value, "class": MESSAGE_CLASS[kind].value, "texts": texts} for kind, texts in kinds],
                "languages": list(FOLDERS),
                "channels": [channel.value for channel in Channel],
                "shops": [{"shop": shop, "language": language, "texts": texts} for shop, language, texts in shops],
            }
        )
        return
    everywhere = set.intersection(*(set(texts) for _, texts in kinds))
    rows = ((kind.value, MESSAGE_CLASS[kind].value, ", ".join(text for text in texts if text not in everywhere)) for kind, texts in kinds)
    table(("kind", "class", "texts"), rows)
    say()
    say(f"in all of them: {', '.join(sorted(everywhere))}")
    say(f"languages: {', '.join(FOLDERS)}; channels: {', '.join(Channel)}")
    if shops:
        say()
        table(("shop", "language", "texts of its own"), ((shop, language, ", ".join(texts)) for shop, language, texts in shops))


@group.command()
def show(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="A kind of message, for example update (`makegood templates list`).")],
    locale: Annotated[str, typer.Option(help="The reader's locale, for example de or de-AT.")] = "en",
    channel: Annotated[Channel, typer.Option(help="How it goes out.")] = Channel.EMAIL,
    case_kind: Annotated[CaseKind, typer.Option(help="Of which kind of case.")] = CaseKind.REFUND,
    merchant: Annotated[str | None, typer.Option(help="In this merchant's words, where it has some.")] = None,
    brand: Annotated[str | None, typer.Option(help="And in those of this brand of the merchant.")] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the HTML part of the e-mail to a file.")] = None,
    folder: Folder = None,
    json: Json = False,
) -> None:
    """A sample message as its reader sees it."""
    message = _message_kind(kind)
    if not _LOCALE.fullmatch(locale):
        raise typer.BadParameter(f"--locale {locale}: right would be a language, optionally with a country: en or de-AT")
    if html is not None and channel is not Channel.EMAIL:
        raise typer.BadParameter("--html: only an e-mail has an HTML part")
    if brand is not None and merchant is None:
        raise typer.BadParameter("--brand: say whose, with --merchant")
    overrides = _overrides(folder) if merchant is not None else None
    rendered = preview(case_kind, message, locale, channel, merchant=merchant, brand=brand, overrides=overrides)
    if html is not None:
        _write(html, rendered.html or "")
    if json:
        put_json(_as_json(rendered, message, case_kind, channel))
    else:
        _tell(rendered, channel)
    _remark_on(rendered, locale, merchant, overrides)
    if rendered.template_id.endswith(":broken"):
        complain(f"the text of {merchant} fails here, and the text of ours was used; `makegood templates check` says why")
        raise typer.Exit(1)


@group.command()
def check(
    folder: Annotated[Path | None, typer.Argument(metavar="[FOLDER]", help="Shops' own texts (default: MAKEGOOD_TEMPLATES_DIR).")] = None,
    json: Json = False,
) -> None:
    """Compile shops' own texts and hold them to what every message must say: each problem with file, line and what would be right."""
    root = folder or _templates_dir()
    if root is None:
        if json:
            put_json({"ok": True, "folder": None, "problems": [], "warnings": [], "shops": []})
        remark(_UNSET)
        return
    checked = check_overrides(root)
    shops = [(str(shop), language, sorted(_own(checked.overrides, str(shop), language))) for shop, language in checked.overrides.sets]
    if json:
        put_json(
            {
                "ok": not checked.problems,
                "folder": str(root),
                "problems": [{"file": str(problem.file), "line": problem.line, "problem": problem.words} for problem in checked.problems],
                "warnings": checked.warnings,
                "shops": [{"shop": shop, "language": language, "texts": texts} for shop, language, texts in shops],
            }
        )
    else:
        if not checked.problems:
            for shop, language, texts in shops:
                say(f"{shop} {language}: {', '.join(texts)}, good")
        for warning in checked.warnings:
            remark(f"warning: {warning}")
        for problem in checked.problems:
            complain(str(problem))
    if checked.problems:
        raise typer.Exit(1)


def _message_kind(kind: str) -> MessageKind:
    try:
        return MessageKind(kind)
    except ValueError:
        raise typer.BadParameter(f'KIND "{kind}": no such kind of message; {_known(kind)}') from None


def _known(kind: str) -> str:
    meant = nearest(kind, MessageKind)
    known = f"known are {', '.join(MessageKind)}"
    return known if meant == known else f"{meant} {known.capitalize()}"


def _templates_dir() -> Path | None:
    try:
        return settings().templates_dir
    except SettingsError as error:
        raise failed(error) from None


def _overrides(folder: Path | None) -> Overrides:
    """Read, not checked: whoever writes a text wants to see it before it is perfect."""
    root = folder or _templates_dir()
    if root is None:
        return Overrides({})
    overrides, problems = read_overrides(root)
    for problem in problems:
        remark(f"warning: {problem}")
    return overrides


def _texts_of(kind: MessageKind, channel: Channel) -> tuple[str, ...]:
    return names_used(sample_plan(CaseKind.REFUND, kind), channel)


def _own(overrides: Overrides, shop: str, language: str) -> list[str]:
    """The texts of that very shop, without those of the merchant below a brand."""
    texts = next(texts for (name, folder), texts in overrides.sets.items() if (str(name), folder) == (shop, language))
    return [name for name, source in texts.sources.items() if source.origin == shop]


def _as_json(rendered: Rendered, message: MessageKind, case_kind: CaseKind, channel: Channel) -> dict[str, Any]:
    size = sms_size(rendered.text) if channel is Channel.SMS else None
    sms = {"encoding": size.encoding.value, "units": size.units, "segments": size.segments} if size else None
    return {"kind": message.value, "case_kind": case_kind.value, "channel": channel.value, **rendered.model_dump(), "sms": sms}


def _tell(rendered: Rendered, channel: Channel) -> None:
    if rendered.subject is not None:
        say(f"Subject: {rendered.subject}")
        say()
    say(rendered.text.rstrip("\n"))
    size = sms_size(rendered.text) if channel is Channel.SMS else None
    sms = f", {size.units} units of {size.encoding.value} in {size.segments} segment{'s' if size.segments > 1 else ''}" if size else ""
    remark(f"[{rendered.template_id}, version {rendered.template_version}, {rendered.locale}{sms}]")


def _remark_on(rendered: Rendered, locale: str, merchant: str | None, overrides: Overrides | None) -> None:
    if language_for(locale).folder != locale.split("-")[0]:
        remark(f"There are no texts in {locale}: English is used. Known are {', '.join(FOLDERS)}.")
    if merchant is not None and overrides is not None and "@" not in rendered.template_id:
        remark(f"{merchant} has no text of its own in this message." if overrides.sets else f"{_UNSET}.")


def _write(file: Path, page: str) -> None:
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise failed(OSError(f"{file}: cannot be written ({error.strerror})")) from None
