"""Conditions left out of the proved checker, one at a time: is there a certificate that shows it?

    python mutated_checker.py BIN CERTIFICATES SEED COUNT [SECONDS]

BIN is target/prove/bin of `make prove`. In the extracted checker.ml every `a && b` becomes a, and b, in a program of its own,
which reads COUNT mutants that the proved checker does not accept (mutated_certificates.py). A program that accepts one of
them is caught; of the others the line is printed: a condition that no document needs, or for which there is none yet.
Stops after SECONDS.
"""

import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

from mutated_certificates import bases, mutate, outcomes

MODULES = ["utf8", "json", "sha256", "numbers", "formula", "smooth", "reader", "words", "coq", "version", "main"]
RULES = ["stage_ranges", "closeness", "deviation", "derivative", "magnitude", "pool", "argmax", "clip", "lines"]
RULES += ["contraction", "series", "target", "table", "branches"]


def build(folder):
    options = ["ocamlfind", "ocamlopt", "-package", "zarith,unix", "-w", "-a"]
    files = ["checker.mli", "checker.ml"] + [m + ".ml" for m in MODULES]
    return subprocess.run([*options, "-linkpkg", *files, "-o", "checked"], cwd=folder, capture_output=True).returncode == 0


def main():
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    binaries, certificates, seed, count = sys.argv[1:5]
    end = time.time() + (float(sys.argv[5]) if len(sys.argv) > 5 else 1e9)
    if not os.path.exists(os.path.join(binaries, "checker.ml")) or not shutil.which("ocamlfind"):
        print("*** SKIPPED: `make prove` was not run, or there is no OCaml", file=sys.stderr)
        return 0
    rng, made = random.Random(int(seed)), bases(certificates)
    documents, folder = tempfile.mkdtemp(), tempfile.mkdtemp()
    holders = {r: [n for n, d in made.items() if r == "table" or (r == "branches" and "branches" in d) or any(c["rule"] == r for c in d["claims"])] for r in RULES}
    for i in range(int(count)):
        rule = RULES[i % len(RULES)]
        with open(os.path.join(documents, f"m{i}.cert.json"), "w") as f:
            json.dump(mutate(made[rng.choice(holders[rule])], rng, rule), f)
    for file, words in outcomes(os.path.join(binaries, "polycert-check-proved"), documents).items():
        if not words.startswith("REJECTED"):
            os.remove(os.path.join(documents, file + ".cert.json"))
    print(f"{len(os.listdir(documents))} documents that are rejected")
    for name in ["checker.ml", "checker.mli"] + [m + ".ml" for m in MODULES]:
        shutil.copy(os.path.join(binaries, name), folder)
    with open(os.path.join(binaries, "checker.ml")) as f:
        source = f.read()
    places = [m.start() for m in re.finditer(re.escape("(&&)"), source)]
    caught, tried, failed = 0, 0, 0
    for place in places:
        for kept, text in (("first", "(fun a _ -> a)"), ("second", "(fun _ b -> b)")):
            if time.time() > end:
                print(f"stopped: {tried} of {2 * len(places)} tried, {caught} caught")
                return 0
            with open(os.path.join(folder, "checker.ml"), "w") as f:
                f.write(source[:place] + text + source[place + 4 :])
            if not build(folder):
                failed += 1
                continue
            tried += 1
            said = outcomes(os.path.join(folder, "checked"), documents)
            if any(words.startswith("VERIFIED") for words in said.values()):
                caught += 1
            else:
                function = re.findall(r"\n(?:let rec|let|and) ([a-z_0-9]+)", source[:place])[-1]
                print(f"  not caught: {function}, line {source[:place].count(chr(10)) + 1}, the {kept} alone", flush=True)
    print(f"{tried} programs, {caught} caught, {failed} not built")
    return 0


if __name__ == "__main__":
    sys.exit(main())
