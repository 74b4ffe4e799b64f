(** The checker for Coq's own evaluation: where the long numbers are, it computes with machine words (BigZ).

    Sign changes (R1), interval evaluation and products take nearly all the time. Their fast forms are equal to those of
    the checker, number for number; examine with the fast forms in their place is therefore equal to examine, and what it
    accepts is true. The equality is of functions, and BigZ is proved over the kernel's 63-bit integers: beside the
    axioms of the reals it rests on these. *)
From Coq Require Import ZArith QArith List Bool Lia FunctionalExtensionality.
From Bignums Require Import BigZ.
From Polycert Require Import Check Sound core.Polynomial core.Descartes core.Fixed core.Horner core.Bernstein core.Cells
  kernel.Opened kernel.Words.
Import ListNotations.
Open Scope Z_scope.
Local Notation bigZ := BigZ.t_.
Local Notation val := BigZ.to_Z.
Local Notation big := BigZ.of_Z.
Local Notation vals := (map BigZ.to_Z).

(** ** Sign changes *)
Fixpoint fadd (a b : list bigZ) : list bigZ :=
  match a, b with [], _ => b | _, [] => a | x :: a', y :: b' => BigZ.add x y :: fadd a' b' end.
Fixpoint fshift1 (l : list bigZ) : list bigZ :=
  match l with [] => [] | c :: p => let s := fshift1 p in fadd (c :: s) s end.
Fixpoint fshift (A : bigZ) (l : list bigZ) : list bigZ :=
  match l with [] => [] | c :: p => let t := fshift A p in fadd (c :: t) (map (BigZ.mul A) t) end.
Fixpoint fwiden (w W : bigZ) (l : list bigZ) : list bigZ :=
  match l with [] => [] | c :: p => BigZ.mul w c :: fwiden (BigZ.mul w W) W p end.
Fixpoint fpows (s : Z) (l : list bigZ) : list bigZ :=
  match l with [] => [] | c :: p => BigZ.shiftl c (big (s * Z.of_nat (length p))) :: fpows s p end.
Definition fbernstein (s A W : Z) (l : list Z) : list bigZ :=
  let b := fpows s (map big l) in
  let b := if Z.eqb A 0 then b else fshift (big A) b in
  fshift1 (rev (fwiden (big 1) (big W) b)).
Definition fsign (x : bigZ) : Z := match BigZ.compare x BigZ.zero with Lt => -1 | Eq => 0 | Gt => 1 end.
Definition fast_sign_changes (p lo hi : Z) (l : list Z) : option nat :=
  let k := strip p lo hi in
  let A := Z.shiftr lo k in let B := Z.shiftr hi k in
  if Z.eqb (Z.shiftl A k) lo && Z.eqb (Z.shiftl B k) hi then
    Some (changes (map fsign (fbernstein (p - k) A (B - A) l)))
  else None.

Lemma vals_big : forall l, vals (map big l) = l.
Proof. induction l as [|x l IH]; simpl; [reflexivity|]. rewrite BigZ.spec_of_Z, IH. reflexivity. Qed.
Lemma fadd_is : forall a b, vals (fadd a b) = add (vals a) (vals b).
Proof. induction a as [|x a IH]; intros [|y b]; simpl; try reflexivity. rewrite BigZ.spec_add, IH. reflexivity. Qed.
Lemma fshift1_is : forall l, vals (fshift1 l) = shift1 (vals l).
Proof. induction l as [|x l IH]; [reflexivity|]. cbn [fshift1 map shift1]. cbv zeta. rewrite fadd_is. cbn [map]. rewrite IH. reflexivity. Qed.
Lemma fscale_is : forall k l, vals (map (BigZ.mul k) l) = map (Z.mul (val k)) (vals l).
Proof. intros k. induction l as [|x l IH]; simpl; [reflexivity|]. rewrite BigZ.spec_mul, IH. reflexivity. Qed.
Lemma fshift_is : forall A l, vals (fshift A l) = shift (val A) (vals l).
Proof.
  intros A. induction l as [|x l IH]; [reflexivity|]. cbn [fshift map shift]. cbv zeta.
  rewrite fadd_is, fscale_is. cbn [map]. rewrite IH. reflexivity.
Qed.
Lemma fwiden_is : forall W l w, vals (fwiden w W l) = widen (val w) (val W) (vals l).
Proof. intros W. induction l as [|x l IH]; intros w; simpl; [reflexivity|]. rewrite IH, !BigZ.spec_mul. reflexivity. Qed.
Lemma fpows_is : forall s l, vals (fpows s l) = pows s (vals l).
Proof.
  intros s. induction l as [|x l IH]; simpl; [reflexivity|].
  rewrite BigZ.spec_shiftl, BigZ.spec_of_Z, map_length, IH. reflexivity.
Qed.
Lemma fbernstein_is : forall s A W l, vals (fbernstein s A W l) = bernstein s A W l.
Proof.
  intros s A W l. unfold fbernstein, bernstein. cbv zeta.
  rewrite fshift1_is, map_rev, fwiden_is, !BigZ.spec_of_Z. do 3 f_equal.
  destruct (Z.eqb A 0); rewrite ?fshift_is, ?BigZ.spec_of_Z, fpows_is, vals_big; reflexivity.
Qed.

Lemma fsign_is : forall x, fsign x = Z.sgn (val x).
Proof.
  intros x. unfold fsign. rewrite BigZ.spec_compare, BigZ.spec_0.
  destruct (Z.compare_spec (val x) 0); destruct (val x); simpl; lia || reflexivity.
Qed.
(** Only signs matter. *)
Lemma changes_from_signs : forall l s, changes_from s (map Z.sgn l) = changes_from s l.
Proof.
  induction l as [|c l IH]; intros s; [reflexivity|]. cbn [map changes_from].
  rewrite Z.sgn_sgn. destruct c; cbn [Z.sgn Z.eqb]; rewrite ?IH; reflexivity.
Qed.
Lemma changes_signs : forall l, changes (map Z.sgn l) = changes l.
Proof.
  induction l as [|c l IH]; [reflexivity|]. cbn [map changes].
  rewrite Z.sgn_sgn, changes_from_signs. destruct c; cbn [Z.sgn Z.eqb]; rewrite ?IH; reflexivity.
Qed.

Theorem fast_sign_changes_is : sign_changes = fast_sign_changes.
Proof.
  do 4 (apply functional_extensionality; intro). unfold sign_changes, fast_sign_changes. cbv zeta.
  destruct (_ && _); [|reflexivity]. f_equal. rewrite <- fbernstein_is, <- changes_signs, map_map. f_equal.
  apply map_ext. intros. symmetry. apply fsign_is.
Qed.

(** ** Interval evaluation *)
Definition bitv : Type := (bigZ * bigZ)%type.
Definition of_itv (a : itv) : bitv := (big (fst a), big (snd a)).
Definition to_itv (a : bitv) : itv := (val (fst a), val (snd a)).
Definition out (a : bitv) : itv := (of_bigZ (fst a), of_bigZ (snd a)).
Definition fproducts (a b : bitv) : bitv :=
  let (al, ah) := a in let (bl, bh) := b in let zero := BigZ.zero in
  if BigZ.leb zero al then
    if BigZ.leb zero bl then (al * bl, ah * bh)%bigZ
    else if BigZ.leb bh zero then (ah * bl, al * bh)%bigZ
    else (ah * bl, ah * bh)%bigZ
  else if BigZ.leb ah zero then
    if BigZ.leb zero bl then (al * bh, ah * bl)%bigZ
    else if BigZ.leb bh zero then (ah * bh, al * bl)%bigZ
    else (al * bh, al * bl)%bigZ
  else
    if BigZ.leb zero bl then (al * bh, ah * bh)%bigZ
    else if BigZ.leb bh zero then (ah * bl, al * bl)%bigZ
    else (BigZ.min (al * bh) (ah * bl), BigZ.max (al * bl) (ah * bh))%bigZ.
Definition fimul (p : bigZ) (a b : bitv) : bitv :=
  let (l, h) := fproducts a b in (BigZ.shiftr l p, BigZ.opp (BigZ.shiftr (BigZ.opp h) p)).
Fixpoint fhorner (p : bigZ) (cs : list bitv) (t : bitv) : bitv :=
  match cs with
  | [] => (BigZ.zero, BigZ.zero)
  | [c] => c
  | c :: r => let s := fimul p (fhorner p r t) t in (BigZ.add (fst c) (fst s), BigZ.add (snd c) (snd s))
  end.
Definition fmag (a : bitv) : bigZ := BigZ.max (BigZ.abs (fst a)) (BigZ.abs (snd a)).
Definition fmig (a : bitv) : bigZ :=
  if BigZ.ltb BigZ.zero (fst a) then fst a else if BigZ.ltb (snd a) BigZ.zero then BigZ.opp (snd a) else BigZ.zero.
Definition fisqr (p : bigZ) (a : bitv) : bitv :=
  (BigZ.shiftr (BigZ.mul (fmig a) (fmig a)) p, BigZ.opp (BigZ.shiftr (BigZ.opp (BigZ.mul (fmag a) (fmag a))) p)).
(** A prepared polynomial; its coefficients are enclosed once. *)
Inductive bpoly := BOdd (q : list bitv) | BEven (q : list bitv) | BGeneral (q : list bitv).
Definition fenclose (p d : bigZ) (c : Z) : bitv :=
  let (q, r) := BigZ.div_eucl (BigZ.shiftl (big c) p) d in
  (q, if BigZ.eqb r BigZ.zero then q else BigZ.add q BigZ.one).
Definition fprepare (p d : bigZ) (l : list Z) : bpoly :=
  if zeros (half true l) then BOdd (map (fenclose p d) (half false l))
  else if zeros (half false l) then BEven (map (fenclose p d) (half true l))
  else BGeneral (map (fenclose p d) l).
Definition ffon (p : bigZ) (f : bpoly) (y : itv) : itv :=
  let y := of_itv y in
  match f with
  | BOdd [] => (0, 0)
  | BOdd q => out (fimul p (fhorner p q (fisqr p y)) y)
  | BEven q => out (fhorner p q (fisqr p y))
  | BGeneral q => out (fhorner p q y)
  end.
Definition fast_evaluator (p d : Z) (l : list Z) : itv -> itv := ffon (big p) (fprepare (big p) (big d) l).

Lemma out_is : forall a, out a = to_itv a.
Proof. intros a. unfold out, to_itv. rewrite !of_bigZ_is. reflexivity. Qed.
Lemma of_to : forall a, to_itv (of_itv a) = a.
Proof. intros [l h]. unfold to_itv, of_itv. simpl. rewrite !BigZ.spec_of_Z. reflexivity. Qed.
Lemma fproducts_is : forall a b, to_itv (fproducts a b) = products (to_itv a) (to_itv b).
Proof.
  intros [al ah] [bl bh]. unfold fproducts, products, to_itv. cbn [fst snd].
  rewrite !BigZ.spec_leb, BigZ.spec_0.
  repeat match goal with |- context [Z.leb ?x ?y] => destruct (Z.leb x y) end; cbn [fst snd];
    rewrite ?BigZ.spec_min, ?BigZ.spec_max, ?BigZ.spec_mul; reflexivity.
Qed.
Lemma fimul_is : forall p a b, to_itv (fimul p a b) = imul (val p) (to_itv a) (to_itv b).
Proof.
  intros p a b. unfold imul. rewrite <- fproducts_is. unfold fimul, to_itv, fdiv, cdiv.
  destruct (fproducts a b) as [l h]. cbn [fst snd].
  rewrite BigZ.spec_opp, !BigZ.spec_shiftr, BigZ.spec_opp. reflexivity.
Qed.
Lemma fhorner_is : forall p t cs, to_itv (fhorner p cs t) = horner (val p) (map to_itv cs) (to_itv t).
Proof.
  intros p t. induction cs as [|c [|d r] IH]; [reflexivity|reflexivity|].
  change (horner (val p) (map to_itv (c :: d :: r)) (to_itv t))
      with (iadd (to_itv c) (imul (val p) (horner (val p) (map to_itv (d :: r)) (to_itv t)) (to_itv t))).
  rewrite <- IH, <- fimul_is.
  change (fhorner p (c :: d :: r) t) with (let s := fimul p (fhorner p (d :: r) t) t in
      (BigZ.add (fst c) (fst s), BigZ.add (snd c) (snd s))).
  cbv zeta. unfold to_itv, iadd. cbn [fst snd]. rewrite !BigZ.spec_add. reflexivity.
Qed.
Lemma fisqr_is : forall p a, to_itv (fisqr p a) = isqr (val p) (to_itv a).
Proof.
  intros p a. unfold fisqr, isqr, to_itv, fdiv, cdiv. cbn [fst snd].
  rewrite BigZ.spec_opp, !BigZ.spec_shiftr, BigZ.spec_opp, !BigZ.spec_mul.
  assert (M : val (fmag a) = mag (val (fst a), val (snd a))).
  { unfold fmag, mag. rewrite BigZ.spec_max, !BigZ.spec_abs. reflexivity. }
  assert (I : val (fmig a) = mig (val (fst a), val (snd a))).
  { unfold fmig, mig. rewrite !BigZ.spec_ltb, BigZ.spec_0. cbn [fst snd].
    destruct (0 <? val (fst a)); [reflexivity|]. destruct (val (snd a) <? 0); [apply BigZ.spec_opp|apply BigZ.spec_0]. }
  rewrite M, I. reflexivity.
Qed.
Lemma fenclose_is : forall p d c, to_itv (fenclose (big p) (big d) c) = enclose_coef p d c.
Proof.
  intros p d c. unfold fenclose, enclose_coef.
  pose proof (BigZ.spec_div_eucl (BigZ.shiftl (big c) (big p)) (big d)) as E.
  rewrite BigZ.spec_shiftl, !BigZ.spec_of_Z in E.
  destruct (BigZ.div_eucl _ _) as [q r]. rewrite <- E. unfold to_itv. cbn [fst snd].
  rewrite BigZ.spec_eqb, BigZ.spec_0. destruct (val r =? 0); [reflexivity|].
  rewrite BigZ.spec_add, BigZ.spec_1. reflexivity.
Qed.
Lemma fencloses_is : forall p d l, map to_itv (map (fenclose (big p) (big d)) l) = map (enclose_coef p d) l.
Proof. intros p d l. rewrite map_map. apply map_ext. intros. apply fenclose_is. Qed.
Theorem fast_evaluator_is : evaluator = fast_evaluator.
Proof.
  apply functional_extensionality; intro p. apply functional_extensionality; intro d.
  apply functional_extensionality; intro l. apply functional_extensionality; intro y.
  unfold evaluator, fast_evaluator, fon, ffon, prepare, fprepare.
  destruct (zeros (half true l)); [|destruct (zeros (half false l))].
  - rewrite <- fencloses_is. destruct (half false l) as [|c q]; [reflexivity|].
    cbn [map]. rewrite out_is, fimul_is, fhorner_is, fisqr_is, of_to, BigZ.spec_of_Z. reflexivity.
  - rewrite out_is, fhorner_is, fisqr_is, fencloses_is, of_to, BigZ.spec_of_Z. reflexivity.
  - rewrite out_is, fhorner_is, fencloses_is, of_to, BigZ.spec_of_Z. reflexivity.
Qed.

(** ** Products *)
Definition fast_imul (p : Z) (a b : itv) : itv := out (fimul (big p) (of_itv a) (of_itv b)).
Definition fup (p x y : bigZ) : bigZ := BigZ.opp (BigZ.shiftr (BigZ.opp (BigZ.mul x y)) p).
Definition fast_mul_up (p x y : Z) : Z := of_bigZ (fup (big p) (big x) (big y)).
Definition fast_upper (p start end_ : Z) (slope : itv) (width : Z) : Z :=
  let (a, b) := slope in
  if Z.leb b 0 then start else if Z.leb 0 a then end_ else
  let p := big p in let a := big a in let b := big b in
  let first := BigZ.div (BigZ.shiftl (BigZ.opp a) p) (BigZ.sub b a) in
  let second := BigZ.sub (BigZ.shiftl BigZ.one p) first in
  of_bigZ (BigZ.add (BigZ.add (fup p first (big start)) (fup p second (big end_)))
    (fup p (big width) (BigZ.max (fup p first b) (fup p second (BigZ.opp a))))).

Theorem fast_imul_is : imul = fast_imul.
Proof.
  do 3 (apply functional_extensionality; intro). unfold fast_imul. rewrite out_is, fimul_is, !of_to, BigZ.spec_of_Z.
  reflexivity.
Qed.
Lemma fup_is : forall p x y, val (fup p x y) = mul_up (val p) (val x) (val y).
Proof. intros. unfold fup. rewrite BigZ.spec_opp, BigZ.spec_shiftr, BigZ.spec_opp, BigZ.spec_mul. reflexivity. Qed.
Theorem fast_mul_up_is : mul_up = fast_mul_up.
Proof.
  do 3 (apply functional_extensionality; intro). unfold fast_mul_up. rewrite of_bigZ_is, fup_is, !BigZ.spec_of_Z.
  reflexivity.
Qed.
Theorem fast_upper_is : upper = fast_upper.
Proof.
  apply functional_extensionality; intro p. apply functional_extensionality; intro start.
  apply functional_extensionality; intro end_. apply functional_extensionality; intros [a b].
  apply functional_extensionality; intro width. unfold upper, fast_upper. cbv zeta.
  destruct (Z.leb b 0); [reflexivity|]. destruct (Z.leb 0 a); [reflexivity|].
  rewrite of_bigZ_is, !BigZ.spec_add, !fup_is, BigZ.spec_max, !fup_is, !BigZ.spec_sub, !BigZ.spec_div,
    !BigZ.spec_shiftl, !BigZ.spec_sub, !BigZ.spec_opp, !BigZ.spec_of_Z, BigZ.spec_1. reflexivity.
Qed.

(** ** The checker with other forms of these *)
Definition examine_with : (Z -> Z -> Z -> list Z -> option nat) -> (Z -> Z -> list Z -> itv -> itv) ->
  (Z -> itv -> itv -> itv) -> (Z -> Z -> Z -> Z) -> (Z -> Z -> Z -> itv -> Z -> Z) -> certificate -> option fault.
Proof.
  let t := opened in
  let t := eval pattern sign_changes, evaluator, imul, mul_up, upper in t in
  match t with ?f _ _ _ _ _ => exact f end.
Defined.
Lemma examine_with_is : examine = examine_with sign_changes evaluator imul mul_up upper.
Proof. reflexivity. Qed.

Definition fast_examine : certificate -> option fault :=
  examine_with fast_sign_changes fast_evaluator fast_imul fast_mul_up fast_upper.
Theorem fast_examine_ok : forall c, fast_examine c = None -> statement c.
Proof.
  intros c H. apply check_ok. unfold check. rewrite examine_with_is, fast_sign_changes_is, fast_evaluator_is, fast_imul_is,
    fast_mul_up_is, fast_upper_is. unfold fast_examine in H. rewrite H. reflexivity.
Qed.
