(** The `pool` claim: a tournament of pairwise maxima. *)
Require Import Bool ZArith QArith Qreals Reals List Lra Lia Psatz.
From Polycert Require Import Vocabulary Statement core.Fixed core.Number core.Cascade core.Ground claims.Tournament.
Import ListNotations.
Open Scope R_scope.

(** Encloses m(a, b) = ((a + b) + d p(d))/2 at d = a - b, where d p(d) = |d| q_s(|d|), s the sign of d. *)
Definition play (p : Z) (g : ground) (a b : option itv) : option itv :=
  match a, b with
  | Some a, Some b =>
      let d := isub a b in
      if Z.eqb (fst d) 0 && Z.eqb (snd d) 0 then Some a else
      match negative d with
      | Some n => let y := if n then ineg d else d in
          match on p (branch g n) y with
          | Some q => Some (ihalf (iadd (iadd a b) (imul p y q)))
          | None => None
          end
      | None => None
      end
  | _, _ => None
  end.

(** All differences stay where the deviation is bounded: 2 c B + (i + j) E <= W for every match. *)
Definition spread (c B E : Q) (deepest : nat) : Q := (inject_Z 2 * c * B + of_nat deepest * E)%Q.
Definition inputs_fit (n : nat) (B : Q) (xs : list Q) : bool :=
  Nat.eqb (length xs) n && forallb (fun x => Qle_bool (magnitude x) B) xs.

Definition prove_pool (p : Z) (g : ground) (earlier : list claim) (a : pool) : bool :=
  match nth_error earlier (pool_cites a) with
  | Some (Deviation to E _) =>
      let c := pool_scale a in let B := pool_range a in
      let (depth, deepest) := depths (pool_inputs a) in
      positive c && positive B && Qle_bool (spread c B E deepest) to
      && Qle_bool (of_nat depth * E) (pool_hi a * c)
      && inputs_fit (pool_inputs a) B (pool_at a)
      && match pool_at a with
         | [] => false
         | x :: t =>
             match winner (play p g) None (map (fun x => Some (map_input p c x)) (pool_at a)) with
             | Some result =>
                 reaches_lo p (isub result (map_input p c (largest x t))) (pool_lo a * c)
             | None => false
             end
         end
  | _ => false
  end.

(** ** Soundness *)
Lemma inputs_fit_ok : forall n B xs, inputs_fit n B xs = true -> inputs_in n (Q2R B) (map Q2R xs).
Proof.
  intros n B xs H. unfold inputs_fit in H. apply andb_prop in H as [H1 H2]. apply Nat.eqb_eq in H1. split.
  - rewrite map_length. exact H1.
  - rewrite forallb_forall in H2. apply Forall_forall. intros y Hy. apply in_map_iff in Hy as [x [<- Hx]].
    specialize (H2 x Hx). reals. exact H2.
Qed.

Lemma m_is : forall f a b, m f a b = Rmax a b + (r f (a - b) - ReLU (a - b)).
Proof.
  intros f a b. unfold m, r, ReLU, Rmax. destruct (Rle_dec a b), (Rle_dec (a - b) 0); try lra; field.
Qed.

(** Values of depth i are within i E of the greatest of their inputs. *)
Section Bound.
Variables (f : R -> R) (c B E W : R).
Hypothesis Hc : 0 < c.
Hypothesis HE : 0 <= E.
Hypothesis Deviates : forall d, Rabs d <= W -> Rabs (r f d - ReLU d) <= E.

Definition in_range (xs : list R) : Prop := Forall (fun x => Rabs x <= B) xs.
Definition near (v : R) (i a : nat) (xs : list R) : Prop :=
  in_range xs -> 2 * c * B + INR a * E <= W ->
  xs <> [] /\ forall M, maximum M xs -> Rabs (v - (c * M + / 2)) <= INR i * E.

Lemma near_leaf : forall x, near (c * x + / 2) 0 0 [x].
Proof.
  intros x _ _. split; [discriminate|]. intros M [[<-|[]] _].
  replace (c * x + / 2 - (c * x + / 2)) with 0 by ring. rewrite Rabs_R0. simpl. lra.
Qed.

(** What a match is between. *)
Lemma near_parts : forall u v i j a b xs ys, near u i a xs -> near v j b ys -> in_range (xs ++ ys) ->
  2 * c * B + INR (Nat.max (i + j) (Nat.max a b)) * E <= W ->
  exists M N, maximum M xs /\ maximum N ys /\ Rabs (u - (c * M + / 2)) <= INR i * E
    /\ Rabs (v - (c * N + / 2)) <= INR j * E /\ Rabs (u - v) <= W
    /\ Rabs (u - v - c * (M - N)) <= (INR i + INR j) * E.
Proof.
  intros u v i j a b xs ys Hu Hv Hin HW. apply Forall_app in Hin as [Ix Iy].
  assert (Mono : forall k, (k <= Nat.max (i + j) (Nat.max a b))%nat -> 2 * c * B + INR k * E <= W).
  { intros k Hk. apply le_INR in Hk. apply Rmult_le_compat_r with (1 := HE) in Hk. lra. }
  destruct (Hu Ix (Mono a ltac:(lia))) as [Nx Kx]. destruct (Hv Iy (Mono b ltac:(lia))) as [Ny Ky].
  destruct (maximum_exists _ Nx) as [M HM]. destruct (maximum_exists _ Ny) as [N HN].
  pose proof (Kx _ HM) as Ku. pose proof (Ky _ HN) as Kv. exists M, N.
  pose proof (Mono (i + j)%nat ltac:(lia)) as S. rewrite plus_INR in S.
  pose proof (maximum_in B M xs Ix HM) as BM. pose proof (maximum_in B N ys Iy HN) as BN.
  assert (D : Rabs (u - v - c * (M - N)) <= (INR i + INR j) * E).
  { replace (u - v - c * (M - N)) with ((u - (c * M + / 2)) - (v - (c * N + / 2))) by ring.
    apply Rle_trans with (1 := Rabs_triang _ _). rewrite Rabs_Ropp. lra. }
  repeat split; try assumption; try apply HM; try apply HN.
  replace (u - v) with ((u - v - c * (M - N)) + c * (M - N)) by ring.
  apply Rle_trans with (1 := Rabs_triang _ _).
  assert (Rabs (c * (M - N)) <= 2 * c * B).
  { rewrite Rabs_mult, (Rabs_right c) by lra. replace (2 * c * B) with (c * (B + B)) by ring.
    apply Rmult_le_compat_l; [lra|]. apply Rle_trans with (1 := Rabs_triang _ _). rewrite Rabs_Ropp. lra. }
  lra.
Qed.

Lemma near_play : forall u v i j a b xs ys, near u i a xs -> near v j b ys ->
  near (m f u v) (S (Nat.max i j)) (Nat.max (i + j) (Nat.max a b)) (xs ++ ys).
Proof.
  intros u v i j a b xs ys Hu Hv Hin HW.
  destruct (near_parts u v i j a b xs ys Hu Hv Hin HW) as [M [N [HM [HN [Ku [Kv [KW _]]]]]]].
  split.
  { destruct HM as [I _]. intros E0. apply app_eq_nil in E0 as [-> _]. exact I. }
  intros K HK. rewrite (maximum_unique _ _ _ HK (maximum_app _ _ _ _ HM HN)).
  pose proof (Deviates _ KW) as D. rewrite m_is.
  replace (Rmax u v + (r f (u - v) - ReLU (u - v)) - (c * Rmax M N + / 2))
    with ((Rmax u v - (c * Rmax M N + / 2)) + (r f (u - v) - ReLU (u - v))) by ring.
  apply Rle_trans with (1 := Rabs_triang _ _). rewrite S_INR.
  assert (Ki : INR i * E <= INR (Nat.max i j) * E) by (apply Rmult_le_compat_r; [exact HE|apply le_INR; lia]).
  assert (Kj : INR j * E <= INR (Nat.max i j) * E) by (apply Rmult_le_compat_r; [exact HE|apply le_INR; lia]).
  set (k := INR (Nat.max i j) * E) in *.
  assert (Rabs (Rmax u v - (c * Rmax M N + / 2)) <= k);
    [|replace ((INR (Nat.max i j) + 1) * E) with (k + E) by (unfold k; ring); lra].
  assert (C : c * Rmax M N = Rmax (c * M) (c * N)) by (symmetry; apply RmaxRmult; lra).
  rewrite C. apply abs_le in Ku, Kv. apply Rabs_le. unfold Rmax.
  destruct (Rle_dec u v), (Rle_dec (c * M) (c * N)); lra.
Qed.

Theorem pool_bound : forall xs, in_range xs -> xs <> [] ->
  2 * c * B + INR (snd (depths (length xs))) * E <= W -> forall M, maximum M xs ->
  Rabs (winner (m f) 0 (map (fun x => c * x + / 2) xs) - (c * M + / 2)) <= INR (fst (depths (length xs))) * E.
Proof.
  intros xs Hin N HW M HM.
  pose proof (winner_keeps _ _ (side_by_side (m f) deeper) (fun x => (c * x + / 2, (0, 0)%nat))
    (fun v xs => near (fst v) (fst (snd v)) (snd (snd v)) xs) near_leaf
    (fun a b xs ys => near_play _ _ _ _ _ _ xs ys) (0, (0, 0)%nat) xs N) as K.
  cbv beta in K. rewrite (winner_pair _ _ _ (m f) deeper 0 (0, 0)%nat (fun x => c * x + / 2) (fun _ => (0, 0)%nat)) in K.
  rewrite depths_of in K. cbn [fst snd] in K. destruct (K Hin HW) as [_ K']. apply K', HM.
Qed.
End Bound.

Section Sound.
Variable p : Z.
Hypothesis Hp : (1 <= p)%Z.
Variables (fs : list (R -> R)) (gr : ground).
Hypothesis Hg : ground_ok p fs gr.
Let f := composite fs.

(** An enclosure, if there is one. *)
Definition holds (v : R) (o : option itv) : Prop := forall I, o = Some I -> inI p v I.

(** What a match of the witness needs: a proved sign, and q on its side. *)
Lemma on_side : forall d D n Q, inI p d D -> negative D = Some n ->
  on p (branch gr n) (if n then ineg D else D) = Some Q ->
  inI p (sign_at n * d) (if n then ineg D else D) /\ inI p (sign_at n * f d) Q.
Proof.
  intros d D n Q HD HN HQ. destruct (negative_ok p Hp _ _ _ HD HN) as [_ I]. split; [exact I|].
  destruct (branch_ok p fs gr n Hg) as [Ok Eq].
  pose proof (on_ok p ltac:(lia) _ _ _ _ Ok HQ I) as H. rewrite Eq in H.
  rewrite <- Rmult_assoc, sign_at_2, Rmult_1_l in H. exact H.
Qed.

Lemma play_ok : forall u v a b, holds u a -> holds v b -> holds (m f u v) (play p gr a b).
Proof.
  intros u v [A|] [C|] Hu Hv I H; unfold play in H; cbv zeta in H; try discriminate.
  specialize (Hu _ eq_refl). specialize (Hv _ eq_refl). pose proof (in_isub p _ _ _ _ Hu Hv) as HD.
  pose proof (P_pos p ltac:(lia)) as HP. unfold m.
  destruct (Z.eqb (fst (isub A C)) 0 && Z.eqb (snd (isub A C)) 0) eqn:Z.
  - apply andb_prop in Z as [Z1 Z2]. apply Z.eqb_eq in Z1, Z2. injection H as <-.
    unfold inI in HD. rewrite Z1, Z2 in HD.
    assert (D : u - v = 0) by (apply Rmult_eq_reg_r with (P p); lra). rewrite D.
    replace ((u + v + 0 * f 0) / 2) with u by lra. exact Hu.
  - destruct (negative (isub A C)) as [n|] eqn:N; [|discriminate].
    destruct (on p (branch gr n) (if n then ineg (isub A C) else isub A C)) as [Q|] eqn:E; [|discriminate].
    injection H as <-. destruct (on_side _ _ _ _ HD N E) as [Y K].
    apply in_ihalf, in_iadd; [apply in_iadd; assumption|].
    replace ((u - v) * f (u - v)) with (sign_at n * (u - v) * (sign_at n * f (u - v)));
      [apply in_imul; [lia|exact Y|exact K]|].
    replace (sign_at n * (u - v) * (sign_at n * f (u - v))) with (sign_at n * sign_at n * ((u - v) * f (u - v))) by ring.
    rewrite sign_at_2. ring.
Qed.

Theorem pool_ok : forall earlier a, Forall (states fs) earlier -> prove_pool p gr earlier a = true ->
  states fs (Pool a).
Proof.
  intros earlier a HA H. unfold prove_pool in H.
  destruct (nth_error earlier (pool_cites a)) as [d|] eqn:N; [|discriminate].
  destruct d as [| |to E w| | | | | | | |]; try discriminate.
  apply nth_error_In in N. rewrite Forall_forall in HA. destruct (HA _ N) as [U [W1 W2]]. fold f in U, W1, W2.
  destruct (depths (pool_inputs a)) as [depth deepest] eqn:D. apply andb_prop in H as [H HW]. reals.
  match goal with X : inputs_fit _ _ _ = true |- _ => pose proof (inputs_fit_ok _ _ _ X) as Hin end.
  set (c := Q2R (pool_scale a)) in *. set (B := Q2R (pool_range a)) in *.
  assert (Hc : 0 < c) by assumption.
  assert (HE : 0 <= Q2R E) by (specialize (U _ W1); pose proof (Rabs_pos (r f (Q2R (at_x w)) - ReLU (Q2R (at_x w)))); lra).
  match goal with X : Q2R (spread _ _ _ _) <= _ |- _ => unfold spread in X; reals; rewrite of_nat_ok in X; rename X into Sp end.
  assert (Back : forall v M, v / c - M = (v - c * M) / c) by (intros; field; lra).
  split.
  - intros xs e [[Len In] [M [HM ->]]]. unfold pooled. fold c. fold f.
    rewrite Back. replace (winner (m f) 0 (map (fun x => c * x + / 2) xs) - / 2 - c * M)
      with (winner (m f) 0 (map (fun x => c * x + / 2) xs) - (c * M + / 2)) by ring.
    assert (Nx : xs <> []) by (intros ->; destruct HM as [[] _]).
    pose proof (pool_bound f c B (Q2R E) (Q2R to) Hc HE U xs In Nx) as K.
    rewrite Len, D in K. cbn [fst snd] in K. specialize (K ltac:(unfold c, B; simpl in Sp; lra) M HM).
    unfold Rdiv. rewrite Rabs_mult, (Rabs_right (/ c)) by (apply Rle_ge, Rlt_le, Rinv_0_lt_compat; assumption).
    apply Rmult_le_reg_r with c; [assumption|]. rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra.
    match goal with X : Q2R (of_nat depth) * _ <= _ |- _ => rewrite of_nat_ok in X end. lra.
  - destruct (pool_at a) as [|x t] eqn:At; [discriminate|].
    destruct (winner (play p gr) None (map (fun x => Some (map_input p (pool_scale a) x)) (x :: t))) as [Res|] eqn:Ew;
      [|discriminate].
    pose proof (largest_ok t x) as HM. set (M := largest x t) in *.
    exists (Rabs (pooled f c (map Q2R (x :: t)) - Q2R M)). split; [split; [exact Hin|exists (Q2R M); auto]|].
    unfold pooled. rewrite Back.
    pose proof (winner_keeps _ _ (side_by_side (m f) (play p gr))
      (fun x => (c * Q2R x + / 2, Some (map_input p (pool_scale a) x))) (fun v _ => holds (fst v) (snd v))) as K.
    specialize (K (fun x I EI => eq_ind _ (inI p _) (map_input_ok p Hp (pool_scale a) x) I (f_equal (fun o => match o with Some i => i | None => I end) EI))).
    specialize (K (fun u v _ _ => play_ok _ _ _ _) (0, None) (x :: t) ltac:(discriminate)). cbv beta in K.
    rewrite (winner_pair _ _ _ (m f) (play p gr) 0 None (fun x => c * Q2R x + / 2)) in K. cbn [fst snd] in K.
    rewrite map_map. specialize (K _ Ew). set (v := winner (m f) 0 (map (fun x => c * Q2R x + / 2) (x :: t))) in *.
    pose proof (in_isub p _ _ _ _ K (map_input_ok p Hp (pool_scale a) M)) as KD.
    pose proof (reaches_lo_ok p ltac:(lia) _ _ _ KD HW) as L. fold c in L. reals. fold c in L.
    replace (v - / 2 - c * Q2R M) with (v - (c * Q2R M + / 2)) by ring.
    unfold Rdiv. rewrite Rabs_mult, (Rabs_right (/ c)) by (apply Rle_ge, Rlt_le, Rinv_0_lt_compat; assumption).
    apply Rmult_le_reg_r with c; [assumption|]. rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra. exact L.
Qed.
End Sound.
