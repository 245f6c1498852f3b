"""
The command line: `auditbook serve` and what goes with it. Every command takes its settings from the environment.

docs/operations.md lists the settings; `auditbook doctor` says which of them do not work.
"""

import argparse
import getpass
import signal
import sys
import threading
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import segno
from flask import Flask

from server.app import create_app
from server.config import Config, ConfigurationError, load_config
from server.database import SERVER, db, reading
from server.demo import seed
from server.domain.operation import ChainKey, head_statement
from server.domain.refusals import Refused
from server.domain.vocabulary import Role
from server.handover.read import opened
from server.handover.take_in import Taken, take_in
from server.identity import by_hand
from server.identity.invite import found
from server.jobs.worker import run_worker
from server.mail import smtp
from server.sealing import pades, verify
from server.sealing.log_key import load_log_key
from server.storage import decision_register
from server.storage.accounts import ListedInstallation
from server.storage.clock import as_instant
from server.storage.evidence_store import EvidenceFiles
from server.storage.health import complaint_about_pages, complaint_about_role, complaint_about_shape, database_version
from server.storage.in_use import end_restore
from server.storage.inspection import HeadRow, Log, Unreadable
from server.storage.migrate import migrate
from server.storage.server_state import last_backup_at
from server.sync.head_signature import verifying_key
from server.sync.restore import CaughtUp, begin_again, catch_up_with_register
from server.sync.update import ask_after_update
from server.upkeep.apart import in_child
from server.upkeep.backup import take_backup
from server.upkeep.examine import examine_logs
from server.upkeep.examine_files import examine_files
from server.upkeep.problem import CannotBeDone
from server.upkeep.restore import check_backup, put_back
from server.upkeep.serving import hold_for_serving
from server.web.serve import serve

USUAL_WORKSPACE = "Certification body"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    argv = sys.argv[1:] if argv is None else list(argv)
    if argv[:1] == ["verify"]:
        # It knows its own options, and needs neither settings nor a database.
        return verify.main(argv[1:])
    given = _parser().parse_args(argv)
    try:
        code: int = given.run(given, load_config())
        return code
    except ConfigurationError as problem:
        return _complain(str(problem))
    except CannotBeDone as problem:
        return _complain(str(problem))
    except Refused as refused:
        return _complain(refused.refusal.sentence)


def _complain(sentence: str) -> int:
    print(f"auditbook: {sentence}", file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="auditbook",
        description="The auditor's book for management-system certification: server, worker, and what keeps them going.",
        epilog="Settings come from the environment: AUDITBOOK_PORT, AUDITBOOK_DATA and so on; docs/operations.md lists them.",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(
        name: str, sentence: str, to: "argparse._SubParsersAction[argparse.ArgumentParser]" = commands
    ) -> argparse.ArgumentParser:
        return to.add_parser(name, help=sentence, description=sentence)

    command(
        "serve", "Bring the database up to date, then serve the app and do the work in the background, until Ctrl-C."
    ).set_defaults(run=_serve)
    command(
        "worker", "Make reports and send mails, beside servers that run with AUDITBOOK_WORKER=0, until Ctrl-C."
    ).set_defaults(run=_work)

    accounts = command("account", "Make an account, or set a forgotten password.").add_subparsers(
        required=True, metavar="COMMAND"
    )
    create = command("create", "Make an account. The password is asked for, or read from standard input.", accounts)
    create.add_argument("email", help="address to sign in with")
    create.add_argument("--name", required=True, help="name as it stands in reports")
    create.add_argument(
        "--role",
        action="append",
        required=True,
        choices=[role.value for role in Role],
        help="what the account may do; may be given several times",
    )
    create.add_argument(
        "--workspace",
        default=USUAL_WORKSPACE,
        help="name of the workspace; made if there is none (default: %(default)s)",
    )
    create.set_defaults(run=_create_account)
    reset = command("reset-password", "Set a new password and sign the account out everywhere.", accounts)
    reset.add_argument("email", help="address of the account")
    reset.set_defaults(run=_reset_password)

    devices = command("device", "List tablets, block a lost one, let it in again.").add_subparsers(
        required=True, metavar="COMMAND"
    )
    listing = command("list", "List the tablets: id, account, when it was last seen, name.", devices)
    listing.add_argument("email", nargs="?", help="address of an account, to see its tablets only")
    listing.set_defaults(run=_list_devices)
    block = command(
        "block",
        "Block a tablet: it receives nothing more, and what it sends is kept aside for the lead auditor.",
        devices,
    )
    block.set_defaults(run=_block)
    unblock = command("unblock", "Let a tablet in again that was found.", devices)
    unblock.set_defaults(run=_unblock)
    for each in (block, unblock):
        each.add_argument(
            "installation",
            type=uuid.UUID,
            help="id of the tablet, as `auditbook device list` and the app's Sync show it",
        )

    backup = command(
        "backup", "Take a backup while the server serves: database, evidence and reports, as of one instant."
    )
    backup.add_argument("place", type=Path, help="folder for backups; each is a folder in it, named by its instant")
    backup.set_defaults(run=_backup)
    restore = command("restore", "Put a backup back, with every server and worker stopped; a new epoch begins.")
    restore.add_argument("backup", type=Path, help="folder of the backup, with its manifest.json")
    restore.add_argument("--check", action="store_true", help="only look whether the backup is whole; change nothing")
    restore.add_argument("--replace", action="store_true", help="move the database aside that is here")
    restore.add_argument(
        "--without-log-key",
        action="store_true",
        help="go on although the key is gone that signed how far the logs in this backup go",
    )
    restore.set_defaults(run=_restore)
    command(
        "restored",
        "To be run after a backup was put back: tablets compare what they have, and what was erased or blocked since is so again.",
    ).set_defaults(run=_restored)
    bring = command(
        "import",
        "Take in a file that a tablet wrote to be taken out by hand. Its passphrase is asked for, or read from standard input.",
    )
    bring.add_argument("file", type=Path, help="the file, as the tablet saved it")
    bring.add_argument(
        "--vouch-for",
        metavar="EMAIL",
        help="say that what tablets unknown to this server wrote in the file under this person's name is that person's own work: "
        "it counts as such from then on, and cannot be taken back. Without it, such work waits for its author",
    )
    bring.set_defaults(run=_import)
    command("verify", "Check a signed report, offline. `auditbook verify --help` says how.").set_defaults(run=None)
    doctor = command(
        "doctor",
        "Say what works and what does not: settings, database, keys, mail; and prove every log, photo and report by its hash.",
    )
    doctor.add_argument("--quick", action="store_true", help="leave out the bytes of photos and reports")
    doctor.set_defaults(run=_doctor)
    return parser


# --- serve and worker


def _serve(_given: argparse.Namespace, config: Config) -> int:
    hold_for_serving(config)
    notes = in_child(lambda: _prepare(config)) if config.s3_bucket else _prepare(config)
    stop = threading.Event()
    worker: list[threading.Thread] = []
    served: list[Flask] = []

    def load_app() -> Flask:
        served.append(create_app(config))
        return served[0]

    def start_worker() -> None:
        if config.worker != "0":
            worker.append(threading.Thread(target=run_worker, args=(served[0], stop), name="worker"))
            worker[0].start()

    def stop_worker() -> None:
        stop.set()
        for thread in worker:
            thread.join(timeout=60)

    def say(port: int) -> None:
        print(f"\nAuditbook is served at {_address(config, port)}\n", flush=True)
        if config.public_url and sys.stdout.isatty():
            # To be scanned by the tablets.
            segno.make(config.public_url, error="m").terminal(compact=True)
        for note in notes:
            print(note.format(address=_address(config, port)), flush=True)

    serve(config, load_app, when_ready=say, when_started=start_worker, when_stopping=stop_worker)
    return 0


def _prepare(config: Config) -> list[str]:
    """Bring the database up to date, and begin the demonstration or the first account. Says what a person should read."""
    app = create_app(config)
    notes = list(_probe(config))
    with app.app_context():
        migrate()
        _say_caught_up(catch_up_with_register(load_log_key(config).name))
        ask_after_update()
        # A server that others can reach must not begin with accounts whose password stands in the documentation.
        if config.is_demo and not config.public_url:
            seed.seed(datetime.now().astimezone().date(), EvidenceFiles(config))
        code, is_demonstration = found(), seed.is_seeded()
        db.engine.dispose()
    if code is not None:
        return [*notes, f"Nobody has an account yet. Make the first one here:\n\n  {{address}}/#/join/first/{code}\n"]
    return [*notes, *(_demo_notes() if is_demonstration else ())]


def _probe(config: Config) -> Iterator[str]:
    """
    What a person should know of the store at the start. Raises Refused where it refuses this server: that does not come right by
    itself. Where it does not answer, everything but photos and files goes on.
    """
    try:
        EvidenceFiles(config).blobs.probe()
    except Refused as refused:
        if refused.refusal.code != "server.store_unreachable":
            raise
        yield f"auditbook: {refused.refusal.sentence} Everything else works meanwhile.\n"


def _demo_notes() -> Iterator[str]:
    yield "Demonstration data; nothing here is real. Sign in as one of these:\n"
    for email, function in seed.sign_ins():
        yield f"  {email:<28} {function}"
    yield f"\n  password of all of them:     {seed.PASSWORD}\n"
    yield "Two audits are over; their reports are made in the background. docs/demonstration.md says where to look.\n"


def _address(config: Config, port: int) -> str:
    """What a person types into the browser. The camera and the service worker want `localhost` or HTTPS."""
    if config.public_url:
        return config.public_url.rstrip("/")
    host = "localhost" if config.host in ("127.0.0.1", "0.0.0.0", "::1", "::", "localhost") else config.host
    return f"http://{host}:{port}"


def _work(_given: argparse.Namespace, config: Config) -> int:
    hold_for_serving(config)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    for note in _probe(config):
        print(note, flush=True)
    app = _ready_app(config)
    print("The worker is running. Ctrl-C ends it, after the job that it is at.", flush=True)
    run_worker(app, stop)
    return 0


# --- account and device


def _create_account(given: argparse.Namespace, config: Config) -> int:
    with _ready_app(config).app_context():
        by_hand.create_account(
            email=given.email,
            name=given.name,
            password=_password(),
            roles=[Role(role) for role in given.role],
            workspace=given.workspace,
        )
    print(f"{given.email} can sign in now.")
    return 0


def _reset_password(given: argparse.Namespace, config: Config) -> int:
    with _ready_app(config).app_context():
        if not by_hand.reset_password(given.email, _password()):
            return _complain(f"There is no account with the address {given.email}.")
    print(f"{given.email} has a new password and is signed out everywhere.")
    return 0


def _list_devices(given: argparse.Namespace, config: Config) -> int:
    with _ready_app(config).app_context():
        tablets = by_hand.installations(given.email)
    if not tablets:
        return _complain(f"No tablet is enrolled{f' for {given.email}' if given.email else ''}.")
    widest = max(len(tablet.email) for tablet in tablets)
    for tablet in tablets:
        print(f"{tablet.id}  {tablet.email:<{widest}}  {_seen(tablet)}  {_printable(tablet.name)}")
    return 0


def _seen(tablet: ListedInstallation) -> str:
    if tablet.vouched_by is not None and tablet.revoked_at is None and tablet.last_seen_at is None:
        return f"vouched for {as_instant(tablet.enrolled_at)[:10]}"
    if tablet.revoked_at is not None:
        return f"blocked {as_instant(tablet.revoked_at)[:10]}"
    if tablet.last_seen_at is not None:
        return f"seen {as_instant(tablet.last_seen_at)[:10]}"
    return f"enrolled {as_instant(tablet.enrolled_at)[:10]}"


def _printable(name: str) -> str:
    """What a tablet calls itself must not steer the terminal."""
    return "".join(character if character.isprintable() else "?" for character in name)


def _block(given: argparse.Namespace, config: Config) -> int:
    with _ready_app(config).app_context():
        blocked = by_hand.block_installation(str(given.installation))
    if not blocked:
        return _complain(f"No tablet with the id {given.installation} is enrolled, or it was blocked before.")
    print("The tablet is blocked. Whoever worked on it should set a new password as well.")
    return 0


def _unblock(given: argparse.Namespace, config: Config) -> int:
    with _ready_app(config).app_context():
        readmitted = by_hand.unblock_installation(str(given.installation))
    if not readmitted:
        return _complain(f"No tablet with the id {given.installation} is blocked.")
    print("The tablet is let in again. What it sent meanwhile stays aside until the lead auditor lets it count.")
    return 0


# --- backup and restore


def _backup(given: argparse.Namespace, config: Config) -> int:
    app = create_app(config)
    with app.app_context():
        with reading(SERVER) as session:
            complaint = complaint_about_shape(session)
        if complaint is not None:
            return _complain(f"No backup of this database: {complaint}.")
        try:
            backup = take_backup(config, given.place.resolve())
        finally:
            db.engine.dispose()
    manifest = backup.manifest
    print(f"{backup.folder}")
    print(
        f"It holds {manifest.audits} audits with {manifest.entries} entries and {manifest.files - 1} photos and reports,"
        f" {backup.copied} of them new here."
    )
    print(
        "Not in it, to be kept in places of their own (docs/operations.md): the log key, the signer, the register of decisions."
    )
    if backup.is_on_same_disk:
        print("It lies on the same disk as the data. Copy it to another machine: it does not outlive this disk.")
    for name in manifest.missing:
        print(
            f"auditbook: {name} is gone or damaged, so it is not in the backup. See `auditbook doctor`.",
            file=sys.stderr,
        )
    return 1 if manifest.missing else 0


def _restore(given: argparse.Namespace, config: Config) -> int:
    folder = given.backup.resolve()
    if given.check:
        manifest = check_backup(folder)
        print(f"The backup of {manifest.taken_at} is whole: {manifest.files} files, each as it was written.")
        return 0
    began: list[CaughtUp] = []
    had_register = config.decision_register_path.exists()

    def begin_epoch() -> None:
        with create_app(config).app_context():
            migrate()
            began.append(begin_again())
            db.engine.dispose()

    done = put_back(config, folder, begin_epoch, is_replacing=given.replace, is_without_log_key=given.without_log_key)
    print(
        f"The backup of {done.manifest.taken_at} was put back, with {done.files} photos and reports that were not here."
    )
    if done.moved_to is not None:
        print(f"The database that was here lies in {done.moved_to}. Delete it when everything is well.")
    for name in done.manifest.missing:
        print(f"auditbook: {name} was missing already when the backup was taken.", file=sys.stderr)
    for caught_up in began:
        _say_epoch(caught_up)
    if not had_register:
        print(
            f"There was no register of decisions at {config.decision_register_path}, and a new one was begun. Where you have yours, put"
            " it in its place and run `auditbook restored`: what was erased or blocked since the backup is here again without it."
        )
    print("Now start the server (`auditbook serve`) and open the app on every tablet while the network is there.")
    return 0


def _restored(_given: argparse.Namespace, config: Config) -> int:
    app = create_app(config)
    with app.app_context():
        migrate()
        began = begin_again()
        db.engine.dispose()
    end_restore(config.data_folder)
    _say_epoch(began)
    return 0


def _say_epoch(began: CaughtUp) -> None:
    print(f"A new epoch has begun: {began.epoch}. Every tablet compares what it has and sends what is lacking.")
    _say_caught_up(began)


def _say_caught_up(done: CaughtUp) -> None:
    """What somebody who put a backup back should know of the register of decisions."""
    if done.erased:
        print(f"The content of {done.erased} entries that had been erased was here again, and is gone.")
    if done.unknown:
        print(f"{done.unknown} erasures are about workspaces that this database does not have. They stay registered.")
    if done.blocked:
        print(f"{done.blocked} tablets that had been blocked were let in here again, and are blocked.")
    if done.issued:
        print(
            f"{done.issued} reports had gone out since the backup. The audits' logs say so again, and their numbers stay."
        )
    for address in done.without_password:
        print(
            f"{address} had set a new password since. The one from before is of no use: a new one can be had by mail."
        )
    for line in done.unreadable_lines:
        print(f"auditbook: line {line} of the register of decisions cannot be read and was left out.", file=sys.stderr)


def _import(given: argparse.Namespace, config: Config) -> int:
    passphrase = sys.stdin.readline() if not sys.stdin.isatty() else getpass.getpass("Passphrase of the file: ")
    app = _ready_app(config)
    try:
        with app.app_context(), opened(given.file, passphrase) as handover:
            print(f"Written by {_printable(handover.made_by)} at {handover.made_at}.")
            taken = take_in(handover, EvidenceFiles(config), given.vouch_for)
    except OSError as problem:
        return _complain(f"{given.file} cannot be read: {problem.strerror}.")
    for audit in taken:
        print(f"\n{_printable(audit.title or audit.audit)}")
        for line in _say_taken(audit, given.vouch_for):
            print(f"  {line}")
    return 1 if any(audit.refused or audit.photos_refused for audit in taken) else 0


def _say_taken(audit: Taken, vouched_for: str | None = None) -> Iterator[str]:
    yield f"{audit.new} entries are new, {audit.known} were here already."
    if audit.vouched:
        yield f"{audit.vouched} of them come from a tablet that this server did not know: they count as written by {vouched_for} on your word."
    if audit.put_right:
        numbers = ", ".join(map(str, audit.put_right))
        yield f"Damaged here, and put right from this file: {'entry' if len(audit.put_right) == 1 else 'entries'} {numbers}."
    for code, count in sorted(audit.quarantined.items()):
        yield f"{count} entries are kept aside: {audit.sentences[code]}"
    for code, count in sorted(audit.refused.items()):
        yield f"{count} entries were not taken, and are in the file alone: {audit.sentences[code]}"
    if audit.photos or audit.photos_known:
        yield f"{audit.photos} photos are new, {audit.photos_known} were here already."
    if audit.photos_refused:
        yield f"{audit.photos_refused} photos were not taken: their audit is not known here."


def _ready_app(config: Config) -> Flask:
    app = create_app(config)
    with app.app_context():
        migrate()
        _say_caught_up(catch_up_with_register())
        ask_after_update()
    return app


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != password:
        raise SystemExit(_complain("The two differ. Nothing was changed."))
    return password


# --- doctor


def _doctor(given: argparse.Namespace, config: Config) -> int:
    problems = 0
    for name, complaint in _examined(config, is_quick=given.quick):
        problems += complaint is not None
        print(f"{'ok ' if complaint is None else 'BAD'}  {name}" + (f": {complaint}" if complaint else ""))
    print("\nEverything works." if not problems else f"\n{problems} of these need attention.")
    return 1 if problems else 0


def _examined(config: Config, *, is_quick: bool) -> Iterator[tuple[str, str | None]]:
    """What was looked at, with what is wrong with it."""
    yield "settings can be read", None
    yield f"data folder {config.data_folder}", _writable(config.data_folder)
    if config.s3_bucket:
        yield f"store s3://{config.s3_bucket}", _store(config)
    database, complaint, about_role = _database(config)
    yield database, complaint
    if about_role is not None:
        yield "role in the database", about_role
    if complaint is None:
        yield from _kept(config, is_quick=is_quick)
    now = datetime.now(UTC)
    signing = "signing key" if config.signing_pkcs12 else "signing key for development (reports say NOT FOR PRODUCTION)"
    yield signing, "; ".join(pades.problems_of(config, now)) or None
    yield "log key", _log_key(config)
    yield f"register of decisions {config.decision_register_path}", _register(config)
    if config.smtp_host:
        yield f"mail server {config.smtp_host}", _mail(config)
    else:
        yield f"no mail server: mails are written to {config.data_folder / 'mail'}", None
    built = (config.pwa_folder / "index.html").is_file()
    yield "tablet app", None if built else f"it is not built; it is looked for in {config.pwa_folder}"


def _kept(config: Config, *, is_quick: bool) -> Iterator[tuple[str, str | None]]:
    """Every log, and every file that a row speaks of."""
    with create_app(config).app_context():
        try:
            yield from _kept_in(config, is_quick=is_quick)
        except Unreadable as problem:
            yield "database", f"it cannot be read: {problem}"
        finally:
            db.engine.dispose()


def _kept_in(config: Config, *, is_quick: bool) -> Iterator[tuple[str, str | None]]:
    with reading(SERVER) as session:
        yield "pages of the database", None if is_quick else complaint_about_pages(session)
        last = last_backup_at(session)
    yield f"last backup: {'none yet' if last is None else as_instant(last)}", None
    logs = entries = 0
    for examined in examine_logs(_is_signed):
        logs, entries = logs + 1, entries + examined.entries
        for complaint in examined.complaints:
            yield examined.log.name, complaint
    yield f"{logs} logs with {entries} entries, hashed again", None
    if is_quick:
        return
    for sentence in examine_files(config):
        yield "files", sentence
    yield "photos and reports, hashed again", None


def _is_signed(log: Log, head: HeadRow) -> bool:
    chain = ChainKey(head.installation, head.account, log.audit)
    keys = [] if head.public_key is None else [head.public_key]
    return verifying_key(head_statement(chain, head.dseq, head.digest), head.signature, keys) is not None


def _writable(folder: Path) -> str | None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".doctor"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as problem:
        return str(problem)
    return None


def _store(config: Config) -> str | None:
    try:
        EvidenceFiles(config).blobs.probe()
    except Refused as refused:
        return refused.refusal.sentence
    return None


def _database(config: Config) -> tuple[str, str | None, str | None]:
    """Which one it is, what keeps this version from working with it, and what is wrong with the role."""
    try:
        with create_app(config).app_context(), reading(SERVER) as session:
            return database_version(session), complaint_about_shape(session), complaint_about_role(session)
    except Exception as problem:
        # Whatever is wrong with it is the answer.
        return "database", str(problem).splitlines()[0], None


def _log_key(config: Config) -> str | None:
    try:
        load_log_key(config)
    except (ConfigurationError, OSError) as problem:
        return str(problem)
    return None


def _register(config: Config) -> str | None:
    try:
        unreadable = decision_register.read(config.decision_register_path).unreadable
    except OSError as problem:
        return str(problem)
    return f"lines that cannot be read: {', '.join(map(str, unreadable))}" if unreadable else None


def _mail(config: Config) -> str | None:
    try:
        smtp.probe(config)
    except smtp.DeliveryFailed as problem:
        return str(problem)
    return None


if __name__ == "__main__":
    sys.exit(main())
