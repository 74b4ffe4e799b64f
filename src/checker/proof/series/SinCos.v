(** sin and cos of a model. *)
Require Import Bool ZArith Reals List Lra Lia Psatz.
From Polycert Require Import core.Polynomial core.Fixed core.Number series.Model series.Calculus series.Points
  series.Elementary series.Turns series.Integrals.
Import ListNotations.
Open Scope R_scope.

(** The coefficients of sin A and cos A, the last ones first: k s_k is the coefficient of v^(k-1) of A' C, k c_k that of
    - A' S. *)
Fixpoint turn_terms (n : nat) (p : Z) (slope s c : list Z) (k : Z) : list Z * list Z :=
  match n with
  | O => (s, c)
  | S n => turn_terms n p slope (Z.shiftr (dot slope c) p / k :: s)%Z (Z.shiftr (- dot slope s) p / k :: c)%Z (k + 1)
  end.
Definition msin_cos (p : Z) (n : nat) (a : model) : option (model * model) :=
  start <- sin_cos_at p (middle a);; sin <- enclosed p (fst start);; cos <- enclosed p (snd start);;
  let slope := deriv (terms a) in
  let (s, c) := turn_terms n p slope [middle sin] [middle cos] 1 in
  let s := rev s in let c := rev c in
  let left_s := norm (add (product slope c) (map (Z.mul (- 2 ^ p)) (deriv s))) in
  let left_c := norm (add (product slope s) (map (Z.mul (2 ^ p)) (deriv c))) in
  let r := (cdiv p (left_s + left_c) + radius sin + radius cos + radius a)%Z in
  s <- made p s r;; c <- made p c r;; Some (s, c).

(** ** Soundness *)
Lemma turn_terms_begin : forall n p slope s c k, exists l m, turn_terms n p slope s c k = (l ++ s, m ++ c).
Proof.
  induction n as [|n IH]; intros p slope s c k; cbn [turn_terms]; [exists [], []; reflexivity|].
  destruct (IH p slope (Z.shiftr (dot slope c) p / k :: s)%Z (Z.shiftr (- dot slope s) p / k :: c)%Z (k + 1)%Z) as [l [m E]].
  rewrite E. exists (l ++ [Z.shiftr (dot slope c) p / k])%Z, (m ++ [Z.shiftr (- dot slope s) p / k])%Z.
  rewrite <- !app_assoc. reflexivity.
Qed.

Lemma slope_moves : forall f f' x y, (forall z, derivable_pt_lim f z (f' z)) -> (forall z, Rabs (f' z) <= 1) ->
  Rabs (f x - f y) <= Rabs (x - y).
Proof.
  intros f f' x y D B. assert (A : forall x y, x < y -> Rabs (f y - f x) <= Rabs (y - x)).
  { intros u w L. destruct (MVT_cor2 f f' u w L) as [z [E _]]; [intros; apply D|]. rewrite E, Rabs_mult.
    specialize (B z). pose proof (Rabs_pos (w - u)). nra. }
  destruct (Rtotal_order x y) as [L|[->|L]].
  - rewrite Rabs_minus_sym, (Rabs_minus_sym x). apply A, L.
  - rewrite !Rminus_diag_eq by reflexivity. lra.
  - apply A, L.
Qed.
Lemma sin_size : forall x, Rabs (sin x) <= 1.
Proof. intros x. pose proof (SIN_bound x). apply Rabs_le. lra. Qed.
Lemma cos_size : forall x, Rabs (cos x) <= 1.
Proof. intros x. pose proof (COS_bound x). apply Rabs_le. lra. Qed.

Lemma seen_moves : forall x y d f : R, Rabs x <= d -> Rabs y <= f -> forall z, Rabs (x * cos z + y * sin z) <= d + f.
Proof.
  intros x y d f Hx Hy z. eapply Rle_trans; [apply Rabs_triang|]. rewrite !Rabs_mult.
  pose proof (cos_size z). pose proof (sin_size z). pose proof (Rabs_pos x). pose proof (Rabs_pos y).
  pose proof (Rabs_pos (cos z)). pose proof (Rabs_pos (sin z)). nra.
Qed.

(** The errors (e, g) of (S, C) obey e' = A' g + D, g' = - A' e + F: the vector turns with A, and seen from a frame that
    turns with it, it moves by D and F alone. *)
Section Errors.
Variables (A A' S S' C C' : R -> R).
Hypothesis HA : forall c, derivable_pt_lim A c (A' c).
Hypothesis HS : forall c, derivable_pt_lim S c (S' c).
Hypothesis HC : forall c, derivable_pt_lim C c (C' c).
Variables d f : R.
Hypothesis Hd : forall c, Rabs c <= 1 -> Rabs (S' c - A' c * C c) <= d.
Hypothesis Hf : forall c, Rabs c <= 1 -> Rabs (C' c + A' c * S c) <= f.

Lemma derived : forall (h : R -> R) c l l', derivable_pt_lim h c l -> l = l' -> derivable_pt_lim h c l'.
Proof. intros h c l l' H <-. exact H. Qed.
Lemma angle_slope : forall w c, derivable_pt_lim (fun c => w - A c) c (- A' c).
Proof.
  intros w c. apply (derived _ _ (0 - A' c)); [|ring].
  apply (derivable_pt_lim_minus (fun _ => w) A); [apply derivable_pt_lim_const|apply HA].
Qed.
Lemma error_slopes : forall c,
  derivable_pt_lim (fun c => S c - sin (A c)) c (A' c * (C c - cos (A c)) + (S' c - A' c * C c))
  /\ derivable_pt_lim (fun c => C c - cos (A c)) c (- A' c * (S c - sin (A c)) + (C' c + A' c * S c)).
Proof.
  intros c. split.
  - apply (derived _ _ (S' c - cos (A c) * A' c)); [|ring]. apply (derivable_pt_lim_minus S (fun c => sin (A c))); [apply HS|].
    apply (derivable_pt_lim_comp A sin); [apply HA|apply derivable_pt_lim_sin].
  - apply (derived _ _ (C' c - - sin (A c) * A' c)); [|ring]. apply (derivable_pt_lim_minus C (fun c => cos (A c))); [apply HC|].
    apply (derivable_pt_lim_comp A cos); [apply HA|apply derivable_pt_lim_cos].
Qed.
Lemma errors_ok : forall v, Rabs v <= 1 ->
  Rabs (S v - sin (A v)) <= Rabs (S 0 - sin (A 0)) + Rabs (C 0 - cos (A 0)) + (d + f)
  /\ Rabs (C v - cos (A v)) <= Rabs (S 0 - sin (A 0)) + Rabs (C 0 - cos (A 0)) + (d + f).
Proof.
  intros v Hv. set (e := fun c => S c - sin (A c)). set (g := fun c => C c - cos (A c)). set (w := A v).
  set (D := fun c => S' c - A' c * C c). set (F := fun c => C' c + A' c * S c).
  assert (De : forall c, derivable_pt_lim e c (A' c * g c + D c)) by (intros c; apply error_slopes).
  assert (Dg : forall c, derivable_pt_lim g c (- A' c * e c + F c)) by (intros c; apply error_slopes).
  assert (Dc : forall c, derivable_pt_lim (fun c => cos (w - A c)) c (- sin (w - A c) * - A' c))
    by (intros c; apply (derivable_pt_lim_comp (fun c => w - A c) cos); [apply angle_slope|apply derivable_pt_lim_cos]).
  assert (Ds : forall c, derivable_pt_lim (fun c => sin (w - A c)) c (cos (w - A c) * - A' c))
    by (intros c; apply (derivable_pt_lim_comp (fun c => w - A c) sin); [apply angle_slope|apply derivable_pt_lim_sin]).
  assert (Size : forall z, Rabs (e 0 * cos z + g 0 * sin z) <= Rabs (e 0) + Rabs (g 0)).
  { intros z. eapply Rle_trans; [apply Rabs_triang|]. rewrite !Rabs_mult.
    pose proof (cos_size z). pose proof (sin_size z). pose proof (Rabs_pos (e 0)). pose proof (Rabs_pos (g 0)). nra. }
  assert (Size' : forall z, Rabs (g 0 * cos z + - (e 0 * sin z)) <= Rabs (e 0) + Rabs (g 0)).
  { intros z. eapply Rle_trans; [apply Rabs_triang|]. rewrite Rabs_Ropp, !Rabs_mult.
    pose proof (cos_size z). pose proof (sin_size z). pose proof (Rabs_pos (e 0)). pose proof (Rabs_pos (g 0)). nra. }
  split.
  - pose proof (moves (fun c => e c * cos (w - A c) + g c * sin (w - A c))
      (fun c => D c * cos (w - A c) + F c * sin (w - A c)) (d + f) v) as M. cbv beta in M.
    replace (w - A v) with 0 in M by (unfold w; ring). rewrite cos_0, sin_0, Rmult_1_r, Rmult_0_r, Rplus_0_r in M.
    assert (M' : Rabs (e v - (e 0 * cos (w - A 0) + g 0 * sin (w - A 0))) <= d + f).
    { apply M; [| |exact Hv].
      - intros c _. apply (derived _ _ (((A' c * g c + D c) * cos (w - A c) + e c * (- sin (w - A c) * - A' c))
          + ((- A' c * e c + F c) * sin (w - A c) + g c * (cos (w - A c) * - A' c)))); [|ring].
        apply (derivable_pt_lim_plus (fun c => e c * cos (w - A c)) (fun c => g c * sin (w - A c))).
        + apply (derivable_pt_lim_mult e (fun c => cos (w - A c))); [apply De|apply Dc].
        + apply (derivable_pt_lim_mult g (fun c => sin (w - A c))); [apply Dg|apply Ds].
      - intros c Hc. apply seen_moves; [apply Hd, Hc|apply Hf, Hc]. }
    specialize (Size (w - A 0)). change (Rabs (e v) <= Rabs (e 0) + Rabs (g 0) + (d + f)). apply abs_le in M', Size. apply Rabs_le. lra.
  - pose proof (moves (fun c => g c * cos (w - A c) + - (e c * sin (w - A c)))
      (fun c => F c * cos (w - A c) + - (D c * sin (w - A c))) (d + f) v) as M. cbv beta in M.
    replace (w - A v) with 0 in M by (unfold w; ring). rewrite cos_0, sin_0, Rmult_1_r, Rmult_0_r, Ropp_0, Rplus_0_r in M.
    assert (M' : Rabs (g v - (g 0 * cos (w - A 0) + - (e 0 * sin (w - A 0)))) <= d + f).
    { apply M; [| |exact Hv].
      - intros c _. apply (derived _ _ (((- A' c * e c + F c) * cos (w - A c) + g c * (- sin (w - A c) * - A' c))
          + - ((A' c * g c + D c) * sin (w - A c) + e c * (cos (w - A c) * - A' c)))); [|ring].
        apply (derivable_pt_lim_plus (fun c => g c * cos (w - A c)) (fun c => - (e c * sin (w - A c)))).
        + apply (derivable_pt_lim_mult g (fun c => cos (w - A c))); [apply Dg|apply Dc].
        + apply (derivable_pt_lim_opp (fun c => e c * sin (w - A c))).
          apply (derivable_pt_lim_mult e (fun c => sin (w - A c))); [apply De|apply Ds].
      - intros c Hc. rewrite <- Ropp_mult_distr_l_reverse, (Rplus_comm d). apply seen_moves; [apply Hf, Hc|].
        rewrite Rabs_Ropp. apply Hd, Hc. }
    specialize (Size' (w - A 0)). change (Rabs (g v) <= Rabs (e 0) + Rabs (g 0) + (d + f)). apply abs_le in M', Size'. apply Rabs_le. lra.
Qed.
End Errors.

Section Sound.
Variable p : Z.
Hypothesis Hp : (9 <= p)%Z.
Notation P := (P p).
Notation within := (within p).
Let Hp0 : (0 <= p)%Z. Proof. lia. Qed.
Let HP : 0 < P. Proof. apply P_pos, Hp0. Qed.

Theorem msin_cos_ok : forall n a s c v x, Rabs v <= 1 -> msin_cos p n a = Some (s, c) -> within a v x ->
  within s v (sin x) /\ within c v (cos x).
Proof.
  intros n a ms mc v x Hv H Hx. unfold msin_cos in H. chain H. rename E into Est, E0 into Esi, E1 into Eco. destruct p0 as [is ic]. cbn [fst snd] in *.
  cbv zeta in H. destruct (sin_cos_at_ok p _ _ _ Hp0 Est) as [Si Co].
  destruct (turn_terms_begin n p (deriv (terms a)) [middle m] [middle m0] 1) as [l [l' El]]. rewrite El in H. cbv iota in H.
  set (s := rev (l ++ [middle m])) in *. set (c := rev (l' ++ [middle m0])) in *.
  set (ls := norm (add (product _ c) _)) in *. set (lc := norm (add (product _ s) _)) in *. set (r := (_ + _ + _ + radius a)%Z) in *.
  chain H. injection H as <- <-.
  set (A := fun z => pe (terms a) z / P). set (A' := fun z => pe (deriv (terms a)) z / P).
  set (S := fun z => pe s z / P). set (S' := fun z => pe (deriv s) z / P). set (C := fun z => pe c z / P). set (C' := fun z => pe (deriv c) z / P).
  set (d := IZR ls / (P * P)). set (f := IZR lc / (P * P)).
  assert (Sc : forall z w, Rabs (z / (P * P)) <= w / (P * P) <-> Rabs z <= w).
  { intros z w. unfold Rdiv. rewrite Rabs_mult, (Rabs_right (/ (P * P))) by (apply Rle_ge, Rlt_le, Rinv_0_lt_compat; nra).
    assert (0 < / (P * P)) by (apply Rinv_0_lt_compat; nra). split; intros K; [apply Rmult_le_reg_r with (/ (P * P)); assumption|apply Rmult_le_compat_r; lra]. }
  assert (Hd : forall z, Rabs z <= 1 -> Rabs (S' z - A' z * C z) <= d).
  { intros z Hz. pose proof (norm_ok (add (product (deriv (terms a)) c) (map (Z.mul (- 2 ^ p)) (deriv s))) z Hz) as N. fold ls in N.
    rewrite pe_add, pe_product, pe_scale, opp_IZR in N. change (IZR (2 ^ p)) with P in N.
    unfold d. replace (S' z - A' z * C z) with (- (pe (deriv (terms a)) z * pe c z + - P * pe (deriv s) z) / (P * P)) by (unfold S', A', C; field; lra).
    apply Sc. rewrite Rabs_Ropp. exact N. }
  assert (Hf : forall z, Rabs z <= 1 -> Rabs (C' z + A' z * S z) <= f).
  { intros z Hz. pose proof (norm_ok (add (product (deriv (terms a)) s) (map (Z.mul (2 ^ p)) (deriv c))) z Hz) as N. fold lc in N.
    rewrite pe_add, pe_product, pe_scale in N. change (IZR (2 ^ p)) with P in N.
    unfold f. replace (C' z + A' z * S z) with ((pe (deriv (terms a)) z * pe s z + P * pe (deriv c) z) / (P * P)) by (unfold C', A', S; field; lra).
    apply Sc. exact N. }
  destruct (errors_ok A A' S S' C C' (polynomial_slope p _) (polynomial_slope p _) (polynomial_slope p _) d f Hd Hf v Hv) as [ES EC].
  assert (A0 : A 0 = IZR (middle a) / P) by (unfold A, middle; rewrite pe_middle; f_equal; ring).
  assert (Start : forall (q : model) (l : list Z) (i : itv) y, enclosed p i = Some q -> inI p y i ->
    Rabs (pe (rev (l ++ [middle q])) 0 / P - y) * P <= IZR (radius q)).
  { intros q l0 i y Eq Hy. pose proof (enclosed_ok p _ _ Eq 0 _ Hy) as W. unfold Model.within in W. rewrite pe_middle, Rmult_0_l, Rplus_0_r in W.
    fold (middle q) in W. rewrite rev_app_distr. cbn [rev app pe]. rewrite Rmult_0_l, Rplus_0_r.
    rewrite <- (Rabs_right P) at 2 by lra. rewrite <- Rabs_mult. rewrite Rabs_minus_sym in W.
    replace ((IZR (middle q) / P - y) * P) with (IZR (middle q) - y * P) by (field; lra). exact W. }
  pose proof (Start m l _ _ Esi Si) as S0. pose proof (Start m0 l' _ _ Eco Co) as C0. fold s in S0. fold c in C0.
  change (pe s 0 / P) with (S 0) in S0. change (pe c 0 / P) with (C 0) in C0. rewrite <- A0 in S0, C0.
  assert (Left : (d + f) * P <= IZR (cdiv p (ls + lc))).
  { apply cdiv_ok; [assumption|]. rewrite plus_IZR. unfold d, f. apply Req_le. field. lra. }
  assert (Hax : Rabs (x - A v) * P <= IZR (radius a)).
  { replace (Rabs (x - A v) * P) with (Rabs (x * P - pe (terms a) v)); [exact Hx|].
    transitivity (Rabs ((x - A v) * P)); [unfold A; f_equal; field; lra|rewrite Rabs_mult, (Rabs_right P) by lra; reflexivity]. }
  assert (All : forall (l : list Z) q (y z : R), made p l r = Some q ->
    Rabs (pe l v / P - z) <= Rabs (S 0 - sin (A 0)) + Rabs (C 0 - cos (A 0)) + (d + f) -> Rabs (y - z) <= Rabs (x - A v) -> within q v y).
  { intros l0 q y z Eq B Y. apply (made_ok p _ _ _ Eq). unfold r. rewrite !plus_IZR.
    replace (y * P - pe l0 v) with ((y - z) * P + - ((pe l0 v / P - z) * P)) by (field; lra).
    eapply Rle_trans; [apply Rabs_triang|]. rewrite Rabs_Ropp, !Rabs_mult, (Rabs_right P) by lra. nra. }
  split.
  - apply (All s m1 (sin x) (sin (A v)) E ES). apply (slope_moves sin cos); [apply derivable_pt_lim_sin|apply cos_size].
  - apply (All c m2 (cos x) (cos (A v)) E0 EC). apply (slope_moves cos (fun z => - sin z)); [apply derivable_pt_lim_cos|].
    intros z. rewrite Rabs_Ropp. apply sin_size.
Qed.
End Sound.
