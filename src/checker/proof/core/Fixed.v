(** Section 3 of the format: intervals whose ends are integers over 2^p, rounded outward. *)
Require Import Bool ZArith Reals List Lra Lia Psatz.
Import ListNotations.
Open Scope R_scope.

Definition itv : Type := (Z * Z)%type.

(** Floor and ceiling of x / 2^p. *)
Definition fdiv (p x : Z) : Z := Z.shiftr x p.
Definition cdiv (p x : Z) : Z := (- Z.shiftr (- x) p)%Z.

Definition point (x : Z) : itv := (x, x).
Definition iadd (a b : itv) : itv := (fst a + fst b, snd a + snd b)%Z.
Definition isub (a b : itv) : itv := (fst a - snd b, snd a - fst b)%Z.
Definition ineg (a : itv) : itv := (- snd a, - fst a)%Z.
Definition ihalf (a : itv) : itv := (Z.shiftr (fst a) 1, Z.shiftr (snd a + 1) 1).
Definition mag (a : itv) : Z := Z.max (Z.abs (fst a)) (Z.abs (snd a)).
Definition mig (a : itv) : Z :=
  if Z.ltb 0 (fst a) then fst a else if Z.ltb (snd a) 0 then (- snd a)%Z else 0%Z.
Definition hull (a b : itv) : itv := (Z.min (fst a) (fst b), Z.max (snd a) (snd b)).

(** The least and the greatest product, by the signs of the factors. *)
Definition products (a b : itv) : itv :=
  let (al, ah) := a in let (bl, bh) := b in
  if Z.leb 0 al then
    if Z.leb 0 bl then (al * bl, ah * bh)%Z
    else if Z.leb bh 0 then (ah * bl, al * bh)%Z
    else (ah * bl, ah * bh)%Z
  else if Z.leb ah 0 then
    if Z.leb 0 bl then (al * bh, ah * bl)%Z
    else if Z.leb bh 0 then (ah * bh, al * bl)%Z
    else (al * bh, al * bl)%Z
  else
    if Z.leb 0 bl then (al * bh, ah * bh)%Z
    else if Z.leb bh 0 then (ah * bl, al * bl)%Z
    else (Z.min (al * bh) (ah * bl), Z.max (al * bl) (ah * bh))%Z.

Definition imul (p : Z) (a b : itv) : itv :=
  let (l, h) := products a b in (fdiv p l, cdiv p h).
Definition isqr (p : Z) (a : itv) : itv :=
  (fdiv p (mig a * mig a), cdiv p (mag a * mag a)).
Definition mul_up (p a b : Z) : Z := cdiv p (a * b).

(** ** Soundness *)
Section Sound.
Variable p : Z.
Hypothesis Hp : (0 <= p)%Z.
Definition P : R := IZR (2 ^ p).

Lemma P_pos : 0 < P.
Proof. apply IZR_lt, Z.pow_pos_nonneg; lia. Qed.

(** x is in the interval. *)
Definition inI (x : R) (a : itv) : Prop := IZR (fst a) <= x * P <= IZR (snd a).

Lemma fdiv_ok : forall x (X : R), IZR x <= X * P -> IZR (fdiv p x) <= X.
Proof.
  intros x X H. unfold fdiv. rewrite Z.shiftr_div_pow2 by assumption.
  assert (D : (2 ^ p * (x / 2 ^ p) <= x)%Z) by (apply Z.mul_div_le, Z.pow_pos_nonneg; lia).
  apply IZR_le in D. rewrite mult_IZR in D. fold P in D. pose proof P_pos.
  apply Rmult_le_reg_r with P; [assumption|]. lra.
Qed.

Lemma cdiv_ok : forall x (X : R), X * P <= IZR x -> X <= IZR (cdiv p x).
Proof.
  intros x X H. unfold cdiv. rewrite opp_IZR.
  assert (IZR (fdiv p (- x)) <= - X) by (apply fdiv_ok; rewrite opp_IZR; lra).
  unfold fdiv in *. lra.
Qed.

Lemma in_point : forall x, inI (IZR x / P) (point x).
Proof. intros x. unfold inI, point, Rdiv. simpl. rewrite Rmult_assoc, Rinv_l by (pose proof P_pos; lra). lra. Qed.

Lemma in_iadd : forall x y a b, inI x a -> inI y b -> inI (x + y) (iadd a b).
Proof. unfold inI, iadd. intros x y [al ah] [bl bh]. simpl. rewrite !plus_IZR. lra. Qed.

Lemma in_isub : forall x y a b, inI x a -> inI y b -> inI (x - y) (isub a b).
Proof. unfold inI, isub. intros x y [al ah] [bl bh]. simpl. rewrite !minus_IZR. lra. Qed.

Lemma in_ineg : forall x a, inI x a -> inI (- x) (ineg a).
Proof. unfold inI, ineg. intros x [al ah]. simpl. rewrite !opp_IZR. lra. Qed.

Lemma in_ihalf : forall x a, inI x a -> inI (x / 2) (ihalf a).
Proof.
  unfold inI, ihalf. intros x [al ah] [H1 H2]. simpl in *.
  rewrite !Z.shiftr_div_pow2 by lia. change (2 ^ 1)%Z with 2%Z.
  assert (A : (2 * (al / 2) <= al)%Z) by (apply Z.mul_div_le; lia).
  assert (B : (ah <= 2 * ((ah + 1) / 2))%Z) by (pose proof (Z.div_mod (ah + 1) 2); pose proof (Z.mod_pos_bound (ah + 1) 2); lia).
  apply IZR_le in A, B. rewrite mult_IZR in A, B. lra.
Qed.

Lemma in_hull_l : forall x a b, inI x a -> inI x (hull a b).
Proof.
  unfold inI, hull. intros x [al ah] [bl bh] H. simpl in *.
  pose proof (IZR_le _ _ (Z.le_min_l al bl)). pose proof (IZR_le _ _ (Z.le_max_l ah bh)). lra.
Qed.

Lemma in_hull_r : forall x a b, inI x b -> inI x (hull a b).
Proof.
  unfold inI, hull. intros x [al ah] [bl bh] H. simpl in *.
  pose proof (IZR_le _ _ (Z.le_min_r al bl)). pose proof (IZR_le _ _ (Z.le_max_r ah bh)). lra.
Qed.

Lemma mag_ok : forall x a, inI x a -> Rabs x * P <= IZR (mag a).
Proof.
  unfold inI, mag. intros x [al ah] H. simpl in *. pose proof P_pos.
  replace (Rabs x * P) with (Rabs (x * P)) by (rewrite Rabs_mult, (Rabs_right P) by lra; reflexivity).
  pose proof (IZR_le _ _ (Z.le_max_l (Z.abs al) (Z.abs ah))).
  pose proof (IZR_le _ _ (Z.le_max_r (Z.abs al) (Z.abs ah))).
  rewrite !abs_IZR in *.
  apply Rabs_le. unfold Rabs in *. destruct (Rcase_abs (IZR al)), (Rcase_abs (IZR ah)); lra.
Qed.

Lemma mig_ok : forall x a, inI x a -> IZR (mig a) <= Rabs x * P.
Proof.
  unfold inI, mig. intros x [al ah] H. simpl in *. pose proof P_pos.
  replace (Rabs x * P) with (Rabs (x * P)) by (rewrite Rabs_mult, (Rabs_right P) by lra; reflexivity).
  destruct (Z.ltb_spec 0 al) as [L|L]; [pose proof (Rle_abs (x * P)); lra|].
  destruct (Z.ltb_spec ah 0) as [M|M].
  - rewrite opp_IZR. pose proof (Rle_abs (- (x * P))). rewrite Rabs_Ropp in *. lra.
  - apply Rabs_pos.
Qed.

Lemma products_ok : forall a b X Y, IZR (fst a) <= X <= IZR (snd a) -> IZR (fst b) <= Y <= IZR (snd b) ->
  IZR (fst (products a b)) <= X * Y <= IZR (snd (products a b)).
Proof.
  intros [al ah] [bl bh] X Y HX HY. simpl in HX, HY. unfold products.
  destruct (Z.leb_spec 0 al) as [A|A]; [|destruct (Z.leb_spec ah 0) as [A'|A']];
  (destruct (Z.leb_spec 0 bl) as [B|B]; [|destruct (Z.leb_spec bh 0) as [B'|B']]); simpl.
  all: repeat match goal with H : (_ <= _)%Z |- _ => apply IZR_le in H | H : (_ < _)%Z |- _ => apply IZR_lt in H end.
  all: rewrite ?mult_IZR.
  9: { pose proof (IZR_le _ _ (Z.le_min_l (al * bh) (ah * bl))).
       pose proof (IZR_le _ _ (Z.le_min_r (al * bh) (ah * bl))).
       pose proof (IZR_le _ _ (Z.le_max_l (al * bl) (ah * bh))).
       pose proof (IZR_le _ _ (Z.le_max_r (al * bl) (ah * bh))).
       rewrite !mult_IZR in *.
       destruct (Rle_dec 0 X); destruct (Rle_dec 0 Y); split; nra. }
  all: split; nra.
Qed.

Lemma in_imul : forall x y a b, inI x a -> inI y b -> inI (x * y) (imul p a b).
Proof.
  intros x y a b Ha Hb. pose proof (products_ok a b _ _ Ha Hb) as H. unfold imul.
  destruct (products a b) as [l h]. unfold inI. simpl in *.
  split; [apply fdiv_ok | apply cdiv_ok];
    replace (x * y * P * P) with (x * P * (y * P)) by ring; apply H.
Qed.

Lemma in_isqr : forall x a, inI x a -> inI (x * x) (isqr p a).
Proof.
  intros x a H. unfold isqr, inI. simpl. pose proof P_pos.
  pose proof (mig_ok _ _ H) as L. pose proof (mag_ok _ _ H) as U.
  assert (M0 : 0 <= IZR (mig a)).
  { unfold mig. destruct (Z.ltb_spec 0 (fst a)); [apply IZR_le; lia|].
    destruct (Z.ltb_spec (snd a) 0); [apply IZR_le; lia|lra]. }
  assert (A0 : 0 <= Rabs x * P) by (apply Rmult_le_pos; [apply Rabs_pos|lra]).
  assert (E : x * x * P * P = (Rabs x * P) * (Rabs x * P)).
  { replace (x * x) with (Rabs x * Rabs x); [ring|].
    rewrite <- Rabs_mult, Rabs_right by nra. reflexivity. }
  split; [apply fdiv_ok | apply cdiv_ok]; rewrite E, mult_IZR; nra.
Qed.

Lemma mul_up_ok : forall a b (X Y : R), 0 <= X -> 0 <= Y -> X * P <= IZR a -> Y * P <= IZR b ->
  X * Y * P <= IZR (mul_up p a b).
Proof.
  intros a b X Y HX HY Ha Hb. pose proof P_pos. unfold mul_up. apply cdiv_ok.
  rewrite mult_IZR. replace (X * Y * P * P) with (X * P * (Y * P)) by ring.
  apply Rmult_le_compat; try assumption; apply Rmult_le_pos; lra.
Qed.

Lemma val_le : forall x y, (x <= y)%Z -> (IZR x / P) <= (IZR y / P).
Proof.
  intros x y H. apply IZR_le in H. pose proof (P_pos). unfold Rdiv.
  apply Rmult_le_compat_r; [apply Rlt_le, Rinv_0_lt_compat; lra|lra].
Qed.
Lemma val_lt : forall x y, (x < y)%Z -> (IZR x / P) < (IZR y / P).
Proof.
  intros x y H. apply IZR_lt in H. pose proof (P_pos). unfold Rdiv.
  apply Rmult_lt_compat_r; [apply Rinv_0_lt_compat; lra|lra].
Qed.
Lemma val_P : forall x, (IZR x / P) * P = IZR x.
Proof. intros x. pose proof (P_pos). field. lra. Qed.

End Sound.
