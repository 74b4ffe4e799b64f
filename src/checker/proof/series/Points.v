(** Elementary functions at one number, enclosed by series; intervals are rounded outward, so that only what a series
    leaves out needs an argument. *)
Require Import Bool ZArith Reals List Lra Lia Psatz.
From Polycert Require Import core.Fixed core.Number series.Model series.Calculus.
Open Scope R_scope.

(** Bits beyond the precision of the certificate, and the largest argument of exp. *)
Definition guard : Z := 64.
Definition max_exp : Z := 4096.

(** Fewer bits; x/n; a/b for b > 0. *)
Definition coarser (bits : Z) (x : itv) : itv := (fdiv bits (fst x), cdiv bits (snd x)).
Definition iover (n : Z) (x : itv) : itv := (fst x / n, - (- snd x / n))%Z.
Definition divide (p : Z) (a b : itv) : option itv :=
  if Z.ltb 0 (fst b) then
    let below := if Z.ltb (fst a) 0 then fst b else snd b in
    let above := if Z.ltb (snd a) 0 then snd b else fst b in
    Some (Z.shiftl (fst a) p / below, - (- Z.shiftl (snd a) p / above))%Z
  else None.
Definition whole (p x : Z) : Z := Z.shiftr (Z.abs x) p.

(** The sum of t^i/i!, until a term is at most a unit. *)
Fixpoint exp_sum (fuel : nat) (p : Z) (t term sum : itv) (i : Z) : option itv :=
  match fuel with
  | O => None
  | S fuel =>
      if Z.leb (snd term) 1 then Some (fst sum, snd sum + 1)%Z
      else let term := iover (i + 1) (imul p term t) in exp_sum fuel p t term (iadd sum term) (i + 1)
  end.
Fixpoint squares (k : nat) (p : Z) (x : itv) : itv := match k with O => x | S k => squares k p (isqr p x) end.
(** exp(x) = exp(x/2^k)^(2^k) for x >= 0, x/2^k below 2^-7. *)
Definition exp_of (p : Z) (x : itv) : option itv :=
  let k := Z.max 0 (Z.log2 (snd x) + 9 - p) in
  let one := point (2 ^ p) in
  s <- exp_sum (Z.to_nat p) p (coarser k x) one one 0;; Some (squares (Z.to_nat k) p s).
Definition exp_at (p x : Z) : option itv :=
  if Z.leb max_exp (whole p x) then None else
  let bits := (guard + 2 * (whole p x + 1))%Z in let q := (p + bits)%Z in
  e <- exp_of q (point (Z.shiftl (Z.abs x) bits));;
  r <- (if Z.ltb x 0 then divide q (point (2 ^ q)) e else Some e);; Some (coarser bits r).

(** ** Soundness *)
Lemma P_add : forall p b, (0 <= p)%Z -> (0 <= b)%Z -> P (p + b) = P p * P b.
Proof. intros p b Hp Hb. unfold P. rewrite Z.pow_add_r by assumption. apply mult_IZR. Qed.

Lemma coarser_ok : forall p b x i, (0 <= p)%Z -> (0 <= b)%Z -> inI (p + b) x i -> inI p x (coarser b i).
Proof.
  intros p b x [l h] Hp Hb [H1 H2]. rewrite (P_add p b Hp Hb) in *. unfold inI, coarser. cbn [fst snd] in *.
  split; [apply (fdiv_ok b Hb)|apply (cdiv_ok b Hb)]; lra.
Qed.

Section Sound.
Variable p : Z.
Hypothesis Hp : (0 <= p)%Z.
Notation P := (P p).
Notation inI := (inI p).

Lemma iover_ok : forall n x i, (0 < n)%Z -> inI x i -> inI (x / IZR n) (iover n i).
Proof.
  intros n x [l h] Hn [H1 H2]. unfold Fixed.inI, iover. cbn [fst snd] in *. pose proof (IZR_lt _ _ Hn) as Hn'. split.
  - assert (D : (n * (l / n) <= l)%Z) by (apply Z.mul_div_le; lia). apply IZR_le in D. rewrite mult_IZR in D.
    apply Rmult_le_reg_l with (IZR n); [assumption|]. replace (IZR n * (x / IZR n * P)) with (x * P) by (field; lra). lra.
  - apply ceil_ok; [assumption|]. replace (x / IZR n * P * IZR n) with (x * P) by (field; lra). exact H2.
Qed.

Lemma div_le : forall a b c : R, 0 < b -> a <= c * b -> a / b <= c.
Proof.
  intros a b c Hb H. apply Rmult_le_reg_r with b; [assumption|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. lra.
Qed.
Lemma le_div : forall a b c : R, 0 < b -> c * b <= a -> c <= a / b.
Proof.
  intros a b c Hb H. apply Rmult_le_reg_r with b; [assumption|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. lra.
Qed.
Lemma divide_ok : forall a b i x y, divide p a b = Some i -> inI x a -> inI y b -> 0 < y /\ inI (x / y) i.
Proof.
  intros [al ah] [bl bh] i x y H [X1 X2] [Y1 Y2]. unfold divide in H. cbn [fst snd] in *.
  destruct (Z.ltb_spec 0 bl) as [B|]; [|discriminate]. injection H as <-. pose proof (P_pos p Hp) as HP.
  pose proof (IZR_lt _ _ B) as B'. assert (Y : 0 < y) by nra. split; [exact Y|].
  assert (Ehi : 0 < IZR bh) by lra. pose proof (lt_IZR _ _ Ehi) as Bh. rewrite !Z.shiftl_mul_pow2 by assumption.
  set (Q := (2 ^ p)%Z). change P with (IZR Q) in *.
  assert (F : forall n d, (0 < d)%Z -> IZR (n / d) * IZR d <= IZR n).
  { intros n d Hd. rewrite <- mult_IZR. apply IZR_le. rewrite Z.mul_comm. apply Z.mul_div_le, Hd. }
  unfold Fixed.inI. fold Q. change (Fixed.P p) with (IZR Q). cbn [fst snd].
  replace (x / y * IZR Q) with (x * IZR Q / y) by (field; lra). split.
  - apply le_div; [exact Y|]. apply Rmult_le_reg_r with (IZR Q); [exact HP|].
    set (d := if Z.ltb al 0 then bl else bh). assert (Hd : (0 < d)%Z) by (unfold d; destruct (Z.ltb al 0); assumption).
    specialize (F (al * Q)%Z d Hd). rewrite mult_IZR in F. set (q := IZR (al * Q / d)) in *.
    apply Rle_trans with (IZR al * IZR Q); [|apply Rmult_le_compat_r; lra].
    rewrite Rmult_assoc. eapply Rle_trans; [|exact F].
    unfold d in *. destruct (Z.ltb_spec al 0) as [A|A].
    + assert (q <= 0). { apply IZR_lt in A. apply Rnot_lt_le. intros N. assert (0 < q * IZR bl) by nra. assert (IZR al * IZR Q < 0) by nra. lra. } nra.
    + assert (0 <= q). { unfold q. apply IZR_le. apply Z.div_pos; [|assumption]. unfold Q. pose proof (Z.pow_nonneg 2 p). lia. } nra.
  - apply div_le; [exact Y|]. apply Rmult_le_reg_r with (IZR Q); [exact HP|].
    set (d := if Z.ltb ah 0 then bh else bl). assert (Hd : (0 < d)%Z) by (unfold d; destruct (Z.ltb ah 0); assumption).
    specialize (F (- (ah * Q))%Z d Hd). rewrite opp_IZR, mult_IZR in F. rewrite opp_IZR. set (q := IZR (- (ah * Q) / d)) in *.
    apply Rle_trans with (IZR ah * IZR Q); [apply Rmult_le_compat_r; lra|].
    rewrite Rmult_assoc. assert (F' : IZR ah * IZR Q <= - q * IZR d) by lra. eapply Rle_trans; [exact F'|].
    unfold d in *. destruct (Z.ltb_spec ah 0) as [A|A].
    + assert (0 <= q). { unfold q. apply IZR_le. apply Z.div_pos; [|assumption]. unfold Q. pose proof (Z.pow_nonneg 2 p). lia. } nra.
    + assert (q <= 0). { apply IZR_le in A. apply Rnot_lt_le. intros N. assert (0 < q * IZR bl) by nra. assert (0 <= IZR ah * IZR Q) by nra. lra. } nra.
Qed.

Lemma one_ok : inI 1 (point (2 ^ p)).
Proof. unfold Fixed.inI, point. cbn [fst snd]. fold P. lra. Qed.

Lemma exp_sum_ok : forall fuel t T tm s n r, 0 <= T <= / 2 -> inI T t -> inI (term n T) tm -> inI (partial n T) s ->
  exp_sum fuel p t tm s (Z.of_nat n) = Some r -> inI (exp T) r.
Proof.
  induction fuel as [|fuel IH]; intros t T tm s n r HT Ht Htm Hs H; [discriminate|]. cbn [exp_sum] in H.
  destruct (Z.leb_spec (snd tm) 1) as [L|L].
  - injection H as <-. pose proof (exp_above n T (proj1 HT)). pose proof (exp_below n T HT).
    pose proof (P_pos p Hp). destruct Htm as [_ U]. destruct Hs as [S1 S2]. apply IZR_le in L.
    unfold Fixed.inI. cbn [fst snd]. rewrite plus_IZR. split; nra.
  - cbv zeta in H. assert (En : (Z.of_nat n + 1 = Z.of_nat (S n))%Z) by lia. rewrite En in H.
    assert (Htm' : inI (term (S n) T) (iover (Z.of_nat (S n)) (imul p tm t))).
    { rewrite term_step, INR_IZR_INZ. apply iover_ok; [lia|]. apply in_imul; assumption. }
    refine (IH t T _ _ (S n) r HT Ht Htm' _ H). cbn [partial]. apply in_iadd; assumption.
Qed.
Lemma squares_ok : forall k x i, inI (exp x) i -> inI (exp (x * 2 ^ k)) (squares k p i).
Proof.
  induction k as [|k IH]; intros x i H; cbn [squares pow]; [rewrite Rmult_1_r; exact H|].
  replace (x * (2 * 2 ^ k)) with ((x + x) * 2 ^ k) by ring. apply IH. rewrite exp_plus. apply in_isqr; assumption.
Qed.
Lemma exp_of_ok : forall x i r, (9 <= p)%Z -> 0 <= x -> inI x i -> exp_of p i = Some r -> inI (exp x) r.
Proof.
  intros x [l h] r Hp9 Hx [X1 X2] H. unfold exp_of in H. cbv zeta in H. cbn [snd] in H. chain H. injection H as <-.
  set (k := Z.max 0 (Z.log2 h + 9 - p)) in *. assert (Hk : (0 <= k)%Z) by (unfold k; lia).
  set (T := x / Fixed.P k). pose proof (Fixed.P_pos k Hk) as K0.
  assert (E2 : Fixed.P k = 2 ^ Z.to_nat k).
  { unfold Fixed.P. rewrite <- (Z2Nat.id k) at 1 by assumption. rewrite pow_IZR. reflexivity. }
  replace x with (T * 2 ^ Z.to_nat k) by (unfold T; rewrite <- E2; field; lra).
  assert (HT : inI T (coarser k (l, h))).
  { apply coarser_ok; try assumption. unfold Fixed.inI. cbn [fst snd]. rewrite P_add by assumption. unfold T.
    replace (x / Fixed.P k * (P * Fixed.P k)) with (x * P) by (field; lra). split; assumption. }
  apply squares_ok. apply (exp_sum_ok _ (coarser k (l, h)) T _ _ 0 _) with (5 := E); [|exact HT| |].
  - split; [apply Rmult_le_pos; [exact Hx|apply Rlt_le, Rinv_0_lt_compat, K0]|].
    assert (L : (cdiv k h <= 2 ^ (p - 8))%Z).
    { unfold cdiv. rewrite Z.shiftr_div_pow2 by assumption. cut (- 2 ^ (p - 8) <= - h / 2 ^ k)%Z; [lia|].
      apply Z.div_le_lower_bound; [apply Z.pow_pos_nonneg; lia|]. cut (h <= 2 ^ k * 2 ^ (p - 8))%Z; [lia|].
      rewrite <- Z.pow_add_r by lia. destruct (Z.le_gt_cases h 0); [pose proof (Z.pow_nonneg 2 (k + (p - 8))); lia|].
      pose proof (Z.log2_spec h ltac:(lia)) as [_ B]. apply Z.lt_le_incl, (Z.lt_le_trans _ _ _ B).
      apply Z.pow_le_mono_r; unfold k; lia. }
    destruct HT as [_ U]. cbn [coarser snd] in U. apply IZR_le in L.
    assert (EP : P = IZR (2 ^ (p - 8)) * 256).
    { unfold Fixed.P. replace p with (p - 8 + 8)%Z at 1 by lia. rewrite Z.pow_add_r by lia. rewrite mult_IZR. reflexivity. }
    pose proof (P_pos p Hp). nra.
  - unfold term. simpl. replace (1 / 1) with 1 by field. apply one_ok.
  - apply one_ok.
Qed.
End Sound.

Theorem exp_at_ok : forall p x r, (9 <= p)%Z -> exp_at p x = Some r -> inI p (exp (IZR x / P p)) r.
Proof.
  intros p x r Hp H. unfold exp_at in H. chain H. cbv zeta in H. set (b := (guard + 2 * (whole p x + 1))%Z) in *.
  assert (Hb : (0 <= b)%Z).
  { unfold b, guard, whole. rewrite Z.shiftr_div_pow2 by lia. pose proof (Z.div_pos (Z.abs x) (2 ^ p) ltac:(lia)).
    assert (0 < 2 ^ p)%Z by (apply Z.pow_pos_nonneg; lia). lia. }
  chain H. injection H as <-. apply coarser_ok; [lia|assumption|].
  pose proof (P_pos p ltac:(lia)) as HP. pose proof (P_pos b Hb) as HB.
  assert (A : inI (p + b) (Rabs (IZR x / P p)) (point (Z.shiftl (Z.abs x) b))).
  { unfold inI, point. cbn [fst snd]. rewrite Z.shiftl_mul_pow2, mult_IZR, abs_IZR by assumption. fold (P b).
    rewrite P_add by lia. unfold Rdiv. rewrite Rabs_mult, (Rabs_right (/ P p)) by (apply Rle_ge, Rlt_le, Rinv_0_lt_compat, HP).
    replace (Rabs (IZR x) * / P p * (P p * P b)) with (Rabs (IZR x) * P b) by (field; lra). lra. }
  pose proof (exp_of_ok (p + b) ltac:(lia) _ _ _ ltac:(lia) (Rabs_pos _) A E0) as EE.
  destruct (Z.ltb_spec x 0) as [L|L].
  - apply IZR_lt in L. assert (N : IZR x / P p < 0) by (assert (0 < / P p) by (apply Rinv_0_lt_compat, HP); unfold Rdiv; nra).
    rewrite Rabs_left in EE by exact N.
    destruct (divide_ok (p + b) ltac:(lia) _ _ _ 1 _ E1 (one_ok (p + b)) EE) as [_ D].
    replace (exp (IZR x / P p)) with (1 / exp (- (IZR x / P p))); [exact D|].
    rewrite exp_Ropp. field. pose proof (exp_pos (IZR x / P p)). lra.
  - injection E1 as <-. apply IZR_le in L. rewrite Rabs_right in EE; [exact EE|].
    apply Rle_ge, Rmult_le_pos; [exact L|apply Rlt_le, Rinv_0_lt_compat, HP].
Qed.
