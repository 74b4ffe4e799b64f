(* Numbers of a document (FORMAT.md, section 1), and numbers for people: short and exact where possible, else 20 decimal
   digits rounded to the safe side. Q.t is zarith's fraction in lowest terms. *)
open Json

let max_characters = 2_200
let max_exponent = 4096

(* ---- reading ---- *)

(* 0, or digits that do not begin with 0; perhaps with a minus sign. *)
let integer t =
  let n = String.length t in
  let from = if n > 0 && t.[0] = '-' then 1 else 0 in
  let digits = n - from in
  let all = ref (digits > 0) in
  for i = from to n - 1 do if t.[i] < '0' || t.[i] > '9' then all := false done;
  if (not !all) || (digits > 1 && t.[from] = '0') then unreadable "not an integer, a fraction or a dyadic";
  Z.of_string t

(* The texts before and behind the first place of a separator. *)
let split t separator =
  let k = String.length separator in
  let rec go i =
    if i + k > String.length t then None
    else if String.sub t i k = separator then Some (String.sub t 0 i, String.sub t (i + k) (String.length t - i - k))
    else go (i + 1) in
  go 0

let number t =
  if String.length t > max_characters then unreadable "a number has at most %d characters" max_characters;
  match split t "*2^" with
  | Some (m, e) ->
      let m = integer m and e = integer e in
      if Z.gt (Z.abs e) (Z.of_int max_exponent) then
        unreadable "the exponent of a dyadic is between -%d and %d" max_exponent max_exponent;
      let e = Z.to_int e in
      if e >= 0 then Q.of_bigint (Z.shift_left m e) else Q.make m (Z.shift_left Z.one (-e))
  | None -> (
      match split t "/" with
      | Some (n, d) ->
          let d' = integer d in
          if Z.sign d' <= 0 || d.[0] = '-' then unreadable "the denominator is not positive";
          Q.make (integer n) d'
      | None -> Q.of_bigint (integer t))

(* A hint number: a multiple of 2^-(precision-1), at most 2^64 in size. *)
let hint precision t =
  if String.contains t '/' then unreadable "a hint number cannot be a fraction";
  let x = number t in
  if Z.numbits (Q.den x) > precision then
    unreadable "a hint number must be a multiple of 2^-%d" (precision - 1);
  if Z.gt (Z.abs (Q.num x)) (Z.shift_left (Q.den x) 64) then unreadable "a hint number is at most 2^64 in size";
  x
(* In units of 2^-precision. *)
let units precision x = Z.divexact (Z.shift_left (Q.num x) precision) (Q.den x)

(* An integer from least to most. *)
let count least most t =
  let outside () = unreadable "an integer from %d to %d is expected" least most in
  if String.length t > 20 then outside ();
  let x = integer t in
  if Z.lt x (Z.of_int least) || Z.gt x (Z.of_int most) then outside ();
  Z.to_int x

(* ---- writing ---- *)

let plain x = if Z.equal (Q.den x) Z.one then Z.to_string (Q.num x) else Z.to_string (Q.num x) ^ "/" ^ Z.to_string (Q.den x)

(* The k of a denominator 2^k. *)
let power x =
  let d = Q.den x in
  let k = Z.trailing_zeros d in
  if Z.numbits d = k + 1 then Some k else None

(* 12, -3/7, 2^-14, 5*2^-14, if the number is short. *)
let short x =
  let n = Q.num x and d = Q.den x in
  match power x with
  | Some 0 when Z.numbits n <= 40 -> Some (Z.to_string n)
  | Some k when k >= 5 && Z.equal n Z.one -> Some (Printf.sprintf "2^-%d" k)
  | Some k when k >= 5 && Z.numbits n <= 20 -> Some (Printf.sprintf "%s*2^-%d" (Z.to_string n) k)
  | _ when Z.numbits n <= 40 && Z.numbits d <= 40 -> Some (plain x)
  | _ -> None

(* x exactly, however long. *)
let full x =
  match short x, power x with
  | Some t, _ -> t
  | None, Some k when k > 0 -> Printf.sprintf "%s*2^-%d" (Z.to_string (Q.num x)) k
  | None, _ -> plain x

let digits = 20

(* 20 significant decimal digits, rounded up or down. *)
let decimal x up =
  if Q.sign x = 0 then "0"
  else begin
    let away = up = (Q.sign x > 0) in
    let ten e = if e > 0 then Z.pow (Z.of_int 10) e else Z.one in
    let log2 = Z.numbits (Q.num x) - Z.numbits (Q.den x) - 1 in
    let floor_div a b = if a >= 0 then a / b else -((-a + b - 1) / b) in
    let limit = ten digits in
    let rec find exponent =
      let k = digits - 1 - exponent in
      let n = Z.mul (Z.abs (Q.num x)) (ten k) and d = Z.mul (Q.den x) (ten (-k)) in
      let mantissa = if away then Z.cdiv n d else Z.fdiv n d in
      if Z.lt mantissa limit then (exponent, Z.to_string mantissa) else find (exponent + 1) in
    let exponent, text = find (floor_div (log2 * 30103) 100_000 - 1) in
    let last = ref (String.length text) in
    while !last > 1 && text.[!last - 1] = '0' do decr last done;
    let rest = String.sub text 1 (!last - 1) in
    (if Q.sign x > 0 then "" else "-") ^ String.sub text 0 1
    ^ (if rest = "" then "" else "." ^ rest)
    ^ if exponent = 0 then "" else Printf.sprintf "e%d" exponent
  end

(* A number that is not below x, or not above: x itself if that is short. *)
let up x = match short x with Some t -> t | None -> decimal x true
let down x = match short x with Some t -> t | None -> decimal x false
