(** R3 and R4: a branch of the composite over an interval, and at a number [y, y]. *)
Require Import Bool ZArith Reals List Lra Lia Psatz.
From Polycert Require Import core.Polynomial core.Fixed core.Horner core.Pieces core.Critical core.Image.
Import ListNotations.
Open Scope R_scope.

(** A polynomial l(y)/d with proved pieces of itself and maybe of its derivative. *)
Record stage := { coefs : list Z; denom : Z; f : itv -> itv; df : itv -> itv; value : pieces; slope : option pieces }.
Record hint := { hvalue : list segment; hslope : option (list segment) }.

Definition prove_stage (p : Z) (l : list Z) (d : Z) (h : hint) : option stage :=
  let l1 := deriv l in
  let f := evaluator p d l in let df := evaluator p d l1 in
  if Z.ltb 0 d then
    match prove_pieces p f d l1 (hvalue h) with
    | None => None
    | Some v =>
        match hslope h with
        | None => Some {| coefs := l; denom := d; f := f; df := df; value := v; slope := None |}
        | Some s =>
            match prove_pieces p df d (deriv l1) s with
            | None => None
            | Some s => Some {| coefs := l; denom := d; f := f; df := df; value := v; slope := Some s |}
            end
        end
    end
  else None.

Fixpoint prove_branch (p : Z) (ls : list (list Z * Z)) (hs : list hint) : option (list stage) :=
  match ls, hs with
  | [], [] => Some []
  | (l, d) :: r, h :: t =>
      match prove_stage p l d h, prove_branch p r t with
      | Some s, Some b => Some (s :: b)
      | _, _ => None
      end
  | _, _ => None
  end.

(** R3. *)
Fixpoint images (p : Z) (b : list stage) (y : itv) : option (list itv) :=
  match b with
  | [] => Some []
  | s :: r =>
      match image_of p (f s) (value s) y with
      | Some i => match images p r i with Some is => Some (i :: is) | None => None end
      | None => None
      end
  end.

Fixpoint on (p : Z) (b : list stage) (y : itv) : option itv :=
  match b with
  | [] => Some y
  | s :: r => match image_of p (f s) (value s) y with Some i => on p r i | None => None end
  end.

Fixpoint with_slope (p : Z) (b : list stage) (y acc : itv) : option (itv * itv) :=
  match b with
  | [] => Some (y, acc)
  | s :: r =>
      match slope s with
      | None => None
      | Some sp =>
          match image_of p (df s) sp y, image_of p (f s) (value s) y with
          | Some dy, Some i => with_slope p r i (imul p acc dy)
          | _, _ => None
          end
      end
  end.

(** ** Soundness *)
Lemma some_inj : forall (A : Type) (x y : A), Some x = Some y -> x = y.
Proof. congruence. Qed.

Definition F (s : stage) (y : R) : R := pe (coefs s) y / IZR (denom s).
Definition F' (s : stage) (y : R) : R := pe (deriv (coefs s)) y / IZR (denom s).
Definition q (b : list stage) (y : R) : R := fold_left (fun y s => F s y) b y.
Fixpoint q' (b : list stage) (y : R) : R :=
  match b with [] => 1 | s :: r => F' s y * q' r (F s y) end.

Section Sound.
Variable p : Z.
Hypothesis Hp : (0 <= p)%Z.
Notation P := (P p).
Notation inI := (inI p).
Notation val x := (IZR x / P).

Lemma deriv_derivable : forall l d y, derivable_pt_lim (fun y => pe l y / IZR d) y (pe (deriv l) y / IZR d).
Proof.
  intros l d y. unfold Rdiv. rewrite pe_deriv.
  replace (pe' l y * / IZR d) with (pe' l y * / IZR d + pe l y * 0) by ring.
  apply (derivable_pt_lim_mult (pe l) (fun _ => / IZR d)); [apply pe_derivable|apply derivable_pt_lim_const].
Qed.

Definition stage_ok (s : stage) : Prop :=
  (0 < denom s)%Z /\ f s = evaluator p (denom s) (coefs s) /\ df s = evaluator p (denom s) (deriv (coefs s))
  /\ proved p (F s) (value s)
  /\ match slope s with Some sp => proved p (F' s) sp | None => True end.

Lemma prove_stage_ok : forall l d h s, prove_stage p l d h = Some s ->
  coefs s = l /\ denom s = d /\ stage_ok s.
Proof.
  intros l d h s H. unfold prove_stage in H. destruct (Z.ltb_spec 0 d) as [Hd|]; [|discriminate].
  destruct (prove_pieces p (evaluator p d l) d (deriv l) (hvalue h)) as [v|] eqn:V; [|discriminate].
  assert (PV : proved p (fun y => pe l y / IZR d) v).
  { apply (prove_pieces_ok p Hp _ (evaluator p d l) d (deriv l) Hd) with (3 := V).
    - apply deriv_derivable.
    - intros y Y HY. apply evaluator_ok; assumption. }
  destruct (hslope h) as [hs|].
  - destruct (prove_pieces p (evaluator p d (deriv l)) d (deriv (deriv l)) hs) as [sp|] eqn:S; [|discriminate].
    injection H as H. subst s. unfold stage_ok. simpl. do 2 (split; [reflexivity|]).
    repeat split; try assumption.
    apply (prove_pieces_ok p Hp _ (evaluator p d (deriv l)) d (deriv (deriv l)) Hd) with (3 := S).
    + apply deriv_derivable.
    + intros y Y HY. apply evaluator_ok; assumption.
  - injection H as H. subst s. unfold stage_ok. simpl. do 2 (split; [reflexivity|]).
    repeat split; assumption.
Qed.

Lemma prove_branch_ok : forall ls hs b, prove_branch p ls hs = Some b ->
  Forall stage_ok b /\ map (fun s => (coefs s, denom s)) b = ls.
Proof.
  induction ls as [|[l d] r IH]; intros [|h t] b H; simpl in H; try discriminate.
  - injection H as H. subst. split; [constructor|reflexivity].
  - destruct (prove_stage p l d h) as [s|] eqn:S; [|discriminate].
    destruct (prove_branch p r t) as [b'|] eqn:B; [|discriminate].
    injection H as H. subst. destruct (IH _ _ B) as [A E].
    destruct (prove_stage_ok _ _ _ _ S) as [E1 [E2 O]].
    split; [constructor; assumption|]. simpl. rewrite E1, E2, E. reflexivity.
Qed.

Lemma stage_image : forall s Y I y, stage_ok s -> image_of p (f s) (value s) Y = Some I -> inI y Y -> inI (F s y) I.
Proof.
  intros s Y I y [Hd [Ef [_ [V _]]]] H HY. rewrite Ef in H.
  apply (image_of_ok p Hp (F s) (evaluator p (denom s) (coefs s))) with (2 := V) (3 := H); [|exact HY].
  intros z Z HZ. apply evaluator_ok; assumption.
Qed.

Lemma stage_slope_image : forall s sp Y I y, stage_ok s -> slope s = Some sp ->
  image_of p (df s) sp Y = Some I -> inI y Y -> inI (F' s y) I.
Proof.
  intros s sp Y I y [Hd [_ [Ef [_ V]]]] E H HY. rewrite Ef in H. rewrite E in V.
  apply (image_of_ok p Hp (F' s) (evaluator p (denom s) (deriv (coefs s)))) with (2 := V) (3 := H); [|exact HY].
  intros z Z HZ. apply evaluator_ok; assumption.
Qed.

Lemma on_ok : forall b Y Q y, Forall stage_ok b -> on p b Y = Some Q -> inI y Y -> inI (q b y) Q.
Proof.
  induction b as [|s r IH]; intros Y Q y Ok H HY; simpl in H.
  - injection H as H. subst. exact HY.
  - inversion_clear Ok as [|? ? Os Or].
    destruct (image_of p (f s) (value s) Y) as [I|] eqn:E; [|discriminate].
    apply (IH I Q); try assumption. apply (stage_image s Y); assumption.
Qed.

Lemma images_ok : forall b Y is y, Forall stage_ok b -> images p b Y = Some is -> inI y Y ->
  forall k I, nth_error is k = Some I -> inI (q (firstn (S k) b) y) I.
Proof.
  induction b as [|s r IH]; intros Y is y Ok H HY k I Hk; simpl in H.
  - injection H as H. subst. destruct k; discriminate.
  - inversion_clear Ok as [|? ? Os Or].
    destruct (image_of p (f s) (value s) Y) as [J|] eqn:E; [|discriminate].
    destruct (images p r J) as [is'|] eqn:E'; [|discriminate].
    injection H as H. subst. pose proof (stage_image s Y J y Os E HY) as HJ.
    destruct k as [|k]; simpl in Hk.
    + injection Hk as Hk. subst. exact HJ.
    + exact (IH J is' (F s y) Or E' HJ k I Hk).
Qed.

Lemma with_slope_ok : forall b Y A Q D y a, Forall stage_ok b -> with_slope p b Y A = Some (Q, D) ->
  inI y Y -> inI a A -> inI (q b y) Q /\ inI (a * q' b y) D.
Proof.
  induction b as [|s r IH]; intros Y A Q D y a Ok H HY HA; simpl in H.
  - injection H as H1 H2. subst. split; [exact HY|]. simpl. rewrite Rmult_1_r. exact HA.
  - inversion_clear Ok as [|? ? Os Or].
    destruct (slope s) as [sp|] eqn:S; [|discriminate].
    destruct (image_of p (df s) sp Y) as [dy|] eqn:E1; [|discriminate].
    destruct (image_of p (f s) (value s) Y) as [I|] eqn:E2; [|discriminate].
    simpl. rewrite <- Rmult_assoc. apply (IH I (imul p A dy)); try assumption.
    + apply (stage_image s Y); assumption.
    + apply in_imul; [assumption|exact HA|]. apply (stage_slope_image s sp Y); assumption.
Qed.

Lemma q_derivable : forall b y, derivable_pt_lim (q b) y (q' b y).
Proof.
  induction b as [|s r IH]; intros y.
  - apply derivable_pt_lim_id.
  - simpl. rewrite Rmult_comm.
    apply (derivable_pt_lim_comp (F s) (q r) y (F' s y) (q' r (F s y))).
    + apply deriv_derivable.
    + apply IH.
Qed.

End Sound.
