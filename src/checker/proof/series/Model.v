(** Taylor models on integers: a polynomial in v, -1 <= v <= 1, and a radius, both in units of 2^-p.

    Every operation is pointwise: where x and y are within the radii of two models at v, what is made of x and y is
    within that of the result at v. *)
Require Import Bool ZArith QArith Qreals Reals List Lra Lia Psatz.
From Polycert Require Import core.Polynomial core.Fixed core.Number.
Import ListNotations.
Open Scope R_scope.

Notation "x <- a ;; b" := (match a with Some x => b | None => None end) (at level 61, a at next level, right associativity).

Record model := { terms : list Z; radius : Z }.

(** A bound of |sum_j c_j v^j| for |v| <= 1. *)
Fixpoint norm (l : list Z) : Z := match l with [] => 0 | c :: t => Z.abs c + norm t end%Z.
Definition middle (a : model) : Z := hd 0%Z (terms a).
Definition exactly (a : model) : model := {| terms := terms a; radius := 0 |}.
Definition magnitude_of (a : model) : Z := (norm (terms a) + radius a)%Z.
(** An interval that holds every value. *)
Definition range_of (a : model) : itv :=
  let reach := (norm (tl (terms a)) + radius a)%Z in (middle a - reach, middle a + reach)%Z.

(** No coefficient and no radius is above 2^max_exponent. *)
Definition max_exponent : Z := 8192.
Definition fits (p x : Z) : bool := Z.ltb (Z.log2 (Z.abs x)) (p + max_exponent).
Definition made (p : Z) (c : list Z) (r : Z) : option model :=
  let c := trim c in if forallb (fits p) c && fits p r then Some {| terms := c; radius := r |} else None.

(** A number that is known to lie in an interval, and an exact one. *)
Definition enclosed (p : Z) (i : itv) : option model :=
  let m := Z.shiftr (fst i + snd i) 1 in made p [m] (snd i - m).
Definition constant (p : Z) (q : Q) : option model := enclosed p (outward p q q).

Definition msum (p : Z) (a b : model) : option model := made p (add (terms a) (terms b)) (radius a + radius b).
Definition mneg (p : Z) (a : model) : option model := made p (map Z.opp (terms a)) (radius a).
Definition msub (p : Z) (a b : model) : option model := b <- mneg p b;; msum p a b.
(** q a: every coefficient rounded down, by less than a unit. *)
Definition mscale (p : Z) (q : Q) (a : model) : option model :=
  let n := Qnum q in let d := Zpos (Qden q) in
  let r := (- (- (radius a * Z.abs n) / d))%Z in
  if Z.eqb d 1 then made p (map (Z.mul n) (terms a)) r
  else made p (map (fun c => n * c / d) (terms a))%Z (r + Z.of_nat (length (terms a)))%Z.

(** The first n coefficients of a b; and a bound of the others: the sum of all |a_i| |b_j|, i + j >= n. *)
Fixpoint prod (n : nat) (a b : list Z) : list Z :=
  match n, a with
  | S k, x :: t => add (map (Z.mul x) (firstn n b)) (0%Z :: prod k t b)
  | _, _ => []
  end.
Fixpoint suffixes (b : list Z) : list Z :=
  match b with [] => [0%Z] | y :: t => let s := suffixes t in (Z.abs y + hd 0 s)%Z :: s end.
Fixpoint beyond (n : nat) (a s : list Z) : Z :=
  match a with [] => 0 | x :: t => Z.abs x * nth n s 0 + beyond (pred n) t s end%Z.

(** a b/2^(shift - p), of degree at most cap. *)
Definition mmul_over (p shift : Z) (cap : nat) (a b : model) : option model :=
  let (outer, inner) := if Nat.ltb (length (terms a)) (length (terms b)) then (terms a, terms b) else (terms b, terms a) in
  let units := Nat.min (S cap) (pred (length outer + length inner)) in
  let sums := match inner with [] => [] | _ => prod (S cap) outer inner end in
  let r := (norm (terms a) * radius b + (norm (terms b) + radius b) * radius a
            + beyond (S cap) outer (suffixes inner))%Z in
  made p (map (fun c => Z.shiftr c shift) sums) (cdiv shift r + Z.of_nat units).
Definition mmul (p : Z) (n : nat) : model -> model -> option model := mmul_over p p n.
(** The same degree at most, the rest in the radius. *)
Definition mcut (p : Z) (n : nat) (a : model) : option model :=
  made p (firstn (S n) (terms a)) (radius a + norm (skipn (S n) (terms a))).
(** a^k by squaring. *)
Fixpoint mpow (p : Z) (n : nat) (a : model) (k : BinNums.positive) : option model :=
  match k with
  | xH => Some a
  | xO k => h <- mpow p n a k;; mmul p n h h
  | xI k => h <- mpow p n a k;; s <- mmul p n h h;; mmul p n s a
  end.

(** ** Soundness *)
(** What a chain of options and conditions went through. *)
Ltac chain H := repeat match type of H with
  | match ?e with Some _ => _ | None => None end = Some _ => let E := fresh "E" in destruct e eqn:E; [|discriminate H]
  | (if ?e then _ else None) = Some _ => let E := fresh "E" in destruct e eqn:E; [|discriminate H]
  | (if ?e then None else _) = Some _ => let E := fresh "E" in destruct e eqn:E; [discriminate H|]
  end.

Lemma norm_nonneg : forall l, (0 <= norm l)%Z.
Proof. induction l; simpl; lia. Qed.
Lemma norm_ok : forall l v, Rabs v <= 1 -> Rabs (pe l v) <= IZR (norm l).
Proof.
  induction l as [|c l IH]; intros v Hv; simpl; [rewrite Rabs_R0; lra|].
  rewrite plus_IZR, abs_IZR. eapply Rle_trans; [apply Rabs_triang|]. apply Rplus_le_compat_l.
  rewrite Rabs_mult. specialize (IH v Hv). pose proof (Rabs_pos (pe l v)). pose proof (Rabs_pos v). nra.
Qed.
Lemma pe_firstn : forall n l v, Rabs v <= 1 -> Rabs (pe l v - pe (firstn n l) v) <= IZR (norm (skipn n l)).
Proof.
  induction n as [|n IH]; intros l v Hv; [simpl; rewrite Rminus_0_r; apply norm_ok, Hv|].
  destruct l as [|c l]; simpl; [rewrite Rminus_0_r, Rabs_R0; lra|].
  replace (IZR c + v * pe l v - (IZR c + v * pe (firstn n l) v)) with (v * (pe l v - pe (firstn n l) v)) by ring.
  rewrite Rabs_mult. specialize (IH l v Hv). pose proof (Rabs_pos (pe l v - pe (firstn n l) v)). pose proof (Rabs_pos v). nra.
Qed.
Lemma suffixes_ok : forall b n, nth n (suffixes b) 0%Z = norm (skipn n b).
Proof.
  induction b as [|y t IH]; intros [|n]; simpl; try reflexivity; [destruct n; reflexivity| |apply IH].
  specialize (IH 0%nat). simpl in IH. rewrite <- IH. destruct (suffixes t); reflexivity.
Qed.
Lemma beyond_nonneg : forall a n b, (0 <= beyond n a (suffixes b))%Z.
Proof.
  induction a as [|x t IH]; intros n b; simpl; [lia|]. specialize (IH (pred n) b). rewrite suffixes_ok.
  pose proof (norm_nonneg (skipn n b)). nia.
Qed.

Lemma prod_ok : forall a n b v, Rabs v <= 1 ->
  Rabs (pe a v * pe b v - pe (prod n a b) v) <= IZR (beyond n a (suffixes b)).
Proof.
  induction a as [|x t IH]; intros n b v Hv.
  - destruct n; simpl; rewrite Rmult_0_l, Rminus_0_r, Rabs_R0; lra.
  - pose proof (Rabs_pos v) as V0. simpl beyond. rewrite suffixes_ok, plus_IZR, mult_IZR, abs_IZR.
    assert (S : forall w, Rabs (pe t v * pe b v - w) <= IZR (beyond (pred n) t (suffixes b)) ->
      Rabs (v * (pe t v * pe b v - w)) <= IZR (beyond (pred n) t (suffixes b))).
    { intros w Hw. rewrite Rabs_mult. pose proof (Rabs_pos (pe t v * pe b v - w)). nra. }
    destruct n as [|k]; cbn [prod pred pe] in *.
    + replace ((IZR x + v * pe t v) * pe b v - 0) with (IZR x * pe b v + v * (pe t v * pe b v - 0)) by ring.
      eapply Rle_trans; [apply Rabs_triang|]. apply Rplus_le_compat.
      * rewrite Rabs_mult. apply Rmult_le_compat_l; [apply Rabs_pos|apply norm_ok, Hv].
      * apply S. apply (IH 0%nat b v Hv).
    + rewrite pe_add, pe_scale. cbn [pe].
      replace ((IZR x + v * pe t v) * pe b v - (IZR x * pe (firstn (Datatypes.S k) b) v + (0 + v * pe (prod k t b) v)))
        with (IZR x * (pe b v - pe (firstn (Datatypes.S k) b) v) + v * (pe t v * pe b v - pe (prod k t b) v)) by ring.
      eapply Rle_trans; [apply Rabs_triang|]. apply Rplus_le_compat.
      * rewrite Rabs_mult. apply Rmult_le_compat_l; [apply Rabs_pos|apply (pe_firstn (Datatypes.S k)), Hv].
      * apply S, IH, Hv.
Qed.
Lemma add_length : forall a b, length (add a b) = Nat.max (length a) (length b).
Proof. induction a as [|x a IH]; intros [|y b]; simpl; try reflexivity. rewrite IH. reflexivity. Qed.
Lemma prod_length : forall a n b, b <> [] -> (length (prod n a b) <= Nat.min n (pred (length a + length b)))%nat.
Proof.
  intros a n b Hb. assert (0 < length b)%nat by (destruct b; [contradiction|simpl; lia]). revert n.
  induction a as [|x t IH]; intros [|k]; try (simpl; lia).
  cbn [prod]. rewrite add_length, map_length, firstn_length. cbn [length]. specialize (IH k).
  destruct t; [assert (E : prod k [] b = []) by (destruct k; reflexivity); rewrite E; cbn [length] in *; lia|]. cbn [length] in *. lia.
Qed.

(** Rounded coefficients: one unit each. *)
Lemma pe_rounded : forall (f : Z -> Z) (k : R) l v, Rabs v <= 1 -> (forall c, Rabs (IZR (f c) - k * IZR c) <= 1) ->
  Rabs (pe (map f l) v - k * pe l v) <= IZR (Z.of_nat (length l)).
Proof.
  intros f k l v Hv Hf. induction l as [|c l IH].
  - simpl. rewrite Rmult_0_r, Rminus_0_r, Rabs_R0. lra.
  - cbn [map pe length]. rewrite Nat2Z.inj_succ, succ_IZR.
    replace (IZR (f c) + v * pe (map f l) v - k * (IZR c + v * pe l v))
      with ((IZR (f c) - k * IZR c) + v * (pe (map f l) v - k * pe l v)) by ring.
    eapply Rle_trans; [apply Rabs_triang|]. specialize (Hf c). rewrite Rabs_mult.
    pose proof (Rabs_pos v). pose proof (Rabs_pos (pe (map f l) v - k * pe l v)). nra.
Qed.
Lemma floor_near : forall n d, (0 < d)%Z -> Rabs (IZR (n / d) - IZR n / IZR d) <= 1.
Proof.
  intros n d Hd. pose proof (Z.div_mod n d ltac:(lia)) as E. pose proof (Z.mod_pos_bound n d Hd) as [B1 B2].
  apply (f_equal IZR) in E. rewrite plus_IZR, mult_IZR in E. apply IZR_le in B1. apply IZR_lt in B2, Hd.
  replace (IZR (n / d) - IZR n / IZR d) with (- (IZR (n mod d) / IZR d)) by (rewrite E; field; lra).
  rewrite Rabs_Ropp. apply Rabs_le. split.
  - apply Rle_trans with 0; [lra|]. apply Rmult_le_pos; [lra|apply Rlt_le, Rinv_0_lt_compat; lra].
  - apply Rmult_le_reg_r with (IZR d); [lra|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. lra.
Qed.
Lemma ceil_ok : forall n d (x : R), (0 < d)%Z -> x * IZR d <= IZR n -> x <= IZR (- (- n / d)).
Proof.
  intros n d x Hd H. rewrite opp_IZR. assert (D : (d * (- n / d) <= - n)%Z) by (apply Z.mul_div_le; lia).
  apply IZR_le in D. rewrite mult_IZR, opp_IZR in D. apply IZR_lt in Hd.
  apply Rmult_le_reg_r with (IZR d); [assumption|]. lra.
Qed.
Lemma shift_near : forall s c, (0 <= s)%Z -> Rabs (IZR (Z.shiftr c s) - / P s * IZR c) <= 1.
Proof.
  intros s c Hs. rewrite Z.shiftr_div_pow2 by assumption. rewrite Rmult_comm.
  apply floor_near, Z.pow_pos_nonneg; lia.
Qed.

Section Sound.
Variable p : Z.
Hypothesis Hp : (0 <= p)%Z.
Notation P := (P p).

(** x is within the radius of the model at v. *)
Definition within (a : model) (v x : R) : Prop := Rabs (x * P - pe (terms a) v) <= IZR (radius a).

Lemma made_ok : forall c r m, made p c r = Some m -> forall v x, Rabs (x * P - pe c v) <= IZR r -> within m v x.
Proof.
  intros c r m H v x Hx. unfold made in H. cbv zeta in H. chain H. injection H as <-. unfold within. cbn [terms radius].
  rewrite pe_trim. exact Hx.
Qed.
Lemma made_terms : forall c r m, made p c r = Some m -> (forall v, pe (terms m) v = pe c v) /\ radius m = r.
Proof.
  intros c r m H. unfold made in H. cbv zeta in H. chain H. injection H as <-. cbn [terms radius].
  split; [intros v; apply pe_trim|reflexivity].
Qed.

Lemma enclosed_ok : forall i m, enclosed p i = Some m -> forall v x, inI p x i -> within m v x.
Proof.
  intros [l h] m H v x [X1 X2]. unfold enclosed in H. apply (made_ok _ _ _ H). cbn [fst snd pe] in *.
  rewrite Z.shiftr_div_pow2 by lia. change (2 ^ 1)%Z with 2%Z. set (c := ((l + h) / 2)%Z).
  pose proof (Z.mul_div_le (l + h) 2 ltac:(lia)) as D. fold c in D.
  apply IZR_le in D. rewrite mult_IZR, plus_IZR in D. rewrite minus_IZR, Rmult_0_r, Rplus_0_r. apply Rabs_le. lra.
Qed.
Lemma constant_ok : forall q m, constant p q = Some m -> forall v, within m v (Q2R q).
Proof. intros q m H v. apply (enclosed_ok _ _ H). apply in_outward; [assumption|lra]. Qed.

Lemma msum_ok : forall a b m v x y, msum p a b = Some m -> within a v x -> within b v y -> within m v (x + y).
Proof.
  intros a b m v x y H Hx Hy. apply (made_ok _ _ _ H). unfold within in *. rewrite pe_add, plus_IZR.
  replace ((x + y) * P - (pe (terms a) v + pe (terms b) v))
    with ((x * P - pe (terms a) v) + (y * P - pe (terms b) v)) by ring.
  eapply Rle_trans; [apply Rabs_triang|lra].
Qed.
Lemma pe_opp : forall l v, pe (map Z.opp l) v = - pe l v.
Proof. induction l as [|c l IH]; intros v; simpl; [ring|]. rewrite IH, opp_IZR. ring. Qed.
Lemma mneg_ok : forall a m v x, mneg p a = Some m -> within a v x -> within m v (- x).
Proof.
  intros a m v x H Hx. apply (made_ok _ _ _ H). unfold within in *. rewrite pe_opp.
  replace (- x * P - - pe (terms a) v) with (- (x * P - pe (terms a) v)) by ring. rewrite Rabs_Ropp. exact Hx.
Qed.
Lemma msub_ok : forall a b m v x y, msub p a b = Some m -> within a v x -> within b v y -> within m v (x - y).
Proof.
  intros a b m v x y H Hx Hy. unfold msub in H. chain H. apply (msum_ok _ _ _ _ _ _ H); [exact Hx|].
  apply (mneg_ok _ _ _ _ E), Hy.
Qed.

Lemma mscale_ok : forall q a m v x, Rabs v <= 1 -> mscale p q a = Some m -> within a v x -> within m v (Q2R q * x).
Proof.
  intros q a m v x Hv H Hx. unfold mscale in H. cbv zeta in H. unfold Q2R, within in *.
  set (n := Qnum q) in *. set (d := Zpos (Qden q)) in *. assert (Hd : (0 < d)%Z) by reflexivity.
  pose proof (IZR_lt _ _ Hd) as Hd'. set (A := pe (terms a) v) in *.
  assert (B : Rabs (IZR n * / IZR d * x * P - IZR n / IZR d * A) <= IZR (- (- (radius a * Z.abs n) / d))).
  { apply ceil_ok; [exact Hd|]. rewrite mult_IZR, abs_IZR.
    replace (IZR n * / IZR d * x * P - IZR n / IZR d * A) with (IZR n / IZR d * (x * P - A)) by (unfold Rdiv; ring).
    rewrite Rabs_mult. unfold Rdiv. rewrite Rabs_mult, (Rabs_right (/ IZR d)) by (apply Rle_ge, Rlt_le, Rinv_0_lt_compat, Hd').
    replace (Rabs (IZR n) * / IZR d * Rabs (x * P - A) * IZR d) with (Rabs (x * P - A) * Rabs (IZR n)) by (field; lra).
    apply Rmult_le_compat_r; [apply Rabs_pos|exact Hx]. }
  destruct (Z.eqb_spec d 1) as [E|E]; apply (made_ok _ _ _ H).
  - rewrite pe_scale. rewrite E in B. unfold Rdiv in B. rewrite Rinv_1 in B. rewrite E, Rinv_1.
    fold A. rewrite !Rmult_1_r in *. exact B.
  - rewrite plus_IZR. pose proof (pe_rounded (fun c => n * c / d)%Z (IZR n / IZR d) (terms a) v Hv) as Rd. fold A in Rd.
    assert (Hf : forall c, Rabs (IZR (n * c / d) - IZR n / IZR d * IZR c) <= 1).
    { intros c. replace (IZR n / IZR d * IZR c) with (IZR (n * c) / IZR d) by (rewrite mult_IZR; field; lra).
      apply floor_near, Hd. }
    specialize (Rd Hf). set (W := pe (map _ (terms a)) v) in *.
    replace (IZR n * / IZR d * x * P - W) with ((IZR n * / IZR d * x * P - IZR n / IZR d * A) + - (W - IZR n / IZR d * A)) by ring.
    eapply Rle_trans; [apply Rabs_triang|]. rewrite Rabs_Ropp. lra.
Qed.

Lemma within_radius : forall a v x, within a v x -> 0 <= IZR (radius a).
Proof. intros a v x H. unfold within in H. pose proof (Rabs_pos (x * P - pe (terms a) v)). lra. Qed.

(** ab - AB = A(b - B) + B(a - A) + (a - A)(b - B). *)
Lemma mmul_over_ok : forall shift cap a b m v x y z, (0 <= shift)%Z -> Rabs v <= 1 ->
  mmul_over p shift cap a b = Some m -> within a v x -> within b v y -> z * Fixed.P shift = x * y * P -> within m v z.
Proof.
  intros shift cap a b m v x y z Hs Hv H Hx Hy Ez. unfold mmul_over in H.
  set (pair := if Nat.ltb _ _ then _ else _) in H.
  assert (S : pe (fst pair) v * pe (snd pair) v = pe (terms a) v * pe (terms b) v
    /\ (length (fst pair) <= length (snd pair))%nat).
  { unfold pair. destruct (Nat.ltb_spec (length (terms a)) (length (terms b))); cbn [fst snd]; split; try ring; lia. }
  destruct pair as [outer inner]. cbn [fst snd] in S. destruct S as [S L].
  set (sums := match inner with [] => [] | _ => _ end) in H.
  assert (K : Rabs (pe outer v * pe inner v - pe sums v) <= IZR (beyond (Datatypes.S cap) outer (suffixes inner))
    /\ (length sums <= Nat.min (Datatypes.S cap) (pred (length outer + length inner)))%nat).
  { unfold sums. destruct inner as [|i0 inner].
    - destruct outer as [|? ?]; [|simpl in L; lia]. simpl. rewrite Rmult_0_l, Rminus_0_r, Rabs_R0. split; [lra|lia].
    - split; [apply prod_ok, Hv|]. apply prod_length. discriminate. }
  destruct K as [K Len]. rewrite S in K. apply (made_ok _ _ _ H). rewrite plus_IZR.
  set (A := pe (terms a) v) in *. set (B := pe (terms b) v) in *. set (M := pe sums v) in *.
  pose proof (P_pos shift Hs) as Q0. set (Q := Fixed.P shift) in *.
  pose proof (pe_rounded (fun c => Z.shiftr c shift) (/ Q) sums v Hv (fun c => shift_near shift c Hs)) as Rd. fold M in Rd.
  assert (Len' : IZR (Z.of_nat (length sums)) <= IZR (Z.of_nat (Nat.min (Datatypes.S cap) (pred (length outer + length inner)))))
    by (apply IZR_le; lia).
  set (r := (_ + beyond _ _ _)%Z) in *.
  assert (C : Rabs (z * P - / Q * M) <= IZR (cdiv shift r)).
  { apply (cdiv_ok shift Hs). fold Q. unfold r. rewrite !plus_IZR, !mult_IZR, plus_IZR.
    replace (Rabs (z * P - / Q * M) * Q) with (Rabs ((z * Q) * P - M)).
    2: { transitivity (Rabs ((z * P - / Q * M) * Q)); [f_equal; field; lra|rewrite Rabs_mult, (Rabs_right Q) by lra; reflexivity]. }
    rewrite Ez. replace (x * y * P * P - M)
      with (A * (y * P - B) + B * (x * P - A) + (x * P - A) * (y * P - B) + (A * B - M)) by ring.
    pose proof (norm_ok (terms a) v Hv) as NA. pose proof (norm_ok (terms b) v Hv) as NB. fold A in NA. fold B in NB.
    unfold within in Hx, Hy. fold A in Hx. fold B in Hy.
    eapply Rle_trans; [apply Rabs_triang|]. apply Rplus_le_compat; [|exact K].
    eapply Rle_trans; [apply Rabs_triang|]. eapply Rle_trans; [apply Rplus_le_compat_r, Rabs_triang|].
    rewrite !Rabs_mult. pose proof (Rabs_pos A). pose proof (Rabs_pos B).
    pose proof (Rabs_pos (x * P - A)). pose proof (Rabs_pos (y * P - B)).
    assert (Rabs A * Rabs (y * P - B) <= IZR (norm (terms a)) * IZR (radius b)) by (apply Rmult_le_compat; assumption).
    assert (Rabs B * Rabs (x * P - A) <= IZR (norm (terms b)) * IZR (radius a)) by (apply Rmult_le_compat; assumption).
    assert (Rabs (x * P - A) * Rabs (y * P - B) <= IZR (radius a) * IZR (radius b)) by (apply Rmult_le_compat; assumption).
    lra. }
  set (W := pe (map _ sums) v) in *.
  replace (z * P - W) with ((z * P - / Q * M) + - (W - / Q * M)) by ring.
  eapply Rle_trans; [apply Rabs_triang|]. rewrite Rabs_Ropp. lra.
Qed.
Lemma mmul_ok : forall n a b m v x y, Rabs v <= 1 -> mmul p n a b = Some m -> within a v x -> within b v y ->
  within m v (x * y).
Proof. intros n a b m v x y Hv H Hx Hy. apply (mmul_over_ok p n a b m v x y); try assumption. reflexivity. Qed.

Lemma mcut_ok : forall n a m v x, Rabs v <= 1 -> mcut p n a = Some m -> within a v x -> within m v x.
Proof.
  intros n a m v x Hv H Hx. apply (made_ok _ _ _ H). unfold within in Hx. rewrite plus_IZR.
  pose proof (pe_firstn (S n) (terms a) v Hv) as F. set (W := pe (firstn (S n) (terms a)) v) in *.
  replace (x * P - W) with ((x * P - pe (terms a) v) + (pe (terms a) v - W)) by ring.
  eapply Rle_trans; [apply Rabs_triang|lra].
Qed.

Lemma mpow_ok : forall n a k m v x, Rabs v <= 1 -> mpow p n a k = Some m -> within a v x ->
  within m v (x ^ Pos.to_nat k).
Proof.
  intros n a. induction k as [k IH|k IH|]; intros m v x Hv H Hx; cbn [mpow] in H; chain H.
  - rewrite Pos2Nat.inj_xI. replace (x ^ S (2 * Pos.to_nat k)) with (x ^ Pos.to_nat k * x ^ Pos.to_nat k * x).
    2: { replace (S (2 * Pos.to_nat k)) with (Pos.to_nat k + Pos.to_nat k + 1)%nat by lia. rewrite !pow_add. ring. }
    apply (mmul_ok _ _ _ _ _ _ _ Hv H); [|exact Hx].
    apply (mmul_ok _ _ _ _ _ _ _ Hv E0); apply (IH _ _ _ Hv eq_refl Hx).
  - rewrite Pos2Nat.inj_xO. replace (2 * Pos.to_nat k)%nat with (Pos.to_nat k + Pos.to_nat k)%nat by lia. rewrite pow_add.
    apply (mmul_ok _ _ _ _ _ _ _ Hv H); apply (IH _ _ _ Hv eq_refl Hx).
  - injection H as <-. change (Pos.to_nat 1) with 1%nat. rewrite pow_1. exact Hx.
Qed.

Lemma magnitude_of_ok : forall a v x, Rabs v <= 1 -> within a v x -> Rabs x * P <= IZR (magnitude_of a).
Proof.
  intros a v x Hv Hx. unfold magnitude_of, within in *. rewrite plus_IZR. pose proof (norm_ok (terms a) v Hv).
  pose proof (P_pos p Hp).
  replace (Rabs x * P) with (Rabs (x * P)) by (rewrite Rabs_mult, (Rabs_right P) by lra; reflexivity).
  replace (x * P) with (x * P - pe (terms a) v + pe (terms a) v) by ring. eapply Rle_trans; [apply Rabs_triang|lra].
Qed.
Lemma pe_middle : forall l v, pe l v = IZR (hd 0%Z l) + v * pe (tl l) v.
Proof. intros [|c l] v; simpl; ring. Qed.
Lemma range_of_ok : forall a v x, Rabs v <= 1 -> within a v x -> inI p x (range_of a).
Proof.
  intros a v x Hv Hx. unfold range_of, within, inI, middle in *. cbn [fst snd]. rewrite minus_IZR, !plus_IZR.
  rewrite pe_middle in Hx. pose proof (norm_ok (tl (terms a)) v Hv) as N. apply abs_le in Hx.
  assert (M : Rabs (v * pe (tl (terms a)) v) <= IZR (norm (tl (terms a)))).
  { rewrite Rabs_mult. pose proof (Rabs_pos v). pose proof (Rabs_pos (pe (tl (terms a)) v)). nra. }
  apply abs_le in M. lra.
Qed.
End Sound.
