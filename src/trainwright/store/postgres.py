"""How a PostgreSQL database is opened: one writer at a time, readers that see one moment, limits on every wait."""

from __future__ import annotations

import logging
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event

from trainwright.errors import EnvironmentProblem
from trainwright.store import sqlite
from trainwright.store.address import Address, password_of
from trainwright.store.jsons import dumps, loads
from trainwright.store.sqlite import BRIEF, WRITES

# The lock that a writer holds for its transaction; a number of our own, since locks are the database's.
WRITE_LOCK = 0x7472_6169_6E77
# Seconds that a transaction may stand idle: less than others wait for a lock, so that a writer that was stopped (its
# machine sleeps) fails none of them.
IDLE_SECONDS = 20
# Seconds that the server may take to answer; longer than it waits for a lock.
ANSWER_SECONDS = 90


def connect_postgres(address: Address) -> Engine:
    """An engine on the database.

    Raises:
        EnvironmentProblem: the driver is not installed.
    """
    try:
        import pg8000  # noqa: F401
    except ImportError:
        raise EnvironmentProblem(
            "a workspace on PostgreSQL needs pg8000, which is not installed here",
            remedy='pip install "trainwright[postgres]"',
        ) from None
    options: dict[str, Any] = {"timeout": ANSWER_SECONDS, "tcp_keepalive": True, "application_name": "trainwright"}
    if not password_of(address):
        options["password"] = ""  # the driver breaks over None where the server asks; so the server refuses it in words
    socket = address.url.query.get("host")
    if socket is not None:
        options["unix_sock"] = f"{socket}/.s.PGSQL.{address.url.port or 5432}"
    if address.ssl != "prefer":
        options["ssl_context"] = _ssl(address.ssl)
    engine = create_engine(
        address.url.set(query={}, password=password_of(address)),
        connect_args=options,
        json_serializer=dumps,
        json_deserializer=loads,
        pool_pre_ping=True,  # a server that was started again is noticed before a transaction, not in it
    )
    # It says at length that a connection to a server that is gone could not be closed; that it is gone, we say.
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)
    event.listen(engine, "connect", _limits)
    event.listen(engine, "begin", _begin)
    return engine


def _ssl(mode: str) -> Any:
    if mode == "disable":
        return False
    import ssl

    context = ssl.create_default_context()
    if mode == "require":  # encrypted, as libpq understands the word: the server's name is not looked at
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _limits(connection: Any, _: Any) -> None:
    settings = {
        "lock_timeout": f"{int(sqlite.BUSY_SECONDS * 1000)}ms",
        "idle_in_transaction_session_timeout": f"{IDLE_SECONDS}s",
        # A machine that was switched off leaves its locks after a minute, not after two hours.
        "tcp_keepalives_idle": "30",
        "tcp_keepalives_interval": "10",
        "tcp_keepalives_count": "3",
    }
    cursor = connection.cursor()
    cursor.execute("SELECT " + ", ".join(f"set_config('{name}', '{value}', false)" for name, value in settings.items()))
    cursor.close()
    connection.commit()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    if not writes:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    elif writes != BRIEF:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})")
