(* Formulas and programs from their texts (FORMAT.md, section 2.3) to the trees that the proved checker takes; operations
   on constants are done exactly. *)
module Integer = Z
open Checker
module Z = Integer

let max_length = 2_000
let max_depth = 64
let max_nodes = 256
let max_digits = 200
let max_ten = 300
let max_power = 1_024
let max_root = 64
let max_bits = 4_096
let max_bindings = 64

let names = [
  "exp", Exp; "log", Log; "sqrt", Sqrt; "sin", Sin; "cos", Cos; "atan", Atan; "asin", Asin; "acos", Acos; "erf", Erf;
  "tanh", Tanh; "sigmoid", Sigmoid; "softplus", Softplus; "gelu", Gelu; "gelu_tanh", GeluTanh; "silu", Silu ]

(* A formula with its text. *)
type written = { text : string; tree : formula }
type program_written = { whole : string; bindings : (string * written) list; last : written }

type reader = { text_read : string; mutable place : int; mutable nodes : int; is_program : bool;
  mutable bound : string list }

let fail r fmt = Printf.ksprintf (fun what -> Json.unreadable "at character %d: %s" (r.place + 1) what) fmt
let reader text is_program =
  if String.length text > max_length then Json.unreadable "a formula has at most %d characters" max_length;
  { text_read = text; place = 0; nodes = 0; is_program; bound = [] }
let at r k = if k < String.length r.text_read then r.text_read.[k] else '\000'
let peek r = at r r.place
let rec blanks r = if peek r = ' ' then (r.place <- r.place + 1; blanks r)
let take r c = blanks r; let found = peek r = c in if found then r.place <- r.place + 1; found
let ends r = blanks r; if r.place < String.length r.text_read then fail r "an operator or the end is expected"
let span r holds =
  let start = r.place in
  while holds (peek r) do r.place <- r.place + 1 done;
  String.sub r.text_read start (r.place - start)
let is_letter c = c >= 'a' && c <= 'z'
let is_digit c = c >= '0' && c <= '9'
let word r = if is_letter (peek r) then span r (fun c -> is_letter c || is_digit c || c = '_') else ""
let digits r = span r is_digit
let node r =
  r.nodes <- r.nodes + 1;
  if r.nodes > max_nodes then fail r "more than %d numbers, names and operations" max_nodes

let integer r what most =
  let d = digits r in
  let n = String.fold_left (fun n c -> min (most + 1) ((10 * n) + Char.code c - 48)) 0 d in
  if d = "" || n > most then fail r "%s from 0 to %d is expected" what most;
  n

(* n/d, which need not be in lowest terms, as a constant that is. *)
let number r n d =
  let too_long () = fail r "a constant of more than %d bits" max_bits in
  if Z.numbits n + Z.numbits d > 2 * max_bits then too_long ();
  let x = Q.make n d in
  if Z.numbits (Q.num x) + Z.numbits (Q.den x) > max_bits then too_long ();
  Number { qnum = Q.num x; qden = Q.den x }
let one = Number { qnum = Z.one; qden = Z.one }
let plus r a b =
  match a, b with
  | Number a, Number b when Z.equal a.qden b.qden -> number r (Z.add a.qnum b.qnum) a.qden
  | Number a, Number b -> number r (Z.add (Z.mul a.qnum b.qden) (Z.mul b.qnum a.qden)) (Z.mul a.qden b.qden)
  | a, b -> Sum (a, b)
let times r a b =
  match a, b with
  | Number a, Number b -> number r (Z.mul a.qnum b.qnum) (Z.mul a.qden b.qden)
  | a, b when a = one -> b
  | a, b when b = one -> a
  | a, (Number _ as b) -> Product (b, a)
  | a, b -> Product (a, b)
let over r a b =
  match b with
  | Number b when Z.sign b.qnum = 0 -> fail r "division by 0"
  | Number b ->
      let sign = Z.of_int (Z.sign b.qnum) in
      times r a (Number { qnum = Z.mul sign b.qden; qden = Z.abs b.qnum })
  | b -> Quotient (a, b)
let negative r a = times r (Number { qnum = Z.minus_one; qden = Z.one }) a

let decimal r =
  let whole = digits r in
  let fraction =
    if peek r <> '.' then ""
    else begin
      r.place <- r.place + 1;
      let fraction = digits r in
      if fraction = "" then fail r "a digit is expected after the point";
      fraction
    end in
  if String.length whole + String.length fraction > max_digits then fail r "a number has at most %d digits" max_digits;
  let n = Z.of_string (whole ^ fraction) in
  let ten k = Z.pow (Z.of_int 10) k in
  let d = ten (String.length fraction) in
  let sign = at r (r.place + 1) in
  let follows = (peek r = 'e' || peek r = 'E')
    && (is_digit sign || ((sign = '-' || sign = '+') && is_digit (at r (r.place + 2)))) in
  if not follows then number r n d
  else begin
    r.place <- r.place + (if is_digit sign then 1 else 2);
    let power = ten (integer r "a decimal exponent" max_ten) in
    if sign = '-' then number r n (Z.mul d power) else number r (Z.mul n power) d
  end

let position name l =
  let rec go i = function [] -> None | x :: rest -> if x = name then Some i else go (i + 1) rest in
  go 0 l

let rec sum r depth =
  if depth > max_depth then fail r "nested deeper than %d" max_depth;
  let rec go left =
    let minus = if take r '+' then Some false else if take r '-' then Some true else None in
    match minus with
    | None -> left
    | Some minus ->
        node r;
        let right = product r depth in
        go (plus r left (if minus then negative r right else right)) in
  go (product r depth)
and product r depth =
  let rec go left =
    let divides = if take r '*' then Some false else if take r '/' then Some true else None in
    match divides with
    | None -> left
    | Some divides ->
        node r;
        let right = factor r depth in
        go (if divides then over r left right else times r left right) in
  go (factor r depth)
and factor r depth = if take r '-' then (node r; negative r (power r depth)) else power r depth
and power r depth =
  let base = atom r depth in
  if not (take r '^') then base
  else begin
    node r;
    let inverse = take r '-' in
    blanks r;
    let k = integer r "an integer exponent" max_power in
    let raised = match base, k with
      | _, 0 -> one
      | base, 1 -> base
      | Number a, k ->
          if (Z.numbits a.qnum + Z.numbits a.qden) * k > max_bits then
            fail r "a constant of more than %d bits" max_bits;
          number r (Z.pow a.qnum k) (Z.pow a.qden k)
      | base, k -> Power (base, Z.of_int k) in
    if inverse then over r one raised else raised
  end
and atom r depth =
  node r;
  blanks r;
  match peek r with
  | c when is_digit c -> decimal r
  | '(' -> bracketed r depth
  | c when is_letter c -> named r depth
  | _ -> fail r "a number, a name or `(` is expected"
and bracketed r depth = if not (take r '(') then fail r "`(` is expected"; closed r (sum r (depth + 1))
and closed r inside = if not (take r ')') then fail r "an operator or `)` is expected"; inside
and named r depth =
  let start = r.place in
  match word r with
  | "x" -> X
  | "p" when r.is_program -> Y
  | "pi" -> Pi
  | "root" -> root r depth
  | word -> (
      match position word r.bound, List.assoc_opt word names with
      | Some i, _ -> Bound i
      | None, Some name -> Call (name, bracketed r depth)
      | None, None ->
          r.place <- start;
          let p, bound = if r.is_program then ("p, ", ", or a name that is bound before") else ("", "") in
          fail r "not one of x, %spi, root, %s%s" p (String.concat ", " (List.map Stdlib.fst names)) bound)
and root r depth =
  if not (take r '(') then fail r "`(` is expected";
  blanks r;
  let m = integer r "the integer n of root(n, A)" max_root in
  if m < 2 then fail r "root(n, A) needs an n of 2 or more";
  if not (take r ',') then fail r "`,` is expected";
  Root (Z.of_int m, closed r (sum r (depth + 1)))

let between r start = String.trim (String.sub r.text_read start (r.place - start))

let formula text =
  let r = reader text false in
  let tree = sum r 0 in
  ends r;
  { text; tree }

(* What means something without being bound. *)
let is_word w =
  let n = String.length w in
  let component = n > 2 && String.sub w 0 2 = "p_" && String.for_all is_digit (String.sub w 2 (n - 2)) in
  component || List.mem_assoc w names || List.mem w [ "x"; "p"; "pi"; "root" ]
(* The name of a step, where one begins here: the reader is behind its `=` then. *)
let binding r =
  blanks r;
  let start = r.place in
  let name = word r in
  if name = "" || not (take r '=') then (r.place <- start; None)
  else begin
    let refuse what = r.place <- start; fail r "%s" what in
    if is_word name then refuse (Printf.sprintf "`%s` is a word of the language, and no name" name);
    if List.mem name r.bound then refuse (Printf.sprintf "`%s` is bound twice" name);
    if List.length r.bound = max_bindings then refuse (Printf.sprintf "more than %d names" max_bindings);
    blanks r;
    Some name
  end
let program text =
  let r = reader text true in
  let rec steps done_ =
    match binding r with
    | None -> List.rev done_
    | Some name ->
        let start = r.place in
        let tree = sum r 0 in
        let text = between r start in
        if not (take r ';') then fail r "an operator or `;` is expected";
        r.bound <- r.bound @ [ name ];
        steps ((name, { text; tree }) :: done_) in
  let bindings = steps [] in
  let start = r.place in
  let tree = sum r 0 in
  ends r;
  { whole = text; bindings; last = { text = between r start; tree } }

(* ---- for the sentences ---- *)

let rec varies = function
  | X | Y | Bound _ -> true
  | Number _ | Pi -> false
  | Sum (a, b) | Product (a, b) | Quotient (a, b) -> varies a || varies b
  | Power (a, _) | Root (_, a) | Call (_, a) -> varies a
(* Whether it has a root, asin or acos of an argument that varies: it may be defined up to an end only. *)
let rec has_ends = function
  | X | Y | Bound _ | Number _ | Pi -> false
  | Sum (a, b) | Product (a, b) | Quotient (a, b) -> has_ends a || has_ends b
  | Root (_, a) | Call ((Sqrt | Asin | Acos), a) -> varies a || has_ends a
  | Power (a, _) | Call (_, a) -> has_ends a
(* The text, in brackets unless it is one name with its argument. *)
let as_atom f =
  let text = String.trim f.text in
  let depth = ref 0 and plain = ref true in
  String.iter (function
    | '(' -> incr depth
    | ')' -> depth := max 0 (!depth - 1)
    | '+' | '-' | '*' | '/' | '^' -> if !depth = 0 then plain := false
    | _ -> ()) text;
  match f.tree with (X | Y | Pi | Root _ | Call _) when !plain -> text | _ -> "(" ^ text ^ ")"
