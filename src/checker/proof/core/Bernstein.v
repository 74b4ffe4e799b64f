(** R1, first half: sign changes of Bernstein coefficients bound the number of roots. *)
Require Import Bool ZArith Reals List Lra Lia Psatz.
From Polycert Require Import core.Polynomial core.Descartes core.Fixed.
Import ListNotations.
Open Scope R_scope.

(** ** Bernstein coefficients on [A/2^s, (A+W)/2^s], up to order and positive factors. *)
(** c_j 2^(s (d - j)), d the formal degree. *)
Fixpoint pows (s : Z) (l : list Z) : list Z :=
  match l with [] => [] | c :: p => Z.shiftl c (s * Z.of_nat (length p)) :: pows s p end.
(** l(x + A). *)
Fixpoint shift (A : Z) (l : list Z) : list Z :=
  match l with [] => [] | c :: p => let t := shift A p in add (c :: t) (map (Z.mul A) t) end.
(** w l(W x). *)
Fixpoint widen (w W : Z) (l : list Z) : list Z :=
  match l with [] => [] | c :: p => (w * c)%Z :: widen (w * W) W p end.

Definition ctz (p x : Z) : Z := if Z.eqb x 0 then p else Z.log2 (Z.land x (- x)).
(** Common trailing zeros of the ends, checked where they are used. *)
Definition strip (p lo hi : Z) : Z := Z.max 0 (Z.min p (Z.min (ctz p lo) (ctz p hi))).

Definition bernstein (s A W : Z) (l : list Z) : list Z :=
  let b := pows s l in
  let b := if Z.eqb A 0 then b else shift A b in
  shift1 (rev (widen 1 W b)).

Definition sign_changes (p lo hi : Z) (l : list Z) : option nat :=
  let k := strip p lo hi in
  let A := Z.shiftr lo k in let B := Z.shiftr hi k in
  if Z.eqb (Z.shiftl A k) lo && Z.eqb (Z.shiftl B k) hi then
    Some (changes (bernstein (p - k) A (B - A) l))
  else None.


(** ** Soundness *)
Section Sound.
Variable p : Z.
Hypothesis Hp : (0 <= p)%Z.
Notation P := (P p).
Notation inI := (inI p).
Notation val x := (IZR x / P).

Lemma pe_pows : forall s l y, (0 <= s)%Z ->
  pe (pows s l) (IZR (2 ^ s) * y) * IZR (2 ^ s) = IZR (2 ^ s) ^ length l * pe l y.
Proof.
  intros s l y Hs. induction l as [|c l IH]; simpl; [ring|].
  rewrite Z.shiftl_mul_pow2 by nia. rewrite mult_IZR.
  rewrite Z.pow_mul_r by lia. rewrite <- pow_IZR.
  set (M := IZR (2 ^ s)) in *.
  replace ((IZR c * M ^ length l + M * y * pe (pows s l) (M * y)) * M)
    with (IZR c * M ^ length l * M + M * y * (pe (pows s l) (M * y) * M)) by ring.
  rewrite IH. ring.
Qed.

Lemma pe_shift : forall A l x, pe (shift A l) x = pe l (x + IZR A).
Proof.
  intros A. induction l as [|c l IH]; intros x; [reflexivity|].
  cbn [shift]. cbv zeta. rewrite pe_add, pe_scale. simpl. rewrite IH. ring.
Qed.

Lemma pe_widen : forall W l w x, pe (widen w W l) x = IZR w * pe l (IZR W * x).
Proof.
  intros W. induction l as [|c l IH]; intros w x; simpl; [ring|].
  rewrite IH, !mult_IZR. ring.
Qed.

(** A root of l inside the interval gives a positive root of its Bernstein form. *)
Lemma bernstein_root : forall s A W l y, (0 <= s)%Z -> (0 < W)%Z ->
  IZR A < IZR (2 ^ s) * y < IZR A + IZR W -> pe l y = 0 ->
  pe (bernstein s A W l) (IZR W / (IZR (2 ^ s) * y - IZR A) - 1) = 0.
Proof.
  intros s A W l y Hs HW Hy Hr. set (M := IZR (2 ^ s)) in *.
  assert (HM : 0 < M) by (apply IZR_lt, Z.pow_pos_nonneg; lia).
  assert (HW' : 0 < IZR W) by (apply IZR_lt; lia).
  unfold bernstein. set (b := if Z.eqb A 0 then pows s l else shift A (pows s l)).
  rewrite pe_shift1. set (t := IZR W / (M * y - IZR A) - 1 + 1).
  assert (Ht : t = IZR W / (M * y - IZR A)) by (unfold t; ring).
  assert (Hd : 0 < M * y - IZR A) by lra.
  assert (Ht0 : t <> 0).
  { rewrite Ht. unfold Rdiv. apply Rmult_integral_contrapositive_currified; [lra|].
    apply Rinv_neq_0_compat. lra. }
  apply Rmult_eq_reg_l with t; [|exact Ht0]. rewrite pe_rev by exact Ht0.
  rewrite pe_widen.
  replace (IZR W * / t) with (M * y - IZR A) by (rewrite Ht; field; lra).
  assert (Hb : pe b (M * y - IZR A) = 0).
  { assert (Hq : pe (pows s l) (M * y) = 0).
    { apply Rmult_eq_reg_r with M; [|lra]. unfold M. rewrite pe_pows by assumption. rewrite Hr. ring. }
    unfold b. destruct (Z.eqb_spec A 0) as [->|].
    - replace (M * y - 0) with (M * y) by ring. exact Hq.
    - rewrite pe_shift. replace (M * y - IZR A + IZR A) with (M * y) by ring. exact Hq. }
  rewrite Hb. ring.
Qed.

(** Strictly increasing numbers between a and b. *)
Fixpoint inc (a b : R) (xs : list R) : Prop :=
  match xs with [] => True | x :: r => a < x < b /\ inc x b r end.

(** At most [n] roots inside, or the polynomial is zero. *)
Lemma few_roots : forall lo hi l n x xs, (lo < hi)%Z ->
  sign_changes p lo hi l = Some n ->
  inc (val lo) (val hi) (x :: xs) -> roots l (x :: xs) -> (n <= length xs)%nat ->
  forall y, val lo < y < val hi -> pe l y = 0.
Proof.
  intros lo hi l n x xs Hlh H Hi Hr Hn. unfold sign_changes in H.
  set (k := strip p lo hi) in *. set (A := Z.shiftr lo k) in *. set (B := Z.shiftr hi k) in *.
  destruct (Z.eqb_spec (Z.shiftl A k) lo) as [EA|]; [|discriminate].
  destruct (Z.eqb_spec (Z.shiftl B k) hi) as [EB|]; [|discriminate].
  simpl in H. injection H as H.
  assert (Hk : (0 <= k <= p)%Z) by (unfold k, strip; lia).
  rewrite Z.shiftl_mul_pow2 in EA, EB by lia.
  assert (K : (0 < 2 ^ k)%Z) by (apply Z.pow_pos_nonneg; lia).
  assert (HAB : (A < B)%Z) by nia.
  set (M := IZR (2 ^ (p - k))).
  assert (EP : P = M * IZR (2 ^ k)).
  { unfold M, Fixed.P. rewrite <- mult_IZR, <- Z.pow_add_r by lia. do 2 f_equal. lia. }
  assert (HK : 0 < IZR (2 ^ k)) by (apply IZR_lt; lia).
  assert (HM : 0 < M) by (apply IZR_lt, Z.pow_pos_nonneg; lia).
  assert (VA : val lo = IZR A / M) by (rewrite <- EA, mult_IZR, EP; field; lra).
  assert (VB : val hi = IZR B / M) by (rewrite <- EB, mult_IZR, EP; field; lra).
  set (W := IZR (B - A)). assert (HW : 0 < W) by (apply IZR_lt; lia).
  set (phi := fun y => W / (M * y - IZR A) - 1).
  assert (EW : W = IZR B - IZR A) by (unfold W; apply minus_IZR).
  assert (Hphi : forall y, val lo < y < val hi -> 0 < M * y - IZR A < W).
  { intros y [Y1 Y2]. rewrite VA in Y1. rewrite VB in Y2.
    apply (Rmult_lt_compat_r M) in Y1, Y2; try assumption.
    unfold Rdiv in Y1, Y2. rewrite Rmult_assoc, Rinv_l, Rmult_1_r in Y1, Y2 by lra. lra. }
  assert (Hpos : forall y, val lo < y < val hi -> 0 < phi y).
  { intros y Hy. specialize (Hphi y Hy). unfold phi.
    assert (1 < W / (M * y - IZR A)).
    { apply Rmult_lt_reg_r with (M * y - IZR A); [lra|].
      unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. lra. }
    lra. }
  assert (Hdec : forall y z, val lo < y < val hi -> y < z < val hi -> phi z < phi y).
  { intros y z Hy Hz. pose proof (Hphi y Hy). unfold phi.
    assert (M * y < M * z) by (apply Rmult_lt_compat_l; lra).
    assert (/ (M * z - IZR A) < / (M * y - IZR A)) by (apply Rinv_lt_contravar; [apply Rmult_lt_0_compat; lra|lra]).
    assert (W * / (M * z - IZR A) < W * / (M * y - IZR A)) by (apply Rmult_lt_compat_l; lra).
    unfold Rdiv. lra. }
  set (b := bernstein (p - k) A (B - A) l) in *.
  assert (Hroot : forall y, val lo < y < val hi -> pe l y = 0 -> pe b (phi y) = 0).
  { intros y Hy Hry. apply bernstein_root; try lia; try assumption.
    fold M. fold W. pose proof (Hphi y Hy). lra. }
  assert (Z : zeros b = true).
  { destruct Hi as [Hx Hi]. inversion_clear Hr as [|? ? Rx Hr'].
    apply (descartes n b (phi x) (map phi xs) H).
    - apply Hpos, Hx.
    - clear Rx Hn. revert x Hx Hi. induction xs as [|z xs IH]; intros x Hx Hi; simpl; [trivial|].
      destruct Hi as [Hz Hi]. inversion_clear Hr' as [|? ? Rz Hr''].
      assert (Hz' : val lo < z < val hi) by lra.
      split; [split; [apply Hpos, Hz' | apply Hdec; lra]|]. apply (IH Hr''); assumption.
    - constructor; [apply Hroot; assumption|].
      clear Rx Hn. revert x Hx Hi. induction xs as [|z xs IH]; intros x Hx Hi; simpl; [constructor|].
      destruct Hi as [Hz Hi]. inversion_clear Hr' as [|? ? Rz Hr''].
      assert (Hz' : val lo < z < val hi) by lra.
      constructor; [apply Hroot; assumption|]. apply (IH Hr'' z); assumption.
    - rewrite map_length. exact Hn. }
  (* zero on the whole interval *)
  intros y Hy. pose proof (Hphi y Hy) as Hd.
  pose proof (pe_zeros b (phi y) Z) as Eb. unfold b, bernstein in Eb.
  set (c := if Z.eqb A 0 then pows (p - k) l else shift A (pows (p - k) l)) in *.
  rewrite pe_shift1 in Eb. set (t := phi y + 1) in *.
  assert (Ht : t = W / (M * y - IZR A)) by (unfold t, phi; ring).
  assert (Ht0 : t <> 0).
  { rewrite Ht. unfold Rdiv. apply Rmult_integral_contrapositive_currified; [lra|].
    apply Rinv_neq_0_compat. lra. }
  apply (f_equal (Rmult t)) in Eb. rewrite pe_rev, pe_widen in Eb by exact Ht0.
  fold W in Eb. replace (W * / t) with (M * y - IZR A) in Eb by (rewrite Ht; field; lra).
  assert (Hc : pe c (M * y - IZR A) = pe (pows (p - k) l) (M * y)).
  { unfold c. destruct (Z.eqb_spec A 0) as [->|]; [f_equal; ring|].
    rewrite pe_shift. f_equal. ring. }
  rewrite Hc in Eb. rewrite Rmult_0_r in Eb.
  apply Rmult_integral in Eb as [Eb|Eb]; [exfalso; revert Eb; apply pow_nonzero; exact Ht0|].
  assert (Eb' : pe (pows (p - k) l) (M * y) = 0) by lra.
  pose proof (pe_pows (p - k) l y ltac:(lia)) as E. fold M in E. rewrite Eb', Rmult_0_l in E.
  symmetry in E. apply Rmult_integral in E as [E|E]; [|exact E].
  exfalso. revert E. apply pow_nonzero. lra.
Qed.

End Sound.
