(** Interval evaluation of a polynomial by Horner's scheme, in powers of y^2 where it is odd or even. *)
Require Import Bool ZArith Reals List Lra Lia Psatz.
From Polycert Require Import core.Polynomial core.Fixed.
Import ListNotations.
Open Scope R_scope.

(** Horner's scheme, lowest power first. *)
Fixpoint horner (p : Z) (cs : list itv) (t : itv) : itv :=
  match cs with
  | [] => (0, 0)%Z
  | [c] => c
  | c :: r => iadd c (imul p (horner p r t) t)
  end.

(** The enclosure of c / d, d > 0. *)
Definition enclose_coef (p d c : Z) : itv :=
  let (q, r) := Z.div_eucl (Z.shiftl c p) d in (q, if Z.eqb r 0 then q else (q + 1)%Z).

(** A polynomial prepared for evaluation: y Q(y^2), Q(y^2), or Q(y). *)
Inductive fpoly := Odd (q : list itv) | Even (q : list itv) | General (q : list itv).

Definition prepare (p d : Z) (l : list Z) : fpoly :=
  if zeros (half true l) then Odd (map (enclose_coef p d) (half false l))
  else if zeros (half false l) then Even (map (enclose_coef p d) (half true l))
  else General (map (enclose_coef p d) l).

Definition fon (p : Z) (f : fpoly) (y : itv) : itv :=
  match f with
  | Odd q => match q with [] => (0, 0)%Z | _ => imul p (horner p q (isqr p y)) y end
  | Even q => horner p q (isqr p y)
  | General q => horner p q y
  end.

(** The polynomial as a function of intervals: coefficients are enclosed once. *)
Definition evaluator (p d : Z) (l : list Z) : itv -> itv := fon p (prepare p d l).

(** ** Soundness *)
Section Sound.
Variable p : Z.
Hypothesis Hp : (0 <= p)%Z.
Notation P := (P p).
Notation inI := (inI p).
Notation val x := (IZR x / P).

Let in_imul := in_imul p Hp.
Let in_isqr := in_isqr p Hp.
Let P_pos := P_pos p Hp.

Lemma enclose_coef_ok : forall d c, (0 < d)%Z -> inI (IZR c / IZR d) (enclose_coef p d c).
Proof.
  intros d c Hd. unfold enclose_coef, inI.
  pose proof (Z_div_mod (Z.shiftl c p) d ltac:(lia)) as H.
  destruct (Z.div_eucl (Z.shiftl c p) d) as [q r]. destruct H as [E [R1 R2]].
  rewrite Z.shiftl_mul_pow2 in E by assumption.
  assert (Hd' : 0 < IZR d) by (apply IZR_lt; lia).
  assert (E' : IZR c / IZR d * P = IZR q + IZR r / IZR d).
  { apply (f_equal IZR) in E. rewrite plus_IZR, !mult_IZR in E. fold P in E.
    apply Rmult_eq_reg_r with (IZR d); [|lra]. field_simplify; lra. }
  rewrite E'. apply IZR_le in R1. apply IZR_lt in R2.
  assert (0 <= IZR r / IZR d) by (apply Rmult_le_pos; [lra|apply Rlt_le, Rinv_0_lt_compat; lra]).
  assert (IZR r / IZR d < 1) by (apply Rmult_lt_reg_r with (IZR d); [lra|]; unfold Rdiv; rewrite Rmult_assoc, Rinv_l by lra; lra).
  simpl. split; [lra|].
  destruct (Z.eqb_spec r 0) as [->|]; [unfold Rdiv; rewrite Rmult_0_l; lra|rewrite plus_IZR; lra].
Qed.

Lemma horner_ok : forall d l t T, (0 < d)%Z -> inI t T ->
  inI (pe l t / IZR d) (horner p (map (enclose_coef p d) l) T).
Proof.
  intros d l t T Hd HT. induction l as [|c l IH].
  - simpl. unfold inI, Rdiv. simpl. lra.
  - pose proof (enclose_coef_ok d c Hd) as Hc. destruct l as [|c' l].
    + simpl. replace ((IZR c + t * 0) / IZR d) with (IZR c / IZR d) by (unfold Rdiv; ring). exact Hc.
    + set (l' := c' :: l) in *.
      change (inI (pe (c :: l') t / IZR d)
        (iadd (enclose_coef p d c) (imul p (horner p (map (enclose_coef p d) l') T) T))).
      replace (pe (c :: l') t / IZR d) with (IZR c / IZR d + pe l' t / IZR d * t)
        by (simpl; unfold Rdiv; ring).
      apply in_iadd; [exact Hc|]. apply in_imul; [exact IH|exact HT].
Qed.

Theorem fon_ok : forall d l y Y, (0 < d)%Z -> inI y Y ->
  inI (pe l y / IZR d) (fon p (prepare p d l) Y).
Proof.
  intros d l y Y Hd HY. unfold prepare. destruct (pe_half l y) as [E _].
  destruct (zeros (half true l)) eqn:Z1; [|destruct (zeros (half false l)) eqn:Z2].
  - rewrite (pe_zeros _ (y * y) Z1) in E. unfold fon.
    replace (pe l y / IZR d) with (pe (half false l) (y * y) / IZR d * y) by (rewrite E; unfold Rdiv; ring).
    destruct (half false l) as [|c r] eqn:F.
    + simpl. unfold inI, Rdiv. simpl. lra.
    + change (map (enclose_coef p d) (c :: r)) with (enclose_coef p d c :: map (enclose_coef p d) r).
      cbv iota. change (enclose_coef p d c :: map (enclose_coef p d) r) with (map (enclose_coef p d) (c :: r)).
      apply in_imul; [|exact HY]. apply horner_ok; [exact Hd|]. apply in_isqr, HY.
  - rewrite (pe_zeros _ (y * y) Z2) in E. unfold fon.
    replace (pe l y) with (pe (half true l) (y * y)) by (rewrite E; ring).
    apply horner_ok; [exact Hd|]. apply in_isqr, HY.
  - apply horner_ok; assumption.
Qed.

Theorem evaluator_ok : forall d l y Y, (0 < d)%Z -> inI y Y -> inI (pe l y / IZR d) (evaluator p d l Y).
Proof. exact fon_ok. Qed.
End Sound.
