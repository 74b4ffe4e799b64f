(** The table's polynomial on a model, one component after another. *)
Require Import Bool ZArith QArith Qreals Reals List Lra Lia Psatz.
From Polycert Require Import Vocabulary core.Polynomial core.Fixed core.Number format.Table series.Model.
Import ListNotations.
Open Scope R_scope.

(** P(y) = Q(scale y + offset), Q in powers. *)
Record part_of := { in_scale : Q; in_offset : Q; powers : list Z; common : Z }.
Definition part_made (c : component) : option part_of :=
  e <- expand {| chebyshev := chebyshev c; scale := 1; offset := 0; coefficients := coefficients c |};;
  Some {| in_scale := scale c; in_offset := offset c; powers := fst e; common := snd e |}.
Fixpoint parts_made (cs : list component) : option (list part_of) :=
  match cs with
  | [] => Some []
  | c :: t => s <- part_made c;; r <- parts_made t;; Some (s :: r)
  end.

Definition is_zero (a : model) : bool := match terms a with [] => Z.eqb (radius a) 0 | _ => false end.
Definition add_first (c : Z) (l : list Z) : list Z := match l with [] => [c] | x :: t => (x + c)%Z :: t end.
(** Horner's scheme in u/2^e, at most 1 in size: coefficient j is then c_j 2^(e j), and what a step rounds is not
    multiplied by the steps that follow. up is p + e j. *)
Fixpoint horner_on (p e d : Z) (cap : nat) (u : model) (l : list Z) (up : Z) : option model :=
  match l with
  | [] => Some {| terms := []; radius := 0 |}
  | c :: t =>
      s <- horner_on p e d cap u t (up + e);;
      s <- (if is_zero s then Some s else mmul_over p (p + e) cap s u);;
      if Z.eqb c 0 then Some s else
      let (q, r) := Z.div_eucl (Z.shiftl c up) d in
      Some {| terms := add_first q (terms s); radius := radius s + (if Z.eqb r 0 then 0 else 1) |}
  end.
(** A line is expanded to the full degree first: the sums on the way have coefficients far above those of the result. *)
Definition part_on (p : Z) (n : nat) (s : part_of) (y : model) : option model :=
  scaled <- mscale p (in_scale s) y;; offset <- constant p (in_offset s);; u <- msum p scaled offset;;
  let e := Z.max 0 (Z.log2 (norm (terms u) + radius u) + 1 - p) in
  let cap := if Nat.leb (length (terms u)) 2 then Nat.max n (length (powers s)) else n in
  r <- horner_on p e (common s) cap u (powers s) p;; mcut p n r.
Fixpoint parts_on (p : Z) (n : nat) (l : list part_of) (y : model) : option model :=
  match l with [] => Some y | s :: t => y <- part_on p n s y;; parts_on p n t y end.

(** ** Soundness *)
Definition means_part (s : part_of) (f : R -> R) : Prop :=
  (0 < common s)%Z /\ forall y, f y = pe (powers s) (Q2R (in_scale s) * y + Q2R (in_offset s)) / IZR (common s).

Lemma part_made_ok : forall c s, part_made c = Some s -> means_part s (component_at c).
Proof.
  intros c s H. unfold part_made in H. chain H. destruct p as [l d]. injection H as <-. destruct (expand_ok _ _ _ E) as [Hd K].
  split; cbn [common powers in_scale in_offset fst snd]; [exact Hd|]. intros y.
  rewrite <- K. unfold component_at. cbn [chebyshev scale offset coefficients]. f_equal. rewrite Q2R_1, Q2R_0. ring.
Qed.
Lemma parts_made_ok : forall cs l, parts_made cs = Some l -> Forall2 means_part l (map component_at cs).
Proof.
  induction cs as [|c t IH]; intros l H; cbn [parts_made] in H; [injection H as <-; constructor|]. chain H. injection H as <-.
  constructor; [apply part_made_ok, E|apply IH; reflexivity].
Qed.
Lemma stages_plain : forall cs, stages false cs = map component_at cs.
Proof. induction cs as [|c t IH]; [reflexivity|]. destruct t as [|d t]; [reflexivity|]. change (component_at c :: stages false (d :: t) = component_at c :: map component_at (d :: t)). rewrite IH. reflexivity. Qed.

Section Sound.
Variable p : Z.
Hypothesis Hp : (0 <= p)%Z.
Notation P := (P p).
Notation within := (within p).
Let HP : 0 < P. Proof. apply P_pos, Hp. Qed.

Lemma add_first_ok : forall c l v, pe (add_first c l) v = pe l v + IZR c.
Proof. intros c [|x l] v; simpl; [ring|]. rewrite plus_IZR. ring. Qed.

Lemma horner_on_ok : forall e d cap u v x, (0 <= e)%Z -> (0 < d)%Z -> Rabs v <= 1 -> within u v x ->
  forall l up k r, up = (p + k)%Z -> (0 <= k)%Z -> horner_on p e d cap u l up = Some r ->
  within r v (Fixed.P k * (pe l x / IZR d)).
Proof.
  intros e d cap u v x He Hd Hv Hu. apply IZR_lt in Hd as Hd'. induction l as [|c t IH]; intros up k r Eu Hk H; cbn [horner_on] in H.
  - injection H as <-. unfold Model.within. cbn [terms radius pe]. unfold Rdiv. rewrite !Rmult_0_l, Rmult_0_r, Rmult_0_l, Rminus_0_r, Rabs_R0. lra.
  - chain H. specialize (IH (up + e)%Z (k + e)%Z _ ltac:(lia) ltac:(lia) E). rename E0 into Es.
    assert (Pke : Fixed.P (k + e) = Fixed.P k * Fixed.P e) by (unfold Fixed.P; rewrite Z.pow_add_r, mult_IZR by lia; reflexivity).
    assert (W : within m0 v (Fixed.P k * (x * pe t x / IZR d))).
    { destruct (is_zero m) eqn:Z.
      - injection Es as <-. unfold is_zero in Z. unfold Model.within in *. destruct (terms m); [|discriminate].
        apply Z.eqb_eq in Z. rewrite Z in *. cbn [pe] in *. rewrite Rminus_0_r in *. apply abs_le in IH.
        rewrite Pke in IH. pose proof (P_pos k Hk). pose proof (P_pos e He).
        assert (E0 : Fixed.P k * Fixed.P e * (pe t x / IZR d) * P = 0) by lra.
        assert (E1 : pe t x / IZR d = 0).
        { apply Rmult_integral in E0 as [E0|E0]; [|lra]. apply Rmult_integral in E0 as [E0|E0]; [|exact E0].
          apply Rmult_integral in E0 as [E0|E0]; lra. }
        replace (Fixed.P k * (x * pe t x / IZR d) * P) with (Fixed.P k * x * (pe t x / IZR d) * P) by (unfold Rdiv; ring).
        rewrite E1, Rmult_0_r, Rmult_0_l, Rabs_R0. lra.
      - apply (mmul_over_ok p (p + e) cap m u m0 v _ x _ ltac:(lia) Hv Es IH Hu).
        replace (Fixed.P (p + e)) with (P * Fixed.P e) by (unfold Fixed.P; rewrite Z.pow_add_r, mult_IZR by lia; reflexivity).
        rewrite Pke. unfold Rdiv. ring. }
    cbn [pe]. replace (Fixed.P k * ((IZR c + x * pe t x) / IZR d)) with (Fixed.P k * (x * pe t x / IZR d) + Fixed.P k * (IZR c / IZR d)) by (unfold Rdiv; ring).
    destruct (Z.eqb_spec c 0) as [->|N].
    + injection H as <-. unfold Rdiv at 2. rewrite Rmult_0_l, Rmult_0_r, Rplus_0_r. exact W.
    + pose proof (Z_div_mod (Z.shiftl c up) d ltac:(lia)) as DM. destruct (Z.div_eucl (Z.shiftl c up) d) as [q0 r0].
      injection H as <-. destruct DM as [DE [R1 R2]]. unfold Model.within in *. cbn [terms radius]. rewrite add_first_ok, plus_IZR.
      rewrite Z.shiftl_mul_pow2 in DE by lia. apply (f_equal IZR) in DE. rewrite plus_IZR, !mult_IZR in DE.
      replace (IZR (2 ^ up)) with (Fixed.P k * P) in DE.
      2: { subst up. unfold Fixed.P. rewrite Z.pow_add_r, mult_IZR by lia. ring. }
      apply IZR_le in R1. apply IZR_lt in R2. set (V := Fixed.P k * (x * pe t x / IZR d)) in *.
      replace ((V + Fixed.P k * (IZR c / IZR d)) * P - (pe (terms m0) v + IZR q0)) with ((V * P - pe (terms m0) v) + IZR r0 / IZR d).
      2: { replace (Fixed.P k * (IZR c / IZR d)) with ((IZR c * (Fixed.P k * P)) / IZR d / P) by (field; repeat split; lra). rewrite DE. field. repeat split; lra. }
      eapply Rle_trans; [apply Rabs_triang|]. apply Rplus_le_compat; [exact W|].
      destruct (Z.eqb_spec r0 0) as [->|M]; [unfold Rdiv; rewrite Rmult_0_l, Rabs_R0; lra|].
      rewrite Rabs_right by (apply Rle_ge, Rmult_le_pos; [lra|apply Rlt_le, Rinv_0_lt_compat, Hd']).
      apply Rmult_le_reg_r with (IZR d); [exact Hd'|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. lra.
Qed.

Lemma part_on_ok : forall n s f y m v x, Rabs v <= 1 -> means_part s f -> part_on p n s y = Some m -> within y v x ->
  within m v (f x).
Proof.
  intros n s f y m v x Hv [Hd Hf] H Hy. unfold part_on in H. chain H. cbv zeta in H. chain H. apply (mcut_ok p n _ _ _ _ Hv H).
  rewrite Hf. assert (U : within m2 v (Q2R (in_scale s) * x + Q2R (in_offset s))).
  { apply (msum_ok p _ _ _ _ _ _ E1); [apply (mscale_ok p _ _ _ _ _ Hv E Hy)|apply (constant_ok p Hp _ _ E0)]. }
  set (z := Q2R (in_scale s) * x + Q2R (in_offset s)) in *.
  pose proof (horner_on_ok _ (common s) _ m2 v z (Z.le_max_l _ _) Hd Hv U (powers s) p 0%Z _ ltac:(lia) ltac:(lia) E2) as K.
  replace (Fixed.P 0) with 1 in K by reflexivity. rewrite Rmult_1_l in K. exact K.
Qed.
Lemma parts_on_ok : forall n l fs, Forall2 means_part l fs -> forall y m v x, Rabs v <= 1 -> parts_on p n l y = Some m ->
  within y v x -> within m v (composite fs x).
Proof.
  intros n l fs F. induction F as [|s f l fs Hs _ IH]; intros y m v x Hv H Hy; cbn [parts_on] in H; [injection H as <-; exact Hy|].
  chain H. apply (IH _ _ _ (f x) Hv H). apply (part_on_ok n s f _ _ _ _ Hv Hs E Hy).
Qed.
End Sound.
