"""An installation with people in it: tenants, users, keys and principals, made quickly and spoken for over the wire.

    genomics = Tenant(state, "genomics")             # its administrator has signed in
    ben = genomics.user("ben", "key-manager")        # so has he
    key = ben.key("laptop")                          # key.id, key.secret
    ben.caller.ok("keys", "KeyService/GetKey", id=key.id)
"""

import collections
import re
import shutil
import sqlite3
import tempfile

import latchkey_e2e
import latchkey_wire

Key = collections.namedtuple("Key", "id secret")


class User:
    """Somebody who has redeemed a ticket; `caller` shows a token made from the session."""

    def __init__(self, state, ticket):
        answer = latchkey_wire.once(state, "keys", "AccountService/RedeemTicket", secret_ticket=ticket)
        self.state, self.id, self.email = state, answer["user"]["id"], answer["user"]["email"]
        self.session_id, self.session = answer["session_id"], answer["secret_session"]
        self.caller = latchkey_wire.signed_in(state, self.session)

    def key(self, name="laptop", **wish):
        answer = self.caller.ok("keys", "KeyService/CreateKey", name=name, **wish)
        return Key(answer["key"]["id"], answer["secret_key"])

    def command_line(self):
        """The same person at a prompt."""
        return self.state.with_key(self.session)


class Tenant:
    def __init__(self, state, name, profile="panomics"):
        answer = state.json("tenant", "create", name, "--domain", f"{name}.example", "--profile", profile,
                            "--admin", f"ada@{name}.example")
        self.state, self.name, self.domain, self.id = state, name, f"{name}.example", answer["id"]
        self.admin = User(state, answer["admin"]["ticket"])

    def user(self, name, *roles):
        answer = self.admin.caller.ok("keys", "AccountService/CreateUser", email=f"{name}@{self.domain}",
                                      roles=list(roles))
        return User(self.state, answer["secret_ticket"])


def principal(state, name, permissions, *tenants):
    """A platform principal's Key; `tenants` are ids or names, or "ALL"."""
    words = [word for permission in permissions for word in ("--permission", permission)]
    words += [word for tenant in tenants for word in ("--tenant", tenant)]
    answer = state.json("principal", "create", name, *words)
    return Key(answer["id"], answer["key"])


AWS_FIELDS = "AKIAIOSFODNN7EXAMPLE\nwJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\neu-central-1"


def add_aws(user, label="bucket", fields=AWS_FIELDS):
    """Store an AWS credential; its id."""
    return user.command_line().json("credential", "add", "aws", "--label", label, stdin=fields)["id"]


VOLATILE = r"^(audit_|sqlite_|lk_|key_use)"


def _copy_of(path, folder):
    """The database and its log as they are at one moment: again, when the service wrote meanwhile."""
    def times():
        parts = [part for part in sorted(path.parent.glob(path.name + "*")) if part.name.endswith((".db", "-wal"))]
        return [(part, part.stat().st_mtime_ns, part.stat().st_size) for part in parts]

    before = None
    while before != (before := times()):
        for part, *_ in before:
            shutil.copy(part, folder)
    return f"{folder}/{path.name}"


def rows(state, but=VOLATILE):
    """What the databases hold, as text, without the trail and the times of last use: {database: {table: rows}}."""
    if state.server:
        return {name: _schema(state, name, but) for name in latchkey_e2e.SERVICES}
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for path in sorted((state.path / "data").glob("*.db")):
            connection = sqlite3.connect(_copy_of(path, folder))
            connection.text_factory = bytes
            names = [name.decode() for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            found[path.stem] = {name: _table(connection, name) for name in names if not re.search(but, name)}
            connection.close()
    return found


def _kept(columns):
    return [column for column in columns if not column.startswith(("last_", "used_"))]


def _schema(state, name, but):
    schema, columns = state.schema(name), collections.defaultdict(list)
    for line in state.server.sql("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = "
                                 f"'{schema}' ORDER BY 1, ordinal_position", latchkey_e2e.postgres.DATABASE).splitlines():
        table, column = line.split("|")
        if not re.search(but, table):
            columns[table].append(column)
    script = "".join(f"\\echo == {table}\nSELECT {', '.join(_kept(names))} FROM {schema}.{table};\n" for table, names in columns.items())
    parts = state.server.script(script, latchkey_e2e.postgres.DATABASE).split("== ")[1:]
    return {table: sorted(lines) for table, *lines in (part.splitlines() for part in parts)}


def _table(connection, name):
    kept = _kept([row[1].decode() for row in connection.execute(f"PRAGMA table_info({name})")])
    return sorted(map(repr, connection.execute(f"SELECT {', '.join(kept)} FROM {name}")))
