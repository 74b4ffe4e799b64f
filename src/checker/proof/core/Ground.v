(** What claims are proved from: the branches q_s(y) = s p(s y), s = 1 and -1, by R1. *)
Require Import Bool ZArith QArith Qreals Reals List Lra Lia Psatz.
From Polycert Require Import Vocabulary core.Polynomial core.Fixed core.Number core.Pieces core.Cascade format.Table.
Import ListNotations.
Open Scope R_scope.

(** Branches as a certificate has them. *)
Inductive hints := NoBranches | Both (h : list hint) | Sides (positive negative : list hint).
Record ground := { pos : list stage; neg : list stage; both : bool }.

(** 2 P - 1. *)
Definition doubled_minus_one (l : list Z * Z) : list Z * Z :=
  (trim (add [- snd l] (map (Z.mul 2) (fst l)))%Z, snd l).
Fixpoint expand_all (step : bool) (cs : list component) : option (list (list Z * Z)) :=
  match cs with
  | [] => Some []
  | [c] => match expand c with Some x => Some [if step then doubled_minus_one x else x] | None => None end
  | c :: t => match expand c, expand_all step t with Some x, Some y => Some (x :: y) | _, _ => None end
  end.
(** - P(-y). *)
Fixpoint flip (b : bool) (l : list Z) : list Z :=
  match l with [] => [] | c :: t => (if b then - c else c)%Z :: flip (negb b) t end.
Definition flipped (l : list Z * Z) : list Z * Z := (flip true (fst l), snd l).
Definition odd (l : list Z * Z) : bool := zeros (half true (fst l)).

(** None if a hint is wrong; no ground if there are no branches. *)
Definition prove_ground (p : Z) (ls : list (list Z * Z)) (h : hints) : option (option ground) :=
  match h with
  | NoBranches => Some None
  | Both h =>
      if forallb odd ls then
        match prove_branch p ls h with Some b => Some (Some {| pos := b; neg := b; both := true |}) | None => None end
      else None
  | Sides h k =>
      match prove_branch p ls h, prove_branch p (map flipped ls) k with
      | Some b, Some c => Some (Some {| pos := b; neg := c; both := false |})
      | _, _ => None
      end
  end.

Definition branch (g : ground) (negative : bool) : list stage := if negative then neg g else pos g.
(** For every branch. *)
Definition each (g : ground) (f : list stage -> bool) : bool := f (pos g) andthen (both g orelse f (neg g)).
(** Whether the smallest absolute value is at least lo. *)
Definition reaches_lo (p : Z) (q : itv) (lo : Q) : bool := Z.leb (ceil_at p lo) (mig q).

(** ** Soundness *)
(** The stages are these polynomials. *)
Definition same (l : list Z * Z) (f : R -> R) : Prop :=
  (0 < snd l)%Z /\ forall y, pe (fst l) y / IZR (snd l) = f y.
Notation run ls := (fold_left (fun y l => pe (fst l) y / IZR (snd l)) ls).

Lemma doubled_ok : forall l f, same l f -> same (doubled_minus_one l) (fun y => 2 * f y - 1).
Proof.
  intros [l d] f [Hd H]. split; [exact Hd|]. intros y. specialize (H y). unfold doubled_minus_one. cbn [fst snd] in *.
  rewrite pe_trim, pe_add, pe_scale, <- H. cbn [pe]. rewrite opp_IZR. apply IZR_lt in Hd. field. lra.
Qed.

Lemma expand_all_ok : forall step cs ls, expand_all step cs = Some ls -> Forall2 same ls (stages step cs).
Proof.
  intros step. induction cs as [|c t IH]; intros ls H; [simpl in H; injection H as <-; constructor|].
  destruct t as [|c' t].
  - cbn [expand_all stages] in *. destruct (expand c) as [[l d]|] eqn:E; [|discriminate]. injection H as <-.
    destruct (expand_ok _ _ _ E) as [Hd Ev]. constructor; [|constructor].
    assert (S : same (l, d) (component_at c)) by (split; [exact Hd|intros y; symmetry; apply Ev]).
    destruct step; [|exact S]. apply (doubled_ok (l, d)), S.
  - change (match expand c, expand_all step (c' :: t) with Some x, Some y => Some (x :: y) | _, _ => None end
            = Some ls) in H.
    destruct (expand c) as [[l d]|] eqn:E; [|discriminate].
    destruct (expand_all step (c' :: t)) as [ls'|]; [|discriminate]. injection H as <-.
    destruct (expand_ok _ _ _ E) as [Hd Ev].
    constructor; [split; [exact Hd|intros y; symmetry; apply Ev]|apply IH; reflexivity].
Qed.

Lemma run_ok : forall ls fs, Forall2 same ls fs -> forall y, run ls y = composite fs y.
Proof. intros ls fs H. induction H as [|l f ls fs S _ IH]; intros y; [reflexivity|]. simpl. rewrite (proj2 S). apply IH. Qed.

Lemma Forall2_length : forall (A B : Type) (R : A -> B -> Prop) l k, Forall2 R l k -> length l = length k.
Proof. intros A B R l k H. induction H; simpl; congruence. Qed.

Lemma firstn_ok : forall k ls fs, Forall2 same ls fs -> Forall2 same (firstn k ls) (firstn k fs).
Proof. induction k; intros ls fs H; [constructor|]. destruct H; simpl; constructor; auto. Qed.

Lemma pe_flip : forall l b y, pe (flip b l) y = (if b then -1 else 1) * pe l (- y).
Proof.
  induction l as [|c l IH]; intros b y; simpl; [ring|].
  rewrite IH. destruct b; simpl; rewrite ?opp_IZR; ring.
Qed.

Lemma pe_odd : forall l y, zeros (half true l) = true -> pe l (- y) = - pe l y.
Proof.
  intros l y H. destruct (pe_half l y) as [E _]. destruct (pe_half l (- y)) as [E' _].
  rewrite E, E'. rewrite !(pe_zeros _ _ H). replace (- y * - y) with (y * y) by ring. ring.
Qed.

Lemma run_odd : forall ls y, forallb odd ls = true -> run ls (- y) = - run ls y.
Proof.
  induction ls as [|[l d] ls IH]; intros y H; simpl in *; [reflexivity|].
  apply andb_prop in H as [H1 H2]. rewrite <- IH by assumption. f_equal.
  rewrite (pe_odd l y H1). unfold Rdiv. ring.
Qed.

Lemma run_flip : forall ls y, run (map flipped ls) y = - run ls (- y).
Proof.
  induction ls as [|[l d] ls IH]; intros y; simpl; [ring|].
  rewrite IH. do 2 f_equal. rewrite pe_flip. unfold Rdiv. ring.
Qed.

Lemma forallb_firstn : forall (A : Type) (f : A -> bool) l k, forallb f l = true -> forallb f (firstn k l) = true.
Proof.
  intros A f. induction l as [|x l IH]; intros [|k] H; simpl in *; trivial.
  apply andb_prop in H as [H1 H2]. rewrite H1, IH; auto.
Qed.

Lemma q_run : forall b ls, map (fun s => (coefs s, denom s)) b = ls -> forall y, q b y = run ls y.
Proof. induction b as [|s b IH]; intros ls <- y; [reflexivity|]. simpl. apply IH. reflexivity. Qed.

Definition sign_at (negative : bool) : R := if negative then -1 else 1.

Section Sound.
Variable p : Z.
Hypothesis Hp : (0 <= p)%Z.

(** What is proved of the branches of the composite of fs. *)
Definition ground_ok (fs : list (R -> R)) (g : ground) : Prop :=
  (both g = true -> neg g = pos g) /\ (length (pos g) = length fs) /\
  forall n, Forall (stage_ok p) (branch g n)
    /\ forall k y, q (firstn k (branch g n)) y = sign_at n * composite (firstn k fs) (sign_at n * y).

Theorem prove_ground_ok : forall fs ls h g, Forall2 same ls fs -> prove_ground p ls h = Some (Some g) ->
  ground_ok fs g.
Proof.
  intros fs ls h g S H. unfold prove_ground in H.
  assert (A : forall l hs b, prove_branch p l hs = Some b ->
    Forall (stage_ok p) b /\ length b = length l /\ forall k y, q (firstn k b) y = run (firstn k l) y).
  { intros l hs b Hb. destruct (prove_branch_ok p Hp _ _ _ Hb) as [O M]. split; [exact O|]. split.
    - rewrite <- M, map_length. reflexivity.
    - intros k y. apply q_run. rewrite <- M, firstn_map. reflexivity. }
  pose proof (Forall2_length _ _ _ _ _ S) as Len.
  assert (E : forall k y, run (firstn k ls) y = composite (firstn k fs) y) by (intros; apply run_ok, firstn_ok, S).
  destruct h as [|h|h1 h2]; [discriminate| |].
  - destruct (forallb odd ls) eqn:O; [|discriminate].
    destruct (prove_branch p ls h) as [b|] eqn:B; [|discriminate]. injection H as <-.
    destruct (A _ _ _ B) as [Ok [L K]]. split; [auto|]. split; [simpl; congruence|]. intros n. split; [destruct n; exact Ok|].
    intros k y. unfold branch, sign_at. destruct n; simpl.
    + rewrite K, <- E. replace (-1 * y) with (- y) by ring. rewrite run_odd by (apply forallb_firstn, O). ring.
    + rewrite K, E, !Rmult_1_l. reflexivity.
  - destruct (prove_branch p ls h1) as [b|] eqn:B; [|discriminate].
    destruct (prove_branch p (map flipped ls) h2) as [c|] eqn:C; [|discriminate]. injection H as <-.
    destruct (A _ _ _ B) as [Ob [L K]]. destruct (A _ _ _ C) as [Oc [_ Kc]].
    split; [discriminate|]. split; [simpl; congruence|]. intros n. split; [destruct n; assumption|].
    intros k y. unfold branch, sign_at. destruct n; simpl.
    + rewrite Kc, firstn_map, run_flip, E. replace (-1 * y) with (- y) by ring. ring.
    + rewrite K, E, !Rmult_1_l. reflexivity.
Qed.

Lemma each_ok : forall fs g f, ground_ok fs g -> each g f = true -> forall n, f (branch g n) = true.
Proof.
  intros fs g f [E _] H [|]; unfold each in H; apply andthen_prop in H as [H1 H2]; [|exact H1].
  apply orelse_prop in H2 as [H2|H2]; [simpl; rewrite E by assumption; exact H1|exact H2].
Qed.

Lemma branch_ok : forall fs g n, ground_ok fs g ->
  Forall (stage_ok p) (branch g n) /\ forall y, q (branch g n) y = sign_at n * composite fs (sign_at n * y).
Proof.
  intros fs g n [_ [_ H]]. destruct (H n) as [O K]. split; [exact O|]. intros y.
  specialize (K (length (branch g n) + length fs)%nat y). rewrite !firstn_all2 in K by lia. exact K.
Qed.

Lemma reaches_lo_ok : forall X I lo, inI p X I -> reaches_lo p I lo = true -> Q2R lo <= Rabs X.
Proof.
  intros X I lo H L. apply Z.leb_le in L. apply (at_least_of p Hp) with (mig I); [|exact L]. apply mig_ok; assumption.
Qed.

(** A sign for every x. *)
Lemma sign_exists : forall x, exists n, sign_of (sign_at n) x.
Proof.
  intros x. unfold sign_of. destruct (Rle_dec 0 x) as [L|L].
  - exists false. simpl. rewrite Rabs_right by lra. split; [auto|ring].
  - exists true. simpl. rewrite Rabs_left by lra. split; [auto|ring].
Qed.
Lemma sign_at_of : forall s x, sign_of s x -> exists n, s = sign_at n /\ x = sign_at n * Rabs x.
Proof. intros s x [[->| ->] E]; [exists false|exists true]; auto. Qed.
Lemma sign_at_2 : forall n, sign_at n * sign_at n = 1.
Proof. intros [|]; simpl; ring. Qed.
Lemma Rabs_sign_at : forall n, Rabs (sign_at n) = 1.
Proof. intros [|]; simpl; [rewrite Rabs_left; lra|apply Rabs_R1]. Qed.
Lemma sgn_at : forall n y, 0 < y -> sgn (sign_at n * y) = sign_at n.
Proof. intros [|] y H; simpl; unfold sgn; repeat destruct Rlt_dec; lra. Qed.
End Sound.
