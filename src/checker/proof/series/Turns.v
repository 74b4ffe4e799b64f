(** sin and cos at a number: the series of both after a multiple of pi/2 is taken off. *)
Require Import Bool ZArith Reals List Lra Lia Psatz.
From Polycert Require Import core.Fixed core.Number series.Model series.Calculus series.Points series.OddSeries.
Open Scope R_scope.

(** The largest argument is 2^max_turn. *)
Definition max_turn : Z := 20.
(** first - first t^2/((n+1)(n+2)) + ..., until a term is at most a unit. *)
Fixpoint alternating (fuel : nat) (p : Z) (square term sum : itv) (n : Z) : option itv :=
  match fuel with
  | O => None
  | S fuel =>
      if Z.leb (mag term) 1 then Some (fst sum - 1, snd sum + 1)%Z
      else
        let term := ineg (iover ((n + 1) * (n + 2)) (imul p term square)) in
        alternating fuel p square term (iadd sum term) (n + 2)
  end.
Definition sin_cos_at (p x : Z) : option (itv * itv) :=
  if Z.ltb (p + max_turn) (Z.log2 (Z.abs x) + 1) then None else
  let q := (p + guard)%Z in
  pi <- pi_of q;;
  let quarter := ihalf pi in
  let x := Z.shiftl x guard in
  let k := ((2 * x + fst quarter) / (2 * fst quarter))%Z in
  let t := isub (point x) (multiple k quarter) in
  let one := (2 ^ q)%Z in
  if Z.ltb one (mag t) then None else
  let square := isqr q t in
  sin <- alternating (Z.to_nat q) q square t t 1;; cos <- alternating (Z.to_nat q) q square (point one) (point one) 0;;
  let sin := coarser guard sin in let cos := coarser guard cos in
  Some (let turn := Z.land k 3 in
        if Z.eqb turn 0 then (sin, cos) else if Z.eqb turn 1 then (cos, ineg sin)
        else if Z.eqb turn 2 then (ineg sin, ineg cos) else (ineg cos, sin)).

(** ** The series *)
Fixpoint sin_partial (n : nat) (t : R) : R :=
  match n with O => term 1 t | S m => sin_partial m t + (-1) ^ S m * term (2 * S m + 1) t end.
Fixpoint cos_partial (n : nat) (t : R) : R :=
  match n with O => term 0 t | S m => cos_partial m t + (-1) ^ S m * term (2 * S m) t end.

Lemma sin_partial_slope : forall n t, derivable_pt_lim (sin_partial n) t (cos_partial n t).
Proof.
  induction n as [|n IH]; intros t; [apply (term_slope 0)|]. cbn [sin_partial cos_partial].
  apply (derivable_pt_lim_plus (sin_partial n) (fun t => (-1) ^ S n * term (2 * S n + 1) t)); [apply IH|].
  apply (derivable_pt_lim_scal (term (2 * S n + 1))). replace (2 * S n + 1)%nat with (S (2 * S n)) by lia. apply term_slope.
Qed.
Lemma cos_partial_slope : forall n t, derivable_pt_lim (cos_partial (S n)) t (- sin_partial n t).
Proof.
  induction n as [|n IH]; intros t.
  - cbn [cos_partial sin_partial]. replace (- term 1 t) with (0 + (-1) ^ 1 * term 1 t) by ring.
    apply (derivable_pt_lim_plus (term 0) (fun t => (-1) ^ 1 * term 2 t)).
    + intros eps He. exists (mkposreal 1 Rlt_0_1). intros h Hh _. unfold term. cbn [pow].
      replace ((1 / INR (fact 0) - 1 / INR (fact 0)) / h - 0) with 0 by (unfold Rdiv; ring). rewrite Rabs_R0. exact He.
    + apply (derivable_pt_lim_scal (term 2)), term_slope.
  - change (derivable_pt_lim (fun t => cos_partial (S n) t + (-1) ^ S (S n) * term (2 * S (S n)) t) t
      (- (sin_partial n t + (-1) ^ S n * term (2 * S n + 1) t))).
    replace (- (sin_partial n t + (-1) ^ S n * term (2 * S n + 1) t)) with (- sin_partial n t + (-1) ^ S (S n) * term (2 * S n + 1) t)
      by (cbn [pow]; ring).
    apply (derivable_pt_lim_plus (cos_partial (S n)) (fun t => (-1) ^ S (S n) * term (2 * S (S n)) t)); [apply IH|].
    apply (derivable_pt_lim_scal (term (2 * S (S n)))). replace (2 * S (S n))%nat with (S (2 * S n + 1)) by lia. apply term_slope.
Qed.

(** From a bound of the slope by t^k/k!, one power more. *)
Lemma climbs : forall F G k, (forall t, derivable_pt_lim F t (G t)) -> (forall t, 0 <= t -> Rabs (G t) <= term k t) -> F 0 = 0 ->
  forall t, 0 <= t -> Rabs (F t) <= term (S k) t.
Proof.
  intros F G k D B Z t Ht.
  assert (P1 : 0 <= term (S k) t - F t).
  { apply (rises (fun x => term (S k) x - F x) (fun x => term k x - G x) t); try lra.
    - intros x Hx. apply (derivable_pt_lim_minus (term (S k)) F); [apply term_slope|apply D].
    - intros x Hx. specialize (B x ltac:(lra)). apply abs_le in B. lra.
    - rewrite term_0, Z. lra. }
  assert (P2 : 0 <= term (S k) t + F t).
  { apply (rises (fun x => term (S k) x + F x) (fun x => term k x + G x) t); try lra.
    - intros x Hx. apply (derivable_pt_lim_plus (term (S k)) F); [apply term_slope|apply D].
    - intros x Hx. specialize (B x ltac:(lra)). apply abs_le in B. lra.
    - rewrite term_0, Z. lra. }
  apply Rabs_le. lra.
Qed.
Lemma sin_partial_0 : forall n, sin_partial n 0 = 0.
Proof.
  induction n as [|n IH]; cbn [sin_partial]; [apply term_0|]. rewrite IH. replace (2 * S n + 1)%nat with (S (2 * S n)) by lia.
  rewrite term_0. ring.
Qed.
Lemma cos_partial_0 : forall n, cos_partial n 0 = 1.
Proof.
  induction n as [|n IH]; cbn [cos_partial]; [unfold term; simpl; field|]. rewrite IH. replace (2 * S n)%nat with (S (2 * n + 1)) by lia.
  rewrite term_0. ring.
Qed.
Lemma opp_slope : forall F x l, derivable_pt_lim F x (- l) -> derivable_pt_lim (fun t => - F t) x l.
Proof. intros F x l H. rewrite <- (Ropp_involutive l). apply (derivable_pt_lim_opp F), H. Qed.
Lemma sin_cos_rest : forall n, (forall t, 0 <= t -> Rabs (cos t - cos_partial n t) <= term (2 * n + 2) t)
  /\ (forall t, 0 <= t -> Rabs (sin t - sin_partial n t) <= term (2 * n + 3) t).
Proof.
  assert (Sin : forall n, (forall t, 0 <= t -> Rabs (cos t - cos_partial n t) <= term (2 * n + 2) t) ->
    forall t, 0 <= t -> Rabs (sin t - sin_partial n t) <= term (2 * n + 3) t).
  { intros n C. replace (2 * n + 3)%nat with (S (2 * n + 2)) by lia.
    apply (climbs (fun t => sin t - sin_partial n t) (fun t => cos t - cos_partial n t)); [|exact C|rewrite sin_0, sin_partial_0; ring].
    intros t. apply (derivable_pt_lim_minus sin (sin_partial n)); [apply derivable_pt_lim_sin|apply sin_partial_slope]. }
  assert (Cos : forall n, forall t, 0 <= t -> Rabs (cos t - cos_partial n t) <= term (2 * n + 2) t).
  { induction n as [|n IH].
    - assert (C0 : forall t, 0 <= t -> Rabs (sin t) <= term 1 t).
      { apply (climbs sin cos 0); [apply derivable_pt_lim_sin| |apply sin_0]. intros t _. unfold term. simpl.
        pose proof (COS_bound t). apply Rabs_le. lra. }
      intros t Ht. rewrite <- Rabs_Ropp.
      apply (climbs (fun t => - (cos t - cos_partial 0 t)) (fun t => sin t) 1); [|exact C0|rewrite cos_0, cos_partial_0; ring|exact Ht].
      intros x. apply (opp_slope (fun t => cos t - cos_partial 0 t)). replace (- sin x) with (- sin x - 0) by ring.
      apply (derivable_pt_lim_minus cos (cos_partial 0)); [apply derivable_pt_lim_cos|].
      intros eps He. exists (mkposreal 1 Rlt_0_1). intros h Hh _. cbn [cos_partial]. unfold term. cbn [pow].
      replace ((1 / INR (fact 0) - 1 / INR (fact 0)) / h - 0) with 0 by (unfold Rdiv; ring). rewrite Rabs_R0. exact He.
    - intros t Ht. rewrite <- Rabs_Ropp. replace (2 * S n + 2)%nat with (S (2 * n + 3)) by lia.
      apply (climbs (fun t => - (cos t - cos_partial (S n) t)) (fun t => sin t - sin_partial n t)); [|apply Sin, IH|rewrite cos_0, cos_partial_0; ring|exact Ht].
      intros x. apply (opp_slope (fun t => cos t - cos_partial (S n) t)).
      replace (- (sin x - sin_partial n x)) with (- sin x - - sin_partial n x) by ring.
      apply (derivable_pt_lim_minus cos (cos_partial (S n))); [apply derivable_pt_lim_cos|apply cos_partial_slope]. }
  intros n. split; [apply Cos|apply Sin, Cos].
Qed.
(** For |t| <= 1 that is at most the last term. *)
Lemma term_falls : forall k t, 0 <= t <= 1 -> term (S (S k)) t <= term k t.
Proof.
  intros k t Ht. rewrite !term_step. pose proof (term_nonneg k t (proj1 Ht)) as T.
  assert (N : forall j, 0 < / INR (S j) <= 1).
  { intros j. assert (1 <= INR (S j)) by (change 1 with (INR 1); apply le_INR; lia).
    split; [apply Rinv_0_lt_compat; lra|]. rewrite <- Rinv_1. apply Rinv_le_contravar; lra. }
  pose proof (N k). pose proof (N (S k)). unfold Rdiv.
  assert (A : 0 <= term k t * t * / INR (S k) <= term k t).
  { split; [apply Rmult_le_pos; [apply Rmult_le_pos; lra|lra]|]. rewrite Rmult_assoc. rewrite <- (Rmult_1_r (term k t)) at 2. apply Rmult_le_compat_l; [exact T|nra]. }
  apply Rle_trans with (term k t * t * / INR (S k)); [|apply A]. rewrite Rmult_assoc.
  rewrite <- (Rmult_1_r (term k t * t * / INR (S k))) at 2. apply Rmult_le_compat_l; [apply A|nra].
Qed.
Lemma term_opp : forall k t, term k (- t) = (-1) ^ k * term k t.
Proof. intros k t. unfold term. replace (- t) with (-1 * t) by ring. rewrite Rpow_mult_distr. unfold Rdiv. ring. Qed.
Lemma one_even : forall k, (-1) ^ (2 * k) = 1.
Proof. intros k. rewrite pow_mult. replace ((-1) ^ 2) with 1 by ring. apply pow1. Qed.
Lemma sin_partial_opp : forall n t, sin_partial n (- t) = - sin_partial n t.
Proof.
  induction n as [|n IH]; intros t; cbn [sin_partial]; rewrite term_opp; [simpl; ring|]. rewrite IH, pow_add, one_even. simpl (_ ^ 1). ring.
Qed.
Lemma cos_partial_opp : forall n t, cos_partial n (- t) = cos_partial n t.
Proof. induction n as [|n IH]; intros t; cbn [cos_partial]; rewrite term_opp; [simpl; ring|]. rewrite IH, one_even. ring. Qed.
Lemma term_abs : forall k t, term k (Rabs t) = Rabs (term k t).
Proof.
  intros k t. unfold term, Rdiv. rewrite Rabs_mult, <- RPow_abs, (Rabs_right (/ INR (fact k))); [reflexivity|].
  apply Rle_ge, Rlt_le, Rinv_0_lt_compat, INR_fact_lt_0.
Qed.
Lemma sin_rest : forall n t, Rabs t <= 1 -> Rabs (sin t - sin_partial n t) <= Rabs (term (2 * n + 1) t).
Proof.
  intros n t Ht. rewrite <- term_abs. eapply Rle_trans; [|apply term_falls; split; [apply Rabs_pos|exact Ht]].
  replace (S (S (2 * n + 1))) with (2 * n + 3)%nat by lia. unfold Rabs at 2. destruct (Rcase_abs t) as [L|L].
  - pose proof (proj2 (sin_cos_rest n) (- t) ltac:(lra)) as B. rewrite sin_neg, sin_partial_opp in B.
    replace (- sin t - - sin_partial n t) with (- (sin t - sin_partial n t)) in B by ring. rewrite Rabs_Ropp in B. exact B.
  - apply sin_cos_rest. lra.
Qed.
Lemma cos_rest : forall n t, Rabs t <= 1 -> Rabs (cos t - cos_partial n t) <= Rabs (term (2 * n) t).
Proof.
  intros n t Ht. rewrite <- term_abs. eapply Rle_trans; [|apply term_falls; split; [apply Rabs_pos|exact Ht]].
  replace (S (S (2 * n))) with (2 * n + 2)%nat by lia. unfold Rabs at 2. destruct (Rcase_abs t) as [L|L].
  - pose proof (proj1 (sin_cos_rest n) (- t) ltac:(lra)) as B. rewrite cos_neg, cos_partial_opp in B. exact B.
  - apply sin_cos_rest. lra.
Qed.

(** ** On intervals *)
Section Sound.
Variable p : Z.
Hypothesis Hp : (0 <= p)%Z.
Notation inI := (inI p).

Lemma alternating_ok : forall (F : R) (first : nat) (part : nat -> R) T, (forall n, Rabs (F - part n) <= Rabs (term (2 * n + first) T)) ->
  (forall n, part (S n) = part n + (-1) ^ S n * term (2 * S n + first) T) ->
  forall fuel sq tm sm n r, inI (T * T) sq -> inI ((-1) ^ n * term (2 * n + first) T) tm -> inI (part n) sm ->
  alternating fuel p sq tm sm (Z.of_nat (2 * n + first)) = Some r -> inI F r.
Proof.
  intros F first part T Rest Step. induction fuel as [|fuel IH]; intros sq tm sm n r Hsq Htm Hsm H; [discriminate|].
  cbn [alternating] in H. pose proof (P_pos p Hp) as HP. destruct (Z.leb_spec (mag tm) 1) as [L|L].
  - injection H as <-. specialize (Rest n). apply (mag_ok p Hp) in Htm. apply IZR_le in L.
    rewrite Rabs_mult, <- RPow_abs, (Rabs_left (-1)) in Htm by lra. replace (- -1) with 1 in Htm by ring. rewrite pow1, Rmult_1_l in Htm.
    assert (O : Rabs (F - part n) * P p <= 1) by nra. rewrite <- (Rabs_right (P p)) in O by lra. rewrite <- Rabs_mult in O. apply abs_le in O.
    destruct Hsm as [S1 S2]. unfold Fixed.inI. cbn [fst snd]. rewrite minus_IZR, plus_IZR. lra.
  - cbv zeta in H. replace (Z.of_nat (2 * n + first) + 2)%Z with (Z.of_nat (2 * S n + first)) in H by lia.
    set (k := ((Z.of_nat (2 * n + first) + 1) * _)%Z) in *. assert (K : (0 < k)%Z) by (unfold k; lia).
    assert (Hq : inI ((-1) ^ S n * term (2 * S n + first) T) (ineg (iover k (imul p tm sq)))).
    { replace (2 * S n + first)%nat with (S (S (2 * n + first))) by lia. rewrite !term_step.
      replace ((-1) ^ S n * (term (2 * n + first) T * T / INR (S (2 * n + first)) * T / INR (S (S (2 * n + first)))))
        with (- (((-1) ^ n * term (2 * n + first) T) * (T * T) / IZR k)).
      - apply in_ineg, iover_ok; [exact K|]. apply in_imul; assumption.
      - replace (IZR k) with (INR (S (2 * n + first)) * INR (S (S (2 * n + first)))).
        + cbn [pow]. field. split; apply not_0_INR; lia.
        + unfold k. rewrite !INR_IZR_INZ, <- mult_IZR. f_equal. lia. }
    refine (IH sq _ _ (S n) r Hsq Hq _ H). rewrite Step. apply in_iadd; assumption.
Qed.
End Sound.

Lemma sin_turn : forall j x, sin (x + 2 * IZR j * PI) = sin x.
Proof.
  intros [|j|j] x; [f_equal; ring| |].
  - rewrite <- (positive_nat_Z j), <- INR_IZR_INZ. apply sin_period.
  - rewrite <- (sin_period _ (Pos.to_nat j)). f_equal. rewrite INR_IZR_INZ, positive_nat_Z.
    replace (IZR (Zneg j)) with (- IZR (Zpos j)) by (rewrite <- opp_IZR; reflexivity). ring.
Qed.
Lemma cos_turn : forall j x, cos (x + 2 * IZR j * PI) = cos x.
Proof.
  intros j x. rewrite !cos_sin. rewrite <- (sin_turn j (PI / 2 + x)). f_equal. ring.
Qed.
Lemma quarter_turns : forall k t, let x := t + IZR k * (PI / 2) in let r := Z.land k 3 in
  (r = 0%Z /\ sin x = sin t /\ cos x = cos t) \/ (r = 1%Z /\ sin x = cos t /\ cos x = - sin t)
  \/ (r = 2%Z /\ sin x = - sin t /\ cos x = - cos t) \/ (r = 3%Z /\ sin x = - cos t /\ cos x = sin t).
Proof.
  intros k t x. cbv zeta. change (Z.land k 3) with (Z.land k (Z.ones 2)). rewrite Z.land_ones by lia. change (2 ^ 2)%Z with 4%Z.
  pose proof (Z.div_mod k 4 ltac:(lia)) as E. pose proof (Z.mod_pos_bound k 4 ltac:(lia)) as B.
  set (j := (k / 4)%Z) in *. set (r := (k mod 4)%Z) in *.
  assert (Ex : x = t + IZR r * (PI / 2) + 2 * IZR j * PI) by (unfold x; rewrite E, plus_IZR, mult_IZR; field).
  rewrite Ex, !sin_turn, !cos_turn. assert (Q : forall y, sin (y + PI / 2) = cos y /\ cos (y + PI / 2) = - sin y).
  { intros y. split; [rewrite cos_sin; f_equal; ring|]. rewrite (sin_cos y). rewrite Ropp_involutive. f_equal. ring. }
  assert (R : (r = 0 \/ r = 1 \/ r = 2 \/ r = 3)%Z) by lia. destruct R as [-> | [-> | [-> | ->]]].
  - left. rewrite Rmult_0_l, Rplus_0_r. auto.
  - right. left. rewrite Rmult_1_l. split; [reflexivity|apply Q].
  - right. right. left. replace (t + 2 * (PI / 2)) with (t + PI / 2 + PI / 2) by field.
    destruct (Q (t + PI / 2)) as [-> ->], (Q t) as [-> ->]. auto.
  - right. right. right. replace (t + 3 * (PI / 2)) with (t + PI / 2 + PI / 2 + PI / 2) by field.
    destruct (Q (t + PI / 2 + PI / 2)) as [-> ->], (Q (t + PI / 2)) as [-> ->], (Q t) as [-> ->].
    split; [reflexivity|]. split; ring.
Qed.

Theorem sin_cos_at_ok : forall p x s c, (0 <= p)%Z -> sin_cos_at p x = Some (s, c) ->
  inI p (sin (IZR x / P p)) s /\ inI p (cos (IZR x / P p)) c.
Proof.
  intros p x s c Hp H. unfold sin_cos_at in H. chain H. cbv zeta in H. set (q := (p + guard)%Z) in *.
  assert (Hg : (0 <= guard)%Z) by (unfold guard; lia). assert (Hq : (0 <= q)%Z) by (unfold q; lia).
  chain H. rename E0 into Epi, E1 into Emag, E2 into Es, E3 into Ec.
  set (k := (_ / _)%Z) in *. set (t := isub _ _) in *.
  pose proof (P_pos p Hp) as HP. pose proof (P_pos q Hq) as HQ. pose proof (P_pos guard Hg) as HG.
  assert (EQ : P q = P p * P guard) by (apply P_add; assumption).
  set (T := IZR x / P p - IZR k * (PI / 2)).
  assert (Ht : inI q T t).
  { apply in_isub.
    - unfold inI, point. cbn [fst snd]. rewrite Z.shiftl_mul_pow2, mult_IZR by assumption. fold (P guard). rewrite EQ.
      replace (IZR x / P p * (P p * P guard)) with (IZR x * P guard) by (field; lra). lra.
    - apply multiple_ok, in_ihalf, (pi_of_ok q Hq), Epi. }
  assert (HT : Rabs T <= 1).
  { apply (mag_ok q Hq) in Ht. apply Z.ltb_ge, IZR_le in Emag. change (IZR (2 ^ q)) with (P q) in Emag. nra. }
  pose proof (in_isqr q Hq _ _ Ht) as Sq.
  assert (Hsin : inI q (sin T) i0).
  { refine (alternating_ok q Hq (sin T) 1 (fun n => sin_partial n T) T (fun n => sin_rest n T HT) (fun n => eq_refl) _ _ _ _ 0 _ Sq _ _ Es);
      cbn [sin_partial]; unfold term; simpl; [rewrite Rmult_1_l|]; replace (T * 1 / 1) with T by field; exact Ht. }
  assert (Hcos : inI q (cos T) i1).
  { refine (alternating_ok q Hq (cos T) 0 (fun n => cos_partial n T) T _ _ _ _ _ _ 0 _ Sq _ _ Ec).
    - intros n. rewrite Nat.add_0_r. apply cos_rest, HT.
    - intros n. cbn [cos_partial]. rewrite Nat.add_0_r. reflexivity.
    - unfold term. simpl. rewrite Rmult_1_l. replace (1 / 1) with 1 by field. apply one_ok.
    - cbn [cos_partial]. unfold term. simpl. replace (1 / 1) with 1 by field. apply one_ok. }
  apply (coarser_ok p guard) in Hsin; [|assumption..]. apply (coarser_ok p guard) in Hcos; [|assumption..].
  pose proof (quarter_turns k T) as Tu. cbv zeta in Tu. replace (T + IZR k * (PI / 2)) with (IZR x / P p) in Tu by (unfold T; ring).
  destruct Tu as [[R [-> ->]]|[[R [-> ->]]|[[R [-> ->]]|[R [-> ->]]]]]; rewrite R in H; cbn [Z.eqb Pos.eqb] in H;
    injection H as <- <-; split; try apply in_ineg; assumption.
Qed.
