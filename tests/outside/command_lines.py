"""The two checkers as programs: the same answers, JSON and exit codes, whatever is required of a certificate.

    python command_lines.py POLYCERT_CHECK POLYCERT_CHECK_PROVED CERTIFICATES

Every shipped certificate is held to requirements (`--require`) about every function, with bounds and domains at which it is
met, just met, and not met; texts that are no requirement are refused with the same words; and manifests, true and false,
are checked by both. What the proved checker has not is left out of the comparison: the `work` of JSON. Exit code 1 where
they differ. Needs nothing but Python; `make prove` builds the second program.
"""

import glob
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

from mutated_certificates import number, written

NO_REQUIREMENTS = [
    "relu", "geluu<=1", "relu<1", "relu<=", "relu<=x", "relu<=.5", "relu<=1.", "relu<=1e999", "relu<=1e", "relu<=1 on", "relu<=1 on 3",
    "relu<=1 on [3]", "relu<=1 on [1,1]", "relu<=1 on [1,2] on [1,2]", "relu<=1 from 1 on [1,2]", "relu<=1 from 1/2", "relu<=1 always",
    "sign<=1", "sign<=1 from 0", "sign<=1 on [-1,1] from 2", "relu<=1 but 2^-40", "decrypted relu<=1 but 1/4", "leaky_relu<=1",
    "clip(1)<=1", "relu(1)<=1", "clip(1,2<=1", "smooth<=1", "relative relu<=1", "relu by x<=1", "exp(<=1", "exp by (<=1", "exp by y<=1",
    "x y<=1", "r" * 1001, "relu<=\u202e", "relu<=1\n2",
]
# Read by both, and met by some certificate or by none.
REQUIREMENTS = [
    "relu<=5*2^-14 on [-1,1]", " relu <= 1.5e-2 on[ -1/2 , 0.25 ]", "relu<=2^0 on [-1e1,1E+1]", "max<=1.25e-1", "max<=1 on [-1,1]",
    "sign<=2^-3 on [-1,1] from 2^-1", "step<=1/2 on [-1,1] from 2^-1", "sign<=1 on [1/2,1] from 1/4", "abs<=1", "leaky_relu(1/100)<=1",
    "leaky_relu(0.01)<=1", "relu6<=1 on [-6,12]", "clip(-1,1)<=1 on [-7,7]", "clip(-1,1)<=1 on [-8,7]", "clip(0,1)<=1", "clip(-1,2)<=1 on [-7,7]", "max_pool(4)<=1",
    "max_pool(9)<=0.001 on [-1,1]", "max_pool(4)<=1 on [-2,1]", "max_pool(9)<=1 on [0,1]", "argmax(10)<=1 from 1", "argmax(10)<=1 from 2^-20",
    "argmax(10)<=1e-9 from 1", "argmax(1/2)<=1 from 1", "direct_relu<=1", "direct_abs<=1/8", "direct_clip(-1,1)<=1", "direct_clip(0,1)<=1", "direct_clip(-1,2)<=1",
    "direct_relu6<=1 on [0,6]", "direct_leaky_relu(1/100)<=1", "direct_sign<=1 from 1/2", "direct_step<=1 from 1/2",
    "direct_bit<=1/2 on [-1/8,9/8] from 3/8", "decrypted relu<=1", "decrypted relu<=2^-7 on [-40,40] but 2^-40", "exp<=1", "exp<=1 on [0,1]",
    "relative exp<=1 on [0,1]", "exp(x)<=1e-10 on [0,1/2]", "exp(x) by p<=1 on [0,1]", "exp by x + p<=1 on [0,1]", "cos<=1", "cos(pi*x)<=1",
    "gelu<=1 on [-8,8]", "1/sqrt(x)<=1 on [1,4]", "relative 1/x<=1 on [1,2]", "sigmoid<=1 on [-8,8]", "log(1+x)<=1 on [0,1]", "x<=1",
]


def statement(d):
    """What the target claim of a document is about, as a requirement without its bound and its domain; none of some."""
    target = d["claims"][-1]
    cited = d["claims"][int(target["cites"])]
    name = target["function"]
    if name == "smooth":
        value = cited.get("value")
        if cited["error"].startswith("weight"):
            return None
        text = ("relative " if cited["error"] == "relative" else "") + cited["function"] + (f" by {value}" if value else "")
        parts = [(number(p["from"]), number(p["to"])) for p in cited["parts"]]
        return text, parts[0][0], parts[0][1], ""
    scale = number(target.get("scale", "1"))
    parameters = {"leaky_relu": ["slope"], "direct_leaky_relu": ["slope"], "direct_clip": ["lower", "upper"]}.get(name)
    own = [target[k] for k in parameters] if parameters else []
    own = {"max_pool": ["inputs"], "argmax": ["inputs"], "clip": ["lower", "upper"]}.get(name, own)
    own = [cited.get(k, k) for k in own]
    text = f"{name}({','.join(own)})" if own else name
    if cited["rule"] in ("pool", "argmax"):
        end = number(cited["range"])
        return text, -end, end, f" from {cited['gap']}" if name == "argmax" else ""
    if cited["rule"] == "lines":
        parts = [(number(p["from"]), number(p["to"])) for p in cited["parts"]]
        jump = {"direct_sign": 0, "direct_step": 0, "direct_bit": number("1/2")}.get(name)
        if jump is None:
            return text, parts[0][0], parts[-1][1], ""
        return text, parts[0][0], parts[-1][1], f" from {written(max(jump - p[1] for p in parts if p[1] < jump))}"
    if cited["rule"] == "clip":
        return text, number(cited["from"]), number(cited["to"]), ""
    end = scale * number(cited["to"])
    if name == "max":
        return text, number("0"), scale, ""
    return text, -end, end, f" from {written(scale * number(cited['from']))}" if name in ("sign", "step") else ""


def just(d):
    """Requirements at the very bound and domain of a document, and a little beyond each."""
    found = statement(d)
    if not found:
        return []
    text, lo, hi, rest = found
    bound = number(d["claims"][-1]["hi"])
    little = number("1*2^-80")
    ends = [(bound, lo, hi), (bound - little, lo, hi), (bound + little, lo + little, hi - little), (bound, lo - little, hi), (bound, lo, hi + little)]
    return [f"{text}<={written(b)} on [{written(a)},{written(c)}]{rest}" for b, a, c in ends]


def said(program, *arguments):
    run = subprocess.run([program, *arguments], capture_output=True, text=True)
    own = run.stderr.replace("polycert-check-proved", "polycert-check")
    return run.returncode, re.sub(r',"work":"\d+"', "", run.stdout), own


def manifest(folder, files, change):
    entries = []
    for file in files:
        with open(file, "rb") as f:
            content = f.read()
        shutil.copy(file, folder)
        d = json.loads(content)
        entries.append({"file": os.path.basename(file), "sha256": hashlib.sha256(content).hexdigest(),
                        "table_sha256": d["table_sha256"], "require": just(d)[:1]})
    change(entries)
    path = os.path.join(folder, "manifest.json")
    with open(path, "w") as f:
        json.dump({"format": "polycert-manifest/1", "certificates": entries}, f)
    return path


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    rust, proved, certificates = sys.argv[1:4]
    for program in (rust, proved):
        if not os.access(program, os.X_OK):
            print(f"*** SKIPPED: {program} is not there (`make prove` builds the proved one)", file=sys.stderr)
            return 0
    smooth = os.path.join(certificates, "smooth")
    differ, met, asked, lines = [], 0, 0, 0

    def same(*arguments):
        old, new = said(rust, *arguments), said(proved, *arguments)
        if old != new:
            differ.append((arguments, old, new))
        return old

    for flags in ([], ["--json"], ["--quiet"], ["--json", "--any-verdict"]):
        lines += same(*flags, certificates, smooth)[1].count("\n")
    # What is not met is listed, each by its text.
    every = [word for text in REQUIREMENTS for word in ("--require", text)]
    same("--json", *every, certificates, smooth)
    for text in REQUIREMENTS[:3]:
        same("--require", text, certificates)
    for text in NO_REQUIREMENTS:
        if same("--require", text, certificates)[0] != 2:
            differ.append((text, "is read", ""))
    files = sorted(glob.glob(os.path.join(certificates, "*.cert.json")) + glob.glob(os.path.join(smooth, "*.cert.json")))
    for file in files:
        with open(file) as f:
            d = json.load(f)
        wanted = just(d)
        if wanted:
            unmet = json.loads(same("--any-verdict", "--json", *[w for text in wanted for w in ("--require", text)], file)[1])["unmet"]
            asked, met = asked + len(wanted), met + len(wanted) - len(unmet)
    changes = {
        "true": lambda l: None,
        "a certificate less": lambda l: l.pop(),
        "another file": lambda l: l[0].update(sha256="0" * 64),
        "another table": lambda l: l[0].update(table_sha256="0" * 64),
        "another requirement": lambda l: l[0].update(require=["relu<=2^-100"]),
        "no requirement": lambda l: l[0].update(require=[]),
        "no such requirement": lambda l: l[0].update(require=["relu<1"]),
        "twice": lambda l: l.append(l[0]),
        "elsewhere": lambda l: l[0].update(file="../a.cert.json"),
        "not there": lambda l: l[0].update(file="nothing.cert.json"),
        "an unknown field": lambda l: l[0].update(note="x"),
    }
    codes = []
    for name, change in changes.items():
        with tempfile.TemporaryDirectory() as folder:
            path = manifest(folder, [f for f in files if os.path.getsize(f) < 12_000], change)
            # What the system says of a missing file is in each language's words.
            if name != "not there":
                codes.append(same(path)[0])
                same("--json", path)
            else:
                codes.append(said(proved, path)[0])
    if sorted(set(codes)) != [0, 1, 2] or codes[0] != 0 or not 0 < met < asked:
        differ.append(("the codes of manifests, and what is met", codes, (met, asked)))
    for arguments, old, new in differ:
        print("DIFFER", arguments, "\n  ", str(old)[:600], "\n  ", str(new)[:600])
    print(f"{len(files)} certificates, {lines} lines; {asked} requirements at the very bound or beside it, {met} of them met; {len(REQUIREMENTS)} "
          f"others of all certificates; {len(NO_REQUIREMENTS)} that are refused; {len(changes)} manifests: {len(differ)} differ")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
