(** 1/A and exp of a model A: a polynomial by a recurrence, of which nothing is proved, and a radius from what that
    polynomial leaves of the equation which defines the function. *)
Require Import Bool ZArith Reals List Lra Lia Psatz.
From Polycert Require Import core.Polynomial core.Fixed core.Number series.Model series.Calculus series.Points.
Import ListNotations.
Open Scope R_scope.

Fixpoint dot (a b : list Z) : Z := match a, b with x :: a, y :: b => x * y + dot a b | _, _ => 0 end%Z.

(** The coefficients of 1/A, the last one first. *)
Fixpoint inverse_terms (n : nat) (p first : Z) (rest q : list Z) : list Z :=
  match n with
  | O => q
  | S n =>
      let wanted := ((match q with [] => 2 ^ (2 * p) | _ => 0 end) - dot rest q)%Z in
      inverse_terms n p first rest (wanted / first :: q)%Z
  end.
Definition minv (p : Z) (n : nat) (a : model) : option model :=
  if Z.eqb (middle a) 0 then None else
  let q := rev (inverse_terms (S n) p (middle a) (tl (terms a)) []) in
  let left := norm (add [2 ^ (2 * p)]%Z (map Z.opp (product (terms a) q))) in
  let d := cdiv p (left + norm q * radius a) in
  let rest := (2 ^ p - d)%Z in
  if Z.ltb 0 rest then made p q (- (- (norm q * d) / rest))%Z else None.

(** exp of an argument that varies by more over a cell is refused. *)
Definition max_swing : Z := 32.
(** The coefficients of exp(A - a_0) but the first, the last one first: k e_k is the coefficient of v^(k-1) of A' E. *)
Fixpoint exp_terms (n : nat) (p : Z) (slope e : list Z) (k : Z) : list Z :=
  match n with
  | O => e
  | S n => exp_terms n p slope (Z.shiftr (dot slope e) p / k :: e)%Z (k + 1)
  end.
Definition mexp (p : Z) (n : nat) (a : model) : option model :=
  start <- exp_at p (middle a);; start <- enclosed p start;;
  let swing := norm (tl (terms a)) in
  if Z.ltb (Z.shiftl max_swing p) swing then None else
  let slope := deriv (terms a) in
  let e := rev (exp_terms n p slope [2 ^ p]%Z 1) in
  let left := norm (add (product slope e) (map (Z.mul (- 2 ^ p)) (deriv e))) in
  let growth := (3 ^ cdiv p (2 * swing))%Z in
  inner <- made p e (cdiv p left * growth);; value <- mmul p n inner start;;
  if Z.ltb (2 ^ p) (radius a) then None else
  made p (terms value) (radius value + cdiv p (magnitude_of value * radius a * 2)).

(** ** Soundness *)
Lemma exp_terms_begin : forall n p slope e k, exists l, exp_terms n p slope e k = l ++ e.
Proof.
  induction n as [|n IH]; intros p slope e k; cbn [exp_terms]; [exists []; reflexivity|].
  destruct (IH p slope (Z.shiftr (dot slope e) p / k :: e)%Z (k + 1)%Z) as [l E]. rewrite E.
  eexists (l ++ [_]). rewrite <- app_assoc. reflexivity.
Qed.

Section Sound.
Variable p : Z.
Hypothesis Hp : (9 <= p)%Z.
Notation P := (P p).
Notation within := (within p).
Let Hp0 : (0 <= p)%Z. Proof. lia. Qed.
Let HP : 0 < P. Proof. apply P_pos, Hp0. Qed.

Lemma two_p : IZR (2 ^ (2 * p)) = P * P.
Proof. replace (2 * p)%Z with (p + p)%Z by lia. rewrite Z.pow_add_r, mult_IZR by lia. reflexivity. Qed.

(** With D = 1 - A Q, |D| <= d < 1: A is not 0, and |1/A - Q| = |D|/|A| <= d |Q|/(1 - d). *)
Theorem minv_ok : forall n a m v x, Rabs v <= 1 -> minv p n a = Some m -> within a v x -> x <> 0 /\ within m v (/ x).
Proof.
  intros n a m v x Hv H Hx. unfold minv in H. cbv zeta in H. chain H.
  set (q := rev _) in *. set (left := norm (add _ _)) in *. set (d := cdiv p _) in *. set (S := norm q) in *.
  destruct (Z.ltb_spec 0 (2 ^ p - d)) as [L|]; [|discriminate].
  set (A := pe (terms a) v). set (Q := pe q v). unfold Model.within in Hx. fold A in Hx.
  assert (HQ : Rabs Q <= IZR S) by (apply norm_ok, Hv).
  assert (HL : Rabs (P * P - A * Q) <= IZR left).
  { pose proof (norm_ok (add [2 ^ (2 * p)]%Z (map Z.opp (product (terms a) q))) v Hv) as N. fold left in N.
    rewrite pe_add, pe_opp, pe_product in N. fold A Q in N. cbn [pe] in N. rewrite two_p in N.
    replace (P * P - A * Q) with (P * P + v * 0 + - (A * Q)) by ring. exact N. }
  set (y := Q / P). assert (EQ : Q = y * P) by (unfold y; field; lra).
  assert (HD : Rabs (1 - x * y) * P <= IZR d).
  { apply cdiv_ok; [assumption|]. rewrite plus_IZR, mult_IZR.
    replace (Rabs (1 - x * y) * P * P) with (Rabs ((1 - x * y) * (P * P))).
    2: { rewrite Rabs_mult, (Rabs_right (P * P)) by nra. ring. }
    replace ((1 - x * y) * (P * P)) with ((P * P - A * Q) - Q * (x * P - A)) by (rewrite EQ; ring).
    eapply Rle_trans; [apply Rabs_triang|]. rewrite Rabs_Ropp, Rabs_mult. apply Rplus_le_compat; [exact HL|].
    apply Rmult_le_compat; try apply Rabs_pos; assumption. }
  assert (Hd : 0 < P - IZR d) by (apply IZR_lt in L; rewrite minus_IZR in L; exact L).
  set (D := Rabs (1 - x * y)) in *. pose proof (Rabs_pos (1 - x * y)) as D0. fold D in D0.
  assert (D1 : D < 1) by nra.
  assert (Nx : x <> 0). { intros ->. unfold D in D1. rewrite Rmult_0_l, Rminus_0_r, Rabs_R1 in D1. lra. }
  split; [exact Nx|]. apply (made_ok p _ _ _ H). fold Q. apply ceil_ok; [exact L|].
  rewrite mult_IZR, minus_IZR. change (IZR (2 ^ p)) with P. rewrite EQ.
  replace (/ x * P - y * P) with (/ x * (1 - x * y) * P) by (field; exact Nx).
  rewrite !Rabs_mult, (Rabs_right P) by lra. fold D. set (X := Rabs (/ x)) in *.
  (* |x y| >= 1 - D *)
  assert (HX : X * (1 - D) <= Rabs y).
  { replace y with (/ x * (x * y)) by (field; exact Nx). rewrite Rabs_mult. fold X. apply Rmult_le_compat_l; [apply Rabs_pos|].
    unfold D. pose proof (Rabs_triang (1 - x * y) (x * y)) as T. replace (1 - x * y + x * y) with 1 in T by ring.
    rewrite Rabs_R1 in T. lra. }
  assert (HY : Rabs y * P <= IZR S) by (rewrite EQ, Rabs_mult, (Rabs_right P) in HQ by lra; exact HQ).
  pose proof (Rabs_pos (/ x)) as X0. fold X in X0.
  assert (A1 : X * (P - IZR d) <= IZR S).
  { apply Rle_trans with (X * (1 - D) * P); [|nra]. rewrite Rmult_assoc. apply Rmult_le_compat_l; lra. }
  replace (X * D * P * (P - IZR d)) with (X * (P - IZR d) * (D * P)) by ring.
  apply Rmult_le_compat; try assumption; apply Rmult_le_pos; lra.
Qed.

(** With D = E' - B' E and E(0) = 1: (E e^-B)' = D e^-B, so |E - e^B| <= |D| e^(2|B|), and e < 3. The radius multiplies
    by e^s, |s| <= 1, and |e^s - 1| <= 2 |s|. *)
Lemma exp_inner_ok : forall (b e : list Z) left, hd 0%Z b = 0%Z -> pe e 0 = P ->
  (forall c, Rabs c <= 1 -> Rabs (P * pe' e c - pe' b c * pe e c) <= left) ->
  forall swing, (forall c, Rabs c <= 1 -> Rabs (pe b c) <= swing) ->
  forall v, Rabs v <= 1 -> Rabs (exp (pe b v / P) * P - pe e v) * P <= left * exp (2 * (swing / P)).
Proof.
  intros b e left Hb He D swing HS v Hv.
  set (E := fun c => pe e c / P). set (B := fun c => pe b c / P). set (T := swing / P).
  assert (S1 : forall (l : list Z) c, derivable_pt_lim (fun c => pe l c / P) c (pe' l c / P)).
  { intros l c. unfold Rdiv. replace (pe' l c * / P) with (pe' l c * / P + pe l c * 0) by ring.
    apply (derivable_pt_lim_mult (pe l) (fun _ => / P)); [apply pe_derivable|apply derivable_pt_lim_const]. }
  assert (HB : forall c, Rabs c <= 1 -> Rabs (B c) <= T).
  { intros c Hc. unfold B, T, Rdiv. rewrite Rabs_mult, (Rabs_right (/ P)) by (apply Rle_ge, Rlt_le, Rinv_0_lt_compat, HP).
    apply Rmult_le_compat_r; [apply Rlt_le, Rinv_0_lt_compat, HP|apply HS, Hc]. }
  set (f := fun c => E c * exp (- B c)).
  set (f' := fun c => (pe' e c / P - pe' b c / P * E c) * exp (- B c)).
  assert (Df : forall c, Rabs c <= 1 -> derivable_pt_lim f c (f' c)).
  { intros c _. unfold f, f'. replace ((pe' e c / P - pe' b c / P * E c) * exp (- B c))
      with (pe' e c / P * exp (- B c) + E c * (exp (- B c) * (- (pe' b c / P)))) by ring.
    apply (derivable_pt_lim_mult E (fun c => exp (- B c))); [apply S1|].
    apply (derivable_pt_lim_comp (fun c => - B c) exp); [|apply derivable_pt_lim_exp].
    apply derivable_pt_lim_opp, S1. }
  assert (Kf : forall c, Rabs c <= 1 -> Rabs (f' c) <= left / (P * P) * exp T).
  { intros c Hc. unfold f'. rewrite Rabs_mult. apply Rmult_le_compat; try apply Rabs_pos.
    - replace (pe' e c / P - pe' b c / P * E c) with ((P * pe' e c - pe' b c * pe e c) / (P * P)) by (unfold E; field; lra).
      unfold Rdiv. rewrite Rabs_mult, (Rabs_right (/ (P * P))) by (apply Rle_ge, Rlt_le, Rinv_0_lt_compat; nra).
      apply Rmult_le_compat_r; [apply Rlt_le, Rinv_0_lt_compat; nra|apply D, Hc].
    - rewrite Rabs_right by (apply Rle_ge, Rlt_le, exp_pos). apply exp_mono. specialize (HB c Hc). apply abs_le in HB. lra. }
  pose proof (moves f f' _ v Df Kf Hv) as M.
  assert (B0 : B 0 = 0). { unfold B. rewrite pe_middle, Hb. unfold Rdiv. simpl. ring. }
  assert (F0 : f 0 = 1). { unfold f, E. rewrite He, B0, Ropp_0, exp_0. field. lra. }
  rewrite F0 in M. fold (B v).
  replace (exp (B v) * P - pe e v) with (- (exp (B v) * (f v - 1)) * P).
  2: { unfold f, E. rewrite exp_Ropp. field. split; [pose proof (exp_pos (B v)); lra|lra]. }
  rewrite Rabs_mult, Rabs_Ropp, Rabs_mult, (Rabs_right P), (Rabs_right (exp (B v))) by (try lra; apply Rle_ge, Rlt_le, exp_pos).
  replace (2 * T) with (T + T) by ring. rewrite exp_plus.
  assert (EB : exp (B v) <= exp T) by (apply exp_mono; specialize (HB v Hv); apply abs_le in HB; lra).
  assert (Z : exp (B v) * Rabs (f v - 1) <= exp T * (left / (P * P) * exp T)).
  { apply Rmult_le_compat; [apply Rlt_le, exp_pos|apply Rabs_pos|exact EB|exact M]. }
  replace (left * (exp T * exp T)) with (exp T * (left / (P * P) * exp T) * (P * P)) by (field; lra).
  replace (exp (B v) * Rabs (f v - 1) * P * P) with (exp (B v) * Rabs (f v - 1) * (P * P)) by ring.
  apply Rmult_le_compat_r; [nra|exact Z].
Qed.

Theorem mexp_ok : forall n a m v x, Rabs v <= 1 -> mexp p n a = Some m -> within a v x -> within m v (exp x).
Proof.
  intros n a m v x Hv H Hx. unfold mexp in H. chain H. cbv zeta in H. chain H. rename E into Est, E0 into Est', E1 into Esw, E2 into Ein, E3 into Eva, E4 into Era.
  set (b := (0 :: tl (terms a))%Z). set (e := rev _) in *. set (left := norm (add _ _)) in *. set (swing := norm (tl (terms a))) in *.
  assert (Eb : forall c, pe (terms a) c = IZR (middle a) + pe b c) by (intros c; rewrite pe_middle; unfold b, middle; cbn [pe]; ring).
  assert (Eb' : forall c, pe' b c = pe (deriv (terms a)) c).
  { intros c. rewrite pe_deriv. unfold b. destruct (terms a) as [|z l]; cbn [tl pe' pe]; ring. }
  assert (He : pe e 0 = P).
  { unfold e. destruct (exp_terms_begin n p (deriv (terms a)) [2 ^ p]%Z 1) as [l ->]. rewrite rev_app_distr. cbn [rev app pe].
    change (IZR (2 ^ p)) with P. ring. }
  assert (HD : forall c, Rabs c <= 1 -> Rabs (P * pe' e c - pe' b c * pe e c) <= IZR left).
  { intros c Hc. pose proof (norm_ok (add (product (deriv (terms a)) e) (map (Z.mul (- 2 ^ p)) (deriv e))) c Hc) as N.
    fold left in N. rewrite pe_add, pe_product, pe_scale, !pe_deriv, opp_IZR in N. rewrite Eb', pe_deriv. change (IZR (2 ^ p)) with P in N.
    rewrite <- Rabs_Ropp. replace (- (P * pe' e c - pe' (terms a) c * pe e c)) with (pe' (terms a) c * pe e c + - P * pe' e c) by ring.
    exact N. }
  assert (HS : forall c, Rabs c <= 1 -> Rabs (pe b c) <= IZR swing).
  { intros c Hc. unfold b. cbn [pe]. rewrite Rplus_0_l, Rabs_mult. pose proof (norm_ok (tl (terms a)) c Hc) as N. fold swing in N.
    pose proof (Rabs_pos c). pose proof (Rabs_pos (pe (tl (terms a)) c)). nra. }
  pose proof (exp_inner_ok b e (IZR left) eq_refl He HD (IZR swing) HS v Hv) as K.
  set (t := cdiv p (2 * swing)) in *.
  assert (Ht : 2 * (IZR swing / P) <= IZR t).
  { apply cdiv_ok; [assumption|]. rewrite mult_IZR. apply Req_le. field. lra. }
  pose proof (norm_nonneg (tl (terms a))) as S0. fold swing in S0. apply IZR_le in S0.
  assert (T0 : (0 <= t)%Z). { apply le_IZR. eapply Rle_trans; [|exact Ht]. apply Rmult_le_pos; [lra|]. apply Rmult_le_pos; [lra|apply Rlt_le, Rinv_0_lt_compat, HP]. }
  assert (G : exp (2 * (IZR swing / P)) <= IZR (3 ^ t)).
  { eapply Rle_trans; [apply exp_mono, Ht|]. rewrite <- (Z2Nat.id t) by assumption. rewrite <- INR_IZR_INZ.
    rewrite <- pow_IZR. apply exp_INR. }
  assert (I : within m1 v (exp (pe b v / P))).
  { apply (made_ok p _ _ _ Ein). rewrite mult_IZR. apply Rmult_le_reg_r with P; [exact HP|]. eapply Rle_trans; [exact K|].
    pose proof (norm_nonneg (add (product (deriv (terms a)) e) (map (Z.mul (- 2 ^ p)) (deriv e)))) as L0. fold left in L0.
    assert (C : IZR left / P <= IZR (cdiv p left)) by (apply cdiv_ok; [assumption|]; apply Req_le; field; lra).
    apply IZR_le in L0. assert (C' : IZR left <= IZR (cdiv p left) * P).
    { apply Rmult_le_reg_r with (/ P); [apply Rinv_0_lt_compat, HP|]. rewrite Rmult_assoc, Rinv_r by lra. lra. }
    rewrite (Rmult_assoc _ _ P), (Rmult_comm _ P), <- Rmult_assoc.
    apply Rmult_le_compat; try assumption. apply Rlt_le, exp_pos. }
  assert (St : within m0 v (exp (IZR (middle a) / P))) by (apply (enclosed_ok p _ _ Est'), exp_at_ok; assumption).
  pose proof (mmul_ok p Hp0 n _ _ _ v _ _ Hv Eva I St) as V. rewrite <- exp_plus in V.
  replace (pe b v / P + IZR (middle a) / P) with (pe (terms a) v / P) in V by (rewrite Eb; field; lra).
  set (A := pe (terms a) v / P) in *. set (s := x - A).
  assert (Hs : Rabs s * P <= IZR (radius a)).
  { replace (Rabs s * P) with (Rabs (x * P - pe (terms a) v)); [exact Hx|]. unfold s, A.
    transitivity (Rabs ((x - pe (terms a) v / P) * P)); [f_equal; field; lra|rewrite Rabs_mult, (Rabs_right P) by lra; reflexivity]. }
  assert (Ra : IZR (radius a) <= P).
  { destruct (Z.ltb_spec (2 ^ p) (radius a)) as [|L]; [discriminate|]. apply IZR_le in L. exact L. }
  assert (Hs1 : Rabs s <= 1) by nra. pose proof (exp_moves s Hs1) as M.
  pose proof (magnitude_of_ok p Hp0 _ v _ Hv V) as Mag. rewrite Rabs_right in Mag by (apply Rle_ge, Rlt_le, exp_pos).
  apply (made_ok p _ _ _ H). rewrite plus_IZR. unfold Model.within in V. set (W := pe (terms m2) v) in *.
  replace (exp x * P - W) with ((exp A * P - W) + exp A * (exp s - 1) * P).
  2: { replace x with (A + s) by (unfold s; ring). rewrite exp_plus. ring. }
  eapply Rle_trans; [apply Rabs_triang|]. apply Rplus_le_compat; [exact V|]. apply cdiv_ok; [assumption|].
  rewrite !mult_IZR, !Rabs_mult, (Rabs_right P), (Rabs_right (exp A)) by (try lra; apply Rle_ge, Rlt_le, exp_pos).
  pose proof (exp_pos A). pose proof (Rabs_pos s).
  assert (Q1 : Rabs (exp s - 1) * P <= 2 * IZR (radius a)) by nra.
  replace (exp A * Rabs (exp s - 1) * P * P) with ((exp A * P) * (Rabs (exp s - 1) * P)) by ring.
  apply Rle_trans with (IZR (magnitude_of m2) * (2 * IZR (radius a))); [|lra].
  apply Rmult_le_compat; [nra|apply Rmult_le_pos; [apply Rabs_pos|lra]|exact Mag|exact Q1].
Qed.
End Sound.
