(** The `argmax` claim: one-hot weights by the tournament of a pool. *)
Require Import Bool ZArith QArith Qreals Reals List Lra Lia Psatz.
From Polycert Require Import Vocabulary Statement core.Fixed core.Number core.Cascade core.Cells core.Ground
  core.Composite claims.Tournament claims.Pool claims.Weights.
Import ListNotations.
Open Scope R_scope.

Fixpoint power (x : Q) (n : nat) : Q := match n with O => 1%Q | S n => (x * power x n)%Q end.
Definition greater (x y : Q) : Q := if Qle_bool x y then y else x.

(** A match: s = (1 + p(a - b))/2 weighs the first, 1 - s the second. *)
Definition entry : Type := option (itv * list itv).
Definition play_weights (p : Z) (g : ground) (a b : entry) : entry :=
  match a, b with
  | Some (a, wa), Some (b, wb) =>
      let d := isub a b in
      match negative d with
      | Some n => let y := if n then ineg d else d in
          match on p (branch g n) y with
          | Some q =>
              let near := ihalf (one_plus p q) in let rest := ihalf (one_minus p q) in
              let s := if n then rest else near in let t := if n then near else rest in
              Some (iadd (imul p s a) (imul p t b), map (fun w => imul p w s) wa ++ map (fun w => imul p w t) wb)
          | None => None
          end
      | None => None
      end
  | _, _ => None
  end.

(** The place of the greatest of x, at place best, and the inputs from place i on. *)
Fixpoint greatest_at (i best : nat) (x : Q) (l : list Q) : nat :=
  match l with [] => best | y :: t => if Qle_bool x y then greatest_at (S i) i y t else greatest_at (S i) best x t end.
(** Input k, which is x, exceeds all others from place j on by the gap. *)
Fixpoint leads_from (j k : nat) (gap x : Q) (l : list Q) : bool :=
  match l with [] => true | y :: t => (Nat.eqb j k || Qle_bool (y + gap) x) && leads_from (S j) k gap x t end.
Fixpoint some_off (p : Z) (j k : nat) (lo : Q) (ws : list itv) : bool :=
  match ws with
  | [] => false
  | w :: t => reaches_lo p (if Nat.eqb j k then one_minus p w else w) lo || some_off p (S j) k lo t
  end.
Definition witness_off (p : Z) (g : ground) (a : argmax) : bool :=
  match argmax_at a with
  | [] => false
  | x :: t =>
      let k := greatest_at 1 0 x t in
      match nth_error (argmax_at a) k,
            winner (play_weights p g) None
              (map (fun x => Some (map_input p (argmax_scale a) x, [point (one p)])) (argmax_at a)) with
      | Some xk, Some (_, ws) =>
          leads_from 0 k (argmax_gap a) xk (argmax_at a) && some_off p 0 k (argmax_lo a) ws
      | _, _ => false
      end
  end.

Definition prove_argmax (p : Z) (g : ground) (earlier : list claim) (a : argmax) : bool :=
  match nth_error earlier (argmax_deviation a), nth_error earlier (argmax_closeness a),
        nth_error earlier (argmax_ranges a) with
  | Some (Deviation to E _), Some (Closeness least far eps _), Some (StageRanges from range_to ranges) =>
      match nth_error ranges (length ranges - 1) with
      | Some (lowest, highest) =>
          let c := argmax_scale a in let B := argmax_range a in let gap := argmax_gap a in
          let (depth, deepest) := depths (argmax_inputs a) in
          let widest := spread c B E deepest in
          let off := (eps * (1 # 2))%Q in let winner := (1 + off)%Q in
          let share := ((1 + greater (magnitude lowest) (magnitude highest)) * (1 # 2))%Q in
          let most := greater share winner in
          positive c && positive B && positive gap && Qle_bool gap (inject_Z 2 * B)
          && Qeq_bool from 0 && Qle_bool 0 least
          && Qle_bool widest to && Qle_bool widest far && Qle_bool widest range_to
          && Qle_bool least (c * gap - of_nat deepest * E)
          && Qle_bool (power winner depth) (argmax_hi a + 1)
          && Qle_bool (off * power most (depth - 1)) (argmax_hi a)
          && inputs_fit (argmax_inputs a) B (argmax_at a)
          && witness_off p g a
      | None => false
      end
  | _, _, _ => false
  end.

(** ** Soundness *)
Lemma power_ok : forall x n, Q2R (power x n) = Q2R x ^ n.
Proof. intros x. induction n as [|n IH]; simpl; [apply Q2R_1|]. rewrite Q2R_mult, IH. reflexivity. Qed.
Lemma greater_ok : forall x y, Q2R (greater x y) = Rmax (Q2R x) (Q2R y).
Proof.
  intros x y. unfold greater. destruct (Qle_bool x y) eqn:E.
  - apply Qle_ok in E. rewrite Rmax_right; [reflexivity|exact E].
  - rewrite Rmax_left; [reflexivity|]. apply Rlt_le, below_ok. unfold below. rewrite E. reflexivity.
Qed.

Lemma leads_from_ok : forall k gap x l j, leads_from j k gap x l = true ->
  forall i y, nth_error (map Q2R l) i = Some y -> (j + i)%nat <> k -> y + Q2R gap <= Q2R x.
Proof.
  intros k gap x. induction l as [|z t IH]; intros j H i y Hi N; [destruct i; discriminate|].
  simpl in H. apply andb_prop in H as [H1 H2]. destruct i as [|i]; simpl in Hi.
  - injection Hi as <-. destruct (Nat.eqb_spec j k); [lia|]. simpl in H1. reals. exact H1.
  - apply (IH (S j) H2 i y Hi). lia.
Qed.

Section Sound.
Variable p : Z.
Hypothesis Hp : (1 <= p)%Z.
Variables (fs : list (R -> R)) (gr : ground).
Hypothesis Hg : ground_ok p fs gr.
Let f := composite fs.
Let Hp0 : (0 <= p)%Z.
Proof. lia. Qed.

Definition entry_ok (v : R * list R) (o : entry) : Prop :=
  forall V ws, o = Some (V, ws) -> inI p (fst v) V /\ Forall2 (inI p) (snd v) ws.

Lemma scaled_ok : forall s S ws Ws, inI p s S -> Forall2 (inI p) ws Ws ->
  Forall2 (inI p) (map (Rmult s) ws) (map (fun w => imul p w S) Ws).
Proof.
  intros s S ws Ws Hs H. induction H as [|w W ws Ws Hw _ IH]; simpl; constructor; [|exact IH].
  rewrite Rmult_comm. apply in_imul; assumption.
Qed.

Lemma play_weights_ok : forall u v a b, entry_ok u a -> entry_ok v b ->
  entry_ok (weigh f u v) (play_weights p gr a b).
Proof.
  intros u v [[A wa]|] [[C wb]|] Hu Hv V ws H; unfold play_weights in H; cbv zeta in H; try discriminate.
  destruct (Hu _ _ eq_refl) as [Ua Wa]. destruct (Hv _ _ eq_refl) as [Vb Wb].
  pose proof (in_isub p _ _ _ _ Ua Vb) as HD.
  destruct (negative (isub A C)) as [n|] eqn:N; [|discriminate].
  destruct (on p (branch gr n) (if n then ineg (isub A C) else isub A C)) as [Q|] eqn:E; [|discriminate].
  destruct (on_side p Hp fs gr Hg _ _ _ _ HD N E) as [_ K]. fold f in K.
  assert (One : inI p ((1 + sign_at n * f (fst u - fst v)) / 2) (ihalf (one_plus p Q))).
  { apply in_ihalf, in_iadd; [apply in_one; assumption|exact K]. }
  assert (Rest : inI p ((1 - sign_at n * f (fst u - fst v)) / 2) (ihalf (one_minus p Q))).
  { apply in_ihalf, in_one_minus; assumption. }
  set (s := (1 + f (fst u - fst v)) / 2).
  assert (S : inI p s (if n then ihalf (one_minus p Q) else ihalf (one_plus p Q))
    /\ inI p (1 - s) (if n then ihalf (one_plus p Q) else ihalf (one_minus p Q))).
  { unfold s. destruct n; cbn [sign_at] in One, Rest; split.
    - replace ((1 + f (fst u - fst v)) / 2) with ((1 - -1 * f (fst u - fst v)) / 2) by field. exact Rest.
    - replace (1 - (1 + f (fst u - fst v)) / 2) with ((1 + -1 * f (fst u - fst v)) / 2) by field. exact One.
    - replace ((1 + f (fst u - fst v)) / 2) with ((1 + 1 * f (fst u - fst v)) / 2) by field. exact One.
    - replace (1 - (1 + f (fst u - fst v)) / 2) with ((1 - 1 * f (fst u - fst v)) / 2) by field. exact Rest. }
  destruct S as [S1 S2]. injection H as <- <-. unfold weigh. fold s. cbn [fst snd]. split.
  - apply in_iadd; apply in_imul; assumption.
  - apply Forall2_app; apply scaled_ok; assumption.
Qed.

Lemma some_off_ok : forall k lo ws Ws, Forall2 (inI p) ws Ws -> forall j, some_off p j k lo Ws = true ->
  exists i w, nth_error ws i = Some w /\ Q2R lo <= off k (j + i) w.
Proof.
  intros k lo ws Ws H. induction H as [|w W ws Ws Hw _ IH]; intros j O; simpl in O; [discriminate|].
  apply orb_prop in O as [O|O].
  - exists 0%nat, w. split; [reflexivity|]. rewrite Nat.add_0_r. unfold off. destruct (Nat.eqb j k).
    + rewrite <- Rabs_Ropp. replace (- (w - 1)) with (1 - w) by ring.
      apply (reaches_lo_ok p Hp0) with (2 := O). apply in_one_minus; assumption.
    + rewrite Rminus_0_r. apply (reaches_lo_ok p Hp0) with (2 := O). exact Hw.
  - destruct (IH (S j) O) as [i [v [Hi Hv]]]. exists (S i), v. split; [exact Hi|].
    rewrite Nat.add_succ_r. exact Hv.
Qed.

Lemma witness_off_ok : forall a, witness_off p gr a = true ->
  inputs_in (argmax_inputs a) (Q2R (argmax_range a)) (map Q2R (argmax_at a)) ->
  exists e, argmax_error f a (map Q2R (argmax_at a)) e /\ Q2R (argmax_lo a) <= e.
Proof.
  intros a H Hin. unfold witness_off in H. destruct (argmax_at a) as [|x t] eqn:At; [discriminate|].
  set (k := greatest_at 1 0 x t) in *. set (xs := x :: t) in *. set (c := argmax_scale a) in *.
  destruct (nth_error xs k) as [xk|] eqn:Nk; [|discriminate].
  destruct (winner (play_weights p gr) None (map (fun x => Some (map_input p c x, [point (one p)])) xs))
    as [[V ws]|] eqn:Ew; [|discriminate].
  apply andb_prop in H as [HL HO].
  pose proof (winner_keeps _ _ (side_by_side (weigh f) (play_weights p gr))
    (fun x => ((Q2R c * Q2R x + / 2, [1]), Some (map_input p c x, [point (one p)])))
    (fun v _ => entry_ok (fst v) (snd v))) as K.
  assert (Leaf : forall x, entry_ok (Q2R c * Q2R x + / 2, [1]) (Some (map_input p c x, [point (one p)]))).
  { intros z V' ws' E. injection E as <- <-. split; [apply map_input_ok, Hp|].
    constructor; [apply in_one, Hp0|constructor]. }
  specialize (K Leaf (fun u v _ _ => play_weights_ok _ _ _ _) ((0, []), None) xs ltac:(discriminate)). cbv beta in K.
  rewrite (winner_pair _ _ _ (weigh f) (play_weights p gr) (0, []) None (fun x => (Q2R c * Q2R x + / 2, [1]))) in K.
  cbn [fst snd] in K. destruct (K _ _ Ew) as [_ KW].
  destruct (some_off_ok k _ _ _ KW 0%nat HO) as [j [w [Hj Ho]]].
  exists (off k j w). split; [|exact Ho]. split; [exact Hin|]. exists k, j, w. split; [|split; [|reflexivity]].
  - exists (Q2R xk). split; [apply map_nth_error, Nk|]. intros i y Hi N.
    apply (leads_from_ok _ _ _ _ _ HL i y Hi). exact N.
  - unfold weights. fold c. rewrite map_map. exact Hj.
Qed.

Theorem argmax_ok : forall earlier a, Forall (states fs) earlier -> prove_argmax p gr earlier a = true ->
  states fs (Argmax a).
Proof.
  intros earlier a HA H. unfold prove_argmax in H.
  destruct (nth_error earlier (argmax_deviation a)) as [dd|] eqn:N1; [|discriminate].
  destruct dd as [| |to E wd| | | | | | | |]; try discriminate.
  destruct (nth_error earlier (argmax_closeness a)) as [dc|] eqn:N2; [|discriminate].
  destruct dc as [|least far eps wc| | | | | | | | |]; try discriminate.
  destruct (nth_error earlier (argmax_ranges a)) as [dr|] eqn:N3; [|discriminate].
  destruct dr as [from range_to ranges| | | | | | | | | |]; try discriminate.
  destruct (nth_error ranges (length ranges - 1)) as [[lowest highest]|] eqn:N4; [|discriminate].
  destruct (depths (argmax_inputs a)) as [depth deepest] eqn:D. cbv zeta in H.
  apply nth_error_In in N1, N2, N3. rewrite Forall_forall in HA.
  destruct (HA _ N1) as [U [U1 U2]]. destruct (HA _ N2) as [C [C1 _]]. destruct (HA _ N3) as [Len Rg].
  fold f in U, U1, U2, C, C1. clear HA. apply andb_prop in H as [H HW].
  set (c := argmax_scale a) in *. set (B := argmax_range a) in *. set (gap := argmax_gap a) in *.
  unfold spread in H. reals. rewrite ?power_ok, ?of_nat_ok, ?greater_ok in *.
  rewrite ?Q2R_plus, ?Q2R_mult, ?greater_ok in *. rewrite ?Q2R_plus, ?Q2R_mult, ?greater_ok, ?magnitude_ok in *.
  rewrite ?Q2R_plus, ?greater_ok, ?magnitude_ok, ?Q2R_1, ?Q2R_half in *.
  match goal with X : inputs_fit _ _ _ = true |- _ => pose proof (inputs_fit_ok _ _ _ X) as Hin end.
  assert (HE : 0 <= Q2R E).
  { specialize (U _ U1). pose proof (Rabs_pos (r f (Q2R (at_x wd)) - ReLU (Q2R (at_x wd)))). lra. }
  assert (He : 0 <= Q2R eps).
  { destruct (sign_exists (Q2R (at_x wc))) as [n Hn]. destruct (C _ _ C1 Hn) as [K _].
    pose proof (Rabs_pos (f (Q2R (at_x wc)) - sign_at n)). lra. }
  set (W := 2 * Q2R c * Q2R B + INR deepest * Q2R E).
  set (e := Q2R eps * / 2) in *. set (share := (1 + Rmax (Rabs (Q2R lowest)) (Rabs (Q2R highest))) * / 2) in *.
  set (most := Rmax share (1 + e)) in *.
  split; [|apply witness_off_ok; assumption].
  intros xs ee [[Hlen In] [k [j [w [Lk [Hj ->]]]]]]. fold gap in Lk.
  assert (Nx : xs <> []) by (intros ->; destruct Lk as [x [Hx _]]; destruct k; discriminate).
  assert (Swing : forall d, Rabs d <= W -> Rabs (f d) <= Rmax (Rabs (Q2R lowest)) (Rabs (Q2R highest))).
  { intros d Hd. destruct (sign_exists d) as [n Hn].
    assert (Bd : between from range_to (Rabs d)).
    { split; [|unfold W in Hd; lra]. pose proof (Rabs_pos d). lra. }
    specialize (Rg d _ Bd Hn _ _ _ N4). fold f in Rg.
    assert (Full : firstn (S (length ranges - 1)) fs = fs).
    { apply firstn_all2. rewrite <- Len. lia. }
    rewrite Full in Rg. fold f in Rg. destruct Rg as [R1 R2].
    replace (Rabs (f d)) with (Rabs (sign_at n * f d)) by (rewrite Rabs_mult, Rabs_sign_at; ring).
    pose proof (Rmax_l (Rabs (Q2R lowest)) (Rabs (Q2R highest))).
    pose proof (Rmax_r (Rabs (Q2R lowest)) (Rabs (Q2R highest))).
    pose proof (Rle_abs (Q2R highest)). pose proof (Rle_abs (- Q2R lowest)). rewrite Rabs_Ropp in *.
    apply Rabs_le. lra. }
  pose proof (weights_bound f (Q2R c) (Q2R B) (Q2R E) W) as T.
  specialize (T ltac:(assumption) HE (fun d Hd => U d ltac:(unfold within; unfold W in Hd; lra))).
  specialize (T (Q2R gap) e most (Q2R least) ltac:(unfold e; lra) ltac:(assumption) ltac:(apply Rmax_r)).
  assert (T1 : forall d, Rabs d <= W -> Rabs ((1 + f d) / 2) <= most /\ Rabs (1 - (1 + f d) / 2) <= most).
  { intros d Hd. specialize (Swing d Hd). apply abs_le in Swing.
    assert (Sh : share <= most) by apply Rmax_l. unfold share in Sh. split; apply Rabs_le; lra. }
  assert (T2 : forall d s, Q2R least <= Rabs d <= W -> sign_of s d -> Rabs (f d - s) <= 2 * e).
  { intros d s Hd Hs. destruct (C d s) as [K _]; [split; [lra|unfold W in Hd; lra]|exact Hs|].
    unfold e. lra. }
  specialize (T T1 T2 ltac:(unfold W; lra) xs In Nx).
  rewrite Hlen, D in T. cbn [fst snd] in T. specialize (T ltac:(unfold W; lra) k Lk j w Hj).
  apply Rle_trans with (1 := T). unfold bound. destruct (Nat.eqb j k); [lra|].
  destruct depth as [|depth]; cbn [other]; [|simpl in *; rewrite ?Nat.sub_0_r in *; assumption].
  match goal with X : e * most ^ _ <= _ |- _ => simpl in X end. unfold e in *. lra.
Qed.
End Sound.
