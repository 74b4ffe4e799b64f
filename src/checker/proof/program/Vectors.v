(** What the extracted program computes with, on numbers of both signs, zero, and zero divisors: Coq's own evaluation
    (Expected.v prints it), and the same terms for the extracted program to evaluate. *)
From Coq Require Import ZArith QArith List Bool Ascii.
Import ListNotations.
Open Scope Z_scope.

Definition big : Z := 123456789012345678901.
Definition numbers : list Z := [0; 1; -1; 2; -2; 3; -3; 7; -8; 63; 64; -64; 65; 1000003; -1000003; big; - big].
Definition of_bool (b : bool) : Z := if b then 1 else 0.
Definition of_comparison (c : comparison) : Z := match c with Lt => -1 | Eq => 0 | Gt => 1 end.
Definition of_pair (p : Z * Z) : list Z := [fst p; snd p].

Definition of_two (a b : Z) : list Z :=
  let n := Z.land b 7 in let x := Qmake a (Z.to_pos b) in let y := Qmake b (Z.to_pos a) in
  [a + b; a - b; a * b; a / b; Z.max a b; Z.min a b; Z.lcm a b; Z.land a b; of_comparison (a ?= b);
   of_bool (a =? b); of_bool (a <=? b); of_bool (a <? b); of_bool (Z.geb a b); of_bool (Z.gtb a b);
   Z.shiftl a n; Z.shiftl a (- n); Z.shiftr a n; Z.shiftr a (- n); Z.pow a n; Z.pow a (- n);
   Qnum (x + y); Zpos (Qden (x + y)); Qnum (x * y); Qnum (x - y); Qnum (x / y); Zpos (Qden (x / y));
   of_bool (Qle_bool x y); of_bool (Qeq_bool x y);
   Z.of_nat (Z.to_nat n); Z.of_nat (Z.to_nat (- n)); Z.of_nat (Pos.to_nat (Pos.succ (Z.to_pos n)))]
  ++ of_pair (Z.div_eucl a b).
Definition of_one (a : Z) : list Z :=
  [- a; Z.abs a; Z.sgn a; of_bool (Z.even a); Z.log2 a; Z.succ a; Z.pred a; Zpos (Z.to_pos a);
   Zpos (Pos.succ (Z.to_pos a)); Zpos (Pos.mul (Z.to_pos a) 7); of_comparison (Qcompare (inject_Z a) 0)].
Definition naturals : list nat := [0; 1; 2; 3; 10; 33]%nat.
Definition of_naturals (a b : nat) : list Z :=
  map Z.of_nat [a + b; a - b; a * b; Nat.max a b; Nat.min a b; Nat.pred a; S a; length (repeat a b);
    length (firstn a (repeat a b)); length (skipn a (repeat a b))]%nat
  ++ [of_bool (Nat.eqb a b); of_bool (Nat.leb a b); of_bool (Nat.ltb a b)].

Definition all (one : Z -> list Z) (two : Z -> Z -> list Z) (naturals_ : nat -> nat -> list Z) : list (list Z) :=
  map one numbers ++ flat_map (fun a => map (two a) numbers) numbers
  ++ flat_map (fun a => map (naturals_ a) naturals) naturals.
Definition computed (_ : unit) : list (list Z) := all of_one of_two of_naturals.
