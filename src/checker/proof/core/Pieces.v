(** R1: boxes that hold all critical points, one each; elsewhere the polynomial is monotone. *)
Require Import Bool ZArith Reals List Lra Lia Psatz.
From Polycert Require Import core.Polynomial core.Descartes core.Fixed core.Horner core.Bernstein.
Import ListNotations.
Open Scope R_scope.

Definition opposite (a b : itv) : bool :=
  (Z.ltb 0 (fst a) && Z.ltb (snd b) 0) || (Z.ltb (snd a) 0 && Z.ltb 0 (fst b)).

(** A box of a hint; a box or gap with an enclosure of G over it, and whether it is a box. *)
Definition box : Type := (Z * Z)%type.
Record segment := { lo : Z; hi : Z; boxes : list box }.
Record piece := { pu : Z; pv : Z; image : itv; single : bool }.
Record pieces := { plo : Z; phi : Z; pboxes : list piece }.

(** G(m) + [-r, r] G'([u, v]). *)
Definition enclose (p : Z) (g dg : itv -> itv) (is_box : bool) (u v : Z) : option piece :=
  if Z.even u && Z.even v then
    let y := g (point (Z.shiftr (u + v) 1)) in
    if Z.eqb u v then Some {| pu := u; pv := v; image := y; single := is_box |} else
    let reach := mul_up p (Z.shiftr (v - u) 1) (mag (dg (u, v))) in
    Some {| pu := u; pv := v; image := (fst y - reach, snd y + reach)%Z; single := is_box |}
  else None.

Fixpoint prove_boxes (p : Z) (g dg : itv -> itv) (from to : Z) (bs : list box) : option (list piece) :=
  match bs with
  | [] => if Z.leb from to then Some [] else None
  | (u, v) :: r =>
      if Z.leb from u && Z.ltb u v
         && opposite (dg (point u)) (dg (point v)) then
        match enclose p g dg true u v, prove_boxes p g dg v to r with
        | Some b, Some bs => Some (b :: bs)
        | _, _ => None
        end
      else None
  end.

Definition prove_segment (p : Z) (g dg : itv -> itv) (slope : list Z) (s : segment) : option (list piece) :=
  if Z.ltb (lo s) (hi s) then
    match sign_changes p (lo s) (hi s) slope with
    | Some n => if Nat.eqb n (length (boxes s)) then prove_boxes p g dg (lo s) (hi s) (boxes s) else None
    | None => None
    end
  else None.

Fixpoint prove_segments (p : Z) (g dg : itv -> itv) (slope : list Z) (s : segment) (r : list segment)
  : option (list piece * Z) :=
  match prove_segment p g dg slope s, r with
  | Some bs, [] => Some (bs, hi s)
  | Some bs, t :: r' =>
      if Z.leb (hi s) (lo t) then
        match enclose p g dg false (hi s) (lo t), prove_segments p g dg slope t r' with
        | Some b, Some (cs, e) => Some (bs ++ b :: cs, e)
        | _, _ => None
        end
      else None
  | None, _ => None
  end.

Definition prove_pieces (p : Z) (g : itv -> itv) (d : Z) (slope : list Z) (segments : list segment)
  : option pieces :=
  match segments with
  | [] => None
  | s :: r =>
      match prove_segments p g (evaluator p d slope) slope s r with
      | Some (bs, e) => Some {| plo := lo s; phi := e; pboxes := bs |}
      | None => None
      end
  end.


(** ** Soundness *)
Section Sound.
Variable p : Z.
Hypothesis Hp : (0 <= p)%Z.
Notation P := (P p).
Notation inI := (inI p).
Notation val x := (IZR x / P).

Let val_le := val_le p Hp.
Let val_lt := val_lt p Hp.
Let val_P := val_P p Hp.

(** ** Monotone between the boxes *)
Definition mono (G : R -> R) (a b : R) : Prop :=
  (forall x y, a <= x -> x <= y -> y <= b -> G x <= G y)
  \/ (forall x y, a <= x -> x <= y -> y <= b -> G y <= G x).

(** Where the slope vanishes at one place: monotone on both sides of it. *)
Definition single_root (G : R -> R) (u v : R) : Prop :=
  forall c, u <= c <= v -> derivable_pt_lim G c 0 -> mono G u c /\ mono G c v.

Inductive good (G : R -> R) : R -> list piece -> R -> Prop :=
  | good_nil : forall a b, a <= b -> mono G a b -> good G a [] b
  | good_cons : forall a q r b, a <= val (pu q) <= val (pv q) -> mono G a (val (pu q)) ->
      (forall y, val (pu q) <= y <= val (pv q) -> inI (G y) (image q)) ->
      (single q = true -> single_root G (val (pu q)) (val (pv q))) ->
      good G (val (pv q)) r b -> good G a (q :: r) b.

Section Polynomial.
Variables (G : R -> R) (g : itv -> itv) (d : Z) (sl : list Z).
Hypothesis Hd : (0 < d)%Z.
Hypothesis HG : forall y, derivable_pt_lim G y (pe sl y / IZR d).
Hypothesis Hg : forall y Y, inI y Y -> inI (G y) (g Y).
Let dg := evaluator p d sl.

Lemma d_pos : 0 < IZR d.
Proof. apply IZR_lt. exact Hd. Qed.

Lemma slope_ok : forall y Y, inI y Y -> inI (pe sl y / IZR d) (dg Y).
Proof. intros y Y H. apply evaluator_ok; assumption. Qed.

Lemma mean_value : forall a b, a < b ->
  exists c, a < c < b /\ G b - G a = pe sl c / IZR d * (b - a).
Proof.
  intros a b Hab.
  destruct (MVT_cor2 G (fun y => pe sl y / IZR d) a b Hab) as [c [E Hc]].
  - intros c _. apply HG.
  - exists c. split; assumption.
Qed.

Lemma mono_no_root : forall a b,
  (forall y, a < y < b -> pe sl y <> 0) \/ (forall y, a < y < b -> pe sl y = 0) -> mono G a b.
Proof.
  intros a b H. pose proof d_pos as Hd'. pose proof (Rinv_0_lt_compat _ Hd').
  assert (Inc : (forall y, a < y < b -> 0 <= pe sl y) -> mono G a b).
  { intros S. left. intros x y Hx Hxy Hy. destruct (Req_dec x y) as [->|N]; [lra|].
    destruct (mean_value x y ltac:(lra)) as [c [Hc E]]. pose proof (S c ltac:(lra)).
    assert (0 <= pe sl c / IZR d * (y - x)).
    { apply Rmult_le_pos; [apply Rmult_le_pos; lra|lra]. }
    lra. }
  assert (Dec : (forall y, a < y < b -> pe sl y <= 0) -> mono G a b).
  { intros S. right. intros x y Hx Hxy Hy. destruct (Req_dec x y) as [->|N]; [lra|].
    destruct (mean_value x y ltac:(lra)) as [c [Hc E]]. pose proof (S c ltac:(lra)).
    assert (0 <= - pe sl c / IZR d * (y - x)).
    { apply Rmult_le_pos; [apply Rmult_le_pos; lra|lra]. }
    unfold Rdiv in *. lra. }
  destruct H as [H|H].
  2: { apply Inc. intros y Hy. rewrite (H y Hy). lra. }
  destruct (Rlt_dec a b) as [Hab|Hab].
  2: { apply Inc. intros y Hy. lra. }
  set (m := (a + b) / 2).
  (* the sign at m is the sign everywhere *)
  assert (Same : forall y, a < y < b -> 0 <= pe sl y * pe sl m).
  { intros y Hy. apply Rnot_lt_le. intros N.
    destruct (Rtotal_order y m) as [L|[L|L]].
    - destruct (IVT_cor (pe sl) y m (pe_continuity sl) ltac:(lra) ltac:(lra)) as [z [Hz Rz]].
      apply (H z); [unfold m in *; lra|exact Rz].
    - subst y. assert (0 <= pe sl m * pe sl m) by nra. lra.
    - destruct (IVT_cor (pe sl) m y (pe_continuity sl) ltac:(lra) ltac:(rewrite Rmult_comm; lra)) as [z [Hz Rz]].
      apply (H z); [unfold m in *; lra|exact Rz]. }
  assert (Hm : pe sl m <> 0) by (apply H; unfold m; lra).
  destruct (Rtotal_order (pe sl m) 0) as [L|[L|L]]; [|tauto|].
  - apply Dec. intros y Hy. specialize (Same y Hy). nra.
  - apply Inc. intros y Hy. specialize (Same y Hy). nra.
Qed.

(** The mean value enclosure over [u, v]. *)
Lemma enclose_ok : forall is_box u v q, (u <= v)%Z -> enclose p g dg is_box u v = Some q ->
  pu q = u /\ pv q = v /\ single q = is_box /\ forall y, val u <= y <= val v -> inI (G y) (image q).
Proof.
  intros is_box u v q Huv H. unfold enclose in H.
  destruct (Z.even u && Z.even v) eqn:Ev; [|discriminate].
  apply andb_prop in Ev as [E1 E2]. apply Z.even_spec in E1 as [a Ea], E2 as [b Eb].
  assert (Em : Z.shiftr (u + v) 1 = (a + b)%Z).
  { rewrite Z.shiftr_div_pow2 by lia. subst. replace (2 * a + 2 * b)%Z with ((a + b) * 2 ^ 1)%Z by lia.
    apply Z.div_mul. lia. }
  assert (Er : Z.shiftr (v - u) 1 = (b - a)%Z).
  { rewrite Z.shiftr_div_pow2 by lia. subst. replace (2 * b - 2 * a)%Z with ((b - a) * 2 ^ 1)%Z by lia.
    apply Z.div_mul. lia. }
  rewrite Em, Er in H.
  pose proof (Hg _ _ (in_point p Hp (a + b))) as Hm.
  pose proof (P_pos p Hp) as HP.
  destruct (Z.eqb_spec u v) as [E|N].
  - injection H as H. subst q. simpl. do 3 (split; [reflexivity|]).
    intros y Hy. rewrite <- E in Hy. replace y with (val (a + b)); [exact Hm|].
    replace (a + b)%Z with u by lia. lra.
  - injection H as H. subst q. simpl. do 3 (split; [reflexivity|]).
    intros y Hy. set (m := val (a + b)) in *.
    assert (Hu : val u = m - val (b - a)) by (unfold m; subst; rewrite mult_IZR, plus_IZR, minus_IZR; field; lra).
    assert (Hv : val v = m + val (b - a)) by (unfold m; subst; rewrite mult_IZR, plus_IZR, minus_IZR; field; lra).
    set (sup := mag (dg (u, v))).
    assert (B : Rabs (G y - G m) * P <= IZR (mul_up p (b - a) sup)).
    { destruct (Req_dec y m) as [->|Nm].
      - replace (G m - G m) with (0 * 0) by ring. rewrite Rabs_right by lra.
        apply mul_up_ok; try lra; try assumption.
        + rewrite Rmult_0_l. apply IZR_le. lia.
        + rewrite Rmult_0_l. apply IZR_le. unfold sup, mag. lia.
      - assert (X : exists c, val u <= c <= val v /\ G y - G m = pe sl c / IZR d * (y - m)).
        { destruct (Rlt_dec y m) as [L|L].
          - destruct (mean_value y m L) as [c [Hc E]]. exists c. split; [lra|]. lra.
          - destruct (mean_value m y ltac:(lra)) as [c [Hc E]]. exists c. split; [lra|]. exact E. }
        destruct X as [c [Hc E]]. rewrite E, Rabs_mult, (Rmult_comm (Rabs (pe sl c / IZR d))).
        apply mul_up_ok; try assumption; try apply Rabs_pos.
        + rewrite <- (val_P (b - a)). apply Rmult_le_compat_r; [lra|]. apply Rabs_le. lra.
        + apply mag_ok; [assumption|]. apply slope_ok. unfold Fixed.inI. simpl.
          rewrite <- (val_P u), <- (val_P v). split; apply Rmult_le_compat_r; lra. }
    unfold Fixed.inI in *. simpl. rewrite minus_IZR, plus_IZR.
    assert (Rabs (G y - G m) * P = Rabs (G y * P - G m * P)).
    { replace (G y * P - G m * P) with ((G y - G m) * P) by ring.
      rewrite Rabs_mult, (Rabs_right P) by lra. reflexivity. }
    rewrite H in B. clear H.
    pose proof (Rle_abs (G y * P - G m * P)). pose proof (Rle_abs (- (G y * P - G m * P))).
    rewrite Rabs_Ropp in *. lra.
Qed.

(** Opposite proved signs: a root strictly between, and none at the ends. *)
Lemma opposite_root : forall u v, (u < v)%Z -> opposite (dg (point u)) (dg (point v)) = true ->
  pe sl (val u) <> 0 /\ pe sl (val v) <> 0 /\ exists x, val u < x < val v /\ pe sl x = 0.
Proof.
  intros u v Huv H. pose proof d_pos as Hd'. pose proof (P_pos p Hp) as HP.
  pose proof (slope_ok _ _ (in_point p Hp u)) as [U1 U2].
  pose proof (slope_ok _ _ (in_point p Hp v)) as [V1 V2].
  pose proof (val_lt _ _ Huv) as Hlt.
  set (U := pe sl (val u)) in *. set (V := pe sl (val v)) in *.
  assert (I : 0 < / IZR d) by (apply Rinv_0_lt_compat; assumption).
  assert (Pos : forall z lo, IZR lo <= z / IZR d * P -> (0 < lo)%Z -> 0 < z).
  { intros z lo E L. apply IZR_lt in L. apply Rnot_le_lt. intros N.
    assert (z / IZR d * P <= 0) by (unfold Rdiv; assert (0 <= - z * / IZR d * P) by (repeat apply Rmult_le_pos; lra); lra).
    lra. }
  assert (Neg : forall z hi, z / IZR d * P <= IZR hi -> (hi < 0)%Z -> z < 0).
  { intros z hi E L. apply IZR_lt in L. apply Rnot_le_lt. intros N.
    assert (0 <= z / IZR d * P) by (unfold Rdiv; repeat apply Rmult_le_pos; lra). lra. }
  assert (S : (0 < U /\ V < 0) \/ (U < 0 /\ 0 < V)).
  { unfold opposite in H. apply orb_prop in H as [H|H]; apply andb_prop in H as [A B];
    apply Z.ltb_lt in A, B; [left|right]; split.
    - exact (Pos _ _ U1 A). - exact (Neg _ _ V2 B). - exact (Neg _ _ U2 A). - exact (Pos _ _ V1 B). }
  assert (N : U * V <= 0) by (destruct S; nra).
  destruct (IVT_cor (pe sl) (val u) (val v) (pe_continuity sl) ltac:(lra) N) as [x [Hx Rx]].
  split; [lra|]. split; [lra|]. exists x. split; [|exact Rx].
  assert (x <> val u) by (intros ->; fold U in Rx; lra).
  assert (x <> val v) by (intros ->; fold V in Rx; lra).
  lra.
Qed.
End Polynomial.
End Sound.
