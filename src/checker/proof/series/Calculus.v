(** What the series rule needs of calculus: bounds from slopes, and what the series of exp leaves out. *)
Require Import Reals Lra Lia Psatz.
From Polycert Require Import core.Number.
Open Scope R_scope.

(** A function that begins at 0 or above and does not fall. *)
Lemma rises : forall f f' b, (forall x, 0 <= x <= b -> derivable_pt_lim f x (f' x)) ->
  (forall x, 0 <= x <= b -> 0 <= f' x) -> 0 <= f 0 -> forall x, 0 <= x <= b -> 0 <= f x.
Proof.
  intros f f' b D S Z x Hx. destruct (Req_dec x 0) as [->|N]; [exact Z|].
  destruct (MVT_cor2 f f' 0 x ltac:(lra)) as [c [E Hc]]; [intros c Hc; apply D; lra|].
  specialize (S c ltac:(lra)). nra.
Qed.

(** On [-1, 1] a function moves by at most the largest slope. *)
Lemma moves : forall f f' k v, (forall c, Rabs c <= 1 -> derivable_pt_lim f c (f' c)) ->
  (forall c, Rabs c <= 1 -> Rabs (f' c) <= k) -> Rabs v <= 1 -> Rabs (f v - f 0) <= k.
Proof.
  intros f f' k v D S Hv. assert (K : 0 <= k).
  { eapply Rle_trans; [apply Rabs_pos|apply (S 0)]. rewrite Rabs_R0. lra. }
  apply abs_le in Hv. destruct (Rtotal_order v 0) as [L|[->|L]].
  - destruct (MVT_cor2 f f' v 0 L) as [c [E Hc]]; [intros c Hc; apply D, Rabs_le; lra|].
    assert (B : Rabs (f' c) <= k) by (apply S, Rabs_le; lra). apply abs_le in B. apply Rabs_le. split; nra.
  - replace (f 0 - f 0) with 0 by ring. rewrite Rabs_R0. exact K.
  - destruct (MVT_cor2 f f' 0 v L) as [c [E Hc]]; [intros c Hc; apply D, Rabs_le; lra|].
    assert (B : Rabs (f' c) <= k) by (apply S, Rabs_le; lra). apply abs_le in B. apply Rabs_le. split; nra.
Qed.

(** ** exp *)
Definition term (n : nat) (t : R) : R := t ^ n / INR (fact n).
Fixpoint partial (n : nat) (t : R) : R := match n with O => 1 | S m => partial m t + term (S m) t end.

Lemma term_step : forall n t, term (S n) t = term n t * t / INR (S n).
Proof.
  intros n t. unfold term. cbn [pow]. rewrite fact_simpl, mult_INR. field. split; [apply INR_fact_neq_0|apply not_0_INR; lia].
Qed.
Lemma term_slope : forall n t, derivable_pt_lim (term (S n)) t (term n t).
Proof.
  intros n t. replace (term n t) with (INR (S n) * t ^ pred (S n) * / INR (fact (S n)) + t ^ S n * 0).
  - apply (derivable_pt_lim_mult (fun t => t ^ S n) (fun _ => / INR (fact (S n)))).
    + apply derivable_pt_lim_pow.
    + apply derivable_pt_lim_const.
  - unfold term. cbn [pred]. rewrite fact_simpl, mult_INR. field. split; [apply INR_fact_neq_0|apply not_0_INR; lia].
Qed.
Lemma term_nonneg : forall n t, 0 <= t -> 0 <= term n t.
Proof.
  intros n t H. apply Rmult_le_pos; [apply pow_le, H|apply Rlt_le, Rinv_0_lt_compat, INR_fact_lt_0].
Qed.
Lemma term_0 : forall n, term (S n) 0 = 0.
Proof. intros n. unfold term. rewrite pow_ne_zero by lia. unfold Rdiv. ring. Qed.
Lemma partial_slope : forall n t, derivable_pt_lim (partial (S n)) t (partial n t).
Proof.
  induction n as [|n IH]; intros t.
  - pose proof (derivable_pt_lim_plus (fun _ => 1) (term 1) t _ _ (derivable_pt_lim_const 1 t) (term_slope 0 t)) as H.
    replace (0 + term 0 t) with (partial 0 t) in H by (unfold term; simpl; field). exact H.
  - change (derivable_pt_lim (fun t => partial (S n) t + term (S (S n)) t) t (partial n t + term (S n) t)).
    apply (derivable_pt_lim_plus (partial (S n)) (term (S (S n)))); [apply IH|apply term_slope].
Qed.
Lemma partial_0 : forall n, partial n 0 = 1.
Proof. induction n as [|n IH]; cbn [partial]; [reflexivity|]. rewrite IH, term_0. ring. Qed.

Lemma exp_half : exp (/ 2) <= 2.
Proof.
  apply Rnot_lt_le. intros L. assert (exp (/ 2) * exp (/ 2) = exp 1) by (rewrite <- exp_plus; f_equal; lra).
  pose proof exp_le_3. nra.
Qed.
Lemma exp_mono : forall x y, x <= y -> exp x <= exp y.
Proof. intros x y [H| ->]; [left; apply exp_increasing, H|lra]. Qed.

Lemma exp_tail_slope : forall n t, derivable_pt_lim (fun t => exp t - partial (S n) t) t (exp t - partial n t).
Proof. intros n t. apply (derivable_pt_lim_minus exp (partial (S n))); [apply derivable_pt_lim_exp|apply partial_slope]. Qed.
Lemma exp_above : forall n t, 0 <= t -> 0 <= exp t - partial n t.
Proof.
  induction n as [|n IH]; intros t Ht.
  - cbn [partial]. pose proof (exp_mono 0 t Ht). rewrite exp_0 in H. lra.
  - apply (rises (fun t => exp t - partial (S n) t) (fun t => exp t - partial n t) t); try lra.
    + intros x _. apply exp_tail_slope.
    + intros x Hx. apply IH. lra.
    + rewrite exp_0, partial_0. lra.
Qed.
(** The terms that follow are at most the last one. *)
Lemma exp_below : forall n t, 0 <= t <= / 2 -> exp t - partial n t <= term n t.
Proof.
  induction n as [|n IH]; intros t Ht.
  - unfold term. cbn. pose proof (exp_mono t (/ 2) (proj2 Ht)). pose proof exp_half. lra.
  - assert (0 <= term (S n) t - (exp t - partial (S n) t)); [|lra].
    apply (rises (fun t => term (S n) t - (exp t - partial (S n) t)) (fun t => term n t - (exp t - partial n t)) (/ 2)); try lra.
    + intros x _. apply (derivable_pt_lim_minus (term (S n)) (fun t => exp t - partial (S n) t)).
      * apply term_slope. * apply exp_tail_slope.
    + intros x Hx. specialize (IH x Hx). lra.
    + rewrite exp_0, partial_0, term_0. lra.
Qed.

Lemma exp_moves : forall s, Rabs s <= 1 -> Rabs (exp s - 1) <= 2 * Rabs s.
Proof.
  intros s H. apply abs_le in H. destruct (Rle_dec 0 s) as [L|L].
  - rewrite (Rabs_right s) by lra. pose proof (exp_mono 0 s L) as M. rewrite exp_0 in M. rewrite Rabs_right by lra.
    set (h := s / 2). assert (Hh : 0 <= h <= / 2) by (unfold h; lra). replace s with (h + h) by (unfold h; field).
    rewrite exp_plus. pose proof (exp_below 3 h Hh) as B. pose proof (exp_pos h).
    assert (T : term 3 h = h * h * h / 6) by (unfold term; simpl; field).
    assert (U : partial 3 h = 1 + h + h * h / 2 + h * h * h / 6) by (unfold partial, term; simpl; field).
    assert (E : exp h <= 1 + h + h * h / 2 + h * h * h / 3) by lra.
    assert (H2 : h * h <= h / 2) by nra. assert (H3 : h * h * h <= h / 4) by nra.
    assert (E' : exp h <= 1 + 4 / 3 * h) by nra. nra.
  - rewrite (Rabs_left s) by lra. pose proof (exp_ineq1_le s). pose proof (exp_mono s 0 ltac:(lra)) as M.
    rewrite exp_0 in M. rewrite Rabs_left1 by lra. lra.
Qed.
Lemma exp_INR : forall n, exp (INR n) <= 3 ^ n.
Proof.
  induction n as [|n IH]; [simpl; rewrite exp_0; lra|]. rewrite S_INR, exp_plus. simpl.
  pose proof exp_le_3. pose proof (exp_pos (INR n)). pose proof (exp_pos 1). nra.
Qed.
