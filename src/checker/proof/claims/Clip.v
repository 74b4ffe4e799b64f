(** The `clip` claim: lower + r_B(x - lower) - r_B(x - upper), where r_B(x) = B r(x/B). *)
Require Import Bool ZArith QArith Qreals Reals List Lra Lia Psatz.
From Polycert Require Import Vocabulary Statement core.Fixed core.Number core.Cascade core.Cells core.Ground core.Composite.
Import ListNotations.
Open Scope R_scope.

(** Encloses g(d) = ReLU(d) - r(d) at d = (x - end)/B, where x - end has that sign. *)
Definition deviation_from (p : Z) (g : ground) (B x end_ : Q) : option itv :=
  let distance := (x - end_)%Q in
  let y := (magnitude distance / B)%Q in
  g_at p (branch g (Z.ltb (Qnum distance) 0)) (outward p y y).
(** The error is B (g((x - upper)/B) - g((x - lower)/B)). *)
Definition clip_error_at (p : Z) (g : ground) (a : clip_by_relus) (x : Q) : option itv :=
  let B := clip_scale a in
  match deviation_from p g B x (clip_upper a), deviation_from p g B x (clip_lower a) with
  | Some u, Some l => Some (imul p (outward p B B) (isub u l))
  | _, _ => None
  end.

Definition prove_clip (p : Z) (g : ground) (earlier : list claim) (a : clip_by_relus) : bool :=
  match nth_error earlier (clip_cites a) with
  | Some (Deviation to E _) =>
      let B := clip_scale a in let x := at_x (clip_witness a) in
      positive B && below (clip_lower a) (clip_upper a)
      && Qle_bool (- (B * to)) (clip_from a - clip_upper a) && Qle_bool (clip_to a - clip_lower a) (B * to)
      && Qle_bool (inject_Z 2 * B * E) (clip_hi a)
      && Qle_bool (clip_from a) x && Qle_bool x (clip_to a)
      && match clip_error_at p g a x with
         | Some e => reaches_lo p e (at_least (clip_witness a))
         | None => false
         end
  | _ => false
  end.

(** ** Soundness *)
(** clip(x, l, u) = l + ReLU(x - l) - ReLU(x - u), and ReLU(B x) = B ReLU(x). *)
Lemma clip_is : forall x l u, l <= u -> clip x l u = l + ReLU (x - l) - ReLU (x - u).
Proof.
  intros x l u H. unfold clip, ReLU, Rmax. destruct (Rle_dec x l); unfold Rmin;
  repeat match goal with |- context [Rle_dec ?a ?b] => destruct (Rle_dec a b) end; lra.
Qed.
Lemma ReLU_scale : forall B x, 0 < B -> r_B (fun _ => 0) B x = B * (x / B) / 2 /\ ReLU x = B * ReLU (x / B).
Proof.
  intros B x H. split; [unfold r_B, r; field; lra|]. unfold ReLU.
  replace x with (B * (x / B)) at 1 by (field; lra). replace 0 with (B * 0) at 1 by ring.
  apply RmaxRmult. lra.
Qed.
Lemma r_B_error : forall f B x, 0 < B -> r_B f B x - ReLU x = B * (r f (x / B) - ReLU (x / B)).
Proof. intros f B x H. destruct (ReLU_scale B x H) as [_ E]. rewrite E. unfold r_B. ring. Qed.
Lemma Rabs_div : forall x B, 0 < B -> Rabs (x / B) = Rabs x / B.
Proof.
  intros x B H. unfold Rdiv. rewrite Rabs_mult, (Rabs_right (/ B)); [reflexivity|].
  apply Rle_ge, Rlt_le, Rinv_0_lt_compat, H.
Qed.
Lemma div_within : forall x B to, 0 < B -> Rabs x <= B * to -> Rabs (x / B) <= to.
Proof.
  intros x B to H L. rewrite Rabs_div by assumption. apply Rmult_le_reg_l with B; [assumption|].
  unfold Rdiv. replace (B * (Rabs x * / B)) with (Rabs x) by (field; lra). exact L.
Qed.
Lemma Q2R_div' : forall x y, 0 < Q2R y -> Q2R (x / y) = Q2R x / Q2R y.
Proof. intros x y H. apply Q2R_div. intros E. apply Qeq_eqR in E. rewrite Q2R_0 in E. lra. Qed.

Section Sound.
Variable p : Z.
Hypothesis Hp : (0 <= p)%Z.
Variables (fs : list (R -> R)) (gr : ground).
Hypothesis Hg : ground_ok p fs gr.
Let f := composite fs.

Lemma deviation_from_ok : forall B x e I, 0 < Q2R B -> deviation_from p gr B x e = Some I ->
  let d := (Q2R x - Q2R e) / Q2R B in inI p (ReLU d - r f d) I.
Proof.
  intros B x e I HB H d. unfold deviation_from in H. set (t := (x - e)%Q) in *. set (n := Z.ltb (Qnum t) 0) in *.
  set (y := (magnitude t / B)%Q) in *.
  assert (Ey : Q2R y = Rabs d).
  { unfold y, d. rewrite Q2R_div', magnitude_ok, Rabs_div by assumption. unfold t. rewrite Q2R_minus. reflexivity. }
  assert (Es : d = sign_at n * Q2R y).
  { rewrite Ey. unfold d. rewrite <- Q2R_minus. fold t. rewrite Rabs_div by assumption. unfold n.
    assert (Ht : Q2R t = IZR (Qnum t) * / IZR (Zpos (Qden t))) by reflexivity.
    assert (Hd : 0 < / IZR (Zpos (Qden t))) by (apply Rinv_0_lt_compat, IZR_lt; lia).
    destruct (Z.ltb_spec (Qnum t) 0) as [L|L]; simpl.
    - apply IZR_lt in L. rewrite Rabs_left by (rewrite Ht; nra). unfold Rdiv. ring.
    - apply IZR_le in L. rewrite Rabs_right by (rewrite Ht; nra). unfold Rdiv. ring. }
  assert (Y0 : 0 <= Q2R y) by (rewrite Ey; apply Rabs_pos).
  pose proof (deviation_signed p fs gr Hg n (Q2R y) Y0) as K. rewrite <- Es in K. fold f in K.
  replace (ReLU d - r f d) with (g (branch gr n) (Q2R y)) by lra.
  apply (g_at_ok p Hp (branch gr n) (proj1 (branch_ok p fs gr n Hg)) (outward p y y)); [exact H|].
  apply in_outward; [assumption|lra].
Qed.

Theorem clip_ok : forall earlier a, Forall (states fs) earlier -> prove_clip p gr earlier a = true ->
  states fs (Clip a).
Proof.
  intros earlier a HA H. unfold prove_clip in H.
  destruct (nth_error earlier (clip_cites a)) as [d|] eqn:N; [|discriminate].
  destruct d as [| |to E w| | | | | | | |]; try discriminate.
  apply nth_error_In in N. rewrite Forall_forall in HA. destruct (HA _ N) as [U _]. fold f in U. unfold within in U.
  apply andb_prop in H as [H HW]. reals.
  set (B := Q2R (clip_scale a)) in *. set (l := Q2R (clip_lower a)) in *. set (u := Q2R (clip_upper a)) in *.
  assert (Err : forall x, clip_error f a x
    = B * (r f ((x - l) / B) - ReLU ((x - l) / B)) - B * (r f ((x - u) / B) - ReLU ((x - u) / B))).
  { intros x. rewrite <- !r_B_error by assumption. unfold clip_error. fold B l u.
    rewrite clip_is by lra. ring. }
  split; [|split; [split; assumption|]]; fold f.
  - intros x [X1 X2]. rewrite Err.
    assert (K : forall e, l <= e <= u -> Rabs (r f ((x - e) / B) - ReLU ((x - e) / B)) <= Q2R E).
    { intros e He. apply U, div_within; [assumption|]. apply Rabs_le. lra. }
    pose proof (K l ltac:(lra)) as Kl. pose proof (K u ltac:(lra)) as Ku.
    apply abs_le in Kl, Ku. apply Rabs_le.
    set (v := r f ((x - l) / B) - ReLU ((x - l) / B)) in *. set (z := r f ((x - u) / B) - ReLU ((x - u) / B)) in *.
    split; nra.
  - set (x := at_x (clip_witness a)) in *. unfold clip_error_at in HW. cbv zeta in HW.
    destruct (deviation_from p gr (clip_scale a) x (clip_upper a)) as [Iu|] eqn:Eu; [|discriminate].
    destruct (deviation_from p gr (clip_scale a) x (clip_lower a)) as [Il|] eqn:El; [|discriminate].
    pose proof (deviation_from_ok _ _ _ _ ltac:(eassumption) Eu) as Ku.
    pose proof (deviation_from_ok _ _ _ _ ltac:(eassumption) El) as Kl. cbv zeta in Ku, Kl. fold B l u in Ku, Kl.
    apply (reaches_lo_ok p Hp) with (2 := HW). rewrite Err.
    replace (B * (r f ((Q2R x - l) / B) - ReLU ((Q2R x - l) / B)) - B * (r f ((Q2R x - u) / B) - ReLU ((Q2R x - u) / B)))
      with (B * ((ReLU ((Q2R x - u) / B) - r f ((Q2R x - u) / B)) - (ReLU ((Q2R x - l) / B) - r f ((Q2R x - l) / B)))) by ring.
    apply in_imul; [assumption|apply in_outward; [assumption|fold B; lra]|]. apply in_isub; assumption.
Qed.
End Sound.
