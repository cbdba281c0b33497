"""Update messages: damaged, and forged by someone who has the key; a store takes all of one, or stays as it was."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from azsim.compress.update.make import make_update
from azsim.compress.update.manifest import HEAD, MAGIC, Manifest, open_update, sha256
from azsim.compress.update.store import ModelStore
from tests.fuzz.harness import Attack, damaged, files, numbers
from tests.fuzz.test_models import BAD_JSON

DAMAGED, MANIFESTS, PAYLOADS = 40, 40, 40


def signed(manifest: dict[str, object], payload: bytes, maker: Ed25519PrivateKey) -> bytes:
    """An envelope that verifies, whatever its manifest says."""
    text = msgspec.json.encode({name: None if value != value else value for name, value in manifest.items()})
    head = HEAD.pack(MAGIC, len(text)) + text
    return head + maker.sign(head) + payload


def attempt(attack: Attack, case: str, store: ModelStore, update: bytes) -> None:
    """Install; after a refusal the device runs what it ran, and either way every slot holds a whole model or none."""
    before = files(store.folder)
    installed = attack.answer(case, lambda: store.install(update))
    after = files(store.folder)
    if installed is None:
        active = (store.folder / "active").read_text()
        kept = ("active", f"slot-{active}.azu", "key.pub.pem")
        attack.check(case, all(after[name] == before[name] for name in kept), "what runs changed by a refusal")
        attack.check(case, set(after) <= {"active", "slot-a.azu", "slot-b.azu", "key.pub.pem"}, "files are left")
    now = attack.answer(case, store.current)
    attack.check(case, now is not None, "nothing runs")
    if installed is not None:
        attack.answer(case, store.load)


def test_messages(
    attack: Attack, images: tuple[bytes, bytes], key: Ed25519PrivateKey, tmp_path: Path
) -> None:
    old, new = images
    store = ModelStore.create(tmp_path / "store", key.public_key())
    store.install(make_update(old, version=1, key=key))
    for kind, whole in (
        ("full", make_update(new, version=2, key=key)),
        ("delta", make_update(new, version=2, key=key, old=old)),
    ):
        manifest, payload = open_update(whole, key.public_key())
        fields, payload = msgspec.to_builtins(manifest), bytes(payload)
        cases = [(f"{kind}: damage {n}", damaged(whole, attack.rng(n))) for n in numbers(DAMAGED // 2)]
        for number in numbers(MANIFESTS // 2):
            rng = attack.rng(1000 + number)
            name = Manifest.__struct_fields__[int(rng.integers(len(Manifest.__struct_fields__)))]
            bad = BAD_JSON[int(rng.integers(len(BAD_JSON)))]
            cases.append((f"{kind}: {name} = {str(bad)[:40]!r}", signed({**fields, name: bad}, payload, key)))
        for number in numbers(PAYLOADS // 2):
            rng = attack.rng(2000 + number)
            other = damaged(payload, rng)
            right = {"payload_sha256": sha256(other), "payload_bytes": len(other)}
            if kind == "full" and rng.random() < 0.5:
                right |= {"new_sha256": sha256(other), "new_bytes": len(other)}
            cases.append((f"{kind}: payload {number}", signed({**fields, **right}, other, key)))
        for case, update in cases:
            attempt(attack, case, store, update)
            if store.current().manifest.version != 1:
                store.install(make_update(old, version=1, key=key), allow_rollback=True)


def test_commands(
    attack: Attack, images: tuple[bytes, bytes], key: Ed25519PrivateKey, tmp_path: Path
) -> None:
    store = ModelStore.create(tmp_path / "store", key.public_key())
    store.install(make_update(images[0], version=1, key=key))
    whole = make_update(images[1], version=2, key=key, old=images[0])
    path = tmp_path / "update.azu"
    for number in numbers(10):
        path.write_bytes(damaged(whole, attack.rng(number)))
        attack.command(f"damage {number}", tmp_path, "update", "apply", str(path), "--store", str(store.folder))
    for number in numbers(10):
        rng = np.random.default_rng([7, number])
        file = store.folder / ["active", "slot-a.azu", "key.pub.pem"][number % 3]
        kept = file.read_bytes()
        file.write_bytes(damaged(kept, rng))
        attack.command(f"store {number}", tmp_path, "update", "inspect", str(store.folder))
        file.write_bytes(kept)
