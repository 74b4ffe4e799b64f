(** The claims about the composite, section 4 of the format: each is proved from the branches, by R3 to R5. *)
Require Import Bool ZArith QArith Qreals Reals List Lra Lia Psatz.
From Polycert Require Import Vocabulary Statement core.Fixed core.Number core.Pieces core.Cascade core.Cells core.Ground.
Import ListNotations.
Open Scope R_scope.

(** A list of cells: its first point, and the others with the order of the cell before each. *)
Record cells := { first : Z; rest : list (bool * Z) }.

Definition one_plus (p : Z) (a : itv) : itv := iadd (point (one p)) a.

(** One list of cells for each branch. *)
Definition each_cells (g : ground) (cs : list cells) (f : list stage -> cells -> bool) : bool :=
  match cs with
  | [a] => both g && f (pos g) a
  | [a; b] => negb (both g) && f (pos g) a && f (neg g) b
  | _ => false
  end.
Definition cells_cover (p : Z) (to : Q) (c : cells) : bool :=
  Z.eqb (first c) 0 && (match rest c with [] => false | _ => true end)
  && Z.leb (ceil_at p to) (last_point 0 (rest c)).
Definition plain (p : Z) (bound : list stage -> itv -> option Z) (to hi : Q) (g : ground) (cs : list cells) : bool :=
  each_cells g cs (fun b c => cells_cover p to c && plain_cells (bound b) (floor_at p hi) 0 (rest c)).

Definition inside (p : Z) (a : itv) (lh : Q * Q) : bool :=
  Z.leb (ceil_at p (fst lh)) (fst a) && Z.leb (snd a) (floor_at p (snd lh)).
Fixpoint all_inside (p : Z) (is : list itv) (rs : list (Q * Q)) : bool :=
  match is, rs with
  | [], [] => true
  | i :: is, r :: rs => inside p i r && all_inside p is rs
  | _, _ => false
  end.

(** Whether a quantity at the witness, by R4 on its side, is at least its lo. The witness is a multiple of 2^-p, not 0. *)
Definition attains (p : Z) (g : ground) (w : witness) (quantity : bool -> list stage -> itv -> option itv) : bool :=
  let n := floor_at p (at_x w) in
  let negative := Z.ltb n 0 in
  Z.eqb (Z.shiftl (Qnum (at_x w)) p) (n * Zpos (Qden (at_x w))) && negb (Z.eqb n 0)
  && match quantity negative (branch g negative) (point (Z.abs n)) with
     | Some q => reaches_lo p q (at_least w)
     | None => false
     end.
Definition closeness_at (p : Z) (_ : bool) (b : list stage) (y : itv) : option itv :=
  option_map (one_minus p) (on p b y).
Definition deviation_at (p : Z) (_ : bool) (b : list stage) (y : itv) : option itv := g_at p b y.
Definition derivative_at (p : Z) (_ : bool) (b : list stage) (y : itv) : option itv :=
  match with_slope p b y (point (one p)) with
  | Some (q, dq) => Some (ihalf (iadd q (imul p y dq)))
  | None => None
  end.
(** |r(x)|: y |1 + q(y)|/2 for x > 0, and y |1 - q(y)|/2 for x < 0. *)
Definition magnitude_at (p : Z) (negative : bool) (b : list stage) (y : itv) : option itv :=
  match on p b y with
  | Some q => Some (ihalf (imul p y ((if negative then one_minus else one_plus) p q)))
  | None => None
  end.

Definition prove_stage_ranges (p : Z) (g : ground) (from to : Q) (ranges : list (Q * Q)) : bool :=
  each g (fun b => match images p b (outward p from to) with
    | Some is => all_inside p is ranges
    | None => false
    end).
Definition prove_closeness (p : Z) (g : ground) (from to hi : Q) (w : witness) : bool :=
  each g (fun b => match on p b (outward p from to) with
    | Some q => Z.leb (mag (one_minus p q)) (floor_at p hi)
    | None => false
    end)
  && Qle_bool from (magnitude (at_x w)) && Qle_bool (magnitude (at_x w)) to && attains p g w (closeness_at p).
Definition prove_deviation (p : Z) (g : ground) (cs : list cells) (to hi : Q) (w : witness) : bool :=
  each_cells g cs (fun b c => cells_cover p to c && deviation_cells p b (floor_at p hi) 0 None (rest c))
  && Qle_bool (magnitude (at_x w)) to && attains p g w (deviation_at p).
Definition prove_derivative (p : Z) (g : ground) (cs : list cells) (to hi : Q) (w : witness) : bool :=
  plain p (derivative_bound p) to hi g cs
  && Qle_bool (magnitude (at_x w)) to && attains p g w (derivative_at p).
Definition prove_magnitude (p : Z) (g : ground) (cs : list cells) (to hi : Q) (w : witness)
  (escape : option witness) : bool :=
  plain p (magnitude_bound p) to hi g cs
  && Qle_bool (magnitude (at_x w)) to && attains p g w (magnitude_at p)
  && match escape with
     | None => true
     | Some v => below to (magnitude (at_x v)) && below hi (at_least v) && attains p g v (magnitude_at p)
     end.

(** ** Soundness *)
Section Sound.
Variable p : Z.
Hypothesis Hp : (0 <= p)%Z.
Notation P := (P p).
Notation val x := (IZR x / P).
Variables (fs : list (R -> R)) (gr : ground).
Hypothesis Hg : ground_ok p fs gr.
Let f := composite fs.
Let branch := branch gr.
Notation sg := sign_at.

Lemma on_branch : forall n y, q (branch n) y = sg n * f (sg n * y).
Proof. intros n. exact (proj2 (branch_ok p fs gr n Hg)). Qed.
Lemma stages_ok : forall n, Forall (stage_ok p) (branch n).
Proof. intros n. exact (proj1 (branch_ok p fs gr n Hg)). Qed.
(** p at s y, by the branch of s. *)
Lemma f_at : forall n y, f (sg n * y) = sg n * q (branch n) y.
Proof. intros n y. rewrite on_branch, <- Rmult_assoc, sign_at_2. ring. Qed.

Lemma closeness_is : forall n y, Rabs (f (sg n * y) - sg n) = Rabs (1 - q (branch n) y).
Proof.
  intros n y. rewrite f_at. replace (sg n * q (branch n) y - sg n) with (- (sg n * (1 - q (branch n) y))) by ring.
  rewrite Rabs_Ropp, Rabs_mult, Rabs_sign_at. ring.
Qed.
Lemma deviation_signed : forall n y, 0 <= y -> r f (sg n * y) - ReLU (sg n * y) = - g (branch n) y.
Proof.
  intros n y Hy. unfold r, g, ReLU. rewrite f_at. unfold Rmax.
  destruct n; simpl; match goal with |- context [Rle_dec ?a 0] => destruct (Rle_dec a 0) end; try field; try lra.
Qed.
Lemma deviation_is : forall n y, 0 <= y -> Rabs (r f (sg n * y) - ReLU (sg n * y)) = Rabs (g (branch n) y).
Proof. intros n y Hy. rewrite deviation_signed, Rabs_Ropp by assumption. reflexivity. Qed.
Lemma magnitude_is : forall n y, 0 <= y ->
  Rabs (r f (sg n * y)) = Rabs (y * (1 + sg n * q (branch n) y) / 2).
Proof.
  intros n y Hy. unfold r. rewrite f_at. unfold Rdiv.
  rewrite !Rabs_mult, Rabs_sign_at. ring.
Qed.

(** The derivative of r. *)
Definition r' (x : R) : R :=
  let n := if Rle_dec 0 x then false else true in (1 + f x) / 2 + x * q' (branch n) (sg n * x) / 2.
Lemma r_derivable_on : forall n x, derivable_pt_lim (r f) x ((1 + f x) / 2 + x * q' (branch n) (sg n * x) / 2).
Proof.
  intros n x. pose proof (sign_at_2 n) as Ss.
  assert (Ef : forall z, f z = sg n * q (branch n) (sg n * z)).
  { intros z. rewrite <- f_at. f_equal. rewrite <- Rmult_assoc, Ss. ring. }
  assert (Df : derivable_pt_lim f x (q' (branch n) (sg n * x))).
  { assert (D : derivable_pt_lim (fun z => sg n * q (branch n) (sg n * z)) x
      (0 * q (branch n) (sg n * x) + sg n * (q' (branch n) (sg n * x) * (0 * x + sg n * 1)))).
    { apply (derivable_pt_lim_mult (fun _ => sg n) (fun z => q (branch n) (sg n * z))); [apply derivable_pt_lim_const|].
      apply (derivable_pt_lim_comp (fun z => sg n * z) (q (branch n))).
      - apply (derivable_pt_lim_mult (fun _ => sg n) (fun z => z)); [apply derivable_pt_lim_const|apply derivable_pt_lim_id].
      - apply q_derivable. }
    replace (0 * q (branch n) (sg n * x) + sg n * (q' (branch n) (sg n * x) * (0 * x + sg n * 1)))
      with (q' (branch n) (sg n * x)) in D
      by (replace (0 * q (branch n) (sg n * x) + sg n * (q' (branch n) (sg n * x) * (0 * x + sg n * 1)))
            with ((sg n * sg n) * q' (branch n) (sg n * x)) by ring; rewrite Ss; ring).
    intros eps He. destruct (D eps He) as [del K]. exists del. intros h Hh Hl.
    rewrite (Ef (x + h)), (Ef x). apply K; assumption. }
  unfold r, Rdiv.
  replace ((1 + f x) * / 2 + x * q' (branch n) (sg n * x) * / 2)
    with ((1 * (1 + f x) + x * (0 + q' (branch n) (sg n * x))) * / 2 + x * (1 + f x) * 0) by ring.
  apply (derivable_pt_lim_mult (fun x => x * (1 + f x)) (fun _ => / 2)); [|apply derivable_pt_lim_const].
  apply (derivable_pt_lim_mult (fun x => x) (fun x => 1 + f x)); [apply derivable_pt_lim_id|].
  apply (derivable_pt_lim_plus (fun _ => 1) f); [apply derivable_pt_lim_const|exact Df].
Qed.
Lemma derivative_is : forall n y,
  Rabs (r' (sg n * y) - / 2) = Rabs ((q (branch n) y + y * q' (branch n) y) / 2).
Proof.
  intros n y. pose proof (sign_at_2 n) as Ss.
  rewrite (uniqueness_limite (r f) (sg n * y) (r' (sg n * y))
    ((1 + f (sg n * y)) / 2 + sg n * y * q' (branch n) (sg n * (sg n * y)) / 2)) by apply r_derivable_on.
  rewrite f_at. replace (sg n * (sg n * y)) with (sg n * sg n * y) by ring. rewrite Ss, Rmult_1_l.
  replace ((1 + sg n * q (branch n) y) / 2 + sg n * y * q' (branch n) y / 2 - / 2)
    with (sg n * ((q (branch n) y + y * q' (branch n) y) / 2)) by field.
  rewrite Rabs_mult, Rabs_sign_at. ring.
Qed.

(** A property of |x| on all branches is one of x. *)
Lemma on_both_sides : forall (D E : R -> Prop), (forall n y, 0 <= y -> D y -> E (sg n * y)) ->
  forall x, D (Rabs x) -> E x.
Proof.
  intros D E H x Hx. destruct (sign_exists x) as [n [_ Ex]]. rewrite Ex. apply H; [apply Rabs_pos|exact Hx].
Qed.

Lemma covered : forall to c, cells_cover p to c = true -> rest c <> [] /\
  forall y, 0 <= y <= Q2R to -> val 0 <= y /\ y <= val (last_point 0 (rest c)).
Proof.
  intros to c H. unfold cells_cover in H. apply andb_prop in H as [H H3]. apply andb_prop in H as [_ H2].
  split; [intros E; rewrite E in H2; discriminate|]. intros y Hy.
  apply Z.leb_le, IZR_le in H3. pose proof (ceil_at_ok p Hp to). pose proof (P_pos p Hp).
  split; [unfold Rdiv; lra|]. apply Rmult_le_reg_r with P; [assumption|]. rewrite val_P by assumption.
  assert (y * P <= Q2R to * P) by (apply Rmult_le_compat_r; lra). lra.
Qed.

Lemma each_cells_ok : forall l h, each_cells gr l h = true -> forall n, exists c, h (branch n) c = true.
Proof.
  intros l h H n. destruct Hg as [E _]. unfold each_cells in H.
  destruct l as [|a [|b [|? ?]]]; try discriminate.
  - apply andb_prop in H as [H1 H2]. exists a. destruct n; unfold branch; simpl; [rewrite E by assumption|]; exact H2.
  - apply andb_prop in H as [H H2]. apply andb_prop in H as [_ H1]. destruct n; [exists b|exists a]; assumption.
Qed.

Lemma plain_ok : forall bound to hi l (h : list stage -> R -> R),
  (forall b, Forall (stage_ok p) b -> forall u v B y, (0 <= u)%Z -> (u < v)%Z -> bound b (u, v) = Some B ->
     val u <= y <= val v -> h b y * P <= IZR B) ->
  plain p bound to hi gr l = true -> forall n y, 0 <= y <= Q2R to -> h (branch n) y <= Q2R hi.
Proof.
  intros bound to hi l h Hb H n y Hy. destruct (each_cells_ok _ _ H n) as [c Hc].
  apply andb_prop in Hc as [C1 C2]. destruct (covered _ _ C1) as [N K]. destruct (K y Hy) as [K1 K2].
  apply (at_most p Hp) with (floor_at p hi); [|lia].
  apply (plain_cells_ok p (bound (branch n)) (h (branch n)) _ (Hb _ (stages_ok n)) (rest c) 0%Z (Z.le_refl _) C2 N y K1 K2).
Qed.

(** What a witness shows of a number E that its quantity is about. *)
Lemma attains_ok : forall w quantity (E : R -> R), attains p gr w quantity = true ->
  (forall n y Y Q, 0 < y -> inI p y Y -> quantity n (branch n) Y = Some Q ->
     exists e, Rabs e = Rabs (E (sg n * y)) /\ inI p e Q) ->
  Q2R (at_x w) <> 0 /\ Q2R (at_least w) <= Rabs (E (Q2R (at_x w))).
Proof.
  intros w quantity E H HQ. unfold attains in H. set (n := floor_at p (at_x w)) in *.
  apply andb_prop in H as [H1 H]. apply andb_prop in H1 as [H1 H2].
  apply Z.eqb_eq in H1. apply negb_true_iff, Z.eqb_neq in H2. pose proof (P_pos p Hp) as HP.
  assert (V : Q2R (at_x w) = val n).
  { rewrite Z.shiftl_mul_pow2 in H1 by assumption. apply (f_equal IZR) in H1. rewrite !mult_IZR in H1. fold P in H1.
    unfold Q2R. assert (IZR (Zpos (Qden (at_x w))) <> 0) by (apply not_0_IZR; lia).
    apply Rmult_eq_reg_r with P; [|lra]. apply Rmult_eq_reg_r with (IZR (Zpos (Qden (at_x w)))); [|assumption].
    replace (IZR (Qnum (at_x w)) * / IZR (Zpos (Qden (at_x w))) * P * IZR (Zpos (Qden (at_x w))))
      with (IZR (Qnum (at_x w)) * P) by (field; assumption).
    rewrite H1. field. lra. }
  set (neg := Z.ltb n 0) in *.
  assert (S : Q2R (at_x w) = sg neg * val (Z.abs n)).
  { rewrite V. unfold neg. destruct (Z.ltb_spec n 0).
    - rewrite Z.abs_neq, opp_IZR by lia. simpl. unfold Rdiv. ring.
    - rewrite Z.abs_eq by lia. simpl. ring. }
  split.
  - rewrite V. unfold Rdiv. apply Rmult_integral_contrapositive_currified; [apply not_0_IZR, H2|].
    apply Rinv_neq_0_compat. lra.
  - destruct (quantity neg (Ground.branch gr neg) (point (Z.abs n))) as [Q|] eqn:EQ; [|discriminate].
    assert (Y0 : 0 < val (Z.abs n)).
    { unfold Rdiv. apply Rmult_lt_0_compat; [apply IZR_lt; lia|apply Rinv_0_lt_compat; lra]. }
    destruct (HQ neg _ _ _ Y0 (in_point p Hp (Z.abs n)) EQ) as [e [E1 E2]].
    rewrite S, <- E1. apply (reaches_lo_ok p Hp) with Q; assumption.
Qed.

Lemma all_inside_ok : forall is rs, all_inside p is rs = true -> length rs = length is /\ forall i lo hi,
  nth_error rs i = Some (lo, hi) -> exists I, nth_error is i = Some I /\ inside p I (lo, hi) = true.
Proof.
  induction is as [|J is IH]; intros [|rr rs] H; simpl in H; try discriminate.
  - split; [reflexivity|]. intros [|i] lo hi E; discriminate.
  - apply andb_prop in H as [H1 H2]. destruct (IH rs H2) as [L K]. split; [simpl; congruence|].
    intros [|i] lo hi E; simpl in *; [injection E as ->; exists J; auto|apply (K i lo hi E)].
Qed.

Lemma images_length : forall b Y is, images p b Y = Some is -> length is = length b.
Proof.
  induction b as [|s b IH]; intros Y is H; simpl in H; [injection H as <-; reflexivity|].
  destruct (Image.image_of p (Cascade.f s) (value s) Y) as [i|]; [|discriminate].
  destruct (images p b i) as [t|] eqn:E; [|discriminate]. injection H as <-. simpl. f_equal. apply (IH _ _ E).
Qed.

Theorem stage_ranges_ok : forall from to ranges, prove_stage_ranges p gr from to ranges = true ->
  states fs (StageRanges from to ranges).
Proof.
  intros from to ranges H. pose proof (each_ok p fs gr _ Hg H) as K. split.
  - specialize (K false). simpl in K. destruct (images p (pos gr) _) as [is|] eqn:E; [|discriminate].
    destruct (all_inside_ok _ _ K) as [L _]. apply images_length in E. destruct Hg as [_ [Len _]]. congruence.
  - intros x s Hx Hs i lo hi Hi. destruct (sign_at_of _ _ Hs) as [n [-> Ex]]. specialize (K n). cbv beta in K.
    destruct (images p (Ground.branch gr n) (outward p from to)) as [is|] eqn:E; [|discriminate].
    destruct (all_inside_ok _ _ K) as [_ A]. destruct (A _ _ _ Hi) as [I [E1 E2]].
    destruct (images_ok p Hp _ _ _ (Rabs x) (stages_ok n) E (in_outward p Hp _ _ _ Hx) i I E1) as [B1 B2].
    destruct Hg as [_ [_ G]]. rewrite (proj2 (G n)) in B1, B2. rewrite <- Ex in B1, B2.
    unfold inside in E2. apply andb_prop in E2 as [C1 C2]. apply Z.leb_le in C1, C2. simpl in C1, C2.
    split; [apply (at_least_of p Hp) with (fst I)|apply (at_most p Hp) with (snd I)]; assumption.
Qed.

Theorem closeness_ok : forall from to hi w, prove_closeness p gr from to hi w = true ->
  states fs (Closeness from to hi w).
Proof.
  intros from to hi w H. unfold prove_closeness in H. reals.
  match goal with X : each _ _ = true |- _ => pose proof (each_ok p fs gr _ Hg X) as K end.
  assert (B : forall n y, Q2R from <= y <= Q2R to -> Rabs (1 - q (branch n) y) <= Q2R hi).
  { intros n y Hy. specialize (K n). cbv beta in K.
    destruct (on p (Ground.branch gr n) (outward p from to)) as [Q|] eqn:E; [|discriminate].
    apply Z.leb_le in K. apply (at_most p Hp) with (mag (one_minus p Q)); [|exact K].
    apply mag_ok; [assumption|]. apply in_one_minus; [assumption|].
    apply (on_ok p Hp (branch n) _ Q y (stages_ok n) E). apply in_outward; assumption. }
  split.
  - intros x s Hx Hs. destruct (sign_at_of _ _ Hs) as [n [-> Ex]]. fold f. specialize (B n _ Hx).
    pose proof (Rabs_pos x). rewrite Ex at 1 2 3. rewrite closeness_is, deviation_is by assumption. split; [exact B|].
    unfold g, Rdiv. rewrite !Rabs_mult, Rabs_Rabsolu, (Rabs_right (/ 2)) by lra. nra.
  - fold f. match goal with X : attains _ _ _ _ = true |- _ =>
      destruct (attains_ok _ _ (fun x => f x - sgn x) X) as [N L] end; [|repeat split; assumption].
    intros n y Y Q Hy HY EQ. unfold closeness_at in EQ.
    destruct (on p (branch n) Y) as [I|] eqn:E; [|discriminate]. injection EQ as <-.
    exists (1 - q (branch n) y). split.
    + rewrite sgn_at by assumption. symmetry. apply closeness_is.
    + apply in_one_minus; [assumption|]. apply (on_ok p Hp (branch n) Y); auto using stages_ok.
Qed.

Theorem deviation_ok : forall cs to hi w, prove_deviation p gr cs to hi w = true -> states fs (Deviation to hi w).
Proof.
  intros cs to hi w H. unfold prove_deviation in H. reals. split; [|split; [assumption|]]; fold f.
  - intros x Hx. apply (on_both_sides (fun y => y <= Q2R to) (fun x => Rabs (r f x - ReLU x) <= Q2R hi)); [|exact Hx].
    intros n y Hy Hto. rewrite deviation_is by assumption.
    match goal with X : each_cells _ _ _ = true |- _ => destruct (each_cells_ok _ _ X n) as [c Hc] end.
    apply andb_prop in Hc as [C1 C2]. destruct (covered _ _ C1) as [N K]. destruct (K y (conj Hy Hto)) as [K1 K2].
    apply (at_most p Hp) with (floor_at p hi); [|lia].
    apply (deviation_cells_ok p Hp (branch n) (stages_ok n) (rest c) (floor_at p hi) 0 None); try assumption; trivial; lia.
  - match goal with X : attains _ _ _ _ = true |- _ =>
      apply (attains_ok _ _ (fun x => r f x - ReLU x) X) end.
    intros n y Y Q Hy HY EQ. exists (g (branch n) y). split; [symmetry; apply deviation_is; lra|].
    apply (g_at_ok p Hp (branch n) (stages_ok n) Y); assumption.
Qed.

Theorem derivative_ok : forall cs to hi w, prove_derivative p gr cs to hi w = true ->
  states fs (Derivative to hi w).
Proof.
  intros cs to hi w H. unfold prove_derivative in H. reals. exists r'.
  split; [intros x; apply r_derivable_on|]. split; [|split; [assumption|]].
  - intros x Hx. apply (on_both_sides (fun y => y <= Q2R to) (fun x => Rabs (r' x - / 2) <= Q2R hi)); [|exact Hx].
    intros n y Hy Hto. rewrite derivative_is.
    match goal with X : plain _ _ _ _ _ _ = true |- _ =>
      apply (plain_ok _ _ _ _ (fun b y => Rabs ((q b y + y * q' b y) / 2)) (derivative_bound_ok p Hp) X n y) end.
    split; assumption.
  - match goal with X : attains _ _ _ _ = true |- _ => apply (attains_ok _ _ (fun x => r' x - / 2) X) end.
    intros n y Y Q Hy HY EQ. exists ((q (branch n) y + y * q' (branch n) y) / 2).
    split; [symmetry; apply derivative_is|]. unfold derivative_at in EQ.
    destruct (with_slope p (branch n) Y (point (one p))) as [[V D]|] eqn:E; [|discriminate]. injection EQ as <-.
    destruct (with_slope_ok p Hp (branch n) _ _ _ _ y 1 (stages_ok n) E HY (in_one p Hp)) as [HQ HD].
    rewrite Rmult_1_l in HD. apply in_ihalf, in_iadd; [exact HQ|]. apply in_imul; assumption.
Qed.

Lemma magnitude_at_ok : forall w, attains p gr w (magnitude_at p) = true ->
  Q2R (at_least w) <= Rabs (r f (Q2R (at_x w))).
Proof.
  intros w H. apply (attains_ok _ _ (r f) H). intros n y Y Q Hy HY EQ.
  exists (y * (1 + sg n * q (branch n) y) / 2). split; [symmetry; apply magnitude_is; lra|].
  unfold magnitude_at in EQ. destruct (on p (branch n) Y) as [I|] eqn:E; [|discriminate]. injection EQ as <-.
  pose proof (on_ok p Hp (branch n) Y I y (stages_ok n) E HY) as HI.
  apply in_ihalf, in_imul; try assumption. destruct n; cbn [sign_at].
  - replace (1 + -1 * q (branch true) y) with (1 - q (branch true) y) by ring. apply in_one_minus; assumption.
  - rewrite Rmult_1_l. apply in_iadd; [apply in_one, Hp|exact HI].
Qed.

Theorem magnitude_claim_ok : forall cs to hi w escape, prove_magnitude p gr cs to hi w escape = true ->
  states fs (Magnitude to hi w escape).
Proof.
  intros cs to hi w escape H. unfold prove_magnitude in H. apply andb_prop in H as [H He]. reals.
  split; [split; [|split; [assumption|apply magnitude_at_ok; assumption]]|]; fold f.
  - intros x Hx. apply (on_both_sides (fun y => y <= Q2R to) (fun x => Rabs (r f x) <= Q2R hi)); [|exact Hx].
    intros n y Hy Hto. rewrite magnitude_is by assumption.
    apply Rle_trans with (y * (1 + Rabs (q (branch n) y)) / 2).
    + unfold Rdiv. rewrite !Rabs_mult, (Rabs_right y), (Rabs_right (/ 2)) by lra.
      apply Rmult_le_compat_r; [lra|]. apply Rmult_le_compat_l; [assumption|].
      apply Rle_trans with (1 := Rabs_triang _ _). rewrite Rabs_R1, Rabs_mult, Rabs_sign_at. lra.
    + match goal with X : plain _ _ _ _ _ _ = true |- _ =>
        apply (plain_ok _ _ _ _ (fun b y => y * (1 + Rabs (q b y)) / 2) (magnitude_bound_ok p Hp) X n y) end.
      split; assumption.
  - destruct escape as [v|]; [|exact I]. reals.
    match goal with X : attains _ _ _ _ = true |- _ => pose proof (magnitude_at_ok v X) end.
    split; [assumption|]. split; lra.
Qed.
End Sound.
