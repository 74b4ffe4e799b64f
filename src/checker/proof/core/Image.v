(** R2: the image of an interval under a polynomial with proved pieces. *)
Require Import Bool ZArith Reals List Lra Lia Psatz.
From Polycert Require Import core.Polynomial core.Fixed core.Horner core.Pieces core.Critical.
Import ListNotations.
Open Scope R_scope.

(** R2. *)
Fixpoint meet (l h : Z) (bs : list piece) (acc : itv) : itv :=
  match bs with
  | [] => acc
  | b :: r =>
      if Z.ltb (pv b) l then meet l h r acc
      else if Z.ltb h (pu b) then acc
      else meet l h r (hull acc (image b))
  end.

Definition image_of (p : Z) (g : itv -> itv) (ps : pieces) (y : itv) : option itv :=
  if Z.leb (plo ps) (fst y) && Z.leb (fst y) (snd y) && Z.leb (snd y) (phi ps) then
    let a := g (point (fst y)) in
    if Z.eqb (fst y) (snd y) then Some a
    else Some (meet (fst y) (snd y) (pboxes ps) (hull a (g (point (snd y)))))
  else None.

(** ** Soundness *)
Section Sound.
Variable p : Z.
Hypothesis Hp : (0 <= p)%Z.
Notation P := (P p).
Notation inI := (inI p).
Notation val x := (IZR x / P).

Notation good := (good p).
Notation proved := (proved p).
Let val_le := val_le p Hp.
Let val_lt := val_lt p Hp.
Let val_P := val_P p Hp.

Section Polynomial.
Variables (G : R -> R) (g : itv -> itv).
Hypothesis Hg : forall y Y, inI y Y -> inI (G y) (g Y).

(** R2. *)
Lemma meet_acc : forall l h bs acc x, inI x acc -> inI x (meet l h bs acc).
Proof.
  intros l h. induction bs as [|q r IH]; intros acc x H; simpl; [exact H|].
  destruct (Z.ltb (pv q) l); [apply IH, H|]. destruct (Z.ltb h (pu q)); [exact H|].
  apply IH, in_hull_l, H.
Qed.

Lemma inI_convex : forall x y z a, x <= y <= z -> inI x a -> inI z a -> inI y a.
Proof.
  intros x y z a H [X1 X2] [Z1 Z2]. pose proof (P_pos p Hp).
  assert (x * P <= y * P) by (apply Rmult_le_compat_r; lra).
  assert (y * P <= z * P) by (apply Rmult_le_compat_r; lra).
  unfold Fixed.inI in *. lra.
Qed.

Lemma mono_between : forall a b x y z A, mono G a b -> a <= x -> x <= y <= z -> z <= b ->
  inI (G x) A -> inI (G z) A -> inI (G y) A.
Proof.
  intros a b x y z A [M|M] H1 H2 H3 HX HZ.
  - apply inI_convex with (G x) (G z); try assumption. split; apply M; lra.
  - apply inI_convex with (G z) (G x); try assumption. split; apply M; lra.
Qed.

Lemma meet_ok : forall l h a bs b, good G a bs b -> forall acc y,
  val l <= y <= val h -> a <= y <= b -> val h <= b ->
  inI (G (val l)) acc -> inI (G (val h)) acc -> (val l < a -> inI (G a) acc) ->
  inI (G y) (meet l h bs acc).
Proof.
  intros l h a bs b H.
  induction H as [a b Hab M|a q r b Hq M I _ H IH]; intros acc y Hy Hay Hhb Hl Hh Ha; simpl.
  - destruct (Rlt_dec (val l) a) as [C|C].
    + apply (mono_between a b a y (val h)); try lra; auto.
    + apply (mono_between a b (val l) y (val h)); try lra; auto.
  - destruct (Z.ltb_spec (pv q) l) as [C1|C1]; [|destruct (Z.ltb_spec h (pu q)) as [C2|C2]].
    + (* the box is left of l *)
      pose proof (val_lt _ _ C1). apply IH; try lra; try assumption.

    + (* the box is right of h *)
      pose proof (val_lt _ _ C2).
      destruct (Rlt_dec (val l) a) as [C|C].
      * apply (mono_between a (val (pu q)) a y (val h)); try lra; auto.
      * apply (mono_between a (val (pu q)) (val l) y (val h)); try lra; auto.
    + pose proof (val_le _ _ C1). pose proof (val_le _ _ C2).
      destruct (Rle_dec y (val (pu q))) as [D|D]; [|destruct (Rle_dec y (val (pv q))) as [D'|D']].
      * apply meet_acc.
        assert (U : inI (G (val (pu q))) (hull acc (image q))) by (apply in_hull_r, I; lra).
        destruct (Rlt_dec (val l) a) as [C|C].
        -- apply (mono_between a (val (pu q)) a y (val (pu q))); try lra; auto. apply in_hull_l; auto.
        -- apply (mono_between a (val (pu q)) (val l) y (val (pu q))); try lra; auto. apply in_hull_l; auto.
      * apply meet_acc, in_hull_r, I. lra.
      * apply IH; try lra.
        -- apply in_hull_l, Hl.
        -- apply in_hull_l, Hh.
        -- intros _. apply in_hull_r, I. lra.
Qed.

Theorem image_of_ok : forall ps Y Z, proved G ps -> image_of p g ps Y = Some Z ->
  forall y, inI y Y -> inI (G y) Z.
Proof.
  intros ps [l h] Z Hps H y [Y1 Y2]. unfold image_of in H. simpl in *.
  pose proof (P_pos p Hp) as HP.
  destruct (Z.leb_spec (plo ps) l) as [A|]; [|discriminate].
  destruct (Z.leb_spec l h) as [B|]; [|discriminate].
  destruct (Z.leb_spec h (phi ps)) as [C|]; [|discriminate]. simpl in H.
  pose proof (val_le _ _ A). pose proof (val_le _ _ B). pose proof (val_le _ _ C).
  assert (Hy : val l <= y <= val h).
  { rewrite <- (val_P l) in Y1. rewrite <- (val_P h) in Y2.
    split; apply Rmult_le_reg_r with P; assumption. }
  destruct (Z.eqb_spec l h) as [E|E]; injection H as H; subst Z.
  - subst h. replace y with (val l) by lra. apply Hg, in_point, Hp.
  - apply (meet_ok _ _ _ _ _ Hps); try lra.
    + apply in_hull_l, Hg, in_point, Hp.
    + apply in_hull_r, Hg, in_point, Hp.
Qed.
End Polynomial.
End Sound.
