(* A certificate as a theorem for Coq's kernel alone: the document as a value, its statement, and the proof by
   computation. What the theorem is about stands in the file; this program need not be trusted for it. *)
module Integer = Z
open Checker
module Z = Integer
open Printf

(* Coq reads sixteen digits to a place faster than ten, and short numbers faster than long ones. *)
let hexadecimal n = Z.format "%#x" n
let z n =
  let zeros = if Z.sign n = 0 then 0 else Z.trailing_zeros n in
  if zeros < 16 then sprintf "(%s)%%Z" (hexadecimal n)
  else sprintf "(shifted (%s) %d)" (hexadecimal (Z.shift_right n zeros)) zeros
let nat n = sprintf "%d%%nat" n
let q x =
  let d = x.qden in
  let k = Z.trailing_zeros d in
  if Z.numbits d = k + 1 then sprintf "(dyadic (%s) %d)" (hexadecimal x.qnum) k
  else sprintf "((%s) # %s)%%Q" (hexadecimal x.qnum) (hexadecimal d)
let list one l = "[" ^ String.concat ";\n  " (List.map one l) ^ "]"
let pair a b (x, y) = sprintf "(%s, %s)" (a x) (b y)
let option one = function None -> "None" | Some x -> sprintf "(Some %s)" (one x)
let boolean b = if b then "true" else "false"
(* An application, and a record of named fields. *)
let call name arguments = sprintf "(%s)" (String.concat " " (name :: arguments))
let record fields = "{| " ^ String.concat "; " (List.map (fun (name, value) -> name ^ " := " ^ value) fields) ^ " |}"

let mode = function Exact -> "Exact" | F64 -> "F64" | F32 -> "F32" | FixedPoint bits -> call "FixedPoint" [ z bits ]
let component c =
  record [ "chebyshev", boolean c.chebyshev; "scale", q c.scale; "offset", q c.offset;
           "coefficients", list q c.coefficients ]
let segment s = record [ "lo", z s.lo; "hi", z s.hi; "boxes", list (pair z z) s.boxes ]
let hint h = record [ "hvalue", list segment h.hvalue; "hslope", option (list segment) h.hslope ]
let hints = function
  | NoBranches -> "NoBranches"
  | Both h -> call "Both" [ list hint h ]
  | Sides (h, k) -> call "Sides" [ list hint h; list hint k ]
let cells c = record [ "first", z c.first; "rest", list (pair boolean z) c.rest ]
let series_cell c =
  record [ "cell_to", z c.cell_to; "cell_degree", nat c.cell_degree; "cell_pieces", list segment c.cell_pieces ]
let claim_hints h =
  record [ "claim_cells", list cells h.claim_cells; "claim_pieces", list (list segment) h.claim_pieces;
           "claim_series", list (list series_cell) h.claim_series ]
let witness w = record [ "at_x", q w.at_x; "at_least", q w.at_least ]
let part a =
  record [ "part_from", q a.part_from; "part_to", q a.part_to; "part_slope", q a.part_slope;
           "part_intercept", q a.part_intercept ]
let name = function
  | Exp -> "Exp" | Log -> "Log" | Sqrt -> "Sqrt" | Sin -> "Sin" | Cos -> "Cos" | Atan -> "Atan" | Asin -> "Asin"
  | Acos -> "Acos" | Erf -> "Erf" | Tanh -> "Tanh" | Sigmoid -> "Sigmoid"
  | Softplus -> "Softplus" | Gelu -> "Gelu" | GeluTanh -> "GeluTanh" | Silu -> "Silu"
let rec formula = function
  | Number x -> call "Number" [ q x ]
  | Pi -> "Pi"
  | X -> "X"
  | Y -> "Y"
  | Bound i -> call "Bound" [ nat i ]
  | Sum (a, b) -> call "Sum" [ formula a; formula b ]
  | Product (a, b) -> call "Product" [ formula a; formula b ]
  | Quotient (a, b) -> call "Quotient" [ formula a; formula b ]
  | Power (a, k) -> call "Power" [ formula a; sprintf "%s%%positive" (Z.to_string k) ]
  | Root (m, a) -> call "Root" [ sprintf "%s%%positive" (Z.to_string m); formula a ]
  | Call (f, a) -> call "Call" [ name f; formula a ]
let measure = function Absolute -> "Absolute" | Relative -> "Relative" | Weighted w -> call "Weighted" [ formula w ]
let claim = function
  | StageRanges (from, upto, ranges) -> call "StageRanges" [ q from; q upto; list (pair q q) ranges ]
  | Closeness (from, upto, hi, w) -> call "Closeness" [ q from; q upto; q hi; witness w ]
  | Deviation (upto, hi, w) -> call "Deviation" [ q upto; q hi; witness w ]
  | Derivative (upto, hi, w) -> call "Derivative" [ q upto; q hi; witness w ]
  | Magnitude (upto, hi, w, escape) -> call "Magnitude" [ q upto; q hi; witness w; option witness escape ]
  | Pool a ->
      call "Pool" [ record [ "pool_cites", nat a.pool_cites; "pool_inputs", nat a.pool_inputs;
        "pool_range", q a.pool_range; "pool_scale", q a.pool_scale; "pool_hi", q a.pool_hi;
        "pool_at", list q a.pool_at; "pool_lo", q a.pool_lo ] ]
  | Argmax a ->
      call "Argmax" [ record [ "argmax_deviation", nat a.argmax_deviation; "argmax_closeness", nat a.argmax_closeness;
        "argmax_ranges", nat a.argmax_ranges; "argmax_inputs", nat a.argmax_inputs; "argmax_range", q a.argmax_range;
        "argmax_scale", q a.argmax_scale; "argmax_gap", q a.argmax_gap; "argmax_hi", q a.argmax_hi;
        "argmax_at", list q a.argmax_at; "argmax_lo", q a.argmax_lo ] ]
  | Clip a ->
      call "Clip" [ record [ "clip_cites", nat a.clip_cites; "clip_scale", q a.clip_scale; "clip_lower", q a.clip_lower;
        "clip_upper", q a.clip_upper; "clip_from", q a.clip_from; "clip_to", q a.clip_to; "clip_hi", q a.clip_hi;
        "clip_witness", witness a.clip_witness ] ]
  | Lines (parts, hi, w) -> call "Lines" [ list part parts; q hi; witness w ]
  | Contraction (centre, radius, order, hi) -> call "Contraction" [ q centre; q radius; nat order; q hi ]
  | Series a ->
      call "Series" [ record [ "smooth_function", formula a.smooth_function;
        "smooth_value", record [ "steps", list formula a.smooth_value.steps; "result", formula a.smooth_value.result ];
        "smooth_measure", measure a.smooth_measure; "smooth_parts", list (pair q q) a.smooth_parts;
        "smooth_slack", q a.smooth_slack; "smooth_hi", q a.smooth_hi; "smooth_witness", witness a.smooth_witness ] ]
let shape = function
  | SignShape -> "SignShape" | StepShape -> "StepShape" | BitShape -> "BitShape" | ReluShape -> "ReluShape"
  | LeakyReluShape a -> call "LeakyReluShape" [ q a ] | AbsShape -> "AbsShape"
  | ClipShape (l, u) -> call "ClipShape" [ q l; q u ] | Relu6Shape -> "Relu6Shape"
let function_ = function
  | Sign -> "Sign" | Step -> "Step" | Relu -> "Relu" | LeakyRelu a -> call "LeakyRelu" [ q a ] | Abs -> "Abs"
  | Max -> "Max" | ClipByRelus -> "ClipByRelus" | Relu6 -> "Relu6" | MaxPool -> "MaxPool" | OneHot -> "OneHot"
  | Direct f -> call "Direct" [ shape f ]
  | Smooth -> "Smooth"
let verdict = function Proved -> "Proved" | Refuted -> "Refuted" | Undecided -> "Undecided"
let target t =
  record [ "target_function", function_ t.target_function; "target_cites", nat t.target_cites;
           "target_scale", q t.target_scale; "target_lo", q t.target_lo; "target_hi", q t.target_hi;
           "target_claim", option (pair q verdict) t.target_claim ]

(* With machine words (BigZ), or with Coq's own integers alone. *)
let theorem ~pure (c : certificate) =
  let value = record [
    "held_as", mode c.held_as; "step_output", boolean c.step_output; "components", list component c.components;
    "precision", z c.precision; "branches", hints c.branches; "claims", list (pair claim claim_hints) c.claims;
    "goal", target c.goal; "made_for", option shape c.made_for ] in
  let smooth = List.exists (fun (claim, _) -> match claim with Series _ -> true | _ -> false) c.claims in
  let examine, library = if pure then ("pure_examine", "Pure") else ("fast_examine", "Fast") in
  String.concat "\n" [
    "(* coqc -R target/prove Polycert FILE.v; Statement.v says what is stated of this value. *)";
    "From Coq Require Import ZArith QArith List.";
    "From Polycert Require Import Vocabulary " ^ (if smooth then "Formula " else "") ^ "Statement core.Pieces core.Cascade core.Ground core.Composite "
    ^ (if smooth then "series.Rule " else "") ^ "Check";
    "  kernel.Document kernel." ^ library ^ ".";
    "Import ListNotations.";
    "Definition document : certificate := " ^ value ^ ".";
    "Theorem proved : statement document.";
    sprintf "Proof. computed %s %s_ok. Qed." examine examine ]
