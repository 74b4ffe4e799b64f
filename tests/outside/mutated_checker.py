"""Conditions of the proved checker left out, one at a time: for each there is a document on which the answer is another.

    python mutated_checker.py BIN CERTIFICATES SEED COUNT [show]

BIN is target/prove/bin of `make prove`. In the extracted checker.ml every `a && b` becomes a, and b; every `a || b` likewise;
every `if c` becomes always, and never: a switch of one program, which reads the shipped certificates, those derived of
them, the documents made for it (condition_documents.py, series_documents.py), and COUNT mutants (mutated_certificates.py). A change is caught by a document that the
changed program accepts and the proved one rejects, or the other way round; then it is not tried again. Those that no
document can show stand below with the reason. Exit code 1 if another one is left, or one of these is caught; with `show` the
document that catches each is named.
"""

import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

from command_lines import REQUIREMENTS, just
from condition_documents import documents
from mutated_certificates import bases, digest, mutate
from series_documents import series_documents, wanted_documents

MODULES = ["utf8", "json", "sha256", "numbers", "formula", "smooth", "reader", "words", "requirement"]
RULES = ["stage_ranges", "closeness", "deviation", "derivative", "magnitude", "pool", "argmax", "clip", "lines"]
RULES += ["contraction", "series", "target", "table", "branches"]

# What is never another value on a document, as it is, changes nothing there: such a change needs not be tried.
SWITCH = """
let changed = ref (-1)
let matters = Array.make 10000 false
let switch i r first second =
  if !changed = i then first
  else if !changed = i + 1 then second
  else begin
    if r <> first then matters.(i) <- true;
    if r <> second then matters.(i + 1) <- true;
    r
  end
let both i a b = switch i (a && b) a b
let either i a b = switch i (a || b) a b
let asked i c = switch i c true false
"""

# Reads documents, and tries on each the changes that none before it has shown. A change may make an endless loop. A document
# that is named so is made tight first: the least hi of its last claim that is accepted, and a unit less; the greatest lo
# of its witness, and a unit more. Requirements (a line each, in a file beside it) are asked of it, too.
DRIVER = """
exception Late
let within run =
  Sys.set_signal Sys.sigvtalrm (Sys.Signal_handle (fun _ -> raise Late));
  let timer s = ignore (Unix.setitimer Unix.ITIMER_VIRTUAL { Unix.it_interval = 0.; it_value = s }) in
  timer 1.;
  Fun.protect ~finally:(fun () -> timer 0.) run
let answer wanted c i =
  Checker.changed := i;
  let all () = (Checker.examine c = None) :: List.map (Checker.required c) wanted in
  let found = try Some (within all) with _ -> None in
  Checker.changed := -1;
  found
let bits = 40
(* With other bounds of the last claim, and of the target. *)
let with_bounds (c : Checker.certificate) hi lo =
  let q n = { Checker.qnum = n; qden = Z.shift_left Z.one (Z.to_int c.precision) } in
  let bounded : Checker.claim -> Checker.claim = function
    | Series a -> Series { a with smooth_hi = q hi; smooth_witness = { a.smooth_witness with at_least = q lo } }
    | Lines (parts, _, w) -> Lines (parts, q hi, { w with at_least = q lo })
    | Deviation (upto, _, w) -> Deviation (upto, q hi, { w with at_least = q lo })
    | Argmax a -> Argmax { a with argmax_hi = q hi; argmax_lo = q lo }
    | _ -> failwith "no claim that is made tight" in
  match List.rev c.claims with
  | (claim, h) :: others ->
      { c with claims = List.rev ((bounded claim, h) :: others); goal = { c.goal with target_hi = q hi; target_lo = q lo } }
  | [] -> c
(* The least n from low + 1 to high for which it holds, where it does of high. *)
let rec least low high holds =
  if Z.leq (Z.sub high low) Z.one then high
  else
    let middle = Z.shift_right (Z.add low high) 1 in
    if holds middle then least low middle holds else least middle high holds
let tight (c : Checker.certificate) =
  let top = Z.shift_left Z.one (Z.to_int c.Checker.precision + bits) in
  let low = Z.neg Z.one in
  let holds hi lo = answer [] (with_bounds c hi lo) (-1) = Some [ true ] in
  if not (holds top low) then [ with_bounds c top low ]
  else
    let hi = least low top (fun hi -> holds hi low) in
    let lo = Z.neg (least (Z.neg top) Z.one (fun lo -> holds top (Z.neg lo))) in
    [ with_bounds c hi low; with_bounds c (Z.pred hi) low; with_bounds c top lo; with_bounds c top (Z.succ lo) ]
let () =
  let left = ref (List.init (int_of_string Sys.argv.(1)) Fun.id) in
  for k = 2 to Array.length Sys.argv - 1 do
    let file = Sys.argv.(k) in
    let channel = open_in_bin file in
    let text = really_input_string channel (in_channel_length channel) in
    close_in channel;
    let wanted =
      match open_in (file ^ ".require") with
      | exception Sys_error _ -> []
      | channel ->
          let rec lines () = match input_line channel with exception End_of_file -> [] | l -> l :: lines () in
          List.map (fun l -> Requirement.wanted (Requirement.parse l)) (lines ()) in
    match Reader.read text None with
    | exception _ -> Printf.printf "unread %s\\n" file
    | d ->
        let c = d.Reader.certificate in
        List.iter (fun c ->
            Array.fill Checker.matters 0 10000 false;
            let proved = answer wanted c (-1) in
            let matters = Array.copy Checker.matters in
            left := List.filter (fun i -> not matters.(i) ||
                match answer wanted c i with
                | Some other when Some other <> proved -> Printf.printf "caught %d %s\\n" i file; false
                | _ -> true) !left)
          (if Filename.check_suffix file ".tight.cert.json" then tight c else [ c ])
  done
"""

# Changes by the beginnings of their names, with the reason why no document shows them.
EXPLAINED = {
    "the reader refuses what does not meet it (the theorem is about every value, read or not)": """
        enclose: always (&&) (Z.even|enclose: both, without (Z.even|attains: both, without ((&&) (Z.eqb
        attains: both, without (negb|attains: both, without (Z.eqb|inputs_fit: both, without ((=)
        prove_pool: both, without ((&&) (positive0|prove_pool: both, without (positive0
        prove_argmax: both, without (positive0|prove_argmax: both, without ((&&) (positive0 c2)
        prove_argmax: both, without ((&&) ((&&) (positive0 c2)|prove_argmax: both, without (qle_bool { qnum = Big_int_Z.zero
        prove_clip: both, without ((&&) (positive0|prove_clip: both, without (below|prove_clip: both, without (positive0
        prove_target: both, without (positive0|prove_contraction: both, without (positive0
        examine: never negb ((&&) (Z.leb|examine: both, without (Z.leb|cover: both, without (Z.even
        is_as_strong: both, without (qle_bool { qnum = Big_int_Z.zero|clips: always below""",
    "it is always met, by how the numbers are made before it; the proof has it from here": """
        sign_changes: always (&&)|sign_changes: both, without (Z.eqb|image_of: both, without (Z.leb (fst y) (snd y))
        prove_stage: always Z.ltb|over: always Z.eqb|expand: always Z.ltb
        round_floating: always (&&)|round_floating: both, without|piece_within: both, without ((&&) (qle_bool u c)
        piece_within: both, without (qle_bool|divide: always Z.ltb Big_int_Z.zero|odd_series: never|floor_root: always (&&)
        floor_root: both, without|sin_cos_at: never Z.ltb one0|erf_sum: both, without (Z.leb (Z.mul|asin_at: never
        asin_inside: never Z.leb (middle|simplest: always Z.ltb""",
    "what is asked beside it implies it": """
        cells_cover: both, without (match c.rest|prove_magnitude: both, without (below to0
        prove_argmax: both, without (qle_bool gap|prove_argmax: both, without ((&&) ((&&) ((&&) (positive0 c2)
        prove_target: both, without (qle_bool t.target_lo|examine: always as_made|examine: never c.step_output|examine: never expanded
        piece_within: both, without (ok|minv: never Z.eqb|log_at: never Z.leb x|root_at_end: either, without (Z.ltb h
        root_inside: never Z.leb least|root_inside: either, without (Z.leb below0
        upper: never Z.leb b|asin_at_end: either, without (Z.ltb one0 l)|asin_at_end: either, without (Z.ltb h (Z.opp one0))""",
    "it saves time: the same number, or the same answer, comes of the longer way": """
        enclose: never Z.eqb u v|image_of: never Z.eqb|expand: never (&&) (qeq_bool|each: never g.both
        expand: both, without (qeq_bool c.offset|witness_in: never reaches_lo|expand_from: always Nat.leb
        prove_part: never Z.leb|examine: always expanded|mmul_over: always Nat|mmul_over: never Nat|floor_root: never Z.leb n0
        log_at: never Z.leb bits|ctz: never|bernstein: never|simplest: never
        products: never Z.leb bh|products: never Z.leb Big_int_Z.zero_big_int bl""",
    "it moves the lower end of a logarithm by a unit of the guard bits: a model's middle and radius stay": """
        divide: never Z.ltb (fst a)""",
}


def argument(text, at):
    """The end of the argument that begins here: a word, or what is in brackets."""
    depth = 0
    for i in range(at, len(text)):
        depth += (text[i] == "(") - (text[i] == ")")
        if depth < 0 or (depth == 0 and (text[i] == ")" or (text[i] in " \n" and i > at))):
            return i + (text[i] == ")" and depth == 0)
    return len(text)


def plain(text):
    return " ".join(text.split())[:80]


def switched(source):
    """The program with switches, and what each changes."""
    begin = source.index("\nlet fdiv ")
    out, changes, last = [], [], 0
    stack = []
    edits = []
    for m in re.finditer(r"\(&&\)|\(\|\|\)|\bif\b|\bthen\b", source):
        at, word = m.start(), m.group()
        if at < begin:
            continue
        function = re.findall(r"\n(?:let rec|let|and) ([a-z_A-Z0-9]+)", source[:at])[-1]
        if word == "if":
            # Extraction's own case distinctions of numbers are no conditions of the checker.
            internal = re.match(r"if (n=0|s [=<>]|Big_int_Z|Z\.sign|Z\.numbits|r = )", source[at:])
            stack.append(None if internal else (at, len(changes)))
            if not internal:
                changes += [(function, "always"), (function, "never")]
        elif word == "then":
            opened = stack.pop()
            if opened:
                start, i = opened
                condition = plain(source[start + 2 : at])
                changes[i : i + 2] = [f"{function}: always {condition}", f"{function}: never {condition}"]
                edits += [(start, start + 2, f"if asked {i} ("), (at, at, ") ")]
        else:
            first = argument(source, m.end() + re.match(r"\s*", source[m.end() :]).end())
            a = source[m.end() : first]
            blank = first + re.match(r"\s*", source[first:]).end()
            b = source[blank : argument(source, blank)]
            name = "both" if word == "(&&)" else "either"
            edits.append((at, m.end(), f"({name} {len(changes)})"))
            changes += [f"{function}: {name}, without {plain(b)}", f"{function}: {name}, without {plain(a)}"]
    for start, end, text in sorted(edits):
        out += [source[last:start], text]
        last = end
    return SWITCH + "".join(out) + source[last:], changes


def main():
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    binaries, certificates, seed, count = sys.argv[1:5]
    if not os.path.exists(os.path.join(binaries, "checker.ml")) or not shutil.which("ocamlfind"):
        print("*** SKIPPED: `make prove` was not run, or there is no OCaml", file=sys.stderr)
        return 0
    with open(os.path.join(binaries, "checker.ml")) as f:
        program, changes = switched(f.read())
    folder = tempfile.mkdtemp()
    for name in MODULES:
        shutil.copy(os.path.join(binaries, name + ".ml"), folder)
    for name, text in (("checker.ml", program), ("driver.ml", DRIVER)):
        with open(os.path.join(folder, name), "w") as f:
            f.write(text)
    files = ["checker.ml"] + [m + ".ml" for m in MODULES] + ["driver.ml"]
    subprocess.run(["ocamlfind", "ocamlopt", "-package", "zarith,unix", "-w", "-a", "-linkpkg", *files, "-o", "driver"], cwd=folder, check=True)

    rng, made = random.Random(int(seed)), bases(certificates)
    wanted = wanted_documents()
    read = {**made, **documents(certificates, made), **series_documents(), **{name: d for name, (d, _) in wanted.items()}}
    holders = {r: [n for n, d in made.items() if r == "table" or (r == "branches" and "branches" in d) or any(c["rule"] == r for c in d["claims"])] for r in RULES}
    for i in range(int(count)):
        rule = RULES[i % len(RULES)]
        read[f"{i} mutant of {rule}"] = mutate(made[rng.choice(holders[rule])], rng, rule)
    names = {}
    for i, (name, d) in enumerate(read.items()):
        file = os.path.join(folder, f"{i}.tight.cert.json" if name.startswith("tight") else f"{i}.cert.json")
        names[file] = name
        if "mutant" not in name:
            d["table_sha256"] = digest(d["table"])
        with open(file, "w") as f:
            json.dump(d, f)
        if name in made or name in wanted:
            with open(file + ".require", "w") as f:
                f.write("\n".join(wanted[name][1] if name in wanted else REQUIREMENTS + just(d)))
    said = subprocess.run([os.path.join(folder, "driver"), str(len(changes)), *names], capture_output=True, text=True, check=True).stdout
    shutil.rmtree(folder)
    caught = {}
    for line in said.splitlines():
        words = line.split()
        if words[0] == "caught":
            caught[int(words[1])] = names[words[2]]
    for i, c in enumerate(changes):
        if i in caught and "show" in sys.argv[5:]:
            print(f"{c}: {caught[i]}")
    left = [c for i, c in enumerate(changes) if i not in caught]
    why = {name.strip(): reason for reason, names in EXPLAINED.items() for name in re.split(r"[|\n]", names) if name.strip()}
    reasons = {c: max((k for k in why if c.startswith(k)), key=len, default=None) for c in left}
    wrong = [f"NOT CAUGHT {c}" for c in left if reasons[c] is None]
    wrong += [f"CAUGHT, THOUGH EXPLAINED {k}" for k in why if k not in reasons.values()]
    print("\n".join(wrong))
    for reason in EXPLAINED:
        print(f"{sum(reasons[c] is not None and why[reasons[c]] == reason for c in left)}: {reason}")
    print(f"{len(changes)} changes of the checker, {len(caught)} caught by one of {len(names)} documents, {len(left)} left")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
