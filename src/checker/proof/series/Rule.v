(** The claim `series`: the error of what stands for a smooth function, over a union of intervals. *)
Require Import Bool ZArith QArith Qreals Reals List Lra Lia Psatz.
From Polycert Require Import Vocabulary Formula Statement core.Polynomial core.Fixed core.Number core.Pieces
  claims.Direct series.Model series.Elementary series.Stage series.Evaluate.
Import ListNotations.
Open Scope R_scope.

(** The right end of a cell, which begins where the one before it ends; the degree of its models; pieces of the error. *)
Record series_cell := { cell_to : Z; cell_degree : nat; cell_pieces : list segment }.

(** The model of the error on that of x. *)
Definition error_on (p slack : Z) (n : nat) (l : list part_of) (a : smooth) (x : model) : option model :=
  y <- parts_on p n l x;; g <- outcome_on p slack n x y (smooth_value a);;
  f <- evaluate p slack n x y [] (smooth_function a);; d <- msub p g f;;
  match smooth_measure a with
  | Absolute => Some d
  | Relative => i <- minv p n f;; mmul p n d i
  | Weighted w => w <- evaluate p slack n x y [] w;; mmul p n d w
  end.
(** |error| <= limit: the image of its polynomial over [-1, 1] by R1 and R2, and its radius. *)
Definition within_limit (p limit : Z) (error : model) (hint : list segment) : bool :=
  match image_over p (terms error, 2 ^ p)%Z hint (-1) 1 with
  | Some (_, i) => Z.leb (mag i + radius error) limit
  | None => false
  end.

(** From left on cells follow each other up to the end; all are proved, each from its middle and half its width. *)
Fixpoint cover (prove : Z -> Z -> series_cell -> bool) (left : Z) (cells : list series_cell) (to : Z) : bool :=
  match cells with
  | [] => Z.eqb left to
  | c :: t =>
      let sum := (left + cell_to c)%Z in let width := (cell_to c - left)%Z in
      Z.even sum && Z.ltb 0 width andthen prove (Z.shiftr sum 1) (Z.shiftr width 1) c andthen cover prove (cell_to c) t to
  end.
(** x rounded to a multiple of 2^(1-p), in units of 2^-p. *)
Definition even_below (p : Z) (x : Q) : Z := (2 * floor_at (p - 1) x)%Z.
Definition even_above (p : Z) (x : Q) : Z := (2 * ceil_at (p - 1) x)%Z.
Fixpoint cover_all (p : Z) (prove : Z -> Z -> series_cell -> bool) (parts : list (Q * Q)) (hints : list (list series_cell)) : bool :=
  match parts, hints with
  | [], [] => true
  | (from, to) :: t, cells :: u =>
      below from to && match t with [] => true | (next, _) :: _ => Qle_bool to next end
      andthen cover prove (even_below p from) cells (even_above p to) andthen cover_all p prove t u
  | _, _ => false
  end.
Definition in_some_part (parts : list (Q * Q)) (x : Q) : bool :=
  existsb (fun part => Qle_bool (fst part) x && Qle_bool x (snd part)) parts.

Definition prove_series (p : Z) (l : list part_of) (hints : list (list series_cell)) (a : smooth) : bool :=
  let limit := floor_at p (smooth_hi a) in
  let slack := floor_at p (smooth_slack a) in
  let prove middle reach c :=
    match x <- made p [middle; reach] 0;; error_on p slack (cell_degree c) l a x with
    | Some e => within_limit p limit e (cell_pieces c)
    | None => false
    end in
  let w := smooth_witness a in
  cover_all p prove (smooth_parts a) hints
  andthen in_some_part (smooth_parts a) (at_x w)
  andthen match x <- constant p (at_x w);; error_on p 0 0 l a x with
          | Some e => Z.leb (ceil_at p (at_least w)) (mig (range_of e))
          | None => false
          end.

(** ** Soundness *)
Section Sound.
Variable p : Z.
Hypothesis Hp : (9 <= p)%Z.
Notation P := (P p).
Notation within := (within p).
Let Hp0 : (0 <= p)%Z. Proof. lia. Qed.
Let HP : 0 < P. Proof. apply P_pos, Hp0. Qed.
Variables (fs : list (R -> R)) (l : list part_of).
Hypothesis Hl : Forall2 means_part l fs.
Notation pp := (composite fs).

Lemma error_on_ok : forall slack s n a x m v u, IZR slack <= s * P -> Rabs v <= 1 -> error_on p slack n l a x = Some m -> within x v u ->
  (exists_at pp a u -> within m v (error_at pp a u))
  /\ (exists_at pp a u \/ error_at_end (smooth_function a) (smooth_value a) (smooth_measure a) u (pp u) s).
Proof.
  intros slack s n a x m v u Hs Hv H Hx. unfold error_on in H. chain H. rename E into Ey, E0 into Eg, E1 into Ef, E2 into Ed.
  pose proof (parts_on_ok p Hp0 n l fs Hl _ _ _ _ Hv Ey Hx) as Wy.
  destruct (outcome_on_ok p Hp slack s Hs n x _ v u (pp u) Hv Hx Wy _ _ Eg) as [G1 G2].
  pose proof (evaluate_ok p Hp slack s Hs n x _ v u (pp u) Hv Hx Wy [] [] ltac:(constructor)) as Ev.
  destruct (Ev _ _ Ef) as [F1 F2]. unfold exists_at, error_at, error_defined, smooth_error, error_at_end.
  assert (D : has_outcome u (pp u) (smooth_value a) -> defined u (pp u) [] (smooth_function a) ->
    within m3 v (outcome u (pp u) (smooth_value a) - value u (pp u) [] (smooth_function a))).
  { intros Dg Df. apply (msub_ok p _ _ _ _ _ _ Ed); auto. }
  destruct (smooth_measure a) as [| |w].
  - injection H as <-. split; [intros [Dg [Df _]]; auto|tauto].
  - chain H. assert (I : defined u (pp u) [] (smooth_function a) -> value u (pp u) [] (smooth_function a) <> 0
      /\ within m4 v (/ value u (pp u) [] (smooth_function a))).
    { intros Df. apply (minv_ok p Hp _ _ _ _ _ Hv E), F1, Df. }
    split.
    + intros [Dg [Df N]]. set (f := value u (pp u) [] (smooth_function a)) in *.
      replace (outcome u (pp u) (smooth_value a) / f - 1) with ((outcome u (pp u) (smooth_value a) - f) * / f) by (field; exact N).
      apply (mmul_ok p Hp0 _ _ _ _ _ _ _ Hv H); [auto|apply I, Df].
    + destruct G2 as [Dg|G2]; [|auto]. destruct F2 as [Df|F2]; [|auto]. left. split; [exact Dg|]. split; [exact Df|apply I, Df].
  - chain H. destruct (Ev _ _ E) as [W1 W2]. split.
    + intros [Dg [Df Dw]]. rewrite Rmult_comm. apply (mmul_ok p Hp0 _ _ _ _ _ _ _ Hv H); auto.
    + tauto.
Qed.

Lemma within_limit_ok : forall limit e hint v y, within_limit p limit e hint = true -> Rabs v <= 1 -> within e v y ->
  Rabs y * P <= IZR limit.
Proof.
  intros limit e hint v y H Hv W. unfold within_limit in H.
  destruct (image_over p _ hint (-1) 1) as [[ps i]|] eqn:E; [|discriminate]. apply Z.leb_le, IZR_le in H. rewrite plus_IZR in H.
  assert (Hd : (0 < 2 ^ p)%Z) by (apply Z.pow_pos_nonneg; lia).
  destruct (image_over_ok p Hp0 (terms e) (2 ^ p) (fun y => pe (terms e) y / IZR (2 ^ p)) hint _ _ ps i Hd (fun _ => eq_refl) E) as [_ [_ [_ HI]]].
  specialize (HI v). apply abs_le in Hv. replace (Q2R (-1)) with (-1) in HI by (unfold Q2R; simpl; field). rewrite Q2R_1 in HI.
  specialize (HI ltac:(lra)). apply (mag_ok p Hp0) in HI. change (IZR (2 ^ p)) with P in HI.
  replace (Rabs (pe (terms e) v / P) * P) with (Rabs (pe (terms e) v)) in HI.
  2: { unfold Rdiv. rewrite Rabs_mult, (Rabs_right (/ P)) by (apply Rle_ge, Rlt_le, Rinv_0_lt_compat, HP). field. lra. }
  unfold Model.within in W. replace (Rabs y * P) with (Rabs (y * P)) by (rewrite Rabs_mult, (Rabs_right P) by lra; reflexivity).
  replace (y * P) with ((y * P - pe (terms e) v) + pe (terms e) v) by ring. eapply Rle_trans; [apply Rabs_triang|lra].
Qed.

Lemma cover_ok : forall prove cells from to (X : R), cover prove from cells to = true -> IZR from <= X <= IZR to ->
  cells = [] \/ exists m r c, prove m r c = true /\ (0 < r)%Z /\ Rabs (X - IZR m) <= IZR r.
Proof.
  intros prove. induction cells as [|c t IH]; intros from to X H HX. { left. reflexivity. } right. cbn [cover] in H. cbv zeta in H.
  apply andthen_prop in H as [H Hc]. apply andthen_prop in H as [H Hpr]. apply andb_prop in H as [Ev W].
  apply Z.ltb_lt in W. destruct (Rle_dec X (IZR (cell_to c))) as [L|L].
  - exists (Z.shiftr (from + cell_to c) 1), (Z.shiftr (cell_to c - from) 1), c. split; [exact Hpr|].
    apply Z.even_spec in Ev as [k Ek]. rewrite !Z.shiftr_div_pow2 by lia. change (2 ^ 1)%Z with 2%Z.
    replace (from + cell_to c)%Z with (k * 2)%Z by lia. replace (cell_to c - from)%Z with ((k - from) * 2)%Z by lia.
    rewrite !Z.div_mul by lia. split; [lia|]. replace (cell_to c) with (2 * k - from)%Z in L by lia.
    rewrite minus_IZR, mult_IZR in L. rewrite minus_IZR. apply Rabs_le. lra.
  - destruct (IH (cell_to c) to X Hc ltac:(lra)) as [->|F]; [|exact F]. cbn [cover] in Hc. apply Z.eqb_eq in Hc. rewrite Hc in L. lra.
Qed.
Lemma even_below_ok : forall x, IZR (even_below p x) <= Q2R x * P.
Proof.
  intros x. unfold even_below. rewrite mult_IZR. pose proof (floor_at_ok (p - 1) ltac:(lia) x) as F.
  replace P with (2 * Fixed.P (p - 1)); [lra|]. unfold Fixed.P. rewrite <- mult_IZR, <- Z.pow_succ_r by lia. do 2 f_equal. lia.
Qed.
Lemma even_above_ok : forall x, Q2R x * P <= IZR (even_above p x).
Proof.
  intros x. unfold even_above. rewrite mult_IZR. pose proof (ceil_at_ok (p - 1) ltac:(lia) x) as F.
  replace P with (2 * Fixed.P (p - 1)); [lra|]. unfold Fixed.P. rewrite <- mult_IZR, <- Z.pow_succ_r by lia. do 2 f_equal. lia.
Qed.
Lemma cover_all_ok : forall prove parts hints, cover_all p prove parts hints = true -> forall x, in_union parts x ->
  exists m r c, prove m r c = true /\ (0 < r)%Z /\ Rabs (x * P - IZR m) <= IZR r.
Proof.
  intros prove. induction parts as [|[from to] t IH]; intros [|cells u] H x Hx; cbn [cover_all] in H; try discriminate.
  - destruct Hx as [? [? [[] _]]].
  - apply andthen_prop in H as [H H3]. apply andthen_prop in H as [H H2]. apply andb_prop in H as [H1 _]. apply below_ok in H1.
    destruct Hx as [f [g [[E|I] [X1 X2]]]].
    + injection E as <- <-. pose proof (even_below_ok from) as L. pose proof (even_above_ok to) as U.
      assert (X1' : Q2R from * P <= x * P) by (apply Rmult_le_compat_r; lra).
      assert (X2' : x * P <= Q2R to * P) by (apply Rmult_le_compat_r; lra).
      destruct (cover_ok _ _ _ _ (x * P) H2 ltac:(lra)) as [->|F]; [|exact F]. cbn [cover] in H2. apply Z.eqb_eq in H2.
      rewrite H2 in L. assert (Q2R from * P < Q2R to * P) by (apply Rmult_lt_compat_r; lra). lra.
    + apply (IH u H3). exists f, g. split; [exact I|split; assumption].
Qed.

Theorem series_ok : forall hints a, prove_series p l hints a = true -> states fs (Series a).
Proof.
  intros hints a H. unfold prove_series in H. cbv zeta in H. apply andthen_prop in H as [H HW]. apply andthen_prop in H as [H HI].
  split.
  - intros x Hx. destruct (cover_all_ok _ _ _ H x Hx) as [m [r [c [Hc [Hr Xm]]]]]. clear H HW HI.
    destruct (made p [m; r] 0) as [xm|] eqn:Ex; [|discriminate].
    destruct (error_on _ _ _ _ _ xm) as [e|] eqn:Ee; [|discriminate].
    apply IZR_lt in Hr. set (v := (x * P - IZR m) / IZR r).
    assert (Ev : x * P = IZR m + v * IZR r) by (unfold v; field; lra).
    assert (Hv : Rabs v <= 1).
    { unfold v, Rdiv. rewrite Rabs_mult, (Rabs_right (/ IZR r)) by (apply Rle_ge, Rlt_le, Rinv_0_lt_compat, Hr).
      apply Rmult_le_reg_r with (IZR r); [exact Hr|]. rewrite Rmult_assoc, Rinv_l by lra. lra. }
    assert (Wx : within xm v x).
    { apply (made_ok p _ _ _ Ex). cbn [pe]. replace (x * P - (IZR m + v * (IZR r + v * 0))) with 0 by (rewrite Ev; ring). rewrite Rabs_R0. lra. }
    destruct (error_on_ok _ (Q2R (smooth_slack a)) _ _ _ _ _ _ (floor_at_ok p Hp0 _) Hv Ee Wx) as [W D].
    split; [exact D|]. intros Dx. pose proof (within_limit_ok _ _ _ _ _ Hc Hv (W Dx)) as B.
    apply (at_most p Hp0) with (1 := B). lia.
  - cbv zeta. set (w := smooth_witness a) in *. split; [|].
    + unfold in_some_part in HI. apply existsb_exists in HI as [[from to] [I B]]. cbn [fst snd] in B.
      apply andb_prop in B as [B1 B2]. apply Qle_ok in B1, B2. exists from, to. split; [exact I|split; assumption].
    + destruct (constant p (at_x w)) as [xm|] eqn:Ex; [|discriminate].
      destruct (error_on p 0 0 l a xm) as [e|] eqn:Ee; [|discriminate].
      assert (H0 : Rabs 0 <= 1) by (rewrite Rabs_R0; lra).
      destruct (error_on_ok 0 0 _ _ _ _ 0 _ ltac:(lra) H0 Ee (constant_ok p Hp0 _ _ Ex 0)) as [W D].
      destruct D as [D|D].
      2: { exfalso. destruct D as [[D|[_ D]]|[D|D]]; [apply (no_steps_end _ _ _ _ D)|apply (no_end _ _ _ _ D)|apply (no_end _ _ _ _ D)|].
           destruct (smooth_measure a); try exact D. apply (no_end _ _ _ _ D). }
      split; [exact D|]. apply Z.leb_le in HW. pose proof (range_of_ok p e 0 _ H0 (W D)) as Rg.
      apply (mig_ok p Hp0) in Rg. apply (at_least_of p Hp0) with (1 := Rg). exact HW.
Qed.
End Sound.
