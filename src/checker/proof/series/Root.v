(** The m-th root of a model A, defined where A >= 0. *)
Require Import Bool ZArith Reals List Lra Lia Psatz.
From Polycert Require Import core.Polynomial core.Fixed core.Number series.Model series.Elementary.
Import ListNotations.
Open Scope R_scope.

(** The m-th root of N >= 0, rounded down: Newton's steps from above; what they find is confirmed. *)
Fixpoint newton (fuel : nat) (m N r : Z) : Z :=
  match fuel with
  | O => r
  | S fuel => let s := (((m - 1) * r + N / r ^ (m - 1)) / m)%Z in if Z.ltb s r then newton fuel m N s else r
  end.
Definition floor_root (m N : Z) : option Z :=
  let r := if Z.leb N 0 then 0%Z else newton (Z.to_nat (Z.log2 N + 2)) m N (2 ^ (Z.log2 N / m + 1)) in
  if Z.leb 0 r && Z.leb (r ^ m) N && Z.ltb N ((r + 1) ^ m) then Some r else None.
(** In units of 2^-p. *)
Definition root_at (p : Z) (m : BinNums.positive) (x : Z) : option Z :=
  floor_root (Zpos m) (Z.shiftl x (p * (Zpos m - 1))).

(** From m A Q' = A' Q: k m a_0 q_k = sum over j >= 1 of (j + m j - m k) a_j q_(k-j); the last coefficient first. None where
    a coefficient grows so far that nothing would be proved. *)
Fixpoint root_terms (n : nat) (m first limit : Z) (rest slope q : list Z) (k : Z) : option (list Z) :=
  match n with
  | O => Some q
  | S n =>
      let next := ((dot slope q * (m + 1) - dot rest q * k * m) / (k * m * first))%Z in
      if Z.ltb limit (Z.log2 (Z.abs next) + 1) then None
      else root_terms n m first limit rest slope (next :: q) (k + 1)
  end.
(** least^k, rounded down. *)
Fixpoint power_below (k : nat) (p least : Z) : Z :=
  match k with O => 2 ^ p | S k => Z.shiftr (power_below k p least * least) p end%Z.
(** Some None where the expansion does not prove enough. *)
Definition root_inside (p : Z) (n : nat) (m : BinNums.positive) (a : model) : option (option model) :=
  q0 <- root_at p m (middle a);;
  let rest := tl (terms a) in
  let limit := (2 * p + Z.log2 (middle a) + 1)%Z in
  match root_terms (match rest with [] => O | _ => n end) (Zpos m) (middle a) limit rest (deriv (terms a)) [q0] 1 with
  | None => Some None
  | Some q =>
      q <- made p (rev q) 0;;
      let least := fst (range_of q) in
      if Z.leb least 0 then Some None else
      power <- mpow p n q m;; d <- msub p a power;;
      let d := magnitude_of d in
      let below := power_below (pred (Pos.to_nat m)) p least in
      if Z.ltb (Z.shiftr (below * least) p) d || Z.leb below 0 then Some None else
      r <- made p (terms q) (- (- (Z.shiftl d p) / below));; Some (Some r)
  end.
(** At the end of where it is defined: the root is monotone, and meant where A is not negative. *)
Definition root_at_end (p slack : Z) (m : BinNums.positive) (a : model) : option model :=
  let (l, h) := range_of a in
  if Z.ltb l (- slack) || Z.ltb h 0 then None else
  l <- root_at p m (Z.max l 0);; r <- root_at p m h;; enclosed p (l, if Z.eqb h 0 then r else r + 1)%Z.
Definition mroot (p slack : Z) (n : nat) (m : BinNums.positive) (a : model) : option model :=
  if Z.ltb 0 (middle a) then
    inside <- root_inside p n m a;; match inside with Some r => Some r | None => root_at_end p slack m a end
  else root_at_end p slack m a.

(** ** Soundness *)
Lemma pow_le_root : forall n (a b : R), 0 <= a -> 0 <= b -> a ^ S n <= b ^ S n -> a <= b.
Proof.
  intros n a b Ha Hb H. apply Rnot_lt_le. intros L. apply (Rlt_not_le (a ^ S n) (b ^ S n)); [|exact H].
  clear H. induction n as [|n IH]; [simpl; lra|].
  change (b * b ^ S n < a * a ^ S n). pose proof (pow_le b (S n) Hb). nra.
Qed.
Lemma pow_lt_root : forall n (a b : R), 0 <= a -> 0 <= b -> a ^ S n < b ^ S n -> a < b.
Proof.
  intros n a b Ha Hb H. apply Rnot_le_lt. intros L. apply (Rle_not_lt (a ^ S n) (b ^ S n)); [|exact H].
  apply pow_incr. lra.
Qed.
(** |t^(k+1) - Q^(k+1)| >= |t - Q| q^k. *)
Lemma root_apart : forall k t Q q, 0 <= t -> 0 < q <= Q -> Rabs (t - Q) * q ^ k <= Rabs (t ^ S k - Q ^ S k).
Proof.
  intros k t Q q Ht Hq. assert (Hk : q ^ k <= Q ^ k) by (apply pow_incr; lra). pose proof (pow_lt q k ltac:(lra)).
  cbn [pow]. destruct (Rle_dec Q t) as [L|L].
  - assert (M : Q ^ k <= t ^ k) by (apply pow_incr; lra).
    rewrite (Rabs_right (t - Q)) by lra. rewrite Rabs_right; nra.
  - assert (M : t ^ k <= Q ^ k) by (apply pow_incr; lra). pose proof (pow_le t k Ht).
    rewrite (Rabs_left (t - Q)) by lra. rewrite Rabs_left1; nra.
Qed.
Lemma pos_pred : forall m, Pos.to_nat m = S (pred (Pos.to_nat m)).
Proof. intros m. pose proof (Pos2Nat.is_pos m). lia. Qed.

Section Sound.
Variable p : Z.
Hypothesis Hp : (0 <= p)%Z.
Notation P := (P p).
Notation within := (within p).
Let HP : 0 < P. Proof. apply P_pos, Hp. Qed.
Variable m : BinNums.positive.
Let k := pred (Pos.to_nat m).

Lemma scaled_power : P ^ k = IZR (2 ^ (p * (Zpos m - 1))).
Proof.
  unfold Fixed.P, k. rewrite pow_IZR. f_equal. rewrite <- Z.pow_mul_r by lia. f_equal. f_equal.
  rewrite Nat2Z.inj_pred by apply Pos2Nat.is_pos. rewrite positive_nat_Z. lia.
Qed.
Lemma root_at_ok : forall x r, root_at p m x = Some r -> 0 <= IZR r /\
  (forall y t, 0 <= t -> t ^ Pos.to_nat m = y -> IZR x <= y * P -> IZR r <= t * P) /\
  (forall y t, 0 <= t -> t ^ Pos.to_nat m = y -> y * P <= IZR x -> t * P <= IZR r + 1) /\
  (forall t, x = 0%Z -> 0 <= t -> t ^ Pos.to_nat m <= 0 -> t * P <= IZR r).
Proof.
  intros x r H. unfold root_at, floor_root in H. cbv zeta in H. set (s := if Z.leb _ 0 then _ else _) in H. chain H. injection H as <-.
  apply andb_prop in E as [E E3]. apply andb_prop in E as [E1 E2]. apply Z.leb_le in E1, E2. apply Z.ltb_lt in E3.
  assert (Up : (0 <= p * (Zpos m - 1))%Z) by (apply Z.mul_nonneg_nonneg; lia).
  rewrite Z.shiftl_mul_pow2 in E2, E3 by exact Up. apply IZR_le in E1, E2. apply IZR_lt in E3.
  rewrite mult_IZR, <- scaled_power in E2, E3.
  rewrite <- (positive_nat_Z m) in E2, E3. rewrite <- pow_IZR in E2, E3. rewrite plus_IZR in E3.
  rewrite pos_pred in E2, E3 |- *. fold k in E2, E3 |- *.
  assert (T : forall t, (t * P) ^ S k = t ^ S k * P * P ^ k) by (intros t; rewrite Rpow_mult_distr; cbn [pow]; ring).
  pose proof (pow_lt P k HP) as K0.
  split; [exact E1|]. split; [|split].
  - intros y t Ht Et Hy. apply (pow_le_root k); [exact E1|nra|]. rewrite T, Et. eapply Rle_trans; [exact E2|].
    apply Rmult_le_compat_r; lra.
  - intros y t Ht Et Hy. apply (pow_le_root k); [nra|lra|]. rewrite T, Et. apply Rlt_le. eapply Rle_lt_trans; [|exact E3].
    apply Rmult_le_compat_r; lra.
  - intros t _ Ht Et. assert (t <= 0); [|nra]. apply (pow_le_root k); [lra|lra|]. rewrite pow_ne_zero by discriminate. exact Et.
Qed.

Lemma power_below_ok : forall j least, 0 <= IZR least -> 0 <= IZR (power_below j p least) <= (IZR least / P) ^ j * P.
Proof.
  intros j least Hl. induction j as [|j [I1 I2]]; cbn [power_below pow]; [fold P; change (IZR (2 ^ p)) with P; lra|].
  rewrite Z.shiftr_div_pow2 by assumption. split.
  - apply IZR_le, Z.div_pos; [apply Z.mul_nonneg_nonneg; apply le_IZR; assumption|apply Z.pow_pos_nonneg; lia].
  - assert (D : (2 ^ p * (power_below j p least * least / 2 ^ p) <= power_below j p least * least)%Z) by (apply Z.mul_div_le, Z.pow_pos_nonneg; lia).
    apply IZR_le in D. rewrite !mult_IZR in D. change (IZR (2 ^ p)) with P in D. apply Rmult_le_reg_l with P; [exact HP|].
    eapply Rle_trans; [exact D|]. replace (P * (IZR least / P * (IZR least / P) ^ j * P)) with (((IZR least / P) ^ j * P) * IZR least) by (field; lra).
    apply Rmult_le_compat_r; assumption.
Qed.

Definition root_of (x t : R) : Prop := 0 <= t /\ t ^ Pos.to_nat m = x.

(** With |A - Q^m| <= d and Q >= q > 0: A >= q^m - d, which is at least 0; and |t^m - Q^m| >= |t - Q| q^(m-1). *)
Lemma root_inside_ok : forall n a r v x, Rabs v <= 1 -> root_inside p n m a = Some (Some r) -> within a v x ->
  0 <= x /\ forall t, root_of x t -> within r v t.
Proof.
  intros n a r v x Hv H Hx. unfold root_inside in H. cbv zeta in H. chain H. destruct (root_terms _ _ _ _ _ _ _ _) as [q'|]; [|discriminate].
  chain H. rename E0 into Eq. rename m0 into q. destruct (Z.leb_spec (fst (range_of q)) 0) as [|L]; [discriminate|].
  set (least := fst (range_of q)) in *. chain H. rename E0 into Epow, m0 into pw. rename E1 into Esub, m1 into dm. set (d := magnitude_of dm) in *.
  set (below := power_below _ p least) in *. destruct (Z.ltb_spec (Z.shiftr (below * least) p) d) as [|D]; [discriminate|].
  destruct (Z.leb_spec below 0) as [|B]; [discriminate|]. cbn [orb] in H. chain H. injection H as <-. rename E0 into Er.
  destruct (made_terms p _ _ _ Eq) as [_ Rq]. set (Q := pe (terms q) v / P).
  assert (WQ : within q v Q). { unfold Model.within, Q. rewrite Rq. replace (pe (terms q) v / P * P - pe (terms q) v) with 0 by (field; lra). rewrite Rabs_R0. lra. }
  pose proof (mpow_ok p Hp n q m pw v Q Hv Epow WQ) as WP. pose proof (msub_ok p _ _ _ _ _ _ Esub Hx WP) as WS.
  pose proof (magnitude_of_ok p Hp _ _ _ Hv WS) as Hd. fold d in Hd.
  destruct (range_of_ok p q v Q Hv WQ) as [HQ _]. fold least in HQ. apply IZR_lt in L, B.
  set (w := IZR least / P). assert (W0 : 0 < w) by (apply Rmult_lt_0_compat; [exact L|apply Rinv_0_lt_compat, HP]).
  assert (WQ' : w <= Q) by (apply Rmult_le_reg_r with P; [exact HP|]; unfold w; unfold Rdiv; rewrite Rmult_assoc, Rinv_l by lra; lra).
  destruct (power_below_ok (pred (Pos.to_nat m)) least ltac:(lra)) as [_ PB]. fold below w in PB. fold k in PB.
  assert (PB' : IZR d <= w ^ S k * P).
  { apply IZR_le in D. eapply Rle_trans; [exact D|]. pose proof (fdiv_ok p Hp (below * least) (w ^ S k * P)) as F. unfold fdiv in F. apply F.
    rewrite mult_IZR. cbn [pow]. replace (w * w ^ k * P * P) with ((w ^ k * P) * (w * P)) by ring.
    replace (w * P) with (IZR least) by (unfold w; field; lra). apply Rmult_le_compat_r; lra. }
  rewrite pos_pred in Hd. fold k in Hd.
  assert (QW : w ^ S k <= Q ^ S k) by (apply pow_incr; lra). split.
  - assert (Rabs (x - Q ^ S k) <= w ^ S k) by (apply Rmult_le_reg_r with P; [exact HP|lra]). apply abs_le in H. lra.
  - intros t [T0 Tm]. rewrite pos_pred in Tm. fold k in Tm. apply (made_ok p _ _ _ Er).
    apply ceil_ok; [apply lt_IZR, B|]. rewrite Z.shiftl_mul_pow2, mult_IZR by assumption. change (IZR (2 ^ p)) with P.
    pose proof (root_apart k t Q w T0 (conj W0 WQ')) as A. rewrite Tm in A.
    replace (t * P - pe (terms q) v) with ((t - Q) * P) by (unfold Q; field; lra). rewrite Rabs_mult, (Rabs_right P) by lra.
    pose proof (Rabs_pos (t - Q)) as TQ.
    apply Rle_trans with (Rabs (t - Q) * P * (w ^ k * P)); [apply Rmult_le_compat_l; [apply Rmult_le_pos; lra|exact PB]|].
    replace (Rabs (t - Q) * P * (w ^ k * P)) with ((Rabs (t - Q) * w ^ k) * P * P) by ring.
    apply Rmult_le_compat_r; [lra|]. eapply Rle_trans; [|exact Hd]. apply Rmult_le_compat_r; lra.
Qed.

Lemma root_at_end_ok : forall slack a r v x, Rabs v <= 1 -> root_at_end p slack m a = Some r -> within a v x ->
  - IZR slack <= x * P /\ forall t, root_of x t -> within r v t.
Proof.
  intros slack a r v x Hv H Hx. unfold root_at_end in H. destruct (range_of_ok p a v x Hv Hx) as [X1 X2].
  destruct (range_of a) as [l h]. cbn [fst snd] in *. destruct (Z.ltb_spec l (- slack)) as [|A]; [discriminate|].
  destruct (Z.ltb_spec h 0) as [|B]; [discriminate|]. cbn [orb] in H. chain H. apply IZR_le in A. rewrite opp_IZR in A.
  split; [lra|]. intros t [T0 Tm]. apply (enclosed_ok p _ _ H). destruct (root_at_ok _ _ E) as [_ [L _]]. destruct (root_at_ok _ _ E0) as [_ [_ [U V]]].
  assert (X0 : 0 <= x) by (rewrite <- Tm; apply pow_le, T0).
  split; cbn [fst snd].
  - apply (L x t T0 Tm). destruct (Z.max_spec l 0) as [[_ ->]|[_ ->]]; [nra|exact X1].
  - destruct (Z.eqb_spec h 0) as [Z|N]; [apply (V t Z T0); rewrite Tm; subst h; nra|]. rewrite plus_IZR. apply (U x t T0 Tm X2).
Qed.

Theorem mroot_ok : forall slack n a r v x, Rabs v <= 1 -> mroot p slack n m a = Some r -> within a v x ->
  (0 <= x \/ - IZR slack <= x * P) /\ forall t, root_of x t -> within r v t.
Proof.
  intros slack n a r v x Hv H Hx. assert (End : root_at_end p slack m a = Some r ->
    (0 <= x \/ - IZR slack <= x * P) /\ forall t, root_of x t -> within r v t).
  { intros He. destruct (root_at_end_ok _ _ _ _ _ Hv He Hx) as [X0 W]. split; [right; exact X0|exact W]. }
  unfold mroot in H. destruct (Z.ltb 0 (middle a)); [|exact (End H)].
  chain H. destruct o as [r'|]; [|exact (End H)]. injection H as <-.
  destruct (root_inside_ok n a r' v x Hv E Hx) as [X0 W]. split; [left; exact X0|exact W].
Qed.
End Sound.
