#!/usr/bin/env bash
# PyOpenSSL 26.4.0: a session that was taken from a connection cannot be resumed once that connection is collected.
#
# The guess: `get_session()` gives an object of its own; what becomes of the connection afterwards does not matter, as
# with the session of Python's own ssl module.
#
# What happens: when the last reference to the Connection goes without a shutdown, OpenSSL takes it for broken off and
# marks its session as not resumable. The next connection that is given it makes a full handshake, and nothing says so:
# no exception, no warning. Kept alive, or marked as shut down first, the same session is resumed.
#
# Why it matters here: a helper function that returns the session of a connection it made measures full handshakes and
# calls them resumed ones: here the bytes of a certificate more down, and of a ticket fewer up.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pyopenssl==26.4.0 cryptography==50.0.2
cat > session.py <<'EOF'
import datetime
from contextlib import suppress
from importlib.metadata import version

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from OpenSSL import SSL

print("PyOpenSSL", version("pyopenssl"), SSL.OpenSSL_version(SSL.OPENSSL_VERSION).decode())
key = generate_private_key(SECP256R1())
name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "localhost")])
day = datetime.timedelta(days=1)
now = datetime.datetime.now(datetime.UTC)
certificate = (
    x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    .serial_number(1).not_valid_before(now - day).not_valid_after(now + day).sign(key, SHA256())
)
server, client = SSL.Context(SSL.TLS_SERVER_METHOD), SSL.Context(SSL.TLS_CLIENT_METHOD)
server.use_privatekey(key)
server.use_certificate(certificate)
server.set_session_id(b"x")
for context in (server, client):
    context.set_min_proto_version(SSL.TLS1_3_VERSION)


def connect(session=None):
    ends = SSL.Connection(client), SSL.Connection(server)
    ends[0].set_connect_state()
    ends[1].set_accept_state()
    if session is not None:
        ends[0].set_session(session)
    moved = [0, 0]
    for _ in range(6):
        for way, (source, target) in enumerate((ends, ends[::-1])):
            for step in (source.do_handshake, lambda end=source: end.recv(100)):
                with suppress(SSL.WantReadError):
                    step()
            with suppress(SSL.WantReadError):
                data = source.bio_read(65_536)
                moved[way] += len(data)
                target.bio_write(data)
    return ends[0], moved


def session_of(shut_down):
    connection, _ = connect()
    session = connection.get_session()
    if shut_down:
        connection.set_shutdown(SSL.SENT_SHUTDOWN | SSL.RECEIVED_SHUTDOWN)
    return session


kept, full = connect()
print("full handshake, bytes up and down", full)
alive = connect(kept.get_session())[1]
print("resumed while the first connection is kept", alive)
collected = connect(session_of(shut_down=False))[1]
print("resumed after it was collected", collected)
closed = connect(session_of(shut_down=True))[1]
print("resumed after it was shut down and collected", closed)
near = lambda one, other: all(abs(a - b) < 20 for a, b in zip(one, other))
assert near(collected, full) and near(alive, closed) and alive[1] < full[1] - 100, "the behaviour changed"
EOF
venv/bin/python session.py
