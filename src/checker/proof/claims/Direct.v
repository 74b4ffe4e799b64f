(** The claims about p itself, over intervals of either sign: `lines` and `contraction`.

    Both expand p to one polynomial and prove pieces (R1) of an exact polynomial made from it, whose image (R2) is the
    whole bound. *)
Require Import Bool ZArith QArith Qreals Reals List Lra Lia Psatz.
From Polycert Require Import Vocabulary Statement core.Polynomial core.Fixed core.Number core.Horner core.Pieces
  core.Critical core.Image core.Cascade core.Ground claims.Argmax claims.Expand claims.Exact.
Import ListNotations.
Open Scope R_scope.

(** The pieces of G by R1, and G([from, to]) by R2, rounded outward. *)
Definition image_over (p : Z) (g : polynomial) (hint : list segment) (from to : Q) : option (pieces * itv) :=
  let f := evaluator p (snd g) (fst g) in
  match prove_pieces p f (snd g) (deriv (fst g)) hint with
  | Some ps =>
      match image_of p f ps (outward p from to) with Some i => Some (ps, i) | None => None end
  | None => None
  end.

Definition prove_part (p : Z) (q : polynomial) (hi : Q) (a : part) (hint : list segment) : bool :=
  let g := minus_line q (part_slope a) (part_intercept a) in
  below (part_from a) (part_to a)
  && match image_over p g hint (part_from a) (part_to a) with
     | Some (ps, i) =>
         Z.leb (mag i) (floor_at p hi) orelse bounded_exactly p g ps (part_from a) (part_to a) hi
     | None => false
     end.
Fixpoint prove_parts (p : Z) (q : polynomial) (hi : Q) (parts : list part) (hints : list (list segment)) : bool :=
  match parts, hints with
  | [], [] => true
  | a :: t, h :: u => prove_part p q hi a h && prove_parts p q hi t u
  | _, _ => false
  end.
(** Parts in order; where two touch, their lines meet: f is a function. *)
Definition line_at (a : part) (x : Q) : Q := (part_slope a * x + part_intercept a)%Q.
Fixpoint in_order (a : part) (parts : list part) : bool :=
  match parts with
  | [] => true
  | b :: t =>
      Qle_bool (part_to a) (part_from b)
      && (negb (Qeq_bool (part_to a) (part_from b)) || Qeq_bool (line_at a (part_to a)) (line_at b (part_to a)))
      && in_order b t
  end.
(** The error at the witness, a multiple of 2^-p, by interval evaluation; compared exactly where that leaves it open. *)
Definition witness_in (p : Z) (q : polynomial) (w : witness) (a : part) : bool :=
  let g := minus_line q (part_slope a) (part_intercept a) in
  let x := at_x w in
  Qle_bool (part_from a) x andthen Qle_bool x (part_to a)
  andthen (reaches_lo p (evaluator p (snd g) (fst g) (outward p x x)) (at_least w)
    orelse Qle_bool (at_least w) (magnitude (exact_value g x))).

Definition prove_lines (p : Z) (q : polynomial) (hints : list (list segment)) (parts : list part) (hi : Q)
  (w : witness) : bool :=
  match parts with [] => false | a :: t => in_order a t end
  && prove_parts p q hi parts hints && existsb (witness_in p q w) parts.

Definition prove_contraction (p : Z) (q : polynomial) (hints : list (list segment)) (at_ radius : Q) (order : nat)
  (hi : Q) : bool :=
  positive radius && below (hi * power radius (order - 1)) 1
  && match quotient q at_ order, hints with
     | Some g, [h] =>
         match image_over p g h (- radius) radius with
         | Some (_, i) => Z.leb (mag i) (floor_at p hi)
         | None => false
         end
     | _, _ => false
     end.

(** ** Soundness *)
Section Sound.
Variable p : Z.
Hypothesis Hp : (0 <= p)%Z.
Notation val x := (IZR x / P p).

Lemma image_over_ok : forall l d (G : R -> R) hint from to ps i, (0 < d)%Z -> (forall y, G y = pe l y / IZR d) ->
  image_over p (l, d) hint from to = Some (ps, i) ->
  proved p G ps /\ val (plo ps) <= Q2R from /\ Q2R to <= val (phi ps)
  /\ forall y, Q2R from <= y <= Q2R to -> inI p (G y) i.
Proof.
  intros l d G hint from to ps i Hd EG H. unfold image_over in H. cbn [fst snd] in H.
  destruct (prove_pieces p (evaluator p d l) d (deriv l) hint) as [ps'|] eqn:E; [|discriminate].
  destruct (image_of p (evaluator p d l) ps' (outward p from to)) as [i'|] eqn:I; [|discriminate].
  injection H as <- <-.
  assert (HG : forall y, derivable_pt_lim G y (pe (deriv l) y / IZR d)).
  { intros c eps He. destruct (deriv_derivable l d c eps He) as [del K]. exists del. intros h H1 H2.
    rewrite !EG. apply K; assumption. }
  assert (Hg : forall y Y, inI p y Y -> inI p (G y) (evaluator p d l Y)).
  { intros y Y HY. rewrite EG. apply evaluator_ok; assumption. }
  pose proof (prove_pieces_ok p Hp G (evaluator p d l) d (deriv l) Hd HG Hg _ _ E) as Hps.
  split; [exact Hps|].
  assert (Dom : (plo ps' <= floor_at p from)%Z /\ (ceil_at p to <= phi ps')%Z).
  { unfold image_of in I. cbn [outward fst snd] in I.
    destruct (Z.leb_spec (plo ps') (floor_at p from)); [|discriminate].
    destruct (Z.leb_spec (floor_at p from) (ceil_at p to)); [|discriminate].
    destruct (Z.leb_spec (ceil_at p to) (phi ps')); [|discriminate]. auto. }
  destruct Dom as [D1 D2]. apply IZR_le in D1, D2. pose proof (P_pos p Hp) as HP.
  pose proof (floor_at_ok p Hp from) as F. pose proof (ceil_at_ok p Hp to) as C.
  split; [|split].
  - apply Rmult_le_reg_r with (P p); [assumption|]. rewrite val_P by assumption. lra.
  - apply Rmult_le_reg_r with (P p); [assumption|]. rewrite val_P by assumption. lra.
  - intros y Hy. apply (image_of_ok p Hp G (evaluator p d l) Hg ps' _ _ Hps I). apply in_outward; assumption.
Qed.

Variables (q : polynomial) (f : R -> R).
Hypothesis Hq : same q f.

Lemma prove_part_ok : forall hi a hint, prove_part p q hi a hint = true ->
  forall x, on_part a x -> Rabs (f x - line a x) <= Q2R hi.
Proof.
  intros hi a hint H x Hx. unfold prove_part in H. apply andb_prop in H as [_ H].
  pose proof (minus_line_ok q f (part_slope a) (part_intercept a) Hq) as [Hd HG].
  destruct (minus_line q (part_slope a) (part_intercept a)) as [l d]. cbn [fst snd] in Hd, HG.
  set (G := fun x => f x - line a x). assert (EG : forall y, G y = pe l y / IZR d) by (intros y; symmetry; apply HG).
  destruct (image_over p (l, d) hint (part_from a) (part_to a)) as [[ps i]|] eqn:E; [|discriminate].
  destruct (image_over_ok l d G hint _ _ ps i Hd EG E) as [Hps [D1 [D2 HI]]].
  change (Rabs (G x) <= Q2R hi). apply orelse_prop in H as [H|H].
  - apply Z.leb_le in H. apply (at_most p Hp) with (mag i); [|exact H]. apply mag_ok; [assumption|]. apply HI, Hx.
  - apply (bounded_exactly_ok p Hp G l d ps (part_from a) (part_to a) hi Hd EG Hps D1 D2 H x Hx).
Qed.

Lemma prove_parts_ok : forall hi parts hints, prove_parts p q hi parts hints = true ->
  forall a x, In a parts -> on_part a x -> Rabs (f x - line a x) <= Q2R hi.
Proof.
  intros hi. induction parts as [|b t IH]; intros [|h u] H a x I Hx; simpl in H; try discriminate; [destruct I|].
  apply andb_prop in H as [H1 H2]. destruct I as [->|I]; [apply (prove_part_ok hi a h H1 x Hx)|apply (IH u H2 a x I Hx)].
Qed.

Lemma witness_in_ok : forall w a, witness_in p q w a = true ->
  on_part a (Q2R (at_x w)) /\ Q2R (at_least w) <= Rabs (f (Q2R (at_x w)) - line a (Q2R (at_x w))).
Proof.
  intros w a H. unfold witness_in in H. cbv zeta in H.
  apply andthen_prop in H as [H H3]. apply andthen_prop in H as [H1 H2]. apply Qle_ok in H1, H2.
  split; [split; assumption|].
  pose proof (minus_line_ok q f (part_slope a) (part_intercept a) Hq) as [Hd HG].
  destruct (minus_line q (part_slope a) (part_intercept a)) as [l d]. cbn [fst snd] in *.
  change (Q2R (at_least w) <= Rabs (f (Q2R (at_x w)) - (Q2R (part_slope a) * Q2R (at_x w) + Q2R (part_intercept a)))).
  rewrite <- HG. apply orelse_prop in H3 as [H3|H3].
  - apply (reaches_lo_ok p Hp) with (2 := H3). apply evaluator_ok; [assumption|exact Hd|].
    apply in_outward; [assumption|lra].
  - apply Qle_ok in H3. rewrite magnitude_ok, exact_value_ok in H3 by assumption. exact H3.
Qed.

Theorem lines_claim_ok : forall hints parts hi w, prove_lines p q hints parts hi w = true ->
  (forall a x, In a parts -> on_part a x -> Rabs (f x - line a x) <= Q2R hi)
  /\ exists a, In a parts /\ let x := Q2R (at_x w) in on_part a x /\ Q2R (at_least w) <= Rabs (f x - line a x).
Proof.
  intros hints parts hi w H. unfold prove_lines in H. apply andb_prop in H as [H HW]. apply andb_prop in H as [_ H].
  split; [exact (prove_parts_ok hi parts hints H)|].
  apply existsb_exists in HW as [a [Ia Wa]]. exists a. split; [exact Ia|]. apply witness_in_ok, Wa.
Qed.

Theorem contraction_claim_ok : forall hints at_ radius order hi,
  prove_contraction p q hints at_ radius order hi = true ->
  (forall x, Rabs (x - Q2R at_) <= Q2R radius -> Rabs (f x - Q2R at_) <= Q2R hi * Rabs (x - Q2R at_) ^ order)
  /\ Q2R hi * Q2R radius ^ (order - 1) < 1.
Proof.
  intros hints at_ radius order hi H. unfold prove_contraction in H. apply andb_prop in H as [H HQ].
  apply andb_prop in H as [_ H]. apply below_ok in H. rewrite Q2R_mult, power_ok, Q2R_1 in H. split; [|exact H].
  destruct (quotient q at_ order) as [[l d]|] eqn:E; [|discriminate].
  destruct hints as [|h [|? ?]]; try discriminate.
  destruct (image_over p (l, d) h (- radius) radius) as [[ps i]|] eqn:I; [|discriminate].
  destruct (quotient_ok q f at_ order (l, d) Hq E) as [Hd K]. cbn [fst snd] in Hd, K.
  destruct (image_over_ok l d (fun y => pe l y / IZR d) h _ _ ps i Hd (fun _ => eq_refl) I) as [_ [_ [_ HI]]].
  intros x Hx. replace x with (Q2R at_ + (x - Q2R at_)) at 1 by ring. rewrite K. set (u := x - Q2R at_) in *.
  rewrite Rabs_mult, <- RPow_abs, Rmult_comm. apply Rmult_le_compat_r; [apply pow_le, Rabs_pos|].
  apply Z.leb_le in HQ. apply (at_most p Hp) with (mag i); [|exact HQ]. apply mag_ok; [assumption|]. apply HI.
  apply abs_le in Hx. rewrite Q2R_opp. lra.
Qed.
End Sound.
