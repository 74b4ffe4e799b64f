(** log of a model, as an integral of what is known of its derivative. *)
Require Import Bool ZArith Reals List Lra Lia Psatz.
From Polycert Require Import core.Polynomial core.Fixed core.Number series.Model series.Calculus series.Points
  series.Elementary series.OddSeries.
Import ListNotations.
Open Scope R_scope.

(** c_j/(k + j), rounded down. *)
Fixpoint over_degrees (k : Z) (l : list Z) : list Z :=
  match l with [] => [] | c :: t => (c / k)%Z :: over_degrees (k + 1) t end.
(** f(A) for the polynomial A of a model, from f(a_0) and a model of f'(A): f(a_0) + integral of A' f'(A) from 0 to v. *)
Definition integral (p : Z) (n : nat) (start : itv) (a derivative : model) : option model :=
  slope <- made p (deriv (terms a)) 0;; h <- mmul_over p p (pred n) slope derivative;; first <- enclosed p start;;
  made p (middle first :: over_degrees 1 (terms h)) (radius h + radius first + Z.of_nat (length (terms h))).

Definition mlog (p : Z) (n : nat) (a : model) : option model :=
  start <- log_at p (middle a);; derivative <- minv p n (exactly a);;
  let moved := cdiv p (magnitude_of derivative * radius a * 2) in
  if Z.ltb (2 ^ p) moved then None else
  m <- integral p n start (exactly a) derivative;; made p (terms m) (radius m + moved).

(** ** Soundness *)
(** sum_j c_j v^j/(k + j). *)
Fixpoint averages (k : nat) (l : list Z) (v : R) : R :=
  match l with [] => 0 | c :: t => IZR c / INR k + v * averages (S k) t v end.
Lemma averages_slope : forall l k v, derivable_pt_lim (fun v => v ^ S k * averages (S k) l v) v (v ^ k * pe l v).
Proof.
  induction l as [|c t IH]; intros k v.
  - intros eps He. exists (mkposreal 1 Rlt_0_1). intros h Hh _. cbn [averages pe].
    replace (((v + h) ^ S k * 0 - v ^ S k * 0) / h - v ^ k * 0) with 0 by (field; exact Hh). rewrite Rabs_R0. exact He.
  - assert (N : INR (S k) <> 0) by (apply not_0_INR; lia).
    assert (D : derivable_pt_lim (fun v => IZR c / INR (S k) * v ^ S k + v ^ S (S k) * averages (S (S k)) t v) v
      (IZR c / INR (S k) * (INR (S k) * v ^ pred (S k)) + v ^ S k * pe t v)).
    { apply (derivable_pt_lim_plus (fun v => IZR c / INR (S k) * v ^ S k) (fun v => v ^ S (S k) * averages (S (S k)) t v)).
      - apply (derivable_pt_lim_scal (fun v => v ^ S k)). apply derivable_pt_lim_pow.
      - apply IH. }
    intros eps He. destruct (D eps He) as [d Hd]. exists d. intros h H1 H2. specialize (Hd h H1 H2). cbn [averages pe].
    replace (v ^ k * (IZR c + v * pe t v)) with (IZR c / INR (S k) * (INR (S k) * v ^ pred (S k)) + v ^ S k * pe t v)
      by (cbn [pred pow]; field; exact N).
    replace ((v + h) ^ S k * (IZR c / INR (S k) + (v + h) * averages (S (S k)) t (v + h)))
      with (IZR c / INR (S k) * (v + h) ^ S k + (v + h) ^ S (S k) * averages (S (S k)) t (v + h)) by (cbn [pow]; ring).
    replace (v ^ S k * (IZR c / INR (S k) + v * averages (S (S k)) t v))
      with (IZR c / INR (S k) * v ^ S k + v ^ S (S k) * averages (S (S k)) t v) by (cbn [pow]; ring).
    exact Hd.
Qed.
Lemma over_degrees_ok : forall l k v, Rabs v <= 1 -> (0 < k)%nat ->
  Rabs (pe (over_degrees (Z.of_nat k) l) v - averages k l v) <= IZR (Z.of_nat (length l)).
Proof.
  induction l as [|c t IH]; intros k v Hv Hk; cbn [over_degrees pe averages length]; [rewrite Rminus_0_r, Rabs_R0; simpl; lra|].
  rewrite Nat2Z.inj_succ, succ_IZR. replace (Z.of_nat k + 1)%Z with (Z.of_nat (S k)) by lia. specialize (IH (S k) v Hv ltac:(lia)).
  pose proof (floor_near c (Z.of_nat k) ltac:(lia)) as F. rewrite <- INR_IZR_INZ in F.
  set (W := pe (over_degrees (Z.of_nat (S k)) t) v) in *.
  replace (IZR (c / Z.of_nat k) + v * W - (IZR c / INR k + v * averages (S k) t v))
    with ((IZR (c / Z.of_nat k) - IZR c / INR k) + v * (W - averages (S k) t v)) by ring.
  eapply Rle_trans; [apply Rabs_triang|]. rewrite Rabs_mult. pose proof (Rabs_pos v). pose proof (Rabs_pos (W - averages (S k) t v)). nra.
Qed.

Section Sound.
Variable p : Z.
Hypothesis Hp : (9 <= p)%Z.
Notation P := (P p).
Notation within := (within p).
Let Hp0 : (0 <= p)%Z. Proof. lia. Qed.
Let HP : 0 < P. Proof. apply P_pos, Hp0. Qed.

(** The integrand is within its model's radius, and |v| <= 1: so is the integral. *)
Lemma integral_ok : forall n start a der m (F h : R -> R), integral p n start a der = Some m ->
  (forall c, Rabs c <= 1 -> derivable_pt_lim F c (pe (deriv (terms a)) c / P * h c)) ->
  (forall c, Rabs c <= 1 -> within der c (h c)) -> inI p (F 0) start ->
  forall v, Rabs v <= 1 -> within m v (F v).
Proof.
  intros n start a der m F h H D W S0 v Hv. unfold integral in H. chain H. rename E into Esl, E0 into Eh, E1 into Est.
  set (H1 := terms m1) in *. set (Q := fun c => (c ^ 1 * averages 1 H1 c) / P). set (r := IZR (radius m1) / P).
  assert (Hin : forall c, Rabs c <= 1 -> within m1 c (pe (deriv (terms a)) c / P * h c)).
  { intros c Hc. apply (mmul_ok p Hp0 _ _ _ _ _ _ _ Hc Eh); [|apply W, Hc]. apply (made_ok p _ _ _ Esl).
    replace (pe (deriv (terms a)) c / P * P - pe (deriv (terms a)) c) with 0 by (field; lra). rewrite Rabs_R0. lra. }
  assert (Move : Rabs ((fun c => F c - Q c) v - (fun c => F c - Q c) 0) <= r).
  { apply (moves (fun c => F c - Q c) (fun c => pe (deriv (terms a)) c / P * h c - pe H1 c / P)); [| |exact Hv].
    - intros c Hc. apply (derivable_pt_lim_minus F Q); [apply D, Hc|]. unfold Q, Rdiv.
      replace (pe H1 c * / P) with ((c ^ 0 * pe H1 c) * / P + (c ^ 1 * averages 1 H1 c) * 0) by (simpl; ring).
      apply (derivable_pt_lim_mult (fun c => c ^ 1 * averages 1 H1 c) (fun _ => / P)); [apply averages_slope|apply derivable_pt_lim_const].
    - intros c Hc. specialize (Hin c Hc). unfold Model.within in Hin. fold H1 in Hin. set (z := pe (deriv (terms a)) c / P * h c) in *.
      unfold r. apply Rmult_le_reg_r with P; [exact HP|]. replace (IZR (radius m1) / P * P) with (IZR (radius m1)) by (field; lra).
      rewrite <- (Rabs_right P) at 2 by lra. rewrite <- Rabs_mult. replace ((z - pe H1 c / P) * P) with (z * P - pe H1 c) by (field; lra). exact Hin. }
  cbv beta in Move. assert (Q0 : Q 0 = 0) by (unfold Q; simpl; unfold Rdiv; ring). rewrite Q0, Rminus_0_r in Move.
  pose proof (enclosed_ok p _ _ Est 0 _ S0) as W0. unfold Model.within in W0. rewrite pe_middle, Rmult_0_l, Rplus_0_r in W0. fold (middle m2) in W0.
  pose proof (over_degrees_ok H1 1 v Hv ltac:(lia)) as O. change (Z.of_nat 1) with 1%Z in O.
  apply (made_ok p _ _ _ H). cbn [pe]. rewrite !plus_IZR. set (T := pe (over_degrees 1 H1) v) in *.
  assert (Move' : Rabs ((F v - Q v - F 0) * P) <= IZR (radius m1)).
  { rewrite Rabs_mult, (Rabs_right P) by lra. apply Rle_trans with (r * P); [apply Rmult_le_compat_r; lra|]. unfold r. apply Req_le. field. lra. }
  assert (EQ : Q v * P = v * averages 1 H1 v) by (unfold Q; field; lra).
  replace (F v * P - (IZR (middle m2) + v * T))
    with ((F v - Q v - F 0) * P + (F 0 * P - IZR (middle m2)) + - (v * (T - averages 1 H1 v))) by (rewrite !Rmult_minus_distr_r, EQ; ring).
  eapply Rle_trans; [apply Rabs_triang|]. apply Rplus_le_compat.
  - eapply Rle_trans; [apply Rabs_triang|lra].
  - rewrite Rabs_Ropp, Rabs_mult. pose proof (Rabs_pos v). pose proof (Rabs_pos (T - averages 1 H1 v)). nra.
Qed.

Lemma exact_within : forall a v, within (exactly a) v (pe (terms a) v / P).
Proof.
  intros a v. unfold Model.within, exactly. cbn [terms radius].
  replace (pe (terms a) v / P * P - pe (terms a) v) with 0 by (field; lra). rewrite Rabs_R0. lra.
Qed.
Lemma polynomial_slope : forall l c, derivable_pt_lim (fun c => pe l c / P) c (pe (deriv l) c / P).
Proof.
  intros l c. rewrite pe_deriv. unfold Rdiv. replace (pe' l c * / P) with (pe' l c * / P + pe l c * 0) by ring.
  apply (derivable_pt_lim_mult (pe l) (fun _ => / P)); [apply pe_derivable|apply derivable_pt_lim_const].
Qed.
(** What is positive at 0 and nowhere 0 is positive. *)
Lemma stays_positive : forall l, 0 < IZR (hd 0%Z l) -> (forall c, Rabs c <= 1 -> pe l c <> 0) -> forall v, Rabs v <= 1 -> 0 < pe l v.
Proof.
  intros l L N v Hv. assert (Z : pe l 0 = IZR (hd 0%Z l)) by (rewrite pe_middle; ring). apply Rnot_le_lt. intros Neg.
  apply abs_le in Hv. destruct (Rtotal_order v 0) as [Lt|[->|Gt]].
  - destruct (IVT_cor (pe l) v 0 (pe_continuity l) ltac:(lra) ltac:(nra)) as [z [Hz Rz]]. apply (N z); [apply Rabs_le; lra|exact Rz].
  - lra.
  - destruct (IVT_cor (pe l) 0 v (pe_continuity l) ltac:(lra) ltac:(nra)) as [z [Hz Rz]]. apply (N z); [apply Rabs_le; lra|exact Rz].
Qed.
Lemma ln_below : forall z, 0 < z -> ln z <= z - 1.
Proof. intros z Hz. pose proof (exp_ineq1_le (ln z)) as E. rewrite exp_ln in E by exact Hz. lra. Qed.
Lemma ln_moves : forall w, Rabs w <= / 2 -> Rabs (ln (1 + w)) <= 2 * Rabs w.
Proof.
  intros w H. apply abs_le in H. pose proof (ln_below (1 + w) ltac:(lra)) as U.
  assert (L : - ln (1 + w) <= / (1 + w) - 1).
  { rewrite <- ln_Rinv by lra. apply ln_below, Rinv_0_lt_compat. lra. }
  assert (I : / (1 + w) - 1 = - w * / (1 + w)) by (field; lra).
  assert (J : 0 < / (1 + w) <= 2).
  { split; [apply Rinv_0_lt_compat; lra|]. rewrite <- (Rinv_inv 2). apply Rinv_le_contravar; lra. }
  apply Rabs_le. unfold Rabs. destruct (Rcase_abs w); split; nra.
Qed.

(** Let K bound |1/A|: A is at least 1/K. Numbers within r <= 1/(2K) of it are at least 1/(2K), so log moves by at most
    2 K r. *)
Theorem mlog_ok : forall n a m v x, Rabs v <= 1 -> mlog p n a = Some m -> within a v x -> 0 < x /\ within m v (ln x).
Proof.
  intros n a m v x Hv H Hx. unfold mlog in H. chain H. cbv zeta in H. chain H. rename E into Est, E0 into Eder, E1 into Emv, E2 into Ein.
  destruct (log_at_ok p _ _ Hp0 Est) as [M0 S0].
  set (A := fun c => pe (terms a) c / P).
  assert (Inv : forall c, Rabs c <= 1 -> A c <> 0 /\ within m0 c (/ A c)).
  { intros c Hc. apply (minv_ok p Hp n (exactly a)); [exact Hc|exact Eder|apply exact_within]. }
  assert (Pos : forall c, Rabs c <= 1 -> 0 < A c).
  { intros c Hc. unfold A. apply Rmult_lt_0_compat; [|apply Rinv_0_lt_compat, HP]. apply stays_positive; [exact M0| |exact Hc].
    intros z Hz Z. apply (proj1 (Inv z Hz)). unfold A. rewrite Z. unfold Rdiv. ring. }
  assert (A0 : A 0 = IZR (middle a) / P) by (unfold A, middle; rewrite pe_middle; f_equal; ring).
  assert (I : within m1 v (ln (A v))).
  { apply (integral_ok n i (exactly a) m0 m1 (fun c => ln (A c)) (fun c => / A c) Ein); [| | |exact Hv].
    - intros c Hc. rewrite Rmult_comm. apply (derivable_pt_lim_comp A ln); [apply polynomial_slope|apply derivable_pt_lim_ln, Pos, Hc].
    - intros c Hc. apply Inv, Hc.
    - cbv beta. rewrite A0. exact S0. }
  destruct (Inv v Hv) as [_ Iv]. pose proof (magnitude_of_ok p Hp0 _ v _ Hv Iv) as K. pose proof (Pos v Hv) as Av.
  rewrite Rabs_right in K by (apply Rle_ge, Rlt_le, Rinv_0_lt_compat, Av). set (k := magnitude_of m0) in *.
  set (mv := cdiv p (k * radius a * 2)) in *. set (s := x - A v). unfold Model.within in Hx.
  assert (Hs : Rabs s * P <= IZR (radius a)).
  { replace (Rabs s * P) with (Rabs (x * P - pe (terms a) v)); [exact Hx|].
    transitivity (Rabs (s * P)); [unfold s, A; f_equal; field; lra|rewrite Rabs_mult, (Rabs_right P) by lra; reflexivity]. }
  set (w := s / A v). assert (Ew : x = A v * (1 + w)) by (unfold w, s; field; lra).
  assert (Hw : 2 * Rabs w * P <= IZR mv).
  { apply cdiv_ok; [assumption|]. rewrite !mult_IZR. unfold w, Rdiv. rewrite Rabs_mult, (Rabs_right (/ A v)) by (apply Rle_ge, Rlt_le, Rinv_0_lt_compat, Av).
    replace (2 * (Rabs s * / A v) * P * P) with ((/ A v * P) * (Rabs s * P) * 2) by ring.
    apply Rmult_le_compat_r; [lra|]. pose proof (Rinv_0_lt_compat _ Av). pose proof (Rabs_pos s). apply Rmult_le_compat; try assumption; apply Rmult_le_pos; lra. }
  assert (Hw2 : Rabs w <= / 2).
  { apply Z.ltb_ge, IZR_le in Emv. change (IZR (2 ^ p)) with P in Emv. nra. }
  pose proof (ln_moves w Hw2) as Lw. apply abs_le in Hw2.
  split; [rewrite Ew; nra|]. rewrite Ew, ln_mult by lra. apply (made_ok p _ _ _ H). rewrite plus_IZR.
  unfold Model.within in I. replace ((ln (A v) + ln (1 + w)) * P - pe (terms m1) v)
    with ((ln (A v) * P - pe (terms m1) v) + ln (1 + w) * P) by ring.
  eapply Rle_trans; [apply Rabs_triang|]. apply Rplus_le_compat; [exact I|]. rewrite Rabs_mult, (Rabs_right P) by lra. nra.
Qed.
End Sound.
