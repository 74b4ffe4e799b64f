(** Exact polynomial algebra for claims about p itself: the expanded composite, lines, shifts, quotients. *)
Require Import Bool ZArith QArith Qreals Reals List Lra Lia Psatz.
From Polycert Require Import Vocabulary core.Polynomial core.Ground format.Table.
Import ListNotations.
Open Scope R_scope.

(** Numerators, and a denominator. *)
Definition polynomial : Type := (list Z * Z)%type.

(** d^(length-1) l(I/d). *)
Fixpoint substitute (i : list Z) (d : Z) (l : list Z) : list Z :=
  match l with
  | [] => []
  | c :: p => add [c * d ^ Z.of_nat (length p)]%Z (product i (substitute i d p))
  end.
Definition compose (outer inner : polynomial) : polynomial :=
  (trim (substitute (fst inner) (snd inner) (fst outer)), snd outer * snd inner ^ Z.of_nat (pred (length (fst outer))))%Z.

(** Largest degree of an expanded composite. *)
Definition max_degree : nat := 255.
Definition degree (l : polynomial) : nat := pred (length (fst l)).
Fixpoint expand_from (inner : polynomial) (ls : list polynomial) : option polynomial :=
  match ls with
  | [] => Some inner
  | outer :: t =>
      if Nat.leb (degree outer * Nat.max 1 (degree inner)) max_degree then expand_from (compose outer inner) t else None
  end.
Definition expand_composite (ls : list polynomial) : option polynomial :=
  match ls with [] => None | first :: t => expand_from first t end.

(** p(y) - (slope y + intercept). *)
Definition minus_line (p : polynomial) (slope intercept : Q) : polynomial :=
  let (l, d) := p in let s := Zpos (Qden slope) in let t := Zpos (Qden intercept) in
  (trim (add (map (Z.mul (s * t)) l) [- (Qnum intercept * (d * s)); - (Qnum slope * (d * t))]), d * (s * t))%Z.

(** (p(at + u) - at) / u^order as a polynomial in u, if u^order divides exactly. *)
Definition quotient (p : polynomial) (at_ : Q) (order : nat) : option polynomial :=
  let (l, d) := p in let m := Zpos (Qden at_) in
  let (l, d) := minus_line (hom (Qnum at_) m m l, d * m ^ Z.of_nat (pred (length l)))%Z 0 at_ in
  if zeros (firstn order l) then Some (skipn order l, d) else None.

(** ** Soundness *)
Lemma pe_substitute : forall i d l y, (0 < d)%Z ->
  pe (substitute i d l) y * IZR d = IZR d ^ length l * pe l (pe i y / IZR d).
Proof.
  intros i d l y Hd. assert (Hd' : IZR d <> 0) by (apply not_0_IZR; lia).
  induction l as [|c l IH]; [simpl; ring|].
  cbn [substitute]. rewrite pe_add, pe_product. cbn [pe length]. rewrite mult_IZR, <- pow_IZR.
  set (v := pe i y / IZR d) in *. assert (Ei : pe i y = v * IZR d) by (unfold v; field; assumption).
  replace ((IZR c * IZR d ^ length l + y * 0 + pe i y * pe (substitute i d l) y) * IZR d)
    with (IZR c * IZR d ^ length l * IZR d + pe i y * (pe (substitute i d l) y * IZR d)) by ring.
  rewrite IH, Ei. simpl. ring.
Qed.

(** From d^(length-1) l to l. *)
Lemma scaled_down : forall d (w v : R) n, (0 < d)%Z -> w * IZR d = IZR d ^ n * v -> (n = 0%nat -> v = 0) ->
  w = IZR d ^ pred n * v.
Proof.
  intros d w v n Hd E Z. assert (Hd' : IZR d <> 0) by (apply not_0_IZR; lia).
  apply Rmult_eq_reg_r with (IZR d); [|assumption]. rewrite E. destruct n as [|n]; simpl; [rewrite Z by reflexivity|]; ring.
Qed.

Lemma compose_ok : forall o i f g, same o f -> same i g -> same (compose o i) (fun y => f (g y)).
Proof.
  intros [C D] [I d] f g [HD Hf] [Hd Hg]. unfold compose. cbn [fst snd] in *.
  assert (Pow : forall n, (0 < d ^ Z.of_nat n)%Z) by (intros; apply Z.pow_pos_nonneg; lia).
  split; cbn [fst snd]; [specialize (Pow (pred (length C))); nia|]. intros y. rewrite pe_trim.
  pose proof (pe_substitute I d C y Hd) as E.
  rewrite (scaled_down d _ _ _ Hd E) by (intros L; destruct C; [reflexivity|discriminate]).
  rewrite mult_IZR, <- pow_IZR, Hg, <- Hf.
  assert (IZR D <> 0) by (apply not_0_IZR; lia).
  assert (IZR d ^ pred (length C) <> 0) by (apply pow_nonzero, not_0_IZR; lia). field. split; assumption.
Qed.

Lemma expand_from_ok : forall ls fs, Forall2 same ls fs -> forall i g q, same i g -> expand_from i ls = Some q ->
  same q (fun y => composite fs (g y)).
Proof.
  intros ls fs H. induction H as [|o f ls fs Ho _ IH]; intros i g q Hi E; simpl in E.
  - injection E as <-. exact Hi.
  - destruct (Nat.leb _ max_degree); [|discriminate].
    apply (IH (compose o i) (fun y => f (g y)) q); [apply compose_ok; assumption|exact E].
Qed.

Theorem expand_composite_ok : forall ls fs q, Forall2 same ls fs -> expand_composite ls = Some q ->
  same q (composite fs).
Proof.
  intros ls fs q H E. destruct H as [|l f ls fs Hl H]; [discriminate|].
  exact (expand_from_ok ls fs H l f q Hl E).
Qed.

Theorem minus_line_ok : forall p f slope intercept, same p f ->
  same (minus_line p slope intercept) (fun y => f y - (Q2R slope * y + Q2R intercept)).
Proof.
  intros [l d] f slope intercept [Hd H]. unfold minus_line. cbn [fst snd] in *.
  set (s := Zpos (Qden slope)). set (t := Zpos (Qden intercept)).
  assert (Hs : (0 < s)%Z) by (unfold s; lia). assert (Ht : (0 < t)%Z) by (unfold t; lia).
  split; cbn [fst snd]; [nia|]. intros y. rewrite pe_trim, pe_add, pe_scale, <- H. cbn [pe].
  unfold Q2R. fold s t. rewrite !opp_IZR, !mult_IZR.
  apply IZR_lt in Hs, Ht, Hd. field. repeat split; lra.
Qed.

Lemma shift_ok : forall l d f at_, same (l, d) f ->
  let m := Zpos (Qden at_) in
  same (hom (Qnum at_) m m l, d * m ^ Z.of_nat (pred (length l)))%Z (fun u => f (Q2R at_ + u)).
Proof.
  intros l d f at_ [Hd H] m. cbn [fst snd] in *. assert (Hm : (0 < m)%Z) by (unfold m; lia).
  assert (Pow : forall n, (0 < m ^ Z.of_nat n)%Z) by (intros; apply Z.pow_pos_nonneg; lia).
  split; cbn [fst snd]; [specialize (Pow (pred (length l))); nia|]. intros u.
  pose proof (pe_hom (Qnum at_) m m l u Hm) as E.
  rewrite (scaled_down m _ _ _ Hm E) by (intros L; destruct l; [reflexivity|discriminate]).
  assert (Hm' : IZR m <> 0) by (apply not_0_IZR; lia).
  replace ((IZR (Qnum at_) + IZR m * u) / IZR m) with (Q2R at_ + u) by (unfold Q2R; fold m; field; assumption).
  rewrite mult_IZR, <- pow_IZR, <- H. assert (IZR d <> 0) by (apply not_0_IZR; lia).
  assert (IZR m ^ pred (length l) <> 0) by (apply pow_nonzero; assumption). field. split; assumption.
Qed.

Lemma pe_split : forall n l u, zeros (firstn n l) = true -> pe l u = u ^ n * pe (skipn n l) u.
Proof.
  induction n as [|n IH]; intros [|c l] u H; simpl in *; try ring.
  apply andb_prop in H as [H1 H2]. apply Z.eqb_eq in H1. subst. rewrite (IH l u H2). ring.
Qed.

Theorem quotient_ok : forall p f at_ order q, same p f -> quotient p at_ order = Some q ->
  (0 < snd q)%Z /\ forall u, f (Q2R at_ + u) - Q2R at_ = u ^ order * (pe (fst q) u / IZR (snd q)).
Proof.
  intros [l d] f at_ order q H E. unfold quotient in E.
  pose proof (minus_line_ok _ _ 0 at_ (shift_ok l d f at_ H)) as K.
  destruct (minus_line _ 0 at_) as [l' d']. destruct (zeros (firstn order l')) eqn:Z; [|discriminate].
  injection E as <-. destruct K as [Hd K]. split; [exact Hd|]. intros u. specialize (K u). cbn [fst snd] in *.
  assert (Q2R 0 = 0) by (unfold Q2R; simpl; lra).
  replace (f (Q2R at_ + u) - Q2R at_) with (f (Q2R at_ + u) - (Q2R 0 * u + Q2R at_)) by (rewrite H0; ring).
  rewrite <- K, (pe_split _ _ _ Z). unfold Rdiv. ring.
Qed.
