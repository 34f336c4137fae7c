"""The three that are compared: how each is started, loaded, asked and ended.

Each has `load`, `count(text)` and `ids(text)`, and `one_user(text, ids)`; counts and ids come with the times of
all repetitions in milliseconds. What was started here is ended here, and nothing else.
"""

import os
import pathlib
import pwd
import re
import signal
import statistics
import subprocess
import time

import data
import grpc

WARM_UP = 2


def repeat(n, ask):
    """The last answer, and what each of `n` repetitions took after the first few."""
    times = []
    for at in range(WARM_UP + n):
        began = time.perf_counter()
        answer = ask()
        if at >= WARM_UP:
            times.append((time.perf_counter() - began) * 1e3)
    return answer, times


class DuckDb:
    """Typed columns in a file, two threads, in the process that asks."""

    name = "DuckDB"

    def __init__(self, connection):
        self.connection = connection
        self.version = connection.execute("select version()").fetchone()[0].lstrip("v")

    def load(self):
        self.connection.execute("checkpoint")

    def count(self, sql, n):
        ask = f"select count(*) from {sql}"
        return repeat(n, lambda: self.connection.execute(ask).fetchone()[0])

    def ids(self, sql, n):
        """To Python, or as text to nowhere, whichever is faster."""
        ask = f"select id from {sql}"
        rows, fetched = repeat(n, lambda: self.connection.execute(ask).fetchall())
        copy = f"copy ({ask}) to '/dev/null' (format csv)"
        _, copied = repeat(n, lambda: self.connection.execute(copy))
        return {id for (id,) in rows}, min(fetched, copied, key=statistics.median)

    def one_user(self, sql, ids):
        ask = f"select count(*) from {sql} and id = ?"
        times, members = [], 0
        for id in ids:
            began = time.perf_counter()
            members += self.connection.execute(ask, [id]).fetchone()[0]
            times.append((time.perf_counter() - began) * 1e3)
        return members, times

    def close(self):
        self.connection.close()


class Postgres:
    """A cluster of its own in a folder, on a Unix socket in it, durable as it comes."""

    name = "PostgreSQL"

    def __init__(self, folder, binaries, log):
        self.folder, self.binaries, self.server = folder, binaries, None
        # The server refuses to run as root, and its clients need not.
        self.user = {}
        if os.geteuid() == 0:
            owner = next(p for p in pwd.getpwall() if p.pw_name in ("postgres", "nobody"))
            self.user = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        folder.mkdir()
        if self.user:
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        self.run("initdb", "-D", str(folder / "data"), "-A", "trust", "-U", "recado", "-E", "UTF8", "--locale=C")
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": folder,
            "shared_buffers": f"{min(memory // 4, 6144)}MB",
            "effective_cache_size": f"{memory // 2}MB",
            "work_mem": "64MB",
            "maintenance_work_mem": "512MB",
            "max_wal_size": "8GB",
            # Compiling such short queries takes longer than running them.
            "jit": "off",
        }
        arguments = [f"--{name}={value}" for name, value in settings.items()]
        self.server = subprocess.Popen(
            [str(binaries / "postgres"), "-D", str(folder / "data"), *arguments],
            stdout=log, stderr=log, start_new_session=True, cwd=folder, **self.user,
        )  # fmt: skip
        wait(lambda: self.server.poll() is None and self.is_ready(), "PostgreSQL does not start")
        self.version = self.psql("show server_version").split()[0]

    def run(self, program, *arguments):
        subprocess.run(
            [str(self.binaries / program), *arguments],
            check=True, stdout=subprocess.DEVNULL, cwd=self.folder, **self.user,
        )  # fmt: skip

    def is_ready(self):
        ask = [str(self.binaries / "pg_isready"), "-q", "-h", str(self.folder)]
        return subprocess.run(ask).returncode == 0

    def psql(self, script):
        command = [
            str(self.binaries / "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1",
            "-h", str(self.folder), "-U", "recado", "-d", "postgres",
        ]  # fmt: skip
        done = subprocess.run(command, input=script, text=True, capture_output=True)
        if done.returncode != 0:
            raise RuntimeError(f"psql: {done.stderr}")
        return done.stdout

    def load(self, users, events):
        self.psql(f"""
            create table users (no int not null, id text not null, attributes jsonb not null);
            create table events (user_no int not null, name text not null, happened timestamptz not null,
                properties jsonb not null);
            \\copy users from '{users}' (format csv)
            \\copy events from '{events}' (format csv)
            create unique index on users (no);
            create unique index on users (id);
            create index on events (name, happened) include (user_no);
            vacuum (analyze, freeze) users;
            vacuum (analyze, freeze) events;
            checkpoint;""")

    def add_gin(self):
        self.psql("""
            create index on users using gin (attributes jsonb_path_ops);
            vacuum (analyze) users;
            checkpoint;""")

    def timed(self, before, statements):
        """What psql printed, and what it says each statement took, there and back."""
        out = self.psql(f"{before}\n\\timing on\n" + "\n".join(statements))
        rows = re.sub(r"^Time: .*\n?", "", out, flags=re.M).split()
        return rows, [float(ms) for ms in re.findall(r"^Time: ([\d.]+) ms", out, flags=re.M)]

    def count(self, sql, n):
        rows, times = self.timed("", [f"select count(*) from {sql};"] * (WARM_UP + n))
        return int(rows[-1]), times[WARM_UP:]

    def ids(self, sql, n):
        ask = f"select id from {sql};"
        rows, times = self.timed("", ["\\o /dev/null", *[ask] * (WARM_UP + n), "\\o", ask])
        return set(rows), times[WARM_UP:-1]

    def one_user(self, sql, ids):
        prepare = f"prepare one(text) as select count(*) from {sql} and id = $1;"
        rows, times = self.timed(prepare, [f"execute one('{id}');" for id in ids])
        return sum(map(int, rows)), times

    def close(self):
        end(self.server, signal.SIGINT)


class Recado:
    """A server with a store on disk, asked over gRPC on loopback."""

    name = "Recado"

    def __init__(self, folder, binary, log_file):
        self.binary, self.connection = binary, None
        folder.mkdir()
        log = open(log_file, "w")
        self.server = subprocess.Popen(
            [binary, "serve", "--store", f"sqlite:{folder / 'recado.sqlite'}",
             "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0", "--log", "warn"],
            stdout=log, stderr=log, start_new_session=True, cwd=folder,
        )  # fmt: skip
        pattern = re.compile(r"gRPC on 127\.0\.0\.1:(\d+)")
        found = wait(lambda: pattern.search(pathlib.Path(log_file).read_text()), "recado does not start")
        self.port = int(found[1])
        self.address = f"127.0.0.1:{self.port}"
        self.version = self.cli("--version").split()[-1]

    def cli(self, *arguments):
        done = subprocess.run([self.binary, *arguments], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"recado {' '.join(arguments[:2])}: {done.stdout}{done.stderr}")
        return done.stdout

    def connect(self):
        """A connection that rested while others were asked is closed by the server: it answers no pings."""
        self.disconnect()
        self.connection = grpc.Connection("127.0.0.1", self.port)

    def disconnect(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    def takes_events(self):
        done = subprocess.run([self.binary, "events", "import", "--help"], capture_output=True)
        return done.returncode == 0

    def load(self, users, events):
        self.cli("users", "import", str(users), "--server", self.address)
        if events:
            self.cli("events", "import", str(events), "--server", self.address)

    def evaluate(self, cel):
        request = grpc.text_field(2, cel)
        try:
            message = self.connection.call("SegmentService/EvaluateSegment", request)[0]
        except grpc.Failed:
            # The command says what is wrong.
            self.cli("segment", "count", "--filter", cel, "--server", self.address)
            raise
        read = dict(grpc.fields(message))
        return read.get(1, 0), read.get(2, 0), read.get(4, 0) / 1e3

    def users(self):
        self.connect()
        return self.evaluate("true")[1]

    def count(self, cel, n):
        """Besides: what the server says it took."""
        self.connect()
        took = []

        def ask():
            count, _, ms = self.evaluate(cel)
            took.append(ms)
            return count

        count, times = repeat(n, ask)
        return count, times, took[WARM_UP:]

    def ids(self, cel, n):
        request = grpc.text_field(2, cel)
        self.connect()
        call = lambda: self.connection.call("SegmentService/ListSegmentMembers", request)
        messages, times = repeat(n, call)
        ids = [bytes(id).decode() for m in messages for field, id in grpc.fields(m) if field == 1]
        unique = set(ids)
        if len(unique) != len(ids):
            raise RuntimeError("Recado streamed an id twice")
        return unique, times

    def one_user(self, cel, ids):
        self.connect()
        times, members = [], 0
        for id in ids:
            request = grpc.text_field(1, id) + grpc.text_field(3, cel)
            began = time.perf_counter()
            message = self.connection.call("SegmentService/CheckMembership", request)[0]
            times.append((time.perf_counter() - began) * 1e3)
            membership = dict(grpc.fields(dict(grpc.fields(message))[1]))
            members += membership.get(2, 0)
        return members, times

    def close(self):
        self.disconnect()
        end(self.server, signal.SIGTERM)


def postgres_binaries():
    """The folder of a PostgreSQL 15, or of what is on the path."""
    places = [pathlib.Path("/usr/lib/postgresql/15/bin")]
    places += [pathlib.Path(p) for p in os.environ.get("PATH", "").split(os.pathsep)]
    return next((p for p in places if (p / "postgres").exists() and (p / "initdb").exists()), None)


def wait(is_there, problem):
    for _ in range(300):
        if found := is_there():
            return found
        time.sleep(0.1)
    raise RuntimeError(problem)


def end(process, how):
    if process and process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
