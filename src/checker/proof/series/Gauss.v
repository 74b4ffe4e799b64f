(** erf: its slope, its value at a number, and erf of a model. *)
Require Import Bool ZArith QArith Qreals Reals List Lra Lia Psatz.
From Polycert Require Import Formula core.Polynomial core.Fixed core.Number series.Model series.Calculus series.Points
  series.OddSeries series.Elementary series.Root series.Integrals.
Import ListNotations.
Open Scope R_scope.

(** Terms 2^k x^(2k+1)/(1 3 5 ... (2k+1)), until one is at most a unit and all that follow fall by 1/2 or faster. *)
Fixpoint erf_sum (fuel : nat) (p : Z) (twice term sum : itv) (k : Z) : option itv :=
  match fuel with
  | O => None
  | S fuel =>
      if Z.leb (snd term) 1 && Z.leb (2 * snd twice) (2 ^ p * (2 * k + 3)) then Some (fst sum, snd sum + 1)%Z
      else let term := iover (2 * k + 3) (imul p term twice) in erf_sum fuel p twice term (iadd sum term) (k + 1)
  end.
(** 2/sqrt(pi), from an enclosure of pi. *)
Definition erf_factor (p : Z) (pi : itv) : option itv :=
  l <- root_at p 2 (fst pi);; h <- root_at p 2 (snd pi);; divide p (point (2 * 2 ^ p)) (l, h + 1)%Z.
(** Where the square of the integer part of x is at least the precision, FORMAT.md has erf x within a unit of 1: not
    proved here, and refused. *)
Definition erf_at (p x : Z) : option itv :=
  let w := whole p x in
  if Z.leb p (w * w) then None else
  let q := (p + guard)%Z in
  pi <- pi_of q;; factor <- erf_factor q pi;;
  let bits := (guard + 2 * (w + 1) * (w + 1))%Z in let f := (p + bits)%Z in
  let y := point (Z.shiftl (Z.abs x) bits) in
  let square := isqr f y in
  sum <- erf_sum (Z.to_nat (4 * f)) f (doubled square) y y 0;; scale <- exp_of f square;;
  ratio <- divide f sum scale;;
  let value := imul q (coarser (bits - guard) ratio) factor in
  Some (coarser guard (if Z.ltb x 0 then ineg value else value)).

Definition two_over_root_pi (p slack : Z) (n : nat) : option model :=
  i <- pi_of (p + guard);; pi <- enclosed p (coarser guard i);; r <- mroot p slack n 2 pi;; i <- minv p n r;; mscale p 2 i.
Definition merf (p slack : Z) (n : nat) (a : model) : option model :=
  start <- erf_at p (middle a);; square <- mmul p n (exactly a) (exactly a);; minus <- mneg p square;; b <- mexp p n minus;;
  k <- two_over_root_pi p slack n;; derivative <- mmul p n b k;; m <- integral p n start (exactly a) derivative;;
  made p (terms m) (radius m - - (radius a * 113) / 100).

(** ** The function *)
Lemma bell_continuous : forall t, continuity_pt bell t.
Proof.
  intros t. apply (continuity_pt_comp (fun t => - (t * t)) exp); [|apply derivable_continuous_pt, derivable_pt_exp].
  apply (continuity_pt_opp (fun t => t * t)), continuity_pt_mult; apply derivable_continuous_pt, derivable_pt_id.
Qed.
Definition area (x : R) : R := RiemannInt (bell_integrable 0 x).
Lemma area_slope : forall x, derivable_pt_lim area x (bell x).
Proof.
  intros x. set (b := Rabs x + 1). pose proof (Rabs_pos x). pose proof (Rle_abs x). pose proof (Rle_abs (- x)) as N. rewrite Rabs_Ropp in N.
  assert (h : - b <= b) by (unfold b; lra). assert (C0 : forall t, - b <= t <= b -> continuity_pt bell t) by (intros; apply bell_continuous).
  pose proof (@RiemannInt_P28 bell (- b) b x h C0 ltac:(unfold b; lra)) as D. set (F := primitive h (FTC_P1 h C0)) in *.
  assert (E : forall y, - b <= y <= b -> area y = F y - RiemannInt (bell_integrable (- b) 0)).
  { intros y [Y1 Y2]. unfold F, primitive. destruct (Rle_dec (- b) y) as [r|]; [|contradiction]. destruct (Rle_dec y b) as [r0|]; [|contradiction].
    rewrite <- (RiemannInt_P26 (bell_integrable (- b) 0) (bell_integrable 0 y) (FTC_P1 h C0 r r0)). unfold area. ring. }
  intros eps He. destruct (D eps He) as [d Hd]. assert (M : 0 < Rmin d 1) by (apply Rmin_pos; [apply cond_pos|lra]).
  exists (mkposreal _ M). intros k K1 K2. cbn [pos] in K2. pose proof (Rmin_l d 1). pose proof (Rmin_r d 1).
  assert (K3 : Rabs k < 1) by lra. apply Rabs_def2 in K3.
  rewrite !E by (unfold b; lra). replace (F (x + k) - RiemannInt (bell_integrable (- b) 0) - (F x - RiemannInt (bell_integrable (- b) 0)))
    with (F (x + k) - F x) by ring. apply Hd; [exact K1|lra].
Qed.
Lemma area_0 : area 0 = 0.
Proof. apply RiemannInt_P9. Qed.
Lemma area_odd : forall x, area (- x) = - area x.
Proof.
  intros x. set (f := fun t => area (- t) + area t).
  assert (D : forall t, derivable_pt_lim f t 0).
  { intros t. unfold f. replace 0 with (bell (- t) * - (1) + bell t) by (unfold bell; replace (- t * - t) with (t * t) by ring; ring).
    apply (derivable_pt_lim_plus (fun t => area (- t)) area); [|apply area_slope].
    apply (derivable_pt_lim_comp (fun t => - t) area); [|apply area_slope]. apply (derivable_pt_lim_opp id), derivable_pt_lim_id. }
  assert (Z : f x = f 0).
  { destruct (Rtotal_order x 0) as [L|[->|L]]; [|reflexivity|].
    - destruct (MVT_cor2 f (fun _ => 0) x 0 L) as [c [E _]]; [intros; apply D|]. lra.
    - destruct (MVT_cor2 f (fun _ => 0) 0 x L) as [c [E _]]; [intros; apply D|]. lra. }
  unfold f in Z. rewrite Ropp_0, area_0 in Z. lra.
Qed.
Lemma bell_slope : forall t, derivable_pt_lim bell t (bell t * - (2 * t)).
Proof.
  intros t. apply (derivable_pt_lim_comp (fun t => - (t * t)) exp); [|apply derivable_pt_lim_exp].
  replace (- (2 * t)) with (- (1 * t + t * 1)) by ring. apply (derivable_pt_lim_opp (fun t => t * t)).
  apply (derivable_pt_lim_mult id id); apply derivable_pt_lim_id.
Qed.

(** ** Its series *)
Fixpoint erf_term (k : nat) (t : R) : R := match k with O => t | S j => erf_term j t * (2 * (t * t)) / INR (2 * j + 3) end.
Fixpoint erf_partial (k : nat) (t : R) : R := match k with O => t | S j => erf_partial j t + erf_term (S j) t end.
Lemma odd_pos : forall k, 0 < INR (2 * k + 3).
Proof. intros k. apply lt_0_INR. lia. Qed.
Lemma erf_term_nonneg : forall k t, 0 <= t -> 0 <= erf_term k t.
Proof.
  induction k as [|k IH]; intros t Ht; [exact Ht|]. cbn [erf_term]. apply Rmult_le_pos; [|apply Rlt_le, Rinv_0_lt_compat, odd_pos].
  apply Rmult_le_pos; [apply IH, Ht|nra].
Qed.
(** T_(k+1)' = 2 t T_k, and T_k' t = (2k + 1) T_k. *)
Lemma erf_term_slope : forall k t, derivable_pt_lim (erf_term (S k)) t (2 * t * erf_term k t).
Proof.
  assert (K : forall k t, exists l, derivable_pt_lim (erf_term k) t l /\ l * t = INR (2 * k + 1) * erf_term k t
    /\ derivable_pt_lim (erf_term (S k)) t (2 * t * erf_term k t)).
  { assert (Step : forall k t l, derivable_pt_lim (erf_term k) t l -> l * t = INR (2 * k + 1) * erf_term k t ->
      derivable_pt_lim (erf_term (S k)) t (2 * t * erf_term k t)).
    { intros k t l D E. pose proof (odd_pos k) as N.
      replace (2 * t * erf_term k t) with ((l * (2 * (t * t)) + erf_term k t * (2 * (1 * t + t * 1))) * / INR (2 * k + 3)
        + (erf_term k t * (2 * (t * t))) * 0).
      - apply (derivable_pt_lim_mult (fun t => erf_term k t * (2 * (t * t))) (fun _ => / INR (2 * k + 3))); [|apply derivable_pt_lim_const].
        apply (derivable_pt_lim_mult (erf_term k) (fun t => 2 * (t * t))); [exact D|].
        apply (derivable_pt_lim_scal (fun t => t * t)). apply (derivable_pt_lim_mult id id); apply derivable_pt_lim_id.
      - replace (l * (2 * (t * t))) with (l * t * (2 * t)) by ring. rewrite E. rewrite !plus_INR, !mult_INR. simpl (INR 2). simpl (INR 1). simpl (INR 3).
        rewrite plus_INR, mult_INR in N. simpl (INR 2) in N. simpl (INR 3) in N. field. lra. }
    induction k as [|k IH]; intros t.
    - exists 1. assert (D : derivable_pt_lim (erf_term 0) t 1) by apply derivable_pt_lim_id.
      assert (E : 1 * t = INR (2 * 0 + 1) * erf_term 0 t) by (simpl; ring). split; [exact D|]. split; [exact E|]. apply (Step 0%nat t 1 D E).
    - destruct (IH t) as [l [_ [_ D]]]. exists (2 * t * erf_term k t). split; [exact D|].
      assert (E : 2 * t * erf_term k t * t = INR (2 * S k + 1) * erf_term (S k) t).
      { cbn [erf_term]. replace (2 * S k + 1)%nat with (2 * k + 3)%nat by lia. pose proof (odd_pos k). field. lra. }
      split; [exact E|]. apply (Step (S k) t _ D E). }
  intros k t. destruct (K k t) as [l [_ [_ D]]]. exact D.
Qed.
Lemma erf_partial_slope : forall k t, derivable_pt_lim (erf_partial k) t (1 + 2 * t * erf_partial k t - 2 * t * erf_term k t).
Proof.
  induction k as [|k IH]; intros t.
  - cbn [erf_partial erf_term]. replace (1 + 2 * t * t - 2 * t * t) with 1 by ring. apply derivable_pt_lim_id.
  - cbn [erf_partial]. replace (1 + 2 * t * (erf_partial k t + erf_term (S k) t) - 2 * t * erf_term (S k) t)
      with ((1 + 2 * t * erf_partial k t - 2 * t * erf_term k t) + 2 * t * erf_term k t) by ring.
    apply (derivable_pt_lim_plus (erf_partial k) (erf_term (S k))); [apply IH|apply erf_term_slope].
Qed.
Lemma erf_term_0 : forall k, erf_term k 0 = 0.
Proof. induction k as [|k IH]; cbn [erf_term]; [reflexivity|]. rewrite IH. unfold Rdiv. ring. Qed.
Lemma erf_partial_at_0 : forall k, erf_partial k 0 = 0.
Proof. induction k as [|k IH]; cbn [erf_partial]; [reflexivity|]. rewrite IH, erf_term_0. ring. Qed.

(** area' = bell, (bell S_k)' = bell (1 - 2 t T_k): what is left out rises by bell 2 t T_k, and 2 bell T_(k+1) by at least
    that where T_(k+1) is at most T_k/2. *)
Lemma area_rest : forall k x, 0 <= x -> 4 * (x * x) <= INR (2 * k + 3) ->
  0 <= area x - bell x * erf_partial k x <= bell x * erf_term k x.
Proof.
  intros k x Hx Hk. set (r := fun t => area t - bell t * erf_partial k t).
  assert (Dr : forall t, derivable_pt_lim r t (bell t * (2 * t * erf_term k t))).
  { intros t. unfold r. replace (bell t * (2 * t * erf_term k t))
      with (bell t - (bell t * - (2 * t) * erf_partial k t + bell t * (1 + 2 * t * erf_partial k t - 2 * t * erf_term k t))) by ring.
    apply (derivable_pt_lim_minus area (fun t => bell t * erf_partial k t)); [apply area_slope|].
    apply (derivable_pt_lim_mult bell (erf_partial k)); [apply bell_slope|apply erf_partial_slope]. }
  assert (B0 : forall t, 0 < bell t) by (intros; apply exp_pos).
  assert (R0 : r 0 = 0) by (unfold r; rewrite area_0, erf_partial_at_0; ring).
  assert (Fall : forall t, 0 <= t <= x -> erf_term (S k) t <= erf_term k t / 2).
  { intros t Ht. cbn [erf_term]. pose proof (erf_term_nonneg k t (proj1 Ht)) as T. pose proof (odd_pos k) as N.
    apply Rmult_le_reg_r with (INR (2 * k + 3)); [exact N|].
    replace (erf_term k t * (2 * (t * t)) / INR (2 * k + 3) * INR (2 * k + 3)) with (erf_term k t * (2 * (t * t))) by (field; lra).
    replace (erf_term k t / 2 * INR (2 * k + 3)) with (erf_term k t * (INR (2 * k + 3) / 2)) by field.
    apply Rmult_le_compat_l; [exact T|]. assert (t * t <= x * x) by nra. lra. }
  split.
  - apply (rises r (fun t => bell t * (2 * t * erf_term k t)) x); [intros; apply Dr| |rewrite R0; lra|lra].
    intros t Ht. pose proof (erf_term_nonneg k t (proj1 Ht)). specialize (B0 t). apply Rmult_le_pos; [lra|]. apply Rmult_le_pos; lra.
  - apply Rle_trans with (bell x * (2 * erf_term (S k) x)).
    2: { apply Rmult_le_compat_l; [apply Rlt_le, B0|]. specialize (Fall x ltac:(lra)). lra. }
    assert (0 <= bell x * (2 * erf_term (S k) x) - r x); [|unfold r in *; lra].
    apply (rises (fun t => bell t * (2 * erf_term (S k) t) - r t)
      (fun t => bell t * - (2 * t) * (2 * erf_term (S k) t) + bell t * (2 * (2 * t * erf_term k t)) - bell t * (2 * t * erf_term k t)) x).
    + intros t _. apply (derivable_pt_lim_minus (fun t => bell t * (2 * erf_term (S k) t)) r); [|apply Dr].
      apply (derivable_pt_lim_mult bell (fun t => 2 * erf_term (S k) t)); [apply bell_slope|].
      apply (derivable_pt_lim_scal (erf_term (S k))), erf_term_slope.
    + intros t Ht. specialize (Fall t Ht). specialize (B0 t).
      replace (bell t * - (2 * t) * (2 * erf_term (S k) t) + bell t * (2 * (2 * t * erf_term k t)) - bell t * (2 * t * erf_term k t))
        with (bell t * (2 * t) * (erf_term k t - 2 * erf_term (S k) t)) by ring.
      apply Rmult_le_pos; [apply Rmult_le_pos; lra|lra].
    + rewrite R0, erf_term_0. lra.
    + lra.
Qed.

(** ** At a number *)
Section Sound.
Variable p : Z.
Hypothesis Hp : (0 <= p)%Z.
Notation inI := (inI p).

Lemma erf_sum_ok : forall fuel x tw tm sm k r, 0 <= x -> inI (2 * (x * x)) tw -> inI (erf_term k x) tm -> inI (erf_partial k x) sm ->
  erf_sum fuel p tw tm sm (Z.of_nat k) = Some r -> inI (area x / bell x) r.
Proof.
  induction fuel as [|fuel IH]; intros x tw tm sm k r Hx Htw Htm Hsm H; [discriminate|]. cbn [erf_sum] in H. pose proof (P_pos p Hp) as HP.
  destruct (Z.leb (snd tm) 1 && Z.leb (2 * snd tw) (2 ^ p * (2 * Z.of_nat k + 3))) eqn:B.
  - injection H as <-. apply andb_prop in B as [B1 B2]. apply Z.leb_le, IZR_le in B1, B2. rewrite !mult_IZR, plus_IZR, mult_IZR, <- INR_IZR_INZ in B2.
    change (IZR (2 ^ p)) with (P p) in B2. destruct Htw as [_ W]. destruct Htm as [_ T]. destruct Hsm as [S1 S2].
    assert (K : 4 * (x * x) <= INR (2 * k + 3)) by (rewrite plus_INR, mult_INR; simpl (INR 2); simpl (INR 3); nra).
    destruct (area_rest k x Hx K) as [A1 A2]. assert (B0 : 0 < bell x) by apply exp_pos.
    assert (Q : erf_partial k x <= area x / bell x <= erf_partial k x + erf_term k x).
    { split; [apply le_div|apply div_le]; try exact B0; lra. }
    unfold Fixed.inI. cbn [fst snd]. rewrite plus_IZR. split; nra.
  - cbv zeta in H. replace (Z.of_nat k + 1)%Z with (Z.of_nat (S k)) in H by lia. set (d := (2 * Z.of_nat k + 3)%Z) in *.
    assert (Hq : inI (erf_term (S k) x) (iover d (imul p tm tw))).
    { cbn [erf_term]. replace (INR (2 * k + 3)) with (IZR d).
      - apply iover_ok; [unfold d; lia|]. apply in_imul; assumption.
      - rewrite INR_IZR_INZ. unfold d. f_equal. lia. }
    refine (IH x tw _ _ (S k) r Hx Htw Hq _ H). cbn [erf_partial]. apply in_iadd; assumption.
Qed.
Lemma root_pi : root_of 2 PI (sqrt PI).
Proof. split; [apply sqrt_pos|]. change (Pos.to_nat 2) with 2%nat. apply pow2_sqrt, Rlt_le, PI_RGT_0. Qed.
Lemma erf_factor_ok : forall i r, inI PI i -> erf_factor p i = Some r -> inI (2 / sqrt PI) r.
Proof.
  intros [l h] r [A B] H. unfold erf_factor in H. cbn [fst snd] in *. chain H. destruct root_pi as [R0 R1].
  destruct (root_at_ok p Hp 2 _ _ E) as [_ [L _]]. destruct (root_at_ok p Hp 2 _ _ E0) as [_ [_ [U _]]].
  apply (divide_ok p Hp _ _ _ _ _ H).
  - unfold Fixed.inI, point. cbn [fst snd]. rewrite mult_IZR. fold (P p). lra.
  - unfold Fixed.inI. cbn [fst snd]. rewrite plus_IZR. split; [apply (L PI); assumption|apply (U PI); assumption].
Qed.
End Sound.

Theorem erf_at_ok : forall p x r, (9 <= p)%Z -> erf_at p x = Some r -> inI p (erf (IZR x / P p)) r.
Proof.
  intros p x r Hp H. unfold erf_at in H. cbv zeta in H. set (w := whole p x) in *. chain H.
  assert (Hp0 : (0 <= p)%Z) by lia. assert (W0 : (0 <= w)%Z).
  { unfold w, whole. rewrite Z.shiftr_div_pow2 by lia. apply Z.div_pos; [lia|apply Z.pow_pos_nonneg; lia]. }
  set (b := (guard + 2 * (w + 1) * (w + 1))%Z) in *. assert (Hb : (guard <= b)%Z) by (unfold b; nia).
  assert (Hg : (0 <= guard)%Z) by (unfold guard; lia).
  chain H. injection H as <-. rename E0 into Epi, E1 into Efa, E2 into Esu, E3 into Esc, E4 into Era.
  pose proof (P_pos p Hp0) as HP. pose proof (P_pos b ltac:(lia)) as HB. pose proof (P_pos (p + b) ltac:(lia)) as HF.
  set (y := Rabs (IZR x / P p)). assert (Y0 : 0 <= y) by apply Rabs_pos.
  assert (A : inI (p + b) y (point (Z.shiftl (Z.abs x) b))).
  { unfold inI, point. cbn [fst snd]. rewrite Z.shiftl_mul_pow2, mult_IZR, abs_IZR by lia. fold (P b).
    rewrite P_add by lia. unfold y, Rdiv. rewrite Rabs_mult, (Rabs_right (/ P p)) by (apply Rle_ge, Rlt_le, Rinv_0_lt_compat, HP).
    replace (Rabs (IZR x) * / P p * (P p * P b)) with (Rabs (IZR x) * P b) by (field; lra). lra. }
  assert (Hf : (0 <= p + b)%Z) by lia. pose proof (in_isqr (p + b) Hf _ _ A) as Sq.
  pose proof (erf_sum_ok (p + b) Hf _ y _ _ _ 0 _ Y0 (doubled_ok (p + b) _ _ Sq) A A Esu) as Su.
  pose proof (exp_of_ok (p + b) Hf (y * y) _ _ ltac:(lia) ltac:(nra) Sq Esc) as Sc.
  destruct (divide_ok (p + b) Hf _ _ _ _ _ Era Su Sc) as [_ Ra].
  replace (area y / bell y / exp (y * y)) with (area y) in Ra.
  2: { unfold bell. rewrite exp_Ropp. field. pose proof (exp_pos (y * y)). lra. }
  assert (V : inI (p + guard) (erf y) (imul (p + guard) (coarser (b - guard) i3) i0)).
  { unfold erf. fold (area y). rewrite Rmult_comm. apply in_imul; [lia| |].
    - apply coarser_ok; [lia|lia|]. replace (p + guard + (b - guard))%Z with (p + b)%Z by lia. exact Ra.
    - apply (erf_factor_ok (p + guard) ltac:(lia) _ _ (pi_of_ok (p + guard) ltac:(lia) _ Epi) Efa). }
  apply coarser_ok; [lia|lia|]. destruct (Z.ltb_spec x 0) as [L|L].
  - apply IZR_lt in L. assert (N : IZR x / P p < 0) by (assert (0 < / P p) by (apply Rinv_0_lt_compat, HP); unfold Rdiv; nra).
    replace (erf (IZR x / P p)) with (- erf y); [apply in_ineg, V|]. unfold erf. fold (area y). fold (area (IZR x / P p)).
    unfold y. rewrite Rabs_left, area_odd by exact N. ring.
  - apply IZR_le in L. replace (IZR x / P p) with y; [exact V|]. unfold y. apply Rabs_right, Rle_ge, Rmult_le_pos; [exact L|apply Rlt_le, Rinv_0_lt_compat, HP].
Qed.

(** ** On a model *)
Lemma pi_above : 3133 / 1000 <= PI.
Proof.
  assert (E : exists l h, pi_of 32 = Some (l, h) /\ (3133 * 2 ^ 32 <= 1000 * l)%Z) by (eexists; eexists; split; [vm_compute; reflexivity|vm_compute; discriminate]).
  destruct E as [l [h [E L]]]. destruct (pi_of_ok 32 ltac:(lia) _ E) as [B _]. cbn [fst] in B. apply IZR_le in L. rewrite !mult_IZR in L.
  change (IZR (2 ^ 32)) with (P 32) in L. pose proof (P_pos 32 ltac:(lia)). nra.
Qed.
Lemma factor_below : 0 < 2 / sqrt PI <= 113 / 100.
Proof.
  pose proof pi_above as Q. assert (S0 : 0 < sqrt PI) by (apply sqrt_lt_R0; lra). pose proof (sqrt_sqrt PI ltac:(lra)) as S2.
  split; [apply Rmult_lt_0_compat; [lra|apply Rinv_0_lt_compat, S0]|]. apply div_le; [exact S0|]. nra.
Qed.
Lemma erf_slope : forall x, derivable_pt_lim erf x (2 / sqrt PI * bell x).
Proof. intros x. unfold erf. apply (derivable_pt_lim_scal area), area_slope. Qed.
Lemma bell_below : forall x, 0 < bell x <= 1.
Proof. intros x. split; [apply exp_pos|]. unfold bell. rewrite <- exp_0. apply exp_mono. nra. Qed.

Section Model.
Variable p : Z.
Hypothesis Hp : (9 <= p)%Z.
Notation P := (P p).
Notation within := (within p).
Let Hp0 : (0 <= p)%Z. Proof. lia. Qed.
Let HP : 0 < P. Proof. apply P_pos, Hp0. Qed.

Lemma two_over_root_pi_ok : forall slack n m, two_over_root_pi p slack n = Some m -> forall v, Rabs v <= 1 -> within m v (2 / sqrt PI).
Proof.
  intros slack n m H v Hv. unfold two_over_root_pi in H. chain H.
  assert (W : within m0 v PI).
  { apply (enclosed_ok p _ _ E0). apply coarser_ok; [exact Hp0|unfold guard; lia|]. apply (pi_of_ok (p + guard)); [unfold guard; lia|exact E]. }
  destruct (mroot_ok p Hp0 2 _ _ _ _ _ _ Hv E1 W) as [_ R]. specialize (R _ root_pi).
  destruct (minv_ok p Hp _ _ _ _ _ Hv E2 R) as [_ I]. pose proof (mscale_ok p _ _ _ _ _ Hv H I) as S.
  replace (Q2R 2) with 2 in S by (unfold Q2R; simpl; field). exact S.
Qed.
Theorem merf_ok : forall slack n a m v x, Rabs v <= 1 -> merf p slack n a = Some m -> within a v x -> within m v (erf x).
Proof.
  intros slack n a m v x Hv H Hx. unfold merf in H. chain H. rename E into Est, E0 into Esq, E1 into Eng, E2 into Eex, E3 into Efa, E4 into Ede, E5 into Ein.
  set (A := fun c => pe (terms a) c / P).
  assert (De : forall c, Rabs c <= 1 -> within m4 c (bell (A c) * (2 / sqrt PI))).
  { intros c Hc. apply (mmul_ok p Hp0 _ _ _ _ _ _ _ Hc Ede); [|apply (two_over_root_pi_ok _ _ _ Efa c Hc)].
    pose proof (mmul_ok p Hp0 _ _ _ _ _ _ _ Hc Esq (exact_within p ltac:(lia) a c) (exact_within p ltac:(lia) a c)) as W.
    exact (mexp_ok p Hp _ _ _ _ _ Hc Eex (mneg_ok p _ _ _ _ Eng W)). }
  assert (A0 : A 0 = IZR (middle a) / P) by (unfold A, middle; rewrite pe_middle; f_equal; ring).
  assert (I : within m5 v (erf (A v))).
  { apply (integral_ok p Hp n i (exactly a) m4 m5 (fun c => erf (A c)) (fun c => bell (A c) * (2 / sqrt PI)) Ein); [|exact De| |exact Hv].
    - intros c Hc. replace (pe (deriv (terms (exactly a))) c / P * (bell (A c) * (2 / sqrt PI)))
        with (2 / sqrt PI * bell (A c) * (pe (deriv (terms a)) c / P)) by (cbn [exactly terms]; ring).
      apply (derivable_pt_lim_comp A erf); [apply polynomial_slope|apply erf_slope].
    - cbv beta. rewrite A0. apply erf_at_ok; assumption. }
  assert (Hs : Rabs (x - A v) * P <= IZR (radius a)).
  { replace (Rabs (x - A v) * P) with (Rabs (x * P - pe (terms a) v)); [exact Hx|].
    transitivity (Rabs ((x - A v) * P)); [unfold A; f_equal; field; lra|rewrite Rabs_mult, (Rabs_right P) by lra; reflexivity]. }
  assert (Mv : Rabs (erf x - erf (A v)) <= 113 / 100 * Rabs (x - A v)).
  { assert (G : forall u w, u < w -> Rabs (erf w - erf u) <= 113 / 100 * Rabs (w - u)).
    { intros u w L. destruct (MVT_cor2 erf (fun z => 2 / sqrt PI * bell z) u w L) as [z [E _]]; [intros; apply erf_slope|].
      rewrite E, Rabs_mult. apply Rmult_le_compat_r; [apply Rabs_pos|]. pose proof factor_below. pose proof (bell_below z).
      rewrite Rabs_right; nra. }
    destruct (Rtotal_order x (A v)) as [L|[E|L]].
    - rewrite Rabs_minus_sym, (Rabs_minus_sym x). apply G, L.
    - rewrite E. replace (erf (A v) - erf (A v)) with 0 by ring. rewrite Rabs_R0. pose proof (Rabs_pos (A v - A v)). lra.
    - apply G, L. }
  apply (made_ok p _ _ _ H). rewrite minus_IZR.
  assert (C : Rabs ((erf x - erf (A v)) * P) <= IZR (- (- (radius a * 113) / 100))).
  { apply ceil_ok; [lia|]. rewrite Rabs_mult, (Rabs_right P), mult_IZR by lra. nra. }
  rewrite opp_IZR in C. unfold Model.within in I. replace (erf x * P - pe (terms m5) v)
    with ((erf (A v) * P - pe (terms m5) v) + (erf x - erf (A v)) * P) by ring.
  eapply Rle_trans; [apply Rabs_triang|]. lra.
Qed.
End Model.
