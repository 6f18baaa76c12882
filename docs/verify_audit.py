#!/usr/bin/env python3
"""Proves an Argus audit trail without Argus. For auditors: read it, it is short.

    python3 verify_audit.py argus.db                 the store itself (a copy, or the one in use)
    python3 verify_audit.py records.jsonl            what `argus audit export` wrote ("-": standard input)
    python3 verify_audit.py argus.db --head SEQ:HASH also that record SEQ has this hash
    python3 verify_audit.py argus.db --notes FILE    also each row of the anchor's table (a JSON list of them)

What is proven, record by record, in their order:
  1. Records are numbered 1, 2, 3 ... and none is missing.
  2. `prev` is the hash of the record before it; that of the first is 32 zero bytes.
  3. `hash` is SHA-256(prev || payload), over the bytes of the payload as they are stored.
  4. An event's raw body has the SHA-256 that its payload names in `raw_sha256`, or is empty and a later
     record `store.archived` says which file has it (with that file's SHA-256, for `sha256sum`).
So nobody has changed, removed, added or moved a record up to the last one. Whether records were cut off
the END, or all were written anew, only heads that were noted elsewhere can say: --head, --notes.

Exit code: 0 all of it holds, 1 it does not (the first record that fails is named), 2 it cannot be read.
Nothing but Python's standard library is used, and nothing is written.
"""

import argparse, base64, hashlib, json, sqlite3, sys
from pathlib import Path

UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError, sqlite3.Error)


def from_store(path):
    """Gives (seq, prev, payload, hash, raw) of a store, in one read-only transaction."""
    store = sqlite3.connect(path.resolve().as_uri() + "?mode=ro", uri=True)
    return store.execute("SELECT seq, prev, payload, hash, raw FROM records ORDER BY seq")


def from_export(lines):
    """Yields the same of the lines of an export, each of which must be exactly what Argus writes."""
    for line in lines:
        found = json.loads(line)
        prev, digest, raw = bytes.fromhex(found["prev"]), bytes.fromhex(found["hash"]), found["raw"]
        raw = raw and base64.b64decode(raw, validate=True)
        same = {"hash": digest.hex(), "payload": found["payload"], "prev": prev.hex(),
                "raw": raw and base64.b64encode(raw).decode(), "seq": found["seq"]}
        # A changed byte may mean the same (a capital in a hash); it is a changed byte all the same.
        same = json.dumps({name: same[name] for name in found}, ensure_ascii=False, separators=(",", ":"))
        if line.removesuffix("\n") != same:
            raise ValueError("the line is not as it was written")
        yield found["seq"], prev, found["payload"].encode("utf-8"), digest, raw


def broken(record, number, before):
    """Says what is wrong with the record that should have this number, or gives None."""
    seq, prev, payload, digest, raw = record
    if seq != number:
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


def verify(records, noted):
    """Checks all records and what was noted (number -> hash); gives how many hold, the last hash, what is wrong."""
    count, last, records, empty = 0, bytes(32), iter(records), set()
    while True:
        record = None
        try:
            record = next(records, None)
            wrong = record and broken(record, count + 1, last)
        except UNREADABLE as error:
            wrong = f"it cannot be read: {error}"
        if record and not wrong and noted.get(count + 1, record[3].hex()) != record[3].hex():
            wrong = "its hash is not the one that was noted"
        if wrong:
            return count, last, f"record {count + 1}: {wrong}"
        if record is None:
            break
        count, last = count + 1, record[3]
        if record[4] is not None and not record[4]:
            empty.add(count)
        elif empty and b'"store.archived"' in record[2] and (it := json.loads(record[2]))["kind"] == "store.archived":
            for first, end in it["bodies"]:
                empty.difference_update(range(first, min(end, count) + 1))
    if empty:
        return count, last, f"record {min(empty)}: the event's body is empty, and no archive took it"
    if (end := max(noted, default=0)) > count:
        return count, last, f"the chain ends at record {count}, but record {end} was noted: its end was cut off"
    return count, last, None


def main(arguments=None):
    options = argparse.ArgumentParser(description="Proves an Argus audit trail without Argus.")
    options.add_argument("trail", help="argus.db, or an export as lines of JSON, or - for standard input")
    options.add_argument("--head", metavar="SEQ:HASH", help="a record's hash that was noted elsewhere")
    options.add_argument("--notes", metavar="FILE", help="rows of the anchor's table, as a list in JSON")
    chosen = options.parse_args(arguments)
    try:
        rows = json.loads(Path(chosen.notes).read_text()) if chosen.notes else []
        noted = {int(row["RowKey"]): row["Hash"] for row in (rows if isinstance(rows, list) else rows["items"])}
        if chosen.head:
            seq, _, digest = chosen.head.partition(":")
            noted[int(seq)] = digest.strip().lower()
        if chosen.trail == "-":
            records = from_export(sys.stdin)
        elif Path(chosen.trail).open("rb").read(16) == b"SQLite format 3\0":
            records = from_store(Path(chosen.trail))
        else:
            records = from_export(Path(chosen.trail).open(encoding="utf-8", newline="\n"))
    except (OSError, *UNREADABLE) as error:
        print(f"cannot be read: {error}", file=sys.stderr)
        return 2
    count, last, wrong = verify(records, noted)
    print(f"NOT intact: {count} records hold, then {wrong}" if wrong else f"intact: {count} records, head {last.hex()}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
