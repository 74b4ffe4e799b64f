(** R5: bounds over a list of cells. *)
Require Import Bool ZArith Reals List Lra Lia Psatz.
From Polycert Require Import core.Fixed core.Horner core.Pieces core.Critical core.Image core.Cascade.
Import ListNotations.
Open Scope R_scope.

(** R5. *)
Definition one (p : Z) : Z := Z.shiftl 1 p.
Definition one_minus (p : Z) (a : itv) : itv := (one p - snd a, one p - fst a)%Z.
Definition half_up (x : Z) : Z := Z.shiftr (x + 1) 1.

Definition g_at (p : Z) (b : list stage) (y : itv) : option itv :=
  match on p b y with Some q => Some (ihalf (imul p y (one_minus p q))) | None => None end.

Definition order_zero (p : Z) (b : list stage) (c : itv) : option Z :=
  match on p b c with
  | Some q => Some (half_up (mul_up p (snd c) (mag (one_minus p q))))
  | None => None
  end.

Definition upper (p start end_ : Z) (slope : itv) (width : Z) : Z :=
  let (a, b) := slope in
  if Z.leb b 0 then start else if Z.leb 0 a then end_ else
  let first := (Z.shiftl (- a) p / (b - a))%Z in
  let second := (one p - first)%Z in
  (mul_up p first start + mul_up p second end_
   + mul_up p width (Z.max (mul_up p first b) (mul_up p second (- a))))%Z.

Definition order_one (p : Z) (b : list stage) (c start end_ : itv) : option Z :=
  match with_slope p b c (point (one p)) with
  | Some (q, dq) =>
      let s := ihalf (isub (one_minus p q) (imul p c dq)) in
      let w := (snd c - fst c)%Z in
      Some (Z.max (upper p (snd start) (snd end_) s w)
                  (upper p (- fst start) (- fst end_) (ineg s) w))
  | None => None
  end.

(** Whether |g| <= limit on [u, ...] : the points after u with their orders. *)
Fixpoint deviation_cells (p : Z) (b : list stage) (limit u : Z) (known : option itv)
  (cs : list (bool * Z)) : bool :=
  match cs with
  | [] => true
  | (order, v) :: r =>
      Z.ltb u v &&
      if order then
        match (match known with Some k => Some k | None => g_at p b (point u) end), g_at p b (point v) with
        | Some s, Some e =>
            match order_one p b (u, v) s e with
            | Some bound => Z.leb bound limit && deviation_cells p b limit v (Some e) r
            | None => false
            end
        | _, _ => false
        end
      else
        match order_zero p b (u, v) with
        | Some bound => Z.leb bound limit && deviation_cells p b limit v None r
        | None => false
        end
  end.

Definition derivative_bound (p : Z) (b : list stage) (c : itv) : option Z :=
  match with_slope p b c (point (one p)) with
  | Some (q, dq) => Some (half_up (mag (iadd q (imul p c dq))))
  | None => None
  end.
Definition magnitude_bound (p : Z) (b : list stage) (c : itv) : option Z :=
  match on p b c with
  | Some q => Some (half_up (mul_up p (snd c) (one p + mag q)))
  | None => None
  end.
Fixpoint plain_cells (bound : itv -> option Z) (limit u : Z) (cs : list (bool * Z)) : bool :=
  match cs with
  | [] => true
  | (order, v) :: r =>
      negb order && Z.ltb u v &&
      match bound (u, v) with Some x => Z.leb x limit | None => false end
      && plain_cells bound limit v r
  end.

(** ** Soundness *)
Fixpoint last_point (u : Z) (cs : list (bool * Z)) : Z :=
  match cs with [] => u | (_, v) :: r => last_point v r end.

Section Sound.
Variable p : Z.
Hypothesis Hp : (0 <= p)%Z.
Notation P := (P p).
Notation inI := (inI p).
Notation val x := (IZR x / P).
Notation stage_ok := (stage_ok p).
Let on_ok := on_ok p Hp.
Let with_slope_ok := with_slope_ok p Hp.
Let val_lt := val_lt p Hp.

Lemma in_one : inI 1 (point (one p)).
Proof.
  unfold Fixed.inI, point, one. simpl. rewrite Z.shiftl_mul_pow2 by assumption.
  rewrite Z.mul_1_l. fold P. rewrite Rmult_1_l. lra.
Qed.

Lemma in_one_minus : forall x a, inI x a -> inI (1 - x) (one_minus p a).
Proof.
  intros x a H. exact (in_isub p Hp 1 x (point (one p)) a in_one H) || apply (in_isub p 1 x (point (one p)) a in_one H).
Qed.

Lemma half_up_ok : forall x X, X * P <= IZR x -> X / 2 * P <= IZR (half_up x).
Proof.
  intros x X H. unfold half_up. rewrite Z.shiftr_div_pow2 by lia. change (2 ^ 1)%Z with 2%Z.
  assert (B : (x <= 2 * ((x + 1) / 2))%Z) by (pose proof (Z.div_mod (x + 1) 2); pose proof (Z.mod_pos_bound (x + 1) 2); lia).
  apply IZR_le in B. rewrite mult_IZR in B. lra.
Qed.

Variable b : list stage.
Hypothesis Ok : Forall stage_ok b.

(** r - ReLU, up to sign, at a distance y from 0. *)
Definition g (y : R) : R := y * (1 - q b y) / 2.
Definition g' (y : R) : R := (1 - q b y - y * q' b y) / 2.

Lemma g_derivable : forall y, derivable_pt_lim g y (g' y).
Proof.
  intros y. unfold g, g', Rdiv.
  replace ((1 - q b y - y * q' b y) * / 2) with
    ((1 * (1 - q b y) + y * (0 - q' b y)) * / 2 + y * (1 - q b y) * 0) by ring.
  apply (derivable_pt_lim_mult (fun y => y * (1 - q b y)) (fun _ => / 2)); [|apply derivable_pt_lim_const].
  apply (derivable_pt_lim_mult (fun y => y) (fun y => 1 - q b y)); [apply derivable_pt_lim_id|].
  apply (derivable_pt_lim_minus (fun _ => 1) (q b)); [apply derivable_pt_lim_const|apply q_derivable].
Qed.

Lemma g_at_ok : forall Y G y, g_at p b Y = Some G -> inI y Y -> inI (g y) G.
Proof.
  intros Y G y H HY. unfold g_at in H. destruct (on p b Y) as [Q|] eqn:E; [|discriminate].
  injection H as H. subst. unfold g. apply in_ihalf. apply in_imul; [assumption|exact HY|].
  apply in_one_minus. apply (on_ok b Y); assumption.
Qed.

Lemma in_cell : forall u v y, val u <= y <= val v -> inI y (u, v).
Proof.
  intros u v y H. pose proof (P_pos p Hp). unfold Fixed.inI. simpl.
  rewrite <- (val_P p Hp u), <- (val_P p Hp v). split; apply Rmult_le_compat_r; lra.
Qed.

Lemma order_zero_ok : forall u v B y, (0 <= u)%Z -> order_zero p b (u, v) = Some B ->
  val u <= y <= val v -> Rabs (g y) * P <= IZR B.
Proof.
  intros u v B y Hu H Hy. unfold order_zero in H.
  destruct (on p b (u, v)) as [Q|] eqn:E; [|discriminate]. injection H as H. subst.
  pose proof (P_pos p Hp) as HP.
  assert (Hu' : 0 <= val u) by (unfold Rdiv; apply Rmult_le_pos; [apply IZR_le; lia|apply Rlt_le, Rinv_0_lt_compat; lra]).
  pose proof (on_ok b _ _ _ Ok E (in_cell _ _ _ Hy)) as HQ.
  unfold g. unfold Rdiv. rewrite Rabs_mult, (Rabs_right (/ 2)) by lra.
  apply half_up_ok. rewrite Rabs_mult.
  apply mul_up_ok; try assumption; try apply Rabs_pos.
  - rewrite Rabs_right by lra. simpl. rewrite <- (val_P p Hp v). apply Rmult_le_compat_r; lra.
  - apply mag_ok; [assumption|]. apply in_one_minus, HQ.
Qed.

(** The mean value bound: [h] has slope [h'] in [a, b] over the cell. *)
Lemma upper_ok : forall (h h' : R -> R) u v start end_ S y,
  (forall y, derivable_pt_lim h y (h' y)) -> (u < v)%Z ->
  h (val u) * P <= IZR start -> h (val v) * P <= IZR end_ ->
  (forall y, val u <= y <= val v -> inI (h' y) S) ->
  val u <= y <= val v -> h y * P <= IZR (upper p start end_ S (v - u)).
Proof.
  intros h h' u v start end_ [a c] y Hh Huv Hs He HS Hy. pose proof (P_pos p Hp) as HP.
  set (U := val u) in *. set (V := val v) in *.
  assert (HUV : U < V) by (apply val_lt; assumption).
  (* h y <= h U + c (y - U), and h y <= h V - a (V - y) *)
  assert (X1 : h y * P <= IZR start + IZR c * (y - U)).
  { destruct (Req_dec y U) as [->|N]; [lra|].
    destruct (MVT_cor2 h h' U y ltac:(lra) (fun z _ => Hh z)) as [z [E Hz]].
    destruct (HS z ltac:(lra)) as [_ S2]. simpl in S2.
    replace (h y) with (h U + h' z * (y - U)) by lra.
    assert (h' z * P * (y - U) <= IZR c * (y - U)) by (apply Rmult_le_compat_r; lra). lra. }
  assert (X2 : h y * P <= IZR end_ - IZR a * (V - y)).
  { destruct (Req_dec y V) as [->|N]; [lra|].
    destruct (MVT_cor2 h h' y V ltac:(lra) (fun z _ => Hh z)) as [z [E Hz]].
    destruct (HS z ltac:(lra)) as [S1 _]. simpl in S1.
    replace (h y) with (h V - h' z * (V - y)) by lra.
    assert (IZR a * (V - y) <= h' z * P * (V - y)) by (apply Rmult_le_compat_r; lra). lra. }
  unfold upper.
  destruct (Z.leb_spec c 0) as [C|C].
  { apply IZR_le in C. assert (IZR c * (y - U) <= 0 * (y - U)) by (apply Rmult_le_compat_r; lra). lra. }
  destruct (Z.leb_spec 0 a) as [A|A].
  { apply IZR_le in A. assert (0 * (V - y) <= IZR a * (V - y)) by (apply Rmult_le_compat_r; lra). lra. }
  set (L := (Z.shiftl (- a) p / (c - a))%Z). set (M := (one p - L)%Z).
  assert (HL : (0 <= L <= 2 ^ p)%Z).
  { unfold L. rewrite Z.shiftl_mul_pow2 by assumption.
    assert (0 < 2 ^ p)%Z by (apply Z.pow_pos_nonneg; lia). split.
    - apply Z.div_pos; nia.
    - apply Z.div_le_upper_bound; nia. }
  set (l := val L). assert (Hl : 0 <= l <= 1).
  { unfold l. split.
    - unfold Rdiv. apply Rmult_le_pos; [apply IZR_le; lia|apply Rlt_le, Rinv_0_lt_compat; lra].
    - apply Rmult_le_reg_r with P; [assumption|]. rewrite val_P by assumption. rewrite Rmult_1_l.
      apply IZR_le. lia. }
  assert (EL : IZR L = l * P) by (unfold l; rewrite val_P by assumption; reflexivity).
  assert (EM : IZR M = (1 - l) * P).
  { unfold M. rewrite minus_IZR, EL. unfold one. rewrite Z.shiftl_mul_pow2, Z.mul_1_l by assumption.
    fold P. ring. }
  assert (CD : forall x k (t : R), IZR k = t * P -> t * IZR x <= IZR (mul_up p k x)).
  { intros x k t Ek. unfold mul_up. apply cdiv_ok; [assumption|]. rewrite mult_IZR, Ek. lra. }
  pose proof (CD start L l EL) as K1. pose proof (CD end_ M (1 - l) EM) as K2.
  pose proof (CD c L l EL) as K3. pose proof (CD (- a)%Z M (1 - l) EM) as K4. rewrite opp_IZR in K4.
  set (rise := mul_up p L c) in *. set (fall := mul_up p M (- a)) in *.
  assert (HW : IZR (v - u) = (V - U) * P) by (rewrite minus_IZR; unfold U, V; field; lra).
  pose proof (CD (Z.max rise fall) (v - u)%Z (V - U) HW) as K5.
  rewrite !plus_IZR.
  pose proof (IZR_le _ _ (Z.le_max_l rise fall)) as R1. pose proof (IZR_le _ _ (Z.le_max_r rise fall)) as R2.
  set (m := IZR (Z.max rise fall)) in *.
  apply IZR_lt in C, A.
  (* convex combination *)
  assert (Y : h y * P <= l * IZR start + (1 - l) * IZR end_ + (l * IZR c * (y - U) + (1 - l) * - IZR a * (V - y))).
  { replace (h y * P) with (l * (h y * P) + (1 - l) * (h y * P)) by ring.
    assert (l * (h y * P) <= l * (IZR start + IZR c * (y - U))) by (apply Rmult_le_compat_l; lra).
    assert ((1 - l) * (h y * P) <= (1 - l) * (IZR end_ - IZR a * (V - y))) by (apply Rmult_le_compat_l; lra).
    lra. }
  assert (l * IZR c * (y - U) <= m * (y - U)) by (apply Rmult_le_compat_r; lra).
  assert ((1 - l) * - IZR a * (V - y) <= m * (V - y)) by (apply Rmult_le_compat_r; lra).
  lra.
Qed.

Lemma order_one_ok : forall u v s e B y, (u < v)%Z -> order_one p b (u, v) s e = Some B ->
  inI (g (val u)) s -> inI (g (val v)) e -> val u <= y <= val v -> Rabs (g y) * P <= IZR B.
Proof.
  intros u v s e B y Huv H Hs He Hy. unfold order_one in H.
  destruct (with_slope p b (u, v) (point (one p))) as [[Q D]|] eqn:E; [|discriminate].
  apply some_inj in H. cbv zeta in H. change (snd (u, v) - fst (u, v))%Z with (v - u)%Z in H.
  subst B. pose proof (P_pos p Hp) as HP.
  set (S := ihalf (isub (one_minus p Q) (imul p (u, v) D))) in *.
  assert (HS : forall y, val u <= y <= val v -> inI (g' y) S).
  { intros z Hz. pose proof (in_cell _ _ _ Hz) as Hc.
    destruct (with_slope_ok b _ _ _ _ z 1 Ok E Hc in_one) as [HQ HD]. rewrite Rmult_1_l in HD.
    unfold g', S. apply in_ihalf, in_isub; [apply in_one_minus, HQ|]. apply in_imul; assumption. }
  assert (Up : g y * P <= IZR (upper p (snd s) (snd e) S (v - u))).
  { apply (upper_ok g g'); try assumption; [exact g_derivable|apply Hs|apply He]. }
  assert (Dn : - g y * P <= IZR (upper p (- fst s) (- fst e) (ineg S) (v - u))).
  { apply (upper_ok (fun y => - g y) (fun y => - g' y)); try assumption.
    - intros z. apply (derivable_pt_lim_opp g). apply g_derivable.
    - rewrite opp_IZR. destruct Hs. lra.
    - rewrite opp_IZR. destruct He. lra.
    - intros z Hz. apply in_ineg, HS, Hz. }
  set (U := upper p (snd s) (snd e) S (v - u)) in *.
  set (L := upper p (- fst s) (- fst e) (ineg S) (v - u)) in *.
  pose proof (IZR_le _ _ (Z.le_max_l U L)). pose proof (IZR_le _ _ (Z.le_max_r U L)).
  (* (snd e) S (v - u)) (upper p (- fst s) (- fst e) (ineg S) (v - u)))).
  pose proof (IZR_le _ _ (Z.le_max_r (upper p (snd s) (snd e) S (v - u)) (upper p (- fst s) (- fst e) (ineg S) (v - u)))). *)
  unfold Rabs. destruct (Rcase_abs (g y)); lra.
Qed.

Theorem deviation_cells_ok : forall cs limit u known, (0 <= u)%Z ->
  match known with Some k => inI (g (val u)) k | None => True end ->
  deviation_cells p b limit u known cs = true ->
  forall y, val u <= y -> y <= val (last_point u cs) -> cs <> [] -> Rabs (g y) * P <= IZR limit.
Proof.
  induction cs as [|[o v] r IH]; intros limit u known Hu Hk H y Y1 Y2 N; [tauto|]. clear N.
  cbn [deviation_cells] in H. apply andb_prop in H as [Huv H]. apply Z.ltb_lt in Huv.
  assert (Step : forall B known', Rabs 0 = 0 ->
    (val u <= y <= val v -> Rabs (g y) * P <= IZR B) -> (B <= limit)%Z ->
    match known' with Some k => inI (g (val v)) k | None => True end ->
    deviation_cells p b limit v known' r = true -> Rabs (g y) * P <= IZR limit).
  { intros B known' _ HB HBl Hk' Hr. destruct (Rle_dec y (val v)) as [L|L].
    - apply IZR_le in HBl. pose proof (HB ltac:(lra)). lra.
    - apply (IH limit v known' ltac:(lia) Hk' Hr); try lra; [exact Y2|].
      intros ->. simpl in Y2. lra. }
  destruct o.
  - set (ks := match known with Some k => Some k | None => g_at p b (point u) end) in H.
    destruct ks as [s|] eqn:Es; [|discriminate].
    assert (Hs : inI (g (val u)) s).
    { destruct known as [k|]; unfold ks in Es.
      - injection Es as Es. subst. exact Hk.
      - apply (g_at_ok (point u)); [exact Es|]. apply in_point, Hp. }
    destruct (g_at p b (point v)) as [e|] eqn:Ee; [|discriminate].
    pose proof (g_at_ok _ _ _ Ee (in_point p Hp v)) as He.
    destruct (order_one p b (u, v) s e) as [B|] eqn:EB; [|discriminate].
    apply andb_prop in H as [H1 H2]. apply Z.leb_le in H1.
    apply (Step B (Some e)); try assumption; [apply Rabs_R0|].
    apply order_one_ok with s e; assumption.
  - destruct (order_zero p b (u, v)) as [B|] eqn:EB; [|discriminate].
    apply andb_prop in H as [H1 H2]. apply Z.leb_le in H1.
    apply (Step B None); try assumption; try trivial; [apply Rabs_R0|].
    apply order_zero_ok; assumption.
Qed.

Theorem plain_cells_ok : forall (bound : itv -> option Z) (h : R -> R) limit,
  (forall u v B y, (0 <= u)%Z -> (u < v)%Z -> bound (u, v) = Some B -> val u <= y <= val v -> h y * P <= IZR B) ->
  forall cs u, (0 <= u)%Z -> plain_cells bound limit u cs = true -> cs <> [] ->
  forall y, val u <= y -> y <= val (last_point u cs) -> h y * P <= IZR limit.
Proof.
  intros bound h limit HB. induction cs as [|[o v] r IH]; intros u Hu H N y Y1 Y2; [tauto|]. clear N.
  cbn [plain_cells] in H. apply andb_prop in H as [H Hr]. apply andb_prop in H as [H Hb].
  apply andb_prop in H as [_ Huv]. apply Z.ltb_lt in Huv.
  destruct (bound (u, v)) as [B|] eqn:E; [|discriminate]. apply Z.leb_le in Hb.
  destruct (Rle_dec y (val v)) as [L|L].
  - apply IZR_le in Hb. pose proof (HB u v B y Hu Huv E ltac:(lra)). lra.
  - apply (IH v ltac:(lia) Hr); try lra; [|exact Y2]. intros ->. simpl in Y2. lra.
Qed.

Lemma derivative_bound_ok : forall u v B y, (0 <= u)%Z -> (u < v)%Z -> derivative_bound p b (u, v) = Some B ->
  val u <= y <= val v -> Rabs ((q b y + y * q' b y) / 2) * P <= IZR B.
Proof.
  intros u v B y _ _ H Hy. unfold derivative_bound in H.
  destruct (with_slope p b (u, v) (point (one p))) as [[Q D]|] eqn:E; [|discriminate].
  injection H as H. subst B.
  pose proof (in_cell _ _ _ Hy) as Hc.
  destruct (with_slope_ok b _ _ _ _ y 1 Ok E Hc in_one) as [HQ HD]. rewrite Rmult_1_l in HD.
  unfold Rdiv. rewrite Rabs_mult, (Rabs_right (/ 2)) by lra. apply half_up_ok, mag_ok; [assumption|].
  apply in_iadd; [exact HQ|]. apply in_imul; assumption.
Qed.

Lemma magnitude_bound_ok : forall u v B y, (0 <= u)%Z -> (u < v)%Z -> magnitude_bound p b (u, v) = Some B ->
  val u <= y <= val v -> (y * (1 + Rabs (q b y)) / 2) * P <= IZR B.
Proof.
  intros u v B y Hu _ H Hy. unfold magnitude_bound in H.
  destruct (on p b (u, v)) as [Q|] eqn:E; [|discriminate]. injection H as H. subst B.
  pose proof (P_pos p Hp) as HP.
  assert (Hu' : 0 <= val u) by (unfold Rdiv; apply Rmult_le_pos; [apply IZR_le; lia|apply Rlt_le, Rinv_0_lt_compat; lra]).
  pose proof (on_ok b _ _ _ Ok E (in_cell _ _ _ Hy)) as HQ. apply mag_ok in HQ; [|assumption].
  apply half_up_ok. apply mul_up_ok; try assumption; try lra.
  - pose proof (Rabs_pos (q b y)). lra.
  - simpl. rewrite <- (val_P p Hp v). apply Rmult_le_compat_r; lra.
  - rewrite plus_IZR. unfold one. rewrite Z.shiftl_mul_pow2, Z.mul_1_l by assumption. fold P. lra.
Qed.
End Sound.
