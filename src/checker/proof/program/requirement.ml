(* What a certificate is held to, as a person writes it: `relu<=2^-13 on [-40,40]`; and whether it proves that, by Required.v. *)
module Integer = Z
open Checker
module Z = Integer
open Json
let fst = Stdlib.fst

let max_length = 1_000
let max_digits = 200
let max_power = 300

(* A smooth function, what stands for it if that is not p itself, and whether its relative error is meant. *)
type smooth = { f : Formula.written; g : Formula.program_written option; relative : bool }
type t = { text : string; decrypted : bool; name : string; parameters : Q.t list; bound : Q.t; domain : Q.t * Q.t;
  from : Q.t option; k : int option; smooth : smooth option }

let plain = [
  "sign", Sign; "step", Step; "relu", Relu; "abs", Abs; "max", Max; "relu6", Relu6; "direct_sign", Direct SignShape;
  "direct_step", Direct StepShape; "direct_bit", Direct BitShape; "direct_relu", Direct ReluShape;
  "direct_abs", Direct AbsShape; "direct_relu6", Direct Relu6Shape ]
(* In the order of the format. *)
let names = [
  "sign"; "step"; "relu"; "leaky_relu"; "abs"; "clip"; "relu6"; "max"; "max_pool"; "argmax"; "direct_sign"; "direct_step";
  "direct_bit"; "direct_relu"; "direct_leaky_relu"; "direct_abs"; "direct_clip"; "direct_relu6"; "smooth" ]
let name_of = function
  | LeakyRelu _ -> "leaky_relu" | ClipByRelus -> "clip" | MaxPool -> "max_pool" | OneHot -> "argmax" | Smooth -> "smooth"
  | Direct (LeakyReluShape _) -> "direct_leaky_relu" | Direct (ClipShape _) -> "direct_clip"
  | f -> fst (List.find (fun (_, g) -> g = f) plain)
let all_names = String.concat ", " names
let arity = function
  | "leaky_relu" | "direct_leaky_relu" | "max_pool" | "argmax" -> 1
  | "clip" | "direct_clip" -> 2
  | _ -> 0
(* Where the function jumps: it is approximated only at a distance from there. *)
let jump = function
  | "sign" | "step" | "direct_sign" | "direct_step" -> Some Q.zero
  | "direct_bit" -> Some (Q.of_ints 1 2)
  | _ -> None

(* ---- reading ---- *)

let without prefix t =
  let n = String.length prefix in
  if String.starts_with ~prefix t then Some (String.sub t n (String.length t - n)) else None
let is_blank c = c = ' ' || (c >= '\t' && c <= '\r')
let is_digit c = c >= '0' && c <= '9'

(* A number of the format, `2^E`, or a decimal such as 1.25e-3: exactly. *)
let written t =
  let sign, rest = match without "-" t with Some rest -> ("-", rest) | None -> ("", t) in
  match without "2^" rest with
  | Some e -> Numbers.number (sign ^ "1*2^" ^ e)
  | None when not (String.exists (fun c -> c = '.' || c = 'e' || c = 'E') t) -> Numbers.number t
  | None ->
      let wrong () = unreadable "`%s` is no number" (printable t) in
      let small = String.map (fun c -> if c = 'E' then 'e' else c) rest in
      let mantissa, exponent = Option.value (Numbers.split small "e") ~default:(rest, "0") in
      let whole, places = Option.value (Numbers.split mantissa ".") ~default:(mantissa, "") in
      let digits = whole ^ places in
      let in_place = whole <> "" && (places <> "" || not (String.contains mantissa '.')) in
      if (not in_place) || (not (String.for_all is_digit digits)) || String.length digits > max_digits then wrong ();
      let down, power = match without "-" exponent with
        | Some power -> (true, power)
        | None -> (false, Option.value (without "+" exponent) ~default:exponent) in
      let power = try Numbers.count 0 max_power power with Unreadable _ -> wrong () in
      let ten n = Z.pow (Z.of_int 10) n in
      let value = Q.make (Z.of_string digits) (ten (String.length places)) in
      let value = if down then Q.div value (Q.of_bigint (ten power)) else Q.mul value (Q.of_bigint (ten power)) in
      if sign = "" then value else Q.neg value
let numbers list = List.map (fun t -> written (String.trim t)) (String.split_on_char ',' list)

let rec blanks t = if t <> "" && is_blank t.[0] then blanks (String.sub t 1 (String.length t - 1)) else t
(* The first word, and the rest. *)
let word t =
  let t = blanks t in
  let rec end_ i = if i < String.length t && not (is_blank t.[i]) then end_ (i + 1) else i in
  let i = end_ 0 in
  (String.sub t 0 i, String.sub t i (String.length t - i))
(* What follows a word, if the text begins with it. *)
let part t name =
  match without name (blanks t) with
  | Some rest when rest <> "" && (is_blank rest.[0] || rest.[0] = '[') -> Some (blanks rest)
  | _ -> None

(* `[relative] FORMULA [by VALUE]`; none if the text begins with a name of the format. *)
let smooth left =
  let relative, t = match without "relative " left with Some rest -> (true, String.trim rest) | None -> (false, left) in
  let t, by = match Numbers.split t " by " with Some (t, by) -> (String.trim t, Some by) | None -> (t, None) in
  let name = String.trim (List.hd (String.split_on_char '(' t)) in
  if name = "smooth" then unreadable "a smooth function is named itself, as exp or 1/x"
  else if List.mem name names then
    if relative || by <> None then unreadable "`relative` and `by` are for a smooth function" else None
  else begin
    let alone = t <> "" && String.for_all (fun c -> (c >= 'a' && c <= 'z') || c = '_') t in
    let whole = if alone && t <> "x" && t <> "pi" then t ^ "(x)" else t in
    let g = match by with
      | None -> None
      | Some by -> (
          match Formula.program by with
          | exception Unreadable (_, detail) -> unreadable "by: %s" detail
          | g when Smooth.as_program g = Smooth.itself -> None
          | g -> Some g) in
    match Formula.formula whole with
    | f -> Some { f; g; relative }
    | exception Unreadable _ when alone -> unreadable "not one of %s, and no function of a formula" all_names
  end

(* A name of the format, with parameters in brackets. *)
let named left =
  let name, parameters = match Numbers.split left "(" with
    | None -> (left, [])
    | Some (name, list) ->
        if not (String.ends_with ~suffix:")" list) then unreadable "`)` is missing";
        (String.trim name, numbers (String.sub list 0 (String.length list - 1))) in
  if not (List.mem name names) then unreadable "not one of %s" all_names;
  if List.length parameters <> arity name then unreadable "%s has %d parameters in brackets" name (arity name);
  (name, parameters)

(* The intervals that are required: the domain, without what is nearer to a jump than `from`. *)
let parts r =
  let lo, hi = r.domain in
  match jump r.name, r.from with
  | Some at, Some from ->
      List.filter (fun (a, b) -> Q.leq a b) [ (lo, Q.min hi (Q.sub at from)); (Q.max lo (Q.add at from), hi) ]
  | _ -> [ (lo, hi) ]

let read text =
  if String.length text > max_length then unreadable "longer than %d bytes" max_length;
  let left, right = match Numbers.split text "<=" with Some p -> p | None -> unreadable "FUNCTION<=BOUND is expected" in
  let left = String.trim left in
  let decrypted, left = match without "decrypted " left with Some t -> (true, String.trim t) | None -> (false, left) in
  let smooth = smooth left in
  let name, parameters = if smooth = None then named left else ("smooth", []) in
  let bound, rest = word right in
  let bound = written bound in
  let domain, rest = match part rest "on" with
    | None -> (((if name = "max" then Q.zero else Q.minus_one), Q.one), rest)
    | Some after -> (
        match Option.bind (without "[" after) (fun t -> Numbers.split t "]") with
        | None -> unreadable "`on` needs [LO,HI]"
        | Some (ends, after) -> (
            match numbers ends with
            | [ lo; hi ] when Q.lt lo hi -> ((lo, hi), after)
            | _ -> unreadable "`on` needs [LO,HI], LO below HI")) in
  let from, rest = match part rest "from" with
    | None -> (None, rest)
    | Some after -> let number, after = word after in (Some (written number), after) in
  let k, rest = match part rest "but" with
    | None -> (None, rest)
    | Some after -> (
        let number, after = word after in
        match Numbers.count 1 1_000 (Option.value (without "2^-" number) ~default:"") with
        | k -> (Some k, after)
        | exception Unreadable _ -> unreadable "`but` needs 2^-K") in
  if String.trim rest <> "" then unreadable "`%s` is not understood" (printable (String.trim rest));
  let r = { text = String.trim text; decrypted; name; parameters; bound; domain; from; k; smooth } in
  let needs = jump name <> None || name = "argmax" in
  (match from with
   | None when needs -> unreadable "`from EPS` is missing: how far from its jump the function is meant"
   | Some _ when not needs -> unreadable "`from` is for functions that jump"
   | Some from when Q.sign from <= 0 -> unreadable "`from` needs a number above 0"
   | _ -> ());
  if k <> None && not decrypted then unreadable "`but` is for what is decrypted";
  if parts r = [] then unreadable "nothing is left of the domain";
  r
(* With what was read in front of what is wrong. *)
let parse text =
  try read text with Unreadable (_, detail) -> unreadable "`%s`: %s" (printable text) detail

(* ---- whether it is proved ---- *)

let of_q = Reader.of_q
let wanted r =
  let q = Smooth.q in
  let count x = if Z.equal (Q.den x) Z.one && Z.fits_int (Q.num x) && Q.sign x > 0 then Z.to_int (Q.num x) else 0 in
  let about = match r.name, r.parameters, r.smooth with
    | "leaky_relu", [ a ], _ -> Named (LeakyRelu (q a))
    | "direct_leaky_relu", [ a ], _ -> Named (Direct (LeakyReluShape (q a)))
    | "clip", [ a; b ], _ -> Clipped (q a, q b)
    | "direct_clip", [ a; b ], _ -> Named (Direct (ClipShape (q a, q b)))
    | "max_pool", [ n ], _ -> Greatest (count n)
    | "argmax", [ n ], _ -> Leader (count n, q (Option.get r.from))
    | _, _, Some s ->
        Smoothly (s.f.tree, Option.fold ~none:Smooth.itself ~some:Smooth.as_program s.g, s.relative)
    | name, _, _ -> Named (List.assoc name plain) in
  { about; most = q r.bound; where_ = List.map (fun (a, b) -> (q a, q b)) (parts r) }

(* Where the error of the target is bounded, the function's parameters, and the lead that an argmax needs. *)
let proved t cited =
  let b = of_q t.target_scale in
  let symmetric x = [ (Q.neg x, x) ] in
  let both (a, b) = (of_q a, of_q b) in
  let intervals l = List.map both (joined l) in
  let ends, parameters, lead = match cited with
    | Closeness (from, upto, _, _) ->
        let from = Q.mul b (of_q from) and upto = Q.mul b (of_q upto) in
        ([ (Q.neg upto, Q.neg from); (from, upto) ], [], None)
    | Deviation (upto, _, _) -> ((if t.target_function = Max then [ (Q.zero, b) ] else symmetric (Q.mul b (of_q upto))), [], None)
    | Pool a -> (symmetric (of_q a.pool_range), [ Q.of_int a.pool_inputs ], None)
    | Argmax a -> (symmetric (of_q a.argmax_range), [ Q.of_int a.argmax_inputs ], Some (of_q a.argmax_gap))
    | Clip a ->
        let own = if t.target_function = ClipByRelus then [ of_q a.clip_lower; of_q a.clip_upper ] else [] in
        ([ both (a.clip_from, a.clip_to) ], own, None)
    | Series a -> (intervals a.smooth_parts, [], None)
    | Lines (parts, _, _) -> (intervals (ends_of parts), [], None)
    | _ -> ([], [], None) in
  let own = match t.target_function with
    | LeakyRelu a | Direct (LeakyReluShape a) -> [ of_q a ]
    | Direct (ClipShape (l, u)) -> [ of_q l; of_q u ]
    | _ -> [] in
  (ends, parameters @ own, lead)

(* What a smooth target is about, if that is another function, value or measure. *)
let other_formula cited (texts : Smooth.texts option) s =
  let about what = Some ("the statement is about " ^ what) in
  match cited, texts with
  | Series a, Some t ->
      let value (g : Formula.program_written option) = Option.fold ~none:Smooth.itself ~some:Smooth.as_program g in
      (match a.smooth_measure with
       | Absolute when s.relative -> about "the absolute error"
       | Relative when not s.relative -> about "the relative error"
       | Weighted _ -> about "a weighted error"
       | _ when not (same_formula a.smooth_function s.f.tree) -> about (String.trim t.f.text)
       | _ when same_program (value t.g) (value s.g) -> None
       | _ ->
           let stated = match t.g with
             | Some g when not (same_program (Smooth.as_program g) Smooth.itself) -> String.trim g.whole
             | _ -> "p" in
           about ("the value " ^ stated))
  | _ -> about "another function"

(* Why the statement that is proved is not at least as strong; none if it is, by the function that is proved in Coq. *)
let shortfall (d : Reader.document) r =
  let t = d.certificate.goal in
  let cited = fst (List.nth d.certificate.claims t.target_cites) in
  let ends, parameters, lead = proved t cited in
  let holds (lo, hi) = List.exists (fun (a, b) -> Q.leq a lo && Q.leq hi b) ends in
  let first l = List.find_map (fun why -> why ()) l in
  let say fmt = Printf.ksprintf Option.some fmt in
  let why = first [
    (fun () -> if name_of t.target_function <> r.name then say "the statement is about %s" (name_of t.target_function) else None);
    (fun () -> Option.bind r.smooth (other_formula cited (List.nth d.texts t.target_cites)));
    (fun () ->
      if List.equal Q.equal parameters r.parameters then None
      else say "the statement is about %s" (String.concat ", " (List.map Numbers.full parameters)));
    (fun () -> if r.decrypted then say "nothing is said of what is decrypted" else None);
    (fun () -> match List.find_opt (fun p -> not (holds p)) (parts r) with
      | Some (lo, hi) -> say "the statement does not reach all of [%s, %s]" (Numbers.full lo) (Numbers.full hi)
      | None -> None);
    (fun () -> match lead, r.from with
      | Some gap, Some from when Q.gt gap from -> say "the statement is for a lead of %s or more" (Numbers.full gap)
      | _ -> None);
    (fun () -> if Q.gt (of_q t.target_hi) r.bound then say "the proved bound is %s" (Numbers.up (of_q t.target_hi)) else None) ] in
  match why with
  | None when not (required d.certificate (wanted r)) -> say "it cannot be compared with the statement"
  | why -> why
