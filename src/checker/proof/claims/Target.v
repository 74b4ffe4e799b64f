(** The `target` claim of any function: which claim it follows from, and with which factor. *)
Require Import Bool ZArith QArith Qreals Reals List Lra Lia Psatz.
From Polycert Require Import Vocabulary Statement core.Number core.Ground claims.Pool claims.Clip claims.Shape.
Import ListNotations.
Open Scope R_scope.

(** The factor, and the bounds of the cited claim. *)
Definition factored : Type := (Q * Q * Q)%type.
Definition follows (t : target) (cited : claim) : option factored :=
  let B := target_scale t in
  match target_function t, cited with
  | Sign, Closeness _ _ hi w => Some (1, hi, at_least w)
  | Step, Closeness _ _ hi w => Some (1 # 2, hi, at_least w)
  | Relu, Deviation _ hi w => Some (B, hi, at_least w)
  | LeakyRelu slope, Deviation _ hi w => Some (B * magnitude (1 - slope), hi, at_least w)%Q
  | Abs, Deviation _ hi w => Some (inject_Z 2 * B, hi, at_least w)%Q
  (* a - b takes the values from -B to B for a, b in [0, B], and no others *)
  | Max, Deviation to hi w =>
      if Qle_bool 1 to && Qle_bool (magnitude (at_x w)) 1 then Some (B, hi, at_least w) else None
  | ClipByRelus, Clip a => Some (1, clip_hi a, at_least (clip_witness a))
  | Relu6, Clip a =>
      if Qeq_bool (clip_lower a) 0 && Qeq_bool (clip_upper a) (inject_Z 6)
      then Some (1, clip_hi a, at_least (clip_witness a)) else None
  | MaxPool, Pool a => Some (1, pool_hi a, pool_lo a)
  | OneHot, Argmax a => Some (1, argmax_hi a, argmax_lo a)
  | Direct f, Lines parts hi w => if forallb (holds_part f) parts then Some (1, hi, at_least w) else None
  | Smooth, Series a => Some (1, smooth_hi a, at_least (smooth_witness a))
  | _, _ => None
  end%Q.

Definition verdict_holds (lo hi : Q) (stated : option (Q * verdict)) : bool :=
  match stated with
  | None => true
  | Some (bound, Proved) => Qle_bool hi bound
  | Some (bound, Refuted) => below bound lo
  | Some (bound, Undecided) => Qle_bool lo bound && below bound hi
  end.
Definition prove_target (claims : list claim) (t : target) : bool :=
  match nth_error claims (target_cites t) with
  | None => false
  | Some cited =>
      match follows t cited with
      | None => false
      | Some (k, hi, lo) =>
          positive (target_scale t) && Qle_bool (k * hi) (target_hi t) && Qle_bool (target_lo t) (k * lo)
          && Qle_bool (target_lo t) (target_hi t) && verdict_holds (target_lo t) (target_hi t) (target_claim t)
      end
  end.

(** ** Soundness *)
(** Bounds of all errors, and of one. *)
Definition enclosed (error : R -> Prop) (lo hi : R) : Prop :=
  (forall e, error e -> e <= hi) /\ exists e, error e /\ lo <= e.

Section Error.
Variables (f : R -> R) (B : R).
Hypothesis HB : 0 < B.

(** From an error of x to k times it, of B x. *)
Lemma scaled : forall (D : R -> Prop) (k hi lo w : R) (E G : R -> R), 0 <= k ->
  (forall x, D x -> Rabs (E x) <= hi) -> D w -> lo <= Rabs (E w) -> (forall x, G (B * x) = k * E x) ->
  enclosed (fun e => exists x, D (x / B) /\ e = Rabs (G x)) (k * lo) (k * hi).
Proof.
  intros D k hi lo w E G Hk U W1 W2 S.
  assert (A : forall x, Rabs (G (B * x)) = k * Rabs (E x)) by (intros x; rewrite S, Rabs_mult, (Rabs_right k) by lra; reflexivity).
  split.
  - intros e [x [Hx ->]]. replace x with (B * (x / B)) by (field; lra). rewrite A. apply Rmult_le_compat_l; auto.
  - exists (Rabs (G (B * w))). split.
    + exists (B * w). split; [|reflexivity]. replace (B * w / B) with w by (field; lra). exact W1.
    + rewrite A. apply Rmult_le_compat_l; assumption.
Qed.

Lemma within_scaled : forall to x, Rabs x <= B * to <-> Rabs (x / B) <= to.
Proof.
  intros to x. split; [apply div_within, HB|]. rewrite Rabs_div by exact HB. intros H.
  replace (Rabs x) with (B * (Rabs x / B)) by (field; lra). apply Rmult_le_compat_l; lra.
Qed.
Lemma beyond_scaled : forall from x, B * from <= Rabs x <-> from <= Rabs (x / B).
Proof.
  intros from x. rewrite Rabs_div by exact HB. split; intros H.
  - apply Rmult_le_reg_l with B; [exact HB|]. replace (B * (Rabs x / B)) with (Rabs x) by (field; lra). exact H.
  - replace (Rabs x) with (B * (Rabs x / B)) by (field; lra). apply Rmult_le_compat_l; lra.
Qed.

Lemma enclosed_impl : forall (P Q : R -> Prop) lo hi, (forall e, P e <-> Q e) -> enclosed P lo hi -> enclosed Q lo hi.
Proof.
  intros P Q lo hi E [H1 [e [H2 H3]]]. split; [intros x Hx; apply H1, E, Hx|exists e; split; [apply E, H2|exact H3]].
Qed.

Lemma sgn_scaled : forall x, sgn (B * x) = sgn x.
Proof.
  intros x. unfold sgn. destruct (Rlt_dec (B * x) 0), (Rlt_dec x 0), (Rlt_dec 0 (B * x)), (Rlt_dec 0 x); try reflexivity; exfalso; nra.
Qed.
Lemma jump_is : forall x, x <> 0 -> jump 0 x = (1 + sgn x) / 2.
Proof. intros x N. unfold jump, sgn. repeat destruct Rlt_dec; lra. Qed.

(** At 0, where both signs are meant, p is within hi of any value between them. *)
Lemma sign_error : forall x hi, (forall s, sign_of s x -> Rabs (f x - s) <= hi) -> Rabs (f x - sgn x) <= hi.
Proof.
  intros x hi H. unfold sgn. destruct (Rlt_dec x 0) as [L|L]; [|destruct (Rlt_dec 0 x) as [M|M]].
  - apply H. split; [auto|rewrite Rabs_left by lra; ring].
  - apply H. split; [auto|rewrite Rabs_right by lra; ring].
  - assert (x = 0) by lra. subst. assert (S : forall s, s = 1 \/ s = -1 -> sign_of s 0) by (intros s Hs; split; [exact Hs|rewrite Rabs_R0; ring]).
    pose proof (H 1 (S 1 ltac:(auto))) as A. pose proof (H (-1) (S (-1) ltac:(auto))) as C.
    apply abs_le in A, C. apply Rabs_le. lra.
Qed.
Lemma step_error : forall x hi, (forall s, sign_of s x -> Rabs (f x - s) <= hi) ->
  Rabs (2 * ((1 + f x) / 2 - jump 0 x)) <= hi.
Proof.
  intros x hi H. unfold jump. destruct (Rlt_dec 0 x) as [M|M].
  - replace (2 * ((1 + f x) / 2 - 1)) with (f x - 1) by field. apply H. split; [auto|rewrite Rabs_right by lra; ring].
  - replace (2 * ((1 + f x) / 2 - 0)) with (f x - -1) by field. apply H. split; [auto|].
    destruct (Req_dec x 0) as [->|]; [rewrite Rabs_R0; ring|rewrite Rabs_left by lra; ring].
Qed.
End Error.

Theorem follows_ok : forall fs t cited k hi lo, states fs cited -> 0 < Q2R (target_scale t) ->
  follows t cited = Some (k, hi, lo) ->
  enclosed (error_of (composite fs) (target_function t) (Q2R (target_scale t)) cited)
    (Q2R (k * lo)) (Q2R (k * hi)).
Proof.
  intros fs t cited k hi lo S HB H. unfold follows in H. set (B := Q2R (target_scale t)) in *.
  set (f := composite fs). rewrite !Q2R_mult.
  assert (Rel : forall x, r_B f B (B * x) - ReLU (B * x) = B * (r f x - ReLU x)).
  { intros x. rewrite r_B_error by exact HB. replace (B * x / B) with x by (field; lra). reflexivity. }
  destruct (target_function t) as [| | |slope| | | | | | |g|] eqn:F; destruct cited as [|from to h w|to h w| | |a|a|a|parts h w| |a]; try discriminate;
    cbn [error_of].
  - (* sign *) injection H as <- <- <-. destruct S as [U [W1 [W2 W3]]]. rewrite Q2R_1.
    eapply enclosed_impl; [|apply (scaled B HB (fun x => Q2R from <= Rabs x <= Q2R to) 1 (Q2R h) (Q2R (at_least w)) (Q2R (at_x w))
      (fun x => f x - sgn x) (fun x => f (x / B) - sgn x)); try assumption; try lra].
    + intros e. split; intros [x [Hx E]]; exists x; (split; [|exact E]); rewrite (within_scaled B HB), (beyond_scaled B HB) in *; exact Hx.
    + intros x Hx. apply sign_error. intros s Hs. apply (U x s Hx Hs).
    + intros x. cbv beta. rewrite (sgn_scaled B HB). replace (B * x / B) with x by (field; lra). ring.
  - (* step *) injection H as <- <- <-. destruct S as [U [W1 [W2 W3]]]. rewrite Q2R_half.
    eapply enclosed_impl; [|apply (scaled B HB (fun x => Q2R from <= Rabs x <= Q2R to) (/ 2) (Q2R h) (Q2R (at_least w)) (Q2R (at_x w))
      (fun x => 2 * ((1 + f x) / 2 - jump 0 x)) (fun x => (1 + f (x / B)) / 2 - jump 0 x)); try assumption; try lra].
    + intros e. split; intros [x [Hx E]]; exists x; (split; [|exact E]); rewrite (within_scaled B HB), (beyond_scaled B HB) in *; exact Hx.
    + intros x Hx. apply step_error. intros s Hs. apply (U x s Hx Hs).
    + cbv zeta in W2, W3. fold f in W3. rewrite jump_is by assumption.
      replace (2 * ((1 + f (Q2R (at_x w))) / 2 - (1 + sgn (Q2R (at_x w))) / 2)) with (f (Q2R (at_x w)) - sgn (Q2R (at_x w))) by field.
      exact W3.
    + intros x. cbv beta. replace (B * x / B) with x by (field; lra).
      replace (jump 0 (B * x)) with (jump 0 x); [field|].
      unfold jump. destruct (Rlt_dec 0 x), (Rlt_dec 0 (B * x)); try reflexivity; exfalso; nra.
  - (* relu *) injection H as <- <- <-. destruct S as [U [W1 W2]].
    eapply enclosed_impl; [|apply (scaled B HB (within to) B (Q2R h) (Q2R (at_least w)) (Q2R (at_x w))
      (fun x => r f x - ReLU x) (fun x => r_B f B x - ReLU x)); try assumption; try lra].
    intros e. split; intros [x [Hx E]]; exists x; (split; [|exact E]); unfold within in *; rewrite (within_scaled B HB) in *; exact Hx.
  - (* leaky ReLU *) injection H as <- <- <-. destruct S as [U [W1 W2]]. reals. set (a := Q2R slope).
    pose proof (Rabs_pos (1 - a)).
    assert (A : forall x, Rabs (a * x + (1 - a) * r_B f B x - leaky a x) = Rabs (Rabs (1 - a) * (r_B f B x - ReLU x))).
    { intros x. rewrite Rabs_mult, Rabs_Rabsolu, <- Rabs_mult. f_equal. unfold leaky, ReLU, Rmax, Rmin.
      destruct (Rle_dec x 0); ring. }
    eapply enclosed_impl; [|apply (scaled B HB (within to) (B * Rabs (1 - a)) (Q2R h) (Q2R (at_least w)) (Q2R (at_x w))
      (fun x => r f x - ReLU x) (fun x => Rabs (1 - a) * (r_B f B x - ReLU x))); try assumption].
    + intros e. split; intros [x [Hx E]]; exists x; unfold within in *; rewrite (within_scaled B HB) in *;
        (split; [exact Hx|]); rewrite E; [symmetry|]; apply A.
    + apply Rmult_le_pos; lra.
    + intros x. cbv beta. rewrite Rel. ring.
  - (* abs *) injection H as <- <- <-. destruct S as [U [W1 W2]]. reals.
    eapply enclosed_impl; [|apply (scaled B HB (within to) (2 * B) (Q2R h) (Q2R (at_least w)) (Q2R (at_x w))
      (fun x => r f x - ReLU x) (fun x => 2 * (r_B f B x - ReLU x))); try assumption; try lra].
    + intros e. split; intros [x [Hx E]]; exists x; unfold within in *; rewrite (within_scaled B HB) in *;
        (split; [exact Hx|]); rewrite E; f_equal; unfold r_B, r, ReLU, Rmax, Rabs;
        destruct (Rle_dec x 0), (Rcase_abs x); try lra; try (field; lra); replace x with 0 by lra; field; lra.
    + intros x. cbv beta. rewrite Rel. ring.
  - (* max *) destruct (Qle_bool 1 to && Qle_bool (magnitude (at_x w)) 1) eqn:C; [|discriminate].
    injection H as <- <- <-. destruct S as [U [W1 W2]]. reals. fold f in U, W1, W2. fold B.
    assert (M : forall a b, B * m f (a / B) (b / B) - Rmax a b = B * (r f ((a - b) / B) - ReLU ((a - b) / B))).
    { intros a b. rewrite m_is. replace (a / B - b / B) with ((a - b) / B) by (field; lra).
      replace (Rmax a b) with (B * Rmax (a / B) (b / B)); [ring|].
      rewrite <- RmaxRmult by lra. f_equal; field; lra. }
    split.
    + intros e [a [b [Ha [Hb ->]]]]. rewrite M, Rabs_mult, (Rabs_right B) by lra. apply Rmult_le_compat_l; [lra|].
      apply U. unfold within. apply Rle_trans with 1; [|assumption]. apply div_within; [exact HB|]. apply Rabs_le. lra.
    + set (x := Q2R (at_x w)) in *. exists (Rabs (B * (r f x - ReLU x))). split.
      * exists (B * Rmax x 0), (B * Rmax (- x) 0).
        assert (K : Rabs x <= 1) by assumption. apply abs_le in K.
        assert (P : forall y, - 1 <= y <= 1 -> 0 <= B * Rmax y 0 <= B).
        { intros y Hy. unfold Rmax. destruct (Rle_dec y 0); split; nra. }
        split; [apply P; lra|]. split; [apply P; lra|]. rewrite M.
        replace (B * Rmax x 0 - B * Rmax (- x) 0) with (B * x).
        2: { unfold Rmax. destruct (Rle_dec x 0), (Rle_dec (- x) 0); try (exfalso; lra); try ring.
             replace x with 0 by lra. ring. }
        replace (B * x / B) with x by (field; lra). reflexivity.
      * rewrite Rabs_mult, (Rabs_right B) by lra. apply Rmult_le_compat_l; lra.
  - (* clip *) injection H as <- <- <-. destruct S as [U [W1 W2]]. rewrite Q2R_1, !Rmult_1_l. split.
    + intros e [x [Hx ->]]. apply U, Hx.
    + exists (Rabs (clip_error f a (Q2R (at_x (clip_witness a))))). split; [eexists; split; [exact W1|reflexivity]|exact W2].
  - (* ReLU6 *) destruct (Qeq_bool (clip_lower a) 0 && Qeq_bool (clip_upper a) (inject_Z 6)) eqn:C; [|discriminate].
    injection H as <- <- <-. destruct S as [U [W1 W2]]. fold f in U, W1, W2. rewrite Q2R_1, !Rmult_1_l.
    apply andb_prop in C as [C1 C2]. apply Qeq_ok in C1, C2. rewrite Q2R_0 in C1. rewrite Q2R_Z in C2.
    assert (E : forall x, clip_error f a x = r_B f (Q2R (clip_scale a)) x - r_B f (Q2R (clip_scale a)) (x - 6) - clip x 0 6).
    { intros x. unfold clip_error. rewrite C1, C2, Rminus_0_r. ring. }
    split.
    + intros e [x [Hx ->]]. rewrite <- E. apply U, Hx.
    + exists (Rabs (clip_error f a (Q2R (at_x (clip_witness a))))). split; [|exact W2].
      exists (Q2R (at_x (clip_witness a))). split; [exact W1|]. rewrite E. reflexivity.
  - (* max pool *) injection H as <- <- <-. destruct S as [U [e [W1 W2]]]. rewrite Q2R_1, !Rmult_1_l. split.
    + intros e' [xs Hx]. apply (U xs e' Hx).
    + exists e. split; [eexists; exact W1|exact W2].
  - (* argmax *) injection H as <- <- <-. destruct S as [U [e [W1 W2]]]. rewrite Q2R_1, !Rmult_1_l. split.
    + intros e' [xs Hx]. apply (U xs e' Hx).
    + exists e. split; [eexists; exact W1|exact W2].
  - (* direct *) destruct (forallb (holds_part g) parts) eqn:C; [|discriminate]. injection H as <- <- <-.
    destruct S as [U [a [Ia [W1 W2]]]]. rewrite Q2R_1, !Rmult_1_l. rewrite forallb_forall in C. split.
    + intros e [b [x [Ib [Hx ->]]]]. rewrite (holds_part_ok g b (C b Ib) x Hx). apply (U b x Ib Hx).
    + exists (Rabs (f (Q2R (at_x w)) - line a (Q2R (at_x w)))). split; [|exact W2].
      exists a, (Q2R (at_x w)). split; [exact Ia|]. split; [exact W1|].
      rewrite (holds_part_ok g a (C a Ia) _ W1). reflexivity.
  - (* smooth *) injection H as <- <- <-. destruct S as [U [W1 [W2 W3]]]. rewrite Q2R_1, !Rmult_1_l. split.
    + intros e [x [Hx [Dx ->]]]. apply (U x Hx), Dx.
    + exists (Rabs (error_at f a (Q2R (at_x (smooth_witness a))))). split; [|exact W3].
      eexists. split; [exact W1|]. split; [exact W2|reflexivity].
Qed.

Theorem target_ok : forall fs claims t, Forall (states fs) claims -> prove_target claims t = true ->
  exists cited, nth_error claims (target_cites t) = Some cited /\ target_states (composite fs) cited t.
Proof.
  intros fs claims t A H. unfold prove_target in H.
  destruct (nth_error claims (target_cites t)) as [cited|] eqn:N; [|discriminate]. exists cited. split; [reflexivity|].
  destruct (follows t cited) as [[[k hi] lo]|] eqn:F; [|discriminate].
  apply nth_error_In in N. rewrite Forall_forall in A. apply andb_prop in H as [H V]. apply andb_prop in H as [H H3].
  apply andb_prop in H as [H H2]. apply andb_prop in H as [H H1].
  apply positive_ok in H. apply Qle_ok in H1, H2, H3.
  destruct (follows_ok fs t cited k hi lo (A _ N) H F) as [U [e [E1 E2]]].
  assert (U' : forall e, error_of (composite fs) (target_function t) (Q2R (target_scale t)) cited e -> e <= Q2R (target_hi t)).
  { intros e' He. specialize (U e' He). lra. }
  unfold target_states. split; [exact U'|]. split; [exists e; split; [exact E1|lra]|].
  destruct (target_claim t) as [[bound [| |]]|]; simpl in V; [| | |exact I].
  - apply Qle_ok in V. intros e' He. specialize (U' e' He). lra.
  - apply below_ok in V. exists e. split; [exact E1|lra].
  - apply andb_prop in V as [V1 V2]. apply Qle_ok in V1. apply below_ok in V2. split; assumption.
Qed.
