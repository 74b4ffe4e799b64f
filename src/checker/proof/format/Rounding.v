(** Section 2.1 of the format: coefficients as a program holds them, correctly rounded. *)
Require Import Bool ZArith QArith Qreals Reals List Lra Lia Psatz.
From Polycert Require Import Vocabulary.
Import ListNotations.
Open Scope R_scope.

(** The integer nearest to n/d, ties to even. *)
Definition nearest_even (n d : Z) : Z :=
  let (floor, rest) := Z.div_eucl n d in
  match (2 * rest ?= d)%Z with
  | Lt => floor
  | Gt => (floor + 1)%Z
  | Eq => if Z.even floor then floor else (floor + 1)%Z
  end.

(** The multiple of 2^q nearest to x. *)
Definition round_at (q : Z) (x : Q) : Q :=
  if Z.leb 0 q then Qmake (nearest_even (Qnum x) (Zpos (Qden x) * 2 ^ q) * 2 ^ q) 1
  else Qmake (nearest_even (Qnum x * 2 ^ (- q)) (Zpos (Qden x))) (Z.to_pos (2 ^ (- q))).

(** Whether 2^e <= |x|. *)
Definition reaches (e : Z) (x : Q) : bool :=
  if Z.leb 0 e then Z.leb (Zpos (Qden x) * 2 ^ e) (Z.abs (Qnum x))
  else Z.leb (Zpos (Qden x)) (Z.abs (Qnum x) * 2 ^ (- e)).
(** The lengths of numerator and denominator give the exponent or one more; it is confirmed below. *)
Definition exponent (x : Q) : Z :=
  let e := (Z.log2 (Z.abs (Qnum x)) - Z.log2 (Zpos (Qden x)))%Z in if reaches e x then e else (e - 1)%Z.

Definition round_floating (digits least top : Z) (x : Q) : option Q :=
  if Z.eqb (Qnum x) 0 then Some 0%Q else
  let e := exponent x in
  if reaches e x && negb (reaches (e + 1) x) then
    let y := round_at (Z.max (e - digits + 1) least) x in
    if reaches top y then None else Some y
  else None.

Definition round_coefficient (c : mode) (x : Q) : option Q :=
  match c with
  | Exact => Some x
  | F64 => round_floating 53 (-1074) 1024 x
  | F32 => round_floating 24 (-149) 128 x
  | FixedPoint bits => Some (round_at (- bits) x)
  end.

Fixpoint round_all (c : mode) (l : list Q) : option (list Q) :=
  match l with
  | [] => Some []
  | x :: t => match round_coefficient c x, round_all c t with Some y, Some u => Some (y :: u) | _, _ => None end
  end.
Definition hold (c : mode) (a : component) : option component :=
  match round_all c (coefficients a) with
  | Some l => Some {| chebyshev := chebyshev a; scale := scale a; offset := offset a; coefficients := l |}
  | None => None
  end.
Fixpoint hold_all (c : mode) (l : list component) : option (list component) :=
  match l with
  | [] => Some []
  | x :: t => match hold c x, hold_all c t with Some y, Some u => Some (y :: u) | _, _ => None end
  end.

(** ** Soundness *)
Lemma power_of_2 : forall q, (0 <= q)%Z -> powerRZ 2 q = IZR (2 ^ q).
Proof.
  intros q H. rewrite <- (Z2Nat.id q H), <- pow_powerRZ, <- pow_IZR. reflexivity.
Qed.
Lemma power_pos : forall q, 0 < powerRZ 2 q.
Proof. intros q. apply powerRZ_lt. lra. Qed.
Lemma power_opp : forall q, powerRZ 2 q * powerRZ 2 (- q) = 1.
Proof. intros q. rewrite <- powerRZ_add by lra. rewrite Z.add_opp_diag_r. reflexivity. Qed.

Lemma nearest_even_ok : forall n d, (0 < d)%Z ->
  Rabs (IZR n / IZR d - IZR (nearest_even n d)) <= / 2
  /\ (Rabs (IZR n / IZR d - IZR (nearest_even n d)) = / 2 -> Z.even (nearest_even n d) = true).
Proof.
  intros n d Hd. unfold nearest_even. pose proof (Z_div_mod n d ltac:(lia)) as H.
  destruct (Z.div_eucl n d) as [f t]. destruct H as [E [T1 T2]].
  assert (HD : 0 < IZR d) by (apply IZR_lt; lia).
  assert (D : IZR n / IZR d = IZR f + IZR t / IZR d) by (rewrite E, plus_IZR, mult_IZR; field; lra).
  rewrite D. apply IZR_le in T1. apply IZR_lt in T2.
  assert (K : IZR t / IZR d * IZR d = IZR t) by (field; lra). set (k := IZR t / IZR d) in *.
  assert (K0 : 0 <= k) by (apply Rmult_le_reg_r with (IZR d); lra).
  assert (Even : forall z, Z.even z = false -> Z.even (z + 1) = true).
  { intros z Hz. rewrite Z.add_1_r, Z.even_succ, <- Z.negb_even, Hz. reflexivity. }
  destruct (Z.compare_spec (2 * t) d) as [C|C|C].
  - apply (f_equal IZR) in C. rewrite mult_IZR in C.
    assert (k = / 2) by (apply Rmult_eq_reg_r with (IZR d); lra).
    destruct (Z.even f) eqn:F.
    + replace (IZR f + k - IZR f) with (/ 2) by lra. rewrite Rabs_right by lra. split; [lra|auto].
    + rewrite plus_IZR. replace (IZR f + k - (IZR f + 1)) with (- / 2) by lra.
      rewrite Rabs_Ropp, Rabs_right by lra. split; [lra|auto].
  - apply IZR_lt in C. rewrite mult_IZR in C.
    assert (k < / 2) by (apply Rmult_lt_reg_r with (IZR d); lra).
    replace (IZR f + k - IZR f) with k by ring. rewrite Rabs_right by lra. split; [lra|intros; lra].
  - apply IZR_lt in C. rewrite mult_IZR in C.
    assert (/ 2 < k) by (apply Rmult_lt_reg_r with (IZR d); lra).
    assert (k < 1) by (apply Rmult_lt_reg_r with (IZR d); lra).
    rewrite plus_IZR. replace (IZR f + k - (IZR f + 1)) with (- (1 - k)) by ring.
    rewrite Rabs_Ropp, Rabs_right by lra. split; [lra|intros; lra].
Qed.

Lemma Q2R_make : forall n d, (0 < d)%Z -> Q2R (Qmake n (Z.to_pos d)) = IZR n / IZR d.
Proof. intros n d H. unfold Q2R. simpl. rewrite Z2Pos.id by assumption. reflexivity. Qed.

Theorem round_at_ok : forall q x, nearest q (Q2R x) (Q2R (round_at q x)).
Proof.
  intros q x.
  assert (G : exists n d, (0 < d)%Z /\ Q2R x = IZR n / IZR d * powerRZ 2 q
    /\ Q2R (round_at q x) = IZR (nearest_even n d) * powerRZ 2 q).
  { assert (HX : 0 < IZR (Zpos (Qden x))) by (apply IZR_lt; lia).
    unfold round_at. destruct (Z.leb_spec 0 q) as [H|H].
    - assert (HP : (0 < 2 ^ q)%Z) by (apply Z.pow_pos_nonneg; lia). pose proof (IZR_lt _ _ HP).
      exists (Qnum x), (Zpos (Qden x) * 2 ^ q)%Z. rewrite power_of_2 by assumption. split; [lia|split].
      + unfold Q2R. rewrite mult_IZR. field. split; lra.
      + unfold Q2R. simpl. rewrite mult_IZR. field.
    - assert (HP : (0 < 2 ^ (- q))%Z) by (apply Z.pow_pos_nonneg; lia).
      pose proof (IZR_lt _ _ HP). pose proof (power_opp q) as I. rewrite (power_of_2 (- q)) in I by lia.
      assert (I' : powerRZ 2 q = / IZR (2 ^ (- q))).
      { apply Rmult_eq_reg_r with (IZR (2 ^ (- q))); [|lra]. rewrite I. field. lra. }
      exists (Qnum x * 2 ^ (- q))%Z, (Zpos (Qden x)). rewrite I'. split; [lia|split].
      + unfold Q2R. rewrite mult_IZR. field. split; lra.
      + rewrite Q2R_make by assumption. reflexivity. }
  destruct G as [n [d [Hd [-> ->]]]]. pose proof (nearest_even_ok n d Hd) as [N1 N2].
  exists (nearest_even n d). split; [reflexivity|].
  pose proof (power_pos q) as HP.
  rewrite <- Rmult_minus_distr_r, Rabs_mult, (Rabs_right (powerRZ 2 q)) by lra.
  replace (q - 1)%Z with (q + -1)%Z by ring. rewrite powerRZ_add by lra.
  replace (powerRZ 2 (-1)) with (/ 2) by (simpl; field).
  split.
  - rewrite Rmult_comm. apply Rmult_le_compat_l; lra.
  - intros E. apply N2. apply Rmult_eq_reg_r with (powerRZ 2 q); lra.
Qed.

Lemma reaches_ok : forall e x, reaches e x = true <-> powerRZ 2 e <= Rabs (Q2R x).
Proof.
  intros e x. assert (HX : 0 < IZR (Zpos (Qden x))) by (apply IZR_lt; lia).
  assert (E : Rabs (Q2R x) * IZR (Zpos (Qden x)) = IZR (Z.abs (Qnum x))).
  { rewrite abs_IZR. replace (IZR (Qnum x)) with (Q2R x * IZR (Zpos (Qden x))) by (unfold Q2R; field; lra).
    rewrite Rabs_mult, (Rabs_right (IZR (Zpos (Qden x)))) by lra. reflexivity. }
  set (D := IZR (Zpos (Qden x))) in *. set (X := Rabs (Q2R x)) in *.
  assert (S : forall t, t <= X <-> t * D <= IZR (Z.abs (Qnum x))).
  { intros t. rewrite <- E. split; intros H; [apply Rmult_le_compat_r; lra|apply Rmult_le_reg_r with D; assumption]. }
  unfold reaches. rewrite S. destruct (Z.leb_spec 0 e) as [H|H]; rewrite Z.leb_le.
  - rewrite power_of_2 by assumption. unfold D. rewrite Rmult_comm, <- mult_IZR.
    split; [apply IZR_le|apply le_IZR].
  - pose proof (power_opp e) as I. pose proof (power_pos e). pose proof (power_pos (- e)).
    assert (Q : powerRZ 2 e * D <= IZR (Z.abs (Qnum x)) <-> D <= IZR (Z.abs (Qnum x)) * powerRZ 2 (- e)).
    { split; intros L.
      - apply Rmult_le_reg_l with (powerRZ 2 e); [assumption|]. 
        replace (powerRZ 2 e * (IZR (Z.abs (Qnum x)) * powerRZ 2 (- e)))
          with (IZR (Z.abs (Qnum x)) * (powerRZ 2 e * powerRZ 2 (- e))) by ring. rewrite I. lra.
      - apply Rmult_le_reg_r with (powerRZ 2 (- e)); [assumption|].
        replace (powerRZ 2 e * D * powerRZ 2 (- e)) with (D * (powerRZ 2 e * powerRZ 2 (- e))) by ring.
        rewrite I. lra. }
    rewrite Q. rewrite power_of_2 by lia. unfold D. rewrite <- mult_IZR. split; [apply IZR_le|apply le_IZR].
Qed.

Lemma round_floating_ok : forall digits least top x y, round_floating digits least top x = Some y ->
  floating digits least top (Q2R x) (Q2R y).
Proof.
  intros digits least top x y H. unfold round_floating in H.
  destruct (Z.eqb_spec (Qnum x) 0) as [Z|_].
  - injection H as <-. unfold floating. assert (X : Q2R 0 = 0) by (unfold Q2R; simpl; lra). rewrite X, Rabs_R0.
    split; [apply power_pos|]. left. split; [|reflexivity]. unfold Q2R. rewrite Z. lra.
  - destruct (reaches (exponent x) x && negb (reaches (exponent x + 1) x)) eqn:E; [|discriminate].
    apply andb_prop in E as [E1 E2]. apply reaches_ok in E1. apply negb_true_iff in E2.
    set (z := round_at _ x) in H. destruct (reaches top z) eqn:T; [discriminate|]. injection H as <-.
    assert (Not : forall e x, reaches e x = false -> Rabs (Q2R x) < powerRZ 2 e).
    { intros e' x' F. apply Rnot_le_lt. intros L. apply reaches_ok in L. congruence. }
    split; [apply Not, T|]. right. exists (exponent x). split; [split; [exact E1|apply Not, E2]|].
    apply round_at_ok.
Qed.

Theorem round_coefficient_ok : forall c x y, round_coefficient c x = Some y -> rounded c (Q2R x) (Q2R y).
Proof.
  intros [| | |bits] x y H; simpl in *.
  - congruence.
  - apply round_floating_ok, H.
  - apply round_floating_ok, H.
  - injection H as <-. apply round_at_ok.
Qed.

Lemma hold_ok : forall c a h, hold c a = Some h -> held c a h.
Proof.
  intros c a h H. unfold hold in H. destruct (round_all c (coefficients a)) as [l|] eqn:E; [|discriminate].
  injection H as <-. unfold held. simpl. repeat split. revert l E.
  induction (coefficients a) as [|x t IH]; intros l E; simpl in E.
  - injection E as <-. constructor.
  - destruct (round_coefficient c x) as [y|] eqn:Y; [|discriminate].
    destruct (round_all c t) as [u|]; [|discriminate]. injection E as <-.
    constructor; [apply round_coefficient_ok, Y|apply IH; reflexivity].
Qed.

Theorem hold_all_ok : forall c l hs, hold_all c l = Some hs -> Forall2 (held c) l hs.
Proof.
  intros c. induction l as [|a t IH]; intros hs H; simpl in H.
  - injection H as <-. constructor.
  - destruct (hold c a) as [h|] eqn:E; [|discriminate].
    destruct (hold_all c t) as [u|]; [|discriminate]. injection H as <-.
    constructor; [apply hold_ok, E|apply IH; reflexivity].
Qed.

(** ** There is one such number, so that a statement about held coefficients is about these alone *)
Lemma nearest_unique : forall q x y z, nearest q x y -> nearest q x z -> y = z.
Proof.
  intros q x y z [m [-> [M1 M2]]] [n [-> [N1 N2]]].
  pose proof (power_pos q) as HP. set (P := powerRZ 2 q) in *.
  assert (H : powerRZ 2 (q - 1) = P / 2).
  { replace (q - 1)%Z with (q + -1)%Z by ring. rewrite powerRZ_add by lra. fold P. simpl. field. }
  rewrite H in *.
  assert (Step : forall a b : Z, Rabs (x - IZR a * P) <= P / 2 -> Rabs (x - IZR b * P) <= P / 2 -> (a < b)%Z ->
    b = (a + 1)%Z /\ Rabs (x - IZR a * P) = P / 2 /\ Rabs (x - IZR b * P) = P / 2).
  { intros a b A B L. unfold Rabs in *.
    assert (L1 : IZR a + 1 <= IZR b) by (rewrite <- plus_IZR; apply IZR_le; lia).
    assert (L2 : P <= (IZR b - IZR a) * P) by nra.
    assert (E : (IZR b - IZR a) * P <= P) by (destruct (Rcase_abs (x - IZR a * P)), (Rcase_abs (x - IZR b * P)); lra).
    assert (D : IZR b - IZR a = 1) by (apply Rmult_eq_reg_r with P; lra).
    split; [apply eq_IZR; rewrite plus_IZR; lra|].
    destruct (Rcase_abs (x - IZR a * P)), (Rcase_abs (x - IZR b * P)); split; nra. }
  destruct (Z.lt_trichotomy m n) as [L|[->|L]]; [|reflexivity|].
  - destruct (Step m n M1 N1 L) as [E [A B]]. specialize (M2 A). specialize (N2 B). subst n.
    rewrite Z.add_1_r, Z.even_succ, <- Z.negb_even, M2 in N2. discriminate.
  - destruct (Step n m N1 M1 L) as [E [A B]]. specialize (M2 B). specialize (N2 A). subst m.
    rewrite Z.add_1_r, Z.even_succ, <- Z.negb_even, N2 in M2. discriminate.
Qed.

Lemma power_lt : forall a b, powerRZ 2 a < powerRZ 2 b -> (a < b)%Z.
Proof.
  intros a b H. apply Z.nle_gt. intros L.
  replace a with (b + (a - b))%Z in H by ring. rewrite powerRZ_add, (power_of_2 (a - b)) in H by (lra || lia).
  assert (1 <= IZR (2 ^ (a - b))) by (apply IZR_le; pose proof (Z.pow_pos_nonneg 2 (a - b)); lia).
  pose proof (power_pos b). nra.
Qed.

Theorem rounded_unique : forall c x y z, rounded c x y -> rounded c x z -> y = z.
Proof.
  assert (F : forall digits least top x y z, floating digits least top x y -> floating digits least top x z -> y = z).
  { intros digits least top x y z [_ Hy] [_ Hz].
    assert (Zero : forall e, x = 0 -> powerRZ 2 e <= Rabs x -> False).
    { intros e -> H. rewrite Rabs_R0 in H. pose proof (power_pos e). lra. }
    destruct Hy as [[X ->]|[e [[E1 E2] Hy]]], Hz as [[X' ->]|[k [[K1 K2] Hz]]]; try reflexivity;
      try (exfalso; eapply Zero; eassumption).
    assert (e < k + 1)%Z by (apply power_lt; lra). assert (k < e + 1)%Z by (apply power_lt; lra).
    replace k with e in Hz by lia. apply (nearest_unique _ _ _ _ Hy Hz). }
  intros [| | |bits] x y z Hy Hz; simpl in *.
  - congruence.
  - apply (F _ _ _ _ _ _ Hy Hz).
  - apply (F _ _ _ _ _ _ Hy Hz).
  - apply (nearest_unique _ _ _ _ Hy Hz).
Qed.
