(* What was found of one file: words, one line of JSON for programs, and the exit code. *)
open Checker

type outcome =
  | Verified of Reader.document * string list (* what is required and not met, though it is verified *)
  | Rejected of int option * string * string (* the claim, the rule, what is wrong *)
  | Unreadable of string * string (* the field, what is wrong *)
  | Outside of string

let on_one_line name = Utf8.escaped ~unseen:false ~limit:false name

(* As "claim 3, pool: a condition is not met", or "target: ..." where it is of no claim. *)
let rejected words =
  let rule, detail = Option.value (Numbers.split words ": ") ~default:("", words) in
  match Numbers.split rule ", " with
  | Some (claim, rule) -> Rejected (Some (int_of_string (String.sub claim 6 (String.length claim - 6))), rule, detail)
  | None -> Rejected (None, rule, detail)

(* Which rule is not met, and of which claim. *)
let fault (d : Reader.document) f =
  let claims = d.certificate.claims in
  let of_claim i what =
    let rule = match List.nth_opt claims i with Some (c, _) -> Reader.rule_of c | None -> "target" in
    Rejected (Some i, rule, what) in
  match f with
  | FaultPrecision -> Unreadable ("precision", "an integer from 64 to 2048 is expected")
  | FaultRounding -> Unreadable ("table.components", "a coefficient overflows the format")
  | FaultExpansion ->
      Rejected (None, "limit", "the components, or p as one polynomial of degree at most 255, cannot be expanded")
  | FaultBranches ->
      Rejected (None, "branches", "R1 pieces is not met, or there is one branch for components that are not odd")
  | FaultOutput i -> of_claim i "table.output: is step, so that p is 2 h - 1 of the table's h: not what is meant by p as it is"
  | FaultClaim i -> of_claim i "a condition of the rule is not met"
  | FaultTarget -> of_claim (List.length claims) "a condition of the rule is not met"
  | FaultMadeFor ->
      Rejected (None, "target", "the table is for a function of another slope or other ends than the target claim's")

let code ~any_verdict = function
  | Unreadable _ -> 2
  | Outside _ -> 3
  | Rejected _ | Verified (_, _ :: _) -> 1
  | Verified (d, []) -> (
      match d.certificate.goal.target_claim with
      | None | Some (_, Proved) -> 0
      | Some (_, (Refuted | Undecided)) -> if any_verdict then 0 else 1)

let words = function
  | Verified (d, []) -> String.concat "\n" (Words.report d)
  | Verified (d, unmet) ->
      String.concat "" (List.map (fun what -> "VERIFIED, BUT NOT WHAT IS REQUIRED: " ^ what ^ "\n") unmet)
      ^ "  proved: " ^ List.hd (Words.report d)
  | Rejected (Some i, rule, what) -> Printf.sprintf "REJECTED claim %d, %s: %s" i rule what
  | Rejected (None, rule, what) -> Printf.sprintf "REJECTED %s: %s" rule what
  | Unreadable ("", what) -> "UNREADABLE " ^ what
  | Unreadable (path, what) -> Printf.sprintf "UNREADABLE %s: %s" path what
  | Outside what -> Printf.sprintf "OUTSIDE of what is proved in Coq: %s; use polycert-check" what

(* ---- JSON ---- *)

let quoted text =
  let out = Buffer.create (String.length text + 2) in
  let add c = Utf8.add out c in
  let rec go i =
    match Utf8.decode text i with
    | Some (c, width) ->
        (match Char.unsafe_chr (c land 0xff) with
         | ('"' | '\\') as c' when c < 0x80 -> Buffer.add_char out '\\'; Buffer.add_char out c'
         | '\b' when c < 0x80 -> Buffer.add_string out "\\b"
         | '\012' when c < 0x80 -> Buffer.add_string out "\\f"
         | '\n' when c < 0x80 -> Buffer.add_string out "\\n"
         | '\r' when c < 0x80 -> Buffer.add_string out "\\r"
         | '\t' when c < 0x80 -> Buffer.add_string out "\\t"
         | _ when c < 0x20 -> Buffer.add_string out (Printf.sprintf "\\u%04x" c)
         | _ -> add c);
        go (i + width)
    | None -> if i < String.length text then (add 0xfffd; go (i + 1)) in
  go 0;
  "\"" ^ Buffer.contents out ^ "\""
let list texts = "[" ^ String.concat "," (List.map quoted texts) ^ "]"

let verified (d : Reader.document) =
  let t = d.certificate.goal in
  let verdict = match t.target_claim with
    | None -> "null"
    | Some (_, Proved) -> "\"PROVED\"" | Some (_, Refuted) -> "\"REFUTED\"" | Some (_, Undecided) -> "\"UNDECIDED\"" in
  let lo, hi = Words.enclosure t in
  Printf.sprintf
    "\"outcome\":\"VERIFIED\",\"statement\":%s,\"verdict\":%s,\"error_lo\":%s,\"error_hi\":%s,\"statements\":%s,\"beyond\":%s,\"table\":%s,\"table_output\":%s,\"table_sha256\":%s,\"coefficients\":%s"
    (quoted (Words.headline_of d t)) verdict (quoted lo) (quoted hi)
    (list (Words.statements d @ [ Words.headline_of d { t with target_claim = None } ]))
    (list (Words.beyond_of d)) (quoted d.name)
    (quoted (if d.certificate.step_output then "step" else "sign"))
    (quoted d.sha256) (quoted d.rounding)
let json file answer ~accepted =
  let fields = match answer with
    | Verified (d, _) -> verified d
    | Rejected (claim, rule, what) ->
        let claim = Option.fold ~none:"null" ~some:(fun i -> quoted (string_of_int i)) claim in
        Printf.sprintf "\"outcome\":\"REJECTED\",\"claim\":%s,\"rule\":%s,\"detail\":%s" claim (quoted rule) (quoted what)
    | Unreadable (path, what) ->
        Printf.sprintf "\"outcome\":\"UNREADABLE\",\"path\":%s,\"detail\":%s" (quoted path) (quoted what)
    | Outside what -> Printf.sprintf "\"outcome\":\"OUTSIDE\",\"detail\":%s" (quoted what) in
  let unmet = match answer with Verified (_, unmet) -> unmet | _ -> [] in
  Printf.sprintf "{\"file\":%s,%s,\"unmet\":%s,\"accepted\":%b}" (quoted file) fields (list unmet) accepted
