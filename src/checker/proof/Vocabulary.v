(** What statements speak of: section 2.1 of certificates/FORMAT.md and the functions of section 4, on real numbers.

    Nothing is computed and nothing is proved here. Q2R makes the real number of an exact fraction. *)
Require Import ZArith QArith Qreals Reals List.
Import ListNotations.
Open Scope R_scope.

(** ** 2.1 Components, and the coefficients that a program holds *)
Record component := { chebyshev : bool; scale : Q; offset : Q; coefficients : list Q }.

(** T_k and T_(k+1) at u. *)
Fixpoint TT (k : nat) (u : R) : R * R :=
  match k with O => (1, u) | S k => let (a, b) := TT k u in (b, 2 * u * b - a) end.
Definition phi (cheb : bool) (k : nat) (u : R) : R := if cheb then fst (TT k u) else u ^ k.
(** sum_j c_j phi_(k+j)(u). *)
Fixpoint series (cheb : bool) (k : nat) (c : list Q) (u : R) : R :=
  match c with [] => 0 | a :: r => Q2R a * phi cheb k u + series cheb (S k) r u end.
Definition component_at (c : component) (y : R) : R :=
  series (chebyshev c) 0 (coefficients c) (Q2R (scale c) * y + Q2R (offset c)).

(** y is x rounded to a multiple of 2^q, ties to even. *)
Definition nearest (q : Z) (x y : R) : Prop := exists m : Z, y = IZR m * powerRZ 2 q /\
  Rabs (x - y) <= powerRZ 2 (q - 1) /\ (Rabs (x - y) = powerRZ 2 (q - 1) -> Z.even m = true).
(** y is x rounded to so many binary digits, and to a multiple of 2^least at the finest; it is below 2^top. *)
Definition floating (digits least top : Z) (x y : R) : Prop := Rabs y < powerRZ 2 top /\
  ((x = 0 /\ y = 0) \/ exists e, powerRZ 2 e <= Rabs x < powerRZ 2 (e + 1)
                              /\ nearest (Z.max (e - digits + 1) least) x y).
Inductive mode := Exact | F64 | F32 | FixedPoint (bits : Z).
Definition rounded (m : mode) (x y : R) : Prop :=
  match m with
  | Exact => y = x
  | F64 => floating 53 (-1074) 1024 x y
  | F32 => floating 24 (-149) 128 x y
  | FixedPoint bits => nearest (- bits) x y
  end.
Definition held (m : mode) (c h : component) : Prop :=
  chebyshev h = chebyshev c /\ scale h = scale c /\ offset h = offset c /\
  Forall2 (fun x y => rounded m (Q2R x) (Q2R y)) (coefficients c) (coefficients h).

(** The stages p_1, ..., p_k: the components, the last as 2 h - 1 where the output is `step`. *)
Fixpoint stages (step : bool) (cs : list component) : list (R -> R) :=
  match cs with
  | [] => []
  | [c] => [fun y => if step then 2 * component_at c y - 1 else component_at c y]
  | c :: t => component_at c :: stages step t
  end.
(** The first is applied first. *)
Definition composite (fs : list (R -> R)) (x : R) : R := fold_left (fun y f => f y) fs x.

(** ** 4 What is made of p *)
Definition ReLU (x : R) : R := Rmax x 0.
Definition clip (x lower upper : R) : R := Rmin (Rmax x lower) upper.
Definition r (p : R -> R) (x : R) : R := x * (1 + p x) / 2.
Definition r_B (p : R -> R) (B x : R) : R := B * r p (x / B).
Definition m (p : R -> R) (a b : R) : R := ((a + b) + (a - b) * p (a - b)) / 2.
(** s is a sign of x; 0 has both. *)
Definition sign_of (s x : R) : Prop := (s = 1 \/ s = -1) /\ x = s * Rabs x.

(** The tournament: neighbours are paired in every round, an odd last value passes on. *)
Section Tournament.
Context {A : Type} (match_ : A -> A -> A).
Fixpoint round (l : list A) : list A :=
  match l with a :: b :: t => match_ a b :: round t | _ => l end.
Fixpoint rounds (n : nat) (l : list A) : list A := match n with O => l | S n => rounds n (round l) end.
Definition winner (d : A) (l : list A) : A := hd d (rounds (length l) l).
End Tournament.
(** The inputs are mapped by x -> c x + 1/2, combined by m, and mapped back. *)
Definition pooled (p : R -> R) (c : R) (xs : list R) : R :=
  (winner (m p) 0 (map (fun x => c * x + / 2) xs) - / 2) / c.
(** A value with the weights of the inputs under it. *)
Definition weigh (p : R -> R) (a b : R * list R) : R * list R :=
  let s := (1 + p (fst a - fst b)) / 2 in
  (s * fst a + (1 - s) * fst b, map (Rmult s) (snd a) ++ map (Rmult (1 - s)) (snd b)).
Definition weights (p : R -> R) (c : R) (xs : list R) : list R :=
  snd (winner (weigh p) (0, []) (map (fun x => (c * x + / 2, [1])) xs)).
Definition maximum (M : R) (xs : list R) : Prop := In M xs /\ Forall (fun x => x <= M) xs.
(** So many inputs in [-B, B]. *)
Definition inputs_in (n : nat) (B : R) (xs : list R) : Prop :=
  length xs = n /\ Forall (fun x => Rabs x <= B) xs.
(** Input k exceeds all others by the gap. *)
Definition leads (k : nat) (gap : R) (xs : list R) : Prop := exists x, nth_error xs k = Some x /\
  forall j y, nth_error xs j = Some y -> j <> k -> y + gap <= x.
(** How far weight j is from the exact one-hot of input k. *)
Definition off (k j : nat) (w : R) : R := Rabs (w - if Nat.eqb j k then 1 else 0).

(** ** Functions that p itself may approximate *)
Inductive shape :=
  | SignShape | StepShape | BitShape | ReluShape | LeakyReluShape (slope : Q) | AbsShape
  | ClipShape (lower upper : Q) | Relu6Shape.
Definition sgn (x : R) : R := if Rlt_dec x 0 then -1 else if Rlt_dec 0 x then 1 else 0.
(** 1 beyond the kink, else 0. *)
Definition jump (kink x : R) : R := if Rlt_dec kink x then 1 else 0.
Definition leaky (slope x : R) : R := Rmax x 0 + slope * Rmin x 0.
Definition shape_at (f : shape) (x : R) : R :=
  match f with
  | SignShape => sgn x
  | StepShape => jump 0 x
  | BitShape => jump (/ 2) x
  | ReluShape => ReLU x
  | LeakyReluShape slope => leaky (Q2R slope) x
  | AbsShape => Rabs x
  | ClipShape lower upper => clip x (Q2R lower) (Q2R upper)
  | Relu6Shape => clip x 0 6
  end.
