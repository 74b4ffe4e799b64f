(** R1: boxes that are as many as the sign changes hold all roots of the slope, one each. *)
Require Import Bool ZArith Reals List Lra Lia Psatz.
From Polycert Require Import core.Polynomial core.Descartes core.Fixed core.Horner core.Bernstein core.Pieces.
Import ListNotations.
Open Scope R_scope.

Section Sound.
Variable p : Z.
Hypothesis Hp : (0 <= p)%Z.
Notation P := (P p).
Notation inI := (inI p).
Notation val x := (IZR x / P).
Notation good := (good p).
Let val_le := val_le p Hp.
Let val_lt := val_lt p Hp.

Section Polynomial.
Variables (G : R -> R) (g : itv -> itv) (d : Z) (sl : list Z).
Hypothesis Hd : (0 < d)%Z.
Hypothesis HG : forall y, derivable_pt_lim G y (pe sl y / IZR d).
Hypothesis Hg : forall y Y, inI y Y -> inI (G y) (g Y).
Let dg := evaluator p d sl.
Let d_pos := d_pos d Hd.
Let opposite_root := opposite_root p Hp d sl Hd.
Let enclose_ok := enclose_ok p Hp G g d sl Hd HG Hg.
Let mono_no_root := mono_no_root G d sl Hd HG.

Lemma inc_weaken : forall xs a a' b b', a' <= a -> b <= b' -> inc a b xs -> inc a' b' xs.
Proof.
  induction xs as [|x xs IH]; intros a a' b b' Ha Hb H; simpl in *; [trivial|].
  destruct H as [Hx H]. split; [lra|]. apply IH with x b; lra || assumption.
Qed.

(** One step of [prove_boxes]. *)
Lemma prove_boxes_cons : forall from to u v r ps, prove_boxes p g dg from to ((u, v) :: r) = Some ps ->
  exists q qs, ps = q :: qs /\ (from <= u)%Z /\ (u < v)%Z
    /\ opposite (dg (point u)) (dg (point v)) = true
    /\ enclose p g dg true u v = Some q /\ prove_boxes p g dg v to r = Some qs.
Proof.
  intros from to u v r ps H. cbn [prove_boxes] in H.
  destruct (Z.leb_spec from u); [|discriminate].
  destruct (Z.ltb_spec u v); [|discriminate].
  destruct (opposite (dg (point u)) (dg (point v))); [|discriminate]. simpl in H.
  destruct (enclose p g dg true u v) as [q|]; [|discriminate].
  destruct (prove_boxes p g dg v to r) as [qs|]; [|discriminate].
  injection H as H. exists q, qs. repeat split; auto.
Qed.

Lemma prove_boxes_nil : forall from to ps, prove_boxes p g dg from to [] = Some ps ->
  ps = [] /\ (from <= to)%Z.
Proof.
  intros from to ps H. simpl in H. destruct (Z.leb_spec from to); [|discriminate].
  injection H as H. auto.
Qed.

Lemma boxes_roots : forall bs from to ps, prove_boxes p g dg from to bs = Some ps ->
  (from <= to)%Z /\ exists xs, length xs = length bs /\ inc (val from) (val to) xs /\ roots sl xs.
Proof.
  induction bs as [|[u v] r IH]; intros from to ps H.
  - apply prove_boxes_nil in H as [_ H]. split; [assumption|]. exists []. repeat split. constructor.
  - apply prove_boxes_cons in H as [q [qs [_ [H1 [H2 [H3 [H4 H5]]]]]]].
    destruct (IH _ _ _ H5) as [L [xs [X1 [X2 X3]]]].
    destruct (opposite_root u v H2 H3) as [_ [_ [x [Hx Rx]]]].
    pose proof (val_le _ _ H1). pose proof (val_le _ _ L).
    split; [lia|]. exists (x :: xs). split; [simpl; lia|].
    split; [|constructor; assumption].
    split; [lra|]. apply inc_weaken with (val v) (val to); lra || assumption.
Qed.

(** The closed intervals outside the boxes. *)
Fixpoint gap (from to : Z) (bs : list box) (y : R) : Prop :=
  match bs with
  | [] => val from <= y <= val to
  | (u, v) :: r => val from <= y <= val u \/ gap v to r y
  end.

Lemma gap_ge : forall bs from to ps y, prove_boxes p g dg from to bs = Some ps ->
  gap from to bs y -> val from <= y.
Proof.
  induction bs as [|[u v] r IH]; intros from to ps y H Hy; [simpl in Hy; lra|].
  apply prove_boxes_cons in H as [q [qs [_ [H1 [H2 [H3 [H4 H5]]]]]]].
  pose proof (val_le _ _ H1). pose proof (val_lt _ _ H2).
  destruct Hy as [Hy|Hy]; [lra|]. pose proof (IH _ _ _ _ H5 Hy). lra.
Qed.

(** A root in a gap would be one too many. *)
Lemma extra_root : forall bs from to ps a y, prove_boxes p g dg from to bs = Some ps ->
  gap from to bs y -> a <= val from -> a < y -> y < val to -> pe sl y = 0 ->
  exists x xs, length xs = length bs /\ inc a (val to) (x :: xs) /\ roots sl (x :: xs).
Proof.
  induction bs as [|[u v] r IH]; intros from to ps a y H Hy Hf Ha Hb Ry.
  - exists y, []. repeat split; try assumption. constructor; [assumption|constructor].
  - apply prove_boxes_cons in H as [q [qs [_ [H1 [H2 [H3 [H4 H5]]]]]]].
    destruct (opposite_root u v H2 H3) as [_ [_ [x [Hx Rx]]]].
    pose proof (val_le _ _ H1).
    destruct Hy as [Hy|Hy].
    + destruct (boxes_roots _ _ _ _ H5) as [L [xs [X1 [X2 X3]]]]. pose proof (val_le _ _ L).
      exists y, (x :: xs). split; [simpl; lia|]. split.
      * split; [lra|]. split; [lra|]. apply inc_weaken with (val v) (val to); lra || assumption.
      * constructor; [assumption|]. constructor; assumption.
    + pose proof (gap_ge _ _ _ _ _ H5 Hy).
      destruct (IH v to qs x y H5 Hy ltac:(lra) ltac:(lra) Hb Ry) as [x' [xs [X1 [X2 X3]]]].
      exists x, (x' :: xs). split; [simpl; lia|]. split.
      * split; [destruct X2; lra|exact X2].
      * constructor; assumption.
Qed.

Lemma boxes_good : forall bs from to ps, prove_boxes p g dg from to bs = Some ps ->
  (forall a b, (forall y, a <= y <= b -> gap from to bs y) -> mono G a b) ->
  (forall u v, In (u, v) bs -> single_root G (val u) (val v)) ->
  good G (val from) ps (val to).
Proof.
  induction bs as [|[u v] r IH]; intros from to ps H M S.
  - apply prove_boxes_nil in H as [-> H]. apply good_nil; [apply val_le; assumption|].
    apply M. intros y Hy. exact Hy.
  - apply prove_boxes_cons in H as [q [qs [-> [H1 [H2 [H3 [H4 H5]]]]]]].
    destruct (enclose_ok true u v q ltac:(lia) H4) as [Eu [Ev [_ Hq]]].
    pose proof (val_le _ _ H1). pose proof (val_lt _ _ H2).
    apply good_cons; rewrite ?Eu, ?Ev; try assumption; try lra.
    + apply M. intros y Hy. left. exact Hy.
    + intros _. apply S. left. reflexivity.
    + apply (IH _ _ _ H5).
      * intros a b Hab. apply M. intros y Hy. right. apply Hab, Hy.
      * intros u' v' I. apply S. right. exact I.
Qed.

Lemma gap_le : forall bs from to ps y, prove_boxes p g dg from to bs = Some ps ->
  gap from to bs y -> y <= val to.
Proof.
  induction bs as [|[u v] r IH]; intros from to ps y H Hy; [simpl in Hy; lra|].
  apply prove_boxes_cons in H as [q [qs [_ [H1 [H2 [H3 [H4 H5]]]]]]].
  destruct (boxes_roots _ _ _ _ H5) as [L _].
  pose proof (val_le _ _ L). pose proof (val_lt _ _ H2).
  destruct Hy as [Hy|Hy]; [lra|]. exact (IH _ _ _ _ H5 Hy).
Qed.

(** Two roots in a box are one too many as well. *)
Lemma two_in_box : forall bs from to ps u v x y, prove_boxes p g dg from to bs = Some ps -> In (u, v) bs ->
  val u < x -> x < y -> y < val v -> pe sl x = 0 -> pe sl y = 0 ->
  exists z zs, length zs = length bs /\ inc (val from) (val to) (z :: zs) /\ roots sl (z :: zs).
Proof.
  induction bs as [|[u' v'] r IH]; intros from to ps u v x y H I Hx Hxy Hy Rx Ry; [destruct I|].
  apply prove_boxes_cons in H as [q [qs [_ [H1 [H2 [H3 [H4 H5]]]]]]].
  pose proof (val_le _ _ H1). pose proof (val_lt _ _ H2). destruct I as [I|I].
  - injection I as -> ->. destruct (boxes_roots _ _ _ _ H5) as [L [xs [X1 [X2 X3]]]]. pose proof (val_le _ _ L).
    exists x, (y :: xs). split; [simpl; lia|]. split.
    + split; [lra|]. split; [lra|]. apply inc_weaken with (val v) (val to); lra || assumption.
    + constructor; [assumption|]. constructor; assumption.
  - destruct (opposite_root u' v' H2 H3) as [_ [_ [c [Hc Rc]]]].
    destruct (IH _ _ _ _ _ _ _ H5 I Hx Hxy Hy Rx Ry) as [z [zs [Z1 [Z2 Z3]]]].
    destruct (boxes_roots _ _ _ _ H5) as [L _]. pose proof (val_le _ _ L).
    exists c, (z :: zs). split; [simpl; lia|]. split.
    + split; [destruct Z2; lra|]. apply inc_weaken with (val v') (val to); lra || assumption.
    + constructor; assumption.
Qed.

Lemma box_ends : forall bs from to ps u v, prove_boxes p g dg from to bs = Some ps -> In (u, v) bs ->
  val from <= val u /\ val v <= val to /\ pe sl (val u) <> 0 /\ pe sl (val v) <> 0.
Proof.
  induction bs as [|[u' v'] r IH]; intros from to ps u v H I; [destruct I|].
  apply prove_boxes_cons in H as [q [qs [_ [H1 [H2 [H3 [H4 H5]]]]]]].
  pose proof (val_le _ _ H1). pose proof (val_lt _ _ H2).
  destruct (boxes_roots _ _ _ _ H5) as [L _]. pose proof (val_le _ _ L). destruct I as [I|I].
  - injection I as -> ->. destruct (opposite_root u v H2 H3) as [A [B _]]. repeat split; assumption.
  - destruct (IH _ _ _ _ _ H5 I) as [A [B C]]. split; [lra|]. split; [assumption|exact C].
Qed.

(** If one root inside makes the polynomial zero on the segment, it is monotone between a and b. *)
Lemma mono_unless_zero : forall a b l h,
  (forall y, a < y < b -> l < y < h) ->
  (forall y, a < y < b -> pe sl y = 0 -> forall z, l < z < h -> pe sl z = 0) -> mono G a b.
Proof.
  intros a b l h In Any. apply mono_no_root.
  destruct (Rlt_dec a b) as [Lab|Lab]; [|left; intros y Hy; lra].
  destruct (Req_dec (pe sl ((a + b) / 2)) 0) as [Z|NZ].
  - right. intros y Hy. apply (Any ((a + b) / 2)); try lra; apply In; lra.
  - left. intros y Hy Ry. apply NZ. apply (Any y); try assumption; try apply In; lra.
Qed.

Lemma segment_good : forall s ps, prove_segment p g dg sl s = Some ps ->
  (lo s < hi s)%Z /\ good G (val (lo s)) ps (val (hi s)).
Proof.
  intros s ps H. unfold prove_segment in H.
  destruct (Z.ltb_spec (lo s) (hi s)) as [L|]; [|discriminate]. split; [assumption|].
  destruct (sign_changes p (lo s) (hi s) sl) as [n|] eqn:E; [|discriminate].
  destruct (Nat.eqb_spec n (length (boxes s))) as [En|]; [|discriminate].
  pose proof (val_lt _ _ L) as LR.
  apply (boxes_good _ _ _ _ H).
  - intros a b Hab.
    assert (In : forall y, a < y < b -> val (lo s) < y < val (hi s)).
    { intros y Hy. pose proof (gap_ge _ _ _ _ _ H (Hab a ltac:(lra))).
      pose proof (gap_le _ _ _ _ _ H (Hab b ltac:(lra))). lra. }
    apply (mono_unless_zero a b (val (lo s)) (val (hi s)) In). intros y Hy Ry.
    destruct (In y Hy) as [Y1 Y2].
    destruct (extra_root _ _ _ _ (val (lo s)) y H (Hab y ltac:(lra)) (Rle_refl _) Y1 Y2 Ry)
      as [x [xs [X1 [X2 X3]]]].
    apply (few_roots p Hp (lo s) (hi s) sl n x xs L E X2 X3). lia.
  - intros u v I c Hc Dc. destruct (box_ends _ _ _ _ _ _ H I) as [B1 [B2 [N1 N2]]].
    assert (Rc : pe sl c = 0).
    { pose proof (uniqueness_limite G c _ _ (HG c) Dc) as K. pose proof d_pos. unfold Rdiv in K.
      apply Rmult_integral in K as [K|K]; [exact K|]. exfalso. revert K. apply Rinv_neq_0_compat. lra. }
    assert (C1 : val u < c) by (destruct (Req_dec c (val u)); [subst; tauto|lra]).
    assert (C2 : c < val v) by (destruct (Req_dec c (val v)); [subst; tauto|lra]).
    assert (Zero : forall x y, val u < x -> x < y -> y < val v -> pe sl x = 0 -> pe sl y = 0 ->
      forall z, val (lo s) < z < val (hi s) -> pe sl z = 0).
    { intros x y X1 X2 X3 Rx Ry. destruct (two_in_box _ _ _ _ _ _ _ _ H I X1 X2 X3 Rx Ry) as [z [zs [Z1 [Z2 Z3]]]].
      apply (few_roots p Hp (lo s) (hi s) sl n z zs L E Z2 Z3). lia. }
    split; apply (mono_unless_zero _ _ (val (lo s)) (val (hi s))); try (intros; lra).
    + intros y Hy Ry. apply (Zero y c); try assumption; lra.
    + intros y Hy Ry. apply (Zero c y); try assumption; lra.
Qed.

Lemma good_app : forall a ps b, good G a ps b ->
  forall q r e, b = val (pu q) -> val (pu q) <= val (pv q) ->
  (forall y, val (pu q) <= y <= val (pv q) -> inI (G y) (image q)) -> single q = false ->
  good G (val (pv q)) r e -> good G a (ps ++ q :: r) e.
Proof.
  intros a ps b H. induction H as [a b Hab M|a q' r' b Hq M I S H IH]; intros q r e E Le Iq Sq Hr; simpl.
  - apply good_cons; subst; try assumption; try lra. congruence.
  - apply good_cons; try assumption. apply IH; assumption.
Qed.

Lemma segments_good : forall r s bs e, prove_segments p g dg sl s r = Some (bs, e) ->
  good G (val (lo s)) bs (val e).
Proof.
  induction r as [|t r IH]; intros s bs e H; cbn [prove_segments] in H;
  destruct (prove_segment p g dg sl s) as [ps|] eqn:S; try discriminate;
  destruct (segment_good _ _ S) as [L Gs].
  - injection H as H1 H2. subst. exact Gs.
  - destruct (Z.leb_spec (hi s) (lo t)) as [L2|]; [|discriminate].
    destruct (enclose p g dg false (hi s) (lo t)) as [q|] eqn:Q; [|discriminate].
    destruct (prove_segments p g dg sl t r) as [[cs e']|] eqn:T; [|discriminate].
    injection H as H1 H2. subst.
    destruct (enclose_ok _ _ _ _ L2 Q) as [Eu [Ev [Es Hq]]].
    apply good_app with (val (hi s)); rewrite ?Eu, ?Ev; try assumption; try reflexivity.
    + apply val_le, L2.
    + apply IH, T.
Qed.

(** R1. *)
Definition proved (ps : pieces) : Prop := good G (val (plo ps)) (pboxes ps) (val (phi ps)).

Theorem prove_pieces_ok : forall segments ps, prove_pieces p g d sl segments = Some ps -> proved ps.
Proof.
  intros [|s r] ps H; [discriminate|]. unfold prove_pieces in H. fold dg in H.
  destruct (prove_segments p g dg sl s r) as [[bs e]|] eqn:E; [|discriminate].
  injection H as H. subst. unfold proved. simpl. apply (segments_good _ _ _ _ E).
Qed.

End Polynomial.
End Sound.
