#!/usr/bin/env python3
"""Recado beside PostgreSQL and DuckDB: the same data, the same filters, the same counts, and how long each takes.

A filter on which they disagree fails the run: that is the test. Run it through `run.sh`.
"""

import argparse
import pathlib
import random
import shutil
import signal
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass

import duckdb

import data
import systems

ROUNDS = 9
BEGAN = time.perf_counter()


@dataclass
class Filter:
    """One question in three languages. SQL stands behind `from`; `{ms}` is the start of the run."""

    name: str
    what: str
    cel: str
    duckdb: str
    jsonb: str
    # As somebody would write it who has the index; without one, as before.
    gin: str | None = None
    needs_events: bool = False


NOW_DUCKDB = "epoch_ms({ms})"
NOW_POSTGRES = "to_timestamp({ms} / 1000.0)"

FILTERS = [
    Filter(
        "F1",
        "messenger_id is not blank",
        "!blank(user.messenger_id)",
        "users where messenger_id <> ''",
        "users where attributes->>'messenger_id' <> ''",
    ),
    Filter(
        "F2",
        "F1, and country is BR or PT, and age over 30",
        '!blank(user.messenger_id) && user.country in ["BR", "PT"] && user.age > 30',
        "users where messenger_id <> '' and country in ('BR', 'PT') and age > 30",
        "users where attributes->>'messenger_id' <> '' and attributes->>'country' in ('BR', 'PT')"
        " and (attributes->>'age')::int > 30",
        "users where attributes->>'messenger_id' <> ''"
        """ and (attributes @> '{{"country": "BR"}}' or attributes @> '{{"country": "PT"}}')"""
        " and (attributes->>'age')::int > 30",
    ),
    Filter(
        "F3",
        "plan is pro or ltv at least 100, and not tagged churned",
        '(user.plan == "pro" || user.ltv >= 100) && !("churned" in user.tags)',
        "users where (plan = 'pro' or ltv >= 100) and not list_contains(tags, 'churned')",
        "users where (attributes->>'plan' = 'pro' or (attributes->>'ltv')::float8 >= 100)"
        " and not attributes->'tags' ? 'churned'",
    ),
    Filter(
        "F4",
        "seen within 7 days, and messenger_id is not blank",
        "user.last_seen >= now - days(7) && !blank(user.messenger_id)",
        f"users where last_seen >= {NOW_DUCKDB} - interval 7 days and messenger_id <> ''",
        f"users where (attributes->>'last_seen')::timestamptz >= {NOW_POSTGRES} - interval '168 hours'"
        " and attributes->>'messenger_id' <> ''",
    ),
    Filter(
        "F5",
        "at least 2 order_placed in 30 days, and country is BR",
        'count("order_placed", days(30)) >= 2 && user.country == "BR"',
        "users where country = 'BR' and no in (select user_no from events where name = 'order_placed'"
        f" and happened > {NOW_DUCKDB} - interval 30 days group by user_no having count(*) >= 2)",
        "users where attributes->>'country' = 'BR' and no in (select user_no from events"
        f" where name = 'order_placed' and happened > {NOW_POSTGRES} - interval '720 hours'"
        " group by user_no having count(*) >= 2)",
        """users where attributes @> '{{"country": "BR"}}' and no in (select user_no from events"""
        f" where name = 'order_placed' and happened > {NOW_POSTGRES} - interval '720 hours'"
        " group by user_no having count(*) >= 2)",
        needs_events=True,
    ),
    Filter(
        "F6",
        "email ends in one of two domains (regex), and opted_in",
        r'user.email.matches("@(gmail|outlook)\\.com$") && user.opted_in',
        r"users where regexp_matches(email, '@(gmail|outlook)\.com$') and opted_in",
        r"users where attributes->>'email' ~ '@(gmail|outlook)\.com$' and (attributes->>'opted_in')::bool",
        r"users where attributes->>'email' ~ '@(gmail|outlook)\.com$'"
        """ and attributes @> '{{"opted_in": true}}'""",
    ),
]


@dataclass
class Line:
    """One line of the table: milliseconds by column."""

    what: str
    matching: str
    ms: dict


def main():
    options = parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by a signal"))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="recado-compare-", dir=options.dir))
    # The server of PostgreSQL may run as somebody else.
    folder.chmod(0o755)
    running = []
    try:
        run(options, folder, running)
    finally:
        for system in reversed(running):
            system.close()
        shutil.rmtree(folder, ignore_errors=True)


def run(options, folder, running):
    chosen = lambda name: not options.systems or name in options.systems
    filters = [f for f in FILTERS if not options.filters or f.name in options.filters]
    # The parts of a second do not matter, but milliseconds must.
    start = int(time.time() * 1000)
    tell(f"making {options.users:,} users and {options.events:,} events")
    connection = duckdb.connect(str(folder / "duckdb.db"), config={"threads": 2})
    data.make(connection, options.users, options.events, start)
    duck = systems.DuckDb(connection)
    running.append(duck)
    duck.load()

    recado = start_recado(options, folder, running, connection) if chosen("recado") else None
    if recado and not recado.has_events and any(f.needs_events for f in filters):
        tell("F5 is skipped: this recado has no `events import`")
        filters = [f for f in filters if not f.needs_events]
    postgres = start_postgres(folder, running, connection) if chosen("postgres") else None

    lines = {f.name: Line(f"{f.name} {f.what}", "", {}) for f in filters}
    extra = {"ids": Line("all ids of F2", "", {}), "one": Line("one user against F2, p50", "", {})}
    answers = Answers()
    picked = random.Random(data.SEED).sample(range(options.users), min(options.users, 500))
    picked = [f"{no:08x}-0000-4000-8000-{no:012x}" for no in picked]
    has_f2 = any(f.name == "F2" for f in filters)
    f2 = next(f for f in FILTERS if f.name == "F2")

    def ask(column, system, text):
        for f in filters:
            counted, times, *took = system.count(text(f), ROUNDS)
            answers.add(f.name, column, counted)
            lines[f.name].ms[column] = statistics.median(times)
            if took:
                lines[f.name].ms["server"] = statistics.median(took[0])
        if has_f2:
            ids, times = system.ids(text(f2), ROUNDS)
            answers.add("ids of F2", column, ids)
            extra["ids"].ms[column] = statistics.median(times)
            members, times = system.one_user(text(f2), picked)
            answers.add("single users in F2", column, members)
            extra["one"].ms[column] = statistics.median(times)

    if postgres:
        tell("asking PostgreSQL")
        ask("jsonb", postgres, lambda f: f.jsonb.format(ms=start))
        tell("building its GIN index, and asking again")
        postgres.add_gin()
        ask("gin", postgres, lambda f: (f.gin or f.jsonb).format(ms=start))
    if chosen("duckdb"):
        tell("asking DuckDB")
        ask("duckdb", duck, lambda f: f.duckdb.format(ms=start))
    if recado:
        tell("asking Recado")
        ask("grpc", recado, lambda f: f.cel)
    if time.time() * 1000 > start + data.SLACK:
        sys.exit("the run took so long that `now` moved into the next window; take fewer users")

    for name, line in lines.items():
        line.matching = f"{answers.one(name):,}"
    table = list(lines.values())
    if has_f2:
        extra["ids"].matching = f"{len(answers.one('ids of F2')):,}"
        table += extra.values()
    show(options, [s for s in (postgres, duck, recado) if s], table)
    answers.check()


def start_recado(options, folder, running, connection):
    recado = systems.Recado(folder / "recado", options.recado, folder / "recado.log")
    running.append(recado)
    recado.has_events = recado.takes_events()
    users, events = folder / "users.jsonl", folder / "events.jsonl"
    data.write_users(connection, users)
    if recado.has_events:
        data.write_events(connection, events)
    began = time.perf_counter()
    recado.load(users, events if recado.has_events else None)
    tell(f"Recado is loaded in {time.perf_counter() - began:.0f} s")
    if recado.users() != options.users:
        sys.exit(f"Recado has {recado.users()} users")
    users.unlink()
    events.unlink(missing_ok=True)
    return recado


def start_postgres(folder, running, connection):
    binaries = systems.postgres_binaries()
    if not binaries:
        sys.exit("PostgreSQL 15 is missing: install it, or leave it out with --only recado,duckdb")
    with open(folder / "postgres.log", "w") as log:
        postgres = systems.Postgres(folder / "postgres", binaries, log)
    running.append(postgres)
    files = data.write_csv(connection, folder)
    began = time.perf_counter()
    postgres.load(*files)
    tell(f"PostgreSQL is loaded in {time.perf_counter() - began:.0f} s")
    for file in files:
        file.unlink()
    return postgres


class Answers:
    """What each answered to the same question."""

    def __init__(self):
        self.found = {}

    def add(self, question, column, answer):
        self.found.setdefault(question, {})[column] = answer

    def one(self, question):
        return next(iter(self.found[question].values()))

    def check(self):
        size = lambda answer: answer if isinstance(answer, int) else f"{len(answer)} ids"
        wrong = [
            f"{question}: " + ", ".join(f"{column} {size(answer)}" for column, answer in given.items())
            for question, given in self.found.items()
            if any(answer != self.one(question) for answer in given.values())
        ]
        if wrong:
            sys.exit("THEY DISAGREE\n" + "\n".join(wrong))
        columns = ", ".join(max(self.found.values(), key=len))
        tell(f"the same answers to {len(self.found)} questions from: {columns}")


def show(options, systems_run, table):
    versions = ", ".join(f"{system.name} {system.version}" for system in systems_run)
    print(f"\n{options.users:,} users, {options.events:,} events; {versions}. Milliseconds, warm, median of {ROUNDS}.\n")
    columns = [
        ("jsonb", "PostgreSQL jsonb"),
        ("gin", "+ GIN"),
        ("duckdb", "DuckDB, 2 threads"),
        ("server", "Recado, in the server"),
        ("grpc", "Recado, over gRPC"),
    ]
    columns = [(key, title) for key, title in columns if any(key in line.ms for line in table)]
    head = ["filter", "matching", *(title for _, title in columns)]
    rows = [[line.what, line.matching, *(number(line.ms.get(key)) for key, _ in columns)] for line in table]
    markdown(head, rows)
    present = {key for key, _ in columns}
    if "grpc" not in present or not present & {"jsonb", "duckdb"}:
        return
    print("\nHow many times as long the others take; the best of them against Recado with the way over gRPC, last.\n")
    head = ["filter", "PostgreSQL / Recado", "DuckDB / Recado", "best / Recado", "best / Recado over gRPC"]
    rows = []
    for line in table:
        postgres = smallest(line.ms.get("jsonb"), line.ms.get("gin"))
        duck = line.ms.get("duckdb")
        best = smallest(postgres, duck)
        # Members and single users are not timed in the server.
        own = line.ms.get("server") or line.ms.get("grpc")
        against = [(postgres, own), (duck, own), (best, own), (best, line.ms.get("grpc"))]
        rows.append([line.what.split(" ")[0] if line.what[0] == "F" else line.what, *(ratio(*pair) for pair in against)])
    markdown(head, rows)
    print()


def markdown(head, rows):
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")


def smallest(*numbers):
    return min((n for n in numbers if n is not None), default=None)


def number(ms):
    if ms is None:
        return ""
    return f"{ms:.0f}" if ms >= 100 else f"{ms:.1f}" if ms >= 10 else f"{ms:.2f}" if ms >= 1 else f"{ms:.3f}"


def ratio(other, own):
    if not other or not own:
        return ""
    return f"{other / own:.0f}" if other / own >= 10 else f"{other / own:.1f}"


def tell(text):
    print(f"{time.perf_counter() - BEGAN:5.0f} s  {text}", file=sys.stderr, flush=True)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=5_000_000)
    parser.add_argument("--only", default="", help="some of them: postgres, duckdb, recado, F1 to F6, with commas")
    parser.add_argument("--dir", help="where the data goes while this runs; a temporary folder without it")
    parser.add_argument("--recado", default="target/release/recado", help="the program")
    options = parser.parse_args()
    words = {word for word in options.only.split(",") if word}
    options.filters = words & {f.name for f in FILTERS}
    options.systems = words & {"postgres", "duckdb", "recado"}
    if unknown := words - options.filters - options.systems:
        parser.error(f"--only does not know {', '.join(sorted(unknown))}")
    if options.users < 1 or options.events < 0:
        parser.error("there must be users")
    options.recado = str(pathlib.Path(options.recado).resolve())
    return options


if __name__ == "__main__":
    main()
