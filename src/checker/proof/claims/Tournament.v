(** The tournament that pools and argmax share: who plays whom, and what the inputs are mapped to. *)
Require Import Bool ZArith QArith Qreals Reals List Lra Lia Psatz.
From Polycert Require Import Vocabulary core.Fixed core.Number core.Ground.
Import ListNotations.
Open Scope R_scope.

(** The depth of a value, and the largest sum of depths of a match below it. *)
Definition deeper (a b : nat * nat) : nat * nat :=
  (S (Nat.max (fst a) (fst b)), Nat.max (fst a + fst b) (Nat.max (snd a) (snd b))).
Definition depths (inputs : nat) : nat * nat := winner deeper (0, 0)%nat (repeat (0, 0)%nat inputs).
Definition of_nat (n : nat) : Q := inject_Z (Z.of_nat n).

(** c x + 1/2 *)
Definition map_input (p : Z) (c x : Q) : itv :=
  let h := Z.shiftl 1 (p - 1) in let y := Qmult x c in (floor_at p y + h, ceil_at p y + h)%Z.
(** Whether the interval is negative, where it has a sign. *)
Definition negative (d : itv) : option bool :=
  if Z.ltb 0 (fst d) then Some false else if Z.ltb (snd d) 0 then Some true else None.

Fixpoint largest (x : Q) (l : list Q) : Q :=
  match l with [] => x | y :: t => largest (if Qle_bool x y then y else x) t end.

(** ** Whatever matches keep is true of the winner *)
Lemma pairs_ind : forall (A : Type) (P : list A -> Prop), P [] -> (forall a, P [a]) ->
  (forall a b t, P t -> P (a :: b :: t)) -> forall l, P l.
Proof.
  intros A P P0 P1 P2. refine (fix go l := _).
  destruct l as [|a [|b t]]; [exact P0|apply P1|apply P2, go].
Qed.

Section Winner.
Variables (A X : Type) (play : A -> A -> A) (leaf : X -> A) (P : A -> list X -> Prop).
Hypothesis P_leaf : forall x, P (leaf x) [x].
Hypothesis P_play : forall a b xs ys, P a xs -> P b ys -> P (play a b) (xs ++ ys).

Lemma round_shrinks : forall l : list A, (length (round play l) <= length l
  /\ length (round play l) <= Nat.max 1 (length l - 1))%nat.
Proof.
  apply pairs_ind; simpl; [lia|lia|]. intros a b t [H1 H2]. lia.
Qed.
Lemma rounds_end : forall n (l : list A), (length l <= S n)%nat -> (length (rounds play n l) <= 1)%nat.
Proof.
  induction n as [|n IH]; intros l H; simpl; [exact H|]. apply IH. pose proof (round_shrinks l). lia.
Qed.

Lemma round_keeps : forall ls xss, Forall2 P ls xss ->
  exists yss, Forall2 P (round play ls) yss /\ concat yss = concat xss.
Proof.
  apply (pairs_ind A (fun ls => forall xss, Forall2 P ls xss ->
    exists yss, Forall2 P (round play ls) yss /\ concat yss = concat xss)).
  - intros xss H. exists xss. auto.
  - intros a xss H. exists xss. auto.
  - intros a b t IH xss H. inversion_clear H as [|? xs ? xss1 Ha K1]. inversion_clear K1 as [|? ys ? xss2 Hb K2].
    destruct (IH _ K2) as [yss [K E]]. exists ((xs ++ ys) :: yss). split.
    + simpl. constructor; auto.
    + simpl. rewrite E. rewrite app_assoc. reflexivity.
Qed.

Lemma rounds_keep : forall n ls xss, Forall2 P ls xss ->
  exists yss, Forall2 P (rounds play n ls) yss /\ concat yss = concat xss.
Proof.
  induction n as [|n IH]; intros ls xss H; [exists xss; auto|].
  destruct (round_keeps _ _ H) as [yss [K E]]. destruct (IH _ _ K) as [zss [K' E']].
  exists zss. split; [exact K'|congruence].
Qed.

Theorem winner_keeps : forall d l, l <> [] -> P (winner play d (map leaf l)) l.
Proof.
  intros d l N. unfold winner.
  assert (H : Forall2 P (map leaf l) (map (fun x => [x]) l)).
  { clear N. induction l as [|x l IH]; simpl; constructor; auto. }
  destruct (rounds_keep (length (map leaf l)) _ _ H) as [yss [K E]].
  assert (C : concat (map (fun x => [x]) l) = l) by (clear; induction l; simpl; congruence).
  rewrite C in E. pose proof (rounds_end (length (map leaf l)) (map leaf l) ltac:(lia)) as S.
  destruct K as [|a ys t yss Ha K]; [simpl in E; congruence|].
  destruct K as [|? ? ? ? ? K]; [|simpl in S; lia]. simpl in E. rewrite app_nil_r in E. simpl. subst. exact Ha.
Qed.
End Winner.

(** A map that matches respect. *)
Section Map.
Variables (A B : Type) (play : A -> A -> A) (play' : B -> B -> B) (h : A -> B).
Hypothesis H : forall a b, h (play a b) = play' (h a) (h b).
Lemma round_map : forall l, map h (round play l) = round play' (map h l).
Proof. apply pairs_ind; simpl; [reflexivity|reflexivity|]. intros a b t ->. rewrite H. reflexivity. Qed.
Lemma rounds_map : forall n l, map h (rounds play n l) = rounds play' n (map h l).
Proof. induction n as [|n IH]; intros l; simpl; [reflexivity|]. rewrite IH, round_map. reflexivity. Qed.
Theorem winner_map : forall d l, h (winner play d l) = winner play' (h d) (map h l).
Proof.
  intros d l. unfold winner. rewrite map_length, <- rounds_map. destruct (rounds play (length l) l); reflexivity.
Qed.
End Map.

(** Two tournaments side by side. *)
Definition side_by_side {A B : Type} (f : A -> A -> A) (g : B -> B -> B) (a b : A * B) : A * B :=
  (f (fst a) (fst b), g (snd a) (snd b)).
Lemma winner_pair : forall (A B X : Type) (f : A -> A -> A) (g : B -> B -> B) d e (lf : X -> A) (lg : X -> B) l,
  winner (side_by_side f g) (d, e) (map (fun x => (lf x, lg x)) l)
    = (winner f d (map lf l), winner g e (map lg l)).
Proof.
  intros. pose proof (winner_map _ _ (side_by_side f g) f fst (fun _ _ => eq_refl) (d, e) (map (fun x => (lf x, lg x)) l)) as H1.
  pose proof (winner_map _ _ (side_by_side f g) g snd (fun _ _ => eq_refl) (d, e) (map (fun x => (lf x, lg x)) l)) as H2.
  rewrite map_map in H1, H2.
  rewrite (surjective_pairing (winner (side_by_side f g) (d, e) _)). f_equal; [exact H1|exact H2].
Qed.

(** ** Greatest inputs *)
Lemma maximum_exists : forall xs, xs <> [] -> exists M, maximum M xs.
Proof.
  induction xs as [|x xs IH]; intros N; [tauto|]. destruct xs as [|y xs].
  - exists x. split; [left; reflexivity|]. constructor; [lra|constructor].
  - destruct IH as [M [I F]]; [discriminate|]. exists (Rmax x M). split.
    + unfold Rmax. destruct (Rle_dec x M); [right; exact I|left; reflexivity].
    + constructor; [apply Rmax_l|]. apply Forall_impl with (2 := F). intros z Hz. pose proof (Rmax_r x M). lra.
Qed.
Lemma maximum_unique : forall M N xs, maximum M xs -> maximum N xs -> M = N.
Proof.
  intros M N xs [I F] [J G]. rewrite Forall_forall in F, G. specialize (F _ J). specialize (G _ I). lra.
Qed.
Lemma maximum_app : forall M N xs ys, maximum M xs -> maximum N ys -> maximum (Rmax M N) (xs ++ ys).
Proof.
  intros M N xs ys [I F] [J G]. split.
  - apply in_or_app. unfold Rmax. destruct (Rle_dec M N); auto.
  - apply Forall_app. split; [apply Forall_impl with (2 := F)|apply Forall_impl with (2 := G)]; intros z Hz;
      [pose proof (Rmax_l M N)|pose proof (Rmax_r M N)]; lra.
Qed.
Lemma maximum_in : forall B M xs, Forall (fun x => Rabs x <= B) xs -> maximum M xs -> Rabs M <= B.
Proof. intros B M xs F [I _]. rewrite Forall_forall in F. apply F, I. Qed.

Lemma largest_ok : forall l x, maximum (Q2R (largest x l)) (map Q2R (x :: l)).
Proof.
  induction l as [|y l IH]; intros x.
  - simpl. split; [left; reflexivity|]. constructor; [lra|constructor].
  - simpl largest. destruct (Qle_bool x y) eqn:E.
    + apply Qle_ok in E. destruct (IH y) as [I F]. split; [right; exact I|].
      constructor; [|exact F]. inversion F. subst. simpl in *. lra.
    + assert (E' : Q2R y <= Q2R x).
      { apply Rlt_le, below_ok. unfold below. rewrite E. reflexivity. }
      destruct (IH x) as [I F]. inversion F as [|? ? F1 F2]. subst. split.
      * destruct I as [I|I]; [left; exact I|right; right; exact I].
      * constructor; [exact F1|]. constructor; [simpl in *; lra|exact F2].
Qed.

Lemma depths_of : forall (X : Type) (l : list X), winner deeper (0, 0)%nat (map (fun _ => (0, 0)%nat) l) = depths (length l).
Proof.
  intros X l. unfold depths. f_equal. induction l as [|x l IH]; simpl; congruence.
Qed.
Lemma of_nat_ok : forall n, Q2R (of_nat n) = INR n.
Proof. intros n. unfold of_nat. rewrite Q2R_Z, <- INR_IZR_INZ. reflexivity. Qed.

Section Sound.
Variable p : Z.
Hypothesis Hp : (1 <= p)%Z.

Lemma map_input_ok : forall c x, inI p (Q2R c * Q2R x + / 2) (map_input p c x).
Proof.
  intros c x. unfold map_input, inI. cbn [fst snd]. rewrite Z.shiftl_mul_pow2, Z.mul_1_l by lia.
  assert (Hp0 : (0 <= p)%Z) by lia.
  assert (E : IZR (2 ^ (p - 1)) = / 2 * P p).
  { unfold P. replace p with (1 + (p - 1))%Z at 2 by lia. rewrite Z.pow_add_r by lia. rewrite mult_IZR.
    change (2 ^ 1)%Z with 2%Z. field. }
  pose proof (floor_at_ok p Hp0 (x * c)) as F. pose proof (ceil_at_ok p Hp0 (x * c)) as C.
  rewrite Q2R_mult in F, C. rewrite !plus_IZR, E. lra.
Qed.

Lemma negative_ok : forall d D n, inI p d D -> negative D = Some n ->
  0 < sign_at n * d /\ inI p (sign_at n * d) (if n then ineg D else D).
Proof.
  intros d [l h] n H N. unfold negative in N. pose proof (P_pos p ltac:(lia)) as HP. simpl in N.
  assert (Pos : forall z, 0 < z * P p -> 0 < z).
  { intros z Hz. apply Rmult_lt_reg_r with (P p); [assumption|]. lra. }
  destruct (Z.ltb_spec 0 l) as [L|L]; [injection N as <-|destruct (Z.ltb_spec h 0) as [K|K]; [injection N as <-|discriminate]].
  - apply IZR_lt in L. unfold sign_at. rewrite Rmult_1_l. split; [|exact H]. apply Pos. unfold inI in H. simpl in H. lra.
  - apply IZR_lt in K. unfold sign_at. replace (-1 * d) with (- d) by ring. split.
    + apply Pos. unfold inI in H. simpl in H. lra.
    + apply in_ineg, H.
Qed.
End Sound.
