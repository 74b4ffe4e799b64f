(** atan and asin, at a number and of a model. *)
Require Import Bool ZArith QArith Qreals Reals List Lra Lia Psatz Machin.
From Polycert Require Import core.Polynomial core.Fixed core.Number series.Model series.Calculus series.Points
  series.OddSeries series.Elementary series.Root series.Integrals series.SinCos.
Import ListNotations.
Open Scope R_scope.

Definition root_interval (p : Z) (x : itv) : option itv :=
  l <- root_at p 2 (fst x);; h <- root_at p 2 (snd x);; Some (l, h + 1)%Z.
(** t/(1 + sqrt(1 + t^2)): half the angle. *)
Fixpoint halvings (k : nat) (p : Z) (t : itv) : option itv :=
  match k with
  | O => Some t
  | S k =>
      let one := point (2 ^ p) in
      s <- root_interval p (iadd one (isqr p t));; t <- divide p t (iadd one s);; halvings k p t
  end.
(** x >= 0: pi/2 - atan(1/x) beyond 1. *)
Definition atan_of (p : Z) (pi x : itv) : option itv :=
  let beyond := Z.ltb (2 ^ p) (fst x) in
  t <- (if beyond then divide p (point (2 ^ p)) x else Some x);; t <- halvings 4 p t;; a <- odd_series p true t;;
  let value := multiple 16 a in Some (if beyond then isub (ihalf pi) value else value).
Definition signed (p x : Z) (value : itv) : itv := coarser guard (if Z.ltb x 0 then ineg value else value).
Definition atan_at (p x : Z) : option itv :=
  let q := (p + guard)%Z in
  pi <- pi_of q;; value <- atan_of q pi (point (Z.shiftl (Z.abs x) guard));; Some (signed p x value).
(** 2 atan(x/(1 + sqrt(1 - x^2))) *)
Definition asin_at (p x : Z) : option itv :=
  if Z.ltb (2 ^ p) (Z.abs x) then None else
  let q := (p + guard)%Z in let one := point (2 ^ q) in
  pi <- pi_of q;;
  let y := point (Z.shiftl (Z.abs x) guard) in
  let rest := isub one (isqr q y) in
  s <- root_interval q (Z.max (fst rest) 0, snd rest);; half <- divide q y (iadd one s);; value <- atan_of q pi half;;
  Some (signed p x (doubled value)).

Definition matan (p : Z) (n : nat) (a : model) : option model :=
  start <- atan_at p (middle a);; one <- constant p 1;; square <- mmul p n (exactly a) (exactly a);;
  s <- msum p one square;; derivative <- minv p n s;; m <- integral p n start (exactly a) derivative;;
  made p (terms m) (radius m + radius a).
(** Some None where the expansion does not prove enough. *)
Definition asin_inside (p : Z) (n : nat) (a : model) : option (option model) :=
  if Z.leb (2 ^ p) (Z.abs (middle a)) then Some None else
  start <- asin_at p (middle a);; one <- constant p 1;; square <- mmul p n (exactly a) (exactly a);;
  rest <- msub p one square;;
  if Z.leb (middle rest) 0 then Some None else
  inside <- root_inside p n 2 rest;;
  match inside with
  | None => Some None
  | Some root =>
      match minv p n root with
      | None => Some None
      | Some derivative =>
          let k := magnitude_of derivative in
          if Z.ltb (2 ^ (3 * p)) (radius a * k * k * 6) then Some None else
          m <- integral p n start (exactly a) derivative;;
          r <- made p (terms m) (radius m + cdiv p (k * radius a * 2));; Some (Some r)
      end
  end.
(** At an end of where it is defined: asin is monotone, and meant where |A| <= 1. *)
Definition asin_at_end (p slack : Z) (a : model) : option model :=
  let (l, h) := range_of a in let one := (2 ^ p)%Z in
  if Z.ltb l (- (one + slack)) || Z.ltb (one + slack) h || Z.ltb h (- one) || Z.ltb one l then None else
  l <- asin_at p (Z.max l (- one));; h <- asin_at p (Z.min h one);; enclosed p (fst l, snd h).
Definition masin (p slack : Z) (n : nat) (a : model) : option model :=
  inside <- asin_inside p n a;; match inside with Some r => Some r | None => asin_at_end p slack a end.

(** ** Half the angle *)
Lemma atan_half : forall x, atan x = 2 * atan (x / (1 + sqrt (1 + x * x))).
Proof.
  intros x. set (s := sqrt (1 + x * x)). assert (S0 : 0 < s) by (apply sqrt_lt_R0; nra).
  assert (S2 : s * s = 1 + x * x) by (apply sqrt_sqrt; nra). set (y := x / (1 + s)).
  assert (Y : y * y = (s - 1) / (1 + s)).
  { unfold y. replace (x / (1 + s) * (x / (1 + s))) with ((x * x) / ((1 + s) * (1 + s))) by (field; lra).
    replace (x * x) with ((s - 1) * (s + 1)) by lra. field. lra. }
  assert (Y1 : y * y < 1) by (rewrite Y; apply Rmult_lt_reg_r with (1 + s); [lra|]; unfold Rdiv; rewrite Rmult_assoc, Rinv_l by lra; lra).
  assert (B : - (PI / 4) < atan y < PI / 4).
  { rewrite <- atan_1, <- atan_opp. split; apply atan_increasing; nra. }
  assert (E : atan y = atan (- y) + atan x).
  { replace x with (atan_sub y (- y)).
    - apply atan_sub_correct; [nra| |pose proof (atan_bound (atan_sub y (- y))); lra]. rewrite atan_opp. lra.
    - unfold atan_sub. replace (1 + y * - y) with (1 - y * y) by ring. rewrite Y. unfold y. field. lra. }
  rewrite atan_opp in E. lra.
Qed.
Lemma asin_half : forall x, 0 <= x <= 1 -> asin x = 2 * atan (x / (1 + sqrt (1 - x * x))).
Proof.
  intros x Hx. destruct (Req_dec x 1) as [->|N].
  - rewrite asin_1. replace (1 - 1 * 1) with 0 by ring. rewrite sqrt_0. replace (1 / (1 + 0)) with 1 by field. rewrite atan_1. field.
  - rewrite asin_atan by lra. rewrite atan_half. unfold Rsqr. set (c := sqrt (1 - x * x)).
    assert (C0 : 0 < c) by (apply sqrt_lt_R0; nra). assert (C2 : c * c = 1 - x * x) by (apply sqrt_sqrt; nra).
    do 2 f_equal. replace (1 + x / c * (x / c)) with ((/ c) * (/ c)).
    2: { apply Rmult_eq_reg_r with (c * c); [|nra]. replace (/ c * / c * (c * c)) with 1 by (field; lra).
         replace ((1 + x / c * (x / c)) * (c * c)) with (c * c + x * x) by (field; lra). lra. }
    rewrite sqrt_square by (apply Rlt_le, Rinv_0_lt_compat, C0). field. lra.
Qed.
Lemma asin_slope : forall z, -1 < z < 1 -> derivable_pt_lim asin z (/ sqrt (1 - z * z)).
Proof.
  intros z Hz. replace (/ sqrt (1 - z * z)) with (1 / sqrt (1 - Rsqr z)) by (unfold Rsqr, Rdiv; ring).
  apply (derive_pt_eq_1 asin z _ (derivable_pt_asin z Hz)), derive_pt_asin.
Qed.
Lemma asin_le : forall x y, -1 <= x -> x <= y -> y <= 1 -> asin x <= asin y.
Proof.
  intros x y Hx Hxy Hy. apply Rnot_lt_le. intros L. pose proof (asin_bound x). pose proof (asin_bound y).
  apply sin_increasing_1 in L; try lra. rewrite !sin_asin in L by lra. lra.
Qed.

(** ** At a number *)
Section Points.
Variable p : Z.
Hypothesis Hp : (0 <= p)%Z.
Notation inI := (inI p).

Lemma root_interval_ok : forall x i r, 0 <= x -> inI x i -> root_interval p i = Some r -> inI (sqrt x) r.
Proof.
  intros x i r Hx [A B] H. unfold root_interval in H. chain H. injection H as <-.
  assert (Sq : sqrt x ^ Pos.to_nat 2 = x) by (change (Pos.to_nat 2) with 2%nat; apply pow2_sqrt, Hx).
  destruct (root_at_ok p Hp 2 _ _ E) as [_ [L _]]. destruct (root_at_ok p Hp 2 _ _ E0) as [_ [_ [U _]]].
  unfold Fixed.inI. cbn [fst snd]. rewrite plus_IZR. split; [apply (L x)|apply (U x)]; try apply sqrt_pos; assumption.
Qed.
Lemma halvings_ok : forall k x t u, inI x t -> halvings k p t = Some u -> exists y, inI y u /\ atan x = 2 ^ k * atan y.
Proof.
  induction k as [|k IH]; intros x t u Hx H; cbn [halvings] in H.
  - injection H as <-. exists x. split; [exact Hx|simpl; ring].
  - cbv zeta in H. chain H. pose proof (in_iadd p _ _ _ _ (one_ok p) (in_isqr p Hp _ _ Hx)) as S.
    pose proof (root_interval_ok (1 + x * x) _ _ ltac:(nra) S E) as R.
    destruct (divide_ok p Hp _ _ _ _ _ E0 Hx (in_iadd p _ _ _ _ (one_ok p) R)) as [_ D].
    destruct (IH _ _ _ D H) as [y [Hy Ey]]. exists y. split; [exact Hy|]. rewrite atan_half, Ey. simpl. ring.
Qed.
Lemma atan_of_ok : forall pi x i r, inI PI pi -> inI x i -> atan_of p pi i = Some r -> inI (atan x) r.
Proof.
  intros pi x i r Hpi Hx H. unfold atan_of in H. cbv zeta in H. chain H. injection H as <-.
  assert (Red : forall z t, inI z t -> halvings 4 p t = Some i1 -> inI (atan z) (multiple 16 i2)).
  { intros z t Hz Ht. destruct (halvings_ok 4 z t _ Hz Ht) as [y [Hy Ey]]. rewrite Ey. replace (2 ^ 4) with (IZR 16) by (simpl; ring).
    apply multiple_ok, (arctangent_ok p Hp y i1); assumption. }
  destruct (Z.ltb_spec (2 ^ p) (fst i)) as [L|L].
  - destruct (divide_ok p Hp _ _ _ _ _ E (one_ok p) Hx) as [X0 D]. replace (atan x) with (PI / 2 - atan (1 / x)).
    + apply in_isub; [apply in_ihalf, Hpi|apply (Red _ i0); assumption].
    + replace (1 / x) with (/ x) by (field; lra). rewrite atan_inv by exact X0. ring.
  - injection E as <-. apply (Red _ i); assumption.
Qed.
End Points.

Lemma absolute_ok : forall p x, (0 <= p)%Z -> inI (p + guard) (Rabs (IZR x / P p)) (point (Z.shiftl (Z.abs x) guard)).
Proof.
  intros p x Hp. pose proof (P_pos p Hp) as HP. assert (Hg : (0 <= guard)%Z) by (unfold guard; lia).
  unfold inI, point. cbn [fst snd]. rewrite Z.shiftl_mul_pow2, mult_IZR, abs_IZR by exact Hg. fold (P guard). rewrite P_add by assumption.
  unfold Rdiv. rewrite Rabs_mult, (Rabs_right (/ P p)) by (apply Rle_ge, Rlt_le, Rinv_0_lt_compat, HP).
  replace (Rabs (IZR x) * / P p * (P p * P guard)) with (Rabs (IZR x) * P guard) by (field; lra). lra.
Qed.
Lemma signed_ok : forall p x (F : R -> R) i, (0 <= p)%Z -> (forall z, F (- z) = - F z) -> inI (p + guard) (F (Rabs (IZR x / P p))) i ->
  inI p (F (IZR x / P p)) (signed p x i).
Proof.
  intros p x F i Hp Odd H. pose proof (P_pos p Hp) as HP. assert (I : 0 < / P p) by (apply Rinv_0_lt_compat, HP).
  apply coarser_ok; [exact Hp|unfold guard; lia|]. destruct (Z.ltb_spec x 0) as [L|L].
  - apply IZR_lt in L. rewrite Rabs_left in H by (unfold Rdiv; nra). rewrite Odd in H.
    rewrite <- (Ropp_involutive (F _)). apply in_ineg, H.
  - apply IZR_le in L. rewrite Rabs_right in H; [exact H|]. apply Rle_ge, Rmult_le_pos; lra.
Qed.
Theorem atan_at_ok : forall p x r, (0 <= p)%Z -> atan_at p x = Some r -> inI p (atan (IZR x / P p)) r.
Proof.
  intros p x r Hp H. unfold atan_at in H. cbv zeta in H. chain H. injection H as <-. assert (Hq : (0 <= p + guard)%Z) by (unfold guard; lia).
  apply (signed_ok p x atan); [exact Hp|apply atan_opp|].
  apply (atan_of_ok (p + guard) Hq _ _ _ _ (pi_of_ok _ Hq _ E) (absolute_ok p x Hp) E0).
Qed.
Theorem asin_at_ok : forall p x r, (0 <= p)%Z -> asin_at p x = Some r ->
  -1 <= IZR x / P p <= 1 /\ inI p (asin (IZR x / P p)) r.
Proof.
  intros p x r Hp H. unfold asin_at in H. cbv zeta in H. chain H. injection H as <-. assert (Hq : (0 <= p + guard)%Z) by (unfold guard; lia).
  pose proof (P_pos p Hp) as HP. pose proof (absolute_ok p x Hp) as A. set (y := Rabs (IZR x / P p)) in *.
  assert (Y : 0 <= y <= 1).
  { split; [apply Rabs_pos|]. apply Z.ltb_ge, IZR_le in E. rewrite abs_IZR in E. change (IZR (2 ^ p)) with (P p) in E.
    unfold y, Rdiv. rewrite Rabs_mult, (Rabs_right (/ P p)) by (apply Rle_ge, Rlt_le, Rinv_0_lt_compat, HP).
    apply Rmult_le_reg_r with (P p); [exact HP|]. rewrite Rmult_assoc, Rinv_l by lra. lra. }
  split; [apply abs_le, (proj2 Y)|].
  pose proof (in_isub (p + guard) _ _ _ _ (one_ok (p + guard)) (in_isqr (p + guard) Hq _ _ A)) as Re.
  assert (Re' : inI (p + guard) (1 - y * y) (Z.max (fst (isub (point (2 ^ (p + guard))) (isqr (p + guard) (point (Z.shiftl (Z.abs x) guard))))) 0,
    snd (isub (point (2 ^ (p + guard))) (isqr (p + guard) (point (Z.shiftl (Z.abs x) guard)))))%Z).
  { destruct Re as [R1 R2]. split; cbn [fst snd] in *; [|exact R2]. pose proof (P_pos (p + guard) Hq).
    destruct (Z.max_spec (2 ^ (p + guard) - snd (isqr (p + guard) (point (Z.shiftl (Z.abs x) guard)))) 0) as [[_ M]|[_ M]];
      cbn [isub point fst snd]; rewrite M; [|exact R1]. apply Rmult_le_pos; [nra|lra]. }
  pose proof (root_interval_ok (p + guard) Hq (1 - y * y) _ _ ltac:(nra) Re' E1) as S.
  destruct (divide_ok (p + guard) Hq _ _ _ _ _ E2 A (in_iadd (p + guard) _ _ _ _ (one_ok (p + guard)) S)) as [_ D].
  apply (signed_ok p x asin); [exact Hp|apply asin_opp|]. fold y. rewrite asin_half by exact Y.
  apply doubled_ok, (atan_of_ok (p + guard) Hq _ _ _ _ (pi_of_ok _ Hq _ E0) D E3).
Qed.

(** ** Of a model *)
Section Models.
Variable p : Z.
Hypothesis Hp : (9 <= p)%Z.
Notation P := (P p).
Notation within := (within p).
Let Hp0 : (0 <= p)%Z. Proof. lia. Qed.
Let HP : 0 < P. Proof. apply P_pos, Hp0. Qed.

Lemma radius_is : forall a v x, within a v x -> Rabs (x - pe (terms a) v / P) * P <= IZR (radius a).
Proof.
  intros a v x Hx. replace (Rabs (x - pe (terms a) v / P) * P) with (Rabs (x * P - pe (terms a) v)); [exact Hx|].
  transitivity (Rabs ((x - pe (terms a) v / P) * P)); [f_equal; field; lra|rewrite Rabs_mult, (Rabs_right P) by lra; reflexivity].
Qed.
(** From the function of the polynomial to that of a number in the radius. *)
Lemma moved_ok : forall m m' v (F x A : R) r, within m v A -> Rabs (x - A) * P <= IZR r -> made p (terms m) (radius m + r) = Some m' ->
  F = x -> within m' v F.
Proof.
  intros m m' v F x A r W B H ->. apply (made_ok p _ _ _ H). rewrite plus_IZR. unfold Model.within in W.
  replace (x * P - pe (terms m) v) with ((A * P - pe (terms m) v) + (x - A) * P) by ring.
  eapply Rle_trans; [apply Rabs_triang|]. rewrite (Rabs_mult (x - A)), (Rabs_right P) by lra. lra.
Qed.
Lemma middle_at_0 : forall a, pe (terms a) 0 / P = IZR (middle a) / P.
Proof. intros a. unfold middle. rewrite pe_middle. f_equal. ring. Qed.

Theorem matan_ok : forall n a m v x, Rabs v <= 1 -> matan p n a = Some m -> within a v x -> within m v (atan x).
Proof.
  intros n a m v x Hv H Hx. unfold matan in H. chain H. set (A := fun c => pe (terms a) c / P).
  assert (De : forall c, Rabs c <= 1 -> within m3 c (/ (1 + A c ^ 2))).
  { intros c Hc. replace (1 + A c ^ 2) with (1 + A c * A c) by ring. apply (minv_ok p Hp _ _ _ _ _ Hc E3).
    pose proof (constant_ok p Hp0 _ _ E0 c) as One. rewrite Q2R_1 in One. apply (msum_ok p _ _ _ _ _ _ E2 One).
    apply (mmul_ok p Hp0 _ _ _ _ _ _ _ Hc E1); apply (exact_within p Hp). }
  assert (I : within m4 v (atan (A v))).
  { apply (integral_ok p Hp n i (exactly a) m3 m4 (fun c => atan (A c)) (fun c => / (1 + A c ^ 2)) E4); [|exact De| |exact Hv].
    - intros c Hc. rewrite Rmult_comm. apply (derivable_pt_lim_comp A atan); [apply polynomial_slope|apply derivable_pt_lim_atan].
    - cbv beta. unfold A. rewrite middle_at_0. apply atan_at_ok; assumption. }
  refine (moved_ok _ _ _ _ _ _ _ I _ H eq_refl). eapply Rle_trans; [|apply radius_is, Hx]. apply Rmult_le_compat_r; [lra|].
  apply (slope_moves atan (fun z => / (1 + z ^ 2))); [apply derivable_pt_lim_atan|]. intros z.
  assert (Z : 1 <= 1 + z ^ 2) by nra. rewrite Rabs_right by (apply Rle_ge, Rlt_le, Rinv_0_lt_compat; lra).
  rewrite <- Rinv_1. apply Rinv_le_contravar; lra.
Qed.

(** Let K bound 1/sqrt(1 - A^2), so that 1 - A^2 >= 1/K^2. For r with 6 r K^2 <= 1 and |s| <= r, 1 - (A + s)^2 is at least
    1/K^2 - 3 r >= 1/(2 K^2): there the slope is at most sqrt(2) K. *)
Lemma asin_moves : forall A x K r, 0 < 1 - A * A -> / sqrt (1 - A * A) <= K -> 6 * r * (K * K) <= 1 -> Rabs (x - A) <= r ->
  -1 <= x <= 1 /\ Rabs (asin x - asin A) <= 2 * K * Rabs (x - A).
Proof.
  intros A x K r H1 HK Hr Hx. set (s := sqrt (1 - A * A)) in *. assert (S0 : 0 < s) by (apply sqrt_lt_R0, H1).
  assert (S2 : s * s = 1 - A * A) by (apply sqrt_sqrt; lra). assert (K0 : 0 < K) by (eapply Rlt_le_trans; [apply Rinv_0_lt_compat, S0|exact HK]).
  assert (SK : 1 <= s * K) by (apply Rmult_le_reg_l with (/ s); [apply Rinv_0_lt_compat, S0|]; rewrite <- Rmult_assoc, Rinv_l by lra; lra).
  assert (SK2 : 1 <= (1 - A * A) * (K * K)) by (rewrite <- S2; nra).
  pose proof (Rabs_pos (x - A)) as R0. assert (A2 : A * A < 1) by lra. assert (AB : -1 < A < 1) by (split; nra).
  assert (K1 : 1 <= K * K) by nra. assert (R1 : r <= / 6) by nra.
  assert (In : forall z, Rabs (z - A) <= r -> 1 <= 2 * ((1 - z * z) * (K * K))).
  { intros z Hz. apply abs_le in Hz. assert (Z : A * A - z * z >= - (3 * r)) by nra. nra. }
  assert (Sl : forall z, Rabs (z - A) <= r -> -1 < z < 1 /\ Rabs (/ sqrt (1 - z * z)) <= 2 * K).
  { intros z Hz. specialize (In z Hz). assert (Z : 0 < 1 - z * z) by nra. split; [split; nra|]. set (q := sqrt (1 - z * z)).
    assert (Q0 : 0 < q) by (apply sqrt_lt_R0, Z). assert (Q2 : q * q = 1 - z * z) by (apply sqrt_sqrt; lra). rewrite <- Q2 in In.
    rewrite Rabs_right by (apply Rle_ge, Rlt_le, Rinv_0_lt_compat, Q0).
    assert (QK : 1 <= 2 * K * q) by (apply Rnot_lt_le; intros L; assert (0 <= 2 * K * q) by nra; nra).
    apply Rmult_le_reg_r with q; [exact Q0|]. rewrite Rinv_l by lra. exact QK. }
  destruct (Sl x Hx) as [X1 _]. split; [lra|].
  assert (D : forall z, Rabs (z - A) <= r -> derivable_pt_lim asin z (/ sqrt (1 - z * z))).
  { intros z Hz. apply asin_slope, Sl, Hz. }
  assert (Mid : forall z, (A <= z <= x \/ x <= z <= A) -> Rabs (z - A) <= r).
  { intros z Hz. apply abs_le in Hx. apply Rabs_le. lra. }
  destruct (Rtotal_order x A) as [L|[->|L]].
  - destruct (MVT_cor2 asin (fun z => / sqrt (1 - z * z)) x A L) as [z [E Hz]]; [intros z Hz; apply D, Mid; lra|].
    rewrite Rabs_minus_sym, E, Rabs_mult, (Rabs_minus_sym x). apply Rmult_le_compat_r; [apply Rabs_pos|]. apply Sl, Mid. lra.
  - rewrite !Rminus_diag_eq by reflexivity. rewrite Rabs_R0. lra.
  - destruct (MVT_cor2 asin (fun z => / sqrt (1 - z * z)) A x L) as [z [E Hz]]; [intros z Hz; apply D, Mid; lra|].
    rewrite E, Rabs_mult. apply Rmult_le_compat_r; [apply Rabs_pos|]. apply Sl, Mid. lra.
Qed.
Lemma asin_inside_ok : forall n a m v x, Rabs v <= 1 -> asin_inside p n a = Some (Some m) -> within a v x ->
  -1 <= x <= 1 /\ within m v (asin x).
Proof.
  intros n a m v x Hv H Hx. unfold asin_inside in H. destruct (Z.leb (2 ^ p) (Z.abs (middle a))); [discriminate|].
  chain H. destruct (Z.leb (middle m2) 0); [discriminate|]. chain H. destruct o as [rt|]; [|discriminate].
  destruct (minv p n rt) as [der|] eqn:Ede; [|discriminate]. cbv zeta in H. set (k := magnitude_of der) in *.
  destruct (Z.ltb_spec (2 ^ (3 * p)) (radius a * k * k * 6)) as [|L]; [discriminate|]. chain H. injection H as <-.
  rename E into Est, E0 into Eon, E1 into Esq, E2 into Ere, E3 into Ert, E4 into Ein, E5 into Em. set (A := fun c => pe (terms a) c / P).
  assert (Sq : forall c, Rabs c <= 1 -> 0 < 1 - A c * A c /\ within der c (/ sqrt (1 - A c * A c))).
  { intros c Hc. pose proof (constant_ok p Hp0 _ _ Eon c) as One. rewrite Q2R_1 in One.
    pose proof (msub_ok p _ _ _ _ _ _ Ere One (mmul_ok p Hp0 _ _ _ _ _ _ _ Hc Esq (exact_within p Hp a c) (exact_within p Hp a c))) as W.
    destruct (root_inside_ok p Hp0 2 _ _ _ _ _ Hc Ert W) as [Z R]. fold (A c) in Z, R.
    assert (Ro : root_of 2 (1 - A c * A c) (sqrt (1 - A c * A c))) by (split; [apply sqrt_pos|change (Pos.to_nat 2) with 2%nat; apply pow2_sqrt, Z]).
    destruct (minv_ok p Hp _ _ _ _ _ Hc Ede (R _ Ro)) as [N I]. split; [|exact I].
    destruct (Req_dec (1 - A c * A c) 0) as [Z0|]; [|lra]. exfalso. apply N. rewrite Z0. apply sqrt_0. }
  assert (I : within m3 v (asin (A v))).
  { apply (integral_ok p Hp n i (exactly a) der m3 (fun c => asin (A c)) (fun c => / sqrt (1 - A c * A c)) Ein); [| | |exact Hv].
    - intros c Hc. rewrite Rmult_comm. apply (derivable_pt_lim_comp A asin); [apply polynomial_slope|].
      pose proof (proj1 (Sq c Hc)) as S. apply asin_slope. split; nra.
    - intros c Hc. apply Sq, Hc.
    - cbv beta. unfold A. rewrite middle_at_0. apply asin_at_ok; assumption. }
  destruct (Sq v Hv) as [S W]. pose proof (magnitude_of_ok p Hp0 _ v _ Hv W) as K. fold k in K.
  rewrite Rabs_right in K by (apply Rle_ge, Rlt_le, Rinv_0_lt_compat, sqrt_lt_R0, S).
  set (kk := IZR k / P). set (rr := IZR (radius a) / P). pose proof (radius_is a v x Hx) as B. fold (A v) in B.
  assert (Ek : IZR k = kk * P) by (unfold kk; field; lra). assert (Er : IZR (radius a) = rr * P) by (unfold rr; field; lra).
  assert (L' : 6 * rr * (kk * kk) <= 1).
  { apply IZR_le in L. rewrite !mult_IZR, Ek, Er in L. replace (IZR (2 ^ (3 * p))) with (P * P * P) in L.
    - apply Rmult_le_reg_r with (P * P * P); [repeat apply Rmult_lt_0_compat; lra|]. lra.
    - unfold Fixed.P. replace (3 * p)%Z with (p + p + p)%Z by lia. rewrite !Z.pow_add_r, !mult_IZR by lia. reflexivity. }
  destruct (asin_moves (A v) x kk rr S) as [X M].
  - apply Rmult_le_reg_r with P; [exact HP|]. lra.
  - exact L'.
  - apply Rmult_le_reg_r with P; [exact HP|]. lra.
  - split; [exact X|]. refine (moved_ok _ _ _ _ _ _ _ I _ Em eq_refl). apply cdiv_ok; [exact Hp0|]. rewrite !mult_IZR, Ek, Er.
    apply Rle_trans with (2 * kk * Rabs (x - A v) * P * P); [apply Rmult_le_compat_r; [lra|]; apply Rmult_le_compat_r; [lra|exact M]|].
    assert (K0 : 0 <= kk) by (apply Rmult_le_reg_r with P; [exact HP|]; rewrite <- Ek, Rmult_0_l; eapply Rle_trans; [|exact K];
      apply Rmult_le_pos; [apply Rlt_le, Rinv_0_lt_compat, sqrt_lt_R0, S|lra]).
    replace (2 * kk * Rabs (x - A v) * P * P) with ((2 * kk * P) * (Rabs (x - A v) * P)) by ring.
    replace (kk * P * (rr * P) * 2) with ((2 * kk * P) * (rr * P)) by ring. rewrite <- Er.
    apply Rmult_le_compat_l; [apply Rmult_le_pos; [apply Rmult_le_pos; lra|lra]|exact B].
Qed.
Lemma asin_at_end_ok : forall slack a m v x, Rabs v <= 1 -> asin_at_end p slack a = Some m -> within a v x ->
  - (P + IZR slack) <= x * P <= P + IZR slack /\ (-1 <= x <= 1 -> within m v (asin x)).
Proof.
  intros slack a m v x Hv H Hx. unfold asin_at_end in H. destruct (range_of_ok p a v x Hv Hx) as [X1 X2].
  destruct (range_of a) as [l h]. cbn [fst snd] in *. cbv zeta in H.
  destruct (Z.ltb_spec l (- (2 ^ p + slack))) as [|L1]; [discriminate|]. destruct (Z.ltb_spec (2 ^ p + slack) h) as [|L2]; [discriminate|].
  destruct (Z.ltb_spec h (- 2 ^ p)) as [|L3]; [discriminate|]. destruct (Z.ltb_spec (2 ^ p) l) as [|L4]; [discriminate|]. cbn [orb] in H. chain H.
  apply IZR_le in L1, L2. rewrite opp_IZR, plus_IZR in L1. rewrite plus_IZR in L2. change (IZR (2 ^ p)) with P in *. split; [lra|].
  intros Bx. apply (enclosed_ok p _ _ H). destruct (asin_at_ok p _ _ Hp0 E) as [B1 [S1 _]]. destruct (asin_at_ok p _ _ Hp0 E0) as [B2 [_ S2]].
  assert (M1 : IZR (Z.max l (- 2 ^ p)) <= x * P).
  { destruct (Z.max_spec l (- 2 ^ p)) as [[_ ->]|[_ ->]]; [rewrite opp_IZR; change (IZR (2 ^ p)) with P; nra|exact X1]. }
  assert (M2 : x * P <= IZR (Z.min h (2 ^ p))).
  { destruct (Z.min_spec h (2 ^ p)) as [[_ ->]|[_ ->]]; [exact X2|change (IZR (2 ^ p)) with P; nra]. }
  split; cbn [fst snd].
  - eapply Rle_trans; [exact S1|]. apply Rmult_le_compat_r; [lra|]. apply asin_le; [apply B1| |apply Bx]. apply div_le; [exact HP|exact M1].
  - eapply Rle_trans; [|exact S2]. apply Rmult_le_compat_r; [lra|]. apply asin_le; [apply Bx| |apply B2]. apply le_div; [exact HP|exact M2].
Qed.
Theorem masin_ok : forall slack n a m v x, Rabs v <= 1 -> masin p slack n a = Some m -> within a v x ->
  (-1 <= x <= 1 \/ - (P + IZR slack) <= x * P <= P + IZR slack) /\ (-1 <= x <= 1 -> within m v (asin x)).
Proof.
  intros slack n a m v x Hv H Hx. unfold masin in H. chain H. destruct o as [r|].
  - injection H as <-. destruct (asin_inside_ok n a r v x Hv E Hx) as [B W]. split; [left; exact B|intros _; exact W].
  - destruct (asin_at_end_ok slack a m v x Hv H Hx) as [B W]. split; [right; exact B|exact W].
Qed.
End Models.
