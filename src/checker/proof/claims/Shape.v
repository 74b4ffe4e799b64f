(** The piecewise linear functions that p itself may approximate, as lines between their kinks. *)
Require Import Bool ZArith QArith Qreals Reals List Lra Lia Psatz.
From Polycert Require Import Vocabulary Statement core.Number.
Import ListNotations.
Open Scope R_scope.

(** The end of a region: a kink, which belongs to it unless the function jumps there. *)
Inductive edge := Beyond | At (kink : Q) | Off (kink : Q).
(** slope and intercept between two ends. *)
Record region := { region_from : edge; region_to : edge; region_slope : Q; region_intercept : Q }.
Definition reg (a b : edge) (slope intercept : Q) : region :=
  {| region_from := a; region_to := b; region_slope := slope; region_intercept := intercept |}.

Definition two (left right : Q) (kink : Q) : list region :=
  [reg Beyond (Off kink) 0 left; reg (Off kink) Beyond 0 right].
Definition ramps (left right : Q) : list region := [reg Beyond (At 0) left 0; reg (At 0) Beyond right 0].
Definition clips (lower upper : Q) : list region :=
  if below lower upper then
    [reg Beyond (At lower) 0 lower; reg (At lower) (At upper) 1 0; reg (At upper) Beyond 0 upper]
  else [].
Definition regions (f : shape) : list region :=
  match f with
  | SignShape => two (-1) 1 0
  | StepShape => two 0 1 0
  | BitShape => two 0 1 (1 # 2)
  | ReluShape => ramps 0 1
  | LeakyReluShape slope => ramps slope 1
  | AbsShape => ramps (-1) 1
  | ClipShape lower upper => clips lower upper
  | Relu6Shape => clips 0 (inject_Z 6)
  end.

Definition right_of (a : edge) (x : Q) : bool :=
  match a with Beyond => true | At k => Qle_bool k x | Off k => below k x end.
Definition left_of (a : edge) (x : Q) : bool :=
  match a with Beyond => true | At k => Qle_bool x k | Off k => below x k end.
Definition in_region (a : part) (b : region) : bool :=
  right_of (region_from b) (part_from a) && left_of (region_to b) (part_to a)
  && Qeq_bool (part_slope a) (region_slope b) && Qeq_bool (part_intercept a) (region_intercept b).
(** Whether the part lies between neighbouring kinks, and has the line there. *)
Definition holds_part (f : shape) (a : part) : bool := existsb (in_region a) (regions f).

(** ** Soundness *)
Definition past (a : edge) (x : R) : Prop := match a with Beyond => True | At k => Q2R k <= x | Off k => Q2R k < x end.
Definition before (a : edge) (x : R) : Prop := match a with Beyond => True | At k => x <= Q2R k | Off k => x < Q2R k end.

Lemma Q2R_opp1 : Q2R (-1) = -1.
Proof. unfold Q2R. simpl. field. Qed.

Lemma regions_ok : forall f b, In b (regions f) -> forall x, past (region_from b) x -> before (region_to b) x ->
  shape_at f x = Q2R (region_slope b) * x + Q2R (region_intercept b).
Proof.
  assert (Two : forall l r k (g : R -> R), (forall x, x < Q2R k -> g x = Q2R l) -> (forall x, Q2R k < x -> g x = Q2R r) ->
    forall b, In b (two l r k) -> forall x, past (region_from b) x -> before (region_to b) x ->
    g x = Q2R (region_slope b) * x + Q2R (region_intercept b)).
  { intros l r k g Hl Hr b Hb x H1 H2. destruct Hb as [<-|[<-|[]]]; simpl in *; rewrite Q2R_0;
      [rewrite Hl by assumption|rewrite Hr by assumption]; ring. }
  assert (Ramps : forall l r (g : R -> R), (forall x, x <= 0 -> g x = Q2R l * x) -> (forall x, 0 <= x -> g x = Q2R r * x) ->
    forall b, In b (ramps l r) -> forall x, past (region_from b) x -> before (region_to b) x ->
    g x = Q2R (region_slope b) * x + Q2R (region_intercept b)).
  { intros l r g Hl Hr b Hb x H1 H2. destruct Hb as [<-|[<-|[]]]; simpl in *; rewrite ?Q2R_0 in *;
      [rewrite Hl by assumption|rewrite Hr by assumption]; ring. }
  assert (Clips : forall l u b, In b (clips l u) -> forall x, past (region_from b) x -> before (region_to b) x ->
    clip x (Q2R l) (Q2R u) = Q2R (region_slope b) * x + Q2R (region_intercept b)).
  { intros l u b Hb x H1 H2. unfold clips in Hb. destruct (below l u) eqn:E; [|destruct Hb]. reals.
    unfold clip. destruct Hb as [<-|[<-|[<-|[]]]]; simpl in *; rewrite ?Q2R_0, ?Q2R_1; unfold Rmax;
      destruct (Rle_dec x (Q2R l)); unfold Rmin; match goal with |- context [Rle_dec ?a ?b] => destruct (Rle_dec a b) end; lra. }
  intros [] b Hb; cbn [regions shape_at] in *.
  - apply (Two (-1)%Q 1%Q 0%Q); [| |exact Hb]; intros x Hx; rewrite ?Q2R_0, ?Q2R_1, ?Q2R_opp1 in *; unfold sgn;
      repeat destruct Rlt_dec; lra.
  - apply (Two 0%Q 1%Q 0%Q); [| |exact Hb]; intros x Hx; rewrite ?Q2R_0, ?Q2R_1 in *; unfold jump;
      repeat destruct Rlt_dec; lra.
  - apply (Two 0%Q 1%Q (1 # 2)%Q); [| |exact Hb]; intros x Hx; rewrite ?Q2R_0, ?Q2R_1, ?Q2R_half in *; unfold jump;
      repeat destruct Rlt_dec; lra.
  - apply (Ramps 0%Q 1%Q); [| |exact Hb]; intros x Hx; rewrite ?Q2R_0, ?Q2R_1; unfold ReLU, Rmax; destruct Rle_dec; lra.
  - assert (L : forall x, x <= 0 -> leaky (Q2R slope) x = Q2R slope * x).
    { intros x Hx. unfold leaky, Rmax, Rmin. destruct Rle_dec; lra. }
    assert (U : forall x, 0 <= x -> leaky (Q2R slope) x = Q2R 1 * x).
    { intros x Hx. rewrite Q2R_1. unfold leaky, Rmax, Rmin. destruct Rle_dec; [replace x with 0 by lra|]; lra. }
    apply (Ramps slope 1%Q); assumption.
  - apply (Ramps (-1)%Q 1%Q); [| |exact Hb]; intros x Hx; rewrite ?Q2R_1, ?Q2R_opp1; unfold Rabs; destruct Rcase_abs; lra.
  - apply Clips, Hb.
  - intros x H1 H2. rewrite <- (Clips _ _ _ Hb x H1 H2), Q2R_0, Q2R_Z. reflexivity.
Qed.

Theorem holds_part_ok : forall f a, holds_part f a = true -> forall x, on_part a x -> shape_at f x = line a x.
Proof.
  intros f a H x [X1 X2]. unfold holds_part in H. apply existsb_exists in H as [b [Hb Hr]]. unfold in_region in Hr.
  apply andb_prop in Hr as [Hr R4]. apply andb_prop in Hr as [Hr R3]. apply andb_prop in Hr as [R1 R2].
  reals. unfold line. rewrite R3, R4. apply regions_ok with (1 := Hb).
  - destruct (region_from b); simpl in *; reals; trivial; lra.
  - destruct (region_to b); simpl in *; reals; trivial; lra.
Qed.
