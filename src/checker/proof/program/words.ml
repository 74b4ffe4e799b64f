(* The proved statements in words, as polycert-check has them. Every number is exact, or rounded so that the sentence
   stays true. *)
open Checker
open Numbers
open Printf

let of_q = Reader.of_q
let up' x = up (of_q x) and down' x = down (of_q x) and full' x = full (of_q x)

(* ---- phrases ---- *)

(* Where a quantity is large, and how large at least. *)
let at w = sprintf "at x = %s it is at least %s" (full' w.at_x) (down' w.at_least)
let of_x slope = match full' slope with "1" -> "x" | "-1" -> "-x" | other -> other ^ " x"
(* A factor or divisor, in brackets unless it is an integer. *)
let bracketed n = if String.contains n '/' || String.contains n '*' || String.contains n '^' then "(" ^ n ^ ")" else n
let clipped a =
  let b = bracketed (full' a.clip_scale) in
  ( "|l + R(x - l) - R(x - u) - clip(x, l, u)|",
    sprintf "on [%s, %s] with l = %s, u = %s, R(x) = %s r(x/%s)" (full' a.clip_from) (full' a.clip_to)
      (full' a.clip_lower) (full' a.clip_upper) b b )

(* ---- statements ---- *)

let bounded quantity upto hi w = sprintf "%s <= %s for |x| <= %s; %s" quantity hi (down' upto) (at w)

let line_of part =
  let slope = of_x part.part_slope in
  if Q.sign (of_q part.part_slope) = 0 then full' part.part_intercept
  else if Q.sign (of_q part.part_intercept) = 0 then slope
  else sprintf "%s + %s" slope (full' part.part_intercept)

let statement texts = function
  | StageRanges (from, upto, ranges) ->
      sprintf "for %s <= |x| <= %s the output of each stage, times the sign of x, lies in%s" (up' from) (down' upto)
        (String.concat "," (List.map (fun (lo, hi) -> sprintf " [%s, %s]" (down' lo) (up' hi)) ranges))
  | Closeness (from, upto, hi, w) ->
      sprintf "|p(x) - sign(x)| <= %s for %s <= |x| <= %s; %s; hence |r(x) - ReLU(x)| <= %s |x| there" (up' hi)
        (up' from) (down' upto) (at w)
        (up (Q.div_2exp (of_q hi) 1))
  | Deviation (upto, hi, w) -> bounded "|r(x) - ReLU(x)|" upto (up' hi) w
  | Derivative (upto, hi, w) -> bounded "|r'(x) - 1/2|" upto (up' hi) w
  | Magnitude (upto, hi, w, None) -> bounded "|r(x)|" upto (up' hi) w
  | Magnitude (upto, hi, w, Some escape) ->
      (* "The bound fails" is proved of the exact bound, not of one rounded up. *)
      sprintf "%s; beyond that range the bound fails: %s" (bounded "|r(x)|" upto (full' hi) w) (at escape)
  | Pool a ->
      let range = down' a.pool_range in
      sprintf
        "the tournament of m over %d inputs in [-%s, %s], mapped by x -> %s x + 1/2, is within %s of their maximum; at the named inputs its error is at least %s"
        a.pool_inputs range range (full' a.pool_scale) (up' a.pool_hi) (down' a.pool_lo)
  | Argmax a ->
      let range = down' a.argmax_range and hi = up' a.argmax_hi in
      sprintf
        "the tournament over %d inputs in [-%s, %s], mapped by x -> %s x + 1/2: if one exceeds all others by %s or more, then its weight is within %s of 1, and the others are within %s of 0; at the named inputs a weight is off by at least %s"
        a.argmax_inputs range range (full' a.argmax_scale) (full' a.argmax_gap) hi hi (down' a.argmax_lo)
  | Clip a ->
      let error, domain = clipped a in
      sprintf "%s <= %s %s; %s" error (up' a.clip_hi) domain (at a.clip_witness)
  | Lines (parts, hi, w) ->
      let one a = sprintf " %s on [%s, %s]" (line_of a) (full' a.part_from) (full' a.part_to) in
      sprintf "|p(x) - f(x)| <= %s with f(x) =%s; %s" (up' hi) (String.concat "," (List.map one parts)) (at w)
  | Contraction (centre, radius, order, hi) ->
      let b = full' centre in
      let left, off = if b = "0" then ("p(x)", "x") else ("p(x) - " ^ b, "x - " ^ b) in
      let power = if order = 1 then "" else sprintf "^%d" order in
      (* Towards the point alone: two other points need not come nearer to each other. *)
      sprintf "|%s| <= %s |%s|%s for |%s| <= %s, a contraction towards %s" left (up' hi) off power off (down' radius) b
  | Series a ->
      let error, domain = Smooth.error_and_domain a (Option.get texts) in
      sprintf "%s <= %s %s; %s" error (up' a.smooth_hi) domain (at a.smooth_witness)

(* ---- the target ---- *)

(* The intervals that the parts cover; parts that touch are one interval. *)
let covered parts =
  let join done_ a =
    match done_ with
    | (from, upto) :: rest when Q.equal upto (of_q a.part_from) -> (from, of_q a.part_to) :: rest
    | _ -> (of_q a.part_from, of_q a.part_to) :: done_ in
  let intervals = List.rev (List.fold_left join [] parts) in
  "on" ^ String.concat " and" (List.map (fun (a, b) -> sprintf " [%s, %s]" (full a) (full b)) intervals)

(* The error that a target claim is about, and where; the domain is exact, since the witness may lie at its very end. *)
let subject t cited texts =
  let scale = of_q t.target_scale in
  let b = full scale in
  let times, over = if Q.equal scale Q.one then ("", "") else (bracketed b ^ " ", "/" ^ bracketed b) in
  let end_ upto = full (Q.mul scale (of_q upto)) in
  let symmetric upto = sprintf "on [-%s, %s]" (end_ upto) (end_ upto) in
  match t.target_function, cited with
  | f, Closeness (from, upto, _, _) ->
      ( (match f with
        | Step -> sprintf "|(1 + p(x%s))/2 - [x > 0]|" over
        | _ -> sprintf "|p(x%s) - sign(x)|" over),
        sprintf "for %s <= |x| <= %s" (end_ from) (end_ upto) )
  | Abs, Deviation (upto, _, _) -> (sprintf "|x p(x%s) - |x||" over, symmetric upto)
  | LeakyRelu slope, Deviation (upto, _, _) ->
      ( sprintf "|s x + (1-s) %sr(x%s) - LeakyReLU(x)|" times over,
        sprintf "%s with slope s = %s" (symmetric upto) (full' slope) )
  | Max, Deviation _ -> (sprintf "|%sm(a%s, b%s) - max(a, b)|" times over over, sprintf "for a, b in [0, %s]" b)
  | _, Deviation (upto, _, _) -> (sprintf "|%sr(x%s) - ReLU(x)|" times over, symmetric upto)
  | _, Pool a ->
      let range = full' a.pool_range in
      ( "|tournament of m - maximum|",
        sprintf "for %d inputs in [-%s, %s], mapped by x -> %s x + 1/2" a.pool_inputs range range (full' a.pool_scale) )
  | _, Argmax a ->
      let range = full' a.argmax_range in
      ( "|one-hot weight of the tournament - exact one-hot|",
        sprintf "for %d inputs in [-%s, %s], the greatest by %s or more, mapped by x -> %s x + 1/2" a.argmax_inputs range
          range (full' a.argmax_gap) (full' a.argmax_scale) )
  | _, Clip a -> clipped a
  | _, Series a -> Smooth.error_and_domain a (Option.get texts)
  | f, Lines (parts, _, _) ->
      let name = match f with
        | Direct SignShape -> "sign(x)"
        | Direct StepShape -> "[x > 0]"
        | Direct BitShape -> "[x > 1/2]"
        | Direct ReluShape -> "ReLU(x)"
        | Direct (LeakyReluShape slope) -> sprintf "LeakyReLU(x), slope %s," (full' slope)
        | Direct AbsShape -> "|x|"
        | Direct (ClipShape (l, u)) -> sprintf "clip(x, %s, %s)" (full' l) (full' u)
        | _ -> "ReLU6(x)" in
      (sprintf "|p(x) - %s|" name, covered parts)
  | _ -> ("", "")

(* Where the error is large. *)
let place t cited =
  match cited with
  | Closeness (_, _, _, w) | Deviation (_, _, w) ->
      let name = match t.target_function with Max -> "a - b" | _ -> "x" in
      sprintf "%s = %s" name (full (Q.mul (of_q w.at_x) (of_q t.target_scale)))
  | Lines (_, _, w) | Clip { clip_witness = w; _ } | Series { smooth_witness = w; _ } -> sprintf "x = %s" (full' w.at_x)
  | _ -> sprintf "the inputs named by claim %d" t.target_cites

(* How far an error is beyond a bound, both numbers rounded down. *)
let missed bound lo =
  let by = decimal (Q.sub lo bound) false in
  if Q.sign bound <= 0 then sprintf "it is missed by %s or more" by
  else sprintf "it is missed by %s or more, %s times the bound" by (decimal (Q.div lo bound) false)

let headline t cited texts =
  let error, domain = subject t cited texts in
  match t.target_claim with
  | None -> sprintf "%s <= %s %s" error (up' t.target_hi) domain
  | Some (bound, Proved) -> sprintf "%s <= %s %s" error (up' bound) domain
  | Some (bound, Refuted) ->
      sprintf "the claim %s <= %s %s is FALSE: at %s the error is at least %s; %s" error (full' bound) domain
        (place t cited) (down' t.target_lo)
        (missed (of_q bound) (of_q t.target_lo))
  | Some (bound, Undecided) ->
      sprintf "the claim %s <= %s %s is UNDECIDED: the proved enclosure of the maximum error holds the bound" error
        (full' bound) domain

(* ---- beyond the domain ---- *)

let function_name = function
  | Sign -> "sign" | Step -> "step" | Relu -> "relu" | LeakyRelu _ -> "leaky_relu" | Abs -> "abs" | Max -> "max"
  | ClipByRelus -> "clip" | Relu6 -> "relu6" | MaxPool -> "max_pool" | OneHot -> "argmax" | Direct _ -> "direct"
  | Smooth -> "smooth"

(* The farthest proved statement of the same error within the same bound. *)
let beyond t cited claims =
  let scale = of_q t.target_scale in
  let bound = match t.target_claim with Some (b, Proved) -> of_q b | _ -> of_q t.target_hi in
  let factor = match follows t cited with Some ((k, _), _) -> of_q k | None -> Q.one in
  let reach = match cited with Closeness (_, upto, _, _) | Deviation (upto, _, _) -> Some (of_q upto) | _ -> None in
  match reach with
  | None -> []
  | Some end_ ->
      let farther upto hi = Q.gt (of_q upto) end_ && Q.leq (Q.mul factor (of_q hi)) bound in
      let reaches = List.filter_map (fun c ->
          match cited, c with
          | Deviation _, Deviation (upto, hi, _) when farther upto hi -> Some (of_q upto)
          | Closeness (first, _, _, _), Closeness (from, upto, hi, _)
            when farther upto hi && Q.leq (of_q from) (of_q first) -> Some (of_q upto)
          | _ -> None) claims in
      let x = match t.target_function with Max -> "|a - b|" | _ -> "|x|" in
      let valid = match reaches with
        | [] -> []
        | l ->
            let upto = List.fold_left Q.max end_ l in
            [ sprintf "beyond the domain the error stays within %s up to %s = %s" (up bound) x (down (Q.mul scale upto)) ] in
      let magnitudes = List.filter_map (function
          | Magnitude (upto, hi, _, _) when Q.gt (of_q upto) end_ -> Some (of_q upto, of_q hi)
          | _ -> None) claims in
      let nothing = if valid = [] && magnitudes <> [] then [ "beyond the domain nothing is proved of this error" ] else [] in
      let value = if Q.equal scale Q.one then "|r(x)|" else let b = bracketed (full scale) in sprintf "|%s r(x/%s)|" b b in
      let of_r = match t.target_function with
        | Relu -> ""
        | other -> sprintf " (of r, not of what stands for %s)" (function_name other) in
      valid @ nothing
      @ List.map (fun (upto, hi) ->
            sprintf "beyond the domain r stays bounded, %s <= %s up to |x| = %s, whatever the error%s" value
              (up (Q.mul scale hi)) (down (Q.mul scale upto)) of_r) magnitudes

(* ---- the report ---- *)

let is_of_p_itself = function Lines _ | Contraction _ | Series _ -> true | _ -> false

let cited (d : Reader.document) =
  let i = d.certificate.goal.target_cites in
  (fst (List.nth d.certificate.claims i), List.nth d.texts i)
let headline_of d t = let claim, texts = cited d in headline t claim texts
let enclosure t = (decimal (of_q t.target_lo) false, decimal (of_q t.target_hi) true)
let beyond_of d = beyond d.Reader.certificate.goal (fst (cited d)) (List.map fst d.certificate.claims)
let statements d = List.map2 (fun texts (c, _) -> statement texts c) d.Reader.texts d.certificate.claims

let report (d : Reader.document) =
  let c = d.certificate in
  let t = c.goal in
  let lo, hi = enclosure t in
  let direct = match t.target_function with Direct _ | Smooth -> true | _ -> false in
  let escaped = String.concat "\\u{22}" (String.split_on_char '"' (Json.printable d.name)) in
  [ "VERIFIED " ^ headline_of d t; sprintf "  the maximum error lies in [%s, %s] (decimals rounded outward)" lo hi ]
  @ List.map (fun line -> "  " ^ line) (beyond_of d)
  @ (if c.step_output then
       [ "  output: step, h in {0, 1}; here p = 2 h - 1, where h is the table, whose last stage gives 0 or 1" ]
     else [])
  @ List.map (fun line -> "  " ^ line) (statements d)
  @ (if direct then [ "  with p as it is, not as a sign" ] else [])
  @ (if direct && List.for_all (fun (claim, _) -> is_of_p_itself claim) c.claims then []
     else [ "  with r(x) = x (1 + p(x))/2, m(a, b) = ((a + b) + (a - b) p(a - b))/2" ])
  @ [ "  decimals are rounded to the safe side";
      sprintf "  %s is the table \"%s\", sha256 %s" (if c.step_output then "h" else "p") escaped d.sha256;
      "  coefficients: " ^ d.rounding ]
