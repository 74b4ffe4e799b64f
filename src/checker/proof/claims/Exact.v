(** Bounds that are met exactly: where an enclosure cannot decide, the error is compared as a fraction, at the ends of
    a part and at critical points that are fractions. *)
Require Import Bool ZArith QArith Qreals Reals List Lra Lia Psatz.
From Polycert Require Import core.Polynomial core.Fixed core.Number core.Horner core.Pieces core.Critical core.Image
  core.Cascade format.Rounding claims.Expand.
Import ListNotations.
Open Scope R_scope.

(** b^length l(a/b), and b^length. *)
Fixpoint scaled_value (a b : Z) (l : list Z) : Z * Z :=
  match l with
  | [] => (0, 1)%Z
  | c :: t => let (v, w) := scaled_value a b t in (c * (b * w) + a * v, b * w)%Z
  end.
Definition exact_value (g : polynomial) (x : Q) : Q :=
  let (v, w) := scaled_value (Qnum x) (Zpos (Qden x)) (fst g) in Qmake v (Z.to_pos (w * snd g)).
Definition within_exactly (g : polynomial) (hi x : Q) : bool := Qle_bool (magnitude (exact_value g x)) hi.

(** n/2^p *)
Definition dyadic (p n : Z) : Q := Qmake n (Z.to_pos (2 ^ p)).

(** The fraction of least denominator from a/b > 0 to c/d, by its continued fraction; it is confirmed below. *)
Fixpoint simplest_between (fuel : nat) (a b c d : Z) : option (Z * Z) :=
  match fuel with
  | O => None
  | S fuel =>
      let (whole, rest) := Z.div_eucl a b in
      if Z.eqb rest 0 then Some (whole, 1%Z)
      else if Z.leb ((whole + 1) * d) c then Some (whole + 1, 1)%Z
      else match simplest_between fuel d (c - whole * d) b rest with
           | Some (n, m) => Some (whole * n + m, n)%Z
           | None => None
           end
  end.
Definition max_steps : nat := 256.
(** From u/2^p to v/2^p, u < v. *)
Definition simplest (p u v : Z) : option Q :=
  if Z.leb u 0 && Z.leb 0 v then Some 0%Q else
  let flip := Z.ltb v 0 in
  match simplest_between max_steps (if flip then - v else u) (2 ^ p) (if flip then - u else v) (2 ^ p) with
  | Some (n, m) => if Z.ltb 0 m then Some (Qmake (if flip then - n else n) (Z.to_pos m)) else None
  | None => None
  end%Z.

(** A box or gap is within hi as far as it meets [from, to]. *)
Definition piece_within (p : Z) (g : polynomial) (from to hi : Q) (q : piece) : bool :=
  let inside x := Qle_bool from x && Qle_bool x to in
  let ok x := negb (inside x) orelse within_exactly g hi x in
  let u := dyadic p (pu q) in let v := dyadic p (pv q) in
  Z.ltb (pv q) (floor_at p from) orelse Z.ltb (ceil_at p to) (pu q) orelse Z.leb (mag (image q)) (floor_at p hi)
  orelse (Z.eqb (pu q) (pv q) andthen ok u)
  orelse (single q
      andthen match simplest p (pu q) (pv q) with
         | Some c => Qle_bool u c && Qle_bool c v && Z.eqb (Qnum (exact_value (deriv (fst g), snd g) c)) 0
                     && ok u && ok v && ok c
         | None => false
         end).
(** |G| <= hi on [from, to], which lies in the domain of the pieces. *)
Definition bounded_exactly (p : Z) (g : polynomial) (ps : pieces) (from to hi : Q) : bool :=
  within_exactly g hi from andthen within_exactly g hi to andthen forallb (piece_within p g from to hi) (pboxes ps).

(** ** Soundness *)
Lemma scaled_value_ok : forall a b l v w, (0 < b)%Z -> scaled_value a b l = (v, w) ->
  (0 < w)%Z /\ pe l (IZR a / IZR b) = IZR v / IZR w.
Proof.
  intros a b l. induction l as [|c t IH]; intros v w Hb H; simpl in H.
  - injection H as <- <-. split; [lia|]. simpl. field.
  - destruct (scaled_value a b t) as [v' w']. injection H as <- <-. destruct (IH v' w' Hb eq_refl) as [W E].
    split; [nia|]. simpl. rewrite E, plus_IZR, !mult_IZR. apply IZR_lt in Hb, W. field. split; lra.
Qed.
Lemma exact_value_ok : forall l d x, (0 < d)%Z -> Q2R (exact_value (l, d) x) = pe l (Q2R x) / IZR d.
Proof.
  intros l d x Hd. unfold exact_value. cbn [fst snd].
  destruct (scaled_value (Qnum x) (Zpos (Qden x)) l) as [v w] eqn:E.
  destruct (scaled_value_ok _ _ _ _ _ (eq_refl : (0 < Zpos (Qden x))%Z) E) as [W V].
  rewrite Q2R_make by nia. change (Q2R x) with (IZR (Qnum x) / IZR (Zpos (Qden x))). rewrite V, mult_IZR.
  apply IZR_lt in W, Hd. field. split; lra.
Qed.

Section Within.
Variables (G : R -> R) (from to hi : R).
(** Within hi, where it is meant. *)
Definition W (x : R) : Prop := from <= x <= to -> Rabs (G x) <= hi.

Lemma mono_within : forall a b, mono G a b -> W a -> W b -> W from -> W to -> forall y, a <= y <= b -> W y.
Proof.
  intros a b M Wa Wb Wf Wt y Hy Ht.
  set (l := Rmax a from). set (h := Rmin b to).
  assert (Hl : l <= y /\ a <= l /\ from <= l) by (unfold l, Rmax; destruct (Rle_dec a from); lra).
  assert (Hh : y <= h /\ h <= b /\ h <= to) by (unfold h, Rmin; destruct (Rle_dec b to); lra).
  assert (Bl : Rabs (G l) <= hi).
  { unfold l, Rmax in *. destruct (Rle_dec a from); [apply Wf|apply Wa]; lra. }
  assert (Bh : Rabs (G h) <= hi).
  { unfold h, Rmin in *. destruct (Rle_dec b to); [apply Wb|apply Wt]; lra. }
  apply abs_le in Bl, Bh. apply Rabs_le.
  destruct M as [M|M]; pose proof (M l y ltac:(lra) ltac:(lra) ltac:(lra)); pose proof (M y h ltac:(lra) ltac:(lra) ltac:(lra)); lra.
Qed.

Lemma good_within : forall p a ps b, good p G a ps b -> W from -> W to -> W a -> W b ->
  (forall q, In q ps -> forall x, IZR (pu q) / P p <= x <= IZR (pv q) / P p -> W x) ->
  forall y, a <= y <= b -> W y.
Proof.
  intros p a ps b H Wf Wt. induction H as [a b Hab M|a q r b Hq M I S H IH]; intros Wa Wb K y Hy.
  - apply (mono_within a b); assumption.
  - assert (Kq : forall x, IZR (pu q) / P p <= x <= IZR (pv q) / P p -> W x) by (apply K; left; reflexivity).
    destruct (Rle_dec y (IZR (pu q) / P p)) as [L|L].
    + apply (mono_within a (IZR (pu q) / P p)); try assumption; [apply Kq; lra|lra].
    + destruct (Rle_dec y (IZR (pv q) / P p)) as [L'|L']; [apply Kq; lra|].
      apply IH; [apply Kq; lra|exact Wb| |lra]. intros q' I'. apply K. right. exact I'.
Qed.
End Within.

Section Sound.
Variable p : Z.
Hypothesis Hp : (0 <= p)%Z.
Notation val x := (IZR x / P p).

Lemma dyadic_ok : forall n, Q2R (dyadic p n) = val n.
Proof. intros n. unfold dyadic. rewrite Q2R_make by (apply Z.pow_pos_nonneg; lia). reflexivity. Qed.

Let HP0 : 0 < P p := P_pos p Hp.

Theorem bounded_exactly_ok : forall (G : R -> R) l d ps from to hi, (0 < d)%Z ->
  (forall y, G y = pe l y / IZR d) -> proved p G ps ->
  val (plo ps) <= Q2R from -> Q2R to <= val (phi ps) ->
  bounded_exactly p (l, d) ps from to hi = true ->
  forall y, Q2R from <= y <= Q2R to -> Rabs (G y) <= Q2R hi.
Proof.
  intros G l d ps from to hi Hd EG Hps Hlo Hhi H y Hy. unfold bounded_exactly in H.
  apply andthen_prop in H as [H HP]. apply andthen_prop in H as [Hf Ht]. rewrite forallb_forall in HP.
  assert (Exact : forall x, within_exactly (l, d) hi x = true -> Rabs (G (Q2R x)) <= Q2R hi).
  { intros x Hx. unfold within_exactly in Hx. reals. rewrite exact_value_ok, <- EG in Hx by assumption. exact Hx. }
  set (W := W G (Q2R from) (Q2R to) (Q2R hi)).
  assert (Wf : W (Q2R from)) by (intros _; apply Exact, Hf).
  assert (Wt : W (Q2R to)) by (intros _; apply Exact, Ht).
  assert (Wx : forall x, negb (Qle_bool from x && Qle_bool x to) orelse within_exactly (l, d) hi x = true -> W (Q2R x)).
  { intros x Hx [X1 X2]. apply orelse_prop in Hx as [Hx|Hx]; [|apply Exact, Hx].
    apply negb_true_iff, andb_false_iff in Hx as [Hx|Hx].
    - assert (Q2R x < Q2R from) by (apply below_ok; unfold below; rewrite Hx; reflexivity). lra.
    - assert (Q2R to < Q2R x) by (apply below_ok; unfold below; rewrite Hx; reflexivity). lra. }
  assert (DG : forall c, derivable_pt_lim G c (pe (deriv l) c / IZR d)).
  { intros c eps He. destruct (deriv_derivable l d c eps He) as [del K]. exists del. intros h H1 H2.
    rewrite !EG. apply K; assumption. }
  unfold proved in Hps.
  assert (Wa : W (val (plo ps))) by (intros [A B]; replace (val (plo ps)) with (Q2R from) by lra; apply Exact, Hf).
  assert (Wb : W (val (phi ps))) by (intros [A B]; replace (val (phi ps)) with (Q2R to) by lra; apply Exact, Ht).
  assert (K : forall q, In q (pboxes ps) -> forall x, val (pu q) <= x <= val (pv q) -> W x).
  { intros q Iq x Hx.
    (* what is known of the piece *)
    assert (Known : (forall x, val (pu q) <= x <= val (pv q) -> inI p (G x) (image q))
      /\ (single q = true -> single_root G (val (pu q)) (val (pv q)))).
    { clear - Hps Iq. induction Hps as [|a q' r b Hq M I S H IH]; [destruct Iq|].
      destruct Iq as [->|Iq]; [split; assumption|apply IH, Iq]. }
    destruct Known as [Enc Sing]. specialize (HP q Iq). unfold piece_within in HP. cbv zeta in HP.
    apply orelse_prop in HP as [HP|HP]; [apply orelse_prop in HP as [HP|HP];
      [apply orelse_prop in HP as [HP|HP]; [apply orelse_prop in HP as [HP|HP]|]|]|].
    - apply Z.ltb_lt, IZR_lt in HP. pose proof (floor_at_ok p Hp from). intros [A B]. exfalso.
      apply (Rlt_irrefl (IZR (pv q))). rewrite <- (val_P p Hp (pv q)) at 2.
      assert (Q2R from * P p <= val (pv q) * P p) by (apply Rmult_le_compat_r; lra). lra.
    - apply Z.ltb_lt, IZR_lt in HP. pose proof (ceil_at_ok p Hp to). intros [A B]. exfalso.
      apply (Rlt_irrefl (IZR (pu q))). rewrite <- (val_P p Hp (pu q)) at 1.
      assert (val (pu q) * P p <= Q2R to * P p) by (apply Rmult_le_compat_r; lra). lra.
    - intros _. apply Z.leb_le in HP. apply (at_most p Hp) with (mag (image q)); [|exact HP].
      apply mag_ok; [assumption|]. apply Enc, Hx.
    - apply andthen_prop in HP as [E HP]. apply Z.eqb_eq in E. apply Wx in HP. rewrite dyadic_ok in HP.
      rewrite E in Hx, HP. replace x with (val (pv q)) by lra. exact HP.
    - apply andthen_prop in HP as [Es HP]. destruct (simplest p (pu q) (pv q)) as [c|]; [|discriminate].
      apply andb_prop in HP as [HP Kc]. apply andb_prop in HP as [HP Kv]. apply andb_prop in HP as [HP Ku].
      apply andb_prop in HP as [HP Z0]. apply andb_prop in HP as [C1 C2].
      apply Qle_ok in C1, C2. rewrite dyadic_ok in C1, C2. apply Wx in Kc, Kv, Ku. rewrite dyadic_ok in Kv, Ku.
      apply Z.eqb_eq in Z0.
      assert (D0 : derivable_pt_lim G (Q2R c) 0).
      { replace 0 with (pe (deriv l) (Q2R c) / IZR d); [apply DG|].
        rewrite <- exact_value_ok by assumption. unfold Q2R at 1. cbn [fst snd] in Z0. rewrite Z0. ring. }
      destruct (Sing Es (Q2R c) (conj C1 C2) D0) as [M1 M2].
      destruct (Rle_dec x (Q2R c)) as [L|L].
      + apply (mono_within G _ _ _ (val (pu q)) (Q2R c)); try assumption. lra.
      + apply (mono_within G _ _ _ (Q2R c) (val (pv q))); try assumption. lra. }
  apply (good_within G (Q2R from) (Q2R to) (Q2R hi) p _ _ _ Hps Wf Wt Wa Wb K y); [lra|exact Hy].
Qed.
End Sound.
