(* A certificate from its JSON tree to the value that the proved checker takes. Not proved: it is what must be read,
   beside Statement.v, to know what a verdict is about. *)
module Integer = Z
open Checker
module Z = Integer
open Json

(* What is well formed as far as it was read, and no matter of the proved checker. *)
exception Outside of string
(* Well formed, and proves nothing. *)
exception Rejected of string

type document = {
  certificate : certificate;
  (* The formulas of every claim that has some. *)
  texts : Smooth.texts option list;
  name : string;
  sha256 : string;
  rounding : string;
}

let max_components = 32
let max_coefficients = 256
let max_claims = 256
let max_inputs = 1024
let max_parts = 16
let max_order = 255

(* ---- small things ---- *)

let q x = { qnum = Q.num x; qden = Q.den x }
let of_q x = Q.make x.qnum x.qden
let number t = Numbers.number (text t)
let positive t = let x = number t in if Q.sign x <= 0 then unreadable "not above 0"; x
let constant expected t =
  let found = text t in
  if found <> expected then unreadable "`%s` where `%s` is expected" (printable found) expected
let one_of what list t =
  match List.assoc_opt (text t) list with Some x -> x | None -> unreadable "not one of %s" what
let short limit t = let x = text t in if Utf8.length x > limit then unreadable "longer than %d characters" limit; x
let number_of f name = take f name number
let ordered f low high =
  let a = number_of f low in
  let b = number_of f high in
  if Q.geq a b then at high (fun () -> unreadable "not above `%s`" low);
  (a, b)

(* ---- the table ---- *)

(* A function by name; its parameters are read where they stand. *)
type named = Plain of function0 | Leaky | DirectShape of shape | DirectLeaky | DirectClip
let functions = [
  "sign", Plain Sign; "step", Plain Step; "relu", Plain Relu; "leaky_relu", Leaky; "abs", Plain Abs;
  "clip", Plain ClipByRelus; "relu6", Plain Relu6; "max", Plain Max; "max_pool", Plain MaxPool;
  "argmax", Plain OneHot; "direct_sign", DirectShape SignShape; "direct_step", DirectShape StepShape;
  "direct_bit", DirectShape BitShape; "direct_relu", DirectShape ReluShape; "direct_leaky_relu", DirectLeaky;
  "direct_abs", DirectShape AbsShape; "direct_clip", DirectClip; "direct_relu6", DirectShape Relu6Shape;
  "smooth", Plain Smooth ]
let named t = one_of (String.concat " " (List.map Stdlib.fst functions)) functions t
let is_of_p_itself = function DirectShape _ | DirectLeaky | DirectClip | Plain Smooth -> true | Plain _ | Leaky -> false

let domain ~is_smooth t =
  let f = fields t in
  let lo = number_of f "lo" in
  let hi = number_of f "hi" in
  let eps = take_maybe f "eps" number in
  let segments = take_maybe f "segments" (fun t ->
      if is_smooth then Smooth.segments lo hi t else unreadable "is of smooth alone") in
  finish f;
  if Q.geq lo hi then unreadable "lo is not below hi";
  (match eps with
  | Some e when Q.sign e <= 0 || Q.geq e hi -> at "eps" (fun () -> unreadable "eps is not between 0 and hi")
  | _ -> ());
  let segments = match segments with Some read -> at "segments" read | None -> [] in
  (lo, hi, eps, segments)

let component t =
  let f = fields t in
  let chebyshev = take f "basis" (one_of "power, chebyshev" [ "power", false; "chebyshev", true ]) in
  let map t =
    let f = fields t in
    let nonzero t = let x = number t in if Q.sign x = 0 then unreadable "the scale is 0"; x in
    let scale = take f "scale" nonzero in
    let offset = number_of f "offset" in
    finish f;
    (scale, offset) in
  let scale, offset = match take_maybe f "input_map" map with Some m -> m | None -> (Q.one, Q.zero) in
  let coefficients = take f "coefficients" (fun t -> each number (list_of 1 max_coefficients t)) in
  finish f;
  (chebyshev, scale, offset, coefficients)

let provenance t =
  let entries = match t with Object l -> l | _ -> unreadable "an object is expected" in
  List.iter (fun (key, value) ->
      ignore (at key (fun () -> short 4096 value));
      if Utf8.length key > 4096 then unreadable "a key longer than 4096 characters") entries

type table = {
  title : string; target_of : named; step : bool; slope : Q.t option; ends : (Q.t * Q.t) option;
  smooth : (Formula.written * Formula.program_written option) option; parts : (bool * Q.t * Q.t * Q.t list) list; digest : string }

(* The SHA-256 of the canonical lines. *)
let digest (lo, hi, eps, segments) step slope ends smooth components =
  let n = Numbers.plain in
  let component (chebyshev, scale, offset, c) =
    Printf.sprintf "component %s %s %s %d" (if chebyshev then "chebyshev" else "power") (n scale) (n offset) (List.length c)
    :: List.map n c in
  let lines =
    [ "polycert-table/1"; Printf.sprintf "domain %s %s" (n lo) (n hi) ]
    @ List.map (fun (a, b) -> Printf.sprintf "segment %s %s" (n a) (n b)) segments
    @ [ "eps " ^ (match eps with Some e -> n e | None -> "-") ]
    @ (if step then [ "output step" ] else [])
    @ (match slope with Some s -> [ "slope " ^ n s ] | None -> [])
    @ (match ends with Some (l, u) -> [ Printf.sprintf "ends %s %s" (n l) (n u) ] | None -> [])
    @ (match smooth with
      | Some ((f : Formula.written), g) ->
          ("function " ^ f.text) :: List.map (fun (g : Formula.program_written) -> "value " ^ g.whole) (Option.to_list g)
      | None -> [])
    @ List.concat_map component components in
  Sha256.digest (String.concat "" (List.map (fun line -> line ^ "\n") lines))

let table t =
  let f = fields t in
  take f "format" (constant "polycert-table/1");
  let title = take f "name" (short 200) in
  let target_of = take f "target" named in
  let is_smooth = target_of = Plain Smooth in
  let domain = take f "domain" (domain ~is_smooth) in
  let output t =
    match text t with
    | "sign" -> false
    | "step" when is_of_p_itself target_of -> unreadable "step, of a function that p is itself"
    | "step" -> true
    | _ -> unreadable "not one of sign, step" in
  let step = Option.value (take_maybe f "output" output) ~default:false in
  let only kind name t = if target_of = kind then number t else unreadable "is of %s alone" name in
  let slope = take_maybe f "slope" (only DirectLeaky "direct_leaky_relu") in
  let lower = take_maybe f "lower" (only DirectClip "direct_clip") in
  let upper = take_maybe f "upper" (only DirectClip "direct_clip") in
  let ends = match lower, upper with
    | None, None -> None
    | Some l, Some u when Q.lt l u -> Some (l, u)
    | Some _, Some _ -> at "lower" (fun () -> unreadable "is not below upper")
    | _ -> unreadable "one of lower and upper without the other" in
  let smooth =
    if is_smooth then
      let formula = take f "function" (fun t -> Formula.formula (text t)) in
      Some (formula, take_maybe f "value" (fun t -> Formula.program (text t)))
    else begin
      List.iter (fun name -> ignore (take_maybe f name (fun _ -> unreadable "is of smooth alone"))) [ "function"; "value" ];
      None
    end in
  let parts = take f "components" (fun t -> each component (list_of 1 max_components t)) in
  take f "provenance" provenance;
  finish f;
  { title; target_of; step; slope; ends; smooth; parts; digest = digest domain step slope ends smooth parts }

(* ---- hints and claims ---- *)

let mode t =
  match text t with
  | "exact" -> Exact
  | "f64" -> F64
  | "f32" -> F32
  | other -> (
      match Numbers.split other ":" with
      | Some ("fixed", bits) -> FixedPoint (Z.of_int (Numbers.count 1 1024 bits))
      | _ -> unreadable "not one of exact, f64, f32, fixed:BITS")

let hint p t = Numbers.hint p (text t)
let units p t = Numbers.units p (hint p t)

let pieces p t =
  let segment t =
    let f = fields t in
    let lo = take f "lo" (units p) in
    let hi = take f "hi" (units p) in
    let box t = let u, v = pair t in let u = units p u in (u, units p v) in
    let boxes = take f "boxes" (fun t -> each box (list t)) in
    finish f;
    { lo; hi; boxes } in
  each segment (list_of 1 max_int t)

let branch p t =
  let f = fields t in
  let names = [ "both"; "positive"; "negative" ] in
  let side = take f "side" (one_of "both, positive, negative" (List.map (fun n -> (n, n)) names)) in
  let stage t =
    let f = fields t in
    let hvalue = take f "value" (pieces p) in
    let hslope = take_maybe f "slope" (pieces p) in
    finish f;
    { hvalue; hslope } in
  let stages = take f "stages" (fun t -> each stage (list_of 1 max_components t)) in
  finish f;
  (side, stages)

let cells p t =
  let one t =
    let f = fields t in
    let points = take f "points" (fun t -> each (units p) (list t)) in
    let orders = take f "orders" (fun t ->
        let s = text t in
        String.iter (fun c -> if c <> '0' && c <> '1' then unreadable "a digit other than 0 and 1") s;
        s) in
    finish f;
    (* A list that is not well formed is one that proves nothing. *)
    match points with
    | first :: rest when List.length rest = String.length orders ->
        { first; rest = List.rev (Stdlib.fst (List.fold_left (fun (l, i) v -> ((orders.[i] = '1', v) :: l, i + 1)) ([], 0) rest)) }
    | _ -> { first = Z.one; rest = [] } in
  each one (list t)

let witness_anywhere p t =
  let f = fields t in
  let x = take f "x" (hint p) in
  let lo = number_of f "lo" in
  finish f;
  { at_x = q x; at_least = q lo }
let witness p t =
  let w = witness_anywhere p t in
  if Z.sign w.at_x.qnum = 0 then at "x" (fun () -> unreadable "a witness cannot be at 0");
  w

let cites f name = take f name (fun t -> Numbers.count 0 (max_claims - 1) (text t))
let range f =
  let from = number_of f "from" in
  let upto = number_of f "to" in
  if Q.sign from < 0 then at "from" (fun () -> unreadable "below 0");
  if Q.geq from upto then at "to" (fun () -> unreadable "not above `from`");
  (q from, q upto)
let inputs p count t =
  let f = fields t in
  let values = take f "inputs" (fun t -> each (fun t -> q (hint p t)) (list_of count count t)) in
  let lo = number_of f "lo" in
  finish f;
  (values, q lo)

type item = Claim of claim * claim_hints * Smooth.texts option | Goal of target

let target f =
  let target_cites = cites f "cites" in
  let name = take f "function" named in
  let scale = match name with
    | Plain (MaxPool | ClipByRelus | Relu6 | OneHot) -> Q.one
    | n when is_of_p_itself n -> Q.one
    | _ -> take f "scale" positive in
  let target_function = match name with
    | Plain function_ -> function_
    | Leaky -> LeakyRelu (q (number_of f "slope"))
    | DirectShape shape -> Direct shape
    | DirectLeaky -> Direct (LeakyReluShape (q (number_of f "slope")))
    | DirectClip -> let l, u = ordered f "lower" "upper" in Direct (ClipShape (q l, q u)) in
  let lo = number_of f "lo" in
  let hi = number_of f "hi" in
  let stated t =
    let f = fields t in
    let bound = number_of f "bound" in
    let verdict = take f "verdict" (one_of "PROVED, REFUTED, UNDECIDED"
        [ "PROVED", Proved; "REFUTED", Refuted; "UNDECIDED", Undecided ]) in
    finish f;
    (q bound, verdict) in
  let target_claim = take_maybe f "claim" stated in
  { target_function; target_cites; target_scale = q scale; target_lo = q lo; target_hi = q hi; target_claim }

let claim p t =
  let f = fields t in
  let rule = take f "rule" text in
  let none = { claim_cells = []; claim_pieces = []; claim_series = [] } in
  let wit () = take f "witness" (witness p) in
  let over_cells make =
    let upto = number_of f "to" in
    if Q.sign upto <= 0 then at "to" (fun () -> unreadable "not above 0");
    let claim_cells = take f "cells" (cells p) in
    let hi = number_of f "hi" in
    let w = wit () in
    Claim (make (q upto) (q hi) w, { none with claim_cells }, None) in
  let made = match rule with
    | "stage_ranges" ->
        let from, upto = range f in
        let one t = let lo, hi = pair t in let lo = number lo in (q lo, q (number hi)) in
        let ranges = take f "ranges" (fun t -> each one (list_of 1 max_components t)) in
        Claim (StageRanges (from, upto, ranges), none, None)
    | "closeness" ->
        let from, upto = range f in
        let hi = number_of f "hi" in
        Claim (Closeness (from, upto, q hi, wit ()), none, None)
    | "deviation" -> over_cells (fun upto hi w -> Deviation (upto, hi, w))
    | "derivative" -> over_cells (fun upto hi w -> Derivative (upto, hi, w))
    | "magnitude" ->
        over_cells (fun upto hi w -> Magnitude (upto, hi, w, take_maybe f "escape" (witness p)))
    | "pool" ->
        let pool_cites = cites f "cites" in
        let pool_inputs = take f "inputs" (fun t -> Numbers.count 2 max_inputs (text t)) in
        let pool_range = q (take f "range" positive) in
        let pool_scale = q (take f "input_scale" positive) in
        let pool_hi = q (number_of f "hi") in
        let pool_at, pool_lo = take f "witness" (inputs p pool_inputs) in
        Claim (Pool { pool_cites; pool_inputs; pool_range; pool_scale; pool_hi; pool_at; pool_lo }, none, None)
    | "argmax" ->
        let argmax_deviation = cites f "deviation" in
        let argmax_closeness = cites f "closeness" in
        let argmax_ranges = cites f "ranges" in
        let argmax_inputs = take f "inputs" (fun t -> Numbers.count 2 max_inputs (text t)) in
        let argmax_range = q (take f "range" positive) in
        let argmax_scale = q (take f "input_scale" positive) in
        let argmax_gap = q (take f "gap" positive) in
        let argmax_hi = q (number_of f "hi") in
        let argmax_at, argmax_lo = take f "witness" (inputs p argmax_inputs) in
        Claim (Argmax { argmax_deviation; argmax_closeness; argmax_ranges; argmax_inputs; argmax_range; argmax_scale;
                        argmax_gap; argmax_hi; argmax_at; argmax_lo }, none, None)
    | "clip" ->
        let clip_cites = cites f "cites" in
        let scale = take f "scale" positive in
        let lower, upper = ordered f "lower" "upper" in
        let from, upto = ordered f "from" "to" in
        let hi = number_of f "hi" in
        let clip_witness = take f "witness" (witness_anywhere p) in
        Claim (Clip { clip_cites; clip_scale = q scale; clip_lower = q lower; clip_upper = q upper;
                      clip_from = q from; clip_to = q upto; clip_hi = q hi; clip_witness }, none, None)
    | "lines" ->
        let part t =
          let f = fields t in
          let part_from = q (number_of f "from") in
          let part_to = q (number_of f "to") in
          let part_slope = q (number_of f "slope") in
          let part_intercept = q (number_of f "intercept") in
          let hint = take f "pieces" (pieces p) in
          finish f;
          ({ part_from; part_to; part_slope; part_intercept }, hint) in
        let parts = take f "parts" (fun t -> each part (list_of 1 max_parts t)) in
        let hi = number_of f "hi" in
        let w = take f "witness" (witness_anywhere p) in
        let parts, claim_pieces = List.split parts in
        Claim (Lines (parts, q hi, w), { none with claim_pieces }, None)
    | "contraction" ->
        let centre = number_of f "at" in
        let radius = take f "radius" positive in
        let order = take f "order" (fun t -> Numbers.count 1 max_order (text t)) in
        let hint = take f "pieces" (pieces p) in
        let hi = number_of f "hi" in
        Claim (Contraction (q centre, q radius, order, q hi), { none with claim_pieces = [ hint ] }, None)
    | "series" ->
        let units t = units p t in
        let a, claim_series, texts = Smooth.claim ~pieces:(pieces p) ~units ~witness:(witness_anywhere p) p f in
        Claim (Series a, { none with claim_series }, Some texts)
    | "stages" | "mean_square" | "rounding" -> raise (Outside (rule ^ " claims"))
    | "target" -> Goal (target f)
    | other -> at "rule" (fun () -> unreadable "`%s` is not a rule" (printable other)) in
  finish f;
  made

(* ---- the document ---- *)

let rule_of = function
  | StageRanges _ -> "stage_ranges" | Closeness _ -> "closeness" | Deviation _ -> "deviation"
  | Derivative _ -> "derivative" | Magnitude _ -> "magnitude" | Pool _ -> "pool" | Argmax _ -> "argmax"
  | Clip _ -> "clip" | Lines _ -> "lines" | Contraction _ -> "contraction"
  | Series _ -> "series"

(* The claims, and the target claim, which is the last and the only one. *)
let rec arrange i = function
  | [] -> raise (Rejected "target: the last claim is not a target claim")
  | [ Goal t ] -> ([], t)
  | Goal _ :: Claim (c, _, _) :: _ ->
      raise (Rejected (Printf.sprintf "claim %d, %s: a claim follows the target claim" (i + 1) (rule_of c)))
  | Goal _ :: Goal _ :: _ ->
      raise (Rejected (Printf.sprintf "claim %d, target: a claim follows the target claim" (i + 1)))
  | Claim (c, h, texts) :: rest -> let claims, goal = arrange (i + 1) rest in (((c, h), texts) :: claims, goal)

(* What a document says that it is, if it is not what this program checks. *)
let other_kind t =
  match t with
  | Object l -> (
      match List.assoc_opt "format" l with
      | Some (Text "polycert-certificate/1") | None -> None
      | Some (Text f) when String.length f > 9 && String.sub f 0 9 = "polycert-" -> Some f
      | _ -> None)
  | _ -> None

let read bytes wanted =
  let t = parse bytes in
  (match other_kind t with Some f -> raise (Outside ("documents of " ^ printable f)) | None -> ());
  let f = fields t in
  take f "format" (constant "polycert-certificate/1");
  let table = take f "table" table in
  let stated = take f "table_sha256" text in
  let rounding = ref "" in
  let held_as = take f "coefficients" (fun t -> let m = mode t in rounding := text t; m) in
  let p = take f "precision" (fun t -> Numbers.count 64 2048 (text t)) in
  let sides = take_maybe f "branches" (fun t -> each (branch p) (list_of 1 2 t)) in
  let items = take f "claims" (fun t -> each (claim p) (list_of 1 max_claims t)) in
  finish f;
  if stated <> table.digest then
    at "table_sha256" (fun () -> unreadable "states %s, and the table's digest is %s" (printable stated) table.digest);
  (match wanted with
  | Some w when String.lowercase_ascii w <> table.digest ->
      raise (Rejected (Printf.sprintf "table_sha256: the certificate is about the table %s, not %s" table.digest w))
  | _ -> ());
  let branches = match Option.value sides ~default:[] with
    | [] -> NoBranches
    | [ ("both", h) ] -> Both h
    | [ ("positive", h); ("negative", k) ] -> Sides (h, k)
    | _ -> at "branches" (fun () ->
        unreadable "neither one branch `both` nor the two branches `positive`, `negative`") in
  let n = List.length table.parts in
  List.iteri (fun i (_, stages) ->
      if List.length stages <> n then
        at "branches" (fun () -> item i (fun () -> at "stages" (fun () ->
            unreadable "%d stages for %d components" (List.length stages) n))))
    (Option.value sides ~default:[]);
  let claims, goal = arrange 0 items in
  let claims, texts = List.split claims in
  let made_for = match table.slope, table.ends with
    | Some s, _ -> Some (LeakyReluShape (q s))
    | None, Some (l, u) -> Some (ClipShape (q l, q u))
    | None, None -> None in
  (match table.smooth, goal.target_function, List.nth_opt texts goal.target_cites with
  | Some own, Smooth, Some (Some t) when not (Smooth.same_texts own t) ->
      raise (Rejected "target: the table is for smooth of another function or value than the target claim's")
  | _ -> ());
  let component (chebyshev, scale, offset, c) =
    { chebyshev; scale = q scale; offset = q offset; coefficients = List.map q c } in
  { certificate = { held_as; step_output = table.step; components = List.map component table.parts;
                    precision = Z.of_int p; branches; claims; goal; made_for };
    texts; name = table.title; sha256 = table.digest; rounding = !rounding }
