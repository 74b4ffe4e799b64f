(** What formulas and programs mean: section 2.3 of certificates/FORMAT.md, on real numbers.

    Nothing is computed here, and nothing is proved but that the integral of erf exists. *)
Require Import ZArith QArith Qreals Reals List.
Import ListNotations.
Open Scope R_scope.

(** Functions of one argument. *)
Inductive name := Exp | Log | Sqrt | Sin | Cos | Atan | Asin | Acos | Erf | Tanh | Sigmoid | Softplus | Gelu | GeluTanh | Silu.
(** x; y is p(x); what an earlier step of a program has bound, by its place. *)
Inductive formula :=
  | Number (q : Q) | Pi | X | Y | Bound (place : nat)
  | Sum (a b : formula) | Product (a b : formula) | Quotient (a b : formula)
  | Power (a : formula) (k : positive) | Root (m : positive) (a : formula) | Call (f : name) (a : formula).
Record program := { steps : list formula; result : formula }.

(** The real m-th root that is not negative, of u >= 0. *)
Definition root (m : positive) (u : R) : R := if Rlt_dec 0 u then Rpower u (/ INR (Pos.to_nat m)) else 0.
Definition tangent (u : R) : R := 1 - 2 / (1 + exp (2 * u)).
(** 2/sqrt(pi) times the integral of the bell from 0 to u. *)
Definition bell (t : R) : R := exp (- (t * t)).
Lemma bell_integrable : forall a b, Riemann_integrable bell a b.
Proof.
  assert (C : forall t, continuity_pt bell t).
  { intros t. apply (continuity_pt_comp (fun t => - (t * t)) exp); [|apply derivable_continuous_pt, derivable_pt_exp].
    apply (continuity_pt_opp (fun t => t * t)), continuity_pt_mult; apply derivable_continuous_pt, derivable_pt_id. }
  intros a b. destruct (Rle_dec a b) as [L|L]; [|apply RiemannInt_P1]; (apply continuity_implies_RiemannInt; [|intros; apply C]);
    [exact L|left; apply Rnot_le_lt, L].
Qed.
Definition erf (u : R) : R := 2 / sqrt PI * RiemannInt (bell_integrable 0 u).
Definition called (f : name) (u : R) : R :=
  match f with
  | Exp => exp u
  | Log => ln u
  | Sqrt => sqrt u
  | Sin => sin u
  | Cos => cos u
  | Atan => atan u
  | Asin => asin u
  | Acos => acos u
  | Erf => erf u
  | Tanh => tangent u
  | Sigmoid => 1 / (1 + exp (- u))
  | Softplus => ln (1 + exp u)
  | Gelu => u * (1 + erf (u / sqrt 2)) / 2
  | GeluTanh => u * (1 + tangent (sqrt (2 / PI) * (u + 44715 / 1000000 * u ^ 3))) / 2
  | Silu => u * (1 / (1 + exp (- u)))
  end.
Definition takes (f : name) (u : R) : Prop :=
  match f with Log => 0 < u | Sqrt => 0 <= u | Asin | Acos => -1 <= u <= 1 | _ => True end.
(** Beyond the end of where it is defined, by at most s. *)
Definition just_beyond (s : R) (f : name) (u : R) : Prop :=
  match f with Sqrt => - s <= u < 0 | Asin | Acos => - 1 - s <= u < -1 \/ 1 < u <= 1 + s | _ => False end.

Section At.
Variables x y : R.

(** With the values of what is bound. *)
Fixpoint value (bound : list R) (f : formula) : R :=
  match f with
  | Number q => Q2R q
  | Pi => PI
  | X => x
  | Y => y
  | Bound i => nth i bound 0
  | Sum a b => value bound a + value bound b
  | Product a b => value bound a * value bound b
  | Quotient a b => value bound a / value bound b
  | Power a k => value bound a ^ Pos.to_nat k
  | Root m a => root m (value bound a)
  | Call f a => called f (value bound a)
  end.
Fixpoint defined (bound : list R) (f : formula) : Prop :=
  match f with
  | Number _ | Pi | X | Y => True
  | Bound i => (i < length bound)%nat
  | Sum a b | Product a b => defined bound a /\ defined bound b
  | Quotient a b => defined bound a /\ defined bound b /\ value bound b <> 0
  | Power a _ => defined bound a
  | Root _ a => defined bound a /\ 0 <= value bound a
  | Call f a => defined bound a /\ takes f (value bound a)
  end.
(** Somewhere in it the argument of a root, asin or acos lies beyond the end of where that is defined, by at most s. *)
Fixpoint at_end (s : R) (bound : list R) (f : formula) : Prop :=
  match f with
  | Number _ | Pi | X | Y | Bound _ => False
  | Sum a b | Product a b | Quotient a b => at_end s bound a \/ at_end s bound b
  | Power a _ => at_end s bound a
  | Root _ a => at_end s bound a \/ (defined bound a /\ - s <= value bound a < 0)
  | Call f a => at_end s bound a \/ (defined bound a /\ just_beyond s f (value bound a))
  end.

(** What a program has bound when all its steps are done; and its value. *)
Fixpoint bind (bound : list R) (l : list formula) : list R :=
  match l with [] => bound | f :: t => bind (bound ++ [value bound f]) t end.
Fixpoint steps_defined (bound : list R) (l : list formula) : Prop :=
  match l with [] => True | f :: t => defined bound f /\ steps_defined (bound ++ [value bound f]) t end.
(** The first step that is not defined is so by an end: what comes before it has its values. *)
Fixpoint steps_at_end (s : R) (bound : list R) (l : list formula) : Prop :=
  match l with [] => False | f :: t => at_end s bound f \/ (defined bound f /\ steps_at_end s (bound ++ [value bound f]) t) end.
Definition outcome (g : program) : R := value (bind [] (steps g)) (result g).
Definition has_outcome (g : program) : Prop := steps_defined [] (steps g) /\ defined (bind [] (steps g)) (result g).
Definition outcome_at_end (s : R) (g : program) : Prop :=
  steps_at_end s [] (steps g) \/ (steps_defined [] (steps g) /\ at_end s (bind [] (steps g)) (result g)).
End At.

(** What is bounded of a value g that stands for a function f: g - f, g/f - 1, or w (g - f). *)
Inductive measure := Absolute | Relative | Weighted (w : formula).
Section Error.
Variables (f : formula) (g : program) (how : measure) (x y : R).
Definition smooth_error : R :=
  match how with
  | Absolute => outcome x y g - value x y [] f
  | Relative => outcome x y g / value x y [] f - 1
  | Weighted w => value x y [] w * (outcome x y g - value x y [] f)
  end.
Definition error_defined : Prop :=
  has_outcome x y g /\ defined x y [] f
  /\ match how with Absolute => True | Relative => value x y [] f <> 0 | Weighted w => defined x y [] w end.
Definition error_at_end (s : R) : Prop :=
  outcome_at_end x y s g \/ at_end x y s [] f
  \/ match how with Weighted w => at_end x y s [] w | _ => False end.
End Error.
