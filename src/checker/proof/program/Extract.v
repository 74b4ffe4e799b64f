(** The checker as an OCaml program: integers are zarith's, natural numbers (depths, places, degrees: all small) int.

    What the directives of the standard library leave to unary or wrong definitions is given here; every directive is
    compared with Coq's own evaluation in Vectors.v. *)
From Coq Require Import ZArith QArith List Bool.
From Coq Require Extraction ExtrOcamlBasic ExtrOcamlNatInt ExtrOcamlZBigInt.
From Polycert Require Import Vocabulary Statement Check Required claims.Target program.Vectors.

Extract Constant Z.leb => "Big_int_Z.le_big_int".
Extract Constant Z.ltb => "Big_int_Z.lt_big_int".
Extract Constant Z.geb => "Big_int_Z.ge_big_int".
Extract Constant Z.gtb => "Big_int_Z.gt_big_int".
Extract Constant Z.sgn => "(fun x -> Z.of_int (Z.sign x))".
Extract Constant Z.even => "Z.is_even".
Extract Constant Z.land => "Z.logand".
Extract Constant Z.log2 => "(fun x -> if Z.sign x <= 0 then Z.zero else Z.of_int (Z.numbits x - 1))".
Extract Constant Z.shiftl =>
  "(fun x n -> let n = Z.to_int n in if n >= 0 then Z.shift_left x n else Z.shift_right x (- n))".
Extract Constant Z.shiftr =>
  "(fun x n -> let n = Z.to_int n in if n >= 0 then Z.shift_right x n else Z.shift_left x (- n))".
Extract Constant Z.div => "(fun a b -> if Z.sign b = 0 then Z.zero else Z.fdiv a b)".
Extract Constant Z.div_eucl =>
  "(fun a b -> if Z.sign b = 0 then (Z.zero, a) else let q = Z.fdiv a b in (q, Z.sub a (Z.mul q b)))".
Extract Constant Z.pow => "(fun a n -> if Z.sign n < 0 then Z.zero else Z.pow a (Z.to_int n))".
Extract Constant Z.lcm => "(fun a b -> if Z.sign a = 0 || Z.sign b = 0 then Z.zero else Z.lcm a b)".
Extract Constant Z.of_nat => "Z.of_int".
Extract Constant Z.to_nat => "(fun x -> if Z.sign x <= 0 then 0 else Z.to_int x)".
Extract Constant Pos.to_nat => "Z.to_int".
Extract Constant Nat.leb => "(<=)".

Extraction "checker.ml" examine follows required computed.
