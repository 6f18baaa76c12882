#!/usr/bin/env python3
"""Proves an Argus audit trail without Argus. For auditors: read it, it is short.

    python3 verify_audit.py argus.db                 the store itself (a copy, or the one in use)
    python3 verify_audit.py records.jsonl            what `argus audit export` wrote ("-": standard input)
    python3 verify_audit.py argus.db --head SEQ:HASH also that record SEQ has this hash

What is proven, record by record, in their order:
  1. Records are numbered 1, 2, 3 ... and none is missing.
  2. `prev` is the hash of the record before it; that of the first is 32 zero bytes.
  3. `hash` is SHA-256(prev || payload), over the bytes of the payload as they are stored.
  4. An event's raw body has the SHA-256 that its payload names in `raw_sha256`, or is empty and a later
     record `store.archived` says which file has it (with that file's SHA-256, for `sha256sum`).
So nobody has changed, removed, added or moved a record up to the last one. Whether records were cut
off the END, only a head that was noted elsewhere can say: give it with --head.

Exit code: 0 all of it holds, 1 it does not (the first record that fails is named), 2 it cannot be read.
Nothing but Python's standard library is used, and nothing is written.
"""

import argparse
import base64
import hashlib
import json
import sqlite3
import sys
from pathlib import Path


UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, sqlite3.Error)


def from_store(path):
    """Gives (seq, prev, payload, hash, raw) of a store, in one read-only transaction."""
    store = sqlite3.connect(path.resolve().as_uri() + "?mode=ro", uri=True)
    return store.execute("SELECT seq, prev, payload, hash, raw FROM records ORDER BY seq")


def from_export(lines):
    """Yields the same of the lines of an export."""
    for line in lines:
        record = json.loads(line)
        prev, digest = bytes.fromhex(record["prev"]), bytes.fromhex(record["hash"])
        raw = record["raw"] and base64.b64decode(record["raw"], validate=True)
        written = {
            "hash": digest.hex(),
            "payload": record["payload"],
            "prev": prev.hex(),
            "raw": raw and base64.b64encode(raw).decode(),
            "seq": record["seq"],
        }
        # A changed byte may mean the same (a capital in a hash); it is a changed byte all the same.
        written = {name: written[name] for name in record}
        if line.rstrip("\n") != json.dumps(written, ensure_ascii=False, separators=(",", ":")):
            raise ValueError("the line is not as it was written")
        yield record["seq"], prev, record["payload"].encode("utf-8"), digest, raw


def broken(record, expected, before):
    """Says what is wrong with a record, or gives None."""
    seq, prev, payload, digest, raw = record
    if seq != expected:
        return f"record {seq} stands here: one is missing or moved"
    if prev != before:
        return "its predecessor's hash is not the hash of the record before it"
    if digest != hashlib.sha256(before + payload).digest():
        return "its content does not have the hash that was recorded"
    named = json.loads(payload).get("raw_sha256")
    if (named is None) != (raw is None):
        return "the event's body is missing" if raw is None else "it carries a body that it does not name"
    if raw and hashlib.sha256(raw).hexdigest() != named:
        return "the event's body is not the one that was received"
    return None


def verify(records, head):
    """Checks all records; gives the number of good ones, the last hash, and what is wrong."""
    count, last, records, empty = 0, bytes(32), iter(records), set()
    while True:
        try:
            record = next(records, None)
            wrong = record and broken(record, count + 1, last)
        except UNREADABLE as error:
            wrong = f"it cannot be read: {error}"
        if wrong:
            return count, last, f"record {count + 1}: {wrong}"
        if record is None:
            break
        count, last = count + 1, record[3]
        if record[4] is not None and not record[4]:
            empty.add(count)
        elif empty and (payload := json.loads(record[2])).get("kind") == "store.archived":
            empty -= {seq for seq in empty if any(a <= seq <= b for a, b in payload["bodies"])}
        if head and count == head[0] and last.hex() != head[1]:
            return count - 1, last, f"record {count}: its hash is not the one that was noted"
    if empty:
        return count, last, f"record {min(empty)}: the event's body is empty, and no archive took it"
    if head and count < head[0]:
        return count, last, f"the chain ends at record {count}, but record {head[0]} was noted: its end was cut off"
    return count, last, None


def main():
    options = argparse.ArgumentParser(description="Proves an Argus audit trail without Argus.")
    options.add_argument("trail", help="argus.db, or an export as lines of JSON, or - for standard input")
    options.add_argument("--head", metavar="SEQ:HASH", help="a record's hash that was noted elsewhere")
    chosen = options.parse_args()
    try:
        seq, _, noted = (chosen.head or "0:").partition(":")
        head = (int(seq), noted.strip().lower()) if chosen.head else None
        if chosen.trail == "-":
            records = from_export(sys.stdin)
        elif Path(chosen.trail).open("rb").read(16) == b"SQLite format 3\0":
            records = from_store(Path(chosen.trail))
        else:
            records = from_export(Path(chosen.trail).open(encoding="utf-8"))
    except (OSError, *UNREADABLE) as error:
        print(f"cannot be read: {error}", file=sys.stderr)
        return 2
    count, last, wrong = verify(records, head)
    if wrong:
        print(f"NOT intact: {count} records hold, then {wrong}")
        return 1
    print(f"intact: {count} records, head {last.hex()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
