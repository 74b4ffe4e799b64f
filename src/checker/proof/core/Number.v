(** Exact fractions: comparison, and rounding to multiples of 2^-p. *)
Require Import Bool ZArith QArith Qreals Reals List Lra Lia Psatz.
From Polycert Require Import core.Fixed.
Open Scope R_scope.

(** The greatest n with n/2^p <= x, and the least n with n/2^p >= x. *)
Definition floor_at (p : Z) (x : Q) : Z := (Z.shiftl (Qnum x) p / Zpos (Qden x))%Z.
Definition ceil_at (p : Z) (x : Q) : Z := (- (Z.shiftl (- Qnum x) p / Zpos (Qden x)))%Z.
(** Outward. *)
Definition outward (p : Z) (from to : Q) : itv := (floor_at p from, ceil_at p to).

Definition magnitude (x : Q) : Q := Qmake (Z.abs (Qnum x)) (Qden x).
Definition below (x y : Q) : bool := negb (Qle_bool y x).
Definition positive (x : Q) : bool := Z.ltb 0 (Qnum x).

(** Or, and: Coq's own evaluation of orb and andb computes both sides, which costs too much where one is long. *)
Notation "a 'orelse' b" := (if a then true else b) (at level 50, left associativity).
Notation "a 'andthen' b" := (if a then b else false) (at level 40, left associativity).

(** ** Soundness *)
Lemma orelse_prop : forall a b : bool, a orelse b = true -> a = true \/ b = true.
Proof. intros [|] b H; auto. Qed.
Lemma andthen_prop : forall a b : bool, a andthen b = true -> a = true /\ b = true.
Proof. intros [|] b H; auto. discriminate. Qed.
Lemma Qle_ok : forall x y, Qle_bool x y = true -> Q2R x <= Q2R y.
Proof. intros x y H. apply Qle_Rle, Qle_bool_iff, H. Qed.
Lemma below_ok : forall x y, below x y = true -> Q2R x < Q2R y.
Proof.
  intros x y H. unfold below in H. apply negb_true_iff in H. apply Qlt_Rlt, Qnot_le_lt. intros L.
  apply Qle_bool_iff in L. congruence.
Qed.
Lemma Qeq_ok : forall x y, Qeq_bool x y = true -> Q2R x = Q2R y.
Proof. intros x y H. apply Qeq_eqR, Qeq_bool_iff, H. Qed.
Lemma positive_ok : forall x, positive x = true -> 0 < Q2R x.
Proof.
  intros x H. apply Z.ltb_lt in H. unfold Q2R.
  apply Rmult_lt_0_compat; [apply IZR_lt, H|apply Rinv_0_lt_compat, IZR_lt; lia].
Qed.
Lemma magnitude_ok : forall x, Q2R (magnitude x) = Rabs (Q2R x).
Proof.
  intros x. unfold magnitude, Q2R. simpl. rewrite Rabs_mult, abs_IZR. f_equal.
  rewrite Rabs_right; [reflexivity|]. apply Rle_ge, Rlt_le, Rinv_0_lt_compat, IZR_lt. lia.
Qed.
Lemma Q2R_Z : forall n, Q2R (inject_Z n) = IZR n.
Proof. intros n. unfold Q2R. simpl. field. Qed.
Lemma Q2R_1 : Q2R 1 = 1.
Proof. apply Q2R_Z. Qed.
Lemma Q2R_0 : Q2R 0 = 0.
Proof. apply Q2R_Z. Qed.
Lemma Q2R_half : Q2R (1 # 2) = / 2.
Proof. unfold Q2R. simpl. field. Qed.

Lemma abs_le : forall x k, Rabs x <= k -> - k <= x <= k.
Proof. intros x k H. pose proof (Rle_abs x). pose proof (Rle_abs (- x)). rewrite Rabs_Ropp in *. lra. Qed.

(** Comparisons of fractions in the context, as comparisons of real numbers. *)
Ltac reals := repeat match goal with
  | H : _ && _ = true |- _ => apply andb_prop in H; destruct H
  | H : Qle_bool _ _ = true |- _ => apply Qle_ok in H
  | H : below _ _ = true |- _ => apply below_ok in H
  | H : positive _ = true |- _ => apply positive_ok in H
  | H : Qeq_bool _ _ = true |- _ => apply Qeq_ok in H
  end; repeat progress (rewrite ?Q2R_plus, ?Q2R_minus, ?Q2R_mult, ?Q2R_opp, ?magnitude_ok, ?Q2R_Z, ?Q2R_1, ?Q2R_0, ?Q2R_half in * ).

Section Sound.
Variable p : Z.
Hypothesis Hp : (0 <= p)%Z.
Notation P := (P p).

Lemma floor_at_ok : forall x, IZR (floor_at p x) <= Q2R x * P.
Proof.
  intros x. unfold floor_at, Q2R. set (d := Zpos (Qden x)).
  assert (Hd : (0 < d)%Z) by (unfold d; lia). assert (Hd' : 0 < IZR d) by (apply IZR_lt; assumption).
  rewrite Z.shiftl_mul_pow2 by assumption.
  assert (D : (d * (Qnum x * 2 ^ p / d) <= Qnum x * 2 ^ p)%Z) by (apply Z.mul_div_le; assumption).
  apply IZR_le in D. rewrite !mult_IZR in D. fold P in D.
  apply Rmult_le_reg_l with (IZR d); [assumption|].
  replace (IZR d * (IZR (Qnum x) * / IZR d * P)) with (IZR (Qnum x) * P) by (field; lra). exact D.
Qed.

Lemma ceil_at_ok : forall x, Q2R x * P <= IZR (ceil_at p x).
Proof.
  intros x. unfold ceil_at. rewrite opp_IZR.
  pose proof (floor_at_ok (Qmake (- Qnum x) (Qden x))) as H. unfold floor_at in H. simpl in H.
  replace (Q2R (- Qnum x # Qden x)) with (- Q2R x) in H; [lra|].
  unfold Q2R. simpl. rewrite opp_IZR. ring.
Qed.

Lemma in_outward : forall from to y, Q2R from <= y <= Q2R to -> inI p y (outward p from to).
Proof.
  intros from to y H. unfold inI. simpl. pose proof (floor_at_ok from). pose proof (ceil_at_ok to).
  pose proof (P_pos p Hp).
  assert (Q2R from * P <= y * P) by (apply Rmult_le_compat_r; lra).
  assert (y * P <= Q2R to * P) by (apply Rmult_le_compat_r; lra). lra.
Qed.

Lemma at_most : forall X n hi, X * P <= IZR n -> (n <= floor_at p hi)%Z -> X <= Q2R hi.
Proof.
  intros X n hi H L. apply IZR_le in L. pose proof (floor_at_ok hi). pose proof (P_pos p Hp).
  apply Rmult_le_reg_r with P; [assumption|]. lra.
Qed.
Lemma at_least_of : forall X n lo, IZR n <= X * P -> (ceil_at p lo <= n)%Z -> Q2R lo <= X.
Proof.
  intros X n lo H L. apply IZR_le in L. pose proof (ceil_at_ok lo). pose proof (P_pos p Hp).
  apply Rmult_le_reg_r with P; [assumption|]. lra.
Qed.
End Sound.
