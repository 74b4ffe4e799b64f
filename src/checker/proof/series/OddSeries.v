(** t + s t^3/3 + s^2 t^5/5 + ..., s = 1 or -1: atanh and atan, and by them log 2, pi and log at a number. *)
Require Import Bool ZArith Reals List Lra Lia Psatz Machin.
From Polycert Require Import core.Fixed core.Number series.Model series.Calculus series.Points.
Open Scope R_scope.

Definition doubled (x : itv) : itv := (2 * fst x, 2 * snd x)%Z.
Definition multiple (k : Z) (x : itv) : itv := if Z.ltb k 0 then (snd x * k, fst x * k)%Z else (fst x * k, snd x * k)%Z.

(** The sum until a power is at most a unit; n is the exponent. *)
Fixpoint odd_sum (fuel : nat) (p : Z) (alternates : bool) (square power sum : itv) (n : Z) : option itv :=
  match fuel with
  | O => None
  | S fuel =>
      if Z.leb (mag power) 1 then Some (fst sum - 1, snd sum + 1)%Z
      else
        let power := imul p power square in let power := if alternates then ineg power else power in
        odd_sum fuel p alternates square power (iadd sum (iover (n + 2) power)) (n + 2)
  end.
Definition odd_series (p : Z) (alternates : bool) (t : itv) : option itv :=
  let square := isqr p t in
  if Z.ltb (2 ^ p) (2 * snd square) then None else odd_sum (Z.to_nat p) p alternates square t t 1.
Definition log_two (p : Z) : option itv :=
  a <- odd_series p false (iover 3 (point (2 ^ p)));; Some (doubled a).
(** 16 atan(1/5) - 4 atan(1/239) *)
Definition pi_of (p : Z) : option itv :=
  a <- odd_series p true (iover 5 (point (2 ^ p)));; b <- odd_series p true (iover 239 (point (2 ^ p)));;
  Some (isub (multiple 16 a) (multiple 4 b)).
(** With x = m 2^e, 0.7 <= m < 1.4: 2 atanh((m-1)/(m+1)) + e log 2. *)
Definition log_at (p x : Z) : option itv :=
  if Z.leb x 0 then None else
  let q := (p + guard)%Z in
  two <- log_two q;;
  let bits := (Z.log2 x + 1)%Z in
  let m := if Z.leb bits q then point (Z.shiftl x (q - bits)) else (fdiv (bits - q) x, cdiv (bits - q) x) in
  let small := Z.ltb (fst m * 10) (2 ^ q * 7) in
  let m := if small then doubled m else m in
  let e := if small then (bits - p - 1)%Z else (bits - p)%Z in
  let one := point (2 ^ q) in
  z <- divide q (isub m one) (iadd one m);; a <- odd_series q false z;;
  Some (coarser guard (iadd (doubled a) (multiple e two))).

(** ** The series *)
Definition odd_power (n : nat) (t : R) : R := t ^ (2 * n + 1).
Section Odd.
Variable s : R.
Hypothesis Hs : s = 1 \/ s = -1.
Lemma sign_size : Rabs s = 1.
Proof. destruct Hs as [E|E]; rewrite E; [apply Rabs_R1|rewrite Rabs_left; lra]. Qed.
Fixpoint odd_partial (n : nat) (t : R) : R :=
  match n with O => t | S m => odd_partial m t + s ^ S m * (odd_power (S m) t / INR (2 * S m + 1)) end.
Fixpoint odd_slope (n : nat) (t : R) : R := match n with O => 1 | S m => odd_slope m t + (s * (t * t)) ^ S m end.

Lemma odd_power_slope : forall n t, derivable_pt_lim (fun t => odd_power n t / INR (2 * n + 1)) t ((t * t) ^ n).
Proof.
  intros n t. assert (N : INR (2 * n + 1) <> 0) by (apply not_0_INR; lia).
  replace ((t * t) ^ n) with (INR (2 * n + 1) * t ^ pred (2 * n + 1) * / INR (2 * n + 1) + t ^ (2 * n + 1) * 0).
  - apply (derivable_pt_lim_mult (fun t => t ^ (2 * n + 1)) (fun _ => / INR (2 * n + 1)));
      [apply derivable_pt_lim_pow|apply derivable_pt_lim_const].
  - replace (pred (2 * n + 1)) with (2 * n)%nat by lia. rewrite pow_mult. replace (t ^ 2) with (t * t) by ring. field. exact N.
Qed.
Lemma odd_partial_slope : forall n t, derivable_pt_lim (odd_partial n) t (odd_slope n t).
Proof.
  induction n as [|n IH]; intros t; [apply derivable_pt_lim_id|]. cbn [odd_partial odd_slope].
  apply (derivable_pt_lim_plus (odd_partial n) (fun t => s ^ S n * (odd_power (S n) t / INR (2 * S n + 1)))); [apply IH|].
  rewrite Rpow_mult_distr. apply (derivable_pt_lim_scal (fun t => odd_power (S n) t / INR (2 * S n + 1))), odd_power_slope.
Qed.
Lemma odd_slope_sum : forall n t, odd_slope n t * (1 - s * (t * t)) = 1 - (s * (t * t)) ^ S n.
Proof.
  induction n as [|n IH]; intros t; cbn [odd_slope]; [simpl; ring|]. rewrite Rmult_plus_distr_r, IH. simpl. ring.
Qed.

Variable F : R -> R.
Hypothesis HF : forall t, t * t <= / 2 -> derivable_pt_lim F t (/ (1 - s * (t * t))).
Hypothesis Fodd : forall t, F (- t) = - F t.

Lemma odd_partial_odd : forall n t, odd_partial n (- t) = - odd_partial n t.
Proof.
  induction n as [|n IH]; intros t; cbn [odd_partial]; [reflexivity|]. rewrite IH. unfold odd_power.
  replace (2 * S n + 1)%nat with (S (2 * S n)) by lia. cbn [pow]. rewrite !pow_mult. replace ((- t) ^ 2) with (t ^ 2) by ring.
  unfold Rdiv. ring.
Qed.
Lemma odd_partial_at_0 : forall n, odd_partial n 0 = 0.
Proof. intros n. pose proof (odd_partial_odd n 0) as H. rewrite Ropp_0 in H. lra. Qed.

Lemma odd_rest_right : forall n t, 0 <= t -> t * t <= / 2 -> Rabs (F t - odd_partial n t) <= 2 * (odd_power (S n) t / INR (2 * S n + 1)).
Proof.
  intros n t Ht Ht2. set (D := fun t => F t - odd_partial n t).
  set (D' := fun t => / (1 - s * (t * t)) - odd_slope n t). set (B := fun t => 2 * (odd_power (S n) t / INR (2 * S n + 1))).
  assert (Sq : forall x, 0 <= x <= t -> x * x <= / 2) by (intros; nra).
  assert (DD : forall x, 0 <= x <= t -> derivable_pt_lim D x (D' x)).
  { intros x Hx. apply (derivable_pt_lim_minus F (odd_partial n)); [apply HF, Sq, Hx|apply odd_partial_slope]. }
  assert (DB : forall x, derivable_pt_lim B x (2 * (x * x) ^ S n)).
  { intros x. apply (derivable_pt_lim_scal (fun t => odd_power (S n) t / INR (2 * S n + 1))), odd_power_slope. }
  assert (K : forall x, 0 <= x <= t -> Rabs (D' x) <= 2 * (x * x) ^ S n).
  { intros x Hx. specialize (Sq x Hx). unfold D'. assert (X0 : 0 <= x * x) by nra.
    assert (N : / 2 <= 1 - s * (x * x)) by (destruct Hs as [-> | ->]; lra).
    replace (/ (1 - s * (x * x)) - odd_slope n x) with ((s * (x * x)) ^ S n * / (1 - s * (x * x))).
    2: { replace (odd_slope n x) with ((1 - (s * (x * x)) ^ S n) * / (1 - s * (x * x))) by (rewrite <- odd_slope_sum; field; lra). field. lra. }
    rewrite Rabs_mult, <- RPow_abs, Rabs_mult, (Rabs_right (x * x)) by lra.
    replace (Rabs s) with 1 by (symmetry; apply sign_size).
    rewrite Rmult_1_l, Rmult_comm. apply Rmult_le_compat_r; [apply pow_le; exact X0|].
    rewrite Rabs_right by (apply Rle_ge, Rlt_le, Rinv_0_lt_compat; lra). rewrite <- (Rinv_inv 2).
    apply Rinv_le_contravar; lra. }
  assert (F0 : F 0 = 0) by (pose proof (Fodd 0) as H; rewrite Ropp_0 in H; lra).
  assert (D0 : D 0 = 0) by (unfold D; rewrite F0, odd_partial_at_0; ring).
  assert (B0 : B 0 = 0) by (unfold B, odd_power; rewrite pow_ne_zero by lia; unfold Rdiv; ring).
  assert (P1 : 0 <= B t - D t).
  { apply (rises (fun x => B x - D x) (fun x => 2 * (x * x) ^ S n - D' x) t); try lra.
    - intros x Hx. apply (derivable_pt_lim_minus B D); [apply DB|apply DD, Hx].
    - intros x Hx. specialize (K x Hx). apply abs_le in K. lra. }
  assert (P2 : 0 <= B t + D t).
  { apply (rises (fun x => B x + D x) (fun x => 2 * (x * x) ^ S n + D' x) t); try lra.
    - intros x Hx. apply (derivable_pt_lim_plus B D); [apply DB|apply DD, Hx].
    - intros x Hx. specialize (K x Hx). apply abs_le in K. lra. }
  apply Rabs_le. unfold B, D in *. lra.
Qed.
(** What the series leaves out is at most the last power. *)
Lemma odd_rest : forall n t, t * t <= / 2 -> Rabs (F t - odd_partial n t) <= Rabs (odd_power n t).
Proof.
  assert (Right : forall n t, 0 <= t -> t * t <= / 2 -> Rabs (F t - odd_partial n t) <= Rabs (odd_power n t)).
  { intros n t Ht Ht2. eapply Rle_trans; [apply odd_rest_right; assumption|].
    unfold odd_power. replace (2 * S n + 1)%nat with (2 * n + 1 + 2)%nat by lia. rewrite pow_add.
    pose proof (pow_le t (2 * n + 1) Ht) as W. rewrite (Rabs_right (t ^ (2 * n + 1))) by lra.
    assert (N : 1 <= INR (2 * n + 1 + 2)) by (change 1 with (INR 1); apply le_INR; lia). apply Rinv_le_contravar in N as N'; [|lra].
    rewrite Rinv_1 in N'. replace (t ^ 2) with (t * t) by ring. unfold Rdiv.
    assert (0 <= / INR (2 * n + 1 + 2)) by (apply Rlt_le, Rinv_0_lt_compat; lra).
    assert (A : 0 <= t * t) by nra. assert (C : 2 * (t * t) * / INR (2 * n + 1 + 2) <= 1) by nra. nra. }
  intros n t Ht. destruct (Rle_dec 0 t) as [L|L]; [apply Right; assumption|].
  specialize (Right n (- t) ltac:(lra) ltac:(nra)). rewrite Fodd, odd_partial_odd in Right.
  replace (- F t - - odd_partial n t) with (- (F t - odd_partial n t)) in Right by ring. rewrite Rabs_Ropp in Right.
  replace (odd_power n (- t)) with (- odd_power n t) in Right; [rewrite Rabs_Ropp in Right; exact Right|].
  unfold odd_power. replace (2 * n + 1)%nat with (S (2 * n)) by lia. cbn [pow]. rewrite !pow_mult. replace ((- t) ^ 2) with (t ^ 2) by ring. ring.
Qed.

(** ** On intervals *)
Variable p : Z.
Hypothesis Hp : (0 <= p)%Z.
Notation inI := (inI p).
Variable alternates : bool.
Hypothesis Hsign : s = if alternates then -1 else 1.

Lemma odd_sum_ok : forall fuel sq T pw sm n r, T * T <= / 2 -> inI (T * T) sq -> inI (s ^ n * odd_power n T) pw -> inI (odd_partial n T) sm ->
  odd_sum fuel p alternates sq pw sm (Z.of_nat (2 * n + 1)) = Some r -> inI (F T) r.
Proof.
  induction fuel as [|fuel IH]; intros sq T pw sm n r HT Hsq Hpw Hsm H; [discriminate|]. cbn [odd_sum] in H.
  pose proof (P_pos p Hp) as HP. destruct (Z.leb_spec (mag pw) 1) as [L|L].
  - injection H as <-. pose proof (odd_rest n T HT) as O. apply (mag_ok p Hp) in Hpw. apply IZR_le in L.
    rewrite Rabs_mult, <- RPow_abs in Hpw.
    replace (Rabs s) with 1 in Hpw by (symmetry; apply sign_size).
    rewrite pow1, Rmult_1_l in Hpw. assert (O' : Rabs (F T - odd_partial n T) * P p <= 1) by nra.
    rewrite <- (Rabs_right (P p)) in O' by lra. rewrite <- Rabs_mult in O'. apply abs_le in O'.
    destruct Hsm as [S1 S2]. unfold Fixed.inI. cbn [fst snd]. rewrite minus_IZR, plus_IZR. lra.
  - cbv zeta in H. assert (En : (Z.of_nat (2 * n + 1) + 2 = Z.of_nat (2 * S n + 1))%Z) by lia. rewrite En in H.
    set (q := if alternates then ineg (imul p pw sq) else imul p pw sq) in *.
    assert (Hq : inI (s ^ S n * odd_power (S n) T) q).
    { assert (E : s ^ S n * odd_power (S n) T = s * ((s ^ n * odd_power n T) * (T * T))).
      { unfold odd_power. replace (2 * S n + 1)%nat with (S (S (2 * n + 1))) by lia. cbn [pow]. ring. }
      rewrite E. pose proof (in_imul p Hp _ _ _ _ Hpw Hsq) as M. unfold q. rewrite Hsign at 1. destruct alternates.
      - replace (-1 * (s ^ n * odd_power n T * (T * T))) with (- (s ^ n * odd_power n T * (T * T))) by ring. apply in_ineg, M.
      - rewrite Rmult_1_l. exact M. }
    refine (IH sq T q _ (S n) r HT Hsq Hq _ H). cbn [odd_partial]. apply in_iadd; [exact Hsm|].
    replace (s ^ S n * (odd_power (S n) T / INR (2 * S n + 1))) with (s ^ S n * odd_power (S n) T / INR (2 * S n + 1)) by (unfold Rdiv; ring).
    rewrite INR_IZR_INZ. apply iover_ok; [lia|exact Hq].
Qed.
Lemma odd_series_ok : forall T t r, inI T t -> odd_series p alternates t = Some r -> T * T <= / 2 /\ inI (F T) r.
Proof.
  intros T t r HT H. unfold odd_series in H. cbv zeta in H.
  destruct (Z.ltb_spec (2 ^ p) (2 * snd (isqr p t))) as [|L]; [discriminate|].
  pose proof (in_isqr p Hp _ _ HT) as Sq. pose proof (P_pos p Hp) as HP.
  assert (H2 : T * T <= / 2).
  { destruct Sq as [_ U]. apply IZR_le in L. rewrite mult_IZR in L. change (IZR (2 ^ p)) with (P p) in L. nra. }
  split; [exact H2|]. apply (odd_sum_ok (Z.to_nat p) (isqr p t) T t t 0 r H2 Sq); [|exact HT|exact H].
  unfold odd_power. simpl. rewrite Rmult_1_l, Rmult_1_r. exact HT.
Qed.
End Odd.

(** ** atanh, log and pi *)
Definition atanh (z : R) : R := (ln (1 + z) - ln (1 - z)) / 2.
Lemma small_square : forall t, t * t <= / 2 -> -1 < t < 1.
Proof. intros t H. split; nra. Qed.
Lemma atanh_slope : forall t, t * t <= / 2 -> derivable_pt_lim atanh t (/ (1 - 1 * (t * t))).
Proof.
  intros t Ht. pose proof (small_square t Ht) as B.
  replace (/ (1 - 1 * (t * t))) with (((/ (1 + t) * (0 + 1) - / (1 - t) * (0 - 1)) * / 2) + (ln (1 + t) - ln (1 - t)) * 0) by (field; lra).
  apply (derivable_pt_lim_mult (fun z => ln (1 + z) - ln (1 - z)) (fun _ => / 2)); [|apply derivable_pt_lim_const].
  apply (derivable_pt_lim_minus (fun z => ln (1 + z)) (fun z => ln (1 - z))).
  - apply (derivable_pt_lim_comp (fun z => 1 + z) ln); [|apply derivable_pt_lim_ln; lra].
    apply (derivable_pt_lim_plus (fun _ => 1) id); [apply derivable_pt_lim_const|apply derivable_pt_lim_id].
  - apply (derivable_pt_lim_comp (fun z => 1 - z) ln); [|apply derivable_pt_lim_ln; lra].
    apply (derivable_pt_lim_minus (fun _ => 1) id); [apply derivable_pt_lim_const|apply derivable_pt_lim_id].
Qed.
Lemma atanh_odd : forall t, atanh (- t) = - atanh t.
Proof. intros t. unfold atanh. replace (1 - - t) with (1 + t) by ring. unfold Rdiv. replace (1 + - t) with (1 - t) by ring. ring. Qed.
Lemma atan_slope : forall t, t * t <= / 2 -> derivable_pt_lim atan t (/ (1 - -1 * (t * t))).
Proof.
  intros t _. replace (/ (1 - -1 * (t * t))) with (/ (1 + t ^ 2)) by (f_equal; ring). apply derivable_pt_lim_atan.
Qed.

Section Sound.
Variable p : Z.
Hypothesis Hp : (0 <= p)%Z.
Notation inI := (inI p).
Lemma atanh_ok : forall T t r, inI T t -> odd_series p false t = Some r -> -1 < T < 1 /\ inI (atanh T) r.
Proof.
  intros T t r HT H. destruct (odd_series_ok 1 (or_introl eq_refl) atanh atanh_slope atanh_odd p Hp false eq_refl T t r HT H) as [S R].
  split; [apply small_square, S|exact R].
Qed.
Lemma arctangent_ok : forall T t r, inI T t -> odd_series p true t = Some r -> inI (atan T) r.
Proof.
  intros T t r HT H. apply (odd_series_ok (-1) (or_intror eq_refl) atan atan_slope atan_opp p Hp true eq_refl T t r HT H).
Qed.
Lemma doubled_ok : forall x i, inI x i -> inI (2 * x) (doubled i).
Proof. intros x [l h] [A B]. unfold Fixed.inI, doubled. cbn [fst snd] in *. rewrite !mult_IZR. lra. Qed.
Lemma multiple_ok : forall k x i, inI x i -> inI (IZR k * x) (multiple k i).
Proof.
  intros k x [l h] [A B]. unfold Fixed.inI, multiple. cbn [fst snd] in *.
  destruct (Z.ltb_spec k 0) as [L|L]; cbn [fst snd]; rewrite !mult_IZR; [apply IZR_lt in L|apply IZR_le in L]; split; nra.
Qed.
Lemma part_ok : forall n, (0 < n)%Z -> inI (1 / IZR n) (iover n (point (2 ^ p))).
Proof. intros n Hn. apply iover_ok; [exact Hn|apply one_ok]. Qed.

Lemma log_two_ok : forall r, log_two p = Some r -> inI (ln 2) r.
Proof.
  intros r H. unfold log_two in H. chain H. injection H as <-. destruct (atanh_ok _ _ _ (part_ok 3 ltac:(lia)) E) as [_ A].
  replace (ln 2) with (2 * atanh (1 / 3)); [apply doubled_ok, A|]. unfold atanh.
  replace (1 + 1 / 3) with (2 * (1 - 1 / 3)) by field. rewrite ln_mult by lra. field.
Qed.
Lemma pi_of_ok : forall r, pi_of p = Some r -> inI PI r.
Proof.
  intros r H. unfold pi_of in H. chain H. injection H as <-.
  pose proof (arctangent_ok _ _ _ (part_ok 5 ltac:(lia)) E) as A. pose proof (arctangent_ok _ _ _ (part_ok 239 ltac:(lia)) E0) as B.
  replace PI with (IZR 16 * atan (1 / 5) - IZR 4 * atan (1 / 239)).
  - apply in_isub; apply multiple_ok; assumption.
  - pose proof Machin_4_5_239 as M. unfold Rdiv in *. rewrite !Rmult_1_l in *. lra.
Qed.
End Sound.

Theorem log_at_ok : forall p x r, (0 <= p)%Z -> log_at p x = Some r -> 0 < IZR x /\ inI p (ln (IZR x / P p)) r.
Proof.
  intros p x r Hp H. unfold log_at in H. destruct (Z.leb_spec x 0) as [|X0]; [discriminate|]. cbv zeta in H.
  set (q := (p + guard)%Z) in *. assert (Hq : (0 <= q)%Z) by (unfold q, guard; lia). chain H.
  set (bits := (Z.log2 x + 1)%Z) in *. assert (B0 : (0 <= bits)%Z) by (unfold bits; pose proof (Z.log2_nonneg x); lia).
  set (m0 := if Z.leb bits q then _ else _) in *. set (small := Z.ltb (fst m0 * 10) (2 ^ q * 7)) in *.
  set (m := if small then doubled m0 else m0) in *. set (e := if small then (bits - p - 1)%Z else (bits - p)%Z) in *. chain H.
  injection H as <-. apply IZR_lt in X0 as X1. split; [exact X1|].
  pose proof (P_pos p Hp) as HP. pose proof (P_pos q Hq) as HQ. pose proof (P_pos bits B0) as HB.
  assert (M0 : inI q (IZR x / P bits) m0).
  { unfold m0. destruct (Z.leb_spec bits q) as [L|L].
    - unfold inI, point. cbn [fst snd]. rewrite Z.shiftl_mul_pow2, mult_IZR by lia. fold (P (q - bits)).
      replace (P q) with (P bits * P (q - bits)) by (rewrite <- P_add by lia; f_equal; lia).
      replace (IZR x / P bits * (P bits * P (q - bits))) with (IZR x * P (q - bits)) by (field; lra). lra.
    - unfold inI. cbn [fst snd]. replace (P bits) with (P q * P (bits - q)) by (rewrite <- P_add by lia; f_equal; lia).
      pose proof (P_pos (bits - q) ltac:(lia)).
      replace (IZR x / (P q * P (bits - q)) * P q) with (IZR x / P (bits - q)) by (field; split; lra).
      split; [apply fdiv_ok|apply cdiv_ok]; try lia; apply Req_le; field; lra. }
  set (k := if small then 2 else 1).
  assert (M : inI q (k * (IZR x / P bits)) m).
  { unfold m, k. destruct small; [apply doubled_ok, M0|rewrite Rmult_1_l; exact M0]. }
  set (M1 := k * (IZR x / P bits)) in *.
  destruct (divide_ok q Hq _ _ _ _ _ E0 (in_isub q _ _ _ _ M (one_ok q)) (in_iadd q _ _ _ _ (one_ok q) M)) as [D0 D].
  destruct (atanh_ok q Hq _ _ _ D E1) as [Zb A].
  assert (K0 : 0 < k) by (unfold k; destruct small; lra).
  assert (MP : 0 < M1) by (unfold M1; apply Rmult_lt_0_compat; [exact K0|apply Rmult_lt_0_compat; [exact X1|apply Rinv_0_lt_compat, HB]]).
  assert (EA : 2 * atanh ((M1 - 1) / (1 + M1)) = ln M1).
  { unfold atanh. replace (1 + (M1 - 1) / (1 + M1)) with (M1 * (2 / (1 + M1))) by (field; lra).
    replace (1 - (M1 - 1) / (1 + M1)) with (2 / (1 + M1)) by (field; lra).
    rewrite ln_mult; [field|exact MP|apply Rmult_lt_0_compat; [lra|apply Rinv_0_lt_compat; lra]]. }
  assert (L2 : forall z, (0 <= z)%Z -> ln (P z) = IZR z * ln 2).
  { intros z Hz. unfold P. rewrite <- (Z2Nat.id z) by exact Hz. rewrite <- pow_IZR, <- INR_IZR_INZ, ln_pow by lra. ring. }
  assert (EX : ln (IZR x / P p) = 2 * atanh ((M1 - 1) / (1 + M1)) + IZR e * ln 2).
  { rewrite EA. unfold M1, Rdiv. rewrite !ln_mult, !ln_Rinv, !L2 by (try assumption; try (apply Rinv_0_lt_compat; assumption); try (apply Rmult_lt_0_compat; [assumption|apply Rinv_0_lt_compat; assumption])).
    unfold k, e. destruct small; rewrite ?minus_IZR, ?ln_1; ring. }
  rewrite EX. apply (coarser_ok p guard); [exact Hp|unfold guard; lia|]. fold q. apply in_iadd; [apply doubled_ok, A|].
  apply multiple_ok, (log_two_ok q Hq), E.
Qed.
