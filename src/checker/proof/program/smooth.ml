(* Claims about smooth functions: read, and in words. *)
module Integer = Z
open Checker
module Z = Integer
open Json
open Printf

let max_intervals = 4_096
let max_degree = 512

(* The formulas of a claim as they were written. *)
type texts = { f : Formula.written; g : Formula.program_written option; w : Formula.written option }

let itself = { steps = []; result = Y }
let as_program (g : Formula.program_written) =
  { steps = List.map (fun (_, (f : Formula.written)) -> f.tree) g.bindings; result = g.last.tree }
let q x = { qnum = Q.num x; qden = Q.den x }

(* pieces, units and witness read hints at precision p. *)
let claim ~pieces ~units ~witness p f =
  let formula t = Formula.formula (text t) in
  let number t = q (Numbers.number (text t)) in
  let function_ = take f "function" formula in
  let value = take_maybe f "value" (fun t -> Formula.program (text t)) in
  let measure, weight = take f "error" (fun t ->
      match text t with
      | "absolute" -> (Absolute, None)
      | "relative" -> (Relative, None)
      | other -> (
          match Numbers.split other "weight:" with
          | Some ("", w) -> let w = Formula.formula w in (Weighted w.tree, Some w)
          | _ -> unreadable "not one of absolute, relative, weight:FORMULA")) in
  let cell t =
    let f = fields t in
    let cell_to = take f "to" units in
    let cell_degree = take f "degree" (fun t -> Numbers.count 0 max_degree (text t)) in
    let cell_pieces = take f "pieces" pieces in
    finish f;
    { cell_to; cell_degree; cell_pieces } in
  let part t =
    let f = fields t in
    let from = take f "from" number in
    let upto = take f "to" number in
    let cells = take f "cells" (fun t -> each cell (list_of 1 max_int t)) in
    finish f;
    ((from, upto), cells) in
  let parts, claim_series = List.split (take f "parts" (fun t -> each part (list_of 1 max_intervals t))) in
  let smooth_hi = take f "hi" number in
  let smooth_witness = take f "witness" witness in
  (* A root's argument may seem to lie 2^(precision/2) units beyond the end. *)
  let smooth_slack = { qnum = Z.one; qden = Z.shift_left Z.one (p - (p / 2)) } in
  ( { smooth_function = function_.tree; smooth_value = (match value with Some g -> as_program g | None -> itself);
      smooth_measure = measure; smooth_parts = parts; smooth_slack; smooth_hi; smooth_witness },
    claim_series, { f = function_; g = value; w = weight } )

(* The segments of a domain that is a union: in order and apart, from lo to hi. *)
let segments lo hi t =
  let number t = Numbers.number (text t) in
  let l = each (fun t -> let a, b = pair t in let a = number a in (a, number b)) (list_of 1 max_intervals t) in
  fun () ->
    let rec go i = function
      | [] -> ()
      | (a, b) :: rest ->
          if Q.geq a b then item i (fun () -> unreadable "lo is not below hi");
          (match rest with
          | (c, _) :: _ when Q.geq b c -> item i (fun () -> unreadable "ends at or beyond the beginning of the next")
          | _ -> ());
          go (i + 1) rest in
    go 0 l;
    let first = Stdlib.fst (List.hd l) and last = Stdlib.snd (List.nth l (List.length l - 1)) in
    if not (Q.equal first lo && Q.equal last hi) then unreadable "do not reach from lo to hi";
    l

(* Whether a target claim is about the very texts of the table. *)
let same_texts (f, g) (t : texts) =
  let whole = Option.map (fun (g : Formula.program_written) -> g.whole) in
  (f : Formula.written).text = t.f.text && whole g = whole t.g

(* ---- words ---- *)

let full x = Numbers.full (Q.make x.qnum x.qden)
let max_shown = 6
(* The intervals that the parts cover; parts that touch are one interval. *)
let covered parts =
  let join done_ (a, b) =
    match done_ with
    | (from, upto) :: rest when Q.equal (Q.make upto.qnum upto.qden) (Q.make a.qnum a.qden) -> (from, b) :: rest
    | _ -> (a, b) :: done_ in
  let all = List.map (fun (a, b) -> sprintf "[%s, %s]" (full a) (full b)) (List.rev (List.fold_left join [] parts)) in
  match all with
  | first :: second :: _ when List.length all > max_shown ->
      sprintf "%d intervals: %s, %s, ..., %s" (List.length all) first second (List.nth all (List.length all - 1))
  | _ -> String.concat " and " all

(* The error, and where. *)
let error_and_domain a (t : texts) =
  let f = Formula.as_atom t.f in
  let value = Option.map (fun (g : Formula.program_written) -> g.last) t.g in
  let written = match value with Some g -> String.trim g.text | None -> "p(x)" in
  let error = match a.smooth_measure, t.w with
    | Relative, _ -> sprintf "|%s/%s - 1|" (match value with Some g -> Formula.as_atom g | None -> "p(x)") f
    | Weighted _, Some w -> sprintf "|%s (%s - %s)|" (Formula.as_atom w) written f
    | _ when String.trim t.f.text = "0" -> sprintf "|%s|" written
    | _ -> sprintf "|%s - %s|" written f in
  let steps = match t.g with Some g -> g.bindings | None -> [] in
  let trees = (t.f.tree :: Option.to_list (Option.map (fun (w : Formula.written) -> w.tree) t.w))
    @ List.map (fun (_, (f : Formula.written)) -> f.tree) steps
    @ Option.to_list (Option.map (fun (g : Formula.written) -> g.tree) value) in
  let defined = if List.exists Formula.has_ends trees then ", where this is defined" else "" in
  let bound = List.mapi (fun i (name, (f : Formula.written)) ->
      sprintf "%s%s = %s" (if i = 0 then ", with " else ", ") name f.text) steps in
  (error, sprintf "for x in %s%s%s" (covered a.smooth_parts) defined (String.concat "" bound))
