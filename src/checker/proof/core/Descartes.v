(** Descartes' rule of signs, for distinct roots: a polynomial that is not zero has at most as many
    positive roots as its coefficients have sign changes. *)
Require Import Bool ZArith Reals List Lra Lia Psatz.
From Polycert Require Import core.Polynomial.
Import ListNotations.
Open Scope R_scope.

Local Arguments Z.add : simpl never.
Local Arguments Z.sub : simpl never.
Local Arguments Z.mul : simpl never.
Local Arguments Z.opp : simpl never.
Local Arguments Z.of_nat : simpl never.

(** Sign changes after a nonzero coefficient of sign s (= 1 or -1), zeros skipped. *)
Fixpoint changes_from (s : Z) (l : list Z) : nat :=
  match l with
  | [] => O
  | c :: p =>
      if Z.eqb c 0 then changes_from s p
      else if Z.eqb (Z.sgn c) s then changes_from s p
      else S (changes_from (Z.sgn c) p)
  end.

Fixpoint changes (l : list Z) : nat :=
  match l with
  | [] => O
  | c :: p => if Z.eqb c 0 then changes p else changes_from (Z.sgn c) p
  end.

(** Strictly decreasing positive numbers below b. *)
Fixpoint dec (b : R) (xs : list R) : Prop :=
  match xs with [] => True | x :: r => 0 < x < b /\ dec x r end.

Definition roots (l : list Z) (xs : list R) : Prop := Forall (fun x => pe l x = 0) xs.

(** ** Rolle for x^-n l(x): between two roots of l there is one of x l' - n l. *)
Lemma rolle : forall n l a b, 0 < a < b -> pe l a = 0 -> pe l b = 0 ->
  exists c, a < c < b /\ pe (dl (- Z.of_nat n) l) c = 0.
Proof.
  intros n l a b [Ha Hab] Ra Rb.
  set (f' := fun c => (pe' l c * c ^ n - (INR n * c ^ pred n) * pe l c) / Rsqr (c ^ n)).
  destruct (MVT_cor2 (pe l / (fun y => y ^ n))%F f' a b Hab) as [c [E [H1 H2]]].
  { intros c [H1 H2]. apply derivable_pt_lim_div.
    - apply pe_derivable.
    - apply derivable_pt_lim_pow.
    - apply pow_nonzero. lra. }
  exists c. split; [lra|].
  unfold div_fct in E. rewrite Ra, Rb in E.
  assert (Hc : 0 < c) by lra.
  assert (Hn : c ^ n <> 0) by (apply pow_nonzero; lra).
  assert (E0 : f' c = 0).
  { apply Rmult_eq_reg_r with (b - a); [|lra]. rewrite <- E. unfold Rdiv. ring. }
  unfold f' in E0. unfold Rdiv in E0.
  assert (N : pe' l c * c ^ n - INR n * c ^ pred n * pe l c = 0).
  { apply Rmult_integral in E0 as [E0|E0]; [exact E0|].
    exfalso. revert E0. apply Rinv_neq_0_compat. intro Q. apply Rsqr_0_uniq in Q. exact (Hn Q). }
  rewrite pe_dl, opp_IZR, <- INR_IZR_INZ.
  apply Rmult_eq_reg_r with (c ^ n); [|exact Hn].
  destruct n as [|n]; [simpl in *; assert (N' : pe' l c = 0) by lra; rewrite N'; ring|]. cbn [pred pow] in *. set (k := INR (S n)) in *.
  replace ((- k * pe l c + c * pe' l c) * (c * c ^ n))
    with (c * (pe' l c * (c * c ^ n) - k * c ^ n * pe l c)) by ring.
  rewrite N. ring.
Qed.

Lemma dec_weaken : forall xs a b, a <= b -> dec a xs -> dec b xs.
Proof. intros [|x r] a b H D; simpl in *; [trivial|]. destruct D. split; [lra|assumption]. Qed.

Lemma rolle_list : forall n l r y, 0 < y -> dec y r -> roots l (y :: r) ->
  exists ys, length ys = length r /\ dec y ys /\ roots (dl (- Z.of_nat n) l) ys.
Proof.
  intros n l. induction r as [|z r IH]; intros y Hy Hd Hr.
  - exists []. repeat split. constructor.
  - destruct Hd as [Hz Hd]. inversion_clear Hr as [|? ? Ry Hr'].
    destruct (IH z (proj1 Hz) Hd Hr') as [ys [L [D R]]].
    inversion_clear Hr' as [|? ? Rz Hr''].
    destruct (rolle n l z y Hz Rz Ry) as [c [Hc Rc]].
    exists (c :: ys). split; [simpl; lia|]. split; [|constructor; assumption].
    split; [lra|]. apply dec_weaken with z; [lra|assumption].
Qed.

(** ** No sign change, no positive root. *)
Lemma no_change_from : forall s l, changes_from s l = O -> (s = 1 \/ s = -1)%Z ->
  forall x, 0 < x -> 0 <= IZR s * pe l x.
Proof.
  intros s. induction l as [|c p IH]; intros H Hs x Hx; simpl in *; [lra|].
  destruct (Z.eqb_spec c 0) as [->|Hc].
  - specialize (IH H Hs x Hx). simpl.
    replace (IZR s * (0 + x * pe p x)) with (x * (IZR s * pe p x)) by ring.
    apply Rmult_le_pos; lra.
  - destruct (Z.eqb_spec (Z.sgn c) s) as [E|E]; [|discriminate].
    specialize (IH H Hs x Hx).
    replace (IZR s * (IZR c + x * pe p x)) with (IZR (s * c) + x * (IZR s * pe p x))
      by (rewrite mult_IZR; ring).
    assert (0 <= x * (IZR s * pe p x)) by (apply Rmult_le_pos; lra).
    assert (0 <= IZR (s * c)) by (apply IZR_le; subst s; destruct c; simpl; lia).
    lra.
Qed.

Lemma no_change : forall l x, changes l = O -> 0 < x -> pe l x = 0 -> zeros l = true.
Proof.
  induction l as [|c p IH]; intros x H Hx Hr; simpl in *; [reflexivity|].
  destruct (Z.eqb_spec c 0) as [->|Hc].
  - apply (IH x H Hx). apply Rmult_eq_reg_l with x; lra.
  - exfalso.
    assert (Hs : (Z.sgn c = 1 \/ Z.sgn c = -1)%Z) by (destruct c; simpl; lia).
    pose proof (no_change_from _ _ H Hs x Hx) as N.
    assert (0 <= x * (IZR (Z.sgn c) * pe p x)) by (apply Rmult_le_pos; lra).
    assert (0 < IZR (Z.sgn c * c)) by (apply IZR_lt; destruct c; simpl; lia).
    rewrite mult_IZR in *.
    assert (IZR (Z.sgn c) * (IZR c + x * pe p x) = 0) by (rewrite Hr; ring).
    lra.
Qed.

(** ** The factors j - i, i the last index of the first group of one sign, remove one change. *)

(** [prefix s l]: the number of coefficients before the first one of the sign opposite to s. *)
Fixpoint prefix (s : Z) (l : list Z) : nat :=
  match l with
  | [] => O
  | c :: p => if Z.eqb (Z.sgn c) (- s) then O else S (prefix s p)
  end.

(** Beyond the prefix the factors are positive: nothing changes. *)
Lemma changes_from_dl_pos : forall l s k, (0 < k)%Z -> changes_from s (dl k l) = changes_from s l.
Proof.
  induction l as [|c p IH]; intros s k Hk; simpl; [reflexivity|].
  assert (Hs : Z.sgn (k * c) = Z.sgn c) by (rewrite Z.sgn_mul, (Z.sgn_pos k) by lia; lia).
  assert (Hz : Z.eqb (k * c) 0 = Z.eqb c 0)
    by (destruct (Z.eqb_spec (k * c) 0), (Z.eqb_spec c 0); try reflexivity; nia).
  rewrite Hs, Hz, !IH by lia. reflexivity.
Qed.

(** In the prefix (coefficients 0 or of sign s) the factors are at most 0: what is left has sign -s;
    after the prefix comes a coefficient of sign -s. *)
Lemma changes_from_dl : forall l s n, (s = 1 \/ s = -1)%Z ->
  changes_from s l = S n ->
  changes_from (- s) (dl (1 - Z.of_nat (prefix s l)) l) = n.
Proof.
  induction l as [|c p IH]; intros s n Hs H; simpl in *; [discriminate|].
  destruct (Z.eqb_spec (Z.sgn c) (- s)) as [E|E].
  - (* the first of sign -s; factor 1 *)
    assert (Hc : c <> 0%Z) by (intros ->; simpl in E; lia).
    destruct (Z.eqb_spec c 0); [tauto|].
    destruct (Z.eqb_spec (Z.sgn c) s); [lia|].
    change (1 - Z.of_nat 0)%Z with 1%Z. rewrite !Z.mul_1_l.
    destruct (Z.eqb_spec c 0); [tauto|].
    rewrite E, Z.eqb_refl. injection H as H. rewrite E in H.
    rewrite changes_from_dl_pos by lia. exact H.
  - set (k := (1 - Z.of_nat (S (prefix s p)))%Z).
    assert (Hk : (k <= 0)%Z) by (unfold k; lia).
    assert (Hn : (k + 1 = 1 - Z.of_nat (prefix s p))%Z) by (unfold k; lia).
    assert (H' : changes_from s p = S n).
    { destruct (Z.eqb_spec c 0); [assumption|].
      destruct (Z.eqb_spec (Z.sgn c) s); [assumption|].
      exfalso. destruct c; simpl in *; lia. }
    rewrite Hn. rewrite (IH s n Hs H').
    destruct (Z.eqb_spec (k * c) 0); [reflexivity|].
    destruct (Z.eqb_spec (Z.sgn (k * c)) (- s)) as [|F]; [reflexivity|].
    exfalso. apply F. rewrite Z.sgn_mul, (Z.sgn_neg k) by nia.
    destruct (Z.eqb_spec (Z.sgn c) s); [lia|]. destruct c; simpl in *; lia.
Qed.

(** Leading zeros and the sign of the first coefficient. *)
Fixpoint lead (l : list Z) : nat :=
  match l with [] => O | c :: p => if Z.eqb c 0 then S (lead p) else prefix (Z.sgn c) p + 1 end.

Lemma changes_dl : forall l n, changes l = S n ->
  (1 <= lead l)%nat /\ changes (dl (1 - Z.of_nat (lead l)) l) = n.
Proof.
  induction l as [|c p IH]; intros n H; simpl in *; [discriminate|].
  destruct (Z.eqb_spec c 0) as [->|Hc].
  - destruct (IH n H) as [L E]. split; [lia|].
    rewrite Z.mul_0_r. simpl. replace (1 - Z.of_nat (S (lead p)) + 1)%Z with (1 - Z.of_nat (lead p))%Z by lia.
    exact E.
  - split; [lia|].
    assert (Hs : (Z.sgn c = 1 \/ Z.sgn c = -1)%Z) by (destruct c; simpl; lia).
    set (k := (1 - Z.of_nat (prefix (Z.sgn c) p + 1))%Z).
    assert (Hk : (k <= 0)%Z) by (unfold k; lia).
    replace (k + 1)%Z with (1 - Z.of_nat (prefix (Z.sgn c) p))%Z by (unfold k; lia).
    pose proof (changes_from_dl p (Z.sgn c) n Hs H) as E.
    destruct (Z.eqb_spec (k * c) 0) as [Z0|Z0].
    + (* k = 0: the prefix is c alone, and the next coefficient has sign -s *)
      assert (Hp : prefix (Z.sgn c) p = O) by (unfold k in Z0; nia).
      rewrite Hp in *. simpl in E.
      destruct p as [|d p]; [discriminate|]. simpl in Hp, H, E |- *.
      destruct (Z.eqb_spec (Z.sgn d) (- Z.sgn c)) as [F|F]; [|discriminate].
      assert (Hd : d <> 0%Z) by (intros ->; simpl in F; lia).
      change (1 - 0)%Z with 1%Z in *. rewrite Z.mul_1_l in *.
      destruct (Z.eqb_spec d 0); [tauto|].
      rewrite F, Z.eqb_refl in E. rewrite F. exact E.
    + replace (Z.sgn (k * c)) with (- Z.sgn c)%Z; [exact E|].
      rewrite Z.sgn_mul, (Z.sgn_neg k) by nia. lia.
Qed.

(** A factor j - i vanishes for j = i alone: if all products are zero, so is all but one coefficient,
    and a monomial has no positive root. *)
Lemma zeros_dl_pos : forall l k, (0 < k)%Z -> zeros (dl k l) = true -> zeros l = true.
Proof.
  induction l as [|d q IHq]; intros k Hk H; simpl in *; [reflexivity|].
  apply andb_prop in H as [Ha Hb]. apply Z.eqb_eq in Ha.
  rewrite (IHq (k + 1)%Z) by (lia || assumption).
  assert (d = 0%Z) by nia. subst. reflexivity.
Qed.

Lemma zeros_dl : forall l k x, zeros (dl k l) = true -> 0 < x -> pe l x = 0 -> zeros l = true.
Proof.
  induction l as [|c p IH]; intros k x H Hx Hr; simpl in *; [reflexivity|].
  apply andb_prop in H as [H1 H2]. apply Z.eqb_eq in H1.
  destruct (Z.eqb_spec c 0) as [->|Hc].
  - apply (IH (k + 1)%Z x H2 Hx). apply Rmult_eq_reg_l with x; lra.
  - exfalso. assert (Hk : k = 0%Z) by nia. subst k.
    assert (Hp : zeros p = true) by (apply (zeros_dl_pos p (0 + 1)); [lia|assumption]).
    rewrite (pe_zeros p x Hp) in Hr. assert (IZR c <> 0) by (apply not_0_IZR; assumption). lra.
Qed.

Theorem descartes : forall n l x xs, changes l = n ->
  0 < x -> dec x xs -> roots l (x :: xs) -> (n <= length xs)%nat -> zeros l = true.
Proof.
  induction n as [|n IH]; intros l x xs H Hx Hd Hr Hl.
  - inversion_clear Hr. apply (no_change l x); assumption.
  - destruct (changes_dl l n H) as [L E].
    destruct (rolle_list (lead l - 1) l xs x Hx Hd Hr) as [ys [Ly [Dy Ry]]].
    replace (- Z.of_nat (lead l - 1))%Z with (1 - Z.of_nat (lead l))%Z in Ry by lia.
    destruct ys as [|y ys]; [simpl in Ly; lia|].
    inversion_clear Hr as [|? ? Rx _].
    apply zeros_dl with (1 - Z.of_nat (lead l))%Z x; try assumption.
    destruct Dy as [Hy Dy].
    apply (IH _ y ys E); try assumption; try lra. simpl in Ly. lia.
Qed.
