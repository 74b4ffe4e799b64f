"""Both programs write the same theorem of every certificate without smooth functions, byte for byte; of smooth ones the proved
program alone writes a theorem; what is not proved in Coq both refuse.

    python theorems.py POLYCERT POLYCERT_CHECK_PROVED CERTIFICATES

Compares `polycert export --coq` with `polycert-check-proved --coq`, and the same with --pure, on all certificates of the
folder, and on those derived of them (mutated_certificates.py: sides of their own, every mode, function and verdict). Exit
code 1 if any differ. `make prove` builds the second program.
"""

import glob
import json
import os
import subprocess
import sys
import tempfile

from mutated_certificates import bases, digest


def written(*command):
    run = subprocess.run(command, capture_output=True, text=True)
    return run.returncode, run.stdout


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    polycert, proved, certificates = sys.argv[1:4]
    for program in (polycert, proved):
        if not os.access(program, os.X_OK):
            print(f"*** SKIPPED: {program} is not there", file=sys.stderr)
            return 0
    files, differing = sorted(glob.glob(os.path.join(certificates, "*.cert.json"))), []
    with tempfile.TemporaryDirectory() as folder:
        smooth = lambda d: any(c["rule"] == "series" for c in d["claims"])
        for i, d in enumerate(d for d in bases(certificates).values() if not smooth(d)):
            d["table_sha256"] = digest(d["table"])
            files.append(os.path.join(folder, f"{i}.cert.json"))
            with open(files[-1], "w") as f:
                json.dump(d, f)
        for file in files:
            for ours, theirs in (["--coq"], "--coq"), (["--coq", "--pure"], "--coq-pure"):
                a, b = written(polycert, "export", file, *ours), written(proved, "--any-verdict", theirs, file)
                if a != b or a[0] != 0 or "Theorem proved : statement document." not in a[1]:
                    differing.append(f"{file} {theirs}: exit codes {a[0]}, {b[0]}")
        outside = sorted(glob.glob(os.path.join(certificates, "smooth", "*.cert.json")))[:2]
        outside += sorted(glob.glob(os.path.join(certificates, "evaluation", "*.json")))[:1]
        for file in outside:
            a, b = written(polycert, "export", file, "--coq"), written(proved, "--coq", file)
            theirs = (3, "") if "smooth" not in file else (0, b[1])
            if a != (2, "") or b != theirs:
                differing.append(f"{file}, which is outside: exit codes {a[0]}, {b[0]}")
    print("\n".join(differing + [f"{len(files)} certificates as theorems, {len(outside)} refused; {len(differing)} differ"]))
    return 1 if differing or not outside else 0


if __name__ == "__main__":
    sys.exit(main())
